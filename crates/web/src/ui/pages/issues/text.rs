//! Values of events as text. SDKs send what they like: what is not what it should be is shown as it came.

use serde_json::Value;

/// The most characters that are shown of one value.
const SHOWN_CHARACTERS: usize = 4_000;

/// A value in words; nothing for null.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(short(text)),
        other => Some(short(&other.to_string())),
    }
}

/// A value in words; empty for null.
pub(super) fn plain(value: &Value) -> String {
    text(value).unwrap_or_default()
}

/// The members of an object, or the pairs of a list of pairs, by name.
pub(super) fn pairs(value: &Value) -> Vec<(String, String)> {
    let pair = |pair: &Value| Some((plain(pair.get(0)?), plain(pair.get(1)?)));
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), plain(value))).collect(),
        Value::Array(items) => items.iter().filter_map(pair).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// Items of a list; none where it is none.
pub(super) fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The text, or its beginning and how much of it there is.
fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}… ({} characters in all)", &text[..end], text.chars().count()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whatever_was_sent_becomes_text_and_what_is_cut_says_so() {
        assert_eq!(text(&json!(null)), None);
        assert_eq!(text(&json!({"a": [1]})).as_deref(), Some(r#"{"a":[1]}"#));
        let long = plain(&json!("é".repeat(5_000)));
        assert!(long.ends_with("… (5000 characters in all)") && long.starts_with("éé"));
        assert_eq!(pairs(&json!([["a", 1], "b", ["c"]])), [("a".to_owned(), "1".to_owned())]);
        assert_eq!(pairs(&json!({"a": null})), [("a".to_owned(), String::new())]);
        assert!(items(&json!("x")).is_empty());
    }
}
