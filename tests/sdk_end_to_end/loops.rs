//! A receiver with a real SDK that raises on each webhook: the loop ends at the third hop, and everybody can see why.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::programs::program;
use crate::support::server::TestServer;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/sdk/python/failing_receiver.py");
/// A wait this long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that ends with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
#[ignore = "needs the Python SDK: run by scripts/test"]
fn a_receiver_that_raises_on_each_webhook_is_left_alone_after_the_third() {
    let mut server = TestServer::start();
    let mut command = Command::new(program("WATCHFIRE_TEST_PYTHON"));
    command.args([SCRIPT, "--dsn", &server.dsn()]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut receiver = Running(command.spawn().unwrap());
    let mut lines = BufReader::new(receiver.0.stdout.take().unwrap()).lines();
    let port = lines.next().unwrap().unwrap();
    server.add_hook_to(&format!("http://127.0.0.1:{port}/"));
    let id = crate::support::event::new_id();
    let envelope = crate::support::event::message_envelope(&id);
    assert_eq!(server.ask(&server.ingest("envelope").body(envelope)).status, 200);

    let mut webhooks: Vec<Value> =
        (0..3).map(|_| serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap()).collect();
    let hops: Vec<&Value> = webhooks.iter().map(|webhook| &webhook["hop"]).collect();
    assert_eq!(hops, [&json!("0"), &json!("1"), &json!("2")], "{webhooks:?}");
    assert_eq!(webhooks[0]["event"], id);
    // The fourth event is recorded, and owes nothing.
    let events = wait_for_events(&server, 4);
    let told: Vec<Value> = webhooks.drain(..).map(|webhook| webhook["event"].clone()).collect();
    let silent = events.iter().find(|event| !told.contains(event)).unwrap();
    let path = format!("{}/events/{}/why/", server.project_path(), silent.as_str().unwrap());
    let why = server.managed("GET", &path, &json!(null));
    assert_eq!(why["hooks"][0]["outcome"], "loop", "{why}");
    let answer = server.ask(&crate::support::http::Request::get("/metrics"));
    let metrics = answer.text();
    assert!(metrics.contains("\nwatchfire_loops_ended_total 1\n"), "{metrics}");
    let log = server.log();
    assert!(
        log.contains("webhooks have led to this event too often") && log.contains(silent.as_str().unwrap()),
        "{log}"
    );
    server.stop();
    drop(receiver);
    assert_eq!(lines.count(), 0, "no webhook came after the third");
}

/// The ids of the project's events, once there are so many.
fn wait_for_events(server: &TestServer, count: usize) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let events = server.managed("GET", &format!("{}/events/", server.project_path()), &json!(null));
        let ids: Vec<Value> = events.as_array().unwrap().iter().map(|event| event["eventID"].clone()).collect();
        if ids.len() >= count {
            assert_eq!(ids.len(), count);
            return ids;
        }
        assert!(begun.elapsed() < PATIENCE, "{} events came", ids.len());
        // sleep allowed: the receiver's SDK sends when it likes, and the server tells nobody what it has recorded
        std::thread::sleep(Duration::from_millis(50));
    }
}
