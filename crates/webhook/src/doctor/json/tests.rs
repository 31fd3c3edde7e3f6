//! What the programs themselves wrote, copied from them.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// As our sender writes it, then as others wrote that again.
const WRITTEN: &str = include_str!("written.tsv");

const NAMES: [(&str, Writer); 8] = [
    ("Python", Writer::Python),
    ("PythonCompact", Writer::PythonCompact),
    ("PythonUnicode", Writer::PythonUnicode),
    ("PythonSorted", Writer::PythonSorted),
    ("PythonSortedCompact", Writer::PythonSortedCompact),
    ("JavaScript", Writer::JavaScript),
    ("Go", Writer::Go),
    ("Php", Writer::Php),
];

fn line(name: &str) -> &'static str {
    let mut lines = WRITTEN.lines().filter_map(|line| line.split_once('\t'));
    lines.find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no line {name}")).1
}

fn sent() -> &'static str {
    line("Sent")
}

fn written_by(writer: Writer, text: &str) -> String {
    let (_, written) = json(text).written_again().find(|(known, _)| *known == writer).unwrap();
    String::from_utf8(written).unwrap()
}

fn is_restored(written: &str, sent: &str) -> bool {
    json(written).as_sent().any(|body| body == sent.as_bytes())
}

fn json(text: &str) -> Json<'_> {
    Json::read(text.as_bytes()).unwrap()
}

fn sign(text: &str) -> Option<Sign> {
    json(text).sign()
}

#[test]
fn each_writer_is_imitated_to_the_byte() {
    for (name, writer) in NAMES {
        assert_eq!(written_by(writer, sent()), line(name), "{writer}");
    }
    let indented = written_by(Writer::WidelyIndented, r#"{"a":[1,[]],"b":{"é":{}}}"#);
    assert_eq!(
        indented,
        "{\n    \"a\": [\n        1,\n        []\n    ],\n    \"b\": {\n        \"\\u00e9\": {}\n    }\n}"
    );
}

#[test]
fn what_was_sent_is_restored_from_what_each_writer_made_of_it() {
    // Attributes that are not documented cannot be put back where their keys were sorted.
    let documented_alone = sent().replace(r#","user":{},"extra":[]}"#, "}");
    for (name, writer) in NAMES {
        let is_sorted = matches!(writer, Writer::PythonSorted | Writer::PythonSortedCompact | Writer::Go);
        assert_eq!(is_restored(line(name), sent()), !is_sorted, "{writer}");
        assert!(is_restored(&written_by(writer, &documented_alone), &documented_alone), "{writer}");
    }
}

#[test]
fn an_sdks_own_escapes_are_kept_where_the_body_is_restored() {
    let sent =
        r#"{"id":"9f0c","message":"é","event":{"message":"é","timestamp":1.0,"tags":[],"extra":{"a":"\u00e9"}}}"#;
    let written = sent.replace("1.0", "1").replace("é", r"\u00e9").replace(",", ", ");
    assert!(is_restored(&written, sent));
}

#[test]
fn what_our_sender_writes_shows_no_sign_and_each_writer_leaves_one() {
    assert_eq!(sign(sent()), None);
    for (writer, expected) in [
        (Writer::Python, Sign::Blanks),
        (Writer::PythonCompact, Sign::Escapes),
        (Writer::Php, Sign::Escapes),
        (Writer::JavaScript, Sign::WholeTime),
        (Writer::SerdeJson, Sign::SortedKeys),
        (Writer::Indented, Sign::Blanks),
    ] {
        assert_eq!(sign(&written_by(writer, sent())), Some(expected), "{writer}");
    }
}

#[test]
fn blanks_and_escapes_of_an_sdk_and_needed_escapes_are_no_sign() {
    for body in [
        r#"{"id":"1","message":"a\"b\\c\nd\u0001","event":{"timestamp":1.5,"extra":{ "a" : "\u00e9" }}}"#,
        "{}",
        "[ ]",
        "1",
        r#"{"a":[1, 2]}"#,
    ] {
        assert_eq!(sign(body), None, "{body}");
    }
    for body in ["{ }", r#"{"a":1 }"#, r#"{"a":1, "b":2}"#, r#"{"a" :1}"#, " {}", "{}\n", r#"{"a": 1}"#] {
        assert_eq!(sign(body), Some(Sign::Blanks), "{body}");
    }
    assert_eq!(sign(r#"{"a":"\/"}"#), Some(Sign::Escapes));
}

#[test]
fn what_is_not_json_or_too_deep_long_or_many_is_left_alone() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let long = format!("\"{}\"", "a".repeat(JSON_BYTES_MAX));
    let many = format!("[0{}]", ",0".repeat(1 << 19));
    for body in ["", "{", "{}{}", "nonsense", &deep, &long, &many] {
        assert!(Json::read(body.as_bytes()).is_none(), "{:.20}", body);
    }
    assert!(Json::read(b"\"\xff\"").is_none());
}

#[test]
fn strange_json_is_written_as_it_is() {
    for body in [r#"{"a":"\ud800"}"#, r#"[[],[{}],"\\\"",-1.50e+9,true,null]"#, r#"{"a":1,"a":2}"#, r#""""#] {
        assert!(json(body).as_sent().any(|written| written == body.as_bytes()), "{body}");
    }
    assert_eq!(json(r#""{\"id\":1}""#).text().as_deref(), Some(r#"{"id":1}"#));
    assert_eq!(json("[1]").text(), None);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<String>().prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let object = prop::collection::btree_map("[a-c/é\"]{0,3}|event|timestamp", inner.clone(), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::from),
            object.prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_way_to_write_a_body_gives_the_same_values(value in any_json()) {
        let text = value.to_string();
        let json = Json::read(text.as_bytes()).unwrap();
        for body in json.as_sent().chain(json.written_again().map(|(_, body)| body)) {
            let text = String::from_utf8(body).unwrap();
            let read: Value = serde_json::from_str(&text).unwrap();
            // A time may have got decimals.
            let without = |value: &Value| value.to_string().replace(".0", "");
            prop_assert_eq!(without(&read), without(&value), "{}", text);
        }
    }
}
