//! What a store that is away for a while must not lose.

use std::sync::atomic::Ordering;

use model::delivery::DeliveryState;
use store::ledger::{NextState, Settlement};

use super::world::World;

#[tokio::test(start_paused = true)]
async fn outcomes_and_give_backs_of_a_transaction_that_failed_are_written_with_the_next() {
    let mut world = World::new(1024).await;
    let room = vec![world.hook];
    let settled = world.record(world.event(1, 10), room.clone()).await.owed[0].key;
    let given_back = world.record(world.event(2, 10), room).await.owed[0].key;
    world.work.settle(Settlement { key: settled, attempts: vec![], next: NextState::Failed });
    world.work.give_back([given_back]);
    world.store.failing_commits.store(1, Ordering::Relaxed);
    world.transact().await;
    assert_eq!(world.leased().await, 2, "nothing of it was kept");
    world.transact().await;
    assert_eq!(world.state(1).await, DeliveryState::Failed);
    assert_eq!(world.state(2).await, DeliveryState::Waiting);
}
