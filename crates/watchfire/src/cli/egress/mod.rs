//! `watchfire egress`: what the guard would do with a URL, and whether it holds on this machine.
//!
//! Each command is a file; both ask the guarded client itself, made as `serve` makes it, and neither connects to anything but
//! the name servers.

mod explain;
mod explanation;
mod selftest;

use clap::{Args, Subcommand};

use self::explain::Explain;
use self::selftest::SelfTest;
use super::failure::Failure;
use crate::config::Origins;

/// What a hook waits by default, for the whole attempt.
const LOOK_UP_SECONDS: u64 = model::limits::ATTEMPT_TIMEOUT_SECONDS;

/// What there is to ask.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say whether webhooks would be sent to a URL, step by step
    #[command(after_help = explain::EXAMPLES)]
    Explain(Explain),
    /// Check that the guard holds on this machine, with these settings
    #[command(after_help = selftest::EXAMPLES)]
    Selftest(SelfTest),
}

/// Asks.
pub(super) async fn run(arguments: Arguments, origins: Origins) -> Result<String, Failure> {
    match arguments.action {
        Action::Explain(arguments) => explain::run(arguments, origins).await,
        Action::Selftest(arguments) => selftest::run(arguments, origins).await,
    }
}
