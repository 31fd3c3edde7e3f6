//! Leases: given back, and freed when their process is gone.

use std::sync::Arc;

use model::attempt::{Interrupted, Outcome as AttemptOutcome, Unreachable};
use model::delivery::DeliveryState;

use super::world::{NOW, World, all_recorded, later, only, success, unsent};
use super::{Bench, Outcome};
use crate::ledger::{Batch, Claim, ClaimOrder, NextState};

/// What is given back waits again, unsent, and is due at once.
pub async fn a_lease_that_is_given_back_is_free_at_once(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let (given, kept) = (world.leased(1, hook).await?, world.leased(2, hook).await?);
    world.store.record(Arc::new(Batch { give_backs: vec![given], ..world.batch() })).await?;
    assert_eq!(world.state(1, given).await?, DeliveryState::Waiting);
    assert_eq!(world.state(2, kept).await?, DeliveryState::Sending);
    assert!(world.delivery(1, given).await?.attempts.is_empty());
    let claimed = only(world.claim(hook, NOW).await?);
    assert_eq!((claimed.key, claimed.sent), (given, 0));
    Ok(())
}

/// Giving back what is not leased to the process, or is settled, does nothing.
pub async fn only_the_owner_gives_a_lease_back(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let (held, settled) = (world.leased(1, hook).await?, world.leased(2, hook).await?);
    world.settle_one(settled, success(NOW), NextState::Delivered).await?;
    let former = world.owner;
    world.restart(bench, NOW).await?;
    assert_eq!(only(world.claim(hook, NOW).await?).key, held);
    let give_backs = vec![held, settled];
    world.store.record(Arc::new(Batch { owner: former, give_backs, ..world.batch() })).await?;
    assert_eq!(world.state(1, held).await?, DeliveryState::Sending);
    assert_eq!(world.state(2, settled).await?, DeliveryState::Delivered);
    Ok(())
}

/// A process can ask what is leased to it, and gets each lease once: no other's, and nothing that waits or is settled.
pub async fn leases_of_a_process_are_listed_page_by_page(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hooks = [world.hook(1).await?.number, world.hook(2).await?.number];
    let other = world.store.register(NOW).await?;
    let mut expected = Vec::new();
    for number in 1..=6 {
        let event = world.event(number, &hooks).await?;
        expected.extend(only(all_recorded(world.record(vec![event]).await?)).owed.into_iter().map(|owed| owed.key));
    }
    expected.sort();
    let (given, settled) = (expected.remove(9), expected.remove(3));
    world.store.record(Arc::new(Batch { give_backs: vec![given], ..world.batch() })).await?;
    world.settle_one(settled, success(NOW), NextState::Delivered).await?;
    let claims = vec![Claim { hook: given.hook, limit: 1, order: ClaimOrder::Age }];
    world.store.record(Arc::new(Batch { owner: other, claims, ..world.batch() })).await?;
    let (mut listed, mut after) = (Vec::new(), None);
    for length in [4, 4, 2] {
        let page = world.store.leases(world.owner, after, 4).await?;
        assert_eq!(page.len(), length);
        after = page.last().copied();
        listed.extend(page);
    }
    assert_eq!(listed, expected);
    assert_eq!(world.store.leases(other, None, 4).await?, [given]);
    Ok(())
}

/// What a dead process held may have been sent: it waits again, and its log says so. What was settled stays settled.
pub async fn leases_of_a_dead_process_are_freed_in_slices(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let mut keys = Vec::new();
    for number in 1..=5 {
        keys.push(world.leased(number, hook).await?);
    }
    world.settle_one(keys[4], success(NOW), NextState::Delivered).await?;
    bench.crash().await;
    world.store = bench.store();
    let now = later(NOW, 60_000);
    world.owner = world.store.register(now).await?;
    let mine = world.leased(6, hook).await?;
    let mut freed = Vec::new();
    for _ in 0..3 {
        freed.push(world.store.free_dead_leases(now, 3).await?);
    }
    assert_eq!(freed, [3, 1, 0]);
    assert_eq!(world.state(6, mine).await?, DeliveryState::Sending, "the living process keeps its own");
    for (number, key) in (1..).zip(&keys[..4]) {
        let delivery = world.delivery(number, *key).await?;
        assert_eq!(delivery.state, DeliveryState::Waiting);
        let logged = only(delivery.attempts);
        assert_eq!((logged.number, logged.attempt.started, logged.attempt.went_out), (1, now, true));
        assert_eq!(logged.attempt.outcome, AttemptOutcome::Interrupted(Interrupted::Lost));
    }
    let totals = world.store.totals().await?;
    assert_eq!((totals.attempts, totals.interrupted, totals.delivered), (5, 4, 1));
    assert!(world.claim(hook, later(now, -1)).await?.is_empty(), "due when it was freed");
    let claimed = world.claim(hook, now).await?;
    assert_eq!(
        claimed.iter().map(|claimed| (claimed.key, claimed.sent)).collect::<Vec<_>>(),
        [0, 1, 2, 3].map(|i| (keys[i], 1))
    );
    Ok(())
}

/// An interrupted attempt comes after those in the log, and counts as sent beside them.
pub async fn an_interrupted_attempt_is_numbered_after_the_others(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let key = world.leased(1, hook).await?;
    world.settle_one(key, unsent(NOW, Unreachable::Dns), NextState::Waiting { due: NOW }).await?;
    for (times, sent) in [(1, 0), (2, 1)] {
        assert_eq!(only(world.claim(hook, NOW).await?).sent, sent);
        world.restart(bench, NOW).await?;
        let numbers: Vec<_> = world.delivery(1, key).await?.attempts.iter().map(|logged| logged.number).collect();
        assert_eq!(numbers, (1..=times + 1).collect::<Vec<_>>());
    }
    Ok(())
}
