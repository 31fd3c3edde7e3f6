//! A JSON text laid out anew: its numbers, names and order stay as they were sent, only the blanks between change.
//!
//! A tree in between would sort names and write numbers in its own way, and then what is printed is not what came.

use std::fmt::Write;

use serde::de::IgnoredAny;

use super::report::tame;

/// Where blanks go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// None anywhere: one line.
    Compact,
    /// Each value on a line of its own.
    Indented,
}

/// The text in another layout; `None` where it is not JSON.
pub(super) fn lay_out(json: &[u8], layout: Layout) -> Option<String> {
    let _is_json: IgnoredAny = serde_json::from_slice(json).ok()?;
    let mut page = Page { text: String::with_capacity(json.len()), layout, depth: 0 };
    let mut letters = std::str::from_utf8(json).ok()?.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => page.string(&mut letters),
            '{' | '[' => {
                page.text.push(letter);
                while letters.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                if let Some(end) = letters.next_if(|next| matches!(next, '}' | ']')) {
                    page.text.push(end);
                } else {
                    page.depth += 1;
                    page.new_line();
                }
            }
            '}' | ']' => {
                page.depth -= 1;
                page.new_line();
                page.text.push(letter);
            }
            ',' => {
                page.text.push(letter);
                page.new_line();
            }
            ':' => page.text.push_str(if layout == Layout::Indented { ": " } else { ":" }),
            blank if blank.is_ascii_whitespace() => {}
            other => page.text.push(other),
        }
    }
    Some(page.text)
}

/// A body for people: JSON indented, anything else line by line, and nothing that steers a terminal.
pub(super) fn for_eyes(body: &[u8]) -> String {
    let as_text = || String::from_utf8_lossy(body).lines().map(tame).collect::<Vec<_>>().join("\n");
    lay_out(body, Layout::Indented).unwrap_or_else(as_text)
}

struct Page {
    text: String,
    layout: Layout,
    depth: usize,
}

impl Page {
    /// The rest of a string. Control characters, which a terminal would obey, are written as escapes.
    fn string(&mut self, letters: &mut impl Iterator<Item = char>) {
        self.text.push('"');
        let mut is_escaped = false;
        for letter in letters {
            if letter.is_control() {
                // Writing to a String cannot fail.
                let _ = write!(self.text, "\\u{:04x}", u32::from(letter));
            } else {
                self.text.push(letter);
            }
            if letter == '"' && !is_escaped {
                return;
            }
            is_escaped = letter == '\\' && !is_escaped;
        }
    }

    fn new_line(&mut self) {
        if self.layout == Layout::Indented {
            self.text.push('\n');
            self.text.extend(std::iter::repeat_n("  ", self.depth));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AS_SENT: &str = " {\"b\" : 1.10e2,\n\"a\":[ ],\"s\":\"x: \\\"{,\\\\\", \"l\":[1,{}]}\n";

    #[test]
    fn order_numbers_and_strings_stay_as_they_were_sent() {
        let compact = lay_out(AS_SENT.as_bytes(), Layout::Compact).unwrap();
        assert_eq!(compact, r#"{"b":1.10e2,"a":[],"s":"x: \"{,\\","l":[1,{}]}"#);
        let indented = lay_out(AS_SENT.as_bytes(), Layout::Indented).unwrap();
        let expected =
            "{\n  \"b\": 1.10e2,\n  \"a\": [],\n  \"s\": \"x: \\\"{,\\\\\",\n  \"l\": [\n    1,\n    {}\n  ]\n}";
        assert_eq!(indented, expected);
    }

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(lay_out("\"a\u{9b}31m\u{7f}\"".as_bytes(), Layout::Indented).unwrap(), r#""a\u009b31m\u007f""#);
    }

    #[test]
    fn what_is_not_json_is_not_laid_out() {
        for text in [&b"{"[..], b"", b"{} {}", b"\"\xff\"", b"]"] {
            assert_eq!(lay_out(text, Layout::Compact), None);
        }
    }
}
