//! What the reader had to repair, and where: a bounded list for an event's `errors`.

use super::MAX_LISTED_CHANGES;

/// One repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What was repaired.
    pub kind: ChangeKind,
    /// Keys and indexes from the outermost value, joined by dots; empty for the outermost value itself.
    pub path: String,
}

/// What was repaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// NaN, an infinity or a number outside a double became null.
    Number,
    /// A lone surrogate or bytes that are not UTF-8 became U+FFFD.
    Unicode,
    /// A raw control character in a string was escaped.
    ControlCharacter,
    /// A container nested too deep became its JSON text.
    Depth,
    /// An earlier member of the same name was left out.
    DuplicateKey,
}

/// The repairs of one text: the first [`MAX_LISTED_CHANGES`], and how many more there were.
#[derive(Debug, Default)]
pub struct Changes {
    listed: Vec<Change>,
    more: usize,
}

impl ChangeKind {
    /// The `type` of the entry in an event's `errors`.
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeKind::Number => "invalid_number",
            ChangeKind::Unicode => "invalid_unicode",
            ChangeKind::ControlCharacter => "control_character",
            ChangeKind::Depth => "nested_too_deep",
            ChangeKind::DuplicateKey => "duplicate_key",
        }
    }
}

impl Changes {
    /// The listed repairs, in the order of the text.
    pub fn listed(&self) -> &[Change] {
        &self.listed
    }

    /// How many repairs were made beyond the listed ones.
    pub fn more(&self) -> usize {
        self.more
    }

    /// Forgets everything, keeps the memory.
    pub(super) fn clear(&mut self) {
        self.listed.clear();
        self.more = 0;
    }

    /// Lists a repair; its path is only made when there is room for it.
    pub(super) fn add(&mut self, kind: ChangeKind, path: impl FnOnce() -> String) {
        if self.listed.len() < MAX_LISTED_CHANGES {
            self.listed.push(Change { kind, path: path() });
        } else {
            self.more += 1;
        }
    }
}
