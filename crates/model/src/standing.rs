//! How a hook's receiver stands, and what follows: the circuit, its probes, pauses that a receiver asked for, and 410 Gone.
//!
//! Pure: attempts come in one by one with the store's time, and what changes comes out. `pipeline` obeys and hands the
//! standing on to `store`, which keeps one row for each hook, so that every process and the next start know it.

use std::time::Duration;

use crate::attempt::Outcome;
use crate::delivery::asked_pause;
use crate::ids::Millis;
use crate::limits::RETRY_AFTER_MOST_SECONDS;

/// After so many attempts in a row that never went out the circuit opens; after so many that failed otherwise too, but then
/// [`OPENS_AFTER`] has to pass as well.
const OPENS_AT_ATTEMPTS: u32 = 10;
/// How long there was no success.
const OPENS_AFTER: Duration = Duration::from_secs(30);
/// A receiver that has failed for so long gets one request at a time.
const STRUGGLES_AFTER: Duration = Duration::from_secs(30);
/// Pauses before the probes of an open circuit; the last one repeats.
const PROBE_PAUSE_SECONDS: [u64; 5] = [1, 2, 4, 8, 10];
/// Two answers of 410 Gone count only so far apart: one deployment gone wrong is not the end of a receiver.
const GONE_APART: Duration = Duration::from_secs(10);
const GONE: u16 = 410;

/// How a hook's receiver stands. One that never had an attempt is [`Standing::default`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Attempts in a row that failed, whatever the reason.
    pub failures: u32,
    /// The last of these in a row that timed out, reached nobody or were answered 5xx.
    pub broken: u32,
    /// The last of these in a row that never went out.
    pub unsent: u32,
    /// When the first of `failures` ended.
    pub failing_since: Option<Millis>,
    /// The open circuit.
    pub opened: Option<Opened>,
    /// Until when the receiver asked to be left alone.
    pub paused_until: Option<Millis>,
    /// When it was first answered 410 since the last success.
    pub gone: Option<Millis>,
    /// The last success.
    pub succeeded: Option<Millis>,
    /// The last failure.
    pub failed: Option<Millis>,
}

/// An open circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// Since when.
    pub at: Millis,
    /// How many probes have begun.
    pub probes: u32,
    /// When the last of them did.
    pub probed: Option<Millis>,
}

/// What an attempt's end shows of the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// How the attempt ended.
    pub outcome: Outcome,
    /// The answer's status.
    pub status: Option<u16>,
    /// Whether a byte of the request was written.
    pub went_out: bool,
    /// How long the receiver asks to be left alone.
    pub retry_after: Option<Duration>,
    /// When it ended.
    pub now: Millis,
}

/// What an attempt's end changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Change {
    /// Nothing that matters to the lane.
    None,
    /// The circuit opened: nothing is attempted but probes.
    Opened,
    /// The circuit closed.
    Closed,
    /// The receiver asked to be left alone until [`Standing::paused_until`].
    Paused,
    /// The receiver is gone: the hook is to be disabled.
    Gone,
}

impl Standing {
    /// Notes an attempt's end.
    pub fn note(&mut self, seen: &Seen) -> Change {
        if seen.outcome.is_success() {
            let was_open = self.opened.is_some();
            *self = Standing { succeeded: Some(seen.now), failed: self.failed, ..Standing::default() };
            return if was_open { Change::Closed } else { Change::None };
        }
        self.count_failure(seen);
        let pause = asked_pause(seen.retry_after);
        if !pause.is_zero() {
            self.paused_until = self.paused_until.max(Some(seen.now.plus(pause)));
        }
        if seen.status == Some(GONE) && self.is_gone_again(seen.now) {
            return Change::Gone;
        }
        if self.opened.is_none() && self.is_to_open(seen.now) {
            self.opened = Some(Opened { at: seen.now, probes: 0, probed: None });
            return Change::Opened;
        }
        if pause.is_zero() { Change::None } else { Change::Paused }
    }

    /// Whether nothing but probes is attempted, or nothing at all.
    pub fn is_closed_to(&self, now: Millis) -> bool {
        self.opened.is_some() || self.is_paused(now)
    }

    /// Whether the receiver asked to be left alone. A time that no answer can have asked for is one of before the clock was
    /// set back.
    pub fn is_paused(&self, now: Millis) -> bool {
        let longest = Duration::from_secs(RETRY_AFTER_MOST_SECONDS);
        self.paused_until.is_some_and(|until| now < until && until <= now.plus(longest))
    }

    /// Whether the receiver gets one request at a time.
    pub fn is_struggling(&self, now: Millis) -> bool {
        self.opened.is_some() || self.failing_since.is_some_and(|since| since.plus(STRUGGLES_AFTER) <= now)
    }

    /// The number of the probe that is due, counted from 0, if the circuit is open and one is. One that seems further away than
    /// any pause is long was planned before the clock was set back: it is due.
    pub fn due_probe(&self, now: Millis) -> Option<u32> {
        let (opened, next) = (self.opened?, self.next_probe()?);
        let longest = Duration::from_secs(PROBE_PAUSE_SECONDS[PROBE_PAUSE_SECONDS.len() - 1]);
        let is_due = next <= now || next > now.plus(longest);
        (is_due && !self.is_paused(now)).then_some(opened.probes)
    }

    /// When the next probe of an open circuit is due.
    pub fn next_probe(&self) -> Option<Millis> {
        let opened = self.opened?;
        let last = PROBE_PAUSE_SECONDS.len() - 1;
        let index = usize::try_from(opened.probes).unwrap_or(last).min(last);
        Some(opened.probed.unwrap_or(opened.at).plus(Duration::from_secs(PROBE_PAUSE_SECONDS[index])))
    }

    /// A probe has begun.
    pub fn begin_probe(&mut self, now: Millis) {
        if let Some(opened) = &mut self.opened {
            opened.probes = opened.probes.saturating_add(1);
            opened.probed = Some(now);
        }
    }

    fn count_failure(&mut self, seen: &Seen) {
        self.failed = Some(seen.now);
        self.failing_since.get_or_insert(seen.now);
        self.failures = self.failures.saturating_add(1);
        let counts = match seen.outcome {
            Outcome::TimedOut | Outcome::Unreachable(_) => true,
            Outcome::HttpError => seen.status.is_some_and(|status| status >= 500),
            Outcome::Succeeded | Outcome::BadResponse(_) | Outcome::RefusedAddress | Outcome::Interrupted(_) => false,
        };
        self.broken = if counts { self.broken.saturating_add(1) } else { 0 };
        let never_went_out = counts && !seen.went_out;
        self.unsent = if never_went_out { self.unsent.saturating_add(1) } else { 0 };
    }

    fn is_to_open(&self, now: Millis) -> bool {
        let since = self.succeeded.or(self.failing_since);
        self.unsent >= OPENS_AT_ATTEMPTS
            || (self.broken >= OPENS_AT_ATTEMPTS && since.is_some_and(|since| since.plus(OPENS_AFTER) <= now))
    }

    fn is_gone_again(&mut self, now: Millis) -> bool {
        let first = *self.gone.get_or_insert(now);
        first.plus(GONE_APART) <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::{BadResponse, Unreachable};

    const BEGIN: Millis = Millis(1_000_000);

    fn at(seconds: u64) -> Millis {
        BEGIN.plus(Duration::from_secs(seconds))
    }

    fn answered(status: u16, seconds: u64) -> Seen {
        let outcome = if status < 300 { Outcome::Succeeded } else { Outcome::HttpError };
        Seen { outcome, status: Some(status), went_out: true, retry_after: None, now: at(seconds) }
    }

    fn unsent(seconds: u64) -> Seen {
        let outcome = Outcome::Unreachable(Unreachable::Connect);
        Seen { outcome, status: None, went_out: false, retry_after: None, now: at(seconds) }
    }

    fn noted(standing: &mut Standing, seen: Seen, times: usize) -> Vec<Change> {
        (0..times).map(|_| standing.note(&seen)).collect()
    }

    #[test]
    fn ten_attempts_in_a_row_that_never_went_out_open_the_circuit_at_once() {
        let mut standing = Standing::default();
        assert_eq!(noted(&mut standing, unsent(0), 9), [Change::None; 9]);
        assert_eq!(standing.note(&unsent(0)), Change::Opened);
        assert_eq!(standing.note(&unsent(1)), Change::None, "it is open already");
        assert_eq!(standing.note(&answered(204, 2)), Change::Closed);
        assert_eq!(standing, Standing { succeeded: Some(at(2)), failed: Some(at(1)), ..Standing::default() });
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_nobody_from_a_receiver() {
        let mut standing = Standing::default();
        let _ = noted(&mut standing, unsent(7_200), 10);
        standing.begin_probe(at(7_200));
        assert_eq!(standing.due_probe(at(7_201)), None);
        assert_eq!(standing.due_probe(at(0)), Some(1));
        let mut asked = Standing::default();
        let _ = asked.note(&Seen { retry_after: Some(Duration::from_secs(3_600)), ..answered(503, 7_200) });
        assert!(asked.is_paused(at(7_201)) && !asked.is_paused(at(0)));
    }

    #[test]
    fn ten_failures_in_a_row_open_it_when_there_was_no_success_for_thirty_seconds() {
        let mut standing = Standing::default();
        let _ = standing.note(&answered(200, 0));
        assert_eq!(noted(&mut standing, answered(503, 29), 20), [Change::None; 20]);
        assert_eq!(standing.note(&answered(503, 30)), Change::Opened);
        let mut few = Standing::default();
        assert_eq!(noted(&mut few, answered(503, 0), 9), [Change::None; 9]);
        assert_eq!(few.note(&answered(503, 3_600)), Change::Opened);
    }

    #[test]
    fn an_answer_that_blames_us_is_a_failure_and_breaks_the_row() {
        let mut standing = Standing::default();
        let bad = Seen { outcome: Outcome::BadResponse(BadResponse::NotHttp), ..answered(200, 0) };
        for other in [answered(404, 0), answered(301, 0), bad] {
            let _ = noted(&mut standing, answered(500, 0), 9);
            let _ = standing.note(&other);
            assert_eq!((standing.broken, standing.unsent), (0, 0));
        }
        assert_eq!(standing.failures, 30);
        assert_eq!(noted(&mut standing, answered(404, 60), 50), [Change::None; 50]);
    }

    #[test]
    fn a_request_that_went_out_ends_the_row_of_those_that_did_not() {
        let mut standing = Standing::default();
        let _ = noted(&mut standing, unsent(0), 9);
        let _ = standing.note(&answered(503, 0));
        assert_eq!((standing.broken, standing.unsent), (10, 0));
        assert_eq!(noted(&mut standing, unsent(1), 9), [Change::None; 9]);
        assert_eq!(standing.note(&unsent(1)), Change::Opened);
    }

    #[test]
    fn probes_come_after_1_2_4_8_and_then_every_10_seconds() {
        let mut standing = Standing::default();
        let _ = noted(&mut standing, unsent(0), 10);
        assert_eq!(Standing::default().due_probe(at(100)), None);
        let mut now = 0;
        for (number, pause) in (0..).zip([1, 2, 4, 8, 10, 10, 10]) {
            let early = at(now + pause).0 - 1;
            assert_eq!(standing.due_probe(Millis(early)), None, "probe {number}");
            now += pause;
            assert_eq!(standing.due_probe(at(now)), Some(number));
            standing.begin_probe(at(now));
            assert_eq!(standing.note(&unsent(now)), Change::None);
        }
    }

    #[test]
    fn a_receiver_that_fails_for_thirty_seconds_struggles_until_it_succeeds() {
        let mut standing = Standing::default();
        let _ = standing.note(&answered(404, 0));
        assert!(!standing.is_struggling(at(29)) && standing.is_struggling(at(30)));
        let _ = standing.note(&answered(200, 31));
        assert!(!standing.is_struggling(at(31)));
    }

    #[test]
    fn a_receiver_may_ask_to_be_left_alone_up_to_an_hour() {
        let asks = |seconds, now| Seen { retry_after: Some(Duration::from_secs(seconds)), ..answered(429, now) };
        let mut standing = Standing::default();
        assert_eq!(standing.note(&asks(60, 0)), Change::Paused);
        assert_eq!(standing.note(&asks(5, 1)), Change::Paused);
        assert!(standing.is_paused(at(59)) && standing.is_closed_to(at(59)), "the longer pause stands");
        assert!(!standing.is_paused(at(60)) && !standing.is_closed_to(at(60)));
        let _ = standing.note(&asks(1_000_000, 100));
        assert_eq!(standing.paused_until, Some(at(3_700)));
        assert_eq!(standing.note(&asks(0, 3_700)), Change::None);
        let _ = standing.note(&answered(200, 3_700));
        assert_eq!(standing.paused_until, None);
    }

    #[test]
    fn two_answers_of_gone_ten_seconds_apart_with_no_success_between_disable() {
        let mut standing = Standing::default();
        assert_eq!(standing.note(&answered(410, 0)), Change::None);
        assert_eq!(standing.note(&answered(410, 9)), Change::None);
        assert_eq!(standing.note(&answered(500, 9)), Change::None);
        assert_eq!(standing.note(&answered(410, 10)), Change::Gone);
        let mut healed = Standing::default();
        for seen in [answered(410, 0), answered(200, 5), answered(410, 10)] {
            let _ = healed.note(&seen);
        }
        assert_eq!(healed.note(&answered(410, 19)), Change::None);
        assert_eq!(healed.note(&answered(410, 20)), Change::Gone);
    }
}
