//! What never went out is one row of the log while it repeats.

use model::attempt::Unreachable;
use model::egress::AddressClass;
use model::ids::Millis;

use super::world::{NOW, World, failure, later, only, unsent};
use super::{Bench, Outcome};
use crate::error::StoreError;
use crate::ledger::{AttemptRow, CountRange, LoggedAttempt, NextState, Resolution};
use model::delivery_key::DeliveryKey;

/// Attempts a delivery once for each row, each time due at once again.
async fn attempt(world: &World, key: DeliveryKey, rows: &[AttemptRow]) -> Result<Vec<LoggedAttempt>, StoreError> {
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            assert_eq!(only(world.claim(key.hook, NOW).await?).key, key);
        }
        world.settle_one(key, row.clone(), NextState::Waiting { due: NOW }).await?;
    }
    Ok(world.delivery(1, key).await?.attempts)
}

/// The row counts, and holds the first start and the last attempt; nothing is used up.
pub async fn attempts_that_never_went_out_are_folded_while_they_repeat(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let key = world.leased(1, hook).await?;
    let at = |ms: i64| AttemptRow {
        error: format!("refused at {ms}"),
        duration_us: ms.unsigned_abs(),
        peer: (ms > 0).then_some(AddressClass::Private),
        certificate_expires: (ms > 0).then_some(later(NOW, ms)),
        ..unsent(later(NOW, ms), Unreachable::Connect)
    };
    let logged = only(attempt(&world, key, &[at(0), at(1_000), at(3_000)]).await?);
    assert_eq!((logged.number, logged.repeats, logged.first_started), (1, 3, NOW));
    assert_eq!(logged.attempt, at(3_000));
    assert_eq!(only(world.claim(hook, NOW).await?).sent, 0);
    let range = CountRange { since: NOW, until: NOW, resolution: Resolution::TenSeconds };
    assert_eq!(only(world.store.hook_attempts(hook, range).await?).1, 3, "each was an attempt");
    Ok(())
}

/// Another cause, or a request that went out, begins a new row; only the last row of the log grows.
pub async fn another_cause_or_a_sent_request_begins_a_new_row(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let key = world.leased(1, hook).await?;
    let rows = [
        unsent(NOW, Unreachable::Dns),
        unsent(NOW, Unreachable::Connect),
        unsent(NOW, Unreachable::Connect),
        unsent(NOW, Unreachable::Dns),
        failure(NOW),
        failure(NOW),
        unsent(NOW, Unreachable::Dns),
    ];
    let started = |(index, row): (usize, AttemptRow)| AttemptRow { started: Millis(NOW.0 + index as i64), ..row };
    let rows: Vec<_> = rows.into_iter().enumerate().map(started).collect();
    let log = attempt(&world, key, &rows).await?;
    let log: Vec<_> = log.iter().map(|logged| (logged.number, logged.repeats, logged.attempt.outcome)).collect();
    let outcome = |index: usize| rows[index].outcome;
    let expected = [
        (1, 1, outcome(0)),
        (2, 2, outcome(1)),
        (3, 1, outcome(3)),
        (4, 1, outcome(4)),
        (5, 1, outcome(5)),
        (6, 1, outcome(6)),
    ];
    assert_eq!(log, expected);
    assert_eq!(only(world.claim(hook, NOW).await?).sent, 2);
    Ok(())
}

/// A delivery folds into its own log only.
pub async fn deliveries_are_folded_each_by_itself(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    for number in 1..=2 {
        let key = world.leased(number, hook).await?;
        world.settle_one(key, unsent(NOW, Unreachable::Dns), NextState::Waiting { due: NOW }).await?;
        assert_eq!(only(world.delivery(number, key).await?.attempts).repeats, 1);
    }
    Ok(())
}
