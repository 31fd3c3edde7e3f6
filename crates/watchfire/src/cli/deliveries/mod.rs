//! `watchfire deliveries`: the delivery log of a hook, and sending again, over the API.
//!
//! Responsible for which actions there are; each has a file, `view` has what they read of the API and `timing` the bar of an
//! attempt. Whatever is shown was written by somebody else: nothing in it may steer a terminal.

mod list;
mod outcomes;
mod redeliver;
mod replay;
mod replays;
mod show;
mod timing;
mod view;
mod watch;

use clap::{Args, Subcommand};

use super::failure::Failure;
use crate::config::Origins;

/// What to do.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the deliveries of a hook, the newest first
    #[command(after_help = list::EXAMPLES)]
    List(list::List),
    /// Show one delivery with every attempt: timing, headers, answer
    #[command(after_help = show::EXAMPLES)]
    Show(show::Show),
    /// Send one delivery again: the same id, the same bytes
    #[command(after_help = redeliver::EXAMPLES)]
    Redeliver(redeliver::Redeliver),
    /// Send again what was not delivered in a period
    #[command(after_help = replay::EXAMPLES)]
    Replay(replay::Replay),
    /// List the replays of a hook, the newest first
    #[command(after_help = replays::LIST_EXAMPLES)]
    Replays(replays::Replays),
    /// Stop a replay; what it has sent again stays so
    #[command(after_help = replays::STOP_EXAMPLES)]
    StopReplay(replays::StopReplay),
    /// Show what happens to the deliveries of a hook, as it happens, until Ctrl-C
    #[command(after_help = watch::EXAMPLES)]
    Watch(watch::Watch),
}

/// Does what was asked.
pub(super) async fn run(arguments: Arguments, origins: Origins) -> Result<String, Failure> {
    match arguments.action {
        Action::List(arguments) => list::run(arguments, &origins).await,
        Action::Show(arguments) => show::run(arguments, &origins).await,
        Action::Redeliver(arguments) => redeliver::run(arguments, &origins).await,
        Action::Replay(arguments) => replay::run(arguments, &origins).await,
        Action::Replays(arguments) => replays::list(arguments, &origins).await,
        Action::StopReplay(arguments) => replays::stop(arguments, &origins).await,
        Action::Watch(arguments) => watch::run(arguments, &origins).await,
    }
}
