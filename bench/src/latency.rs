//! `latency`: how long an event takes from its sender to the receiver's socket, at half the server's highest rate, server over floor.
//!
//! Open loop, and the floor commits what waits: here it is the three floors chained, not a count of CPU. Pairs alternate as in `ratios`.

use std::time::Duration;

use serde::Serialize;

use crate::error::BenchError;
use crate::floor::Batch;
use crate::load::Schedule;
use crate::measure::{self, Measurement, Plan};
use crate::report::{self, Report};
use crate::stats::{Percentiles, median};
use crate::target::Subject;
use crate::work::{Surroundings, WorkPath};

/// The share of the highest rate that is offered.
const RATE_DIVISOR: u32 = 2;

/// What to run.
pub(crate) struct LatencyPlan {
    /// Pairs.
    pub(crate) pairs: u8,
    /// Connections, warm-up and events of the closed-loop run that finds the highest rate.
    pub(crate) peak: Plan,
    /// How long each run of a pair lasts.
    pub(crate) lasting: Duration,
}

/// The figures.
#[derive(Serialize)]
pub(crate) struct LatencyReport {
    highest_per_s: f64,
    offered_per_s: u32,
    /// Median of the pairs' ratios of p99.
    ratio: f64,
    pairs: Vec<Pair>,
}

#[derive(Serialize)]
struct Pair {
    floor: Measurement,
    server: Measurement,
    /// Server over floor, p99 from send to the receiver.
    ratio: f64,
}

/// Finds the highest rate, then runs all pairs at half of it.
///
/// # Errors
/// When a run cannot give a figure.
pub(crate) fn run(plan: &LatencyPlan, surroundings: &Surroundings) -> Result<LatencyReport, BenchError> {
    report::progress("the server's highest rate, closed loop");
    let peak = Plan { path: WorkPath::Full, schedule: Schedule::Closed, ..plan.peak };
    let highest_per_s = measure::run(Subject::Server, &peak, surroundings)?.events_per_s;
    let offered_per_s = (highest_per_s as u32 / RATE_DIVISOR).max(1);
    let events = events_within(plan.lasting, offered_per_s);
    let schedule = Schedule::Open { rate_per_s: offered_per_s, lasting: plan.lasting + Duration::from_secs(1) };
    let load = Plan { events, schedule, ..peak };
    let mut pairs = Vec::new();
    for number in 1..=plan.pairs {
        report::progress(&format!("{offered_per_s} events/s: pair {number} of {}", plan.pairs));
        let floor = measure::run(Subject::Floor(Batch::WhatWaits), &load, surroundings)?;
        let server = measure::run(Subject::Server, &load, surroundings)?;
        let ratio = p99(server.delivery)? / p99(floor.delivery)?;
        pairs.push(Pair { floor, server, ratio });
    }
    let ratio = median(pairs.iter().map(|pair| pair.ratio)).ok_or(BenchError::NoSamples)?;
    Ok(LatencyReport { highest_per_s, offered_per_s, ratio, pairs })
}

/// How many events a rate means in a time.
pub(crate) fn events_within(lasting: Duration, rate_per_s: u32) -> u32 {
    (lasting.as_secs_f64() * f64::from(rate_per_s)) as u32
}

fn p99(delivery: Option<Percentiles>) -> Result<f64, BenchError> {
    delivery.map(|found| f64::from(found.p99_us)).ok_or(BenchError::NoSamples)
}

impl Report for LatencyReport {
    fn text(&self) -> String {
        let row = |number: usize, what: &str, run: &Measurement, ratio: String| {
            [
                number.to_string(),
                what.to_owned(),
                report::milliseconds(run.delivery),
                ratio,
                report::milliseconds(Some(run.request)),
                report::one_place(Some(run.cpu_us_per_event)),
            ]
        };
        let rows: Vec<_> = (1..)
            .zip(&self.pairs)
            .flat_map(|(number, pair)| {
                let ratio = report::two_places(pair.ratio);
                [row(number, "floor", &pair.floor, String::new()), row(number, "server", &pair.server, ratio)]
            })
            .collect();
        let names =
            ["pair", "what", "delivery p50/p99/p99.9 ms", "p99 ratio", "request p50/p99/p99.9 ms", "CPU µs/event"];
        let ratios = self.pairs.iter().map(|pair| report::two_places(pair.ratio)).collect::<Vec<_>>().join(" ");
        format!(
            "full path, {} events/s offered (highest: {:.0})\n\n{}\nratio of p99: {} (median of {ratios})\n",
            self.offered_per_s,
            self.highest_per_s,
            report::table(names, &rows),
            report::two_places(self.ratio),
        )
    }
}
