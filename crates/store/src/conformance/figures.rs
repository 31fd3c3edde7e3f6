//! Figures: each event and each attempt counted once, in its hour, and forgotten in time.

use std::sync::Arc;

use model::attempt::Outcome as AttemptOutcome;
use model::ids::{HookNumber, Millis};

use super::world::{DAY_MS, NOW, World, failure, idle_plan, later};
use super::{Bench, Outcome};
use crate::error::StoreError;
use crate::figures::{Attempts, OutcomeCount, ProjectHour};
use crate::ledger::{AttemptRow, Batch, BatchEvent, NextState, SweepPlan};

const HOUR_MS: i64 = 3_600_000;

fn hour(moment: Millis) -> Millis {
    Millis(moment.0 - moment.0.rem_euclid(HOUR_MS))
}

/// Records events of no hook, which were received at these times.
async fn received(world: &World, first: u8, times: &[Millis]) -> Result<(), StoreError> {
    let mut events = Vec::new();
    for (number, received) in (first..).zip(times) {
        let mut event = world.event(number, &[]).await?;
        event.received = *received;
        events.push(BatchEvent { event: Arc::new(event), room: Vec::new() });
    }
    world.store.record(Arc::new(Batch { events, ..world.batch() })).await.map(drop)
}

/// Settles a delivery of this event with an attempt that ended so.
async fn attempted(
    world: &World,
    number: u8,
    hook: HookNumber,
    (outcome, duration_us): (AttemptOutcome, u64),
) -> Result<(), StoreError> {
    let key = world.leased(number, hook).await?;
    let attempt = AttemptRow { outcome, duration_us, ..failure(NOW) };
    world.settle_one(key, attempt, NextState::Failed).await
}

/// Events are counted by project and hour, over batches, and a duplicate is not.
pub async fn events_are_counted_by_the_hour(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (this, next) = (hour(NOW), later(hour(NOW), HOUR_MS));
    received(&world, 1, &[later(this, 1), later(this, HOUR_MS - 1), next]).await?;
    received(&world, 4, &[later(this, 2)]).await?;
    received(&world, 4, &[later(this, 2)]).await?;
    let project = world.project.id;
    let of = |hour, events| ProjectHour { project, hour, events };
    assert_eq!(world.store.project_hours(vec![project], later(this, 5)).await?, [of(this, 3), of(next, 1)]);
    assert_eq!(world.store.project_hours(vec![project], next).await?, [of(next, 1)]);
    assert_eq!(world.store.project_hours(vec![], this).await?, []);
    Ok(())
}

/// Attempts are counted by what came of them and how long they took; those of another hook are not among them.
pub async fn attempts_are_counted_by_outcome_and_latency(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (hook, other) = (world.hook(1).await?.number, world.hook(2).await?.number);
    for (number, outcome, duration_us) in [
        (1, AttemptOutcome::Succeeded, 900),
        (2, AttemptOutcome::Succeeded, 900),
        (3, AttemptOutcome::HttpError, 40_000),
    ] {
        attempted(&world, number, hook, (outcome, duration_us)).await?;
    }
    attempted(&world, 4, other, (AttemptOutcome::TimedOut, 5_000_000)).await?;
    let of = |outcome: AttemptOutcome, micros: u64, attempts| OutcomeCount {
        hour: hour(NOW),
        outcome: outcome.code(),
        bucket: model::latency::bucket(std::time::Duration::from_micros(micros)),
        attempts,
    };
    let expected = [of(AttemptOutcome::Succeeded, 900, 2), of(AttemptOutcome::HttpError, 40_000, 1)];
    assert_eq!(world.store.outcomes(hook, NOW).await?, expected);
    assert_eq!(world.store.outcomes(hook, later(NOW, HOUR_MS)).await?, []);
    let unknown = HookNumber::try_from(999_i64)?;
    let sums = world.store.attempts_since(vec![other, unknown, hook], NOW).await?;
    let expected = [(1, 0), (0, 0), (3, 2)].map(|(all, succeeded)| Attempts { all, succeeded });
    assert_eq!(sums, expected);
    Ok(())
}

/// Figures go with time, and with what they count.
pub async fn figures_are_forgotten_in_time(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?;
    attempted(&world, 1, hook.number, (AttemptOutcome::Succeeded, 900)).await?;
    received(&world, 2, &[NOW]).await?;
    let project = world.project.id;
    let passed = |days: i64| {
        let now = later(NOW, days * DAY_MS);
        SweepPlan { now, keep_from: later(now, -30 * DAY_MS), ..idle_plan() }
    };
    world.sweep(passed(20)).await?;
    assert_eq!(world.store.project_hours(vec![project], NOW).await?.len(), 1);
    world.sweep(passed(100)).await?;
    assert_eq!(world.store.project_hours(vec![project], NOW).await?, []);
    assert_eq!(world.store.outcomes(hook.number, NOW).await?, []);
    Ok(())
}
