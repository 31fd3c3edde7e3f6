//! A corpus of pairs of events: which Watchfire takes for the same bug, and what Sentry's rules would say of them.
//!
//! `docs/grouping.md` shows the corpus as a table; a test compares the two, and prints the table that belongs there.

mod build;
mod messages;
mod stacks;

use protocol::event::{Scratch, normalise};
use serde_json::{Value, json};
use watchfire_model::grouping::{GROUPING_VERSION, GroupingKey, group};

use crate::support::{captured, context};

/// Two events, and whether they are one issue.
pub(crate) struct Pair {
    /// What is the same, and what differs.
    what: &'static str,
    events: [Value; 2],
    here: Fate,
    /// By Sentry's rules as its documentation and its answers show them.
    sentry: Fate,
    /// Why the two differ; empty where they do not.
    why: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Together,
    Apart,
}

use Fate::{Apart, Together};

/// Both agree that these are one issue.
pub(crate) fn together(what: &'static str, events: [Value; 2]) -> Pair {
    Pair { what, events, here: Together, sentry: Together, why: "" }
}

/// Both agree that these are two issues.
pub(crate) fn apart(what: &'static str, events: [Value; 2]) -> Pair {
    Pair { what, events, here: Apart, sentry: Apart, why: "" }
}

/// One issue here, two at Sentry's.
pub(crate) fn only_here(what: &'static str, events: [Value; 2], why: &'static str) -> Pair {
    Pair { what, events, here: Together, sentry: Apart, why }
}

/// Two issues here, one at Sentry's.
pub(crate) fn only_at_sentry(what: &'static str, events: [Value; 2], why: &'static str) -> Pair {
    Pair { what, events, here: Apart, sentry: Together, why }
}

/// The corpus by chapter.
fn corpus() -> Vec<(&'static str, Vec<Pair>)> {
    vec![
        ("Stack traces", stacks::moved()),
        ("Browsers", stacks::browsers()),
        ("Generated names", stacks::generated()),
        ("Exceptions", stacks::exceptions()),
        ("Messages", messages::texts()),
        ("Other events", messages::others()),
        ("Fingerprints", messages::fingerprints()),
    ]
}

fn key(payload: &Value) -> GroupingKey {
    let payload = payload.to_string();
    group(&normalise(payload.as_bytes(), &context(), &mut Scratch::default()).unwrap())
}

fn fate(events: &[Value; 2]) -> Fate {
    if key(&events[0]) == key(&events[1]) { Together } else { Apart }
}

fn table() -> String {
    let word = |fate| if fate == Together { "together" } else { "**apart**" };
    let mut table = String::new();
    for (chapter, pairs) in corpus() {
        table.push_str(&format!(
            "\n### {chapter}\n\n| two events | Watchfire | Sentry | why they differ |\n|---|---|---|---|\n"
        ));
        for pair in pairs {
            let row = [pair.what, word(pair.here), word(pair.sentry), pair.why];
            table.push_str(&format!("| {} |\n", row.join(" | ").trim_end()));
        }
    }
    table
}

#[test]
fn each_pair_of_the_corpus_meets_its_fate() {
    let mut wrong = Vec::new();
    for pair in corpus().into_iter().flat_map(|(_, pairs)| pairs) {
        assert_eq!(pair.here != pair.sentry, !pair.why.is_empty(), "{}: a difference has a reason", pair.what);
        let found = fate(&pair.events);
        if found != pair.here {
            wrong.push(format!("{}: {found:?}, not {:?}\n{:#?}", pair.what, pair.here, pair.events));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_documentation_shows_this_corpus() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/grouping.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, shown) = text.split_once("## The corpus\n").unwrap();
    let shown = shown.split_once("\n### ").map(|(_, table)| format!("\n### {table}")).unwrap_or_default();
    assert!(text.contains(&format!("({GROUPING_VERSION} at present)")), "the version of the algorithm");
    let expected = table();
    assert!(shown == expected, "docs/grouping.md ends with another table than this:\n{expected}");
}

#[test]
fn what_sdks_really_sent_groups_with_itself_moved_and_later_and_with_nothing_else() {
    let captured: Vec<(String, Value)> =
        captured().into_iter().map(|(name, payload)| (name, serde_json::from_slice(&payload).unwrap())).collect();
    for (name, event) in &captured {
        assert_eq!(fate(&[event.clone(), elsewhere(event)]), Together, "{name}");
    }
    for (index, (name, event)) in captured.iter().enumerate() {
        for (other_name, other) in &captured[index + 1..] {
            assert_eq!(fate(&[event.clone(), other.clone()]), Apart, "{name} and {other_name}");
        }
    }
}

/// The event as another process on another machine sends it later, with the code some lines down and deployed elsewhere.
fn elsewhere(event: &Value) -> Value {
    let mut other = event.clone();
    other["event_id"] = json!("11111111111111111111111111111111");
    other["server_name"] = json!("web-99");
    other["release"] = json!("shop@99.0.0");
    other["user"] = json!({"id": 77});
    other["extra"] = json!({"attempt": 3});
    for exception in other.pointer_mut("/exception/values").and_then(Value::as_array_mut).into_iter().flatten() {
        for frame in exception.pointer_mut("/stacktrace/frames").and_then(Value::as_array_mut).into_iter().flatten() {
            let line = frame["lineno"].as_u64().map(|line| line + 40);
            frame["lineno"] = json!(line);
            frame["vars"] = json!({"cart": "another"});
            if let Some(path) = frame["abs_path"].as_str().filter(|path| path.starts_with('/')) {
                frame["abs_path"] = json!(format!("/srv/releases/99{path}"));
            }
        }
    }
    other
}
