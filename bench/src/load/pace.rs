//! Who sends which event when: hands the next event of a load to whichever connection asks.
//!
//! In a closed loop the next event is due at once. In an open loop a thread releases events as their intended starts pass, in
//! steps of [`PACER_STEP`], because the runtime's own timer steps by a millisecond. Only `load` uses it.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::error::BenchError;

/// How long after the last intended start an answer is waited for.
const ANSWER_GRACE: Duration = Duration::from_secs(15);

/// A run is over after this, whatever is still owed.
pub(crate) const RUN_TIME_MAX: Duration = Duration::from_mins(10);

/// How often the pacer looks at the clock; an event goes out at most about this late.
const PACER_STEP: Duration = Duration::from_micros(250);

/// How long events that are due at the end may still wait for a free connection, at least, before they count as unsent.
const UNSENT_GRACE: Duration = Duration::from_millis(250);

/// When events are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Schedule {
    /// As fast as answers come.
    Closed,
    /// At a rate, whatever the answers do, for at most a time.
    Open {
        /// Intended starts a second.
        rate_per_s: u32,
        /// No event is started after this: those that found no connection until then count as unsent.
        lasting: Duration,
    },
}

/// An event to be sent now.
pub(super) struct Turn {
    /// Which event.
    pub(super) index: u32,
    /// When it was meant to start; latency counts from here.
    pub(super) start: Instant,
}

/// The events of one load, in order, each given out once.
pub(super) struct Turns {
    started: Instant,
    last_answer: Instant,
    first: u32,
    next: Arc<AtomicU32>,
    end: u32,
    open_loop: Option<OpenLoop>,
}

/// What an open loop adds.
struct OpenLoop {
    rate_per_s: u32,
    due: Arc<Semaphore>,
}

impl Turns {
    /// Starts the load's clock, and the pacer of an open loop.
    pub(super) fn start(range: Range<u32>, schedule: Schedule) -> Result<Self, BenchError> {
        let started = Instant::now();
        let next = Arc::new(AtomicU32::new(range.start));
        let (open_loop, last_answer) = match schedule {
            Schedule::Closed => (None, started + RUN_TIME_MAX),
            Schedule::Open { rate_per_s, lasting } => {
                let lasting = lasting.min(RUN_TIME_MAX);
                let permits = Arc::new(Semaphore::new(0));
                let (next, due) = (Arc::clone(&next), Arc::clone(&permits));
                let pacer = Pacer { started, rate_per_s, lasting, range: range.clone(), next, due };
                std::thread::Builder::new()
                    .name("pacer".into())
                    .spawn(move || pacer.run())
                    .map_err(|source| BenchError::Thread { source })?;
                (Some(OpenLoop { rate_per_s, due: permits }), started + lasting + ANSWER_GRACE)
            }
        };
        Ok(Self { started, last_answer, first: range.start, next, end: range.end, open_loop })
    }

    /// When the load's clock started.
    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// No answer is waited for after this.
    pub(super) fn last_answer(&self) -> Instant {
        self.last_answer
    }

    /// The next event, when it is due; `None` when there are no more or the time is up.
    pub(super) async fn next(&self) -> Option<Turn> {
        if let Some(open_loop) = &self.open_loop {
            open_loop.due.acquire().await.ok()?.forget();
        } else if Instant::now() >= self.last_answer {
            return None;
        }
        let index = self.next.fetch_add(1, Relaxed);
        if index >= self.end {
            return None;
        }
        let start = match &self.open_loop {
            Some(open_loop) => self.started + intended_start(index - self.first, open_loop.rate_per_s),
            None => Instant::now(),
        };
        Some(Turn { index, start })
    }
}

/// Releases events of an open loop as their starts pass.
struct Pacer {
    started: Instant,
    rate_per_s: u32,
    lasting: Duration,
    range: Range<u32>,
    /// Who has taken a permit moves this on; until then the permit would be lost with the semaphore's end.
    next: Arc<AtomicU32>,
    due: Arc<Semaphore>,
}

impl Pacer {
    fn run(self) {
        let (mut released, total) = (0, self.range.end - self.range.start);
        while released < total && self.started.elapsed() < self.lasting {
            let due = due_after(self.started.elapsed(), self.rate_per_s).min(total);
            self.due.add_permits((due - released) as usize);
            released = due;
            std::thread::sleep(PACER_STEP);
        }
        // A load whose time is longer than its events need gives the rest of it to those that wait.
        let patience = (Instant::now() + UNSENT_GRACE).max(self.started + self.lasting);
        while self.next.load(Relaxed) < self.range.start + released && Instant::now() < patience {
            std::thread::sleep(PACER_STEP);
        }
        self.due.close();
    }
}

/// How many events are due once `elapsed` has passed: event 0 at once, event `i` at `i / rate`.
fn due_after(elapsed: Duration, rate_per_s: u32) -> u32 {
    let due = elapsed.as_nanos() * u128::from(rate_per_s) / 1_000_000_000 + 1;
    u32::try_from(due).unwrap_or(u32::MAX)
}

/// When event `position` is meant to start, from the load's start; rounded up, so that it is due by then.
fn intended_start(position: u32, rate_per_s: u32) -> Duration {
    Duration::from_nanos((u64::from(position) * 1_000_000_000).div_ceil(u64::from(rate_per_s.max(1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_due_at_its_intended_start_and_not_before() {
        for rate_per_s in [1, 3, 7_000, 1_000_000] {
            for position in [0, 1, 2, 999, 12_345] {
                let start = intended_start(position, rate_per_s);
                assert_eq!(due_after(start, rate_per_s), position + 1, "{position} at {rate_per_s}");
                if position > 0 {
                    let before = start - Duration::from_nanos(1);
                    assert_eq!(due_after(before, rate_per_s), position, "{position} at {rate_per_s}");
                }
            }
        }
    }

    #[tokio::test]
    async fn a_closed_loop_gives_each_event_once_and_then_ends() {
        let turns = Turns::start(5..8, Schedule::Closed).unwrap();
        let mut given = Vec::new();
        while let Some(turn) = turns.next().await {
            given.push(turn.index);
        }
        assert_eq!(given, [5, 6, 7]);
    }

    #[tokio::test]
    async fn an_open_loop_gives_every_event_with_its_intended_start() {
        let lasting = Duration::from_secs(5);
        let turns = Turns::start(10..15, Schedule::Open { rate_per_s: 100_000, lasting }).unwrap();
        for position in 0..5 {
            let turn = turns.next().await.unwrap();
            assert_eq!(turn.index, 10 + position);
            assert_eq!(turn.start - turns.started(), intended_start(position, 100_000));
        }
        assert!(turns.next().await.is_none());
    }
}
