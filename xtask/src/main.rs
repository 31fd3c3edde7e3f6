//! `cargo xtask`: the habits of the house as programs. `check` is what to run before a push; `scripts/test` builds on it.
//!
//! Uses the standard library and `serde_json` alone, so that it is built in seconds. Exit codes: 0 all is well, 1 something was found
//! or failed, 2 the words were not understood.

mod check;
mod command;
mod failure;
mod generated;
mod licences;
mod rust;
mod summary;
mod tidy;
mod workspace;

use std::{env, process::ExitCode};

use crate::failure::Failure;

const HELP: &str = "\
cargo xtask COMMAND

  check       fmt, clippy, doc, test, tidy, licences, generated: stops at the first that fails
  tidy        the habits that no compiler checks
  licences    licences and unwanted crates among the dependencies
  generated   makes generated files again; fails when one was stale
  summary     [LOG]... [--ignored LOG] [--broken N]: adds up the `test result:` lines of test logs
";

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure @ Failure::Usage { .. }) => {
            eprint!("error: {failure}\n\n{HELP}");
            ExitCode::from(2)
        }
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[String]) -> Result<(), Failure> {
    let (command, rest) = words.split_first().ok_or(Failure::Usage { problem: "a command is missing" })?;
    match (command.as_str(), rest) {
        ("summary", logs) => summary::run(logs),
        (_, [_, ..]) => Err(Failure::Usage { problem: "too many words" }),
        ("check", []) => check::run(),
        ("tidy", []) => tidy::run(),
        ("licences", []) => licences::run(),
        ("generated", []) => generated::run(),
        ("help" | "--help" | "-h", []) => {
            print!("{HELP}");
            Ok(())
        }
        _ => Err(Failure::Usage { problem: "no such command" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_no_command_are_refused() {
        for words in
            [&[][..], &["no-such"], &["tidy", "too-much"], &["summary", "--ignored"], &["summary", "--broken", "x"]]
        {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert!(matches!(run(&words), Err(Failure::Usage { .. })), "{words:?}");
        }
    }
}
