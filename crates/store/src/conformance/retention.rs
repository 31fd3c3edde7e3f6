//! Upkeep of what is old: it goes with all that leads to it.

use std::sync::Arc;

use super::world::{NOW, World, all_recorded, days, event_id, failure, grouping, idle_plan, later, only, success};
use super::{Bench, Outcome};
use crate::ledger::{Batch, CountRange, NewEvent, NextState, Resolution, SweepPlan};

/// The day of receipt decides, never the event's own time; the day of `keep_from` is kept whole.
pub async fn events_of_earlier_days_go_with_all_that_leads_to_them(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let mut keys = Vec::new();
    for (number, received, happened) in [(1, -3, 0), (2, -2, 0), (3, -1, -9), (4, 0, -9)] {
        let event = world.event(number, &[hook]).await?;
        let event = NewEvent { received: days(NOW, received), timestamp: days(NOW, happened), ..event };
        let recorded = only(all_recorded(world.record(vec![event]).await?));
        world.settle_one(recorded.owed[0].key, failure(NOW), NextState::Failed).await?;
        keys.push((recorded.issue, recorded.owed[0].key));
    }
    let swept = world.sweep(SweepPlan { keep_from: days(NOW, -1), ..idle_plan() }).await?;
    assert_eq!((swept.events, swept.deliveries), (2, 2));
    for (number, (issue, key)) in (1..).zip(keys) {
        let kept = number > 2;
        assert_eq!(world.store.event(world.project.id, event_id(number)).await?.is_some(), kept, "event {number}");
        assert_eq!(world.store.issue(issue).await?.is_some(), kept, "issue of event {number}");
        assert_eq!(
            only(world.store.bodies(vec![key], usize::MAX).await?.found).is_some(),
            kept,
            "body of event {number}"
        );
        assert_eq!(world.store.deliveries(world.project.id, event_id(number)).await?.len(), usize::from(kept));
    }
    let totals = world.store.totals().await?;
    assert_eq!((totals.events, totals.failed, totals.attempts), (2, 2, 2));
    let again = NewEvent { received: days(NOW, -2), ..world.event(2, &[]).await? };
    all_recorded(world.record(vec![again]).await?);
    Ok(())
}

/// An issue stays while it has an event; one that comes back after it went is a new issue, with a new number.
pub async fn an_issue_goes_with_its_last_event(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let event = async |number, day| {
        let event = world.event(number, &[]).await?;
        Ok::<_, crate::StoreError>(NewEvent { grouping: grouping(50), received: days(NOW, day), ..event })
    };
    let first = only(all_recorded(world.record(vec![event(1, -5).await?]).await?)).issue;
    all_recorded(world.record(vec![event(2, -1).await?]).await?);
    world.sweep(SweepPlan { keep_from: days(NOW, -3), ..idle_plan() }).await?;
    assert!(world.store.issue(first).await?.is_some());
    world.sweep(SweepPlan { keep_from: NOW, ..idle_plan() }).await?;
    assert!(world.store.issue(first).await?.is_none());
    let second = only(all_recorded(world.record(vec![event(3, 0).await?]).await?)).issue;
    assert_ne!(first, second);
    assert_eq!(world.store.issue(second).await?.map(|issue| issue.short_number), Some(2));
    Ok(())
}

/// Delivery ids are made of event numbers: one is never given twice, not even when the store is empty again.
pub async fn a_number_is_never_given_twice(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let events = vec![world.event(1, &[]).await?, world.event(2, &[]).await?];
    assert_eq!(all_recorded(world.record(events).await?)[1].seq.get(), 2);
    world.sweep(SweepPlan { keep_from: days(NOW, 1), ..idle_plan() }).await?;
    assert_eq!(world.store.totals().await?.events, 0);
    world.restart(bench, NOW).await?;
    let event = world.event(3, &[]).await?;
    assert_eq!(only(all_recorded(world.record(vec![event]).await?)).seq.get(), 3);
    Ok(())
}

/// A hook's number is part of delivery ids too.
pub async fn a_hook_number_is_never_given_twice(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let hook = world.hook(1).await?;
    world.store.delete_hook(world.project.id, hook.guid).await?;
    world.sweep(idle_plan()).await?;
    world.restart(bench, NOW).await?;
    assert!(world.hook(1).await?.number > hook.number);
    Ok(())
}

/// A deleted project goes with its events and issues; a lease of one of its hooks holds it until it is settled.
pub async fn a_deleted_project_goes_with_everything(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let mut keys = Vec::new();
    for number in 1..=3 {
        keys.push(world.leased(number, hook).await?);
    }
    world.settle_one(keys[0], success(NOW), NextState::Delivered).await?;
    world.store.record(Arc::new(Batch { give_backs: vec![keys[1]], ..world.batch() })).await?;
    world.store.delete_project(world.project.id).await?;
    let swept = world.sweep(SweepPlan { limit: 1, ..idle_plan() }).await?;
    assert_eq!((swept.events, swept.cancelled, swept.deliveries), (3, 1, 2));
    world.settle_one(keys[2], success(NOW), NextState::Delivered).await?;
    assert_eq!(world.sweep(idle_plan()).await?.deliveries, 1);
    assert_eq!(world.store.totals().await?, crate::ledger::Totals::default());
    Ok(())
}

/// Counts go when their resolution is not kept any longer; those of coarser ones stay whole.
pub async fn counts_are_kept_as_long_as_their_resolution(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    for (number, at) in [(1, 0), (2, 10_000), (3, 3_600_000)] {
        let key = world.leased(number, hook).await?;
        world.settle_one(key, success(later(NOW, at)), NextState::Delivered).await?;
    }
    let (hour, six_days, eight_days) = (3_600, 6 * 86_400, 8 * 86_400);
    let all = [vec![1, 1, 1], vec![2, 1], vec![3]];
    let without = |finest: usize| -> [Vec<u64>; 3] {
        std::array::from_fn(|index| if index < finest { Vec::new() } else { all[index].clone() })
    };
    let expected = [
        (hour - 10, all.clone()),
        (hour + 5, [vec![1, 1], vec![2, 1], vec![3]]),
        (2 * hour + 10, without(1)),
        (six_days, without(1)),
        (eight_days, without(2)),
        (89 * 86_400, without(2)),
        (92 * 86_400, without(3)),
    ];
    for (after_s, kept) in expected {
        world.sweep(SweepPlan { now: later(NOW, after_s * 1_000), ..idle_plan() }).await?;
        let mut found = Vec::new();
        for resolution in Resolution::ALL {
            let range = CountRange { since: NOW, until: later(NOW, 3_600_000), resolution };
            let counts = world.store.hook_attempts(hook, range).await?;
            found.push(counts.into_iter().map(|(_, count)| count).collect::<Vec<_>>());
        }
        assert_eq!(found, kept, "after {after_s} s");
    }
    Ok(())
}
