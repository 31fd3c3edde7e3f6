//! A body that a JSON parser has read and a JSON writer has written again.
//!
//! Responsible for the forms that well-known writers give a body, for the form that our sender gave it as far as that can be told
//! from another one, and for the signs that a body no longer has it. Refuses to guess what a parser has thrown away. Called by
//! `bodies`, and for the signs by `mod`.

mod sign;
mod tree;
mod write;

#[cfg(test)]
mod tests;

use std::fmt;

pub use sign::Sign;

use tree::Tree;
use write::{Layout, Numbers, Order, Strings, Style};

/// The longest body that is looked at as JSON, in bytes: several times the largest webhook.
const JSON_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A program that writes JSON, by the form in which it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Writer {
    /// Python's `json.dumps(body)`.
    Python,
    /// The same with `separators=(",", ":")`.
    PythonCompact,
    /// The same with `ensure_ascii=False`.
    PythonUnicode,
    /// Python's `json.dumps(body, sort_keys=True)`.
    PythonSorted,
    /// The same with `separators=(",", ":")`.
    PythonSortedCompact,
    /// JavaScript's `JSON.stringify(body)`.
    JavaScript,
    /// JavaScript's `JSON.stringify(body, null, 2)`.
    JavaScriptIndented,
    /// Go's `json.Marshal` of a map.
    Go,
    /// PHP's `json_encode`.
    Php,
    /// Rust's `serde_json` with a `Value`.
    SerdeJson,
    /// Ruby's `JSON.generate`, and others that change nothing but the blanks.
    Compact,
    /// Any that indents with two blanks.
    Indented,
    /// Any that indents with four.
    WidelyIndented,
    /// Any that sorts keys and indents with two blanks.
    IndentedSorted,
}

/// Each writer with its form.
const WRITERS: [(Writer, Style); 14] = {
    use Layout::{Compact, Indented, Spaced};
    use Numbers::{Kept, Whole};
    use Order::{Kept as AsTheyAre, Sorted};
    const fn style(layout: Layout, strings: Strings, numbers: Numbers, order: Order) -> Style {
        Style { layout, strings, numbers, order }
    }
    [
        (Writer::Compact, style(Compact, Strings::Plain, Kept, AsTheyAre)),
        (Writer::Python, style(Spaced, Strings::Ascii, Kept, AsTheyAre)),
        (Writer::PythonCompact, style(Compact, Strings::Ascii, Kept, AsTheyAre)),
        (Writer::PythonUnicode, style(Spaced, Strings::Plain, Kept, AsTheyAre)),
        (Writer::PythonSorted, style(Spaced, Strings::Ascii, Kept, Sorted)),
        (Writer::PythonSortedCompact, style(Compact, Strings::Ascii, Kept, Sorted)),
        (Writer::JavaScript, style(Compact, Strings::Plain, Whole, AsTheyAre)),
        (Writer::JavaScriptIndented, style(Indented(2), Strings::Plain, Whole, AsTheyAre)),
        (Writer::Go, style(Compact, Strings::ForHtml, Whole, Sorted)),
        (Writer::Php, style(Compact, Strings::AsciiWithSlashes, Whole, AsTheyAre)),
        (Writer::SerdeJson, style(Compact, Strings::Plain, Kept, Sorted)),
        (Writer::Indented, style(Indented(2), Strings::Plain, Kept, AsTheyAre)),
        (Writer::WidelyIndented, style(Indented(4), Strings::Ascii, Kept, AsTheyAre)),
        (Writer::IndentedSorted, style(Indented(2), Strings::Plain, Kept, Sorted)),
    ]
};

/// A body that is JSON.
pub(super) struct Json<'b> {
    tree: Tree<'b>,
}

impl<'b> Json<'b> {
    /// Reads a body; `None` where it is not JSON, or longer, deeper or of more values than any webhook.
    pub(super) fn read(body: &'b [u8]) -> Option<Self> {
        let text = std::str::from_utf8(body).ok().filter(|text| text.len() <= JSON_BYTES_MAX)?;
        Some(Self { tree: Tree::read(text)? })
    }

    /// The text in the JSON string that the whole body is.
    pub(super) fn text(&self) -> Option<String> {
        self.tree.text()
    }

    /// The body in the forms that our sender may have given it. What a parser changed in the values is restored where one knows
    /// how they are sent: order of the documented keys, letters that need no escape, times with their decimals.
    pub(super) fn as_sent(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        let orders = [Order::Kept, Order::Documented];
        let strings = [Strings::Kept, Strings::Sent, Strings::SentWhereDocumented];
        let numbers = [Numbers::Kept, Numbers::TimeOfEvent, Numbers::Times];
        let styles = orders.into_iter().flat_map(move |order| {
            strings.into_iter().flat_map(move |strings| {
                numbers.map(|numbers| Style { layout: Layout::Compact, strings, numbers, order })
            })
        });
        styles.map(|style| self.tree.write(style))
    }

    /// The body in the form of each writer.
    pub(super) fn written_again(&self) -> impl Iterator<Item = (Writer, Vec<u8>)> + '_ {
        WRITERS.iter().map(|(writer, style)| (*writer, self.tree.write(*style)))
    }

    /// What shows that our sender did not write it so.
    pub(super) fn sign(&self) -> Option<Sign> {
        sign::of(&self.tree)
    }
}

impl fmt::Display for Writer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Writer::Python => "Python's json.dumps",
            Writer::PythonCompact => "Python's json.dumps with compact separators",
            Writer::PythonUnicode => "Python's json.dumps with ensure_ascii=False",
            Writer::PythonSorted => "Python's json.dumps with sort_keys=True",
            Writer::PythonSortedCompact => "Python's json.dumps with sort_keys=True and compact separators",
            Writer::JavaScript => "JavaScript's JSON.stringify",
            Writer::JavaScriptIndented => "JavaScript's JSON.stringify with an indent of 2",
            Writer::Go => "Go's json.Marshal",
            Writer::Php => "PHP's json_encode",
            Writer::SerdeJson => "Rust's serde_json",
            Writer::Compact => "a JSON writer without blanks",
            Writer::Indented => "a JSON writer that indents with 2 blanks",
            Writer::WidelyIndented => "a JSON writer that indents with 4 blanks",
            Writer::IndentedSorted => "a JSON writer that sorts keys and indents with 2 blanks",
        })
    }
}
