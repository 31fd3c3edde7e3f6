//! A graceful stop leaves no lease behind, and waits for nobody but attempts on the wire.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt as _;
use model::delivery::DeliveryState;
use store::ledger::Ledger as _;

use super::world::World;
use crate::budget::Budget;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until what was claimed is in its lane, and workers have taken what they can: a claim holds more memory than the
/// small bodies here.
async fn claim_is_taken_in(world: &World) {
    let taken_in = async {
        while world.budget.held_bytes() >= 256 * 1024 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, taken_in).await.expect("one claim, and it ends");
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_event_that_is_handed_over_after_the_lanes_were_emptied_leaves_no_lease() {
    let world = World::new(1024).await;
    world.work.store_came_back();
    let (event, held) = (world.event(1, 10), Budget::new(1).take(1).unwrap());
    let hung_up = world.recorder.record(event, held).now_or_never();
    assert!(hung_up.is_none(), "its client hung up before its transaction");
    world.store.held_commits.store(1, Ordering::Relaxed);
    let World { store, lanes, recorder, task, owner, .. } = world;
    let recording = tokio::spawn(task.run());
    store.committed.notified().await;
    lanes.drain().await;
    drop(recorder);
    store.release.notify_one();
    tokio::time::timeout(PATIENCE, recording).await.expect("the recorder ends").unwrap();
    assert_eq!(store.leases(owner, None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn what_waits_to_be_attempted_is_given_back_without_an_attempt() {
    let mut world = World::new(1024 * 1024).await;
    world.record_without_room(1).await;
    world.lanes.claim_due(vec![world.hook]);
    world.transact().await;
    claim_is_taken_in(&world).await;
    tokio::time::timeout(PATIENCE, world.lanes.drain()).await.expect("nothing is on the wire");
    world.transact().await;
    assert_eq!(world.state(1).await, DeliveryState::Waiting);
}

#[tokio::test]
async fn a_lane_whose_claim_waits_for_room_is_not_claimed_for_again() {
    let mut world = World::new(1024 * 1024).await;
    world.record_without_room(300).await;
    world.lanes.claim_due(vec![world.hook]);
    tokio::task::yield_now().await;
    // Something spilled since the claim began, so the lane goes on claiming when half of it is free.
    world.lanes.claim_due(vec![world.hook]);
    world.transact().await;
    claim_is_taken_in(&world).await;
    for _ in 0..100 {
        world.lanes.claim_due(vec![world.hook]);
        tokio::task::yield_now().await;
        assert!(world.work.take().is_empty());
    }
    tokio::time::timeout(PATIENCE, world.lanes.drain()).await.expect("nobody waits for room any more");
    assert_eq!(world.work.take().give_backs.len(), 300);
}
