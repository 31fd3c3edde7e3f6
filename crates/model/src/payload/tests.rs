//! The payload against the contract: byte for byte, key by key, and as JSON of any text.

use proptest::prelude::*;
use protocol::EventId;
use protocol::event::{Event, Exception, Level, Message};
use serde_json::{Map, Value};

use super::*;
use crate::culprit::culprit;

const BASE_URL: &str = "https://host";

fn place() -> Place<'static> {
    Place {
        base_url: BASE_URL,
        organization: "my-org",
        project_id: ProjectId::new(1).unwrap(),
        project_slug: "my-project",
        project_name: "My Project",
    }
}

/// The event of the contract's sample.
fn sample() -> Event<'static> {
    let exception = Exception {
        ty: Some("TypeError".into()),
        value: Some("Cannot read property 'foo' of undefined".into()),
        ..Exception::default()
    };
    Event {
        id: "9f0c0a1b2c3d4e5f60718293a4b5c6d7".parse().unwrap(),
        platform: "python",
        timestamp: 1_704_067_200_000_000,
        culprit: Some("app.views.index in get".into()),
        exceptions: vec![exception],
        tags: vec![("environment".into(), "production".into()), ("release".into(), "1.0.0".into())],
        exception_json: br#"{"values":[{"type":"TypeError","value":"Cannot read property 'foo' of undefined","stacktrace":{"frames":[]}}]}"#
            .to_vec(),
        ..Event::default()
    }
}

fn body_of(event: &Event<'_>, place: &Place<'_>) -> CreatedBody {
    CreatedBody::new(event, &Title::of(event), &culprit(event), place)
}

fn created(event: &Event<'_>, place: &Place<'_>, issue: i64) -> String {
    let issue = IssueId::new(issue).unwrap();
    let head = body_of(event, place).head(issue);
    let whole = [head, event_value(event, &Title::of(event)), CreatedBody::tail(issue)].concat();
    String::from_utf8(whole).unwrap()
}

fn alert(event: &Event<'_>, rules: &[(i64, &str)]) -> String {
    let rules: Vec<_> = rules.iter().map(|&(id, name)| (RuleId::new(id).unwrap(), name)).collect();
    String::from_utf8(body_of(event, &place()).alert(IssueId::new(12345).unwrap(), &rules)).unwrap()
}

#[test]
fn the_sample_of_the_contract_is_made_byte_for_byte() {
    let expected = concat!(
        r#"{"id":"9f0c0a1b2c3d4e5f60718293a4b5c6d7","project":"my-project","project_id":"1","project_name":"My Project","#,
        r#""culprit":"app.views.index in get","message":"TypeError: Cannot read property 'foo' of undefined","#,
        r#""url":"https://host/organizations/my-org/issues/12345/","level":"error","logger":"","#,
        r#""datetime":"2024-01-01T00:00:00.000Z","#,
        r#""event":{"event_id":"9f0c0a1b2c3d4e5f60718293a4b5c6d7","#,
        r#""message":"TypeError: Cannot read property 'foo' of undefined","level":"error","platform":"python","#,
        r#""timestamp":1704067200.0,"tags":[["environment","production"],["release","1.0.0"]],"#,
        r#""exception":{"values":[{"type":"TypeError","value":"Cannot read property 'foo' of undefined","#,
        r#""stacktrace":{"frames":[]}}]}},"issue_id":"12345"}"#,
    );
    assert_eq!(created(&sample(), &place(), 12345), expected);
}

#[test]
fn the_sample_alert_of_the_contract_is_made_byte_for_byte() {
    let expected = concat!(
        r#"{"id":"9f0c0a1b2c3d4e5f60718293a4b5c6d7","project":"my-project","project_id":"1","project_name":"My Project","#,
        r#""culprit":"app.views.index in get","message":"TypeError: Cannot read property 'foo' of undefined","#,
        r#""url":"https://host/organizations/my-org/issues/12345/","level":"error","#,
        r#""triggering_rules":["Rule Name"],"issue_id":"12345","triggering_rule_ids":["7"]}"#,
    );
    assert_eq!(alert(&sample(), &[(7, "Rule Name")]), expected);
}

#[test]
fn an_alert_lists_its_rules_by_id() {
    let body = alert(&sample(), &[(70, "say \"70\""), (9, "nine"), (71, "")]);
    assert!(body.contains(r#""triggering_rules":["nine","say \"70\"",""]"#), "{body}");
    assert!(body.ends_with(r#""triggering_rule_ids":["9","70","71"]}"#), "{body}");
}

#[test]
fn a_message_keeps_the_text_that_the_sdk_sent_beside_its_title() {
    let formatted = "payment gateway slow\nsecond line";
    let event = Event {
        level: Level::Warning,
        platform: "other",
        logger: "orders".into(),
        timestamp: 1_704_067_200_123_456,
        message: Some(Message { formatted: formatted.into(), template: None }),
        exception_json: br#"{"values":[]}"#.to_vec(),
        attributes_json: br#","user":{"id":"42"},"errors":[]"#.to_vec(),
        ..Event::default()
    };
    let body: Value = serde_json::from_str(&created(&event, &place(), 7)).unwrap();
    assert_eq!(body["message"], "payment gateway slow");
    assert_eq!(body["culprit"], "");
    assert_eq!(body["logger"], "orders");
    assert_eq!(body["datetime"], "2024-01-01T00:00:00.123Z");
    assert_eq!(body["event"]["message"], formatted);
    assert_eq!(body["event"]["timestamp"], 1_704_067_200.123_456);
    assert_eq!(body["event"]["tags"], Value::Array(Vec::new()));
    assert_eq!(body["event"]["exception"]["values"], Value::Array(Vec::new()));
    assert_eq!(body["event"]["user"]["id"], "42");
}

#[test]
fn an_empty_message_is_none() {
    let event = Event { message: Some(Message { formatted: "".into(), template: None }), ..sample() };
    let body: Value = serde_json::from_str(&created(&event, &place(), 7)).unwrap();
    assert_eq!(body["event"]["message"], body["message"]);
}

#[test]
fn the_attributes_follow_the_documented_keys() {
    let event = Event { attributes_json: br#","user":{"id":"42"},"sdk":{}"#.to_vec(), ..sample() };
    let body = created(&event, &place(), 7);
    let event_at = body.find(r#""event":"#).unwrap();
    let keys = ["event_id", "message", "level", "platform", "timestamp", "tags", "exception", "user", "sdk"];
    let places = keys.map(|key| event_at + body[event_at..].find(&format!("\"{key}\":")).unwrap());
    assert!(places.is_sorted(), "{places:?} {body}");
}

proptest! {
    /// Receivers that parse a body and write it again keep the number's digits, and with them the signature.
    #[test]
    fn a_timestamp_is_written_as_a_float_printer_would(moment in 0..7_258_118_400_000_000_i64) {
        let event = Event { timestamp: moment, ..sample() };
        let value = String::from_utf8(event_value(&event, &Title::of(&event))).unwrap();
        let float = moment as f64 / 1e6;
        let expected = format!(",\"timestamp\":{float:?},");
        prop_assert!(value.contains(&expected), "{}", value);
    }

    #[test]
    fn whatever_the_texts_hold_the_bodies_are_json_that_says_the_same(
        texts in proptest::collection::vec("\\PC{0,12}|[\"\\\\\\x00-\\x1f]{0,6}", 9),
        issue in 1..=i64::MAX,
    ) {
        let [base, organization, slug, name, culprit, message, logger, key, value] = &texts[..] else { unreachable!() };
        let place = Place {
            base_url: base,
            organization,
            project_slug: slug,
            project_name: name,
            ..place()
        };
        let event = Event {
            culprit: Some(culprit.into()),
            message: Some(Message { formatted: message.into(), template: None }),
            exceptions: Vec::new(),
            logger: logger.into(),
            tags: vec![(key.into(), value.into())],
            ..sample()
        };
        let body: Map<String, Value> = serde_json::from_str(&created(&event, &place, issue)).unwrap();
        prop_assert_eq!(body["project"].as_str(), Some(slug.as_str()));
        prop_assert_eq!(body["project_name"].as_str(), Some(name.as_str()));
        prop_assert_eq!(body["logger"].as_str(), Some(logger.as_str()));
        let url = format!("{base}/organizations/{organization}/issues/{issue}/");
        prop_assert_eq!(body["url"].as_str(), Some(url.as_str()));
        let sent = if message.is_empty() { Title::of(&event).as_str().to_owned() } else { message.clone() };
        prop_assert_eq!(body["event"]["message"].as_str(), Some(sent.as_str()));
        prop_assert_eq!(body["event"]["tags"][0][0].as_str(), Some(key.as_str()));
        prop_assert_eq!(body["event"]["tags"][0][1].as_str(), Some(value.as_str()));
        let rules = [(RuleId::new(1).unwrap(), name.as_str())];
        let alert = CreatedBody::new(&event, &Title::of(&event), culprit, &place).alert(IssueId::new(issue).unwrap(), &rules);
        let alert: Value = serde_json::from_slice(&alert).unwrap();
        prop_assert_eq!(alert["triggering_rules"][0].as_str(), Some(name.as_str()));
        let issue = issue.to_string();
        prop_assert_eq!(alert["issue_id"].as_str(), Some(issue.as_str()));
    }
}

#[test]
fn the_sample_is_an_ordinary_body() {
    let (place, now) = (place(), crate::ids::Millis(1_704_067_200_000));
    let body = super::sample(EventId([0x9f; 16]), now, IssueId::new(12_345).unwrap(), &place).unwrap();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let id = "9f".repeat(16);
    assert_eq!((body["id"].as_str(), body["event"]["event_id"].as_str()), (Some(&*id), Some(&*id)));
    assert_eq!(body["message"], "TypeError: Cannot read property 'foo' of undefined");
    assert_eq!(body["culprit"], "app.views.index in get");
    assert_eq!(body["datetime"], "2024-01-01T00:00:00.000Z");
    assert_eq!(body["issue_id"], "12345");
    assert_eq!(body["event"]["tags"], serde_json::json!([["environment", "production"], ["release", "1.0.0"]]));
    assert_eq!(body["event"]["exception"]["values"][0]["type"], "TypeError");
    assert_eq!(body["event"]["errors"], serde_json::json!([]));
}
