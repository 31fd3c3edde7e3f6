//! How a lane's receiver stands, and what the lane may do because of it.
//!
//! Keeps the standing in memory and says when it is to be written: what opens or closes the circuit at once, other changes
//! at most once a second, a success that changes nothing else once a minute.

use model::hook::WhenOpen;
use model::ids::Millis;
use model::limits::HOOK_CONCURRENCY_MOST;
use model::standing::{Change, Seen, Standing};

/// A later success alone is written after this long.
const SUCCESS_WRITTEN_AFTER_MS: i64 = 60_000;

/// A lane's view of its receiver.
pub(super) struct Receiver {
    standing: Standing,
    /// What was handed on to be written last.
    written: Standing,
    /// Requests at once: one where the receiver struggles, one more with each success.
    slots: usize,
    /// Nothing is attempted but a probe. As of the last attempt or look: a pause ends with the next look.
    shut: bool,
    /// A claimed probe waits for its worker.
    probe_waits: bool,
    /// Something waits in the ledger that the next probe can send.
    has_candidate: bool,
}

impl Receiver {
    pub(super) fn new(standing: Standing, now: Millis) -> Receiver {
        let slots = if standing.is_struggling(now) { 1 } else { HOOK_CONCURRENCY_MOST };
        let shut = standing.is_closed_to(now);
        Receiver { standing, written: standing, slots, shut, probe_waits: false, has_candidate: true }
    }

    pub(super) fn standing(&self) -> Standing {
        self.standing
    }

    /// Notes how an attempt ended. What is to be written at once comes out with it.
    pub(super) fn note(&mut self, seen: &Seen) -> (Change, Option<Standing>) {
        let change = self.standing.note(seen);
        if seen.outcome.is_success() {
            self.slots = self.slots.saturating_add(1).min(HOOK_CONCURRENCY_MOST);
        } else if self.standing.is_struggling(seen.now) {
            self.slots = 1;
        }
        self.shut = self.standing.is_closed_to(seen.now);
        let is_due = match change {
            Change::None => false,
            Change::Opened | Change::Closed | Change::Paused | Change::Gone => true,
        };
        (change, is_due.then(|| self.hand_on()))
    }

    /// What is to be written now, at most once a second. A pause that has ended is noticed here.
    pub(super) fn look(&mut self, now: Millis) -> Option<Standing> {
        self.shut = self.standing.is_closed_to(now);
        let (standing, written) = (self.standing, self.written);
        let success_alone = Standing { succeeded: written.succeeded, ..standing } == written;
        let is_late = |last: Option<Millis>| {
            let since = |last: Millis| standing.succeeded.is_some_and(|at| at.0 >= last.0 + SUCCESS_WRITTEN_AFTER_MS);
            standing.succeeded.is_some() && last.is_none_or(since)
        };
        let is_due = if success_alone { is_late(written.succeeded) } else { true };
        is_due.then(|| self.hand_on())
    }

    /// What has not been written yet.
    pub(super) fn unwritten(&mut self) -> Option<Standing> {
        (self.standing != self.written).then(|| self.hand_on())
    }

    /// Whether a success gives it one more request at once.
    pub(super) fn is_recovering(&self) -> bool {
        self.slots < HOOK_CONCURRENCY_MOST
    }

    /// Nothing is known of the receiver any more: its hook was disabled.
    pub(super) fn forget(&mut self, now: Millis) {
        *self = Receiver::new(Standing::default(), now);
    }

    /// The store has another standing, or none: what it says of the circuit counts. What it does not know is written again.
    pub(super) fn reconcile(&mut self, stored: Option<Standing>, now: Millis) {
        let Some(stored) = stored else { return self.forget(now) };
        if let Some(opened) = stored.opened {
            self.standing.opened = Some(opened);
            self.written = stored;
        } else {
            self.written = Standing::default();
        }
    }

    /// Whether nothing is attempted but a probe.
    pub(super) fn is_shut(&self) -> bool {
        self.shut
    }

    pub(super) fn is_open(&self) -> bool {
        self.standing.opened.is_some()
    }

    pub(super) fn is_failing(&self) -> bool {
        self.standing.failures > 0
    }

    /// How many requests may be on the wire.
    pub(super) fn slots(&self, concurrency: usize) -> usize {
        if self.shut { 0 } else { self.slots.min(concurrency) }
    }

    /// The number of the probe that is due.
    pub(super) fn due_probe(&self, now: Millis) -> Option<u32> {
        self.standing.due_probe(now)
    }

    /// A probe was claimed and counted.
    pub(super) fn begin_probe(&mut self, now: Millis) {
        self.standing.begin_probe(now);
        self.probe_waits = true;
        self.has_candidate = false;
    }

    /// A test goes out. True where the circuit is open: it counts as a probe then.
    pub(super) fn begin_probe_by_hand(&mut self, now: Millis) -> bool {
        self.standing.begin_probe(now);
        self.is_open()
    }

    /// Whether a claimed probe waits for its worker; it does no longer.
    pub(super) fn take_probe(&mut self) -> bool {
        std::mem::take(&mut self.probe_waits)
    }

    /// Whether what is owed now is skipped; the first that is not is what the next probe sends.
    pub(super) fn skips(&mut self, when_open: WhenOpen) -> bool {
        match when_open {
            WhenOpen::Skip if self.is_open() => std::mem::replace(&mut self.has_candidate, true),
            WhenOpen::Skip | WhenOpen::Wait => false,
        }
    }

    /// Nothing was there for a probe.
    pub(super) fn found_no_candidate(&mut self) {
        self.has_candidate = false;
    }

    fn hand_on(&mut self) -> Standing {
        self.written = self.standing;
        self.standing
    }
}

#[cfg(test)]
mod tests {
    use model::attempt::{Outcome, Unreachable};

    use super::*;

    const NOW: Millis = Millis(1_000_000);

    fn receiver() -> Receiver {
        Receiver::new(Standing::default(), NOW)
    }

    fn seen(outcome: Outcome, after_ms: i64) -> Seen {
        let went_out = outcome.is_success();
        Seen { outcome, status: None, went_out, retry_after: None, now: Millis(NOW.0 + after_ms) }
    }

    fn fails(receiver: &mut Receiver, times: usize, after_ms: i64) -> Change {
        let refused = Outcome::Unreachable(Unreachable::Connect);
        (0..times).map(|_| receiver.note(&seen(refused, after_ms)).0).last().unwrap_or(Change::None)
    }

    #[test]
    fn successes_alone_are_written_once_a_minute_and_anything_else_with_the_next_look() {
        let mut receiver = receiver();
        let look = |receiver: &mut Receiver, after_ms| receiver.look(Millis(NOW.0 + after_ms)).map(|it| it.failures);
        assert_eq!(look(&mut receiver, 0), None, "nothing is known yet");
        for (after_ms, written) in [(0, Some(0)), (1_000, None), (59_999, None), (60_000, Some(0)), (61_000, None)] {
            assert_eq!(receiver.note(&seen(Outcome::Succeeded, after_ms)), (Change::None, None));
            assert_eq!(look(&mut receiver, after_ms), written, "{after_ms}");
        }
        assert_eq!(fails(&mut receiver, 2, 62_000), Change::None);
        assert_eq!(look(&mut receiver, 63_000), Some(2));
        assert_eq!(look(&mut receiver, 64_000), None);
    }

    #[test]
    fn what_opens_and_closes_is_written_at_once() {
        let mut receiver = receiver();
        assert_eq!(fails(&mut receiver, 9, 0), Change::None);
        let (change, written) = receiver.note(&seen(Outcome::Unreachable(Unreachable::Dns), 0));
        assert_eq!((change, written.map(|it| it.failures)), (Change::Opened, Some(10)));
        let (change, written) = receiver.note(&seen(Outcome::Succeeded, 1));
        assert_eq!((change, written.map(|it| it.failures)), (Change::Closed, Some(0)));
        assert_eq!(receiver.unwritten(), None);
    }

    #[test]
    fn a_receiver_that_comes_back_gets_one_request_more_with_each_success() {
        let mut receiver = receiver();
        assert_eq!(receiver.slots(16), 16);
        let _ = fails(&mut receiver, 10, 0);
        assert_eq!(receiver.slots(16), 0, "its circuit is open");
        for slots in 2..=16 {
            let _ = receiver.note(&seen(Outcome::Succeeded, 1));
            assert_eq!(receiver.slots(16), slots);
        }
        let _ = receiver.note(&seen(Outcome::Succeeded, 1));
        assert_eq!((receiver.slots(16), receiver.slots(2)), (16, 2));
    }

    #[test]
    fn one_that_has_failed_for_thirty_seconds_gets_one_request_at_a_time() {
        let mut receiver = receiver();
        let answered = |after_ms| Seen { status: Some(404), went_out: true, ..seen(Outcome::HttpError, after_ms) };
        let _ = receiver.note(&answered(0));
        assert_eq!(receiver.slots(16), 16);
        let _ = receiver.note(&answered(30_000));
        assert_eq!(receiver.slots(16), 1);
    }

    #[test]
    fn an_open_circuit_that_skips_leaves_one_delivery_for_each_probe() {
        let mut receiver = receiver();
        assert!(!receiver.skips(WhenOpen::Skip), "it is closed");
        let _ = fails(&mut receiver, 10, 0);
        assert!(!receiver.skips(WhenOpen::Wait));
        assert!(receiver.skips(WhenOpen::Skip), "what waited when it opened is what the probe sends");
        receiver.begin_probe(NOW);
        assert_eq!([0; 3].map(|_| receiver.skips(WhenOpen::Skip)), [false, true, true]);
        receiver.found_no_candidate();
        assert_eq!([0; 2].map(|_| receiver.skips(WhenOpen::Skip)), [false, true]);
    }

    #[test]
    fn a_pause_ends_with_the_next_look() {
        let mut receiver = receiver();
        let pause = std::time::Duration::from_secs(5);
        let asks = Seen { retry_after: Some(pause), status: Some(429), went_out: true, ..seen(Outcome::HttpError, 0) };
        assert_eq!(receiver.note(&asks).0, Change::Paused);
        assert!(receiver.is_shut() && !receiver.is_open());
        let _ = receiver.look(Millis(NOW.0 + 4_999));
        assert!(receiver.is_shut());
        let _ = receiver.look(Millis(NOW.0 + 5_000));
        assert_eq!(receiver.slots(16), 16);
    }
}
