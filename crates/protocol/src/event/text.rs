//! Turning what was sent into text: the two lenient readings of the fact sheet, and cutting at a number of characters.

use std::borrow::Cow;

use super::limits::Chars;
use crate::json::{Kind, Value, write_value};

/// Whole numbers from here on are not exact in a double.
const EXACT_DOUBLE: f64 = 9_007_199_254_740_992.0;

/// A "lenient string": booleans as Python writes them, whole numbers as sent, others cut to whole ones. None for null, for
/// containers and for numbers too large to be exact; [`Value::is_null`] tells null from the others.
pub(crate) fn lenient<'a>(value: Value<'_, 'a>) -> Option<Cow<'a, str>> {
    match value.kind() {
        Kind::String => value.text(),
        Kind::True => Some(Cow::Borrowed("True")),
        Kind::False => Some(Cow::Borrowed("False")),
        Kind::Number if value.is_fraction() => {
            let number: f64 = value.number()?.parse().ok()?;
            (number.abs() < EXACT_DOUBLE).then(|| Cow::Owned((number as i64).to_string()))
        }
        Kind::Number => value.number().map(Cow::Borrowed),
        Kind::Null | Kind::Array | Kind::Object | Kind::Deep => None,
    }
}

/// A "JSON lenient string": what is no string is its JSON text. None for null.
pub(crate) fn json_lenient<'a>(value: Value<'_, 'a>) -> Option<Cow<'a, str>> {
    match value.kind() {
        Kind::Null => None,
        Kind::String | Kind::Deep => value.text(),
        Kind::False | Kind::True | Kind::Number | Kind::Array | Kind::Object => Some(Cow::Owned(json_text(value))),
    }
}

/// The strict JSON text of a value.
pub(crate) fn json_text(value: Value<'_, '_>) -> String {
    let mut json = Vec::with_capacity(value.raw().len());
    write_value(&mut json, value);
    String::from_utf8(json).unwrap_or_default()
}

/// The text cut to its limit, if it is longer: the last three characters left are dots.
pub(crate) fn cut(text: &str, limit: Chars) -> Option<String> {
    let longest = limit.most + limit.grace;
    if text.len() <= longest || text.chars().nth(longest).is_none() {
        return None;
    }
    let end = text.char_indices().nth(limit.most.saturating_sub(3)).map_or(text.len(), |(index, _)| index);
    Some(format!("{}...", &text[..end]))
}

/// Whether the text has more characters than that.
pub(crate) fn is_longer(text: &str, most: usize) -> bool {
    text.len() > most && text.chars().nth(most).is_some()
}

/// Blanks at both ends left out, without a copy where it was none.
pub(crate) fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => {
            let trimmed = text.trim();
            Cow::Owned(if trimmed.len() == text.len() { text } else { trimmed.to_owned() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Tape;

    #[test]
    fn lenient_strings_follow_the_fact_sheet() {
        for (json, plain, as_json) in [
            ("\"a\"", Some("a"), Some("a")),
            ("true", Some("True"), Some("true")),
            ("false", Some("False"), Some("false")),
            ("12", Some("12"), Some("12")),
            ("12345678901234567890123", Some("12345678901234567890123"), Some("12345678901234567890123")),
            ("3.9", Some("3"), Some("3.9")),
            ("-3.9", Some("-3"), Some("-3.9")),
            ("1e300", None, Some("1e300")),
            ("null", None, None),
            ("[1, 2]", None, Some("[1, 2]")),
        ] {
            let mut tape = Tape::new();
            let document = tape.parse(json.as_bytes()).unwrap();
            assert_eq!(lenient(document.root()).as_deref(), plain, "{json}");
            assert_eq!(json_lenient(document.root()).as_deref(), as_json, "{json}");
        }
    }

    #[test]
    fn a_text_is_cut_by_characters_and_only_past_its_grace() {
        let limit = Chars { most: 5, grace: 2 };
        assert_eq!(cut("ééééééé", limit), None);
        assert_eq!(cut("éééééééé", limit).as_deref(), Some("éé..."));
        assert!(is_longer("éééé", 3) && !is_longer("ééé", 3));
    }
}
