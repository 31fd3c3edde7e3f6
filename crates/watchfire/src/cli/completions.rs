//! `watchfire completions`: a script for the user's shell.

use clap::{Args, Command};
use clap_complete::Shell;

use super::failure::Failure;

pub(super) const EXAMPLES: &str = "\
Examples:
  watchfire completions bash > ~/.local/share/bash-completion/completions/watchfire
  watchfire completions zsh > ~/.zfunc/_watchfire
  watchfire completions fish > ~/.config/fish/completions/watchfire.fish";

/// What `completions` is told.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Makes the script.
pub(super) fn run(arguments: &Arguments, mut commands: Command) -> Result<String, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut commands, "watchfire", &mut script);
    Ok(String::from_utf8_lossy(&script).into_owned())
}
