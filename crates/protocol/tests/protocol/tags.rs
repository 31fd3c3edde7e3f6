//! Tags: both shapes, what breaks a rule, what the event gives itself (B6).

use crate::support::{error, errors, event};

#[test]
fn tags_are_a_map_or_a_list_of_pairs() {
    let expected = [("a-b", "1"), ("t", "True"), ("x", "y")];
    for payload in [
        r#"{"tags":{"x":" y ","a b":1.9,"t":true,"n":null}}"#,
        r#"{"tags":[["x","y"],[" a b ",1],["t",true],["n",null],null]}"#,
    ] {
        let event = event(payload);
        let tags: Vec<_> = event.tags.iter().map(|(key, value)| (&**key, &**value)).collect();
        assert_eq!(tags, expected, "{payload}");
        assert_eq!(errors(&event), [], "{payload}");
    }
}

#[test]
fn tags_that_break_a_rule_are_left_out_and_listed() {
    let long = "x".repeat(201);
    for (tags, name, kind) in [
        (r#"{"a$b":"1"}"#.to_owned(), "tags.a$b", "invalid_data"),
        (r#"{"":"1"}"#.to_owned(), "tags", "invalid_data"),
        (r#"{"a":""}"#.to_owned(), "tags.a", "invalid_data"),
        (r#"{"a":"1\n2"}"#.to_owned(), "tags.a", "invalid_data"),
        (r#"{"a":{}}"#.to_owned(), "tags.a", "invalid_data"),
        (format!("{{\"a\":\"{long}\"}}"), "tags.a", "value_too_long"),
        (format!("{{\"{long}\":\"1\"}}"), &format!("tags.{long}"), "value_too_long"),
        (r#"[["a"]]"#.to_owned(), "tags.0", "invalid_data"),
        (r#"[["a",1,2]]"#.to_owned(), "tags.0", "invalid_data"),
        (r#"[3]"#.to_owned(), "tags.0", "invalid_data"),
        ("3".to_owned(), "tags", "invalid_data"),
    ] {
        let payload = format!("{{\"tags\":{tags}}}");
        let event = event(&payload);
        assert!(event.tags.is_empty(), "{tags}");
        assert_eq!(errors(&event), [error(kind, name)], "{tags}");
    }
    let exact = format!("{{\"tags\":{{\"a\":\"{}\"}}}}", "é".repeat(200));
    assert_eq!(event(&exact).tags.len(), 1);
}

#[test]
fn reserved_tags_give_way_to_attributes_and_the_first_of_a_key_counts() {
    let payload = r#"{"tags":[["b","1"],["b","2"],["release","no"],["dist","no"],["user","no"],["filename","no"],["function","no"],
        ["environment","staging"],["server_name","no"]],"release":"1.0","dist":"d-1","server_name":"web-1","site":"shop"}"#;
    let event = event(payload);
    let tags: Vec<_> = event.tags.iter().map(|(key, value)| (&**key, &**value)).collect();
    assert_eq!(
        tags,
        [
            ("b", "1"),
            ("dist", "d-1"),
            ("environment", "staging"),
            ("release", "1.0"),
            ("server_name", "web-1"),
            ("site", "shop")
        ]
    );
    assert_eq!(event.environment.as_deref(), Some("staging"));
    let both = r#"{"environment":"prod","tags":{"environment":"staging"}}"#;
    assert_eq!(crate::support::event(both).environment.as_deref(), Some("prod"));
}

#[test]
fn the_event_itself_gives_tags_that_webhooks_do_not_carry() {
    let payload = r#"{"level":"warning","logger":"l","transaction":"t","user":{"email":"a@b"},"request":{"url":"http://h/p"},
        "exception":[{"type":"E","mechanism":{"type":"m","handled":false}}],
        "contexts":{"runtime":{"name":"R","version":"1"},"client":{"type":"os","name":"O"},"browser":{"name":"B","version":"2"},
        "device":{"model":"D","family":"F"}}}"#;
    let event = event(payload);
    let tags: Vec<_> = event.derived_tags.iter().map(|(key, value)| (&**key, &**value)).collect();
    assert_eq!(
        tags,
        [
            ("browser", "B 2"),
            ("browser.name", "B"),
            ("device", "D"),
            ("device.family", "F"),
            ("handled", "no"),
            ("level", "warning"),
            ("logger", "l"),
            ("mechanism", "m"),
            ("os", "O"),
            ("os.name", "O"),
            ("runtime", "R 1"),
            ("runtime.name", "R"),
            ("transaction", "t"),
            ("url", "http://h/p"),
            ("user", "email:a@b"),
        ]
    );
    assert!(event.tags.is_empty());
}

#[test]
fn a_users_tag_is_the_first_of_id_name_mail_and_address() {
    for (user, tag) in [
        (r#"{"id":7,"username":"u"}"#, "id:7"),
        (r#"{"id":"","username":"u","email":"e"}"#, "username:u"),
        (r#"{"email":"e","ip_address":"10.0.0.1"}"#, "email:e"),
        (r#"{"ip_address":"10.0.0.1"}"#, "ip:10.0.0.1"),
    ] {
        let payload = format!("{{\"user\":{user}}}");
        let event = event(&payload);
        assert!(event.derived_tags.iter().any(|found| found.0 == "user" && found.1 == tag), "{user}");
    }
}
