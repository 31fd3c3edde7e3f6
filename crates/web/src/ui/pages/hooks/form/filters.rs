//! A hook's filters as lines of its form: what is looked at, how it is compared, with what.

use serde_json::{Value, json};

use crate::ui::form::Form;

const LEVEL: &str = "sentry.rules.filters.level.LevelFilter";
const TAG: &str = "sentry.rules.filters.tagged_event.TaggedEventFilter";
const ATTRIBUTE: &str = "sentry.rules.filters.event_attribute.EventAttributeFilter";

/// What a line may look at, and what it is called.
pub(super) const SUBJECTS: [(&str, &str); 3] = [("tag", "tag"), ("level", "level"), ("attribute", "attribute")];
/// How a tag or an attribute may be compared, and what that is called.
pub(super) const MATCHES: [(&str, &str); 11] = [
    ("eq", "is"),
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
/// How a level may be.
pub(super) const LEVEL_MATCHES: [(&str, &str); 3] = [("gte", "is at least"), ("lte", "is at most"), ("eq", "is")];
/// Sentry's numbers of levels.
pub(super) const LEVELS: [(&str, &str); 5] =
    [("50", "fatal"), ("40", "error"), ("30", "warning"), ("20", "info"), ("10", "debug")];
/// The fields of a line, beside the one for what the lines have no words for. Each line sends all of them.
pub(super) const LINE_FIELDS: [&str; 6] =
    ["filterSubject", "filterKey", "filterMatchCode", "filterValue", "filterLevelMatch", "filterLevel"];
const OTHER_FIELD: &str = "filterOther";

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FilterRow {
    pub(super) subject: String,
    /// The tag's or the attribute's name.
    pub(super) key: String,
    pub(super) match_code: String,
    pub(super) value: String,
    pub(super) level_match: String,
    pub(super) level: String,
    /// A node that the lines have no words for, as it is: it stays.
    pub(super) other: String,
}

impl FilterRow {
    /// A line to fill in.
    pub(super) fn new() -> FilterRow {
        FilterRow {
            subject: "tag".to_owned(),
            key: String::new(),
            match_code: "eq".to_owned(),
            value: String::new(),
            level_match: "gte".to_owned(),
            level: "40".to_owned(),
            other: String::new(),
        }
    }

    /// The line of a node of the API. What a line cannot say without loss it does not say.
    pub(super) fn of_node(node: &Value) -> FilterRow {
        let text = |name: &str| match &node[name] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let knows = |choices: &[(&str, &str)], name: &str| choices.iter().any(|(code, _)| *code == text(name));
        let new = FilterRow::new();
        let named = |subject: &str, key: &str| FilterRow {
            subject: subject.to_owned(),
            key: text(key),
            match_code: text("match"),
            value: text("value"),
            ..new.clone()
        };
        match node["id"].as_str() {
            Some(LEVEL) if knows(&LEVEL_MATCHES, "match") && knows(&LEVELS, "level") => {
                FilterRow { subject: "level".to_owned(), level_match: text("match"), level: text("level"), ..new }
            }
            Some(TAG) if knows(&MATCHES, "match") => named("tag", "key"),
            Some(ATTRIBUTE) if knows(&MATCHES, "match") => named("attribute", "attribute"),
            _ => FilterRow { subject: String::new(), other: node.to_string(), ..new },
        }
    }

    /// The lines of the form.
    pub(super) fn all_of_form(form: &Form) -> Vec<FilterRow> {
        let columns = LINE_FIELDS.map(|name| form.all(name));
        let others = form.all(OTHER_FIELD);
        let row = |line: usize| {
            let [subject, key, match_code, value, level_match, level] =
                columns.each_ref().map(|column| column.get(line).copied().unwrap_or_default().trim().to_owned());
            let other = others.get(line).copied().unwrap_or_default().to_owned();
            FilterRow { subject, key, match_code, value, level_match, level, other }
        };
        (0..columns[0].len()).map(row).collect()
    }

    /// As the API takes it.
    pub(super) fn to_node(&self) -> Option<Value> {
        let FilterRow { subject, key, match_code, value, level_match, level, other } = self;
        match subject.as_str() {
            "level" => Some(json!({"id": LEVEL, "match": level_match, "level": level})),
            "tag" => Some(json!({"id": TAG, "key": key, "match": match_code, "value": value})),
            "attribute" => Some(json!({"id": ATTRIBUTE, "attribute": key, "match": match_code, "value": value})),
            _ if other.is_empty() => None,
            _ => Some(serde_json::from_str(other).unwrap_or_else(|_| json!(other))),
        }
    }
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
            json!({"id": LEVEL, "match": "eq", "level": "0"}),
        ] {
            assert_eq!(FilterRow::of_node(&node).to_node(), Some(node));
        }
    }
}
