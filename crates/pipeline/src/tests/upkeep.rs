//! Upkeep begins when there is something to do.

use std::sync::Arc;
use std::time::Duration;

use model::delivery::DeliveryState;
use model::ids::HookGuid;
use store::Ledger as _;
use store::catalog::{Catalog as _, HookChange};
use store::issues::{Issues as _, IssuesOf};
use tokio::time::Instant;

use super::world::World;
use crate::supervisor::Look;

#[tokio::test]
async fn what_waits_for_a_disabled_hook_is_cancelled_when_the_directory_moves() {
    let world = World::new(1024).await;
    world.record(world.event(1, 10), vec![]).await;
    let mut slices = world.store.slices.subscribe();
    let sweeping = tokio::spawn(look(&world).sweep_forever());
    slices.changed().await.unwrap();
    assert_eq!(world.state(1).await, DeliveryState::Waiting);
    let disabled = HookChange { active: Some(false), ..HookChange::default() };
    world.store.update_hook(world.project.id, HookGuid([1; 16]), disabled).await.unwrap();
    world.directory.refresh().await.unwrap();
    // From here on time goes on only from one timer to the next.
    tokio::time::pause();
    let moved = Instant::now();
    while world.state(1).await != DeliveryState::Cancelled {
        slices.changed().await.unwrap();
    }
    assert!(moved.elapsed() <= Duration::from_secs(2), "after {:?}", moved.elapsed());
    sweeping.abort();
}

#[tokio::test]
async fn what_waits_for_a_deleted_issue_goes_when_upkeep_is_woken() {
    let world = World::new(1024).await;
    world.record(world.event(1, 10), vec![]).await;
    let issues = vec![world.store.issue_by_number(world.project.id, 1).await.unwrap().unwrap().id];
    let mut slices = world.store.slices.subscribe();
    let sweeping = tokio::spawn(look(&world).sweep_forever());
    slices.changed().await.unwrap();
    assert_eq!(world.store.totals().await.unwrap().unsettled, 1);
    world.store.delete_issues(IssuesOf { project: world.project.id, issues }).await.unwrap();
    world.directory.wake_upkeep();
    tokio::time::pause();
    let woken = Instant::now();
    while world.store.totals().await.unwrap().unsettled > 0 {
        slices.changed().await.unwrap();
    }
    assert!(woken.elapsed() <= Duration::from_secs(2), "after {:?}", woken.elapsed());
    sweeping.abort();
}

fn look(world: &World) -> Arc<Look> {
    Arc::new(Look {
        store: world.store.clone(),
        directory: Arc::clone(&world.directory),
        lanes: Arc::clone(&world.lanes),
        clock: Arc::clone(&world.clock),
        retention: Duration::from_secs(3 * 86_400),
        metrics: Arc::default(),
    })
}
