//! The delivery log: lists, filters, pages, and one delivery with what was sent and what came of it.

use model::attempt::Interrupted;
use model::ids::Millis;
use serde_json::{Value, json};
use store::ledger::{AttemptRow, NextState};

use crate::harness::{Api, keys_in_order};
use crate::sent::{Sent, answered, unresolved};

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_list_shows_each_delivery_with_its_last_attempt_newest_first() {
    let api = Api::start().await;
    let mut sent = Sent::start(&api).await;
    let failed = sent.fail("Boom").await;
    let waiting = sent.owe("Boom").await;
    let answer = api.get(&sent.path("deliveries/")).await;
    let list = answer.with_status(200);
    assert_eq!(ids(&list), [waiting.id.as_str(), &failed.id]);
    let last = answer.text.rfind("{\"id\"").map(|at| answer.text[at..].trim_end_matches(']')).unwrap();
    let keys = [
        "id",
        "kind",
        "state",
        "event",
        "issue",
        "issueShortId",
        "issueTitle",
        "created",
        "due",
        "settled",
        "sentAgain",
        "attempts",
        "lastAttempt",
    ];
    assert_eq!(keys_in_order(last), keys);
    assert_eq!(
        list[1],
        json!({
            "id": failed.id, "kind": "event.created", "state": "failed", "event": failed.event,
            "issue": failed.recorded.issue.to_string(),
            "issueShortId": "MY-PROJECT-1", "issueTitle": "Boom: Boom failed", "created": "2018-11-06T21:20:08.143Z", "due": null,
            "settled": "2018-11-06T21:21:08.143Z", "sentAgain": null, "attempts": 1,
            "lastAttempt": {
                "number": 1, "started": "2018-11-06T21:21:08.143Z", "outcome": "http_error", "cause": null,
                "status": 500, "durationMs": 12.345, "error": "the receiver answered 500",
            },
        })
    );
    assert_eq!((&list[0]["state"], &list[0]["due"]), (&json!("waiting"), &list[0]["created"]));
    assert_eq!((&list[0]["attempts"], &list[0]["lastAttempt"]), (&json!(0), &Value::Null));
}

#[tokio::test]
async fn the_list_is_narrowed_by_state_outcome_kind_event_issue_and_time() {
    let api = Api::start().await;
    let mut sent = Sent::start(&api).await;
    let failed = sent.fail("One").await;
    let delivered = sent.owe("Two").await;
    sent.claim().await;
    sent.settle(delivered.key, vec![answered(api.now(), 204)], NextState::Delivered).await;
    let tried = sent.owe("Two").await;
    sent.claim().await;
    let again = NextState::Waiting { due: api.now() };
    sent.settle(tried.key, vec![unresolved(api.now())], again).await;
    let [failed_id, delivered_id, tried_id] = [&failed.id, &delivered.id, &tried.id].map(String::as_str);
    let issue = format!("issue={}", delivered.recorded.issue);
    let event = format!("event={}", delivered.event);
    let cases: &[(&str, &[&str])] = &[
        ("status=failed", &[failed_id]),
        ("status=failed,delivered", &[delivered_id, failed_id]),
        ("status=failed&status=waiting", &[tried_id, failed_id]),
        ("status=expired", &[]),
        ("outcome=unreachable", &[tried_id]),
        ("outcome=http_error,succeeded", &[delivered_id, failed_id]),
        ("outcome=succeeded&status=failed", &[]),
        ("event=event.created", &[tried_id, delivered_id, failed_id]),
        ("event=event.alert,test", &[]),
        (&event, &[delivered_id]),
        (&issue, &[tried_id, delivered_id]),
        ("issue=MY-PROJECT-2", &[tried_id, delivered_id]),
        ("issue=my-project-1", &[failed_id]),
        ("issue=", &[tried_id, delivered_id, failed_id]),
        ("since=2018-11-06T21:20:09Z", &[tried_id, delivered_id]),
        ("since=1541539209&until=1541539269", &[delivered_id]),
        ("until=2018-11-06", &[]),
    ];
    for (query, expected) in cases {
        let list = api.get(&sent.path(&format!("deliveries/?{query}"))).await.with_status(200);
        assert_eq!(ids(&list), *expected, "{query}");
    }
}

#[tokio::test]
async fn a_filter_that_means_nothing_is_refused_with_what_there_is() {
    let api = Api::start().await;
    let sent = Sent::start(&api).await;
    let no_issue = |value: &str| {
        format!(
            "Invalid issue parameter: \"{value}\" is no issue of this project: an id is a number, a short id is like MY-PROJECT-1A."
        )
    };
    let states = "waiting, sending, delivered, failed, expired, cancelled, skipped";
    let outcomes = "succeeded, http_error, timed_out, unreachable, bad_response, refused_address, interrupted";
    let cases = [
        ("status=sent", format!("Invalid status parameter: \"sent\" is not one of {states}.")),
        ("status=failed,Failed", format!("Invalid status parameter: \"Failed\" is not one of {states}.")),
        ("outcome=dns", format!("Invalid outcome parameter: \"dns\" is not one of {outcomes}.")),
        (
            "event=created",
            "Invalid event parameter: \"created\" is neither event.created, event.alert or test, nor the id of an event."
                .to_owned(),
        ),
        (
            "event=00000000000000000000000000000001,00000000000000000000000000000002",
            "Invalid event parameter: only one event can be asked for.".to_owned(),
        ),
        ("issue=MY-1", no_issue("MY-1")),
        ("issue=MY-PROJECT-ZZ", no_issue("MY-PROJECT-ZZ")),
        (
            "since=yesterday",
            "Invalid since parameter: an ISO 8601 date, or seconds since 1970, is expected.".to_owned(),
        ),
        ("since=2018-11-07&until=2018-11-06", "since must be before or equal to until".to_owned()),
        ("cursor=x", "Invalid cursor parameter.".to_owned()),
        ("per_page=101", "Invalid per_page value. Must be between 1 and 100.".to_owned()),
    ];
    for (query, text) in cases {
        let refused = api.get(&sent.path(&format!("deliveries/?{query}"))).await.with_status(400);
        assert_eq!(refused, json!({ "detail": text }), "{query}");
    }
}

#[tokio::test]
async fn pages_lead_through_the_whole_list_and_back() {
    let api = Api::start().await;
    let mut sent = Sent::start(&api).await;
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.insert(0, sent.fail("Boom").await.id);
    }
    let follow = |answer: &crate::harness::Answer, relation: &str| {
        let links = answer.header("link").unwrap().to_owned();
        let link = links.split(", ").find(|link| link.contains(&format!("rel=\"{relation}\""))).unwrap().to_owned();
        let path = link.split_once('>').unwrap().0.trim_start_matches("<https://watch.example").to_owned();
        (path, link.contains("results=\"true\""))
    };
    for filter in ["", "&status=failed"] {
        let (mut path, mut seen) = (sent.path(&format!("deliveries/?per_page=2{filter}")), Vec::new());
        let last = loop {
            let answer = api.get(&path).await;
            seen.extend(ids(&answer.with_status(200)).into_iter().map(str::to_owned));
            match follow(&answer, "next") {
                (next, true) => path = next,
                (_, false) => break answer,
            }
        };
        assert_eq!(seen, expected, "{filter}");
        let (back, has_more) = follow(&last, "previous");
        assert!(has_more);
        assert_eq!(ids(&api.get(&back).await.with_status(200)), expected[2..4], "{filter}");
    }
}

#[tokio::test]
async fn a_delivery_is_shown_with_what_was_sent_and_each_attempt() {
    let api = Api::start().await;
    let mut sent = Sent::start(&api).await;
    let owed = sent.owe("Boom").await;
    sent.claim().await;
    let first = answered(Millis(api.now().0 + 250), 503);
    let later = Millis(api.now().0 + 60_000);
    let stale = AttemptRow { status: None, ..unresolved(later) };
    let attempts = vec![first, AttemptRow { went_out: true, ..stale }, answered(later, 204)];
    sent.settle(owed.key, attempts, NextState::Delivered).await;
    let answer = api.get(&sent.path(&format!("deliveries/{}/", owed.id))).await;
    let detail = answer.with_status(200);
    assert!(!answer.text.contains("hidden"), "custom values are masked");
    let secret = sent.hook["secret"].as_str().unwrap();
    assert!(!answer.text.contains(secret));
    let request = &detail["request"];
    assert_eq!((&request["method"], &request["url"]), (&json!("POST"), &json!("https://example.com/in?a=b")));
    let body: Value = serde_json::from_str(request["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["id"], json!(owed.event));
    let header = |headers: &Value, name: &str| {
        let found = headers.as_array().unwrap().iter().find(|pair| pair[0] == name);
        found.unwrap_or_else(|| panic!("no {name} in {headers}"))[1].as_str().unwrap().to_owned()
    };
    let log = detail["log"].as_array().unwrap();
    let numbers: Vec<_> = log.iter().map(|row| header(&row["requestHeaders"], "x-sentry-hook-attempt")).collect();
    assert_eq!(numbers, ["1", "2", "2"], "a stale connection and its replacement are one attempt");
    assert_eq!(request["headers"], log[2]["requestHeaders"]);
    let headers = &request["headers"];
    for name in ["authorization", "x-team", "x-sentry-hook-signature", "x-servicehook-signature", "webhook-signature"] {
        assert_eq!(header(headers, name), "********", "{name}");
    }
    assert_eq!(header(headers, "host"), "example.com");
    assert_eq!(header(headers, "x-sentry-hook-delivery"), owed.id);
    assert_eq!(header(headers, "content-length"), request["body"].as_str().unwrap().len().to_string());
    assert_eq!(header(headers, "webhook-timestamp"), (later.0 / 1_000).to_string());
    assert_eq!(
        log[0],
        json!({
            "number": 1, "repeats": 1, "firstStarted": "2018-11-06T21:21:08.393Z", "started": "2018-11-06T21:21:08.393Z",
            "outcome": "http_error", "cause": null, "wentOut": true, "status": 503, "reused": true,
            "peer": "public", "certificateExpires": "2027-01-15T08:00:00.000Z",
            "timings": {
                "queue": 60_250.0, "resolve": null, "connect": null, "tls": null, "firstByte": 1.5, "total": 12.345,
            },
            "error": "the receiver answered 503",
            "requestHeaders": log[0]["requestHeaders"],
            "response": {
                "headers": [["content-type", "text/plain"], ["set-cookie", "[masked]"]], "body": "no room: try later",
            },
        })
    );
    assert_eq!((&log[1]["response"], &log[1]["cause"]), (&Value::Null, &json!("dns")));
    assert_eq!((&log[2]["error"], &log[2]["timings"]["queue"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn an_attempt_whose_end_was_never_seen_has_no_headers_of_its_own() {
    let api = Api::start().await;
    let mut sent = Sent::start(&api).await;
    let owed = sent.owe("Boom").await;
    sent.claim().await;
    let lost = AttemptRow::interrupted(api.now(), Interrupted::Lost);
    sent.settle(owed.key, vec![lost, answered(Millis(api.now().0 + 1), 204)], NextState::Delivered).await;
    let detail = api.get(&sent.path(&format!("deliveries/{}/", owed.id))).await.with_status(200);
    assert_eq!(
        (&detail["log"][0]["requestHeaders"], &detail["log"][0]["timings"]["queue"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(detail["log"][0]["outcome"], "interrupted");
    assert!(detail["log"][1]["requestHeaders"].is_array());
}

#[tokio::test]
async fn what_is_no_delivery_of_the_hook_is_not_found() {
    let api = Api::start().await;
    let mut sent = Sent::start(&api).await;
    let owed = sent.owe("Boom").await;
    let other = api.post(crate::sent::HOOKS, json!({"url": "https://example.com/"})).await.with_status(201);
    let elsewhere = format!("{}{}/deliveries/{}/", crate::sent::HOOKS, other["id"].as_str().unwrap(), owed.id);
    assert_eq!(api.get(&elsewhere).await.status, 404);
    // The same key, another millisecond of the day.
    let received = u64::from_str_radix(&owed.id[..12], 16).unwrap();
    let near = format!("{:012x}{}", received + 1, &owed.id[12..]);
    for id in [near.as_str(), "x", "00000000000000000000000000000000"] {
        assert_eq!(api.get(&sent.path(&format!("deliveries/{id}/"))).await.status, 404, "{id}");
    }
    let dashed = uuid(&owed.id).to_uppercase();
    assert_eq!(api.get(&sent.path(&format!("deliveries/{dashed}"))).await.status, 200);
}

#[tokio::test]
async fn the_log_is_for_those_who_may_read_the_project_and_sending_again_for_those_who_may_write_it() {
    let api = Api::start().await;
    let mut sent = Sent::start(&api).await;
    let owed = sent.fail("Boom").await;
    let (reader, stranger) = (api.token("project:read").await, api.token("org:read").await);
    let (one, replay) = (format!("deliveries/{}/", owed.id), json!({"since": 0}));
    for (method, rest, body) in [
        ("GET", "deliveries/".to_owned(), None),
        ("GET", one.clone(), None),
        ("GET", "replays/".to_owned(), None),
        ("POST", format!("{one}redeliver/"), None),
        ("POST", "replays/".to_owned(), Some(replay)),
        ("DELETE", "replays/1/".to_owned(), None),
    ] {
        let path = sent.path(&rest);
        assert_eq!(api.call(method, &path, &stranger, body.clone()).await.status, 403, "{method} {rest}");
        let expected = if method == "GET" { 200 } else { 403 };
        assert_eq!(api.call(method, &path, &reader, body).await.status, expected, "{method} {rest}");
    }
    assert_eq!(api.call("GET", &sent.path("live/"), &stranger, None).await.status, 403);
}

fn uuid(id: &str) -> String {
    [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-")
}
