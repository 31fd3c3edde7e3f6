//! One measured run: a fresh target, a warm-up, a load, and what the target used for it.
//!
//! A figure stands only if every event was answered 200, is in the database afterwards, and (on the full path) reached the receiver
//! with the right signature; anything else is an error. CPU is read before and after, each time with the target at rest, so that work
//! put off until later still counts. `ratios`, `floors` and `latency` call it.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::error::BenchError;
use crate::event::{Bodies, EventId};
use crate::load::{Load, Outcome, Schedule};
use crate::process::{self, Memory};
use crate::receiver::Receiver;
use crate::stats::Percentiles;
use crate::target::{Subject, Target};
use crate::timeline::Timeline;
use crate::work::{Surroundings, WorkPath};

/// Webhooks that have not come by then count as lost.
pub(crate) const DELIVERY_PATIENCE: Duration = Duration::from_mins(2);

/// A process is at rest when it used no tick of CPU for this long.
const REST: Duration = Duration::from_millis(100);

/// A process that is not at rest by then has something on its mind.
const REST_PATIENCE: Duration = Duration::from_secs(20);

const POLL_STEP: Duration = Duration::from_millis(10);

/// What to run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Which part of the path.
    pub(crate) path: WorkPath,
    /// Kept-alive connections of the load.
    pub(crate) connections: u16,
    /// Events sent before anything is measured, closed loop.
    pub(crate) warm_up: u32,
    /// Events that are measured.
    pub(crate) events: u32,
    /// How the measured events are sent.
    pub(crate) schedule: Schedule,
}

/// What a run showed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Measurement {
    /// User and system time of the process for each event, µs.
    pub(crate) cpu_us_per_event: f64,
    /// Events answered 200, a second.
    pub(crate) events_per_s: f64,
    /// From the start of a request to its whole answer.
    pub(crate) request: Percentiles,
    /// From the start of a request to the receiver's socket; on the full path only.
    pub(crate) delivery: Option<Percentiles>,
    /// Events in a transaction, if the target shows it.
    pub(crate) mean_batch: Option<f64>,
    /// Resident memory before the first event, KiB.
    pub(crate) idle_kib: u64,
    /// The most resident memory it ever had, KiB.
    pub(crate) peak_kib: u64,
    /// Webhooks that came more than once.
    pub(crate) repeats: u32,
}

/// Runs it.
///
/// # Errors
/// When the target fails, or an event does.
pub(crate) fn run(subject: Subject, plan: &Plan, surroundings: &Surroundings) -> Result<Measurement, BenchError> {
    let bench = Bench::start(subject, plan.path, plan.warm_up + plan.events, surroundings)?;
    let idle = bench.memory()?;
    let warm_up = 0..plan.warm_up;
    bench.send_all(warm_up.clone(), Schedule::Closed, plan.connections)?;
    bench.rest(warm_up.end)?;
    let (batches_before, cpu_before) = (bench.target.batches(), process::cpu_time(bench.target.process_id())?);

    let measured = plan.warm_up..plan.warm_up + plan.events;
    let outcome = bench.send_all(measured.clone(), plan.schedule, plan.connections)?;
    bench.rest(measured.end)?;
    let cpu = process::cpu_time(bench.target.process_id())?.saturating_sub(cpu_before);
    let mean_batch = bench.target.batches().zip(batches_before).and_then(|(after, before)| after.mean_since(&before));

    let measurement = Measurement {
        cpu_us_per_event: cpu.as_secs_f64() * 1e6 / f64::from(plan.events),
        events_per_s: outcome.accepted_per_s(),
        request: outcome.accepted_latency().ok_or(BenchError::NoSamples)?,
        delivery: Percentiles::of(bench.timeline.delivery_latencies_us(measured)),
        mean_batch,
        idle_kib: idle.resident_kib,
        peak_kib: bench.memory()?.peak_kib,
        repeats: bench.timeline.arrivals().repeats,
    };
    bench.finish()?;
    Ok(measurement)
}

/// A target with its receiver and its events.
pub(crate) struct Bench {
    /// The events, all of them made ahead.
    pub(crate) bodies: Arc<Bodies>,
    /// When they went and came.
    pub(crate) timeline: Arc<Timeline>,
    /// Who gets the webhooks.
    pub(crate) receiver: Receiver,
    /// What is measured.
    pub(crate) target: Target,
    path: WorkPath,
}

impl Bench {
    /// Makes the events, then starts receiver and target.
    ///
    /// # Errors
    /// When any of them fails.
    pub(crate) fn start(
        subject: Subject,
        path: WorkPath,
        events: u32,
        surroundings: &Surroundings,
    ) -> Result<Self, BenchError> {
        let bodies = Arc::new(Bodies::prepare(events)?);
        let timeline = Arc::new(Timeline::new(events));
        let receiver = Receiver::start(Arc::clone(&timeline))?;
        let target = Target::start(subject, path, &receiver, surroundings)?;
        Ok(Self { bodies, timeline, receiver, target, path })
    }

    /// The target's memory.
    ///
    /// # Errors
    /// When it has ended.
    pub(crate) fn memory(&self) -> Result<Memory, BenchError> {
        process::memory(self.target.process_id())
    }

    /// Sends a range of the events, whatever becomes of them.
    ///
    /// # Errors
    /// When the target accepts no connections.
    pub(crate) fn send(&self, range: Range<u32>, schedule: Schedule, connections: u16) -> Result<Outcome, BenchError> {
        let load = Load { ingests: vec![self.target.ingest().clone()], connections, schedule };
        load.run(&self.bodies, range, &self.timeline)
    }

    /// Sends a range of the events, every one of which must be answered 200.
    ///
    /// # Errors
    /// When one is not.
    pub(crate) fn send_all(
        &self,
        range: Range<u32>,
        schedule: Schedule,
        connections: u16,
    ) -> Result<Outcome, BenchError> {
        let wanted = range.end - range.start;
        let outcome = self.send(range, schedule, connections)?;
        let answers = outcome.answers();
        if answers.accepted != wanted {
            let accepted = answers.accepted;
            return Err(BenchError::NotAccepted { wanted, accepted, answers: answers.to_string() });
        }
        Ok(outcome)
    }

    /// Waits until the webhooks of `accepted` events have come, on the full path, and the target has come to rest.
    ///
    /// # Errors
    /// When they do not come, or it does not rest.
    pub(crate) fn rest(&self, accepted: u32) -> Result<(), BenchError> {
        let deadline = Instant::now() + DELIVERY_PATIENCE;
        while self.path == WorkPath::Full && self.timeline.arrivals().webhooks < accepted {
            if Instant::now() > deadline {
                let arrived = self.timeline.arrivals().webhooks;
                return Err(BenchError::NotDelivered { accepted, arrived, patience: DELIVERY_PATIENCE });
            }
            std::thread::sleep(POLL_STEP);
        }
        wait_for_rest(self.target.process_id())
    }

    /// Ends the target and compares what it promised with what it kept and sent.
    ///
    /// # Errors
    /// When something answered 200 is missing, or a webhook was wrong.
    pub(crate) fn finish(self) -> Result<(), BenchError> {
        let signatures = self.receiver.signatures();
        let strangers = self.timeline.arrivals().strangers;
        let unchecked = self.path == WorkPath::Full && signatures.checked == 0;
        if signatures.wrong > 0 || strangers > 0 || unchecked {
            let (wrong, checked) = (signatures.wrong, signatures.checked);
            return Err(BenchError::WrongWebhooks { wrong, checked, strangers });
        }
        let accepted = u64::from(self.bodies.count());
        let stored = count_own(&self.target.stop()?, &self.bodies);
        if stored != accepted {
            return Err(BenchError::NotStored { accepted, stored });
        }
        Ok(())
    }
}

/// How many of the stored ids belong to the run.
fn count_own(stored: &[EventId], bodies: &Bodies) -> u64 {
    let is_own = |id: &&EventId| id.index().is_some_and(|index| index < bodies.count() && bodies.id(index) == **id);
    stored.iter().filter(is_own).count() as u64
}

fn wait_for_rest(process_id: u32) -> Result<(), BenchError> {
    let deadline = Instant::now() + REST_PATIENCE;
    let mut seen = process::cpu_time(process_id)?;
    loop {
        std::thread::sleep(REST);
        let now = process::cpu_time(process_id)?;
        if now == seen {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(BenchError::Restless { patience: REST_PATIENCE });
        }
        seen = now;
    }
}
