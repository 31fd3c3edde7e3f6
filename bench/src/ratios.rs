//! `ratios`: the server's CPU for each event over the floor's, on one machine in one run, floor and server in turn.
//!
//! The floor's transactions have the mean size that the server showed: in a first, unmeasured run, or as `--batch` says. All pairs are
//! shown, and their median is the figure.

use serde::Serialize;

use crate::error::BenchError;
use crate::floor::Batch;
use crate::load::Schedule;
use crate::measure::{self, Measurement, Plan};
use crate::report::{self, Report};
use crate::stats::median;
use crate::target::Subject;
use crate::work::{Surroundings, WorkPath};

/// The floor's batch when the server does not show its own: about what 32 connections give.
pub(crate) const BATCH_EVENTS_DEFAULT: u16 = 24;

/// The first run, from which the batch is taken, has this share of the events.
const CALIBRATION_SHARE: u32 = 4;

/// What to run.
pub(crate) struct RatiosPlan {
    /// The parts of the path, one after the other.
    pub(crate) paths: Vec<WorkPath>,
    /// Pairs for each path.
    pub(crate) pairs: u8,
    /// Everything but the path of one run.
    pub(crate) load: Plan,
    /// The floor's batch; `None` asks the server.
    pub(crate) batch: Option<u16>,
}

/// The figures of every path.
#[derive(Serialize)]
pub(crate) struct RatiosReport {
    paths: Vec<PathReport>,
}

/// The figures of one path.
#[derive(Serialize)]
struct PathReport {
    path: WorkPath,
    events: u32,
    connections: u16,
    /// The floor's batch.
    floor_batch: u16,
    /// Median of the pairs' ratios.
    ratio: f64,
    pairs: Vec<Pair>,
}

#[derive(Serialize)]
struct Pair {
    floor: Measurement,
    server: Measurement,
    /// Server over floor, CPU for each event.
    ratio: f64,
}

/// Runs all pairs.
///
/// # Errors
/// When a run cannot give a figure.
pub(crate) fn run(plan: &RatiosPlan, surroundings: &Surroundings) -> Result<RatiosReport, BenchError> {
    let paths = plan.paths.iter().map(|path| run_path(plan, *path, surroundings));
    Ok(RatiosReport { paths: paths.collect::<Result<_, _>>()? })
}

/// The floor's batch for a load, refused when the load could never fill it.
///
/// # Errors
/// When it is larger than the number of connections.
pub(crate) fn floor_batch(batch: u16, connections: u16) -> Result<Batch, BenchError> {
    match batch <= connections {
        true => Ok(Batch::Events(batch)),
        false => Err(BenchError::BatchOverConnections { batch, connections }),
    }
}

fn run_path(plan: &RatiosPlan, path: WorkPath, surroundings: &Surroundings) -> Result<PathReport, BenchError> {
    let load = Plan { path, ..plan.load };
    let batch = match plan.batch {
        Some(batch) => batch,
        None => server_batch(&load, surroundings)?,
    };
    let floor = Subject::Floor(floor_batch(batch, load.connections)?);
    let mut pairs = Vec::new();
    for number in 1..=plan.pairs {
        report::progress(&format!("{}: pair {number} of {}", path.name(), plan.pairs));
        let floor = measure::run(floor, &load, surroundings)?;
        let server = measure::run(Subject::Server, &load, surroundings)?;
        let ratio = server.cpu_us_per_event / floor.cpu_us_per_event;
        pairs.push(Pair { floor, server, ratio });
    }
    let ratio = median(pairs.iter().map(|pair| pair.ratio)).ok_or(BenchError::NoSamples)?;
    let Plan { events, connections, .. } = load;
    Ok(PathReport { path, events, connections, floor_batch: batch, ratio, pairs })
}

/// The mean batch of a short run of the server, or the default when the server does not show it.
fn server_batch(load: &Plan, surroundings: &Surroundings) -> Result<u16, BenchError> {
    report::progress(&format!("{}: a first run of the server, for its mean batch", load.path.name()));
    let short = Plan { events: (load.events / CALIBRATION_SHARE).max(1), ..*load };
    let measurement = measure::run(Subject::Server, &Plan { schedule: Schedule::Closed, ..short }, surroundings)?;
    let Some(mean) = measurement.mean_batch else {
        report::progress(&format!("the server shows no batches: the floor takes {BATCH_EVENTS_DEFAULT}"));
        return Ok(BATCH_EVENTS_DEFAULT);
    };
    // A mean batch lies between one event and one for each connection.
    Ok((mean.round() as u16).clamp(1, load.connections))
}

impl Report for RatiosReport {
    fn text(&self) -> String {
        self.paths.iter().map(PathReport::text).collect::<Vec<_>>().join("\n")
    }
}

impl PathReport {
    fn text(&self) -> String {
        let rows: Vec<_> = (1..)
            .zip(&self.pairs)
            .flat_map(|(number, pair)| {
                let ratio = report::two_places(pair.ratio);
                [row(number, "floor", &pair.floor, String::new()), row(number, "server", &pair.server, ratio)]
            })
            .collect();
        let names = [
            "pair",
            "what",
            "CPU µs/event",
            "ratio",
            "events/s",
            "batch",
            "request p50/p99/p99.9 ms",
            "delivery p50/p99/p99.9 ms",
            "idle MiB",
            "peak MiB",
            "twice",
        ];
        let ratios = self.pairs.iter().map(|pair| report::two_places(pair.ratio)).collect::<Vec<_>>().join(" ");
        format!(
            "{} path, {} events over {} connections, floor in batches of {}\n\n{}\nratio: {} (median of {ratios})\n",
            self.path.name(),
            self.events,
            self.connections,
            self.floor_batch,
            report::table(names, &rows),
            report::two_places(self.ratio),
        )
    }
}

fn row(number: usize, what: &str, run: &Measurement, ratio: String) -> [String; 11] {
    [
        number.to_string(),
        what.to_owned(),
        report::one_place(Some(run.cpu_us_per_event)),
        ratio,
        format!("{:.0}", run.events_per_s),
        report::one_place(run.mean_batch),
        report::milliseconds(Some(run.request)),
        report::milliseconds(run.delivery),
        report::mebibytes(run.idle_kib),
        report::mebibytes(run.peak_kib),
        run.repeats.to_string(),
    ]
}
