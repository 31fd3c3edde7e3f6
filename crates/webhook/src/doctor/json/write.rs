//! A tree written in a style: where blanks go, which letters are escaped, which numbers get or lose decimals, how keys are sorted.
//!
//! Called by its room.

use std::fmt::Write as _;

use super::tree::{Node, Tree, decode};

/// How a text is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) layout: Layout,
    pub(super) strings: Strings,
    pub(super) numbers: Numbers,
    pub(super) order: Order,
}

/// Where blanks go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Compact,
    /// One after each comma and colon.
    Spaced,
    /// Each value on a line, with so many for each level.
    Indented(usize),
}

/// How strings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strings {
    /// As they are.
    Kept,
    /// Only what must be is escaped, and some control characters have letters of their own.
    Plain,
    /// Only what must be is escaped, control characters as numbers: as our sender does.
    Sent,
    /// The same in the places that our sender writes itself; elsewhere they may be the SDK's.
    SentWhereDocumented,
    /// Everything but ASCII is escaped.
    Ascii,
    /// The same, and `/`.
    AsciiWithSlashes,
    /// `<`, `>`, `&` and two line ends are escaped.
    ForHtml,
}

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    Kept,
    /// Without decimals that are all zero.
    Whole,
    /// The event's own time has decimals.
    TimeOfEvent,
    /// All times have.
    Times,
}

/// How members are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Kept,
    Sorted,
    /// As the payload's documentation has them.
    Documented,
}

/// Where a value stands in a webhook's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Body,
    /// The `event` in it.
    Event,
    /// The `timestamp` in that.
    TimeOfEvent,
    /// What our sender writes itself of the two: texts and tags.
    Documented,
    Elsewhere,
}

const BODY_KEYS: [&str; 14] = [
    r#""id""#,
    r#""project""#,
    r#""project_id""#,
    r#""project_name""#,
    r#""culprit""#,
    r#""message""#,
    r#""url""#,
    r#""level""#,
    r#""logger""#,
    r#""datetime""#,
    r#""event""#,
    r#""triggering_rules""#,
    r#""issue_id""#,
    r#""triggering_rule_ids""#,
];
const EVENT_KEYS: [&str; 7] =
    [r#""event_id""#, r#""message""#, r#""level""#, r#""platform""#, r#""timestamp""#, r#""tags""#, r#""exception""#];
const TIME_KEYS: [&str; 3] = [r#""timestamp""#, r#""start_timestamp""#, r#""received""#];

impl Tree<'_> {
    /// The text in a style.
    pub(super) fn write(&self, style: Style) -> Vec<u8> {
        let mut page = Page { text: String::with_capacity(self.source.len()), style, depth: 0 };
        page.value(&self.root, Place::Body, "");
        page.text.into_bytes()
    }
}

impl Place {
    /// The place of a member's value.
    fn of_member(self, key: &str) -> Place {
        match self {
            Place::Body if key == r#""event""# => Place::Event,
            Place::Body => Place::Documented,
            Place::Event if key == r#""timestamp""# => Place::TimeOfEvent,
            Place::Event if EVENT_KEYS[..6].contains(&key) => Place::Documented,
            Place::Documented => Place::Documented,
            Place::Event | Place::TimeOfEvent | Place::Elsewhere => Place::Elsewhere,
        }
    }
}

struct Page {
    text: String,
    style: Style,
    depth: usize,
}

impl Page {
    fn value(&mut self, node: &Node<'_>, place: Place, key: &str) {
        match node {
            Node::Scalar(text) => self.scalar(text, place, key),
            Node::Text(quoted) => self.string(quoted, place),
            Node::List(elements) => {
                self.text.push('[');
                for (index, element) in elements.iter().enumerate() {
                    self.begin(index);
                    self.value(element, place, "");
                }
                self.end(elements.len(), ']');
            }
            Node::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                match (self.style.order, place) {
                    (Order::Sorted, _) => members.sort_by_key(|(key, _)| key.trim_matches('"')),
                    (Order::Documented, Place::Body) => sort(&mut members, &BODY_KEYS),
                    (Order::Documented, Place::Event) => sort(&mut members, &EVENT_KEYS),
                    (Order::Documented | Order::Kept, _) => {}
                }
                self.text.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    self.begin(index);
                    self.string(key, place);
                    self.text.push_str(if self.style.layout == Layout::Compact { ":" } else { ": " });
                    self.value(value, place.of_member(key), key);
                }
                self.end(members.len(), '}');
            }
        }
    }

    /// Before the element or member of this number.
    fn begin(&mut self, index: usize) {
        if index == 0 {
            self.depth += 1;
        } else {
            self.text.push(',');
        }
        match self.style.layout {
            Layout::Spaced if index > 0 => self.text.push(' '),
            Layout::Compact | Layout::Spaced => {}
            Layout::Indented(blanks) => self.new_line(blanks),
        }
    }

    /// After so many elements or members.
    fn end(&mut self, count: usize, bracket: char) {
        if count > 0 {
            self.depth -= 1;
            if let Layout::Indented(blanks) = self.style.layout {
                self.new_line(blanks);
            }
        }
        self.text.push(bracket);
    }

    fn new_line(&mut self, blanks: usize) {
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n(' ', blanks * self.depth));
    }

    fn scalar(&mut self, text: &str, place: Place, key: &str) {
        let is_whole = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let gets_decimals = match self.style.numbers {
            Numbers::Kept | Numbers::Whole => false,
            Numbers::TimeOfEvent => place == Place::TimeOfEvent,
            Numbers::Times => TIME_KEYS.contains(&key),
        };
        match text.split_once('.') {
            Some((whole, decimals))
                if self.style.numbers == Numbers::Whole && decimals.bytes().all(|byte| byte == b'0') =>
            {
                self.text.push_str(whole);
            }
            _ => self.text.push_str(text),
        }
        if is_whole && gets_decimals {
            self.text.push_str(".0");
        }
    }

    fn string(&mut self, quoted: &str, place: Place) {
        let decoded = match self.style.strings {
            Strings::Kept => None,
            Strings::SentWhereDocumented if place == Place::Elsewhere => None,
            Strings::SentWhereDocumented
            | Strings::Sent
            | Strings::Plain
            | Strings::Ascii
            | Strings::AsciiWithSlashes
            | Strings::ForHtml => decode(quoted),
        };
        // Half a surrogate is no text that could be written in another way.
        let Some(decoded) = decoded else { return self.text.push_str(quoted) };
        self.text.push('"');
        for letter in decoded.chars() {
            self.letter(letter);
        }
        self.text.push('"');
    }

    fn letter(&mut self, letter: char) {
        let strings = self.style.strings;
        let is_sent = matches!(strings, Strings::Sent | Strings::SentWhereDocumented);
        let is_ascii_only = matches!(strings, Strings::Ascii | Strings::AsciiWithSlashes);
        match letter {
            '"' => self.text.push_str("\\\""),
            '\\' => self.text.push_str("\\\\"),
            '\n' => self.text.push_str("\\n"),
            '\r' => self.text.push_str("\\r"),
            '\t' => self.text.push_str("\\t"),
            '\u{8}' if !is_sent => self.text.push_str("\\b"),
            '\u{c}' if !is_sent => self.text.push_str("\\f"),
            '/' if strings == Strings::AsciiWithSlashes => self.text.push_str("\\/"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if strings == Strings::ForHtml => self.escape(letter),
            '\u{7f}' if strings == Strings::Ascii => self.escape(letter),
            control if control < ' ' => self.escape(control),
            other if is_ascii_only && !other.is_ascii() => self.escape(other),
            other => self.text.push(other),
        }
    }

    fn escape(&mut self, letter: char) {
        for unit in letter.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _infallible = write!(self.text, "\\u{unit:04x}");
        }
    }
}

/// Those of the list first, in its order; then the others, as they are.
fn sort(members: &mut [&(&str, Node<'_>)], keys: &[&str]) {
    members.sort_by_key(|(key, _)| keys.iter().position(|known| known == key).unwrap_or(keys.len()));
}
