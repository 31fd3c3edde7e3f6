//! The command line: what can be said, in one place; what is done about it, in one file for each command.
//!
//! Every command has the same shape: `Arguments` as the parser fills them, and `run`, which gives the text to print. Only
//! [`main`] prints, and only it chooses the exit code. Refuses to know how things are done: that is `provision`'s, the
//! store's and the wiring's matter.

mod backup;
mod completions;
mod config;
mod exit;
mod failure;
mod init;
mod report;
mod restore;
mod send;
mod serve;
mod stores;
mod token;
mod user;
mod verify;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{Environment, Layers, Origins, SettingFlags, Settings, with_variables_in_help};

pub use exit::Exit;
pub use failure::Failure;

/// Everything that can be said.
#[derive(Debug, Parser)]
#[command(name = "watchfire", version, about, long_about = None, after_help = exit::HELP, disable_help_subcommand = true)]
struct CommandLine {
    /// Configuration file; else watchfire.toml, if it is there [env: WATCHFIRE_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take events and send webhooks, until told to stop
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(SettingFlags),
    /// Make the first organization, project, user and token, or look them up
    #[command(after_help = init::EXAMPLES)]
    Init(init::Arguments),
    /// Make, list and revoke API tokens
    Token(token::Arguments),
    /// Make and list users, and set their passwords
    User(user::Arguments),
    /// Write a copy of the store to a file, also while it is being served
    #[command(after_help = backup::EXAMPLES)]
    Backup(backup::Arguments),
    /// Put a backup into an empty data folder
    #[command(after_help = restore::EXAMPLES)]
    Restore(restore::Arguments),
    /// Send an event to a DSN, as an SDK would
    #[command(after_help = send::EXAMPLES)]
    Send(send::Arguments),
    /// Check the signature of a webhook that you have received
    #[command(after_help = verify::EXAMPLES)]
    Verify(verify::Arguments),
    /// Show settings and limits
    Config(config::Arguments),
    /// Print a script that completes commands and flags in your shell
    #[command(after_help = completions::EXAMPLES)]
    Completions(completions::Arguments),
}

const SERVE_EXAMPLES: &str = "\
Every flag can also be written as an environment variable or as a key of watchfire.toml, the flag's name without its dashes:
    listen = \"0.0.0.0:9000\"
    egress-allow = [\"10.0.0.0/8\", \"hooks.corp.internal\"]
A flag counts before its variable, and that before the file. `watchfire config show` says where each value comes from.

Examples:
  On your own machine; hooks may go to localhost:
    watchfire serve --dev
  Behind a proxy that ends TLS:
    watchfire serve --url https://watchfire.example.com --trusted-proxy 10.0.0.0/8 --data /var/lib/watchfire";

/// Runs the process.
pub fn main() -> ExitCode {
    let outcome = parse(std::env::args_os().collect(), &Environment::of_process()).and_then(Invocation::run);
    match outcome.and_then(|text| report::print(&text)) {
        Ok(()) => Exit::Done.into(),
        Err(failure) => report::fail(&failure).into(),
    }
}

/// A command with everything that it was told.
#[derive(Debug)]
struct Invocation {
    command: Command,
    origins: Origins,
    environment: Environment,
}

/// The commands with what environment and file say, and the arguments read by them.
fn parse(arguments: Vec<OsString>, environment: &Environment) -> Result<Invocation, Failure> {
    let root = CommandLine::command();
    let file = named_file(&arguments);
    // Help must come even where the file is broken: it may be what explains the file.
    let layers = match Layers::read(&root, file, environment) {
        Ok(layers) => layers,
        Err(error) => {
            return Err(match with_variables_in_help(root).try_get_matches_from(&arguments) {
                Err(asked) if !asked.use_stderr() => asked.into(),
                _ => error.into(),
            });
        }
    };
    let commands = layers.apply(with_variables_in_help(root.clone()));
    let matches = commands.try_get_matches_from(&arguments).map_err(|error| match layers.blame(&error) {
        Some(blamed) => Failure::from(blamed),
        None => Failure::from(error),
    })?;
    let command = CommandLine::from_arg_matches(&matches)?.command;
    Ok(Invocation { command, origins: layers.origins(&root, &matches), environment: environment.clone() })
}

/// The file that `--config` names, wherever it stands: it is needed before the arguments can be read.
fn named_file(arguments: &[OsString]) -> Option<&Path> {
    let mut arguments = arguments.iter().take_while(|argument| *argument != "--");
    while let Some(argument) = arguments.next() {
        if argument == "--config" {
            return arguments.next().map(Path::new);
        }
        if let Some(file) = argument.to_str().and_then(|text| text.strip_prefix("--config=")) {
            return Some(Path::new(file));
        }
    }
    None
}

impl Invocation {
    /// Does what was asked; gives what to print.
    fn run(self) -> Result<String, Failure> {
        match self.command {
            Command::Serve(flags) => on(Threads::Many, serve::run(Settings::meant(flags, self.origins)?)),
            Command::Init(arguments) => on(Threads::One, init::run(arguments)),
            Command::Token(arguments) => on(Threads::One, token::run(arguments)),
            Command::User(arguments) => on(Threads::One, user::run(arguments)),
            Command::Backup(arguments) => on(Threads::One, backup::run(arguments)),
            Command::Restore(arguments) => restore::run(&arguments),
            Command::Send(arguments) => on(Threads::One, send::run(arguments)),
            Command::Verify(arguments) => verify::run(&arguments, self.environment.get(verify::SECRET_VARIABLE)),
            Command::Config(arguments) => config::run(arguments, self.origins),
            Command::Completions(arguments) => completions::run(&arguments, CommandLine::command()),
        }
    }
}

/// How many threads a command needs.
#[derive(Debug, Clone, Copy)]
enum Threads {
    One,
    Many,
}

fn on(threads: Threads, command: impl Future<Output = Result<String, Failure>>) -> Result<String, Failure> {
    let mut builder = match threads {
        Threads::One => tokio::runtime::Builder::new_current_thread(),
        Threads::Many => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.enable_all().build().map_err(Failure::Runtime)?.block_on(command)
}
