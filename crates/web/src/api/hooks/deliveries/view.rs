//! The JSON of a delivery and of its attempts.
//!
//! Request headers are stored nowhere: they are made again by the code that made them for the wire, from what the hook is now,
//! with each attempt's own number and time. An attempt whose end was never seen has none: nobody knows when it began.

use bytes::Bytes;
use model::attempt::{Interrupted, Outcome};
use model::delivery_key::DeliveryId;
use model::egress::AddressClass;
use model::ids::Millis;
use pipeline::HookEntry;
use pipeline::sign::{Envelope, shown_headers};
use serde::Serialize;
use store::catalog::Hook;
use store::deliveries::{DeliveryDetail, DeliveryRow};
use store::ledger::{AttemptRow, LoggedAttempt};

use super::super::super::issues::short_id;
use super::super::super::time::iso;

/// Names and values, in the order of the wire.
type Headers = Vec<(String, String)>;

/// A delivery as lists show it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct ListItem {
    id: Option<String>,
    kind: &'static str,
    state: &'static str,
    event: Option<String>,
    issue: Option<String>,
    issue_short_id: Option<String>,
    issue_title: Option<String>,
    created: String,
    due: Option<String>,
    settled: Option<String>,
    sent_again: Option<String>,
    attempts: u32,
    last_attempt: Option<LastAttempt>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LastAttempt {
    number: u32,
    started: String,
    outcome: &'static str,
    cause: Option<&'static str>,
    status: Option<u16>,
    duration_ms: f64,
    error: Option<String>,
}

/// A delivery looked at closely.
#[derive(Serialize)]
pub(super) struct Detail {
    #[serde(flatten)]
    item: ListItem,
    request: RequestView,
    log: Vec<AttemptView>,
}

#[derive(Serialize)]
struct RequestView {
    method: &'static str,
    url: String,
    headers: Option<Headers>,
    body: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AttemptView {
    number: u32,
    repeats: u32,
    first_started: String,
    started: String,
    outcome: &'static str,
    cause: Option<&'static str>,
    went_out: bool,
    status: Option<u16>,
    reused: bool,
    peer: Option<&'static str>,
    certificate_expires: Option<String>,
    timings: Timings,
    error: Option<String>,
    request_headers: Option<Headers>,
    response: Option<ResponseView>,
}

/// In milliseconds; null where there was no such phase.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Timings {
    queue: Option<f64>,
    resolve: Option<f64>,
    connect: Option<f64>,
    tls: Option<f64>,
    first_byte: Option<f64>,
    total: f64,
}

#[derive(Serialize)]
struct ResponseView {
    headers: Headers,
    body: String,
}

impl ListItem {
    /// Of the project with this slug.
    pub(in super::super) fn of(row: &DeliveryRow, project: Option<&str>) -> ListItem {
        let name = row.issue_name.as_ref();
        ListItem {
            id: id(row).map(|id| id.to_string()),
            kind: row.key.kind.as_str(),
            state: row.state.as_str(),
            event: row.event.map(|event| event.to_string()),
            issue: row.issue.map(|issue| issue.to_string()),
            issue_short_id: name.zip(project).map(|(name, project)| short_id(project, name.short_number)),
            issue_title: name.map(|name| name.title.clone()),
            created: iso(row.created),
            due: row.due.map(iso),
            settled: row.settled.map(iso),
            sent_again: row.sent_again.map(iso),
            attempts: row.attempts,
            last_attempt: row.last.as_ref().map(LastAttempt::of),
        }
    }
}

impl LastAttempt {
    fn of(logged: &LoggedAttempt) -> LastAttempt {
        let attempt = &logged.attempt;
        LastAttempt {
            number: logged.number,
            started: iso(attempt.started),
            outcome: attempt.outcome.as_str(),
            cause: attempt.outcome.cause(),
            status: attempt.status,
            duration_ms: millis(attempt.duration_us),
            error: words(attempt),
        }
    }
}

impl Detail {
    /// `entry` is the hook as it sends; where there is none, no headers can be shown.
    pub(super) fn of(
        detail: &DeliveryDetail,
        (hook, project): (&Hook, Option<&str>),
        entry: Option<&HookEntry>,
    ) -> Detail {
        let sender = id(&detail.delivery).zip(entry).zip(detail.body.as_ref());
        let sender =
            sender.map(|((delivery, entry), body)| Sender { delivery, entry, hop: body.hop, body: &body.bytes });
        let numbers = sent_numbers(detail);
        let newest = detail.log.last().zip(numbers.last().copied());
        let (attempt, now) = match newest {
            Some((logged, number)) => (number, logged.attempt.started),
            None => (1, detail.delivery.due.unwrap_or(detail.delivery.created)),
        };
        let request = RequestView {
            method: "POST",
            url: hook.url.clone(),
            headers: sender.as_ref().map(|sender| sender.headers(attempt, now)),
            body: detail.body.as_ref().map(|body| String::from_utf8_lossy(&body.bytes).into_owned()),
        };
        let log = detail.log.iter().zip(numbers).enumerate();
        let log = log.map(|(index, (logged, number))| {
            let headers = sender.as_ref().filter(|_| is_known(&logged.attempt));
            let headers = headers.map(|sender| sender.headers(number, logged.attempt.started));
            AttemptView::of(logged, headers, queue(detail, index))
        });
        Detail { item: ListItem::of(&detail.delivery, project), request, log: log.collect() }
    }
}

impl AttemptView {
    fn of(logged: &LoggedAttempt, request_headers: Option<Headers>, queue: Option<f64>) -> AttemptView {
        let attempt = &logged.attempt;
        let [resolve, connect, tls, first_byte] = attempt.phases_us.map(|us| (us > 0).then(|| millis(us)));
        let total = millis(attempt.duration_us);
        let response = attempt
            .status
            .map(|_| ResponseView { headers: lines(&attempt.response_headers), body: attempt.response_body.clone() });
        AttemptView {
            number: logged.number,
            repeats: logged.repeats,
            first_started: iso(logged.first_started),
            started: iso(attempt.started),
            outcome: attempt.outcome.as_str(),
            cause: attempt.outcome.cause(),
            went_out: attempt.went_out,
            status: attempt.status,
            reused: attempt.reused,
            peer: attempt.peer.map(AddressClass::as_str),
            certificate_expires: attempt.certificate_expires.map(iso),
            timings: Timings { queue, resolve, connect, tls, first_byte, total },
            error: words(attempt),
            request_headers,
            response,
        }
    }
}

/// Who makes headers again.
struct Sender<'a> {
    delivery: DeliveryId,
    entry: &'a HookEntry,
    hop: u8,
    body: &'a Bytes,
}

impl Sender<'_> {
    fn headers(&self, attempt: u32, now: Millis) -> Headers {
        let Sender { delivery, entry, hop, body } = *self;
        shown_headers(entry, &Envelope { delivery, kind: delivery.kind(), attempt, hop, now }, body)
    }
}

/// The number that each shown attempt had in its header: one more than those that went out before it, or may have.
///
/// Two rows that began at once are one attempt, whose first connection turned out to be stale.
fn sent_numbers(detail: &DeliveryDetail) -> Vec<u32> {
    let went_out = |logged: &&LoggedAttempt| logged.attempt.went_out;
    let shown = u32::try_from(detail.log.iter().filter(went_out).count()).unwrap_or(u32::MAX);
    let mut sent = detail.delivery.sent.saturating_sub(shown);
    let mut before = None::<(Millis, u32)>;
    let mut numbers = Vec::with_capacity(detail.log.len());
    for logged in &detail.log {
        let number = match before {
            Some((started, number)) if started == logged.attempt.started => number,
            Some(_) | None => sent.saturating_add(1),
        };
        numbers.push(number);
        before = Some((logged.attempt.started, number));
        sent = sent.saturating_add(u32::from(logged.attempt.went_out));
    }
    numbers
}

/// How long the delivery had waited when an attempt began, where it was the first since it was owed or sent again.
fn queue(detail: &DeliveryDetail, index: usize) -> Option<f64> {
    let logged = &detail.log[index];
    if !is_known(&logged.attempt) {
        return None;
    }
    let began = logged.first_started;
    let before = index.checked_sub(1).map(|index| detail.log[index].attempt.started);
    let since = match detail.delivery.sent_again {
        Some(again) if began >= again && before.is_none_or(|before| before < again) => again,
        _ if logged.number == 1 => detail.delivery.created,
        _ => return None,
    };
    // Clocks of two processes may differ.
    let waited_ms = u64::try_from(began.0.saturating_sub(since.0)).unwrap_or(0);
    Some(millis(waited_ms.saturating_mul(1_000)))
}

/// Whether it is known when the attempt began.
fn is_known(attempt: &AttemptRow) -> bool {
    attempt.outcome != Outcome::Interrupted(Interrupted::Lost)
}

fn id(row: &DeliveryRow) -> Option<DeliveryId> {
    DeliveryId::new(row.created, row.key.seq, row.key.hook, row.key.kind).ok()
}

fn words(attempt: &AttemptRow) -> Option<String> {
    Some(attempt.error.clone()).filter(|error| !error.is_empty())
}

/// Headers as they are kept, one on each line; the last one may be cut.
fn lines(kept: &str) -> Headers {
    let split = |line: &str| {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        (name.to_owned(), value.trim().to_owned())
    };
    kept.lines().map(split).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a duration in microseconds is far below 2^53")]
fn millis(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}
