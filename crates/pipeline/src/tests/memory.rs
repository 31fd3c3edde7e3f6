//! What lanes hold in memory is bounded, and what finds none waits in the ledger without being claimed again and again.

use futures_util::FutureExt as _;
use model::delivery::DeliveryState;
use model::limits::{BATCH_EVENTS, HOOK_CONCURRENCY, LANE_BUDGET_BYTES, LANE_BYTES};
use store::ledger::Ledger as _;

use super::world::World;
use crate::budget::Budget;
use crate::recorder::Accepted;

const KIB: usize = 1024;

#[tokio::test]
async fn bodies_are_read_into_memory_that_was_taken_before_and_the_rest_waits_for_more() {
    let mut world = World::new(520 * KIB).await;
    for number in 1..=10 {
        world.record(world.event(number, 100 * KIB), vec![]).await;
    }
    world.lanes.claim_due(vec![world.hook]);
    // One transaction claims, the next gives back what found no memory.
    world.transact().await;
    world.transact().await;
    let read = world.store.largest_read_bytes();
    assert!(read > 100 * KIB && read <= 256 * KIB, "{read} bytes at once");
    assert_eq!(world.leased().await, 4);
    for _ in 0..100 {
        tokio::task::yield_now().await;
        assert!(world.task.step(Vec::new()).now_or_never().is_none(), "nothing is claimed while there is no memory");
    }
    // Attempts end: the memory that they held wakes the lane, not a look at the ledger.
    world.work.store_came_back();
    let mut transactions = 0;
    while world.store.totals().await.unwrap().unsettled > 0 {
        world.transact().await;
        transactions += 1;
        assert!(transactions <= 20, "claimed and given back again and again");
    }
    assert_eq!(world.store.totals().await.unwrap().failed, 10);
}

#[tokio::test]
async fn one_lane_takes_a_part_of_the_memory_however_much_waits_for_it() {
    let mut world = World::new(LANE_BUDGET_BYTES).await;
    for number in 1..=60 {
        world.record(world.event(number, 500 * KIB), vec![]).await;
    }
    world.lanes.claim_due(vec![world.hook]);
    world.transact().await;
    world.transact().await;
    // What waits for a worker, what the workers have, and the slice in which that was noticed.
    let (held, one) = (world.budget.held_bytes(), 500 * KIB);
    assert!(held >= LANE_BYTES && held < LANE_BYTES + (HOOK_CONCURRENCY + 2) * one, "{held} bytes");
    // What a commit brings when the lane is as heavy as that waits in the ledger.
    assert!(world.lanes.reserve(&world.event(61, 10)).is_empty());
    world.work.store_came_back();
    world.rest().await;
    assert_eq!(world.store.totals().await.unwrap().unsettled, 0, "it takes more as it gets lighter");
}

#[tokio::test]
async fn a_body_longer_than_a_slice_waits_for_memory_of_its_own() {
    let mut world = World::new(1_000 * KIB).await;
    world.record(world.event(1, 900 * KIB), vec![]).await;
    world.record(world.event(2, 900 * KIB), vec![]).await;
    world.lanes.claim_due(vec![world.hook]);
    world.work.store_came_back();
    let mut transactions = 0;
    while world.store.totals().await.unwrap().unsettled > 0 {
        world.transact().await;
        transactions += 1;
        assert!(transactions <= 10, "claimed and given back again and again");
    }
    assert_eq!(world.store.totals().await.unwrap().failed, 2);
}

#[tokio::test]
async fn a_reserved_place_is_given_back_when_a_body_finds_no_memory() {
    let mut world = World::new(300 * KIB).await;
    let all = world.budget.take(300 * KIB);
    world.work.store_came_back();
    let (recorder, event) = (world.recorder.clone(), world.event(1, 10));
    let mut asked = Box::pin(recorder.record(event.clone(), Budget::new(1).take(1).unwrap()));
    assert!(asked.as_mut().now_or_never().is_none(), "it waits for its transaction");
    world.transact().await;
    assert!(matches!(asked.await, Ok(Accepted::Recorded { .. })), "ingest does not notice");
    assert_eq!(world.state(1).await, DeliveryState::Sending, "it was born leased");
    world.transact().await;
    assert_eq!(world.state(1).await, DeliveryState::Waiting);
    assert!(world.lanes.reserve(&event).is_empty(), "what comes next waits in the ledger behind it");
    drop(all);
    // The lane is empty: it claims for every place that it has.
    world.lanes.claim_due(vec![world.hook]);
    tokio::task::yield_now().await;
    let claims: Vec<_> = world.work.take().claims.into_iter().map(|(claim, _)| claim.limit).collect();
    assert_eq!(claims, [BATCH_EVENTS]);
}

#[tokio::test]
async fn a_lane_that_waits_for_memory_does_not_keep_the_pipeline_from_stopping() {
    let world = World::new(300 * KIB).await;
    world.record(world.event(1, KIB), vec![]).await;
    let all = world.budget.take(300 * KIB);
    world.lanes.claim_due(vec![world.hook]);
    tokio::task::yield_now().await;
    world.lanes.drain().await;
    assert!(world.work.take().is_empty(), "nothing was claimed");
    drop(all);
}
