//! JSON as a page shows it: indented, its parts told apart by colour. Everything from outside is escaped here, so that the result
//! can go into a page as it is.

use std::fmt::Write as _;

use askama::filters::HtmlSafe;
use serde::de::IgnoredAny;

/// How deep things are indented; what is deeper stays on its line.
const DEPTH_MAX: usize = 64;

/// A text, highlighted if it is JSON.
pub(super) struct Highlighted(String);

/// It escapes what it shows itself.
impl HtmlSafe for Highlighted {}

impl std::fmt::Display for Highlighted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Highlighted {
    /// A body as it was sent or received: with its own order and its own numbers.
    pub(super) fn of(text: &str) -> Highlighted {
        let is_json = text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok();
        let mut html = String::with_capacity(text.len() * 2);
        if is_json {
            write(&mut html, text);
        } else {
            escape(&mut html, text);
        }
        Highlighted(html)
    }
}

/// Writes a text that is JSON, token by token.
fn write(html: &mut String, json: &str) {
    let mut depth = 0_usize;
    let mut rest = json.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = token_length(rest);
        let (token, after) = rest.split_at(length);
        let after = after.trim_start();
        let next = after.chars().next();
        match first {
            '{' | '[' => {
                html.push(first);
                depth += 1;
                if !matches!(next, Some('}' | ']')) {
                    new_line(html, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                html.push(first);
            }
            ',' => {
                html.push(',');
                new_line(html, depth);
            }
            ':' => html.push_str(": "),
            '"' if next == Some(':') => coloured(html, "json-key", token),
            '"' => coloured(html, "json-string", token),
            '-' | '0'..='9' => coloured(html, "json-number", token),
            _ => coloured(html, "json-word", token),
        }
        if matches!(next, Some('}' | ']')) && !matches!(first, '{' | '[') {
            new_line(html, depth.saturating_sub(1));
        }
        rest = after;
    }
}

/// How many bytes the first token of a text has that begins with one.
fn token_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    match bytes.first() {
        Some(b'"') => {
            let mut escaped = false;
            let end = bytes.iter().skip(1).position(|byte| {
                let ends = *byte == b'"' && !escaped;
                escaped = *byte == b'\\' && !escaped;
                ends
            });
            end.map_or(text.len(), |end| end + 2)
        }
        Some(b'{' | b'}' | b'[' | b']' | b',' | b':') => 1,
        _ => {
            let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b':') || byte.is_ascii_whitespace();
            bytes.iter().position(is_end).unwrap_or(text.len()).max(1)
        }
    }
}

fn new_line(html: &mut String, depth: usize) {
    html.push('\n');
    for _ in 0..depth.min(DEPTH_MAX) {
        html.push_str("  ");
    }
}

fn coloured(html: &mut String, class: &str, text: &str) {
    let _ = write!(html, r#"<span class="{class}">"#);
    escape(html, text);
    html.push_str("</span>");
}

fn escape(html: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn json_is_indented_and_coloured_and_other_texts_stay_as_they_are() {
        let shown = Highlighted::of(r#"{"b":[1.0, true,null] ,"a\"":{}, "c":[[]]}"#).to_string();
        let plain = shown.replace("</span>", "");
        let plain =
            plain.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect::<String>();
        assert_eq!(
            plain,
            "{\n  &quot;b&quot;: [\n    1.0,\n    true,\n    null\n  ],\n  &quot;a\\&quot;&quot;: {},\n  &quot;c&quot;: [\n    []\n  ]\n}"
        );
        assert_eq!(Highlighted::of("not <json>").to_string(), "not &lt;json&gt;");
    }

    proptest! {
        #[test]
        fn nothing_from_outside_becomes_markup(text in any::<String>(), name in any::<String>()) {
            for shown in [text.clone(), serde_json::json!({name: [text]}).to_string()] {
                let html = Highlighted::of(&shown).to_string();
                let bare = html.replace("</span>", "");
                let tags = bare.matches('<').count();
                let ours = ["json-word", "json-number", "json-string", "json-key"].map(|class| format!(r#"<span class="{class}">"#));
                prop_assert_eq!(tags, ours.iter().map(|tag| bare.matches(tag.as_str()).count()).sum::<usize>());
            }
        }
    }
}
