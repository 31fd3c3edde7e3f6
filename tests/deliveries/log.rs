//! One delivery that fails, is looked at, and is sent again once its receiver is well.

use serde_json::{Value, json};

use super::{asked, shown};
use crate::support::live::LiveStream;
use crate::support::scene::Scene;

fn header<'v>(headers: &'v Value, name: &str) -> &'v str {
    let found = headers.as_array().unwrap().iter().find(|pair| pair[0] == name);
    found.and_then(|pair| pair[1].as_str()).unwrap_or_else(|| panic!("no {name} in {headers}"))
}

#[test]
fn a_failed_delivery_is_seen_as_it_was_sent_and_answered_and_sent_again_when_its_receiver_is_well() {
    let scene = Scene::start();
    let mut live = LiveStream::open(&scene.server, &scene.hook);
    scene.receiver.answer(400);
    let event = scene.send_message();
    let failed = live.wait_until(|delivery| delivery["state"] == "failed");
    let list = shown(&scene, "deliveries/?status=failed&outcome=http_error");
    assert_eq!(list, json!([failed]), "the stream shows what the list shows");
    assert_eq!((&failed["event"], &failed["attempts"]), (&json!(event), &json!(1)));
    let first = scene.receiver.wait_for_event(&event);
    assert_eq!(failed["id"], first.delivery());
    let path = format!("deliveries/{}/", first.delivery());
    let detail = shown(&scene, &path);
    assert_eq!(detail["request"]["body"].as_str().unwrap().as_bytes(), first.body);
    let [attempt] = detail["log"].as_array().unwrap().as_slice() else { panic!("one attempt: {detail}") };
    assert_eq!((&attempt["status"], &attempt["outcome"]), (&json!(400), &json!("http_error")));
    assert!(attempt["timings"]["total"].as_f64().unwrap() > 0.0, "{attempt}");
    assert_eq!((&attempt["peer"], &attempt["certificateExpires"]), (&json!("loopback"), &json!(null)));
    let shown_headers = attempt["requestHeaders"].as_array().unwrap();
    assert_eq!(shown_headers.len(), first.headers.names().len(), "{shown_headers:?}");
    for (name, value) in &first.headers.0 {
        let is_signature = name.ends_with("signature");
        let expected = if is_signature { "********" } else { value.as_str() };
        assert_eq!(header(&attempt["requestHeaders"], &name.to_ascii_lowercase()), expected, "{name}");
    }
    scene.receiver.answer(204);
    let accepted = asked(&scene, "POST", &format!("{path}redeliver/"), &json!({}));
    assert_eq!((&accepted["id"], &accepted["state"]), (&failed["id"], &json!("waiting")));
    live.wait_until(|delivery| delivery["id"] == failed["id"] && delivery["state"] == "delivered");
    let [_, again] = scene.receiver.wait_for(2).try_into().unwrap();
    assert_eq!((again.delivery(), &again.body), (first.delivery(), &first.body));
    assert_eq!(again.header("x-sentry-hook-attempt"), "2");
    let detail = shown(&scene, &path);
    let statuses: Vec<_> = detail["log"].as_array().unwrap().iter().map(|row| &row["status"]).collect();
    assert_eq!(statuses, [&json!(400), &json!(204)]);
    let mut scene = scene;
    scene.server.stop();
    assert_eq!(live.next(), None, "a stop waits for no stream");
}

#[test]
fn a_test_is_in_the_log_with_its_body_and_can_be_sent_again_but_not_replayed() {
    let scene = Scene::start();
    scene.receiver.answer(418);
    let tested = asked(&scene, "POST", "test/", &json!({}));
    let [sent] = scene.receiver.wait_for(1).try_into().unwrap();
    assert_eq!((&tested["delivery"], &tested["status"]), (&json!(sent.delivery()), &json!(418)));
    let mut live = LiveStream::open(&scene.server, &scene.hook);
    // Its answer does not wait until its outcome is written.
    while shown(&scene, "deliveries/?event=test&status=failed") == json!([]) {
        live.next();
    }
    let detail = shown(&scene, &format!("deliveries/{}/", sent.delivery()));
    assert_eq!((&detail["kind"], &detail["event"], &detail["issue"]), (&json!("test"), &json!(null), &json!(null)));
    assert_eq!(detail["request"]["body"].as_str().unwrap().as_bytes(), sent.body);
    assert_eq!(header(&detail["request"]["headers"], "x-sentry-hook-test"), "1");
    let replay = asked(&scene, "POST", "replays/", &json!({"since": 0}));
    assert_eq!(replay["found"], 0, "a replay is about events");
    scene.receiver.answer(204);
    asked(&scene, "POST", &format!("deliveries/{}/redeliver/", sent.delivery()), &json!({}));
    live.wait_until(|delivery| delivery["state"] == "delivered");
    let [_, again] = scene.receiver.wait_for(2).try_into().unwrap();
    assert_eq!((again.delivery(), &again.body), (sent.delivery(), &sent.body));
}
