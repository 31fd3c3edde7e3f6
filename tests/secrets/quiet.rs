//! Nothing tells a secret: not the log at its most talkative, not the metrics, not the files of the data folder.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::http::Request;
use crate::support::receiver::Receiver;
use crate::support::scene::Scene;
use crate::support::server::{TestServer, free_address};

/// Values of custom headers.
const HEADERS: [&str; 3] = ["Bearer d41ta00b4c1d", "Basic f00dface77aa", "not\nallowed-5e7b"];

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// A life with rotations, changes, refusals and failures; every secret that there was.
fn live(scene: &mut Scene) -> Vec<String> {
    let closed = scene.server.add_hook_to(&format!("http://{}/", free_address()));
    let failing = Receiver::start();
    failing.answer(500);
    let hook = scene.server.add_hook(&failing);
    let path = |hook: &str| format!("{}/hooks/{hook}/", scene.server.project_path());
    let mut secrets = vec![scene.hook.secret.clone(), closed.secret.clone(), hook.secret.clone()];
    let hooks = [&scene.hook.id, &closed.id, &hook.id];
    for hook in hooks {
        scene.server.managed("PUT", &path(hook), &json!({"headers": {"Authorization": HEADERS[0]}}));
    }
    let refused = json!({"headers": {"Authorization": HEADERS[2]}}).to_string();
    assert_eq!(scene.server.ask(&scene.server.manage("PUT", &path(&closed.id)).body(refused)).status, 400);
    let first = scene.send_message();
    for receiver in [&scene.receiver, &failing] {
        assert_eq!(receiver.wait_for_event(&first).header("authorization"), HEADERS[0]);
    }
    for (hook, receiver) in [(&hook.id, &failing), (&scene.hook.id, &scene.receiver)] {
        let rotation = format!("{}rotate-secret/", path(hook));
        let rotated = scene.server.managed("POST", &rotation, &json!({"overlap": 60}));
        let secret = rotated["secret"].as_str().unwrap().to_owned();
        receiver.trust_either(&[secrets.last().unwrap(), &scene.hook.secret, &secret]);
        secrets.push(secret);
        assert_eq!(scene.server.ask(&scene.server.manage("POST", &rotation).body("{}")).status, 409);
        scene.server.managed("PUT", &path(hook), &json!({"headers": {"X-Key": HEADERS[1]}}));
    }
    let second = scene.send_message();
    failing.wait_for_event(&second);
    scene.receiver.wait_for_event(&second);
    scene.server.managed("GET", &format!("{}/hooks/", scene.server.project_path()), &Value::Null);
    scene.server.managed("POST", &format!("{}rotate-secret/", path(&hook.id)), &json!({"finish": true}));
    scene.server.managed("DELETE", &path(&hook.id), &Value::Null);
    scene.server.kill();
    scene.server.restart();
    let third = scene.send_message();
    scene.receiver.wait_for_event(&third);
    secrets
}

#[test]
fn no_log_no_metric_and_no_file_holds_a_secret_or_a_headers_value() {
    let mut scene = Scene::of(TestServer::start_with(&[("WATCHFIRE_LOG", "trace"), ("WATCHFIRE_LOG_FORMAT", "json")]));
    let secrets = live(&mut scene);
    let signing =
        secrets.iter().map(|secret| secret.parse::<webhook::Secret>().unwrap_or_else(|_| panic!()).signing_secret());
    let texts: Vec<String> = secrets.iter().cloned().chain(signing).chain(HEADERS.map(str::to_owned)).collect();
    let address = scene.server.address();
    let metrics = Request::get("/metrics").send(address).unwrap();
    assert_eq!(metrics.status, 200);
    let key = std::fs::read_to_string(scene.server.folder().join("secret-key")).unwrap();
    let while_it_runs = files(scene.server.folder());
    scene.server.stop();
    let said = scene.server.said();
    for part in ["\"DEBUG\"", "delivered", "an attempt failed"] {
        assert!(said.contains(part), "the log is not talkative: no {part}");
    }
    for text in &texts {
        assert!(!said.contains(text.as_str()), "the log holds {text}");
        assert!(!metrics.text().contains(text.as_str()), "the metrics hold {text}");
        for (name, bytes) in while_it_runs.iter().chain(&files(scene.server.folder())) {
            assert!(!holds(bytes, text), "{name} holds {text}");
        }
    }
    let key = key.trim_end().rsplit_once(' ').unwrap().1;
    assert!(!said.contains(key) && !metrics.text().contains(key));
    for (name, bytes) in while_it_runs.iter().filter(|(name, _)| name != "secret-key") {
        assert!(!holds(bytes, key), "{name} holds the secret key");
    }
}
