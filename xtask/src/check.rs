//! `cargo xtask check`: everything that needs no other tool than the toolchain, in minutes and without the network.
//!
//! The steps run in order and the first that fails ends the run. Nothing is downloaded once the crates of `Cargo.lock` are there.
//! Clippy and rustdoc share what they check; the tests are the only full build.

use std::time::Instant;

use crate::{command, failure::Failure, generated, licences, tidy};

/// One step and what it does.
struct Step {
    name: &'static str,
    action: Action,
}

/// How a step is done.
enum Action {
    /// A cargo command.
    Cargo(&'static [&'static str]),
    /// A cargo command with a variable of the environment.
    CargoWith(&'static [&'static str], (&'static str, &'static str)),
    /// A part of xtask.
    Own(fn() -> Result<(), Failure>),
}

const STEPS: [Step; 7] = [
    Step { name: "fmt", action: Action::Cargo(&["cargo", "fmt", "--all", "--check"]) },
    Step {
        name: "clippy",
        action: Action::Cargo(&["cargo", "clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
    },
    Step {
        name: "doc",
        action: Action::CargoWith(
            &["cargo", "doc", "--workspace", "--no-deps", "--locked"],
            ("RUSTDOCFLAGS", "-D warnings"),
        ),
    },
    Step { name: "test", action: Action::Cargo(&["cargo", "test", "--workspace", "--locked"]) },
    Step { name: "tidy", action: Action::Own(tidy::run) },
    Step { name: "licences", action: Action::Own(licences::run) },
    Step { name: "generated", action: Action::Own(generated::run) },
];

/// Runs all steps.
///
/// # Errors
/// That of the first step that fails.
pub(crate) fn run() -> Result<(), Failure> {
    let begin = Instant::now();
    for step in &STEPS {
        println!("== {}", step.name);
        let step_begin = Instant::now();
        let result = match &step.action {
            Action::Cargo(words) => command::run(words, &[]),
            Action::CargoWith(words, variable) => command::run(words, &[*variable]),
            Action::Own(part) => part(),
        };
        let verdict = if result.is_ok() { "ok" } else { "FAILED" };
        println!("== {}: {verdict} in {:.1} s", step.name, step_begin.elapsed().as_secs_f64());
        result?;
    }
    println!("== check: ok in {:.1} s", begin.elapsed().as_secs_f64());
    Ok(())
}
