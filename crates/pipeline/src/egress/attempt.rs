//! What one attempt came to.
//!
//! Responsible for collecting it while the attempt runs, so that a deadline that strikes in the middle loses nothing, and
//! for the status's meaning: this is the only place that reads a receiver's status. Refuses to say what follows. Used by
//! the client; the result goes to settle.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use model::attempt::{BadResponse, Outcome};
use model::egress::AddressClass;
use tokio::time::Instant;

use super::excerpt::{Body, Excerpt};
use super::meter::Meter;
use super::retry_after::{self, RetryAfter};

/// One attempt, ended.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// How it ended.
    pub outcome: Outcome,
    /// The answer's status, where its head arrived.
    pub status: Option<u16>,
    /// Whether a byte of the request was written: "once" counts these.
    pub went_out: bool,
    /// Whether the answer came, or was awaited, on a connection of an earlier delivery.
    pub reused: bool,
    /// Whether a reused connection took the request and closed without a byte of an answer, so that it was sent again (or
    /// was about to be, where making the new connection is what failed).
    pub resent: bool,
    /// The class of the address that was connected to; `None` if no connection stood.
    pub peer: Option<AddressClass>,
    /// When the peer's own certificate expires, in Unix seconds, if it was seen: over TLS, or where the handshake failed
    /// because it has expired.
    pub certificate_expires: Option<i64>,
    /// Bytes of the answer that were read, head and framing included.
    pub bytes_read: u64,
    /// Where the time went.
    pub timings: Timings,
    /// What is kept of the answer.
    pub excerpt: Excerpt,
    /// What an answer other than 2xx asks us to wait.
    pub retry_after: Option<RetryAfter>,
    /// What went wrong, in words for the hook's user; `None` on success.
    pub error: Option<Cow<'static, str>>,
}

/// Where an attempt's time went, up to the end of the step in which it ended. Absent: that step was not reached, or (on a
/// reused connection) not needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// From the DNS question to its answer, a kept one included.
    pub resolve: Option<Duration>,
    /// From the first connection tried to the one that stands.
    pub connect: Option<Duration>,
    /// The TLS handshake.
    pub tls: Option<Duration>,
    /// From the connection's readiness to the first byte of the answer.
    pub first_byte: Option<Duration>,
    /// The whole attempt.
    pub total: Duration,
}

/// What is known of whom we are connected to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Peer {
    pub(super) class: Option<AddressClass>,
    pub(super) certificate_expires: Option<i64>,
}

/// An outcome that is no answer, with the words for it.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) outcome: Outcome,
    pub(super) words: Cow<'static, str>,
}

/// The steps of an attempt, for the words of a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Begin,
    Resolve,
    Connect,
    Tls,
    Answer,
    Body,
}

/// An attempt under way.
pub(super) struct Progress {
    started: Instant,
    step: Step,
    step_started: Instant,
    timings: Timings,
    /// The connection's; `None` before there is one and after it was let go.
    meter: Option<Arc<Meter>>,
    /// What the meter of a connection that was let go had counted.
    wrote: bool,
    bytes_read: u64,
    reused: bool,
    resent: bool,
    pub(super) peer: Peer,
    pub(super) answer: Answer,
}

/// What has arrived of an answer.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) head: Option<(StatusCode, HeaderMap)>,
    pub(super) body: Body,
}

impl Attempt {
    /// An attempt that ended before anything was tried, such as one whose URL the policy no longer allows.
    pub fn refused(words: impl Into<Cow<'static, str>>) -> Self {
        Progress::new().end(Err(Failure::new(Outcome::RefusedAddress, words)), &[])
    }
}

impl Failure {
    pub(super) fn new(outcome: Outcome, words: impl Into<Cow<'static, str>>) -> Self {
        Failure { outcome, words: words.into() }
    }
}

impl Progress {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Progress {
            started: now,
            step: Step::Begin,
            step_started: now,
            timings: Timings::default(),
            meter: None,
            wrote: false,
            bytes_read: 0,
            reused: false,
            resent: false,
            peer: Peer::default(),
            answer: Answer::default(),
        }
    }

    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// Leaves the present step for the next.
    pub(super) fn enter(&mut self, step: Step) {
        let now = Instant::now();
        self.note_time(now);
        (self.step, self.step_started) = (step, now);
    }

    /// The request is about to be written on a connection of an earlier delivery.
    pub(super) fn use_warm(&mut self, meter: &Arc<Meter>, peer: Peer) {
        self.reused = true;
        self.peer = peer;
        self.use_connection(meter);
    }

    /// The request is about to be written on a connection made for it.
    pub(super) fn use_fresh(&mut self, meter: &Arc<Meter>, peer: Peer) {
        self.reused = false;
        self.peer = peer;
        self.use_connection(meter);
    }

    /// The reused connection was closed without a byte of an answer; a new one is made.
    pub(super) fn give_up_stale(&mut self) {
        self.resent = self.meter.take().is_some_and(|meter| meter.wrote());
        self.reused = false;
        self.peer = Peer::default();
        (self.step, self.step_started) = (Step::Begin, Instant::now());
    }

    /// The exchange is over, and another attempt may take the connection at once: its meter counts for that one from then on.
    pub(super) fn let_go(&mut self) {
        self.note_time(Instant::now());
        if let Some(meter) = self.meter.take() {
            (self.wrote, self.bytes_read) = (meter.wrote(), meter.bytes_read());
        }
    }

    /// The head of the answer has arrived.
    pub(super) fn head_arrived(&mut self, status: StatusCode, headers: HeaderMap) {
        self.step = Step::Body;
        self.answer.head = Some((status, headers));
    }

    /// What a passed deadline means: a status other than 2xx has already said everything.
    pub(super) fn deadline_passed(&self, deadline: Duration) -> Result<(), Failure> {
        if self.answer.head.as_ref().is_some_and(|(status, _)| !status.is_success()) {
            return Ok(());
        }
        if self.meter.as_ref().is_some_and(|meter| meter.is_full()) {
            let words =
                format!("the deadline of {} ms passed, and the answer was too long to be read", deadline.as_millis());
            return Err(Failure::new(Outcome::TimedOut, words));
        }
        let doing = match self.step {
            Step::Begin => "nothing had been tried yet",
            Step::Resolve => "the host name was being resolved",
            Step::Connect => "a connection was being made",
            Step::Tls => "the TLS handshake was under way",
            Step::Answer => "the answer was awaited",
            Step::Body => "the body of the answer was being read",
        };
        let words = format!("the deadline of {} ms passed while {doing}", deadline.as_millis());
        Err(Failure::new(Outcome::TimedOut, words))
    }

    /// Ends the attempt, whose request had these headers: with a failure, or with whatever the status says.
    pub(super) fn end(mut self, result: Result<(), Failure>, sent: &[(HeaderName, HeaderValue)]) -> Attempt {
        let result = result.and_then(|()| self.judge_status());
        let now = Instant::now();
        self.note_time(now);
        self.timings.total = now - self.started;
        let (outcome, error) = match result {
            Ok(()) => (Outcome::Succeeded, None),
            Err(failure) => (failure.outcome, Some(failure.words)),
        };
        let head = self.answer.head.as_ref();
        let retry_after =
            head.filter(|(status, _)| !status.is_success()).and_then(|(_, headers)| retry_after::read(headers));
        Attempt {
            outcome,
            status: head.map(|(status, _)| status.as_u16()),
            went_out: self.resent || self.wrote || self.meter.as_ref().is_some_and(|meter| meter.wrote()),
            reused: self.reused,
            resent: self.resent,
            peer: self.peer.class,
            certificate_expires: self.peer.certificate_expires,
            bytes_read: self.meter.as_ref().map_or(self.bytes_read, |meter| meter.bytes_read()),
            timings: self.timings,
            excerpt: match head {
                Some((_, headers)) => Excerpt::of(outcome, headers, &self.answer.body, sent),
                None => Excerpt::default(),
            },
            retry_after,
            error,
        }
    }

    fn use_connection(&mut self, meter: &Arc<Meter>) {
        meter.reset();
        self.meter = Some(Arc::clone(meter));
        (self.step, self.step_started) = (Step::Answer, Instant::now());
    }

    /// Books the time since the present step began.
    fn note_time(&mut self, now: Instant) {
        let spent = Some(now - self.step_started);
        match self.step {
            Step::Begin => {}
            Step::Resolve => self.timings.resolve = spent,
            Step::Connect => self.timings.connect = spent,
            Step::Tls => self.timings.tls = spent,
            Step::Answer | Step::Body => {
                // Booked already where the connection was let go.
                if let Some(meter) = &self.meter {
                    let arrived = meter.first_byte();
                    self.timings.first_byte = arrived.map(|at| at.saturating_duration_since(self.step_started));
                }
            }
        }
    }

    fn judge_status(&self) -> Result<(), Failure> {
        let Some((status, _)) = &self.answer.head else {
            return Err(Failure::new(Outcome::BadResponse(BadResponse::BrokenOff), "no answer arrived"));
        };
        if status.is_success() {
            return Ok(());
        }
        if status.is_informational() {
            let words = "the answer switches to another protocol";
            return Err(Failure::new(Outcome::BadResponse(BadResponse::Upgrade), words));
        }
        let reason = status.canonical_reason().map(|reason| format!(" {reason}")).unwrap_or_default();
        let remark = if status.is_redirection() { ", and redirects are not followed" } else { "" };
        Err(Failure::new(Outcome::HttpError, format!("the server answered {}{reason}{remark}", status.as_u16())))
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use tokio::io::AsyncWrite as _;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::egress::stream::{Metered, Open, Stream};

    #[tokio::test]
    async fn what_an_attempt_wrote_is_known_after_another_has_taken_its_connection() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        stream.writable().await.unwrap();
        let meter = Meter::new();
        let mut stream = Metered::new(Stream::Clear(stream), Arc::clone(&meter), Open::new(&Arc::default()));

        let (mut first, mut second) = (Progress::new(), Progress::new());
        first.use_connection(&meter);
        let written = pin!(&mut stream).poll_write(&mut Context::from_waker(Waker::noop()), b"POST");
        assert!(written.is_ready());
        first.head_arrived(StatusCode::NO_CONTENT, HeaderMap::new());
        first.let_go();
        second.use_connection(&meter);

        let (first, second) = (first.end(Ok(()), &[]), second.end(Err(Failure::new(Outcome::TimedOut, "")), &[]));
        assert!(first.went_out);
        assert!(!second.went_out);
    }
}
