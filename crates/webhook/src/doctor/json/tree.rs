//! A JSON text as a tree of its pieces, each as it was written: no number is read, no key moved, no string decoded.
//!
//! Called by its room.

use serde::de::IgnoredAny;

/// How deep a body may be nested: our sender's stay below 80.
const DEPTH_MAX: usize = 128;
/// How many values a body may have. Each takes 32 bytes of memory, or twice that in a long list.
const VALUES_MAX: usize = 1 << 19;

/// A value.
pub(super) enum Node<'t> {
    /// A number, `true`, `false` or `null`.
    Scalar(&'t str),
    /// A string with its quotes.
    Text(&'t str),
    List(Vec<Node<'t>>),
    /// Keys with their quotes.
    Object(Vec<(&'t str, Node<'t>)>),
}

/// A whole text.
pub(super) struct Tree<'t> {
    pub(super) root: Node<'t>,
    pub(super) source: &'t str,
}

struct Reader<'t> {
    source: &'t str,
    at: usize,
    values: usize,
}

impl<'t> Tree<'t> {
    /// Reads a text; `None` where it is not JSON, too deep or of too many values.
    pub(super) fn read(source: &'t str) -> Option<Self> {
        // Its grammar is checked here; what follows relies on it.
        let _is_json: IgnoredAny = serde_json::from_str(source).ok()?;
        let root = Reader { source, at: 0, values: 0 }.value(0)?;
        Some(Tree { root, source })
    }

    /// The text of the string that the whole is.
    pub(super) fn text(&self) -> Option<String> {
        match &self.root {
            Node::Text(quoted) => decode(quoted),
            Node::Scalar(_) | Node::List(_) | Node::Object(_) => None,
        }
    }
}

/// The text that a string with its quotes stands for; `None` where half a surrogate is in it.
pub(super) fn decode(quoted: &str) -> Option<String> {
    serde_json::from_str(quoted).ok()
}

impl<'t> Reader<'t> {
    fn value(&mut self, depth: usize) -> Option<Node<'t>> {
        self.values += 1;
        if depth > DEPTH_MAX || self.values > VALUES_MAX {
            return None;
        }
        match self.peek()? {
            b'{' => {
                let mut members = Vec::new();
                while self.enters_next(b'}')? {
                    self.peek()?;
                    let key = self.string()?;
                    self.peek()?;
                    // The colon.
                    self.at += 1;
                    members.push((key, self.value(depth + 1)?));
                }
                Some(Node::Object(members))
            }
            b'[' => {
                let mut elements = Vec::new();
                while self.enters_next(b']')? {
                    elements.push(self.value(depth + 1)?);
                }
                Some(Node::List(elements))
            }
            b'"' => self.string().map(Node::Text),
            _ => {
                let rest = self.source.get(self.at..)?;
                let ends = |byte: u8| matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace();
                let length = rest.bytes().position(ends).unwrap_or(rest.len());
                self.at += length;
                rest.get(..length).map(Node::Scalar)
            }
        }
    }

    /// Skips blanks; the byte that stands there.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.source.as_bytes().get(self.at..)?;
        self.at += rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
        self.source.as_bytes().get(self.at).copied()
    }

    /// Steps over an opening bracket or a comma, to what follows; false where the list or object ends there.
    fn enters_next(&mut self, end: u8) -> Option<bool> {
        let is_end = self.peek()? == end;
        self.at += 1;
        if !is_end && self.peek()? == end {
            // Nothing between the brackets.
            self.at += 1;
            return Some(false);
        }
        Some(!is_end)
    }

    fn string(&mut self) -> Option<&'t str> {
        let rest = self.source.get(self.at..)?;
        let mut is_escaped = false;
        for (index, byte) in rest.bytes().enumerate().skip(1) {
            if byte == b'"' && !is_escaped {
                self.at += index + 1;
                return rest.get(..=index);
            }
            is_escaped = byte == b'\\' && !is_escaped;
        }
        None
    }
}
