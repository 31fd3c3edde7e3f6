//! `overload`: twice the server's highest rate is offered to it, and it is looked at what it records, refuses and forgets.
//!
//! The highest rate comes from a closed loop, the overload from an open one, each on a fresh server. Nothing that was answered 200 may
//! be missing from the database afterwards, nor its webhook from the receiver: both are counted, and either fails the command after
//! the report is shown.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::error::BenchError;
use crate::latency::events_within;
use crate::load::{Answers, Outcome, Schedule};
use crate::measure::{self, Bench, Plan};
use crate::process;
use crate::report::{self, Report};
use crate::stats::Percentiles;
use crate::target::Subject;
use crate::work::{Surroundings, WorkPath};

/// How much of the highest rate is offered.
const OFFERED_TIMES: u32 = 2;

const POLL_STEP: Duration = Duration::from_millis(10);

/// What to run.
pub(crate) struct OverloadPlan {
    /// Path, connections, warm-up, and the events of the closed-loop run that finds the highest rate.
    pub(crate) peak: Plan,
    /// How long twice that rate is offered.
    pub(crate) lasting: Duration,
    /// How long webhooks may come after the last answer.
    pub(crate) drain: Duration,
}

/// The figures.
#[derive(Serialize)]
pub(crate) struct OverloadReport {
    path: WorkPath,
    connections: u16,
    highest_per_s: f64,
    offered_per_s: u32,
    /// Events answered 200 while the load was offered, a second.
    recorded_per_s: f64,
    /// The same as a share of the highest rate; the goal is 0.80 or more.
    recorded_share: f64,
    answers: Answers,
    /// From the intended start to the answer, of events answered 200.
    accepted: Option<Percentiles>,
    /// From the intended start to the receiver's socket.
    delivery: Option<Percentiles>,
    cpu_us_per_recorded: f64,
    peak_kib: u64,
    /// Answered 200 and not in the database.
    lost: u32,
    /// Answered 200 and never at the receiver; 0 without a hook.
    undelivered: u32,
    /// Webhooks that came more than once.
    repeats: u32,
    /// Stored, though the sender got no 200.
    stored_unacknowledged: u32,
}

/// Finds the highest rate, then offers twice as much.
///
/// # Errors
/// When a server does not start or dies.
pub(crate) fn run(plan: &OverloadPlan, surroundings: &Surroundings) -> Result<OverloadReport, BenchError> {
    report::progress("the server's highest rate, closed loop");
    let peak = Plan { schedule: Schedule::Closed, ..plan.peak };
    let highest_per_s = measure::run(Subject::Server, &peak, surroundings)?.events_per_s;
    let offered_per_s = (highest_per_s as u32).saturating_mul(OFFERED_TIMES).max(1);
    let events = events_within(plan.lasting, offered_per_s);
    report::progress(&format!("{offered_per_s} events/s for {:?}: preparing {events} events", plan.lasting));

    let warm_up = peak.warm_up;
    let bench = Bench::start(Subject::Server, peak.path, warm_up + events, surroundings)?;
    bench.send_all(0..warm_up, Schedule::Closed, peak.connections)?;
    bench.rest(warm_up)?;
    let cpu_before = process::cpu_time(bench.target.process_id())?;
    report::progress("offering them");
    let schedule = Schedule::Open { rate_per_s: offered_per_s, lasting: plan.lasting };
    let overload = warm_up..warm_up + events;
    let outcome = bench.send(overload.clone(), schedule, peak.connections)?;
    let answers = outcome.answers();
    if peak.path == WorkPath::Full {
        report::progress("waiting for the webhooks");
        wait_for_arrivals(&bench, warm_up + answers.accepted, plan.drain);
    }

    let cpu = process::cpu_time(bench.target.process_id())?.saturating_sub(cpu_before);
    let recorded_per_s = recorded_within(&outcome, plan.lasting);
    let mut report = OverloadReport {
        path: peak.path,
        connections: peak.connections,
        highest_per_s,
        offered_per_s,
        recorded_per_s,
        recorded_share: recorded_per_s / highest_per_s,
        answers,
        accepted: outcome.accepted_latency(),
        delivery: Percentiles::of(bench.timeline.delivery_latencies_us(overload)),
        cpu_us_per_recorded: cpu.as_secs_f64() * 1e6 / f64::from(answers.accepted.max(1)),
        peak_kib: bench.memory()?.peak_kib,
        lost: 0,
        undelivered: 0,
        repeats: bench.timeline.arrivals().repeats,
        stored_unacknowledged: 0,
    };
    report.compare_promises(&outcome, bench, warm_up)?;
    Ok(report)
}

impl OverloadReport {
    /// Whether everything answered 200 was kept and sent.
    pub(crate) fn kept_its_promises(&self) -> bool {
        self.lost == 0 && self.undelivered == 0
    }

    /// Stops the server and counts what it kept and sent of what it had answered with 200.
    fn compare_promises(&mut self, outcome: &Outcome, bench: Bench, warm_up: u32) -> Result<(), BenchError> {
        let count = bench.bodies.count();
        let mut is_stored = vec![false; count as usize];
        let stored = bench.target.stop()?;
        for id in stored {
            if let Some(index) = id.index().filter(|index| *index < count && bench.bodies.id(*index) == id) {
                is_stored[index as usize] = true;
            }
        }
        let mut is_accepted = vec![false; count as usize];
        is_accepted[..warm_up as usize].fill(true);
        for sample in outcome.accepted() {
            is_accepted[sample.index as usize] = true;
        }
        for index in 0..count {
            match (is_accepted[index as usize], is_stored[index as usize]) {
                (true, false) => self.lost += 1,
                (false, true) => self.stored_unacknowledged += 1,
                (true, true) | (false, false) => (),
            }
            let is_owed = is_accepted[index as usize] && self.path == WorkPath::Full;
            self.undelivered += u32::from(is_owed && !bench.timeline.has_arrived(index));
        }
        Ok(())
    }
}

/// Waits until that many events' webhooks have come; what is missing afterwards is counted, not an error.
fn wait_for_arrivals(bench: &Bench, events: u32, drain: Duration) {
    let deadline = Instant::now() + drain;
    while bench.timeline.arrivals().webhooks < events && Instant::now() < deadline {
        std::thread::sleep(POLL_STEP);
    }
}

/// Events answered 200 while the load was offered, a second.
fn recorded_within(outcome: &Outcome, lasting: Duration) -> f64 {
    let recorded = outcome.accepted().filter(|sample| sample.ended_after <= lasting).count();
    recorded as f64 / lasting.as_secs_f64()
}

impl Report for OverloadReport {
    fn text(&self) -> String {
        format!(
            "{} path over {} connections, highest rate {:.0} events/s, offered {} events/s\n\
             recorded: {:.0} events/s, {:.0} % of the highest rate\n\
             answers: {}\n\
             200 after: {} ms (p50/p99/p99.9 from the intended start)\n\
             webhook after: {} ms\n\
             CPU: {:.1} µs for each event recorded; memory: {} MiB at most\n\
             lost: {}; undelivered: {}; sent twice: {}; stored without a 200: {}\n",
            self.path.name(),
            self.connections,
            self.highest_per_s,
            self.offered_per_s,
            self.recorded_per_s,
            self.recorded_share * 100.0,
            self.answers,
            report::milliseconds(self.accepted),
            report::milliseconds(self.delivery),
            self.cpu_us_per_recorded,
            report::mebibytes(self.peak_kib),
            self.lost,
            self.undelivered,
            self.repeats,
            self.stored_unacknowledged,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Answer, Sample};

    #[test]
    fn only_what_was_answered_in_time_counts_as_recorded() {
        let sample =
            |answer, ended_ms| Sample { index: 0, answer, ended_after: Duration::from_millis(ended_ms), latency_us: 1 };
        let samples = vec![
            sample(Answer::Accepted, 10),
            sample(Answer::Accepted, 2_000),
            sample(Answer::Accepted, 2_001),
            sample(Answer::Unavailable, 10),
        ];
        let outcome = Outcome { samples, unsent: 0, elapsed: Duration::from_secs(3) };
        assert!((recorded_within(&outcome, Duration::from_secs(2)) - 1.0).abs() < 1e-9);
    }
}
