//! Contexts and tags that come from the `User-Agent` of the event's request.

use serde_json::json;

use crate::support::{context, event, event_in, stored};

const PHONE: &str = "Mozilla/5.0 (Linux; Android 13; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/24.0 Chrome/117.0.0.0 \
                     Mobile Safari/537.36";

fn tags(event: &watchfire_protocol::event::Event<'_>) -> Vec<(String, String)> {
    let is_context =
        |key: &str| ["browser", "client_os", "device", "os"].contains(&key.split('.').next().unwrap_or(key));
    let tags = event.derived_tags.iter().filter(|(key, _)| is_context(key));
    tags.map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn an_event_of_a_browser_tells_browser_system_and_device() {
    let payload = json!({"platform": "javascript", "request": {"url": "https://h/", "headers": {"User-Agent": PHONE}}})
        .to_string();
    let event = event(&payload);
    assert_eq!(
        stored(&event)["contexts"],
        json!({
            "browser": {"type": "browser", "name": "Samsung Internet", "version": "24.0"},
            "os": {"type": "os", "name": "Android", "version": "13"},
            "device": {"type": "device", "family": "Samsung SM-S918B", "model": "SM-S918B", "brand": "Samsung"}
        })
    );
    assert_eq!(
        tags(&event),
        pairs(&[
            ("browser", "Samsung Internet 24.0"),
            ("browser.name", "Samsung Internet"),
            ("device", "SM-S918B"),
            ("device.family", "Samsung SM-S918B"),
            ("os", "Android 13"),
            ("os.name", "Android"),
        ])
    );
}

#[test]
fn an_event_of_a_server_keeps_its_own_system_beside_the_clients() {
    let payload = json!({"platform": "python", "contexts": {"os": {"name": "Debian", "version": "12"}},
                         "request": {"headers": {"user-agent": PHONE}}});
    let payload = payload.to_string();
    let event = event(&payload);
    let contexts = &stored(&event)["contexts"];
    assert_eq!(contexts["os"], json!({"type": "os", "name": "Debian", "version": "12"}));
    assert_eq!(contexts["client_os"], json!({"type": "os", "name": "Android", "version": "13"}));
    let tags = tags(&event);
    for (key, value) in [("os", "Debian 12"), ("client_os", "Android 13"), ("client_os.name", "Android")] {
        assert!(tags.contains(&(key.to_owned(), value.to_owned())), "{key} in {tags:?}");
    }
}

#[test]
fn what_the_sdk_says_stands() {
    let contexts = json!({"browser": {"type": "browser", "name": "Mine"}, "os": null, "device": {"type": "device"}});
    let payload =
        json!({"platform": "javascript", "contexts": contexts, "request": {"headers": {"User-Agent": PHONE}}})
            .to_string();
    let event = event(&payload);
    assert_eq!(stored(&event)["contexts"], contexts);
    assert_eq!(tags(&event), pairs(&[("browser", "Mine"), ("browser.name", "Mine")]));
    let tagged =
        json!({"platform": "javascript", "tags": {"browser": "theirs"}, "request": {"headers": {"User-Agent": PHONE}}});
    let tagged = tagged.to_string();
    assert!(!tags(&crate::support::event(&tagged)).iter().any(|(key, _)| key == "browser"));
}

#[test]
fn the_header_is_found_in_every_shape_of_headers() {
    let escaped = PHONE.replace('/', "\\/");
    for headers in [
        format!(r#"{{"Accept":"x","USER-AGENT":"{escaped}"}}"#),
        format!(r#"{{"User-Agent":["{PHONE}"]}}"#),
        format!(r#"[["Accept","x"],null,["User-Agent","{PHONE}"]]"#),
    ] {
        let payload = format!(r#"{{"platform":"javascript","request":{{"headers":{headers}}}}}"#);
        let event = event(&payload);
        assert!(tags(&event).contains(&("os".to_owned(), "Android 13".to_owned())), "{headers}");
    }
}

#[test]
fn where_no_header_tells_anything_there_are_no_contexts() {
    for request in [
        r#"{}"#,
        r#"{"headers":null}"#,
        r#"{"headers":{"User-Agent":"curl/8.5.0"}}"#,
        r#"{"headers":{"User-Agent":""}}"#,
    ] {
        let payload = format!(r#"{{"request":{request}}}"#);
        let event = event(&payload);
        assert!(stored(&event).get("contexts").is_none(), "{request}");
    }
}

#[test]
fn a_card_number_in_the_place_of_a_model_is_not_stored() {
    let header = PHONE.replace("SM-S918B", "4111 1111 1111 1111");
    let payload = json!({"platform": "javascript", "request": {"headers": {"User-Agent": header}}}).to_string();
    let event = event_in(&payload, &context());
    let stored = stored(&event).to_string();
    assert!(!stored.contains("4111 1111"), "{stored}");
    assert!(!tags(&event).iter().any(|(key, _)| key.starts_with("device")));
}
