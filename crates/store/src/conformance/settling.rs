//! What came of a delivery: its state and its log.

use std::sync::Arc;

use model::attempt::{BadResponse, Interrupted, Outcome as AttemptOutcome, Unreachable};
use model::delivery::DeliveryState;
use model::egress::AddressClass;
use model::ids::Millis;

use super::world::{NOW, World, failure, idle_plan, later, only, success, unsent};
use super::{Bench, Outcome};
use crate::ledger::{AttemptRow, Batch, CountRange, NextState, Resolution, Settlement, SweepPlan};

/// Each next state is where the delivery goes, and the lease is gone.
pub async fn a_settled_delivery_is_in_the_state_it_was_moved_to(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let due = later(NOW, 9);
    let moves = [
        (vec![success(NOW)], NextState::Delivered, DeliveryState::Delivered),
        (vec![failure(NOW)], NextState::Failed, DeliveryState::Failed),
        (vec![failure(NOW)], NextState::Waiting { due }, DeliveryState::Waiting),
        (vec![], NextState::Cancelled, DeliveryState::Cancelled),
    ];
    let (mut settlements, mut expected) = (Vec::new(), Vec::new());
    for (number, (attempts, next, state)) in (1..).zip(moves) {
        let key = world.leased(number, hook).await?;
        expected.push((number, key, state, attempts.len()));
        settlements.push(Settlement { key, attempts, next });
    }
    world.settle(settlements).await?;
    for (number, key, state, attempts) in &expected {
        let delivery = world.delivery(*number, *key).await?;
        assert_eq!((delivery.state, delivery.attempts.len()), (*state, *attempts), "{number}");
    }
    let totals = world.store.totals().await?;
    assert_eq!((totals.delivered, totals.failed, totals.unsettled, totals.attempts), (1, 1, 1, 3));
    let again = only(world.claim(hook, due).await?);
    assert_eq!((again.key, again.sent), (expected[2].1, 1));
    Ok(())
}

/// Every field of an attempt comes back as it was written, for every outcome, after a crash too.
pub async fn an_attempt_is_read_as_it_was_written(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let key = world.leased(1, hook).await?;
    let mut written = Vec::new();
    for (index, outcome) in (0_i64..).zip(AttemptOutcome::ALL) {
        let answered = matches!(outcome, AttemptOutcome::Succeeded | AttemptOutcome::HttpError);
        let attempt = AttemptRow {
            started: later(NOW, index),
            outcome,
            went_out: answered || matches!(outcome, AttemptOutcome::Interrupted(_) | AttemptOutcome::BadResponse(_)),
            status: answered.then_some(if outcome.is_success() { 200 } else { 599 }),
            reused: index % 2 == 0,
            peer: usize::try_from(index).ok().and_then(|index| AddressClass::ALL.get(index).copied()),
            certificate_expires: answered.then_some(later(NOW, -index)),
            duration_us: 10_000 + index.unsigned_abs(),
            phases_us: [1, 2, 3, 4].map(|phase| phase * 100 + index.unsigned_abs()),
            error: format!("error {index}: \u{1f525} \"quoted\" \0"),
            response_headers: "x-a: 1\r\nx-b: 2".to_owned(),
            response_body: "body\n".repeat(800),
        };
        let attempts = vec![attempt.clone()];
        world.settle(vec![Settlement { key, attempts, next: NextState::Waiting { due: NOW } }]).await?;
        assert_eq!(only(world.claim(hook, NOW).await?).key, key);
        written.push(attempt);
    }
    world.settle(vec![Settlement { key, attempts: Vec::new(), next: NextState::Cancelled }]).await?;
    world.restart(bench, NOW).await?;
    let log = world.delivery(1, key).await?.attempts;
    assert_eq!(log.iter().map(|logged| logged.number).collect::<Vec<_>>(), (1..=15).collect::<Vec<_>>());
    assert!(log.iter().all(|logged| logged.repeats == 1 && logged.first_started == logged.attempt.started));
    assert_eq!(log.into_iter().map(|logged| logged.attempt).collect::<Vec<_>>(), written);
    Ok(())
}

/// The attempt on a stale connection and the one that replaced it are both in the log, in their order.
pub async fn both_attempts_of_a_stale_connection_are_logged(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let key = world.leased(1, hook).await?;
    let stale = AttemptRow {
        outcome: AttemptOutcome::Unreachable(Unreachable::Reset),
        went_out: true,
        reused: true,
        ..unsent(NOW, Unreachable::Reset)
    };
    let attempts = vec![stale.clone(), failure(NOW)];
    world.settle(vec![Settlement { key, attempts, next: NextState::Waiting { due: NOW } }]).await?;
    let log = world.delivery(1, key).await?.attempts;
    let log: Vec<_> = log.into_iter().map(|logged| (logged.number, logged.attempt)).collect();
    assert_eq!(log, [(1, stale), (2, failure(NOW))]);
    assert_eq!(only(world.claim(hook, NOW).await?).sent, 2);
    Ok(())
}

/// A process that lost its lease completes the log; the state is the present owner's.
pub async fn a_failure_after_the_lease_was_lost_is_logged_and_moves_nothing(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let (retaken, given_back) = (world.leased(1, hook).await?, world.leased(2, hook).await?);
    world.store.record(Arc::new(Batch { give_backs: vec![given_back], ..world.batch() })).await?;
    let former = world.owner;
    world.restart(bench, NOW).await?;
    let claimed = world.claim(hook, NOW).await?;
    assert!(claimed.iter().any(|claimed| claimed.key == retaken));
    for next in [NextState::Failed, NextState::Waiting { due: NOW }, NextState::Cancelled] {
        let started = later(NOW, claimed.len().try_into().unwrap_or(0));
        let settlements = vec![Settlement { key: retaken, attempts: vec![failure(started)], next }];
        world.store.record(Arc::new(Batch { owner: former, settlements, ..world.batch() })).await?;
        assert_eq!(world.state(1, retaken).await?, DeliveryState::Sending);
    }
    world.settle_one(retaken, success(later(NOW, 50)), NextState::Delivered).await?;
    let settlements =
        vec![Settlement { key: retaken, attempts: vec![failure(later(NOW, 60))], next: NextState::Failed }];
    world.store.record(Arc::new(Batch { owner: former, settlements, ..world.batch() })).await?;
    let delivery = world.delivery(1, retaken).await?;
    assert_eq!(delivery.state, DeliveryState::Delivered);
    let outcomes: Vec<_> = delivery.attempts.iter().map(|logged| logged.attempt.outcome).collect();
    assert_eq!(outcomes, [AttemptOutcome::HttpError, AttemptOutcome::Succeeded, AttemptOutcome::HttpError]);
    Ok(())
}

/// It was delivered, whoever has the lease now; whoever has it then finds it settled.
pub async fn a_success_after_the_lease_was_lost_delivers(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let (waiting, retaken, failed) =
        (world.leased(1, hook).await?, world.leased(2, hook).await?, world.leased(3, hook).await?);
    let former = world.owner;
    world.restart(bench, NOW).await?;
    assert_eq!(world.claim(hook, NOW).await?.len(), 3);
    world.store.record(Arc::new(Batch { give_backs: vec![waiting], ..world.batch() })).await?;
    world.settle_one(failed, failure(later(NOW, 1)), NextState::Failed).await?;
    let late = |key| Settlement { key, attempts: vec![success(NOW)], next: NextState::Delivered };
    let settlements = [waiting, retaken, failed].map(late).to_vec();
    world.store.record(Arc::new(Batch { owner: former, settlements, ..world.batch() })).await?;
    for (number, key) in [(1, waiting), (2, retaken), (3, failed)] {
        assert_eq!(world.state(number, key).await?, DeliveryState::Delivered, "{number}");
    }
    world.settle_one(retaken, failure(later(NOW, 2)), NextState::Failed).await?;
    let delivery = world.delivery(2, retaken).await?;
    assert_eq!((delivery.state, delivery.attempts.len()), (DeliveryState::Delivered, 2));
    let totals = world.store.totals().await?;
    assert_eq!((totals.delivered, totals.failed, totals.unsettled, totals.interrupted), (3, 0, 0, 0));
    Ok(())
}

/// Once its outcome is known, the attempt is not `interrupted` any more; and it counts as sent only if it was.
pub async fn a_late_outcome_takes_the_place_of_its_interrupted_row(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let (went_out, never_did) = (world.leased(1, hook).await?, world.leased(2, hook).await?);
    let former = world.owner;
    world.restart(bench, NOW).await?;
    let late = [(went_out, failure(later(NOW, -5))), (never_did, unsent(later(NOW, -5), Unreachable::TlsHandshake))];
    let settlement = |(key, attempt)| Settlement { key, attempts: vec![attempt], next: NextState::Failed };
    let settlements = late.clone().map(settlement).to_vec();
    world.store.record(Arc::new(Batch { owner: former, settlements, ..world.batch() })).await?;
    for (number, (key, attempt)) in (1..).zip(late) {
        let delivery = world.delivery(number, key).await?;
        assert_eq!(delivery.state, DeliveryState::Waiting);
        let logged = only(delivery.attempts);
        assert_eq!((logged.number, logged.attempt), (1, attempt));
    }
    assert_eq!(world.store.totals().await?.interrupted, 0);
    let claimed = world.claim(hook, NOW).await?;
    let mut sent: Vec<_> = claimed.iter().map(|claimed| (claimed.key, claimed.sent)).collect();
    sent.sort();
    assert_eq!(sent, [(went_out, 1), (never_did, 0)]);
    Ok(())
}

/// An attempt that ended by a panic is an outcome: nothing stood for it, and nothing replaces it.
pub async fn a_panicked_attempt_is_not_replaced(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let key = world.leased(1, hook).await?;
    let panicked = AttemptRow::interrupted(NOW, Interrupted::Panicked);
    world.settle_one(key, panicked.clone(), NextState::Failed).await?;
    world.settle_one(key, failure(later(NOW, 1)), NextState::Failed).await?;
    let log: Vec<_> = world.delivery(1, key).await?.attempts.into_iter().map(|logged| logged.attempt).collect();
    assert_eq!(log, [panicked, failure(later(NOW, 1))]);
    Ok(())
}

/// After a commit of unknown outcome the settlements come once more.
pub async fn a_settlement_that_comes_twice_is_logged_once(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let (failed, waiting, resent) =
        (world.leased(1, hook).await?, world.leased(2, hook).await?, world.leased(3, hook).await?);
    let stale = AttemptRow { reused: true, went_out: true, ..unsent(NOW, Unreachable::Reset) };
    let settlements = vec![
        Settlement { key: failed, attempts: vec![failure(NOW)], next: NextState::Failed },
        Settlement {
            key: waiting,
            attempts: vec![unsent(NOW, Unreachable::Dns)],
            next: NextState::Waiting { due: NOW },
        },
        Settlement { key: resent, attempts: vec![stale, success(NOW)], next: NextState::Delivered },
    ];
    world.settle(settlements.clone()).await?;
    world.settle(settlements).await?;
    for (number, key, count) in [(1, failed, 1), (2, waiting, 1), (3, resent, 2)] {
        let log = world.delivery(number, key).await?.attempts;
        assert_eq!(log.iter().map(|logged| logged.repeats).sum::<u32>(), count, "{number}");
    }
    assert_eq!(only(world.claim(hook, NOW).await?).sent, 0);
    let range = CountRange { since: NOW, until: NOW, resolution: Resolution::Day };
    assert_eq!(only(world.store.hook_attempts(hook, range).await?).1, 4);
    Ok(())
}

/// Retention may be faster than a receiver.
pub async fn an_outcome_of_a_delivery_that_is_gone_is_dropped(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let key = world.leased(1, hook).await?;
    world.store.record(Arc::new(Batch { give_backs: vec![key], ..world.batch() })).await?;
    world.sweep(SweepPlan { keep_from: Millis(i64::MAX), ..idle_plan() }).await?;
    world.settle_one(key, success(NOW), NextState::Delivered).await?;
    let totals = world.store.totals().await?;
    assert_eq!((totals.attempts, totals.delivered, totals.unsettled), (0, 0, 0));
    Ok(())
}

/// Attempts are counted in intervals of 10 s, an hour and a day, those of other hooks apart.
pub async fn attempts_are_counted_in_three_resolutions(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (hook, other) = (world.hook(1).await?.number, world.hook(2).await?.number);
    let starts = [0, 9_999, 10_000, 3_599_999, 3_600_000, 86_400_000 - 43_200_000];
    for (number, at) in (1..).zip(starts) {
        let key = world.leased(number, hook).await?;
        world.settle_one(key, failure(later(NOW, at)), NextState::Failed).await?;
    }
    let key = world.leased(100, other).await?;
    let bad = AttemptRow { outcome: AttemptOutcome::BadResponse(BadResponse::NotHttp), status: None, ..failure(NOW) };
    world.settle_one(key, bad, NextState::Failed).await?;
    let counted = async |resolution, since, until| {
        let range = CountRange { since: later(NOW, since), until: later(NOW, until), resolution };
        let counts = world.store.hook_attempts(hook, range).await?;
        Ok::<_, crate::StoreError>(
            counts.into_iter().map(|(start, count)| (start.0 - NOW.0, count)).collect::<Vec<_>>(),
        )
    };
    assert_eq!(counted(Resolution::TenSeconds, 0, 10_000).await?, [(0, 2), (10_000, 1)]);
    assert_eq!(counted(Resolution::TenSeconds, 9_000, 9_999).await?, [(0, 2)], "the interval that holds the beginning");
    assert_eq!(counted(Resolution::Hour, 0, 7_200_000).await?, [(0, 4), (3_600_000, 1)]);
    assert_eq!(counted(Resolution::Day, 0, 86_400_000).await?, [(-43_200_000, 5), (43_200_000, 1)]);
    assert_eq!(counted(Resolution::Hour, 7_200_000, 9_000_000).await?, []);
    Ok(())
}
