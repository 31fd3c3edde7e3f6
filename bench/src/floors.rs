//! `floor`: the floor alone, at several batch sizes. Needs no server; shows what a commit shared by more events saves.

use serde::Serialize;

use crate::error::BenchError;
use crate::measure::{self, Measurement, Plan};
use crate::ratios::floor_batch;
use crate::report::{self, Report};
use crate::stats::median;
use crate::target::Subject;
use crate::work::{Surroundings, WorkPath};

/// What to run.
pub(crate) struct FloorsPlan {
    /// The parts of the path.
    pub(crate) paths: Vec<WorkPath>,
    /// Transaction sizes.
    pub(crate) batches: Vec<u16>,
    /// Runs of each.
    pub(crate) rounds: u8,
    /// Everything but the path of one run; its connections are raised to what a batch needs.
    pub(crate) load: Plan,
}

/// The figures.
#[derive(Serialize)]
pub(crate) struct FloorsReport {
    floors: Vec<FloorReport>,
}

#[derive(Serialize)]
struct FloorReport {
    path: WorkPath,
    batch: u16,
    connections: u16,
    /// Median of the runs.
    cpu_us_per_event: f64,
    runs: Vec<Measurement>,
}

/// Runs every path at every batch size.
///
/// # Errors
/// When a run cannot give a figure.
pub(crate) fn run(plan: &FloorsPlan, surroundings: &Surroundings) -> Result<FloorsReport, BenchError> {
    let mut floors = Vec::new();
    for path in &plan.paths {
        for batch in &plan.batches {
            floors.push(run_floor(plan, *path, *batch, surroundings)?);
        }
    }
    Ok(FloorsReport { floors })
}

fn run_floor(
    plan: &FloorsPlan,
    path: WorkPath,
    batch: u16,
    surroundings: &Surroundings,
) -> Result<FloorReport, BenchError> {
    let connections = enough_connections(plan.load.connections, batch);
    let load = Plan { path, connections, ..plan.load };
    let floor = Subject::Floor(floor_batch(batch, connections)?);
    let mut runs = Vec::new();
    for number in 1..=plan.rounds {
        report::progress(&format!("{} floor in batches of {batch}: run {number} of {}", path.name(), plan.rounds));
        runs.push(measure::run(floor, &load, surroundings)?);
    }
    let cpu_us_per_event = median(runs.iter().map(|run| run.cpu_us_per_event)).ok_or(BenchError::NoSamples)?;
    Ok(FloorReport { path, batch, connections, cpu_us_per_event, runs })
}

/// A third more than a batch, so that the next batch gathers while one is written.
fn enough_connections(asked: u16, batch: u16) -> u16 {
    asked.max(batch.saturating_add(batch / 3))
}

impl Report for FloorsReport {
    fn text(&self) -> String {
        let rows: Vec<_> = self.floors.iter().flat_map(FloorReport::rows).collect();
        let names = [
            "path",
            "batch",
            "connections",
            "CPU µs/event",
            "events/s",
            "mean batch",
            "request p50/p99/p99.9 ms",
            "delivery p50/p99/p99.9 ms",
        ];
        let medians = self.floors.iter().map(|floor| {
            let cpu = report::one_place(Some(floor.cpu_us_per_event));
            format!("{} floor at {}: {cpu} µs (median of {})\n", floor.path.name(), floor.batch, floor.runs.len())
        });
        format!("{}\n{}", report::table(names, &rows), medians.collect::<String>())
    }
}

impl FloorReport {
    fn rows(&self) -> impl Iterator<Item = [String; 8]> {
        self.runs.iter().map(|run| {
            [
                self.path.name().to_owned(),
                self.batch.to_string(),
                self.connections.to_string(),
                report::one_place(Some(run.cpu_us_per_event)),
                format!("{:.0}", run.events_per_s),
                report::one_place(run.mean_batch),
                report::milliseconds(Some(run.request)),
                report::milliseconds(run.delivery),
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_raised_to_what_a_batch_needs() {
        assert_eq!(enough_connections(32, 24), 32);
        assert_eq!(enough_connections(32, 200), 266);
    }
}
