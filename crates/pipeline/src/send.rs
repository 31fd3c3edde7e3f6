//! One delivery's attempt: looked up, signed, sent, and what came of it put into words for the ledger.
//!
//! Holds no store handle: a leased delivery comes in, a settlement goes out.

use std::time::Duration;

use model::attempt::{Interrupted, Outcome};
use model::delivery::{Ended, Next, settle};
use model::delivery_key::DeliveryKey;
use model::ids::Millis;
use store::ledger::{AttemptRow, NextState, Settlement};

use crate::egress::{Attempt, Request};
use crate::lanes::{Item, Lane, Shared};
use crate::sign::{self, Envelope};

/// Attempts one delivery, unless its hook does not fire any more.
pub(crate) async fn deliver(lane: &Lane, shared: &Shared, item: &Item) -> Settlement {
    shared.work.may_attempt().await;
    let Some(hook) = shared.firing(lane.hook()) else { return cancelled(item.key) };
    let started = shared.clock.now();
    let attempt = match &hook.target {
        Err(refusal) => Attempt::refused_url(refusal),
        Ok(target) => {
            let envelope = Envelope {
                delivery: item.key.id(started),
                kind: item.key.kind,
                attempt: item.sent + 1,
                hop: item.hop,
                now: started,
            };
            let body = item.body.bytes();
            let headers = sign::headers(&hook, &envelope, &body);
            shared.egress.send(&lane.connections, Request { target, headers, body }, hook.timeout).await
        }
    };
    let ended = ended(&attempt);
    let next = match settle(ended, lane.never_went_out()) {
        Next::Delivered => NextState::Delivered,
        Next::Failed => NextState::Failed,
        Next::WaitFor(pause) => NextState::Waiting { due: started.plus(pause) },
    };
    log(item, &attempt, next);
    Settlement { key: item.key, attempts: rows(started, attempt), next }
}

/// A delivery that nobody wants any more: no attempt, no log.
pub(crate) fn cancelled(key: DeliveryKey) -> Settlement {
    Settlement { key, attempts: Vec::new(), next: NextState::Cancelled }
}

/// An attempt whose own code panicked: it may have been sent, and it would panic again.
pub(crate) fn panicked(item: &Item, now: Millis) -> Settlement {
    let attempts = vec![AttemptRow::interrupted(now, Interrupted::Panicked)];
    Settlement { key: item.key, attempts, next: NextState::Failed }
}

fn ended(attempt: &Attempt) -> Ended {
    match attempt.outcome {
        Outcome::Succeeded => Ended::Succeeded,
        Outcome::RefusedAddress => Ended::Refused,
        Outcome::Interrupted(_) => Ended::Panicked,
        Outcome::HttpError | Outcome::TimedOut | Outcome::Unreachable(_) | Outcome::BadResponse(_) => {
            if attempt.went_out { Ended::WentOutAndFailed } else { Ended::NeverWentOut }
        }
    }
}

/// The attempt as the log keeps it, after the one on a stale connection that it replaced.
fn rows(started: Millis, attempt: Attempt) -> Vec<AttemptRow> {
    let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    vec![AttemptRow {
        started,
        outcome: attempt.outcome,
        went_out: attempt.went_out,
        status: attempt.status,
        reused: attempt.reused,
        duration_us: micros(attempt.timing.total),
        phases_us: [
            micros(attempt.timing.resolve),
            micros(attempt.timing.connect),
            micros(attempt.timing.tls),
            micros(attempt.timing.first_byte),
        ],
        error: attempt.error,
        response_headers: attempt.response_headers,
        response_body: attempt.response_body,
    }]
}

fn log(item: &Item, attempt: &Attempt, next: NextState) {
    let (hook, seq) = (item.key.hook, item.key.seq);
    let duration_ms = attempt.timing.total.as_millis();
    match next {
        NextState::Delivered => tracing::debug!(
            delivery.hook = %hook, delivery.seq = %seq, response.status = attempt.status, duration_ms, "delivered"
        ),
        NextState::Failed | NextState::Cancelled | NextState::Waiting { .. } => tracing::info!(
            delivery.hook = %hook,
            delivery.seq = %seq,
            attempt.outcome = attempt.outcome.as_str(),
            attempt.cause = attempt.outcome.cause(),
            response.status = attempt.status,
            duration_ms,
            error = %attempt.error,
            "an attempt failed"
        ),
    }
}
