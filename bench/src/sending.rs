//! `load`: sends events to a server that somebody else started, and shows how they were answered.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::cli::LoadArgs;
use crate::error::BenchError;
use crate::event::Bodies;
use crate::load::{Answers, Ingest, Load, RUN_TIME_MAX, Schedule};
use crate::report::{self, Report};
use crate::stats::Percentiles;
use crate::timeline::Timeline;

/// The figures.
#[derive(Serialize)]
pub(crate) struct SendingReport {
    answers: Answers,
    seconds: f64,
    accepted_per_s: f64,
    accepted: Option<Percentiles>,
}

/// Sends them.
///
/// # Errors
/// When the server accepts no connections.
pub(crate) fn run(args: &LoadArgs) -> Result<SendingReport, BenchError> {
    let ingest = Ingest::from_dsn(&args.dsn)?;
    let schedule = args.rate.map_or(Schedule::Closed, |rate_per_s| {
        // A second more than the events need: what waits for a connection at the end may still go out.
        let needed = Duration::from_secs((args.events / rate_per_s + 1).into());
        Schedule::Open { rate_per_s, lasting: needed.min(RUN_TIME_MAX) }
    });
    let bodies = Arc::new(Bodies::prepare(args.events)?);
    let timeline = Arc::new(Timeline::new(args.events));
    let load = Load { ingests: vec![ingest], connections: args.connections, schedule };
    let outcome = load.run(&bodies, 0..args.events, &timeline)?;
    Ok(SendingReport {
        answers: outcome.answers(),
        seconds: outcome.elapsed.as_secs_f64(),
        accepted_per_s: outcome.accepted_per_s(),
        accepted: outcome.accepted_latency(),
    })
}

impl Report for SendingReport {
    fn text(&self) -> String {
        format!(
            "{}\n\
             {:.0} accepted a second over {:.2} s; answered after {} ms (p50/p99/p99.9)\n",
            self.answers,
            self.accepted_per_s,
            self.seconds,
            report::milliseconds(self.accepted),
        )
    }
}
