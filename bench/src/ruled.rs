//! `rules`: what many rules cost. The same server on the same load, with an empty project and with 500 rules and 100 hooks that
//! wait for their alerts, in turn; the figure is the ratio of CPU for each event.

use serde::Serialize;

use crate::error::BenchError;
use crate::measure::{self, Measurement, Plan};
use crate::report::{self, Report};
use crate::rules::{HOOKS, RULES};
use crate::stats::median;
use crate::target::Subject;
use crate::work::{Surroundings, WorkPath};

/// The figures.
#[derive(Serialize)]
pub(crate) struct RulesReport {
    rules: usize,
    hooks: usize,
    /// Median of the pairs' ratios.
    ratio: f64,
    pairs: Vec<Pair>,
}

#[derive(Serialize)]
struct Pair {
    without: Measurement,
    with: Measurement,
    /// With over without, CPU for each event.
    ratio: f64,
}

/// Runs all pairs.
///
/// # Errors
/// When a run cannot give a figure.
pub(crate) fn run(pairs: u8, load: &Plan, surroundings: &Surroundings) -> Result<RulesReport, BenchError> {
    let mut found = Vec::new();
    for number in 1..=pairs {
        report::progress(&format!("pair {number} of {pairs}"));
        let without = measure::run(Subject::Server, &Plan { path: WorkPath::Ingest, ..*load }, surroundings)?;
        let with = measure::run(Subject::Server, &Plan { path: WorkPath::Ruled, ..*load }, surroundings)?;
        let ratio = with.cpu_us_per_event / without.cpu_us_per_event;
        found.push(Pair { without, with, ratio });
    }
    let ratio = median(found.iter().map(|pair| pair.ratio)).ok_or(BenchError::NoSamples)?;
    Ok(RulesReport { rules: RULES, hooks: HOOKS, ratio, pairs: found })
}

impl Report for RulesReport {
    fn text(&self) -> String {
        let rows: Vec<_> = (1..)
            .zip(&self.pairs)
            .flat_map(|(number, pair)| {
                let ratio = report::two_places(pair.ratio);
                [row(number, "none", &pair.without, String::new()), row(number, "rules", &pair.with, ratio)]
            })
            .collect();
        let names =
            ["pair", "what", "CPU µs/event", "ratio", "events/s", "batch", "request p50/p99/p99.9 ms", "peak MiB"];
        let ratios = self.pairs.iter().map(|pair| report::two_places(pair.ratio)).collect::<Vec<_>>().join(" ");
        format!(
            "{} rules and {} hooks on one project, over none\n\n{}\nratio: {} (median of {ratios})\n",
            self.rules,
            self.hooks,
            report::table(names, &rows),
            report::two_places(self.ratio),
        )
    }
}

fn row(number: usize, what: &str, run: &Measurement, ratio: String) -> [String; 8] {
    [
        number.to_string(),
        what.to_owned(),
        report::one_place(Some(run.cpu_us_per_event)),
        ratio,
        format!("{:.0}", run.events_per_s),
        report::one_place(run.mean_batch),
        report::milliseconds(Some(run.request)),
        report::mebibytes(run.peak_kib),
    ]
}
