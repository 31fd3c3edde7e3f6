//! What shows that a body is not as our sender wrote it.
//!
//! Looks only at what the sender writes itself: the members of the body and of its `event`, and the texts of those that are
//! documented. What lies deeper may be an SDK's own bytes, which are sent as they came. Called by its room.

use std::fmt;

use super::tree::{Node, Tree, decode};

/// A form that our sender does not write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sign {
    /// Blanks between the body's own tokens.
    Blanks,
    /// Letters as `\u…` that need no escape, or `\/`.
    Escapes,
    /// The body's keys are sorted.
    SortedKeys,
    /// The event's time has no decimals.
    WholeTime,
}

impl fmt::Display for Sign {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Sign::Blanks => "blanks between its values",
            Sign::Escapes => "escapes for letters that are sent as they are",
            Sign::SortedKeys => "its keys are sorted",
            Sign::WholeTime => "the event's timestamp has lost its decimals",
        })
    }
}

/// The first sign, if there is one.
pub(super) fn of(tree: &Tree<'_>) -> Option<Sign> {
    let Node::Object(members) = &tree.root else { return None };
    if has_blanks(tree.source, members) {
        return Some(Sign::Blanks);
    }
    let texts = members.iter().filter_map(|(_, value)| match value {
        Node::Text(quoted) => Some(*quoted),
        Node::Scalar(_) | Node::List(_) | Node::Object(_) => None,
    });
    if texts.chain(members.iter().map(|(key, _)| *key)).any(has_idle_escapes) {
        return Some(Sign::Escapes);
    }
    let keys: Vec<&str> = members.iter().map(|(key, _)| *key).collect();
    if keys.contains(&r#""project_id""#) && keys.first() != Some(&r#""id""#) && keys.is_sorted() {
        return Some(Sign::SortedKeys);
    }
    let event = members.iter().find(|(key, _)| *key == r#""event""#).map(|(_, event)| event);
    let Some(Node::Object(event)) = event else { return None };
    let time = event.iter().find(|(key, _)| *key == r#""timestamp""#).map(|(_, time)| time);
    matches!(time, Some(Node::Scalar(text)) if text.bytes().all(|byte| byte.is_ascii_digit()))
        .then_some(Sign::WholeTime)
}

/// Whether anything but a colon, a comma or a bracket stands around the members' keys and values.
fn has_blanks(source: &str, members: &[(&str, Node<'_>)]) -> bool {
    let Some(inside) = source.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else { return true };
    if inside.ends_with(|last: char| last.is_ascii_whitespace()) {
        return true;
    }
    let starts_at = |piece: &str| piece.as_ptr().addr() - source.as_ptr().addr();
    members.iter().any(|(key, _)| {
        let begin = starts_at(key);
        let end = begin + key.len();
        let before = source.as_bytes().get(begin.wrapping_sub(1));
        let after = source.as_bytes().get(end..end + 2);
        !matches!(before, Some(b'{' | b',')) || !matches!(after, Some([b':', next]) if !next.is_ascii_whitespace())
    })
}

/// Whether a string, with its quotes, escapes what the sender does not: anything but quotes, backslashes and control characters.
fn has_idle_escapes(quoted: &str) -> bool {
    if !quoted.contains('\\') {
        return false;
    }
    let needed = |letter: char| matches!(letter, '"' | '\\') || letter < ' ';
    decode(quoted).is_none_or(|text| {
        let escapes = text.chars().filter(|letter| needed(*letter)).count();
        let mut written = 0;
        let mut letters = quoted.chars();
        while let Some(letter) = letters.next() {
            if letter == '\\' {
                written += 1;
                letters.next();
            }
        }
        written > escapes
    })
}
