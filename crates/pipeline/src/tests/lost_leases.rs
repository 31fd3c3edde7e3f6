//! No lease is lost: what a commit of unknown outcome leased is found, and what nobody holds is given back.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::FutureExt as _;
use model::delivery::DeliveryState;
use store::ledger::{Ledger as _, NewEvent, NextState, Settlement};

use super::world::World;
use crate::budget::Budget;
use crate::lost_leases::LostLeases;
use crate::recorder::RecordError;

const KIB: usize = 1024;

fn look(world: &World) -> LostLeases {
    LostLeases {
        store: world.store.clone(),
        lanes: Arc::clone(&world.lanes),
        work: Arc::clone(&world.work),
        owner: world.owner,
        suspects: HashSet::new(),
    }
}

/// Records an event through the recorder, in a transaction that is committed and reported as unknown.
async fn record_in_an_unknown_commit(world: &mut World, event: NewEvent) {
    world.work.store_came_back();
    let recorder = world.recorder.clone();
    let mut asked = Box::pin(recorder.record(event, Budget::new(KIB).take(1).unwrap()));
    assert!(asked.as_mut().now_or_never().is_none(), "it waits for its transaction");
    world.work.store_went_away();
    world.store.unknown_commits.store(1, Ordering::Relaxed);
    world.transact().await;
    assert!(matches!(asked.await, Err(RecordError::Unavailable)));
}

#[tokio::test]
async fn what_no_lane_held_in_two_looks_is_given_back_and_nothing_else() {
    let mut world = World::new(64 * KIB).await;
    let room = vec![world.hook];
    world.record(world.event(1, KIB), vec![]).await;
    world.lanes.claim_due(vec![world.hook]);
    world.transact().await;
    let lost = world.record(world.event(2, KIB), room.clone()).await;
    let event = world.event(3, KIB);
    let late = world.record(event.clone(), room.clone()).await;
    let settled = world.record(world.event(4, KIB), room).await.owed[0].key;

    let mut look = look(&world);
    look.look().await.unwrap();
    assert!(world.work.take().is_empty(), "one look is not enough");
    world.lanes.hand_over(&event, late.issue, vec![late.owed[0].clone()]);
    world.work.settle(Settlement { key: settled, attempts: vec![], next: NextState::Failed });
    look.look().await.unwrap();
    world.transact().await;
    let states = [1, 2, 3, 4].map(|number| world.state(number));
    assert_eq!(
        futures_util::future::join_all(states).await,
        [DeliveryState::Sending, DeliveryState::Waiting, DeliveryState::Sending, DeliveryState::Failed]
    );
    assert!(!world.lanes.holds(&lost.owed[0].key));
    look.look().await.unwrap();
    look.look().await.unwrap();
    assert!(world.work.take().is_empty(), "what lanes hold is never suspected");
}

/// The outcome of an attempt waits to be written while the store is away: giving its delivery back would send it again.
#[tokio::test]
async fn an_outcome_that_waits_longer_than_two_looks_keeps_its_lease() {
    let world = World::new(64 * KIB).await;
    let key = world.record(world.event(1, KIB), vec![world.hook]).await.owed[0].key;
    let mut look = look(&world);
    look.look().await.unwrap();
    look.look().await.unwrap();
    let suspects = world.work.take().suspects;
    assert_eq!(suspects, [key]);
    world.work.settle(Settlement { key, attempts: vec![], next: NextState::Failed });
    assert!(world.task.without_holder(suspects).is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_event_of_an_unknown_commit_is_looked_up_until_the_store_answers() {
    let mut world = World::new(64 * KIB).await;
    world.store.failing_finds.store(2, Ordering::Relaxed);
    let event = world.event(1, KIB);
    let id = event.id;
    record_in_an_unknown_commit(&mut world, event).await;
    assert_eq!(world.store.failing_finds.load(Ordering::Relaxed), 0);
    let deliveries = world.store.deliveries(world.project.id, id).await.unwrap();
    assert!(world.lanes.holds(&deliveries[0].key) || world.work.leaving().contains(&deliveries[0].key));
    world.transact().await;
    assert_eq!(world.state(1).await, DeliveryState::Failed, "it was attempted");
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_in_an_unknown_commit_is_not_handed_over_again() {
    let mut world = World::new(64 * KIB).await;
    let event = world.event(1, KIB);
    let first = world.record(event.clone(), vec![world.hook]).await;
    world.lanes.hand_over(&event, first.issue, vec![first.owed[0].clone()]);
    record_in_an_unknown_commit(&mut world, event).await;
    world.lanes.drain().await;
    let left = world.work.take();
    assert_eq!(left.settlements.len() + left.give_backs.len(), 1);
}
