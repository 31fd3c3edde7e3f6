//! Events that no SDK should send and some do. Each is delivered with a valid signature, in JSON that strict parsers read, or
//! refused with an error that names the fault; none is answered 200 and lost, and none harms those beside it.

mod cases;

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::event::{message_envelope, new_id};
use crate::support::http::Answer;
use crate::support::receiver::Webhook;
use crate::support::scene::{Scene, accepted};
use crate::support::server::{TestServer, init};
use cases::{Case, Fate, cases};

/// Where Python and JavaScript read what was delivered.
const READERS: [(&str, &str); 2] = [("WATCHFIRE_TEST_PYTHON", PYTHON_READER), ("WATCHFIRE_TEST_NODE", NODE_READER)];
const NODE_READER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/sdk/node/parse.mjs");
const PYTHON_READER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/hostile/parse.py");

#[test]
fn every_hostile_event_is_delivered_whole_or_refused_by_name_and_harms_no_other() {
    let scene = Scene::start();
    let (delivered, webhooks) = send_all(&scene);
    for case in &delivered {
        let webhook = webhooks.iter().find(|webhook| webhook.event_id() == case.id).unwrap();
        let body: Value = webhook.json();
        (case.check)(&body["event"]);
        assert_eq!(body["event"]["event_id"], case.id.as_str(), "{}", case.name);
        assert!(depth(&body["event"]) <= 64, "{}", case.name);
    }
}

#[test]
#[ignore = "needs Python and Node: run by scripts/test"]
fn python_and_javascript_read_every_hostile_event_that_is_delivered() {
    let scene = Scene::start();
    let (_, webhooks) = send_all(&scene);
    for (variable, script) in READERS {
        let program = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set"));
        let mut child = Command::new(program).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines: Vec<u8> = webhooks.iter().flat_map(|webhook| [&webhook.body[..], b"\n"].concat()).collect();
        let mut stdin = child.stdin.take().unwrap();
        let writing = std::thread::spawn(move || stdin.write_all(&lines).unwrap());
        let output = child.wait_with_output().unwrap();
        writing.join().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{variable}: {said}");
        assert_eq!(said.lines().count(), webhooks.len(), "{variable}");
    }
}

#[test]
fn the_same_event_id_in_two_projects_is_two_events() {
    let mut server = TestServer::start();
    // Provisioning works beside a server, but which one it then sees is another test's subject.
    server.stop();
    let second = init(server.folder(), &["--project", "second"]);
    server.restart();
    let scene = Scene::of(server);
    assert_ne!(second.project_id, scene.server.account().project_id);
    let id = new_id();
    let path = format!("/api/{}/envelope/?sentry_key={}", second.project_id, second.key);
    let elsewhere = crate::support::http::Request::post(path).body(message_envelope(&id));
    accepted(&scene.server.ask(&elsewhere), &id);
    accepted(&scene.send(message_envelope(&id)), &id);
    let webhook = scene.receiver.wait_for_event(&id);
    assert_eq!(webhook.json()["project_id"], scene.server.account().project_id.as_str());
}

/// Sends every case at once, each between two good events; checks the answers and that all that was accepted arrives. The
/// cases that were to be delivered, and all webhooks.
fn send_all(scene: &Scene) -> (Vec<Case>, Vec<Webhook>) {
    let cases = cases();
    let mut expected = BTreeSet::new();
    std::thread::scope(|threads| {
        let sending: Vec<_> = cases
            .iter()
            .map(|case| {
                let before = threads.spawn(|| scene.send_message());
                let answer = threads.spawn(|| scene.server.ask(&case.request(&scene.server)));
                let after = threads.spawn(|| scene.send_message());
                (case, before, answer, after)
            })
            .collect();
        for (case, before, answer, after) in sending {
            expected.extend([before.join().unwrap(), after.join().unwrap()]);
            if judge(case, &answer.join().unwrap()) {
                expected.insert(case.id.clone());
            }
        }
    });
    let webhooks = scene.receiver.wait_for(expected.len());
    let received: BTreeSet<String> = webhooks.iter().map(|webhook| webhook.event_id().to_owned()).collect();
    assert_eq!(received, expected);
    let delivered = cases.into_iter().filter(|case| matches!(case.fate, Fate::Delivered)).collect();
    (delivered, webhooks)
}

/// Whether the case was accepted; it must be, or not, as it says.
fn judge(case: &Case, answer: &Answer) -> bool {
    match case.fate {
        Fate::Delivered => {
            assert_eq!(answer.status, 200, "{}: {}", case.name, answer.text());
            assert_eq!(answer.json()["id"], case.id.as_str(), "{}", case.name);
            true
        }
        Fate::Refused(status, why) => {
            assert_eq!(answer.status, status, "{}: {}", case.name, answer.text());
            assert!(answer.text().contains(why), "{}: {why:?} is not in {}", case.name, answer.text());
            assert!(answer.headers.get("x-sentry-error").is_some(), "{}", case.name);
            false
        }
    }
}

fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(elements) => elements.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        _ => return 0,
    };
    1 + inner.unwrap_or(0)
}
