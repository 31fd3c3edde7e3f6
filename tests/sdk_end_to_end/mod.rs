//! Real SDKs raise errors against a real server, and a receiver that we did not write in Rust, following Sentry's documentation
//! and the Standard Webhooks library, verifies and reads what arrives.
//!
//! What each scenario raises is in `tests/sdk/scenarios.json`; the programs that raise it are beside it.

mod expect;
mod limited;
mod loops;
mod programs;
mod python_receiver;
mod rules;
mod rust_sdk;
mod sentry_cli;

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::scene::Scene;
use expect::{Sdk, check};
use programs::{program, raise, send_event};
use python_receiver::{PythonReceiver, Verdict};

/// What the Python SDK raises.
const PYTHON_SCENARIOS: [&str; 10] =
    ["exception", "chained", "message", "log-record", "fingerprint", "full", "big", "plain", "gzip", "br"];
/// What the Node SDK raises.
const NODE_SCENARIOS: [&str; 7] = ["exception", "chained", "message", "fingerprint", "full", "gzip", "big"];

#[test]
#[ignore = "needs Python and Node SDKs: run by scripts/test"]
fn what_the_python_sdk_raises_arrives_whole_and_verified() {
    let (mut scene, receiver) = scene();
    for scenario in PYTHON_SCENARIOS {
        for id in raise(Sdk::Python, scenario, &scene.server.dsn()) {
            arrives(&receiver, Sdk::Python, scenario, &id);
        }
    }
    scene.server.stop();
    assert_eq!(receiver.rest(), 0, "webhooks that nothing raised");
}

#[test]
#[ignore = "needs Python and Node SDKs: run by scripts/test"]
fn what_the_node_sdk_raises_arrives_whole_and_verified() {
    let (mut scene, receiver) = scene();
    for scenario in NODE_SCENARIOS {
        for id in raise(Sdk::Node, scenario, &scene.server.dsn()) {
            arrives(&receiver, Sdk::Node, scenario, &id);
        }
    }
    scene.server.stop();
    assert_eq!(receiver.rest(), 0, "webhooks that nothing raised");
}

#[test]
#[ignore = "needs Python and Node SDKs: run by scripts/test"]
fn what_sentry_cli_sends_arrives_whole_and_verified() {
    let (scene, receiver) = scene();
    let id = send_event(&scene.server.dsn());
    arrives(&receiver, Sdk::Cli, "send-event", &id);
}

#[test]
#[ignore = "needs Python and Node SDKs: run by scripts/test"]
fn what_the_rust_sdk_raises_arrives_whole_and_verified() {
    let (mut scene, receiver) = scene();
    for (scenario, id) in rust_sdk::raise_all(&scene.server.dsn()) {
        arrives(&receiver, Sdk::Rust, scenario, &id);
    }
    scene.server.stop();
    assert_eq!(receiver.rest(), 0, "webhooks that nothing raised");
}

/// A server whose events go to the Python receiver.
fn scene() -> (Scene, PythonReceiver) {
    let scene = Scene::start();
    let receiver = PythonReceiver::start();
    receiver.trust(&scene.server.add_hook_to(&receiver.url()));
    (scene, receiver)
}

/// Waits for an event's webhook; checks what the receiver found and what the scenario says must be in it.
fn arrives(receiver: &PythonReceiver, sdk: Sdk, scenario: &str, id: &str) {
    let verdict = receiver.wait_for(id);
    let Verdict { error, signature_valid, standard_valid, utf8_valid, json_valid, .. } = &verdict;
    assert_eq!(*error, None, "{scenario}");
    assert!(*signature_valid && *standard_valid && *utf8_valid && *json_valid, "{scenario}: {verdict:?}");
    assert_eq!((verdict.method.as_str(), verdict.path.as_str()), ("POST", "/hook"));
    javascript_reads(&verdict.body);
    let body: Value = serde_json::from_str(&verdict.body).unwrap();
    assert_eq!((&body["id"], &body["event"]["event_id"]), (&id.into(), &id.into()), "{scenario}");
    check(sdk, scenario, &body);
}

fn javascript_reads(body: &str) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/sdk/node/parse.mjs");
    let mut command = Command::new(program("WATCHFIRE_TEST_NODE"));
    let mut child = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(format!("{body}\n").as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
