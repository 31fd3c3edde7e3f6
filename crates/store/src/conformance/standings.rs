//! How receivers stand: kept for each hook, probes counted once, and what an open circuit skips.

use std::sync::Arc;

use bytes::Bytes;
use model::delivery::DeliveryState;
use model::hook::DisabledBy;
use model::ids::HookNumber;
use model::standing::{Opened, Standing};
use webhook::Kind;

use super::world::{DAY_MS, NOW, World, all_recorded, grouping, later, only};
use super::{Bench, Outcome};
use crate::catalog::HookChange;
use crate::error::StoreError;
use crate::ledger::{Batch, BatchEvent, Claim, ClaimOrder, Claimed, NewEvent, NewTest};

fn open(probes: u32) -> Standing {
    let probed = (probes > 0).then_some(later(NOW, 1_000));
    Standing {
        failures: 12,
        broken: 11,
        unsent: 10,
        failing_since: Some(later(NOW, -5_000)),
        opened: Some(Opened { at: NOW, probes, probed }),
        paused_until: Some(later(NOW, 60_000)),
        gone: Some(later(NOW, -1_000)),
        succeeded: Some(later(NOW, -9_000)),
        failed: Some(NOW),
    }
}

async fn write(world: &World, hook: HookNumber, standing: Standing) -> Result<(), StoreError> {
    let standings = vec![(hook, standing)];
    world.store.record(Arc::new(Batch { standings, ..world.batch() })).await.map(drop)
}

async fn probe(world: &World, hook: HookNumber, probes: u32) -> Result<Vec<Claimed>, StoreError> {
    world.claim_by(Claim { hook, limit: 1, order: ClaimOrder::Probe { probes } }, later(NOW, 2_000)).await
}

/// A standing is read as it was written, the last one of a hook.
pub async fn a_standing_is_read_as_it_was_written(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let (one, other) = (world.hook(1).await?.number, world.hook(2).await?.number);
    assert_eq!(world.store.standings().await?, []);
    let healthy = Standing { succeeded: Some(NOW), ..Standing::default() };
    write(&world, one, healthy).await?;
    write(&world, other, open(0)).await?;
    write(&world, one, open(3)).await?;
    write(&world, other, healthy).await?;
    world.restart(bench, NOW).await?;
    assert_eq!(world.store.standings().await?, [(one, open(3)), (other, healthy)]);
    Ok(())
}

/// One probe at a time, for all processes: who counts from another number gets nothing. It takes the least important delivery.
pub async fn a_probe_is_counted_once_and_takes_the_least_important_delivery(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let of_issue = |event, issue| NewEvent { grouping: grouping(issue), ..event };
    let events = vec![of_issue(world.event(1, &[hook]).await?, 1), of_issue(world.event(2, &[hook]).await?, 1)];
    let recorded = world.record_without_room(events).await?;
    assert_eq!(probe(&world, hook, 0).await?, [], "it has no standing");
    write(&world, hook, Standing { opened: None, ..open(0) }).await?;
    assert_eq!(probe(&world, hook, 0).await?, [], "its circuit is closed");
    write(&world, hook, open(0)).await?;
    assert_eq!(probe(&world, hook, 1).await?, [], "somebody counts from another number");
    assert_eq!(probe(&world, hook, 0).await?.first().map(|it| it.key), Some(recorded[1].owed[0].key));
    assert_eq!(probe(&world, hook, 0).await?, [], "somebody probes already");
    // What was noted before the probe was counted does not undo it.
    write(&world, hook, open(0)).await?;
    let standings = world.store.standings().await?;
    let probed = Some(later(NOW, 2_000));
    assert_eq!(standings[0].1.opened, Some(Opened { at: NOW, probes: 1, probed }));
    assert_eq!(probe(&world, hook, 1).await?.first().map(|it| it.key), Some(recorded[0].owed[0].key));
    assert_eq!(probe(&world, hook, 2).await?, [], "nothing waits");
    assert_eq!(world.store.standings().await?[0].1.opened.map(|it| it.probes), Some(2), "and that is no probe");
    Ok(())
}

/// A hook whose receiver is gone is disabled, and says by what; enabled again it starts anew.
pub async fn a_gone_receiver_disables_its_hook_until_somebody_enables_it(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?;
    write(&world, hook.number, open(1)).await?;
    let before = world.store.directory().await?;
    let gone = vec![hook.number, hook.number];
    world.store.record(Arc::new(Batch { gone, ..world.batch() })).await?;
    let after = world.store.directory().await?;
    assert!(after.version > before.version && after.projects[0].generation > before.projects[0].generation);
    assert_eq!((after.hooks[0].active, after.hooks[0].disabled_by), (false, Some(DisabledBy::Gone)));
    assert_eq!(after.hooks[0].disabled, Some(world.batch().now));
    let change = HookChange { active: Some(true), ..HookChange::default() };
    let enabled = world.store.update_hook(world.project.id, hook.guid, change).await?;
    assert_eq!((enabled.active, enabled.disabled_by, enabled.disabled), (true, None, None));
    assert_eq!(world.store.standings().await?, []);
    Ok(())
}

/// What is owed to a hook that skips is settled at once, and the other hooks of the event are owed all the same.
pub async fn what_is_skipped_is_settled_as_it_is_owed(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (skips, other) = (world.hook(1).await?.number, world.hook(2).await?.number);
    let event = BatchEvent { event: Arc::new(world.event(1, &[skips, other]).await?), room: Vec::new() };
    let batch = Batch { events: vec![event], skip: vec![skips], ..world.batch() };
    let owed = only(all_recorded(world.store.record(Arc::new(batch)).await?.events)).owed;
    assert_eq!(world.state(1, owed[0].key).await?, DeliveryState::Skipped);
    assert_eq!(world.state(1, owed[1].key).await?, DeliveryState::Waiting);
    assert!(owed.iter().all(|owed| !owed.leased));
    Ok(())
}

/// A test is a delivery of its own, leased to whoever makes it, with the bytes that it was given.
pub async fn a_test_is_a_leased_delivery_without_an_event(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let recorded = only(world.record_without_room(vec![world.event(1, &[hook]).await?]).await?);
    let test = NewTest { project: world.project.id, hook, received: NOW, body: Bytes::from_static(b"{\"sample\":1}") };
    let tests = vec![test.clone(), test];
    let keys = world.store.record(Arc::new(Batch { tests, ..world.batch() })).await?.tests;
    assert!(keys.iter().all(|key| key.kind == Kind::Test && key.hook == hook));
    assert!(keys[0].seq < keys[1].seq && keys[0].seq > recorded.seq);
    assert_eq!(world.store.leases(world.owner, None, 10).await?, keys);
    let bodies = world.store.bodies(keys.clone(), 1_000).await?.found;
    assert!(bodies.iter().flatten().all(|body| (&*body.bytes, body.hop) == (b"{\"sample\":1}", 0)));
    let next = only(world.record_without_room(vec![world.event(2, &[]).await?]).await?);
    assert!(next.seq > keys[1].seq, "a number is never given twice");
    world.restart(bench, later(NOW, DAY_MS)).await?;
    assert_eq!(world.claim(hook, later(NOW, DAY_MS)).await?.len(), 3, "a crash leaves it like any other delivery");
    Ok(())
}
