//! What ingest answers: ids, refusals with their reasons, CORS, and the limits that keep SDKs from sending what is dropped.

use crate::support::event::{envelope, message_envelope, new_id};
use crate::support::http::{Answer, Request};
use crate::support::scene::{Scene, accepted};

/// Data categories that are dropped here; SDKs are told for an hour.
const DROPPED: [&str; 12] = [
    "transaction",
    "span",
    "profile",
    "profile_chunk",
    "replay",
    "session",
    "monitor",
    "log_item",
    "log_byte",
    "trace_metric",
    "trace_metric_byte",
    "metric_bucket",
];

#[test]
fn an_answer_holds_the_id_and_the_limits_on_what_is_dropped() {
    let scene = Scene::start();
    let id = new_id();
    let answer = scene.send(message_envelope(&id));
    accepted(&answer, &id);
    assert_eq!(answer.headers.get("content-type"), Some("application/json"));
    let limits = answer.headers.get("x-sentry-rate-limits").unwrap();
    let fields: Vec<&str> = limits.split(':').collect();
    let [seconds, categories, "organization", reason] = fields[..] else { panic!("{limits}") };
    assert!(seconds.parse::<u32>().is_ok_and(|seconds| seconds >= 3600), "{limits}");
    assert!(!reason.is_empty());
    let mut categories: Vec<&str> = categories.split(';').collect();
    categories.sort_unstable();
    let mut dropped = DROPPED;
    dropped.sort_unstable();
    assert_eq!(categories, dropped);
}

#[test]
fn an_id_is_made_where_the_sdk_sent_none() {
    let scene = Scene::start();
    let answer = scene.send("{}\n{\"type\":\"event\"}\n{\"message\":\"no id\"}\n");
    assert_eq!(answer.status, 200);
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert!(id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{id}");
    assert_eq!(scene.receiver.wait_for_event(&id).json()["event"]["event_id"], id.as_str());
}

#[test]
fn an_id_is_answered_and_sent_in_one_form_whatever_the_sdk_wrote() {
    let scene = Scene::start();
    let sent = "5EED0000-0000-4000-8000-FFFFFFFFFFFF";
    let id = "5eed000000004000800".to_owned() + "0ffffffffffff";
    let body =
        format!("{{\"event_id\":\"{sent}\"}}\n{{\"type\":\"event\"}}\n{{\"event_id\":\"{sent}\",\"message\":\"x\"}}\n");
    scene.deliver(&scene.server.ingest("envelope").body(body), &id);
}

#[test]
fn events_under_the_nil_id_are_each_stored_under_an_id_of_their_own() {
    let scene = Scene::start();
    let nil = "0".repeat(32);
    let ids: Vec<String> = (0..2)
        .map(|_| {
            let answer = scene.send(message_envelope(&nil));
            assert_eq!(answer.status, 200, "{}", answer.text());
            answer.json()["id"].as_str().unwrap().to_owned()
        })
        .collect();
    assert!(ids[0] != ids[1] && !ids.contains(&nil), "{ids:?}");
    scene.ends_with(ids.iter().map(String::as_str));
}

#[test]
fn the_same_id_again_is_answered_alike_and_not_sent_again() {
    let scene = Scene::start();
    let id = new_id();
    let other = envelope(&id, "{\"message\":\"something else under the same id\"}");
    for body in [message_envelope(&id), message_envelope(&id), other] {
        accepted(&scene.send(body), &id);
    }
    // One whose first copy has not been answered yet.
    let twin = new_id();
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| accepted(&scene.send(message_envelope(&twin)), &twin));
        }
    });
    scene.ends_with([id.as_str(), &twin]);
}

#[test]
fn what_is_no_event_is_answered_and_swallowed() {
    let scene = Scene::start();
    let id = new_id();
    let items = "{\"type\":\"session\"}\n{\"sid\":\"a\"}\n";
    let report = "{\"type\":\"client_report\"}\n{\"discarded_events\":[]}\n{\"type\":\"sessions\"}\n{}\n";
    for (body, answer) in [
        (format!("{{}}\n{items}"), "{}".to_owned()),
        (format!("{{}}\n{report}{items}"), "{}".to_owned()),
        ("{}\n{\"type\":\"never_heard_of\",\"length\":3}\nabc".to_owned(), "{}".to_owned()),
        ("{}".to_owned(), "{}".to_owned()),
        (format!("{{\"event_id\":\"{id}\"}}\n{items}"), format!("{{\"id\":\"{id}\"}}")),
    ] {
        let told = scene.send(body.clone());
        assert_eq!((told.status, told.text()), (200, answer.as_str()), "{body}");
    }
    let sentinel = scene.send_message();
    scene.ends_with([sentinel.as_str()]);
}

#[test]
fn a_request_without_valid_credentials_is_refused() {
    let scene = Scene::start();
    let account = scene.server.account();
    let door = format!("/api/{}/envelope/", account.project_id);
    let (known, unknown) = (account.key.clone(), "f".repeat(32));
    let with = |key: &str| Request::post(&door).header("X-Sentry-Auth", format!("Sentry sentry_key={key}"));
    let other_door = format!("/api/{}9/envelope/", account.project_id);
    for (status, request) in [
        (401, Request::post(&door)),
        (401, Request::post(&door).header("X-Sentry-Auth", "Sentry sentry_version=7")),
        (401, with(&known).header("Authorization", format!("Sentry sentry_key={known}"))),
        (401, Request::post(format!("{door}?sentry_key={known}")).header("X-Sentry-Auth", scene.server.auth())),
        (400, with("not-a-key")),
        (403, with(&unknown)),
        (403, Request::post(format!("{door}?sentry_key={unknown}"))),
        (403, Request::post(other_door).header("X-Sentry-Auth", scene.server.auth())),
        (400, Request::post("/api/zero/envelope/").header("X-Sentry-Auth", scene.server.auth())),
        (400, Request::post(&door).header("X-Sentry-Auth", format!("Sentry sentry_key={known}, sentry_version=8"))),
    ] {
        let answer = scene.server.ask(&request.clone().body(message_envelope(&new_id())));
        refused(&answer, status, &format!("{request:?}"));
    }
    let sentinel = scene.send_message();
    scene.ends_with([sentinel.as_str()]);
}

#[test]
fn a_malformed_request_is_refused_with_what_is_wrong() {
    let scene = Scene::start();
    let server = &scene.server;
    let id = new_id();
    let other = "f".repeat(32);
    let project = &server.account().project_id;
    let at = |door: &str, body: &[u8]| server.ingest(door).body(body);
    let dsn = |dsn: String| format!("{{\"dsn\":\"{dsn}\"}}\n{{\"type\":\"event\"}}\n{{}}\n");
    for (status, what, request) in [
        (400, "empty", at("envelope", b"")),
        (400, "empty", at("store", b"")),
        (400, "header", at("envelope", b"hello\n")),
        (400, "header", at("envelope", b"[]\n")),
        (400, "event_id", at("envelope", b"{\"event_id\":\"nope\"}\n{\"type\":\"event\"}\n{}\n")),
        (400, "item", at("envelope", b"{}\n{\"length\":2}\n{}\n")),
        (400, "ends inside", at("envelope", b"{}\n{\"type\":\"event\",\"length\":99}\n{}\n")),
        (400, "length", at("envelope", b"{}\n{\"type\":\"event\",\"length\":1}\n{}\n")),
        (400, "event", at("envelope", b"{}\n{\"type\":\"event\"}\n{\"message\":\n")),
        (400, "event", at("envelope", b"{}\n{\"type\":\"event\"}\n[1]\n")),
        (400, "dsn", at("envelope", dsn(format!("http://{other}@h/{project}")).as_bytes())),
        (400, "dsn", at("envelope", dsn(format!("http://{}@h/9{project}", server.account().key)).as_bytes())),
        (400, "event", at("store", b"no json, no base64")),
        (400, "event_id", at("store", b"{\"event_id\":\"nope\"}")),
        (400, "encoding", at("envelope", &message_envelope(&id)).header("Content-Encoding", "rot13")),
        (400, "damaged", at("envelope", &message_envelope(&id)).header("Content-Encoding", "gzip")),
        (413, "more than one", at("envelope", b"{}\n{\"type\":\"event\"}\n{}\n{\"type\":\"event\"}\n{}\n")),
    ] {
        let answer = server.ask(&request);
        let causes = refused(&answer, status, what);
        assert!(causes.contains(what), "expected {what:?} in {causes:?}");
    }
    let sentinel = scene.send_message();
    scene.ends_with([sentinel.as_str()]);
}

#[test]
fn an_event_of_one_mebibyte_is_taken_and_a_larger_one_is_not() {
    let scene = Scene::start();
    let sized = |id: &str, bytes: usize| {
        let frame = "{\"message\":\"\"}".len();
        envelope(id, format!("{{\"message\":\"{}\"}}", "x".repeat(bytes - frame)))
    };
    let id = new_id();
    accepted(&scene.send(sized(&id, 1024 * 1024)), &id);
    let answer = scene.send(sized(&new_id(), 1024 * 1024 + 1));
    assert!(refused(&answer, 413, "event").contains("too large"));
    scene.ends_with([id.as_str()]);
}

#[test]
fn a_browser_may_ask_before_it_sends_and_reads_every_answer() {
    let scene = Scene::start();
    let door = format!("/api/{}/envelope/", scene.server.account().project_id);
    let ask = Request::new("OPTIONS", &door)
        .header("Origin", "https://shop.example")
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "x-sentry-auth, content-encoding");
    let preflight = scene.server.ask(&ask);
    assert_eq!((preflight.status, preflight.text()), (200, ""));
    assert_eq!(preflight.headers.get("access-control-allow-methods"), Some("POST"));
    assert_eq!(preflight.headers.get("access-control-max-age"), Some("3600"));
    let allowed = list(&preflight, "access-control-allow-headers");
    for name in ["x-sentry-auth", "content-type", "content-encoding", "authorization", "transfer-encoding"] {
        assert!(allowed.contains(&name), "{name} is not in {allowed:?}");
    }
    let id = new_id();
    let origin = |request: Request| request.header("Origin", "https://shop.example");
    let taken = scene.server.ask(&origin(scene.server.ingest("envelope")).body(message_envelope(&id)));
    accepted(&taken, &id);
    let refused = scene.server.ask(&origin(Request::post(&door)).body("{}"));
    assert_eq!(refused.status, 401);
    for answer in [&preflight, &taken, &refused] {
        assert_eq!(answer.headers.get("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.headers.get("cross-origin-resource-policy"), Some("cross-origin"));
        let mut exposed = list(answer, "access-control-expose-headers");
        exposed.sort_unstable();
        assert_eq!(exposed, ["retry-after", "x-sentry-error", "x-sentry-rate-limits"]);
    }
    assert_eq!(taken.headers.get("access-control-allow-credentials"), None);
}

#[test]
fn another_method_is_refused() {
    let scene = Scene::start();
    let path = format!("/api/{}/envelope/", scene.server.account().project_id);
    for method in ["GET", "PUT", "DELETE"] {
        let answer = scene.server.ask(&Request::new(method, &path).header("X-Sentry-Auth", scene.server.auth()));
        assert_eq!(answer.status, 405, "{method}");
    }
}

/// Checks the shape of a refusal; its `detail` and causes, joined.
fn refused(answer: &Answer, status: u16, what: &str) -> String {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    let body = answer.json();
    let detail = body["detail"].as_str().unwrap_or_else(|| panic!("{what}: no detail in {body}"));
    assert!(!detail.is_empty());
    assert_eq!(answer.headers.get("x-sentry-error"), Some(detail), "{what}");
    let causes: Vec<&str> =
        body["causes"].as_array().into_iter().flatten().map(|cause| cause.as_str().unwrap()).collect();
    assert!(body.get("causes").is_none() || !causes.is_empty(), "{what}: causes are left out when there are none");
    [detail].into_iter().chain(causes).collect::<Vec<_>>().join(": ")
}

fn list<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    answer.headers.get(name).unwrap_or_default().split(',').map(str::trim).collect()
}
