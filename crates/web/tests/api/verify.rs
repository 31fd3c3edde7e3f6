//! The signature doctor over the API.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use model::ids::Millis;
use model::limits::{VERIFY_LARGE_REQUESTS, VERIFY_REQUEST_BYTES};
use serde_json::{Value, json};
use store::catalog::{Catalog as _, Rotation};
use webhook::{Secret, Signer};

use crate::harness::{Api, BASE_URL};

const HOOKS: &str = "/api/0/projects/my-org/my-project/hooks/";
const BODY: &str = r#"{"id":"9f0c","project":"shop","message":"café"}"#;

/// A hook, and how it signs.
struct Hook {
    id: String,
    signer: Signer,
}

impl Hook {
    async fn make(api: &Api) -> Hook {
        let hook = api.post(HOOKS, json!({"url": "https://example.com/"})).await.with_status(201);
        let text = |name: &str| hook[name].as_str().unwrap().to_owned();
        Hook { id: text("id"), signer: Signer::new(&text("secret").parse().unwrap()) }
    }

    fn path(&self) -> String {
        format!("{HOOKS}{}/verify/", self.id)
    }

    fn hex(&self, body: &str) -> String {
        hex(&self.signer, body)
    }

    /// All headers that have to do with signatures.
    fn headers(&self, body: &str, time: i64) -> Value {
        let (hex, time) = (self.hex(body), time.to_string());
        let standard = self.signer.standard("d1", &time, body.as_bytes());
        json!({
            "X-Sentry-Hook-Signature": hex,
            "x-servicehook-signature": hex,
            "Webhook-Id": "d1",
            "webhook-timestamp": time,
            "webhook-signature": String::from_utf8(standard.to_vec()).unwrap(),
        })
    }

    async fn verify(&self, api: &Api, body: &str, headers: &Value) -> Value {
        api.post(&self.path(), json!({"body": body, "headers": headers})).await.with_status(200)
    }

    async fn rotate(&self, api: &Api, secret: Secret, overlap_ms: i64) {
        let (now, guid) = (api.now(), self.id.parse().unwrap());
        let rotation = Rotation { secret, overlap_until: Millis(now.0 + overlap_ms), now };
        api.store.rotate_secret(api.project.id, guid, rotation).await.map(drop).unwrap();
    }
}

fn hex(signer: &Signer, body: &str) -> String {
    String::from_utf8(signer.hex(body.as_bytes()).to_vec()).unwrap()
}

fn findings(answer: &Value) -> Vec<Option<&str>> {
    answer["signatures"].as_array().unwrap().iter().map(|signature| signature["finding"].as_str()).collect()
}

#[tokio::test]
async fn what_arrived_as_it_was_sent_is_valid_by_every_header() {
    let api = Api::start().await;
    let hook = Hook::make(&api).await;
    let answer = hook.verify(&api, BODY, &hook.headers(BODY, api.now().0 / 1000)).await;
    let valid =
        |header: &str| json!({"header": header, "valid": true, "reason": null, "finding": null, "advice": null});
    let signatures = ["X-Sentry-Hook-Signature", "X-ServiceHook-Signature", "webhook-signature"].map(valid);
    assert_eq!(answer, json!({"valid": true, "signatures": signatures}));
}

#[tokio::test]
async fn what_was_changed_on_its_way_is_explained() {
    let api = Api::start().await;
    let hook = Hook::make(&api).await;
    let headers = hook.headers(BODY, api.now().0 / 1000);
    let again = BODY.replace("\":", "\": ").replace('é', "\\u00e9");
    let answer = hook.verify(&api, &again, &headers).await;
    assert_eq!((&answer["valid"], findings(&answer)), (&json!(false), vec![Some("reserialised"); 3]));
    let first = &answer["signatures"][0];
    assert_eq!(first["reason"], "the signature does not match: another secret, or other bytes than were sent");
    assert!(first["advice"].as_str().unwrap().contains("before anything reads them as JSON"), "{first}");
    let answer = hook.verify(&api, &format!("{BODY}\n"), &headers).await;
    assert_eq!(findings(&answer), vec![Some("newline_added"); 3]);
    let old = hook.headers(BODY, api.now().0 / 1000 - 3600);
    let answer = hook.verify(&api, BODY, &old).await;
    assert_eq!((&answer["valid"], findings(&answer)), (&json!(true), vec![None, None, Some("timestamp_old")]));
}

#[tokio::test]
async fn the_secret_of_another_hook_of_the_project_is_told_by_its_id_and_no_secret_is_ever_answered() {
    let api = Api::start().await;
    let (hook, other) = (Hook::make(&api).await, Hook::make(&api).await);
    let request = json!({"body": BODY, "headers": {"X-Sentry-Hook-Signature": other.hex(BODY)}});
    let reader = api.token("project:read").await;
    let answer = api.call("POST", &hook.path(), &reader, Some(request)).await;
    let told = answer.with_status(200);
    assert_eq!(findings(&told), [Some("other_secret")]);
    assert!(told["signatures"][0]["advice"].as_str().unwrap().contains(&other.id), "{told}");
    let hooks = api.get(HOOKS).await.with_status(200);
    for shown in hooks.as_array().unwrap() {
        assert!(!answer.text.contains(shown["secret"].as_str().unwrap()));
        assert!(!answer.text.contains(shown["signingSecret"].as_str().unwrap()));
    }
}

#[tokio::test]
async fn the_secret_before_a_rotation_is_valid_until_its_overlap_ends() {
    let api = Api::start().await;
    let hook = Hook::make(&api).await;
    let headers = json!({"X-Sentry-Hook-Signature": hook.hex(BODY)});
    hook.rotate(&api, Secret::from_random([9; 32]), 60_000).await;
    let answer = hook.verify(&api, BODY, &headers).await;
    assert_eq!((&answer["valid"], findings(&answer)), (&json!(true), vec![Some("rotation_overlaps")]));
    let new = json!({"X-Sentry-Hook-Signature": hex(&Signer::new(&Secret::from_random([9; 32])), BODY)});
    assert_eq!(hook.verify(&api, BODY, &new).await["valid"], true);
    api.clock.advance(Duration::from_secs(60));
    let answer = hook.verify(&api, BODY, &headers).await;
    assert_eq!((&answer["valid"], findings(&answer)), (&json!(false), vec![Some("previous_secret")]));
}

#[tokio::test]
async fn a_webhook_without_a_signature_is_not_valid_and_a_note_names_the_headers() {
    let api = Api::start().await;
    let hook = Hook::make(&api).await;
    let answer = api.post(&hook.path(), json!({"body": "", "headers": {"webhook-id": "d1"}})).await;
    assert_eq!(answer.with_status(200), json!({"valid": false, "signatures": []}));
    assert!(answer.header("x-watchfire-note").unwrap().contains("X-Sentry-Hook-Signature"));
}

#[tokio::test]
async fn headers_may_be_lists_and_numbers_as_frameworks_keep_them() {
    let api = Api::start().await;
    let hook = Hook::make(&api).await;
    let mut headers = hook.headers(BODY, api.now().0 / 1000);
    headers["webhook-timestamp"] = json!(api.now().0 / 1000);
    headers["webhook-signature"] = json!([headers["webhook-signature"]]);
    let answer = hook.verify(&api, BODY, &headers).await;
    assert_eq!(findings(&answer), [None, None, None]);
}

#[tokio::test]
async fn a_request_that_lost_the_bytes_or_says_too_little_is_refused_by_field() {
    let api = Api::start().await;
    let hook = Hook::make(&api).await;
    let refused = async |body| api.post(&hook.path(), body).await.with_status(400);
    let required = json!(["This field is required."]);
    assert_eq!(refused(json!({})).await, json!({"body": required, "headers": required}));
    let lost = "Expected the text of the body as it arrived, but got dict: what is parsed has lost its bytes.";
    let wrong = json!({"body": {"id": "9f0c"}, "headers": {"X-Sentry-Hook-Signature": {"a": 1}}});
    let complaint = "X-Sentry-Hook-Signature: Not a valid string.";
    assert_eq!(refused(wrong).await, json!({"body": [lost], "headers": [complaint]}));
    let no_map = refused(json!({"body": "", "headers": "a: b"})).await;
    assert_eq!(no_map["headers"], json!(["Expected a dictionary of header names and values but got type \"str\"."]));
    let nowhere = format!("{HOOKS}{}/verify/", "0".repeat(32));
    api.post(&nowhere, json!({"body": "", "headers": {}})).await.with_status(404);
    assert_eq!(api.get(&hook.path()).await.status, 405);
}

#[tokio::test]
async fn a_body_of_the_largest_event_fits_and_more_is_refused_with_the_limit() {
    let api = Api::start().await;
    let hook = Hook::make(&api).await;
    let filler = |bytes: usize| format!(r#"{{"id":"9f0c","project":"{BASE_URL}","extra":"{}"}}"#, "a".repeat(bytes));
    let large = filler(2 * 1024 * 1024);
    let answer = hook.verify(&api, &large, &json!({"X-Sentry-Hook-Signature": hook.hex(&large)})).await;
    assert_eq!(answer["valid"], true);
    let answer = api.post(&hook.path(), json!({"body": filler(VERIFY_REQUEST_BYTES), "headers": {}})).await;
    assert_eq!(answer.status, 413, "{}", answer.text);
    assert!(answer.text.contains(&VERIFY_REQUEST_BYTES.to_string()), "{}", answer.text);
}

#[tokio::test]
async fn what_nobody_asked_for_costs_nothing_and_headers_are_no_place_for_a_body() {
    let api = Api::start().await;
    let hook = Hook::make(&api).await;
    let many = |count: usize| (0..count).map(|at| (format!("x-{at}"), json!("a"))).collect::<serde_json::Map<_, _>>();
    let ignored = json!({"body": BODY, "headers": {"X-Sentry-Hook-Signature": hook.hex(BODY)}, "other": many(50_000)});
    assert_eq!(api.post(&hook.path(), ignored).await.with_status(200)["valid"], true);
    let refused = api.post(&hook.path(), json!({"body": BODY, "headers": many(50_000)})).await.with_status(400);
    assert_eq!(refused, json!({"headers": ["The headers are longer than 262144 bytes."]}));
    let refused = api.post(&hook.path(), json!([BODY])).await.with_status(400);
    assert_eq!(refused, json!({"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}));
}

#[tokio::test]
async fn long_requests_that_arrive_slowly_keep_no_short_one_waiting() {
    let api = Api::start().await;
    let hook = Hook::make(&api).await;
    let (came, mut at_their_bodies) = tokio::sync::mpsc::channel(VERIFY_LARGE_REQUESTS + 1);
    let never = || {
        let mut came = Some(came.clone());
        let body = futures_util::stream::poll_fn(move |_| {
            if let Some(came) = came.take() {
                came.try_send(()).unwrap();
            }
            std::task::Poll::<Option<Result<Vec<u8>, std::io::Error>>>::Pending
        });
        axum::body::Body::from_stream(body)
    };
    let path = hook.path();
    let long = || api.raw("POST", &path, "application/json", never());
    let all_came = async {
        for _ in 0..VERIFY_LARGE_REQUESTS {
            at_their_bodies.recv().await.unwrap();
        }
    };
    let slow: Vec<_> = (0..VERIFY_LARGE_REQUESTS).map(|_| Box::pin(long())).collect();
    let mut slow = futures_util::future::join_all(slow);
    let came = matches!(select(pin!(all_came), &mut slow).await, Either::Left(_));
    assert!(came, "an endless body ended");
    assert_eq!(long().await.status, 503);
    let headers = json!({"X-Sentry-Hook-Signature": hook.hex(BODY)});
    assert_eq!(hook.verify(&api, BODY, &headers).await["valid"], true);
}
