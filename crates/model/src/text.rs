//! Cutting text to a length, for everything that is shown in one line.

use std::borrow::Cow;

/// What stands for the part that was cut.
const ELLIPSIS: &str = "...";

/// `text`, or its beginning with an ellipsis: at most `max_characters` in all.
pub(crate) fn cut(text: Cow<'_, str>, max_characters: usize) -> Cow<'_, str> {
    // No text has more characters than bytes, so most are told to fit without being counted.
    if text.len() <= max_characters || text.chars().nth(max_characters).is_none() {
        return text;
    }
    let keep = max_characters.saturating_sub(ELLIPSIS.len());
    let end = text.char_indices().nth(keep).map_or(text.len(), |(index, _)| index);
    Cow::Owned([&text[..end], ELLIPSIS].concat())
}

/// The first line of a text that was trimmed; empty where there is nothing but blanks.
pub(crate) fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default().trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_by_characters_not_bytes() {
        for (text, max, expected) in [
            ("", 3, ""),
            ("abc", 3, "abc"),
            ("ééé", 3, "ééé"),
            ("éééé", 3, "..."),
            ("ééééé", 4, "é..."),
            ("abcdefgh", 7, "abcd..."),
            ("abcdefg", 7, "abcdefg"),
        ] {
            assert_eq!(cut(text.into(), max), expected, "{text} {max}");
        }
    }

    #[test]
    fn the_first_line_skips_blank_ones_before_it() {
        for (text, expected) in [("", ""), (" \n ", ""), ("\n a b \r\nc", "a b"), ("a\n\nb", "a"), ("one", "one")] {
            assert_eq!(first_line(text), expected, "{text:?}");
        }
    }
}
