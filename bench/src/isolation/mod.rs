//! `isolation`: what a hook that stalls, or is dead, does to all others. A thousand hooks in ten projects, and one more.
//!
//! Each round is three runs under the same load: *calm*, every endpoint answers; *stalled*, one hook of each of the ten projects
//! does not; *dead*, the single hook that gets its own events does not. The figures are the ratios of the last two to the first.

mod compared;
mod endpoint;
mod fleet;
mod run;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::error::BenchError;
use crate::receiver::Receiver;
use crate::report::{self, Report};
use crate::timeline::Timeline;
use crate::work::Surroundings;
use compared::{Compared, Ratios};
use endpoint::Behaviour;
use fleet::{Fleet, PROJECTS, WATCHED_HOOKS, Ways};
use run::{IsolationRun, Pace};

/// The share of the highest rate that is offered.
const RATE_DIVISOR: f64 = 2.0;

/// How the ten endpoints stall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stall {
    /// Read the request and never answer.
    Silent,
    /// Answer a byte a second.
    Drip,
    /// Accept and never read.
    Unread,
    /// One after the other of these.
    Mixed,
    /// Not at all: shows how much two calm runs differ.
    None,
}

/// How the single endpoint is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Dead {
    /// The port is closed.
    Refuses,
    /// Connections are neither accepted nor refused.
    Swallows,
    /// Reads the request and never answers.
    Silent,
    /// Not at all: shows how much two calm runs differ.
    None,
}

/// What to run.
pub(crate) struct IsolationPlan {
    /// Rounds.
    pub(crate) pairs: u8,
    /// How the ten stall.
    pub(crate) stall: Stall,
    /// How the single one is dead.
    pub(crate) dead: Dead,
    /// Kept-alive connections to the ten projects.
    pub(crate) connections: u16,
    /// Events a second to the ten projects together; `None` is half the highest rate.
    pub(crate) rate_per_s: Option<u32>,
    /// Events sent to find the highest rate.
    pub(crate) peak_events: u32,
    /// Events a second to the single hook's project.
    pub(crate) fed_per_s: u32,
    /// Events to the ten projects before each run's load.
    pub(crate) warm_up: u32,
    /// Events to the single hook's project before each run's load.
    pub(crate) backlog: u32,
    /// The load before anything is measured.
    pub(crate) lead: Duration,
    /// What is measured.
    pub(crate) lasting: Duration,
}

/// The figures.
#[derive(Serialize)]
pub(crate) struct IsolationReport {
    stall: Stall,
    dead: Dead,
    /// `None` when a rate was given.
    highest_per_s: Option<f64>,
    offered_per_s: u32,
    fed_per_s: u32,
    stalled_over_calm: Compared,
    dead_over_calm: Compared,
    rounds: Vec<Round>,
}

/// Three runs under the same load.
#[derive(Serialize)]
struct Round {
    calm: IsolationRun,
    stalled: IsolationRun,
    dead: IsolationRun,
}

/// Finds the highest rate, then runs all rounds at half of it.
///
/// # Errors
/// When a run cannot give a figure.
pub(crate) fn run(plan: &IsolationPlan, surroundings: &Surroundings) -> Result<IsolationReport, BenchError> {
    report::progress("making ten projects of a hundred hooks");
    let receiver = Receiver::start(Arc::new(Timeline::new(0)))?;
    let mut fleet = Fleet::make(receiver, surroundings)?;
    let calm = Ways { stalling: &[Behaviour::Answers], dying: Behaviour::Answers };
    let stalled = Ways { stalling: plan.stall.behaviours(), ..calm };
    let dead = Ways { dying: plan.dead.behaviour(), ..calm };
    let highest_per_s = match plan.rate_per_s {
        Some(_) => None,
        None => {
            report::progress("the highest rate, closed loop, all endpoints well");
            Some(run::highest_per_s(&mut fleet, &calm, (plan.peak_events, plan.connections), surroundings)?)
        }
    };
    let half = highest_per_s.map_or(0.0, |highest| highest / RATE_DIVISOR);
    let offered_per_s = plan.rate_per_s.unwrap_or(half as u32).max(1);
    let pace = Pace {
        connections: plan.connections,
        rate_per_s: offered_per_s,
        fed_per_s: plan.fed_per_s,
        warm_up: plan.warm_up,
        backlog: plan.backlog,
        lead: plan.lead,
        lasting: plan.lasting,
    };
    let mut rounds = Vec::new();
    for number in 1..=plan.pairs {
        let mut step = |what: &str, ways: &Ways| {
            report::progress(&format!("{offered_per_s} events/s: round {number} of {}, {what}", plan.pairs));
            run::run(&mut fleet, ways, &pace, surroundings)
        };
        let (calm, stalled) = (step("calm", &calm)?, step("ten stalled", &stalled)?);
        rounds.push(Round { calm, stalled, dead: step("one dead", &dead)? });
    }
    Ok(IsolationReport {
        stall: plan.stall,
        dead: plan.dead,
        highest_per_s,
        offered_per_s,
        fed_per_s: plan.fed_per_s,
        stalled_over_calm: Compared::of(&rounds, |round| &round.stalled)?,
        dead_over_calm: Compared::of(&rounds, |round| &round.dead)?,
        rounds,
    })
}

impl Stall {
    fn behaviours(self) -> &'static [Behaviour] {
        match self {
            Self::Silent => &[Behaviour::Silent],
            Self::Drip => &[Behaviour::Drips],
            Self::Unread => &[Behaviour::Unread],
            Self::Mixed => &[Behaviour::Silent, Behaviour::Drips, Behaviour::Unread],
            Self::None => &[Behaviour::Answers],
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Silent => "never answers",
            Self::Drip => "answers a byte a second",
            Self::Unread => "never reads",
            Self::Mixed => "never answers, drips or never reads",
            Self::None => "answers",
        }
    }
}

impl Dead {
    fn behaviour(self) -> Behaviour {
        match self {
            Self::Refuses => Behaviour::Refuses,
            Self::Swallows => Behaviour::Swallows,
            Self::Silent => Behaviour::Silent,
            Self::None => Behaviour::Answers,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Refuses => "refuses connections",
            Self::Swallows => "swallows connections",
            Self::Silent => "never answers",
            Self::None => "answers",
        }
    }
}

impl Report for IsolationReport {
    fn text(&self) -> String {
        let ratios = self.stalled_over_calm.rounds.iter().zip(&self.dead_over_calm.rounds);
        let rows: Vec<_> = (1..)
            .zip(self.rounds.iter().zip(ratios))
            .flat_map(|(number, (round, (stalled, dead)))| {
                [
                    row(number, "calm", &round.calm, None),
                    row(number, "stalled", &round.stalled, Some(stalled)),
                    row(number, "dead", &round.dead, Some(dead)),
                ]
            })
            .collect();
        let names = [
            "round",
            "what",
            "delivery p50/p99/p99.9 ms",
            "p99 ratio",
            "request p50/p99/p99.9 ms",
            "writer µs/event",
            "ratio",
            "commits/s",
            "CPU µs/event",
            "disk KiB/event",
            "RSS MiB",
            "peak MiB",
        ];
        let highest = self.highest_per_s.map_or_else(String::new, |highest| format!(" (highest: {highest:.0})"));
        let hooks = PROJECTS * (WATCHED_HOOKS + 1);
        format!(
            "{hooks} hooks in {PROJECTS} projects at {} events/s{highest}, one more hook at {} events/s\n\n{}\n\
             stalled: {PROJECTS} of {hooks} hooks, each of which {}\n{}\n\
             dead: the one more, which {}\n{}",
            self.offered_per_s,
            self.fed_per_s,
            report::table(names, &rows),
            self.stall.words(),
            summary(&self.stalled_over_calm),
            self.dead.words(),
            summary(&self.dead_over_calm),
        )
    }
}

fn summary(compared: &Compared) -> String {
    let line = |name: &str, field: fn(&Ratios) -> f64| {
        let all = compared.rounds.iter().map(|ratios| report::two_places(field(ratios))).collect::<Vec<_>>();
        format!("ratio of {name}: {} (median of {})\n", report::two_places(field(&compared.median)), all.join(" "))
    };
    format!(
        "{}ratio of the others' p99, all rounds together: {}\n{}{}{}",
        line("the others' p99", |ratios| ratios.p99),
        report::two_places(compared.p99_of_all),
        line("the writer's time for each event", |ratios| ratios.writer),
        line("RSS at the end", |ratios| ratios.resident),
        line("RSS at its peak", |ratios| ratios.peak),
    )
}

fn row(number: usize, what: &str, run: &IsolationRun, ratios: Option<&Ratios>) -> [String; 12] {
    let ratio = |field: fn(&Ratios) -> f64| ratios.map(field).map_or_else(String::new, report::two_places);
    [
        number.to_string(),
        what.to_owned(),
        report::milliseconds(Some(run.delivery)),
        ratio(|ratios| ratios.p99),
        report::milliseconds(Some(run.request)),
        report::one_place(Some(run.writer_us_per_event)),
        ratio(|ratios| ratios.writer),
        format!("{:.0}", run.commits_per_s),
        report::one_place(Some(run.cpu_us_per_event)),
        report::one_place(Some(run.written_kib_per_event)),
        report::mebibytes(run.resident_kib),
        report::mebibytes(run.peak_kib),
    ]
}

#[cfg(test)]
mod tests {
    use super::compared::tests::run_of;
    use super::*;

    #[test]
    fn mixed_stalls_are_of_every_kind() {
        let alone = [Stall::Silent, Stall::Drip, Stall::Unread].map(Stall::behaviours).concat();
        assert_eq!(Stall::Mixed.behaviours(), alone);
    }

    #[test]
    fn a_report_shows_every_round_and_the_medians() {
        let rounds = vec![Round {
            calm: run_of(vec![1_000], 50.0, 1_024),
            stalled: run_of(vec![1_250], 50.0, 1_024),
            dead: run_of(vec![1_000], 55.0, 1_024),
        }];
        let report = IsolationReport {
            stall: Stall::Mixed,
            dead: Dead::Refuses,
            highest_per_s: Some(120.4),
            offered_per_s: 60,
            fed_per_s: 100,
            stalled_over_calm: Compared::of(&rounds, |round| &round.stalled).unwrap(),
            dead_over_calm: Compared::of(&rounds, |round| &round.dead).unwrap(),
            rounds,
        };
        let text = report.text();
        assert!(text.starts_with("1000 hooks in 10 projects at 60 events/s (highest: 120), one more hook at 100"));
        assert_eq!(text.matches("ratio of the others' p99: ").count(), 2);
        assert!(text.contains("ratio of the others' p99: 1.25 (median of 1.25)"), "{text}");
        assert!(text.contains("ratio of the others' p99, all rounds together: 1.25"), "{text}");
        assert!(text.contains("ratio of the writer's time for each event: 1.10 (median of 1.10)"), "{text}");
    }
}
