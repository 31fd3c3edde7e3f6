//! A hook's filters as lines of its form: what is looked at, how it is compared, with what.

use serde_json::{Value, json};

use crate::ui::form::Form;

const LEVEL: &str = "sentry.rules.filters.level.LevelFilter";
const TAG: &str = "sentry.rules.filters.tagged_event.TaggedEventFilter";
const ATTRIBUTE: &str = "sentry.rules.filters.event_attribute.EventAttributeFilter";

/// What a line may look at, and what it is called.
pub(super) const SUBJECTS: [(&str, &str); 3] = [("tag", "tag"), ("level", "level"), ("attribute", "attribute")];
/// How it may be compared, and what that is called. Levels know the first three alone.
pub(super) const MATCHES: [(&str, &str); 13] = [
    ("eq", "is"),
    ("gte", "is at least"),
    ("lte", "is at most"),
    ("ne", "is not"),
    ("co", "contains"),
    ("nc", "does not contain"),
    ("sw", "starts with"),
    ("nsw", "does not start with"),
    ("ew", "ends with"),
    ("new", "does not end with"),
    ("is", "is set"),
    ("ns", "is not set"),
    ("in", "is one of"),
];
/// Sentry's numbers of levels.
const LEVELS: [(&str, &str); 5] =
    [("50", "fatal"), ("40", "error"), ("30", "warning"), ("20", "info"), ("10", "debug")];

/// A line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FilterRow {
    pub(super) subject: String,
    /// The tag's or the attribute's name.
    pub(super) key: String,
    pub(super) match_code: String,
    pub(super) value: String,
    /// A node that the lines have no words for, as it is: it stays.
    pub(super) other: String,
}

impl FilterRow {
    /// The line of a node of the API.
    pub(super) fn of_node(node: &Value) -> FilterRow {
        let text = |name: &str| match &node[name] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let row = |subject: &str, key: &str, value: &str| FilterRow {
            subject: subject.to_owned(),
            key: text(key),
            match_code: text("match"),
            value: text(value),
            other: String::new(),
        };
        let row = match node["id"].as_str() {
            Some(LEVEL) => FilterRow { value: level_name(&text("level")), ..row("level", "", "level") },
            Some(TAG) => row("tag", "key", "value"),
            Some(ATTRIBUTE) => row("attribute", "attribute", "value"),
            _ => return FilterRow { other: node.to_string(), ..FilterRow::default() },
        };
        // What a line cannot say without loss it does not say.
        if MATCHES.iter().any(|(code, _)| *code == row.match_code) {
            row
        } else {
            FilterRow { other: node.to_string(), ..FilterRow::default() }
        }
    }

    /// The lines of the form.
    pub(super) fn all_of_form(form: &Form) -> Vec<FilterRow> {
        let columns =
            ["filterSubject", "filterKey", "filterMatchCode", "filterValue", "filterOther"].map(|name| form.all(name));
        let at = |column: usize, line: usize| columns[column].get(line).copied().unwrap_or_default().trim().to_owned();
        let lines = columns[0].len();
        let row = |line| FilterRow {
            subject: at(0, line),
            key: at(1, line),
            match_code: at(2, line),
            value: at(3, line),
            other: at(4, line),
        };
        (0..lines).map(row).collect()
    }

    /// A line to fill in.
    pub(super) fn new() -> FilterRow {
        FilterRow { subject: "tag".to_owned(), match_code: "eq".to_owned(), ..FilterRow::default() }
    }

    /// As the API takes it.
    pub(super) fn to_node(&self) -> Option<Value> {
        let FilterRow { subject, key, match_code, value, other } = self;
        match subject.as_str() {
            "level" => Some(json!({"id": LEVEL, "match": match_code, "level": level_number(value)})),
            "tag" => Some(json!({"id": TAG, "key": key, "match": match_code, "value": value})),
            "attribute" => Some(json!({"id": ATTRIBUTE, "attribute": key, "match": match_code, "value": value})),
            _ if other.is_empty() => None,
            _ => Some(serde_json::from_str(other).unwrap_or_else(|_| json!(other))),
        }
    }
}

fn level_name(number: &str) -> String {
    LEVELS.iter().find(|(known, _)| *known == number).map_or(number, |(_, name)| name).to_owned()
}

/// What is no level goes to the API as it is, which says so.
fn level_number(name: &str) -> String {
    let known = LEVELS.iter().find(|(_, known)| known.eq_ignore_ascii_case(name));
    known.map_or(name, |(number, _)| number).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_survives_its_line() {
        for node in [
            json!({"id": LEVEL, "match": "gte", "level": "40"}),
            json!({"id": TAG, "key": "a", "match": "co", "value": "b c"}),
            json!({"id": ATTRIBUTE, "attribute": "message", "match": "eq", "value": "x"}),
            json!({"id": "sentry.rules.filters.other.OtherFilter", "what": [1, {"a": "<b>"}]}),
            json!({"id": TAG, "key": "a", "match": "unheard of", "value": "b"}),
        ] {
            assert_eq!(FilterRow::of_node(&node).to_node(), Some(node));
        }
        assert_eq!(FilterRow::default().to_node(), None);
    }
}
