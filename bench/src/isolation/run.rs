//! One run over the fleet: an open loop to the ten projects and another to the single hook's, and what it did to those watched.
//!
//! A figure stands only if every event was answered 200 and stored, and every watched hook got each of its webhooks once at least.
//! `isolation` puts runs side by side.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::fleet::{Fleet, WATCHED_HOOKS, Ways};
use crate::error::BenchError;
use crate::event::Bodies;
use crate::latency::events_within;
use crate::load::{Ingest, Load, Outcome, Schedule};
use crate::metrics::{Batches, Commits};
use crate::process;
use crate::stats::Percentiles;
use crate::target::Target;
use crate::timeline::Timeline;
use crate::work::Surroundings;

/// Watched webhooks that have not come by then count as lost.
const DELIVERY_PATIENCE: Duration = Duration::from_secs(60);

/// Events of a rush that are on their way at once: a receiver that answers must get each webhook's turn well within its timeout,
/// on a busy machine too.
const RUSH_EVENTS: u32 = 50;

/// Connections for the single hook's project.
const FED_CONNECTIONS: u16 = 4;

/// What waits for a free connection when the time is up may still go out: its latency counts from when it was meant to.
const LATE_START_GRACE: Duration = Duration::from_secs(5);

const POLL_STEP: Duration = Duration::from_millis(5);

/// What one run sends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Kept-alive connections to the ten projects.
    pub(super) connections: u16,
    /// Events a second to the ten projects together.
    pub(super) rate_per_s: u32,
    /// Events a second to the single hook's project.
    pub(super) fed_per_s: u32,
    /// Events to the ten projects before all that, as fast as they come through.
    pub(super) warm_up: u32,
    /// Events to the single hook's project before all that.
    pub(super) backlog: u32,
    /// How long the load runs before anything is measured.
    pub(super) lead: Duration,
    /// How long it is measured.
    pub(super) lasting: Duration,
}

/// What a run showed.
#[derive(Clone, Debug, Serialize)]
pub(super) struct IsolationRun {
    /// From the intended start of a request to a watched hook's receiver.
    pub(super) delivery: Percentiles,
    /// All of them, µs.
    #[serde(skip)]
    pub(super) deliveries_us: Vec<u32>,
    /// From the intended start of a request to its whole answer.
    pub(super) request: Percentiles,
    /// Time that the writer took for each event, µs.
    pub(super) writer_us_per_event: f64,
    /// Transactions a second.
    pub(super) commits_per_s: f64,
    /// User and system time of the process for each event, µs.
    pub(super) cpu_us_per_event: f64,
    /// What the process had written to disk for each event, KiB.
    pub(super) written_kib_per_event: f64,
    /// Resident memory when the load ended, KiB.
    pub(super) resident_kib: u64,
    /// The most resident memory it ever had, KiB.
    pub(super) peak_kib: u64,
    /// Webhooks that came to watched hooks more than once.
    pub(super) repeats: u32,
}

/// Runs it.
///
/// # Errors
/// When the server fails, or an event or a watched webhook does.
pub(super) fn run(
    fleet: &mut Fleet,
    ways: &Ways,
    pace: &Pace,
    surroundings: &Surroundings,
) -> Result<IsolationRun, BenchError> {
    let whole = pace.lead + pace.lasting;
    let (spread, fed) = (events_within(whole, pace.rate_per_s), events_within(whole, pace.fed_per_s));
    let counts = Counts { warm_up: pace.warm_up, spread, backlog: pace.backlog, fed };
    let sending = Sending::start(fleet, ways, counts, surroundings)?;
    sending.rush(pace.connections)?;
    sending.make_backlog(pace.connections)?;
    let begun = Instant::now();
    let lasting = whole + LATE_START_GRACE;
    let open = |rate_per_s| Schedule::Open { rate_per_s, lasting };
    let (before, outcome, after) = std::thread::scope(|scope| {
        let fed_load = scope.spawn(|| sending.feed(open(pace.fed_per_s)));
        let load = scope.spawn(|| sending.spread(open(pace.rate_per_s), pace.connections));
        // sleep allowed: the lead is a time by its nature.
        std::thread::sleep(pace.lead.saturating_sub(begun.elapsed()));
        let before = Usage::of(&sending.target)?;
        let outcome = load.join().map_err(|_| BenchError::WorkerPanicked)??;
        fed_load.join().map_err(|_| BenchError::WorkerPanicked)??;
        let after = Usage::of(&sending.target)?;
        Ok::<_, BenchError>((before, outcome, after))
    })?;
    sending.wait_for_watched(counts.warm_up + spread)?;
    let memory = process::memory(sending.target.process_id())?;

    let measured = counts.warm_up + events_within(pace.lead, pace.rate_per_s)..counts.warm_up + spread;
    let requests = outcome.accepted().filter(|sample| measured.contains(&sample.index));
    let used = after.since(&before);
    let deliveries_us = sending.timeline.delivery_latencies_us(measured.clone());
    let run = IsolationRun {
        delivery: Percentiles::of(deliveries_us.clone()).ok_or(BenchError::NoSamples)?,
        deliveries_us,
        request: Percentiles::of(requests.map(|sample| sample.latency_us).collect()).ok_or(BenchError::NoSamples)?,
        writer_us_per_event: used.writer_us_per_event,
        commits_per_s: used.commits_per_s,
        cpu_us_per_event: used.cpu_us_per_event,
        written_kib_per_event: used.written_kib_per_event,
        resident_kib: after.resident_kib,
        peak_kib: memory.peak_kib,
        repeats: sending.timeline.arrivals().repeats,
    };
    fleet.recover()?;
    sending.finish()?;
    Ok(run)
}

/// The highest rate at which the whole fleet's webhooks can be sent: so many events, some at a time, over the time until the last
/// webhook has come.
///
/// # Errors
/// As [`run`].
pub(super) fn highest_per_s(
    fleet: &mut Fleet,
    ways: &Ways,
    (events, connections): (u32, u16),
    surroundings: &Surroundings,
) -> Result<f64, BenchError> {
    let counts = Counts { warm_up: events, spread: 0, backlog: 0, fed: 0 };
    let sending = Sending::start(fleet, ways, counts, surroundings)?;
    let begun = Instant::now();
    sending.rush(connections)?;
    let highest = f64::from(events) / begun.elapsed().as_secs_f64();
    fleet.recover()?;
    sending.finish()?;
    Ok(highest)
}

/// How many events there are for what, in this order.
#[derive(Clone, Copy)]
struct Counts {
    /// To the ten projects, as fast as they come through.
    warm_up: u32,
    /// To the ten projects, at their rate.
    spread: u32,
    /// To the single hook's, as fast as answers come.
    backlog: u32,
    /// To the single hook's, at its rate.
    fed: u32,
}

/// A server with the events for it.
struct Sending {
    target: Target,
    projects: Vec<Ingest>,
    bodies: Arc<Bodies>,
    timeline: Arc<Timeline>,
    counts: Counts,
}

impl Sending {
    fn start(fleet: &mut Fleet, ways: &Ways, counts: Counts, surroundings: &Surroundings) -> Result<Self, BenchError> {
        let to_watched = counts.warm_up.saturating_add(counts.spread);
        let bodies = Arc::new(Bodies::prepare(to_watched.saturating_add(counts.backlog).saturating_add(counts.fed))?);
        let timeline = Arc::new(Timeline::with_hooks(to_watched, WATCHED_HOOKS));
        fleet.receiver.note_in(Arc::clone(&timeline));
        let target = fleet.start(ways, surroundings)?;
        let address = target.ingest().address;
        let projects = fleet.projects.iter().map(|ingest| Ingest { address, ..ingest.clone() }).collect();
        Ok(Self { target, projects, bodies, timeline, counts })
    }

    /// Sends to the ten projects in turn, some at a time, as fast as they and their watched webhooks come through.
    fn rush(&self, connections: u16) -> Result<(), BenchError> {
        let load = Load { ingests: self.projects.clone(), connections, schedule: Schedule::Closed };
        let mut first = 0;
        while first < self.counts.warm_up {
            let events = RUSH_EVENTS.min(self.counts.warm_up - first);
            self.send(&load, first, events)?;
            first += events;
            self.wait_for_watched(first)?;
        }
        Ok(())
    }

    /// Sends to the ten projects in turn.
    fn spread(&self, schedule: Schedule, connections: u16) -> Result<Outcome, BenchError> {
        let load = Load { ingests: self.projects.clone(), connections, schedule };
        self.send(&load, self.counts.warm_up, self.counts.spread)
    }

    /// Sends to the single hook's project, as fast as answers come.
    fn make_backlog(&self, connections: u16) -> Result<(), BenchError> {
        let load = Load { ingests: vec![self.target.ingest().clone()], connections, schedule: Schedule::Closed };
        self.send(&load, self.counts.warm_up + self.counts.spread, self.counts.backlog).map(drop)
    }

    /// Sends to the single hook's project.
    fn feed(&self, schedule: Schedule) -> Result<Outcome, BenchError> {
        let Counts { warm_up, spread, backlog, fed } = self.counts;
        let load = Load { ingests: vec![self.target.ingest().clone()], connections: FED_CONNECTIONS, schedule };
        self.send(&load, warm_up + spread + backlog, fed)
    }

    /// Sends so many events, all of which must be answered 200. The timeline has no room for those that no watched hook gets.
    fn send(&self, load: &Load, first: u32, events: u32) -> Result<Outcome, BenchError> {
        all_accepted(load.run(&self.bodies, first..first + events, &self.timeline)?)
    }

    /// Waits until every watched webhook of so many events has come.
    fn wait_for_watched(&self, events: u32) -> Result<(), BenchError> {
        let (deadline, owed) = (Instant::now() + DELIVERY_PATIENCE, events * WATCHED_HOOKS);
        while self.timeline.arrivals().webhooks < owed {
            if Instant::now() > deadline {
                let arrived = self.timeline.arrivals().webhooks;
                return Err(BenchError::WatchedNotDelivered { owed, arrived, patience: DELIVERY_PATIENCE });
            }
            std::thread::sleep(POLL_STEP);
        }
        Ok(())
    }

    /// Ends the server and compares what it answered with what it kept.
    fn finish(self) -> Result<(), BenchError> {
        let strangers = self.timeline.arrivals().strangers;
        if strangers > 0 {
            return Err(BenchError::WrongWebhooks { wrong: 0, checked: 0, strangers });
        }
        let (accepted, stored) = (u64::from(self.bodies.count()), self.target.stop()?.len() as u64);
        match stored == accepted {
            true => Ok(()),
            false => Err(BenchError::NotStored { accepted, stored }),
        }
    }
}

fn all_accepted(outcome: Outcome) -> Result<Outcome, BenchError> {
    let answers = outcome.answers();
    let wanted = u32::try_from(outcome.samples.len()).unwrap_or(u32::MAX).saturating_add(outcome.unsent);
    match answers.accepted == wanted {
        true => Ok(outcome),
        false => Err(BenchError::NotAccepted { wanted, accepted: answers.accepted, answers: answers.to_string() }),
    }
}

/// What a server has used so far.
struct Usage {
    at: Instant,
    cpu: Duration,
    commits: Commits,
    batches: Batches,
    written_kib: u64,
    resident_kib: u64,
}

/// What it used between two looks.
#[derive(Debug, PartialEq)]
struct Used {
    writer_us_per_event: f64,
    commits_per_s: f64,
    cpu_us_per_event: f64,
    written_kib_per_event: f64,
}

impl Usage {
    fn of(target: &Target) -> Result<Self, BenchError> {
        let id = target.process_id();
        let (cpu, written_kib) = (process::cpu_time(id)?, process::written_kib(id)?);
        let resident_kib = process::memory(id)?.resident_kib;
        let commits = target.commits().ok_or(BenchError::NoWriterTime)?;
        let batches = target.batches().ok_or(BenchError::NoWriterTime)?;
        Ok(Self { at: Instant::now(), cpu, commits, batches, written_kib, resident_kib })
    }

    fn since(&self, earlier: &Self) -> Used {
        let events = self.batches.events.saturating_sub(earlier.batches.events).max(1) as f64;
        let seconds = self.at.duration_since(earlier.at).as_secs_f64().max(f64::EPSILON);
        Used {
            writer_us_per_event: (self.commits.seconds - earlier.commits.seconds) * 1e6 / events,
            commits_per_s: self.commits.count.saturating_sub(earlier.commits.count) as f64 / seconds,
            cpu_us_per_event: self.cpu.saturating_sub(earlier.cpu).as_secs_f64() * 1e6 / events,
            written_kib_per_event: self.written_kib.saturating_sub(earlier.written_kib) as f64 / events,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Answer, Sample};

    #[test]
    fn use_is_counted_between_two_looks_and_for_each_event_recorded_meanwhile() {
        let at = Instant::now();
        let usage = |seconds: u64, cpu_ms, (writer_s, count), events, written_kib| Usage {
            at: at + Duration::from_secs(seconds),
            cpu: Duration::from_millis(cpu_ms),
            commits: Commits { seconds: writer_s, count },
            batches: Batches { events, batches: events },
            written_kib,
            resident_kib: 0,
        };
        let used = usage(6, 900, (1.5, 700), 300, 5_000).since(&usage(2, 500, (0.5, 300), 100, 1_000));
        let expected = Used {
            writer_us_per_event: 5_000.0,
            commits_per_s: 100.0,
            cpu_us_per_event: 2_000.0,
            written_kib_per_event: 20.0,
        };
        assert_eq!(used, expected);
    }

    #[test]
    fn an_event_that_was_never_sent_is_one_that_was_not_accepted() {
        let samples =
            vec![Sample { index: 0, answer: Answer::Accepted, ended_after: Duration::from_secs(1), latency_us: 1 }];
        let outcome = |unsent| Outcome { samples: samples.clone(), unsent, elapsed: Duration::from_secs(1) };
        assert!(all_accepted(outcome(0)).is_ok());
        let refused = all_accepted(outcome(1)).err().unwrap();
        assert!(matches!(refused, BenchError::NotAccepted { wanted: 2, accepted: 1, .. }));
    }
}
