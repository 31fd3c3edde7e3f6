//! The tolerant reader against a strict one, and each fault that it repairs.

use proptest::prelude::*;
use serde_json::Value as Strict;
use watchfire_protocol::json::{
    ChangeKind, JsonErrorKind, Kind, MAX_DEPTH_LEVELS, MAX_LISTED_CHANGES, Tape, write_value,
};

/// The strict form of a text, and what was changed.
fn repaired(text: &[u8]) -> (String, Vec<(ChangeKind, String)>) {
    let mut tape = Tape::new();
    let document = tape.parse(text).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(text)));
    let mut out = Vec::new();
    write_value(&mut out, document.root());
    let changes = document.changes().listed().iter().map(|change| (change.kind, change.path.clone())).collect();
    (String::from_utf8(out).unwrap(), changes)
}

fn refusal(text: &[u8]) -> JsonErrorKind {
    Tape::new().parse(text).expect_err(&String::from_utf8_lossy(text)).kind
}

#[test]
fn strict_json_is_copied_byte_for_byte() {
    for text in [
        "null",
        "true",
        "false",
        "0",
        "-0.0",
        "1e5",
        "1E+05",
        "1.0",
        "12345678901234567890123",
        "\"\"",
        "\"a\\u0000b\\ud83d\\ude00é\"",
        "[]",
        "[ ]",
        "{}",
        "{ \"a\" : [ 1 , { \"b\" : null } ] }",
        " [1,\n2]\t",
        "{\"\":{\"\":\"\"}}",
    ] {
        assert_eq!(repaired(text.as_bytes()), (text.trim().to_owned(), vec![]), "{text}");
    }
}

#[test]
fn each_fault_that_sdks_make_is_repaired_and_listed_with_its_path() {
    for (text, strict, kind, path) in [
        (&b"{\"a\":NaN}"[..], "{\"a\":null}", ChangeKind::Number, "a"),
        (b"[1,-Infinity,2]", "[1,null,2]", ChangeKind::Number, "1"),
        (b"Infinity", "null", ChangeKind::Number, ""),
        (b"{\"a\":[{\"b\":1e999}]}", "{\"a\":[{\"b\":null}]}", ChangeKind::Number, "a.0.b"),
        (b"[-1e400]", "[null]", ChangeKind::Number, "0"),
        (b"[\"\\ud83d\"]", "[\"\u{fffd}\"]", ChangeKind::Unicode, "0"),
        (b"[\"x\\ude00\\n\"]", "[\"x\u{fffd}\\n\"]", ChangeKind::Unicode, "0"),
        (b"{\"a\":\"\xff\"}", "{\"a\":\"\u{fffd}\"}", ChangeKind::Unicode, "a"),
        (b"{\"\xff\":1}", "{\"\u{fffd}\":1}", ChangeKind::Unicode, "\u{fffd}"),
        (b"[\"a\nb\"]", "[\"a\\nb\"]", ChangeKind::ControlCharacter, "0"),
        (b"{\"a\":{\"b\":\"\0\x1f\"}}", "{\"a\":{\"b\":\"\\u0000\\u001f\"}}", ChangeKind::ControlCharacter, "a.b"),
        (b"{\"a\":1,\"b\":2,\"a\":3}", "{\"b\":2,\"a\":3}", ChangeKind::DuplicateKey, "a"),
        (b"{\"x\":{\"a\":1,\"\\u0061\":3}}", "{\"x\":{\"\\u0061\":3}}", ChangeKind::DuplicateKey, "x.a"),
    ] {
        assert_eq!(
            repaired(text),
            (strict.to_owned(), vec![(kind, path.to_owned())]),
            "{}",
            String::from_utf8_lossy(text)
        );
    }
}

#[test]
fn every_other_fault_is_an_error() {
    for (text, kind) in [
        ("", JsonErrorKind::End),
        ("  ", JsonErrorKind::End),
        ("{", JsonErrorKind::End),
        ("[1", JsonErrorKind::End),
        ("[1,", JsonErrorKind::End),
        ("{\"a\"", JsonErrorKind::End),
        ("{\"a\":", JsonErrorKind::End),
        ("\"a", JsonErrorKind::End),
        ("[,]", JsonErrorKind::Value),
        ("[1,]", JsonErrorKind::Value),
        ("nul", JsonErrorKind::Value),
        ("Nan", JsonErrorKind::Value),
        ("'a'", JsonErrorKind::Value),
        ("]", JsonErrorKind::Value),
        ("{1:2}", JsonErrorKind::Key),
        ("{\"a\":1,}", JsonErrorKind::Key),
        ("{,}", JsonErrorKind::Key),
        ("{\"a\" 1}", JsonErrorKind::Colon),
        ("{\"a\":1 \"b\":2}", JsonErrorKind::Separator),
        ("[1 2]", JsonErrorKind::Separator),
        ("[1}", JsonErrorKind::Separator),
        ("{\"a\":1]", JsonErrorKind::Separator),
        ("\"\\x\"", JsonErrorKind::Escape),
        ("\"\\u12g4\"", JsonErrorKind::Escape),
        ("01", JsonErrorKind::Number),
        ("-", JsonErrorKind::Number),
        ("1.", JsonErrorKind::Number),
        (".5", JsonErrorKind::Value),
        ("+1", JsonErrorKind::Value),
        ("1e", JsonErrorKind::Number),
        ("-x", JsonErrorKind::Number),
        ("1 2", JsonErrorKind::Trailing),
        ("{} x", JsonErrorKind::Trailing),
        ("\u{feff}{}", JsonErrorKind::Value),
        ("[\u{a0}]", JsonErrorKind::Value),
    ] {
        assert_eq!(refusal(text.as_bytes()), kind, "{text:?}");
    }
}

#[test]
fn the_last_of_each_name_counts_however_many_there_are() {
    for members in [2, 10, 31, 32, 33, 34, 100, 10_000] {
        let text: Vec<String> = (0..members).map(|index| format!("\"key{}\":{index}", index % (members / 2))).collect();
        let text = format!("{{{}}}", text.join(","));
        let (strict, changes) = repaired(text.as_bytes());
        let expected: Strict = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::from_str::<Strict>(&strict).unwrap(), expected);
        assert_eq!(strict.matches(':').count(), members / 2);
        assert_eq!(changes.len(), (members - members / 2).min(MAX_LISTED_CHANGES));
    }
}

#[test]
fn a_name_that_comes_many_times_leaves_one_member() {
    for text in ["{\"a\":1,\"a\":2,\"a\":3,\"a\":4}", "{\"a\":1,\"b\":[{\"a\":0}],\"a\":2,\"\\u0061\":4}"] {
        let (strict, changes) = repaired(text.as_bytes());
        assert_eq!(serde_json::from_str::<Strict>(&strict).unwrap()["a"], 4, "{strict}");
        assert_eq!(serde_json::from_str::<Strict>(&strict).unwrap(), serde_json::from_str::<Strict>(text).unwrap());
        assert!(changes.iter().all(|change| *change == (ChangeKind::DuplicateKey, "a".to_owned())));
    }
}

#[test]
fn names_that_share_a_hash_are_not_taken_for_one() {
    let members: Vec<String> = (0..32).map(|index| format!("\"a{}z\":{index}", (b'a' + index) as char)).collect();
    let text = format!("{{{}}}", members.join(","));
    assert_eq!(repaired(text.as_bytes()), (text, vec![]));
}

#[test]
fn containers_beyond_the_deepest_level_become_their_text() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let inner = format!("{}NaN{}", open.repeat(3), close.repeat(3));
        let text = format!("{}{inner}{}", open.repeat(MAX_DEPTH_LEVELS), close.repeat(MAX_DEPTH_LEVELS));
        let (strict, changes) = repaired(text.as_bytes());
        let mut value: Strict = serde_json::from_str(&strict).unwrap();
        for _ in 0..MAX_DEPTH_LEVELS {
            value = if open == "[" { value[0].take() } else { value["a"].take() };
        }
        assert_eq!(value, Strict::String(inner));
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].0, ChangeKind::Depth);
        let exact = format!("{}1{}", open.repeat(MAX_DEPTH_LEVELS), close.repeat(MAX_DEPTH_LEVELS));
        assert_eq!(repaired(exact.as_bytes()), (exact, vec![]));
    }
}

#[test]
fn siblings_of_a_container_that_is_too_deep_are_read_as_ever() {
    let deep = "[".repeat(100) + &"]".repeat(100);
    let text = format!("{{\"a\":{deep},\"b\":{{\"c\":[{deep},NaN]}},\"d\":1}}");
    let (strict, changes) = repaired(text.as_bytes());
    let value: Strict = serde_json::from_str(&strict).unwrap();
    assert_eq!((&value["b"]["c"][1], &value["d"]), (&Strict::Null, &Strict::from(1)));
    let kinds: Vec<_> = changes.iter().map(|change| change.0).collect();
    assert_eq!(kinds, [ChangeKind::Depth, ChangeKind::Depth, ChangeKind::Number]);
    assert_eq!(changes[2].1, "b.c.1");
}

#[test]
fn half_a_million_levels_neither_overflow_nor_take_long() {
    for (open, close, count) in [("[", "]", 500_000), ("{\"\":", "}", 200_000)] {
        let text = open.repeat(count) + "1" + &close.repeat(count);
        let (strict, _) = repaired(text.as_bytes());
        assert!(strict.len() > count);
        assert_eq!(refusal(open.repeat(count).as_bytes()), JsonErrorKind::End);
    }
    let mixed = "[{\"a\":".repeat(100_000);
    assert_eq!(refusal(format!("{mixed}]").as_bytes()), JsonErrorKind::Value);
}

#[test]
fn more_repairs_than_are_listed_are_counted() {
    let text = format!("[{}]", vec!["NaN"; MAX_LISTED_CHANGES + 7].join(","));
    let mut tape = Tape::new();
    let document = tape.parse(text.as_bytes()).unwrap();
    assert_eq!((document.changes().listed().len(), document.changes().more()), (MAX_LISTED_CHANGES, 7));
}

#[test]
fn a_tape_is_used_again_without_what_it_held() {
    let mut tape = Tape::new();
    assert!(tape.parse(b"[NaN,{\"a\":1,\"a\":2}]").is_ok());
    assert!(tape.parse(b"[[[").is_err());
    let document = tape.parse(b"{\"a\":\"b\"}").unwrap();
    assert_eq!(document.root().get("a").unwrap().text().as_deref(), Some("b"));
    assert!(document.changes().listed().is_empty());
}

#[test]
fn values_are_read_as_what_they_are() {
    let mut tape = Tape::new();
    let document = tape
        .parse(br#"{"s":"a\n","i":-7,"f":1.5,"big":99999999999999999999,"t":true,"n":null,"l":[1,[2]],"s\u0032":"x"}"#)
        .unwrap();
    let root = document.root();
    let get = |name| root.get(name).unwrap();
    assert_eq!(get("s").text().as_deref(), Some("a\n"));
    assert_eq!(get("s").plain(), None);
    assert_eq!(get("s2").plain(), Some(&b"x"[..]));
    assert_eq!((get("i").integer(), get("f").integer(), get("big").integer()), (Some(-7), None, None));
    assert_eq!((get("f").number(), get("f").is_fraction()), (Some("1.5"), true));
    assert_eq!((get("t").boolean(), get("n").boolean(), get("n").is_null()), (Some(true), None, true));
    assert_eq!((get("l").count(), get("l").kind()), (2, Kind::Array));
    assert_eq!(get("l").elements().map(|element| element.raw()).collect::<Vec<_>>(), [&b"1"[..], b"[2]"]);
    assert_eq!((root.count(), root.members().count()), (8, 8));
    assert!(root.get("absent").is_none());
}

fn any_json() -> impl Strategy<Value = Strict> {
    let leaf = prop_oneof![
        Just(Strict::Null),
        any::<bool>().prop_map(Strict::from),
        any::<i64>().prop_map(Strict::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Strict::from),
        any::<String>().prop_map(Strict::from),
        "[a-z\"\\\\\u{0}-\u{1f}é😀]{0,40}".prop_map(Strict::from),
    ];
    leaf.prop_recursive(6, 200, 12, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..12).prop_map(Strict::from),
            prop::collection::vec((any::<String>(), inner.clone()), 0..12)
                .prop_map(|members| Strict::Object(members.into_iter().collect())),
            prop::collection::vec(("[a-d]{1,2}", inner), 0..40)
                .prop_map(|members| Strict::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn valid_json_is_read_without_change(value in any_json()) {
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let (strict, changes) = repaired(text.as_bytes());
            prop_assert_eq!(&strict, &text);
            prop_assert!(changes.is_empty());
        }
    }

    #[test]
    fn what_a_strict_parser_reads_is_read_and_nothing_written_is_refused(text in "[\\[\\]{}:,\"a0-9eE.+\\-tfn\\\\ul \u{1}]{0,40}") {
        let strict = serde_json::from_str::<Strict>(&text);
        let mut tape = Tape::new();
        match tape.parse(text.as_bytes()) {
            Ok(document) => {
                let mut out = Vec::new();
                write_value(&mut out, document.root());
                let read = serde_json::from_slice::<Strict>(&out);
                prop_assert!(read.is_ok());
                if let Ok(strict) = strict {
                    prop_assert_eq!(strict, read.unwrap());
                }
            }
            Err(error) => prop_assert!(strict.is_err(), "{}: {:?}", error, text),
        }
    }

    #[test]
    fn any_bytes_in_a_string_come_out_as_text(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let bytes: Vec<u8> = bytes.into_iter().filter(|byte| !matches!(byte, b'"' | b'\\')).collect();
        let text = [b"[\"", bytes.as_slice(), b"\"]"].concat();
        let (strict, _) = repaired(&text);
        let read: Vec<String> = serde_json::from_str(&strict).unwrap();
        prop_assert_eq!(&read[0], &String::from_utf8_lossy(&bytes));
    }
}
