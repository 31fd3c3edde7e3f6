//! The reader: one forward pass, no recursion, a bounded amount of state for each level.
//!
//! Strict JSON, except for what SDKs are known to send: see [`ChangeKind`]. `Tape::parse` is the only caller.

use super::changes::{ChangeKind, Changes};
use super::level::{Level, OUTSIDE};
use super::path::path;
use super::word::{DIRTY, Kind, Links, Word};
use super::{MAX_DEPTH_LEVELS, MAX_TEXT_BYTES};

/// A fault that is not repaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct JsonError {
    /// What is wrong.
    pub kind: JsonErrorKind,
    /// Where, in bytes from the start of the text.
    pub offset: usize,
}

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonErrorKind {
    /// It ends inside a value.
    #[error("unexpected end of json")]
    End,
    /// A value was expected.
    #[error("expected a json value")]
    Value,
    /// A member's name was expected.
    #[error("expected a member name")]
    Key,
    /// A colon was expected.
    #[error("expected a colon")]
    Colon,
    /// A comma or the end of the container was expected.
    #[error("expected a comma or the end of the container")]
    Separator,
    /// A backslash is followed by something else than JSON allows.
    #[error("invalid escape")]
    Escape,
    /// A number is written as JSON does not allow.
    #[error("invalid number")]
    Number,
    /// Something follows the outermost value.
    #[error("unexpected text after the json value")]
    Trailing,
    /// It is longer than [`MAX_TEXT_BYTES`].
    #[error("json text too large")]
    TooLarge,
}

pub(super) struct Parser<'p> {
    pub(super) bytes: &'p [u8],
    pub(super) encoding: Encoding,
    pub(super) position: usize,
    pub(super) words: &'p mut Vec<u64>,
    changes: &'p mut Changes,
    /// Index of the innermost open container that is on the tape.
    pub(super) container: u32,
    in_object: bool,
    /// Open containers, those nested too deep included.
    pub(super) depth: usize,
    /// Where the outermost container that is nested too deep starts.
    deep_start: usize,
    pub(super) levels: [Level; MAX_DEPTH_LEVELS],
}

/// What is known of the bytes before they are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// All of them are UTF-8.
    Utf8,
    /// Some are not, so that every string must be looked at.
    Unknown,
}

impl<'p> Parser<'p> {
    pub(super) fn new(bytes: &'p [u8], encoding: Encoding, words: &'p mut Vec<u64>, changes: &'p mut Changes) -> Self {
        let levels = [Level::default(); MAX_DEPTH_LEVELS];
        let (position, depth, deep_start) = (0, 0, 0);
        Parser {
            bytes,
            encoding,
            position,
            words,
            changes,
            container: OUTSIDE,
            in_object: false,
            depth,
            deep_start,
            levels,
        }
    }

    pub(super) fn run(&mut self) -> Result<(), JsonError> {
        if self.bytes.len() > MAX_TEXT_BYTES {
            return self.fail(JsonErrorKind::TooLarge);
        }
        loop {
            let opened = self.value()?;
            if !opened && self.close_and_separate()? {
                break;
            }
        }
        self.skip_blanks();
        if self.position < self.bytes.len() { self.fail(JsonErrorKind::Trailing) } else { Ok(()) }
    }

    /// Reads a scalar, an empty container, or the opening of another; true if a value of the new container comes next.
    #[inline]
    fn value(&mut self) -> Result<bool, JsonError> {
        self.skip_blanks();
        let start = self.position;
        match self.peek()? {
            b'"' => {
                let string = self.string()?;
                self.push(Word::new(Kind::String, start, string.end).0 | string.flags);
                Ok(false)
            }
            b'{' => self.open(Kind::Object),
            b'[' => self.open(Kind::Array),
            b't' => self.literal(b"true", Kind::True),
            b'f' => self.literal(b"false", Kind::False),
            b'n' => self.literal(b"null", Kind::Null),
            b'-' | b'0'..=b'9' => self.number(),
            b'N' => self.not_a_number(b"NaN"),
            b'I' => self.not_a_number(b"Infinity"),
            _ => self.fail(JsonErrorKind::Value),
        }
    }

    /// After a value: closes what ends here. False when another value comes next, true when the outermost one has ended.
    #[inline]
    fn close_and_separate(&mut self) -> Result<bool, JsonError> {
        while self.depth > 0 {
            self.skip_blanks();
            match (self.peek()?, self.in_object) {
                (b',', true) => {
                    self.position += 1;
                    self.skip_blanks();
                    self.key()?;
                    return Ok(false);
                }
                (b',', false) => {
                    self.position += 1;
                    self.begin_element();
                    return Ok(false);
                }
                (b'}', true) | (b']', false) => {
                    self.position += 1;
                    self.close();
                }
                _ => return self.fail(JsonErrorKind::Separator),
            }
        }
        Ok(true)
    }

    #[inline]
    fn open(&mut self, kind: Kind) -> Result<bool, JsonError> {
        let start = self.position;
        self.position += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH_LEVELS {
            if self.depth == MAX_DEPTH_LEVELS + 1 {
                self.deep_start = start;
            }
            self.words.push(Word::new(kind, start, start).0);
        } else {
            let parent = std::mem::replace(&mut self.container, self.words.len() as u32);
            self.words.push(Word::new(kind, start, start).0);
            self.words.push(Links { next: parent, count: 0 }.word());
            self.levels[self.depth - 1] = Level::default();
        }
        self.in_object = kind == Kind::Object;
        self.skip_blanks();
        match (self.peek()?, kind) {
            (b'}', Kind::Object) | (b']', Kind::Array) => {
                self.position += 1;
                self.close();
                Ok(false)
            }
            (_, Kind::Object) => self.key().map(|()| true),
            _ => {
                self.begin_element();
                Ok(true)
            }
        }
    }

    #[inline]
    fn close(&mut self) {
        self.depth -= 1;
        if self.depth >= MAX_DEPTH_LEVELS {
            self.close_deep();
            return;
        }
        let index = self.container as usize;
        let level = self.levels[self.depth];
        if level.sort_names {
            self.drop_repeated_names(index, level.count);
        }
        let parent = Links::of(self.words[index + 1]).next;
        let word = Word(self.words[index]);
        let flags = word.0 & DIRTY;
        self.words[index] = Word::new(word.kind(), word.start(), self.position).0 | flags;
        self.words[index + 1] = Links { next: self.words.len() as u32, count: level.count }.word();
        self.container = parent;
        if parent != OUTSIDE {
            self.words[parent as usize] |= flags;
            self.in_object = Word(self.words[parent as usize]).kind() == Kind::Object;
        }
    }

    /// Containers nested too deep are a stack of single tokens on the tape; the last to close leaves its text.
    fn close_deep(&mut self) {
        self.words.pop();
        if self.depth > MAX_DEPTH_LEVELS {
            self.in_object = self.words.last().is_some_and(|&word| Word(word).kind() == Kind::Object);
            return;
        }
        self.in_object = Word(self.words[self.container as usize]).kind() == Kind::Object;
        self.words.push(Word::new(Kind::Deep, self.deep_start, self.position).0 | DIRTY);
        self.change(ChangeKind::Depth);
    }

    #[inline]
    fn begin_element(&mut self) {
        if self.depth <= MAX_DEPTH_LEVELS {
            self.levels[self.depth - 1].count += 1;
        }
    }

    #[inline]
    fn key(&mut self) -> Result<(), JsonError> {
        let start = self.position;
        if self.peek()? != b'"' {
            return self.fail(JsonErrorKind::Key);
        }
        if self.depth <= MAX_DEPTH_LEVELS {
            let level = &mut self.levels[self.depth - 1];
            level.key = self.words.len();
            level.count += 1;
            // The token is pushed before the scan so that a repair finds its own path; the scan's result follows.
            self.words.push(Word::new(Kind::String, start, start).0);
        }
        let string = self.string()?;
        if self.depth <= MAX_DEPTH_LEVELS {
            let key = self.levels[self.depth - 1].key;
            self.words[key] = Word::new(Kind::String, start, string.end).0 | string.flags;
            self.note_name(key, string.flags);
        }
        self.skip_blanks();
        if self.peek()? != b':' {
            return self.fail(JsonErrorKind::Colon);
        }
        self.position += 1;
        Ok(())
    }

    /// Puts a scalar on the tape, unless it is part of a container that is kept as text.
    #[inline]
    pub(super) fn push(&mut self, word: u64) {
        if self.depth <= MAX_DEPTH_LEVELS {
            self.words.push(word);
        }
    }

    #[cold]
    pub(super) fn change(&mut self, kind: ChangeKind) {
        if self.depth > MAX_DEPTH_LEVELS {
            return;
        }
        if self.container != OUTSIDE {
            self.words[self.container as usize] |= DIRTY;
        }
        let levels = &self.levels[..self.depth];
        self.changes.add(kind, || path(self.bytes, self.words, self.container, levels));
    }

    #[inline]
    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.bytes.get(self.position) {
            self.position += 1;
        }
    }

    #[inline]
    pub(super) fn peek(&self) -> Result<u8, JsonError> {
        match self.bytes.get(self.position) {
            Some(&byte) => Ok(byte),
            None => self.fail(JsonErrorKind::End),
        }
    }

    #[cold]
    pub(super) fn fail<T>(&self, kind: JsonErrorKind) -> Result<T, JsonError> {
        Err(JsonError { kind, offset: self.position })
    }
}
