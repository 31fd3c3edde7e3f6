//! The programs that raise: found by the environment that `scripts/test` sets, run to their end.

use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::Value;

use super::expect::Sdk;

/// The folder of the programs.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/sdk");

/// What `raise.py` and `raise.mjs` say when they have sent everything.
#[derive(Deserialize)]
struct Raised {
    event_ids: Vec<String>,
}

/// The program that an environment variable names.
pub(super) fn program(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run scripts/test"))
}

/// Runs one scenario of an SDK; the ids of the events that the server has taken.
pub(super) fn raise(sdk: Sdk, scenario: &str, dsn: &str) -> Vec<String> {
    run(sdk, &[scenario, dsn])
}

/// Raises what a test asks for, one after the other: see `tests/sdk/python/raise.py` for its form.
pub(super) fn raise_described(sdk: Sdk, dsn: &str, errors: &Value) -> Vec<String> {
    run(sdk, &["described", dsn, &errors.to_string()])
}

fn run(sdk: Sdk, arguments: &[&str]) -> Vec<String> {
    let (variable, script) = match sdk {
        Sdk::Python => ("WATCHFIRE_TEST_PYTHON", "python/raise.py"),
        Sdk::Node => ("WATCHFIRE_TEST_NODE", "node/raise.mjs"),
        Sdk::Cli | Sdk::Rust => panic!("no program raises for {sdk:?}"),
    };
    let mut command = Command::new(program(variable));
    command.arg(format!("{FOLDER}/{script}")).args(arguments);
    let raised: Raised = serde_json::from_str(&output(&mut command)).unwrap();
    assert!(!raised.event_ids.is_empty());
    raised.event_ids
}

/// `sentry-cli send-event` with everything that it can say; the event's id.
pub(super) fn send_event(dsn: &str) -> String {
    let mut command = Command::new(program("WATCHFIRE_TEST_SENTRY_CLI"));
    command.env("SENTRY_DSN", dsn).env("SENTRY_DISABLE_UPDATE_CHECK", "1").args(["send-event", "--no-environ"]);
    for pair in [
        ["--message", "deploy %s of %s failed"],
        ["--message-arg", "1.4.0"],
        ["--message-arg", "shop"],
        ["--level", "warning"],
        ["--release", "shop@1.4.0"],
        ["--env", "staging"],
        ["--dist", "42"],
        ["--platform", "python"],
        ["--tag", "plan:gold"],
        ["--extra", "note:grüße 😀"],
        ["--user", "id:u-17"],
        ["--user", "email:zoe@example.com"],
        ["--fingerprint", "deploy"],
        ["--fingerprint", "failed"],
    ] {
        command.args(pair);
    }
    let said = output(&mut command);
    let id = said.lines().find_map(|line| line.trim().strip_prefix("Event id: "));
    id.unwrap_or_else(|| panic!("no event id: {said}")).replace('-', "")
}

/// Runs a program to its end; what it printed.
pub(super) fn output(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}
