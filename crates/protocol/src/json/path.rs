//! The path of a value inside its text, made of the names and indexes that lead to it.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::level::{Level, OUTSIDE};
use super::scan::plain_run;
use super::word::{DIRTY, ESCAPED, Kind, Links, Word};
use super::{MAX_PATH_BYTES, text};

/// Keys and indexes of the open containers, outermost first, joined by dots.
pub(super) fn path(bytes: &[u8], words: &[u64], innermost: u32, levels: &[Level]) -> String {
    let mut containers = Vec::with_capacity(levels.len());
    let mut index = innermost;
    while index != OUTSIDE && containers.len() < levels.len() {
        containers.push(index);
        index = Links::of(words[index as usize + 1]).next;
    }
    let mut path = String::new();
    for (&container, level) in containers.iter().rev().zip(levels) {
        if !path.is_empty() {
            path.push('.');
        }
        if Word(words[container as usize]).kind() == Kind::Object {
            path.push_str(&String::from_utf8_lossy(&key_text(bytes, Word(words[level.key]))));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(path, "{}", level.count.saturating_sub(1));
        }
    }
    path.truncate(path.floor_char_boundary(MAX_PATH_BYTES));
    path
}

/// The name of a member, also while it is being read and its end is not known.
pub(super) fn key_text<'b>(bytes: &'b [u8], word: Word) -> Cow<'b, [u8]> {
    let start = word.start() + 1;
    let end = if word.end() > start { word.end() - 1 } else { plain_run(bytes, start).end };
    let raw = &bytes[start..end];
    if word.0 & (ESCAPED | DIRTY) == 0 {
        return Cow::Borrowed(raw);
    }
    match text::decode(raw) {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}
