//! The signature doctor of a real server, asked about real webhooks: as they came, and as other programs write them again.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};
use webhook::Signer;

use crate::support::fixture::Fixture;
use crate::support::receiver::Webhook;
use crate::support::scene::Scene;

/// What programs do with a body that they have parsed: the variable that names the program, its code, the finding's program.
const WRITERS: [(&str, &str, &str); 6] = [
    (
        "WATCHFIRE_TEST_PYTHON",
        "import json,sys; sys.stdout.write(json.dumps(json.load(sys.stdin)))",
        "Python's json.dumps would",
    ),
    (
        "WATCHFIRE_TEST_PYTHON",
        "import json,sys; sys.stdout.write(json.dumps(json.load(sys.stdin),separators=(',',':')))",
        "Python's json.dumps with compact separators",
    ),
    (
        "WATCHFIRE_TEST_PYTHON",
        "import json,sys; sys.stdout.reconfigure(encoding='utf-8'); sys.stdout.write(json.dumps(json.load(sys.stdin),ensure_ascii=False))",
        "Python's json.dumps with ensure_ascii=False",
    ),
    (
        "WATCHFIRE_TEST_PYTHON",
        "import json,sys; sys.stdout.write(json.dumps(json.load(sys.stdin),sort_keys=True))",
        "Python's json.dumps with sort_keys=True would",
    ),
    (
        "WATCHFIRE_TEST_NODE",
        "process.stdout.write(JSON.stringify(JSON.parse(require('fs').readFileSync(0,'utf8'))))",
        "JSON.stringify",
    ),
    (
        "WATCHFIRE_TEST_NODE",
        "process.stdout.write(JSON.stringify(JSON.parse(require('fs').readFileSync(0,'utf8')),null,2))",
        "JSON.stringify with an indent of 2",
    ),
];

/// Each captured request of an SDK, delivered.
fn deliveries(scene: &Scene) -> Vec<Webhook> {
    let delivered = |fixture: Fixture| {
        let event = fixture.event(&scene.server)?;
        let id = event["event_id"].as_str().unwrap().replace('-', "");
        Some(scene.deliver(&fixture.request(&scene.server), &id))
    };
    Fixture::all().into_iter().filter_map(delivered).collect()
}

fn headers(webhook: &Webhook) -> Map<String, Value> {
    webhook.headers.0.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect()
}

fn verify(scene: &Scene, body: &str, headers: &Map<String, Value>) -> Value {
    let path = format!("{}/hooks/{}/verify/", scene.server.project_path(), scene.hook.id);
    scene.server.managed("POST", &path, &json!({"body": body, "headers": headers}))
}

fn findings(answer: &Value) -> Vec<&str> {
    let signatures = answer["signatures"].as_array().unwrap().iter();
    signatures.map(|signature| signature["finding"].as_str().unwrap_or_default()).collect()
}

fn written_by(variable: &str, code: &str, body: &str) -> String {
    let program = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run scripts/test"));
    let flag = if variable.ends_with("NODE") { "-e" } else { "-c" };
    let mut command = Command::new(program);
    let mut child = command.args([flag, code]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // It reads all before it writes.
    child.stdin.take().unwrap().write_all(body.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{code}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_a_real_server_sends_is_valid_and_shows_no_sign_of_having_been_written_again() {
    let scene = Scene::start();
    let webhooks = deliveries(&scene);
    assert!(webhooks.len() > 10);
    for webhook in &webhooks {
        let answer = verify(&scene, webhook.text(), &headers(webhook));
        assert_eq!((&answer["valid"], findings(&answer)), (&true.into(), vec![""; 3]), "{}", webhook.text());
        let other = webhook.text().replacen("my-project", "no-project", 1);
        let answer = verify(&scene, &other, &headers(webhook));
        assert_eq!(
            (&answer["valid"], findings(&answer)),
            (&false.into(), vec!["unexplained"; 3]),
            "{}",
            webhook.text()
        );
    }
}

#[test]
#[ignore = "needs Python and Node: run by scripts/test"]
fn what_python_and_javascript_make_of_a_real_webhook_is_told() {
    let scene = Scene::start();
    let signer = Signer::new(&scene.hook.secret.parse().unwrap());
    let mut changed = 0;
    for webhook in deliveries(&scene) {
        for (variable, code, name) in WRITERS {
            let again = written_by(variable, code, webhook.text());
            if again == webhook.text() {
                continue;
            }
            changed += 1;
            // Received so: what was sent is found again, or at least that this is not it.
            let answer = verify(&scene, &again, &headers(&webhook));
            let told = findings(&answer);
            assert!(["reserialised", "looks_reserialised"].contains(&told[0]), "{name}: {told:?} {again}");
            // Only what was sorted cannot be put back.
            assert!(told[0] == "reserialised" || code.contains("sort_keys"), "{name}: {again}");
            assert_eq!((&told, &answer["valid"]), (&vec![told[0]; 3], &false.into()), "{name}");
            // Signed so, by a receiver that signs what its parser gave it.
            let signature = String::from_utf8(signer.hex(again.as_bytes()).to_vec()).unwrap();
            let signed = Map::from_iter([("X-Sentry-Hook-Signature".to_owned(), signature.into())]);
            let answer = verify(&scene, webhook.text(), &signed);
            assert_eq!(findings(&answer), ["signed_reserialised"], "{name}: {again}");
            // Where the body has nothing in which they differ, several programs write the same.
            let advice = answer["signatures"][0]["advice"].as_str().unwrap();
            let is_named = advice.contains(name) || advice.contains("a JSON writer") || webhook.text().is_ascii();
            assert!(is_named, "{name} in {advice}");
        }
    }
    assert!(changed > 40, "{changed}");
}
