//! Where a flow plays: a server, a receiver that verifies, and what a flow may ask for while it runs.
//!
//! A flow is told where everything is as a JSON object, its only argument. It asks with one JSON object a line on its standard output, and
//! each question is answered with one line on its standard input: see [`Question`].

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use serde::Deserialize;
use serde_json::{Value, json};

use super::weeks::Weeks;
use crate::support::receiver::{Receiver, Webhook};
use crate::support::server::{BINARY, TestServer};

/// The folder of the flows.
const FLOWS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/browser/flows");
/// Raises errors with the real Node SDK.
const RAISE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/sdk/node/raise.mjs");
/// Where pictures of pages are kept.
const SCREENSHOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/test-logs/screenshots");

/// What a flow may ask for.
#[derive(Debug, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
enum Question {
    /// From now on the receiver wants signatures with one of these secrets.
    Trust { secrets: Vec<String> },
    /// From now on the receiver answers with this status.
    Answer { status: u16 },
    /// From now on the receiver answers nothing.
    Hold,
    /// The receiver answers what waits, and all that follows.
    Release,
    /// Waits until so many webhooks have come; all that have.
    Webhooks { count: usize },
    /// Runs `watchfire` on the server's folder; what it printed.
    Command { arguments: Vec<String> },
}

/// Runs a flow to its end, on a server that is new.
pub(super) fn play(flow: &str) {
    play_on(flow, &TestServer::start(), &Receiver::start());
}

/// The same on one that has been in use for weeks.
pub(super) fn play_after_weeks(flow: &str) {
    let weeks = Weeks::begin().pass();
    play_on(flow, &weeks.server, &weeks.receiver);
    assert!(!weeks.down.webhooks().is_empty(), "nobody was alerted");
}

fn play_on(flow: &str, server: &TestServer, receiver: &Receiver) {
    let mut command = Command::new(program("WATCHFIRE_TEST_NODE"));
    command.arg(format!("{FLOWS}/{flow}.mjs")).arg(scene(flow, server, receiver).to_string());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let reading = thread::spawn(move || {
        let mut said = String::new();
        stderr.read_to_string(&mut said).map(|_| said)
    });
    let mut answers = child.stdin.take().unwrap();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let question: Question = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
        let answer = question.answered(server, receiver);
        // A flow that has ended meanwhile says why below.
        drop(writeln!(answers, "{answer}"));
    }
    let status = child.wait().unwrap();
    let said = reading.join().unwrap().unwrap();
    assert!(status.success(), "{flow} ended with {status}:\n{said}");
    // Fails if one of them did not verify.
    receiver.webhooks();
    let log = server.log();
    assert!(!log.contains("ERROR"), "{flow} left errors in the log");
}

/// Everything that a flow has to know.
fn scene(flow: &str, server: &TestServer, receiver: &Receiver) -> Value {
    let account = server.account();
    json!({
        "flow": flow,
        "base": format!("http://{}", server.address()),
        "user": account.user,
        "password": account.password,
        "token": account.token,
        "organization": account.organization,
        "project": account.project,
        "dsn": server.dsn(),
        "receiver": receiver.url(),
        "chromium": program("WATCHFIRE_TEST_CHROMIUM"),
        "screenshots": SCREENSHOTS,
        "raise": RAISE,
    })
}

impl Question {
    fn answered(self, server: &TestServer, receiver: &Receiver) -> Value {
        match self {
            Question::Trust { secrets } => {
                receiver.trust_either(&secrets.iter().map(String::as_str).collect::<Vec<_>>());
            }
            Question::Answer { status } => receiver.answer(status),
            Question::Hold => receiver.hold(),
            Question::Release => receiver.release(),
            Question::Webhooks { count } => return receiver.wait_for(count).iter().map(told).collect(),
            Question::Command { arguments } => return json!(run(server.folder(), &arguments)),
        }
        Value::Null
    }
}

/// A webhook as flows see it.
fn told(webhook: &Webhook) -> Value {
    json!({"start": webhook.start, "headers": webhook.headers.0, "text": webhook.text()})
}

fn run(folder: &Path, arguments: &[String]) -> String {
    let mut command = Command::new(BINARY);
    command.args(arguments).arg("--data").arg(folder);
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The program that an environment variable names.
fn program(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run scripts/test"))
}
