//! The command line: what each command may be told, and its defaults. Runs nothing; `main` does.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::isolation::{Dead, Stall};
use crate::work::WorkPath;

/// Measures Watchfire against floors, on this machine, in one run.
#[derive(Parser)]
#[command(version, about)]
pub(crate) struct Cli {
    /// What to measure.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// The server's program.
    #[arg(long, global = true, default_value = "target/release/watchfire")]
    pub(crate) server: PathBuf,
    /// Where data folders are made: a folder on a real disk, or commits cost nothing [default: the system's].
    #[arg(long, global = true)]
    pub(crate) work_folder: Option<PathBuf>,
    /// Print JSON instead of tables.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What to measure.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// CPU for each event, server over floor, in alternating pairs.
    Ratios(RatiosArgs),
    /// The floor alone, at several batch sizes; needs no server.
    Floor(FloorArgs),
    /// From sender to receiver at half the highest rate, server over floor.
    Latency(LatencyArgs),
    /// CPU for each event of a project with 500 rules and 100 hooks, over one with none.
    Rules(RulesArgs),
    /// Memory when there is nothing to do.
    Idle,
    /// Twice the highest rate, and what becomes of it.
    Overload(OverloadArgs),
    /// A thousand hooks with ten that stall, and with one dead, over the same with all well.
    Isolation(IsolationArgs),
    /// Pages of the web UI on a full store, beside the same on one that is nearly empty.
    Pages(PagesArgs),
    /// Sends events to a running server.
    Load(LoadArgs),
    /// The floor as a process; the other commands start it.
    #[command(hide = true)]
    FloorServer(FloorServerArgs),
}

/// Which part of the path.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Paths {
    /// No hook.
    Ingest,
    /// One hook.
    Full,
    /// One after the other.
    Both,
}

/// How much is sent.
#[derive(Args)]
pub(crate) struct Amount {
    /// Events of each measured run.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) events: u32,
    /// Events before each measured run.
    #[arg(long, default_value_t = 2_000)]
    pub(crate) warm_up: u32,
}

/// Options of `ratios`.
#[derive(Args)]
pub(crate) struct RatiosArgs {
    /// Which part of the path.
    #[arg(long, value_enum, default_value_t = Paths::Both)]
    pub(crate) path: Paths,
    /// Pairs of a floor's and a server's run.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) pairs: u8,
    /// How much is sent.
    #[command(flatten)]
    pub(crate) amount: Amount,
    /// Kept-alive connections.
    #[arg(long, default_value_t = 32)]
    pub(crate) connections: u16,
    /// Events in each of the floor's transactions [default: the server's mean].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) batch: Option<u16>,
}

/// Options of `rules`.
#[derive(Args)]
pub(crate) struct RulesArgs {
    /// Pairs of a run without rules and one with.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) pairs: u8,
    /// How much is sent.
    #[command(flatten)]
    pub(crate) amount: Amount,
    /// Kept-alive connections.
    #[arg(long, default_value_t = 32)]
    pub(crate) connections: u16,
}

/// Options of `pages`.
#[derive(Args)]
pub(crate) struct PagesArgs {
    /// Events of the full store, each with a delivery.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(20..))]
    pub(crate) events: u32,
    /// Requests for each page and store.
    #[arg(long, default_value_t = 200)]
    pub(crate) requests: usize,
}

/// Options of `floor`.
#[derive(Args)]
pub(crate) struct FloorArgs {
    /// Which part of the path.
    #[arg(long, value_enum, default_value_t = Paths::Both)]
    pub(crate) path: Paths,
    /// Events in each transaction; several sizes with commas.
    #[arg(long, value_delimiter = ',', default_value = "16,32,200", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) batch: Vec<u16>,
    /// Runs of each.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) rounds: u8,
    /// How much is sent.
    #[command(flatten)]
    pub(crate) amount: Amount,
    /// Kept-alive connections; more where a batch needs them.
    #[arg(long, default_value_t = 32)]
    pub(crate) connections: u16,
}

/// Options of `latency`.
#[derive(Args)]
pub(crate) struct LatencyArgs {
    /// Pairs of a floor's and a server's run.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) pairs: u8,
    /// How much is sent to find the highest rate.
    #[command(flatten)]
    pub(crate) amount: Amount,
    /// Kept-alive connections.
    #[arg(long, default_value_t = 32)]
    pub(crate) connections: u16,
    /// Seconds of each run.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=300))]
    pub(crate) seconds: u16,
}

/// Options of `overload`.
#[derive(Args)]
pub(crate) struct OverloadArgs {
    /// Which part of the path: ingest or full.
    #[arg(long, value_enum, default_value_t = WorkPath::Full)]
    pub(crate) path: WorkPath,
    /// Events sent to find the highest rate: some seconds of them, for a store takes more in its first second than it can
    /// go on taking.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) events: u32,
    /// Events before each measured run.
    #[arg(long, default_value_t = 2_000)]
    pub(crate) warm_up: u32,
    /// Kept-alive connections.
    #[arg(long, default_value_t = 512)]
    pub(crate) connections: u16,
    /// Seconds for which twice the highest rate is offered.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=300))]
    pub(crate) seconds: u16,
    /// Seconds that webhooks may take after the last answer.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u16).range(1..=600))]
    pub(crate) drain_seconds: u16,
}

/// Options of `isolation`.
#[derive(Args)]
pub(crate) struct IsolationArgs {
    /// Rounds: a calm run, one with ten hooks stalled and one with one dead hook.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) pairs: u8,
    /// How the ten stall.
    #[arg(long, value_enum, default_value_t = Stall::Silent)]
    pub(crate) stall: Stall,
    /// How the one is dead.
    #[arg(long, value_enum, default_value_t = Dead::Refuses)]
    pub(crate) dead: Dead,
    /// Events a second to the ten projects, each owed to a hundred hooks [default: half the highest].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,
    /// Events sent to find the highest rate.
    #[arg(long, default_value_t = 800, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) events: u32,
    /// Events a second to the one hook.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) dead_rate: u32,
    /// Events to the one hook before each run's load, as fast as answers come: what it would have got in a minute.
    #[arg(long, default_value_t = 6_000)]
    pub(crate) dead_backlog: u32,
    /// Kept-alive connections to the ten projects.
    #[arg(long, default_value_t = 32)]
    pub(crate) connections: u16,
    /// Events to the ten projects before each run's load, as fast as they come through: enough that a lane that fails holds no
    /// more, so that what stalls has turned to the ledger.
    #[arg(long, default_value_t = 800)]
    pub(crate) warm_up: u32,
    /// Seconds of load before anything is measured: with the warm-up more than a hook's timeout, so that attempts time out.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=300))]
    pub(crate) lead_seconds: u16,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=300))]
    pub(crate) seconds: u16,
}

/// Options of `load`.
#[derive(Args)]
pub(crate) struct LoadArgs {
    /// Where to, over loopback: `http://KEY@127.0.0.1:9000/1`.
    #[arg(long)]
    pub(crate) dsn: String,
    /// Events to send.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) events: u32,
    /// Kept-alive connections.
    #[arg(long, default_value_t = 32)]
    pub(crate) connections: u16,
    /// Events a second, whatever the answers do [default: as fast as answers come].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,
}

/// Options of `floor-server`.
#[derive(Args)]
pub(crate) struct FloorServerArgs {
    /// Where it listens.
    #[arg(long)]
    pub(crate) listen: SocketAddr,
    /// A folder for its database.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Events in each transaction [default: what waits].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) batch: Option<u16>,
    /// Where each event is posted [default: nowhere].
    #[arg(long, requires = "secret")]
    pub(crate) hook: Option<String>,
    /// The key of its signatures.
    #[arg(long, requires = "hook")]
    pub(crate) secret: Option<String>,
}

impl Paths {
    /// The paths one after the other.
    pub(crate) fn each(self) -> Vec<WorkPath> {
        match self {
            Self::Ingest => vec![WorkPath::Ingest],
            Self::Full => vec![WorkPath::Full],
            Self::Both => vec![WorkPath::Ingest, WorkPath::Full],
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn batches_are_given_with_commas_and_no_batch_is_empty() {
        let cli = Cli::try_parse_from(["watchfire-bench", "floor", "--batch", "8,64"]).unwrap();
        assert!(matches!(cli.command, Command::Floor(FloorArgs { batch, .. }) if batch == [8, 64]));
        assert!(Cli::try_parse_from(["watchfire-bench", "floor", "--batch", "0"]).is_err());
    }
}
