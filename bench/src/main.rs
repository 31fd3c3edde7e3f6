//! Measures Watchfire against floors, and prints ratios.
//!
//! The server is driven through its command line and HTTP alone; nothing here uses its crates. This file turns the command line into
//! plans, runs them one at a time, and shows their reports. README.md says what each figure means.

mod api;
mod child;
mod cli;
mod error;
mod event;
mod floor;
mod floors;
mod hex;
mod idle;
mod isolation;
mod latency;
mod load;
mod measure;
mod metrics;
mod overload;
mod pages;
mod process;
mod ratios;
mod receiver;
mod report;
mod ruled;
mod rules;
mod sending;
mod signature;
mod stats;
mod target;
mod timeline;
mod work;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use cli::{Amount, Cli, Command, FloorServerArgs, IsolationArgs};
use error::BenchError;
use floor::{Batch, FloorHook, FloorOptions};
use isolation::IsolationPlan;
use load::Schedule;
use measure::Plan;
use report::Form;
use work::{Surroundings, WorkPath};

/// The server's allocator too: the floor must not differ in it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit codes: 0 measured, 1 a promise was broken under overload, 2 no figure (a usage error, too).
fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("watchfire-bench: {}", error::chain(&error));
            ExitCode::from(2)
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode, BenchError> {
    let form = if cli.json { Form::Json } else { Form::People };
    let work_folder = cli.work_folder.unwrap_or_else(std::env::temp_dir);
    let surroundings = Surroundings { server: cli.server, work_folder };
    match cli.command {
        Command::Ratios(args) => {
            let load = plan(args.amount, args.connections);
            let plan = ratios::RatiosPlan { paths: args.path.each(), pairs: args.pairs, load, batch: args.batch };
            report::show(&ratios::run(&plan, &surroundings)?, form)?;
        }
        Command::Floor(args) => {
            let load = plan(args.amount, args.connections);
            let (paths, batches) = (args.path.each(), args.batch);
            let plan = floors::FloorsPlan { paths, batches, rounds: args.rounds, load };
            report::show(&floors::run(&plan, &surroundings)?, form)?;
        }
        Command::Latency(args) => {
            let lasting = Duration::from_secs(args.seconds.into());
            let peak = plan(args.amount, args.connections);
            let plan = latency::LatencyPlan { pairs: args.pairs, peak, lasting };
            report::show(&latency::run(&plan, &surroundings)?, form)?;
        }
        Command::Rules(args) => {
            let load = plan(args.amount, args.connections);
            report::show(&ruled::run(args.pairs, &load, &surroundings)?, form)?;
        }
        Command::Idle => report::show(&idle::run(&surroundings)?, form)?,
        Command::Overload(args) => {
            let amount = Amount { events: args.events, warm_up: args.warm_up };
            let peak = Plan { path: args.path, ..plan(amount, args.connections) };
            let lasting = Duration::from_secs(args.seconds.into());
            let drain = Duration::from_secs(args.drain_seconds.into());
            let report = overload::run(&overload::OverloadPlan { peak, lasting, drain }, &surroundings)?;
            report::show(&report, form)?;
            if !report.kept_its_promises() {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Isolation(args) => report::show(&isolation::run(&isolation_plan(&args), &surroundings)?, form)?,
        Command::Pages(args) => {
            let plan = pages::PagesPlan { events: args.events, requests: args.requests };
            report::show(&pages::run(&plan, &surroundings)?, form)?;
        }
        Command::Load(args) => report::show(&sending::run(&args)?, form)?,
        Command::FloorServer(args) => floor::serve(&floor_options(args))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A closed loop; the commands put their own path and schedule in.
fn plan(amount: Amount, connections: u16) -> Plan {
    let Amount { events, warm_up } = amount;
    Plan { path: WorkPath::Full, connections, warm_up, events, schedule: Schedule::Closed }
}

fn isolation_plan(args: &IsolationArgs) -> IsolationPlan {
    IsolationPlan {
        pairs: args.pairs,
        stall: args.stall,
        dead: args.dead,
        connections: args.connections,
        rate_per_s: args.rate,
        peak_events: args.events,
        fed_per_s: args.dead_rate,
        warm_up: args.warm_up,
        backlog: args.dead_backlog,
        lead: Duration::from_secs(args.lead_seconds.into()),
        lasting: Duration::from_secs(args.seconds.into()),
    }
}

fn floor_options(args: FloorServerArgs) -> FloorOptions {
    FloorOptions {
        listen: args.listen,
        data: args.data,
        batch: args.batch.map_or(Batch::WhatWaits, Batch::Events),
        hook: args.hook.zip(args.secret).map(|(url, secret)| FloorHook { url, secret }),
    }
}
