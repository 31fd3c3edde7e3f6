//! Runs over calm runs: the ratios of each round, their medians, and one over the deliveries of all rounds. Pure.

use serde::Serialize;

use super::Round;
use super::run::IsolationRun;
use crate::error::BenchError;
use crate::stats::{Percentiles, median};

/// A kind of run over the calm one.
#[derive(Serialize)]
pub(super) struct Compared {
    /// The rounds' ratios, in their order.
    pub(super) rounds: Vec<Ratios>,
    /// The median of each by itself.
    pub(super) median: Ratios,
    /// p99 over the deliveries of all rounds together.
    pub(super) p99_of_all: f64,
}

/// One run over another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Ratios {
    /// p99 from send to a watched hook's receiver.
    pub(super) p99: f64,
    /// The writer's time for each event.
    pub(super) writer: f64,
    /// Resident memory when the load ended.
    pub(super) resident: f64,
    /// The most resident memory.
    pub(super) peak: f64,
}

impl Compared {
    /// Compares one run of each round with the round's calm one.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn of(rounds: &[Round], which: fn(&Round) -> &IsolationRun) -> Result<Self, BenchError> {
        let ratios: Vec<_> = rounds.iter().map(|round| Ratios::of(which(round), &round.calm)).collect();
        let p99 = |run: fn(&Round) -> &IsolationRun| {
            let all = rounds.iter().flat_map(|round| run(round).deliveries_us.iter().copied()).collect();
            Percentiles::of(all).map(|found| f64::from(found.p99_us)).ok_or(BenchError::NoSamples)
        };
        let p99_of_all = p99(which)? / p99(|round| &round.calm)?;
        Ok(Self { median: Ratios::median(&ratios)?, p99_of_all, rounds: ratios })
    }
}

impl Ratios {
    fn of(run: &IsolationRun, calm: &IsolationRun) -> Self {
        Self {
            p99: f64::from(run.delivery.p99_us) / f64::from(calm.delivery.p99_us),
            writer: run.writer_us_per_event / calm.writer_us_per_event,
            resident: run.resident_kib as f64 / calm.resident_kib as f64,
            peak: run.peak_kib as f64 / calm.peak_kib as f64,
        }
    }

    fn median(of: &[Self]) -> Result<Self, BenchError> {
        let middle = |field: fn(&Self) -> f64| median(of.iter().map(field)).ok_or(BenchError::NoSamples);
        Ok(Self {
            p99: middle(|ratios| ratios.p99)?,
            writer: middle(|ratios| ratios.writer)?,
            resident: middle(|ratios| ratios.resident)?,
            peak: middle(|ratios| ratios.peak)?,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A run whose deliveries took these times.
    pub(in crate::isolation) fn run_of(deliveries_us: Vec<u32>, writer_us: f64, resident_kib: u64) -> IsolationRun {
        IsolationRun {
            delivery: Percentiles::of(deliveries_us.clone()).unwrap(),
            deliveries_us,
            request: Percentiles { p50_us: 1, p99_us: 2, p999_us: 3 },
            writer_us_per_event: writer_us,
            commits_per_s: 10.0,
            cpu_us_per_event: 1.0,
            written_kib_per_event: 1.0,
            resident_kib,
            peak_kib: resident_kib * 2,
            repeats: 0,
        }
    }

    #[test]
    fn each_run_is_compared_with_the_calm_one_of_its_round() {
        let calm = || run_of(vec![1_000], 50.0, 1_024);
        let rounds =
            [Round { calm: calm(), stalled: run_of(vec![1_100], 100.0, 2_048), dead: run_of(vec![900], 25.0, 1_024) }];
        let stalled = Compared::of(&rounds, |round| &round.stalled).unwrap();
        assert_eq!(stalled.rounds, [Ratios { p99: 1.1, writer: 2.0, resident: 2.0, peak: 2.0 }]);
        assert_eq!(stalled.median, stalled.rounds[0]);
        let dead = Compared::of(&rounds, |round| &round.dead).unwrap();
        assert_eq!(dead.median, Ratios { p99: 0.9, writer: 0.5, resident: 1.0, peak: 1.0 });
        assert!(Compared::of(&[], |round| &round.dead).is_err());
    }

    #[test]
    fn the_median_of_each_ratio_is_taken_by_itself() {
        let ratios = |p99, writer| Ratios { p99, writer, resident: 1.0, peak: 1.0 };
        let middle = Ratios::median(&[ratios(1.0, 9.0), ratios(3.0, 8.0), ratios(2.0, 7.0)]).unwrap();
        assert_eq!(middle, ratios(2.0, 8.0));
    }

    #[test]
    fn the_p99_of_all_is_taken_over_the_deliveries_of_every_round() {
        let round = |calm_us, stalled_us| Round {
            calm: run_of(vec![calm_us; 100], 1.0, 1),
            stalled: run_of(vec![stalled_us; 100], 1.0, 1),
            dead: run_of(vec![1], 1.0, 1),
        };
        let stalled = Compared::of(&[round(100, 100), round(400, 200)], |round| &round.stalled).unwrap();
        assert!((stalled.median.p99 - 0.75).abs() < 1e-9);
        assert!((stalled.p99_of_all - 0.5).abs() < 1e-9);
    }
}
