//! One delivery's attempt: looked up, signed, sent, and what came of it put into words for the ledger.
//!
//! Holds no store handle: a leased delivery comes in, a settlement goes out.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use model::attempt::{Interrupted, Outcome, Unreachable};
use model::delivery::{Ended, Next, Tried, settle};
use model::delivery_key::{DeliveryId, DeliveryKey};
use model::ids::Millis;
use model::standing::Seen;
use store::ledger::{AttemptRow, NextState, Settlement};
use webhook::Kind;

use super::{Item, Lane, Shared};
use crate::directory::{HookEntry, Signers};
use crate::egress::{Attempt, Request, RetryAfter};
use crate::sign::{self, Envelope};

/// An attempt that has ended: what is settled, and what it shows of the receiver.
pub(crate) struct Delivered {
    pub(crate) settlement: Settlement,
    /// Nothing where there was no attempt.
    pub(crate) seen: Option<Seen>,
}

/// Attempts one delivery, unless its hook does not fire any more. `None`: it cannot be signed now, and waits.
pub(crate) async fn deliver(lane: &Lane, shared: &Shared, item: &Item) -> Option<Delivered> {
    let Some(hook) = shared.firing(lane.hook()) else {
        return Some(Delivered { settlement: cancelled(item.key), seen: None });
    };
    let signers = hook.signers.as_ref()?;
    let started = shared.clock.now();
    // A planned retry does not age.
    if item.tried == 0 && item.since.plus(hook.hook.settings.max_age) < started {
        let settlement = Settlement { key: item.key, attempts: Vec::new(), next: NextState::Expired };
        return Some(Delivered { settlement, seen: None });
    }
    shared.work.metrics.attempt_begins(item.sent, item.received, started);
    let attempt = attempt(lane, shared, Attempting { hook: &hook, signers, item, started }).await;
    let seen = seen(&attempt, shared.clock.now());
    let tried = Tried {
        ended: ended(&attempt),
        retries: hook.hook.settings.retries,
        attempt: item.tried + 1,
        unsent_streak: lane.standing().unsent + 1,
        retry_after: seen.retry_after,
        chance: shared.chance(),
    };
    let next = match settle(&tried) {
        Next::Delivered => NextState::Delivered,
        // Who sends a test again looks at what comes of it.
        Next::Again(_) if item.key.kind == Kind::Test => NextState::Failed,
        Next::Failed => NextState::Failed,
        Next::Again(pause) => NextState::Waiting { due: started.plus(pause) },
    };
    log(item, &attempt, next);
    let settlement = Settlement { key: item.key, attempts: rows(started, attempt), next };
    Some(Delivered { settlement, seen: Some(seen) })
}

/// What an attempt that has ended now shows of the receiver.
pub(super) fn seen(attempt: &Attempt, now: Millis) -> Seen {
    let Attempt { outcome, status, went_out, .. } = *attempt;
    Seen { outcome, status, went_out, retry_after: attempt.retry_after.map(|asked| wait(asked, now)), now }
}

/// One delivery's turn.
pub(super) struct Attempting<'a> {
    pub(super) hook: &'a HookEntry,
    pub(super) signers: &'a Signers,
    pub(super) item: &'a Item,
    pub(super) started: Millis,
}

/// Signs and sends.
pub(super) async fn attempt(lane: &Lane, shared: &Shared, now: Attempting<'_>) -> Attempt {
    let Attempting { hook, signers, item, started } = now;
    let destination = match &hook.destination {
        Ok(destination) => destination,
        Err(refusal) => return Attempt::refused(refusal.to_string()),
    };
    let Ok(delivery) = DeliveryId::new(item.received, item.key.seq, item.key.hook, item.key.kind) else {
        return Attempt::refused("the event was received at a time that no delivery id can hold");
    };
    let envelope = Envelope { delivery, kind: item.key.kind, attempt: item.sent + 1, hop: item.hop.0, now: started };
    let body = item.body.bytes();
    let headers = sign::headers((hook, signers), &envelope, &body);
    let request = Request { destination, headers: &headers, body };
    shared.egress.send(&lane.connections, request, hook.hook.settings.timeout).await
}

/// How long a receiver asks to be left alone, from now on.
fn wait(asked: RetryAfter, now: Millis) -> Duration {
    match asked {
        RetryAfter::In(pause) => pause,
        RetryAfter::At(time) => {
            let until = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            until.saturating_sub(Duration::from_millis(now.0.unsigned_abs()))
        }
    }
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
pub(super) fn rows(started: Millis, attempt: Attempt) -> Vec<AttemptRow> {
    let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let phase = |duration: Option<Duration>| duration.map_or(0, micros);
    let timings = attempt.timings;
    let row = AttemptRow {
        started,
        outcome: attempt.outcome,
        went_out: attempt.went_out,
        status: attempt.status,
        reused: attempt.reused,
        peer: attempt.peer,
        certificate_expires: attempt.certificate_expires.map(|seconds| Millis(seconds.saturating_mul(1_000))),
        duration_us: micros(timings.total),
        phases_us: [timings.resolve, timings.connect, timings.tls, timings.first_byte].map(phase),
        error: attempt.error.map(Cow::into_owned).unwrap_or_default(),
        response_headers: attempt.excerpt.headers,
        response_body: attempt.excerpt.body,
    };
    if !attempt.resent {
        return vec![row];
    }
    let stale = AttemptRow {
        outcome: Outcome::Unreachable(Unreachable::Reset),
        went_out: true,
        status: None,
        reused: true,
        peer: None,
        certificate_expires: None,
        error: "the kept-alive connection was closed before an answer: sent again at once on a new one".to_owned(),
        response_headers: String::new(),
        response_body: String::new(),
        ..row.clone()
    };
    vec![stale, row]
}

fn log(item: &Item, attempt: &Attempt, next: NextState) {
    let (hook, seq) = (item.key.hook, item.key.seq);
    let duration_ms = attempt.timings.total.as_millis();
    match next {
        NextState::Delivered => tracing::debug!(
            delivery.hook = %hook, delivery.seq = %seq, response.status = attempt.status, duration_ms, "delivered"
        ),
        NextState::Failed | NextState::Expired | NextState::Cancelled | NextState::Waiting { .. } => tracing::info!(
            delivery.hook = %hook,
            delivery.seq = %seq,
            attempt.outcome = attempt.outcome.as_str(),
            attempt.cause = attempt.outcome.cause(),
            response.status = attempt.status,
            duration_ms,
            error = attempt.error.as_deref(),
            "an attempt failed"
        ),
    }
}
