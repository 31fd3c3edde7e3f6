//! What cannot be signed is owed and waits: nothing goes out, and nothing is claimed in vain.

use std::sync::atomic::Ordering;

use model::delivery::DeliveryState;
use model::ids::HookGuid;
use store::Ledger as _;
use store::catalog::{Catalog as _, HookChange};

use super::world::{NOW, World};

/// The hook's row is damaged, and the directory has heard of it.
async fn damage(world: &World) {
    world.store.damaged_secrets.store(true, Ordering::Relaxed);
    tell(world).await;
}

/// The row is whole again.
async fn mend(world: &World) {
    world.store.damaged_secrets.store(false, Ordering::Relaxed);
    tell(world).await;
}

async fn tell(world: &World) {
    world.store.update_hook(world.project.id, HookGuid([1; 16]), HookChange::default()).await.unwrap();
    world.directory.refresh().await.unwrap();
}

/// How many attempts the log of the first event's delivery has.
async fn attempts(world: &World) -> usize {
    world.store.deliveries(world.project.id, world.event(1, 1).id).await.unwrap()[0].attempts.len()
}

#[tokio::test]
async fn a_hook_whose_secret_does_not_open_is_owed_and_takes_no_lease() {
    let mut world = World::new(1024 * 1024).await;
    world.record_without_room(1).await;
    damage(&world).await;
    let directory = world.directory.current();
    assert!(directory.hook(world.hook).is_some_and(|entry| entry.hook.active && entry.signers.is_none()));
    assert_eq!(world.lanes.reserve(&world.event(1, 10)), []);
    world.lanes.claim_due(world.store.due_hooks(NOW).await.unwrap());
    tokio::task::yield_now().await;
    assert!(world.work.take().is_empty(), "nothing is claimed");
    assert_eq!((world.state(1).await, attempts(&world).await), (DeliveryState::Waiting, 0));

    mend(&world).await;
    world.lanes.claim_due(world.store.due_hooks(NOW).await.unwrap());
    tokio::task::yield_now().await;
    world.transact().await;
    assert_eq!(world.leased().await, 1, "it is sent once it can be signed");
}

#[tokio::test]
async fn what_a_lane_holds_goes_back_unattempted_when_it_cannot_be_signed_any_more() {
    let mut world = World::new(1024 * 1024).await;
    let event = world.event(1, 10);
    let room = world.lanes.reserve(&event);
    assert_eq!(room, [world.hook]);
    let recorded = world.record(event.clone(), room).await;
    world.lanes.hand_over(&event, recorded.issue, recorded.owed.clone());
    tokio::task::yield_now().await;
    assert_eq!(world.state(1).await, DeliveryState::Sending, "it waits at the gate");
    damage(&world).await;
    world.work.store_came_back();
    world.lanes.idle().await;
    world.transact().await;
    assert_eq!((world.state(1).await, attempts(&world).await), (DeliveryState::Waiting, 0));
}
