//! Values of events as text. SDKs send what they like: what is not what it should be is shown as it came. What is longer than a
//! page shows is cut, and how much of it there is stands beside it.

use serde_json::Value;

use crate::ui::json::Highlighted;
use crate::ui::words::count;

/// The most characters that are shown of one value.
const SHOWN_CHARACTERS: usize = 4_000;
/// The most characters of a name that stands before a value.
const NAME_CHARACTERS: usize = 200;
/// The most characters that are shown of a body.
const BODY_CHARACTERS: usize = 20_000;
/// The most pairs that are shown under one another.
const PAIRS_MAX: usize = 200;

/// Names with values: those that a page shows, and how many there are.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pairs {
    pub(super) shown: Vec<(String, String)>,
    in_all: usize,
}

impl Pairs {
    /// All that are in such a list of an event, as far as a page shows them.
    pub(super) fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Pairs {
        let mut pairs = pairs.into_iter();
        let shown: Vec<_> = pairs.by_ref().take(PAIRS_MAX).collect();
        let in_all = shown.len() + pairs.count();
        Pairs { shown, in_all }
    }

    /// Without those that have nothing to say.
    pub(super) fn filtered(mut self, says_something: impl Fn(&str, &str) -> bool) -> Pairs {
        let before = self.shown.len();
        self.shown.retain(|(name, value)| says_something(name, value));
        self.in_all -= before - self.shown.len();
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// What is said where there are more.
    pub(super) fn rest(&self) -> Option<String> {
        of_all(self.shown.len(), self.in_all, "are shown: the first. All are in the JSON of the event.")
    }
}

/// `200 of 1 300 …`, where not all are shown.
pub(super) fn of_all(shown: usize, in_all: usize, what: &str) -> Option<String> {
    let figure = |number: usize| count(u64::try_from(number).unwrap_or(u64::MAX));
    (shown < in_all).then(|| format!("{} of {} {what}", figure(shown), figure(in_all)))
}

/// A value in words; nothing for null.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(short(text, SHOWN_CHARACTERS)),
        other => Some(short(&other.to_string(), SHOWN_CHARACTERS)),
    }
}

/// A value in words; empty for null.
pub(super) fn plain(value: &Value) -> String {
    text(value).unwrap_or_default()
}

/// A name, as far as a page shows it.
pub(super) fn named(name: &str) -> String {
    short(name, NAME_CHARACTERS)
}

/// The members of an object, or the pairs of a list of pairs, by name. Anything else is one value without a name.
pub(super) fn pairs(value: &Value) -> Pairs {
    let pair = |pair: &Value| match pair.as_array().map(Vec::as_slice) {
        Some([name, value]) => (named(&plain(name)), plain(value)),
        _ => (String::new(), plain(pair)),
    };
    match value {
        Value::Null => Pairs::default(),
        Value::Object(members) => Pairs::of(members.iter().map(|(name, value)| (named(name), plain(value)))),
        Value::Array(items) => Pairs::of(items.iter().filter(|item| !item.is_null()).map(pair)),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Pairs::of([(String::new(), plain(value))]),
    }
}

/// A body, indented and coloured if it is JSON; only the beginning of one that is very long.
pub(super) fn body(value: &Value) -> Highlighted {
    let text = match value {
        Value::String(text) => short(text, BODY_CHARACTERS),
        other => short(&other.to_string(), BODY_CHARACTERS),
    };
    Highlighted::of(&text)
}

/// Items of a list that are something; none where it is no list.
pub(super) fn items(value: &Value) -> Vec<&Value> {
    value.as_array().into_iter().flatten().filter(|item| !item.is_null()).collect()
}

/// The text, or its beginning and how much of it there is.
fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}… ({} characters in all)", &text[..end], text.chars().count()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(pairs: &[(&str, &str)]) -> Pairs {
        Pairs::of(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn whatever_was_sent_becomes_text_and_what_is_cut_says_so() {
        assert_eq!(text(&json!(null)), None);
        assert_eq!(text(&json!({"a": [1]})).as_deref(), Some(r#"{"a":[1]}"#));
        let long = plain(&json!("é".repeat(5_000)));
        assert!(long.ends_with("… (5000 characters in all)") && long.starts_with("éé"));
        let body = body(&json!(vec!["<i>"; 9_000])).to_string();
        assert!(body.ends_with("… (54001 characters in all)") && !body.contains("<i>"), "{}", body.len());
        assert!(items(&json!("x")).is_empty());
        assert_eq!(items(&json!([null, 1])), [&json!(1)]);
    }

    #[test]
    fn pairs_of_any_shape_are_shown_and_none_is_left_out_unsaid() {
        assert_eq!(pairs(&json!([["a", 1], "b", ["c"], null])), named(&[("a", "1"), ("", "b"), ("", r#"["c"]"#)]));
        assert_eq!(pairs(&json!({"a": null})), named(&[("a", "")]));
        assert_eq!(pairs(&json!("text")), named(&[("", "text")]));
        assert!(pairs(&json!(null)).is_empty());
        let many: serde_json::Map<_, _> = (0..1_300).map(|number| (format!("n{number}"), json!(1))).collect();
        let many = pairs(&json!(many));
        assert_eq!(many.shown.len(), 200);
        assert_eq!(
            many.rest().as_deref(),
            Some("200 of 1\u{202f}300 are shown: the first. All are in the JSON of the event.")
        );
        let name = pairs(&json!({"n".repeat(3_000): 1}));
        assert!(name.shown[0].0.ends_with("(3000 characters in all)"));
        assert_eq!(name.rest(), None);
    }
}
