//! Sensitive names and card numbers never reach what is stored (design 5).

use serde_json::json;
use watchfire_protocol::event::{Context, Scratch, normalise};

use crate::support::{context, event, event_in, stored};

const CARD: &str = "4111 1111 1111 1111";

/// A payload with a secret in every place that is scrubbed.
fn payload() -> String {
    let note = format!("paid with {CARD}");
    let hidden =
        json!({"password":"S3CRET","nested":[{"X-Api-Key":["S3CRET"]}],"note":note,"n":4_111_111_111_111_111_u64});
    json!({
        "extra": {"a":hidden,"auth_token":"S3CRET","card":CARD},
        "contexts": {"mine":hidden},
        "breadcrumbs": [{"message":format!("card {CARD}"),"data":hidden,"session":"S3CRET"}],
        "request": {
            "url":"http://h/p?token=S3CRET&x=1","query_string":"a=1&api_key=S3CRET","data":hidden,"cookies":{"a":"S3CRET"},
            "headers":[["Authorization","S3CRET"],["Accept","*/*"],["Cookie","S3CRET"]],"env":hidden,
        },
        "exception": [{"type":"E","stacktrace":{"frames":[{"vars":hidden}]},"raw_stacktrace":{"frames":[{"vars":hidden}]}}],
    })
    .to_string()
}

#[test]
fn no_secret_and_no_card_is_stored() {
    let payload = payload();
    let event = event(&payload);
    let text = stored(&event).to_string();
    assert!(!text.contains("S3CRET"), "{text}");
    assert!(!text.contains("1111"), "{text}");
    let stored = stored(&event);
    let filtered = json!({"password":"[Filtered]","nested":[{"X-Api-Key":"[Filtered]"}],"note":"paid with [Filtered]","n":"[Filtered]"});
    assert_eq!(stored["extra"], json!({"a":filtered,"auth_token":"[Filtered]","card":"[Filtered]"}));
    assert_eq!(
        stored["request"]["headers"],
        json!([["Authorization", "[Filtered]"], ["Accept", "*/*"], ["Cookie", "[Filtered]"]])
    );
    assert_eq!(stored["request"]["url"], "http://h/p?token=[Filtered]&x=1");
    assert_eq!(stored["request"]["query_string"], "a=1&api_key=[Filtered]");
    assert_eq!(stored["request"]["cookies"], "[Filtered]");
    assert_eq!(stored["exception"]["values"][0]["stacktrace"]["frames"][0]["vars"], filtered);
    assert_eq!(stored["breadcrumbs"]["values"][0]["message"], "card [Filtered]");
}

#[test]
fn a_tag_that_comes_from_a_context_says_no_more_than_the_context() {
    let payload = r#"{"contexts":{"os":{"name":"card 4111 1111 1111 1111","version":4111111111111111},
        "auth":{"type":"browser","name":"S3CRET"},"device":{"family":"4111111111111111"}}}"#;
    let tags = event(payload).derived_tags;
    let tags: Vec<_> = tags.iter().map(|(key, value)| (&**key, &**value)).collect();
    assert_eq!(
        tags,
        [
            ("device.family", "[Filtered]"),
            ("level", "error"),
            ("os", "card [Filtered] [Filtered]"),
            ("os.name", "card [Filtered]"),
        ]
    );
}

#[test]
fn headers_are_given_to_the_loop_breaker_as_sent() {
    let payload = payload();
    assert!(event(&payload).request_headers.iter().any(|(name, value)| name == "Authorization" && value == "S3CRET"));
}

#[test]
fn nothing_is_scrubbed_where_the_project_does_not_want_it() {
    let payload = payload();
    let event = event_in(&payload, &Context { scrub: false, ..context() });
    let text = stored(&event).to_string();
    assert!(!text.contains("[Filtered]"));
    assert!(text.contains("S3CRET") && text.contains(CARD));
}

#[test]
fn nulls_have_nothing_to_hide() {
    assert_eq!(
        stored(&event(r#"{"extra":{"password":null,"session":false}}"#))["extra"],
        json!({"password":null,"session":"[Filtered]"})
    );
}

#[test]
fn names_with_escapes_are_sensitive_too() {
    assert_eq!(stored(&event(r#"{"extra":{"p\u0061ssword":"x"}}"#))["extra"]["password"], "[Filtered]");
}

#[test]
fn a_body_sent_as_text_is_scrubbed_as_what_it_is() {
    for (data, expected) in [
        (r#"{"user":"a","password":"S3CRET"}"#, r#"{"user":"a","password":"[Filtered]"}"#),
        (r#"[{"token":["S3CRET"]}]"#, r#"[{"token":"[Filtered]"}]"#),
        (r#"{"user":"a","password":"S3C"#, "[Filtered]"),
        (r#"{"user":"a"}"#, r#"{"user":"a"}"#),
        ("user=a&password=S3CRET", "user=a&password=[Filtered]"),
        ("plain text", "plain text"),
        ("card 4111111111111111", "card [Filtered]"),
    ] {
        let payload = json!({"request":{"data":data}}).to_string();
        assert_eq!(stored(&event(&payload))["request"]["data"], expected, "{data}");
    }
}

#[test]
fn secrets_hide_neither_in_depth_nor_in_size() {
    let nest = |levels: usize| {
        let open: String = (0..levels).map(|_| "{\"a\":").collect();
        format!("{{\"extra\":{{\"x\":{open}{{\"password\":\"S3CRET\"}}{}}}}}", "}".repeat(levels))
    };
    for levels in [5, 6, 7, 20, 59, 60, 61, 62, 63, 64, 100, 5000] {
        let payload = nest(levels);
        assert!(!stored(&event(&payload)).to_string().contains("S3CRET"), "{levels}");
    }
    let many: String = (0..3000)
        .map(|index| format!("\"k{index}\":{{\"token\":\"S3CRET\",\"pairs\":[[\"cookie\",\"S3CRET\"]]}},"))
        .collect();
    let payload = format!("{{\"extra\":{{\"x\":{{{many}\"end\":1}}}}}}");
    let text = stored(&event(&payload)).to_string();
    assert!(!text.contains("S3CRET") && text.contains("k100"));
}

#[test]
fn other_attributes_are_left_as_sent() {
    let payload = r#"{"tags":{"session":"s"},"user":{"id":"4111111111111111","auth":"x"},"message":"token 4111111111111111",
        "exception":[{"type":"AuthError","value":"secret"}]}"#;
    assert!(!stored(&event(payload)).to_string().contains("[Filtered]"));
}

#[test]
fn what_is_wrong_with_a_value_is_listed_without_it_where_it_may_be_secret() {
    for payload in [
        r#"{"extra":"password S3CRET"}"#,
        r#"{"contexts":{"a":"S3CRET"}}"#,
        r#"{"request":"S3CRET"}"#,
        r#"{"request":{"env":"S3CRET"}}"#,
        r#"{"breadcrumbs":["S3CRET"]}"#,
        r#"{"breadcrumbs":[{"data":"S3CRET"}]}"#,
        r#"{"breadcrumbs":{"values":"S3CRET"}}"#,
        r#"{"exception":[{"type":"E","stacktrace":{"frames":[{"vars":"S3CRET"}]}}]}"#,
        r#"{"unknown":"S3CRET"}"#,
    ] {
        let stored = stored(&event(payload));
        assert_eq!(stored["errors"].as_array().map(Vec::len), Some(1), "{payload}");
        assert!(!stored.to_string().contains("S3CRET"), "{payload}");
    }
}

#[test]
fn the_name_of_a_filtered_pair_is_stored_as_strict_text() {
    let payload = b"{\"request\":{\"headers\":[[\"Cookie\xff\",\"S3CRET\"]]},\"extra\":{\"a\":[[\"token\x01\",1]]}}";
    let event = normalise(payload, &context(), &mut Scratch::default()).unwrap();
    let stored = stored(&event);
    assert_eq!(stored["request"]["headers"], json!([["Cookie\u{fffd}", "[Filtered]"]]));
    assert_eq!(stored["extra"]["a"], json!([["token\u{1}", "[Filtered]"]]));
}
