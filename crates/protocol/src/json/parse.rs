//! The reader: one forward pass, no recursion, a bounded amount of state for each level.
//!
//! Strict JSON, except for what SDKs are known to send: see [`ChangeKind`]. `Tape::parse` is the only caller.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::changes::{ChangeKind, Changes};
use super::scan::plain_run;
use super::tape::{DIRTY, DROPPED, ESCAPED, FRACTION, Kind, Links, Word, after};
use super::{MAX_DEPTH_LEVELS, MAX_PATH_BYTES, MAX_TEXT_BYTES, text};

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

/// Objects with more members than this look for duplicate names by sorting, once, when they end.
const MAX_SCANNED_MEMBERS: u32 = 32;

/// Index of no container.
const OUTSIDE: u32 = u32::MAX;

pub(super) struct Parser<'p> {
    bytes: &'p [u8],
    all_utf8: bool,
    position: usize,
    words: &'p mut Vec<u64>,
    changes: &'p mut Changes,
    /// Index of the innermost open container that is on the tape.
    container: u32,
    in_object: bool,
    /// Open containers, those nested too deep included.
    depth: usize,
    /// Where the outermost container that is nested too deep starts.
    deep_start: usize,
    levels: [Level; MAX_DEPTH_LEVELS],
}

/// What is known of one open container.
#[derive(Clone, Copy, Default)]
struct Level {
    /// One bit for each name seen, by a hash of it.
    names: u128,
    /// The token of the present member's name.
    key: usize,
    count: u32,
    /// Names must be compared when the object ends.
    sort_names: bool,
}

/// What a string was found to be.
struct ScannedString {
    end: usize,
    flags: u64,
}

impl<'p> Parser<'p> {
    pub(super) fn new(bytes: &'p [u8], all_utf8: bool, words: &'p mut Vec<u64>, changes: &'p mut Changes) -> Self {
        let levels = [Level::default(); MAX_DEPTH_LEVELS];
        let (position, depth, deep_start) = (0, 0, 0);
        Parser {
            bytes,
            all_utf8,
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

    /// Leaves out an earlier member of the same name, now or when the object ends.
    #[inline]
    fn note_name(&mut self, key: usize, flags: u64) {
        let word = Word(self.words[key]);
        let level = &mut self.levels[self.depth - 1];
        if level.count > MAX_SCANNED_MEMBERS || flags & (ESCAPED | DIRTY) != 0 {
            level.sort_names = true;
            return;
        }
        let name = &self.bytes[word.start() + 1..word.end() - 1];
        let bit = 1_u128 << name_hash(name);
        if level.names & bit != 0 && !level.sort_names {
            self.drop_earlier(key, name);
        }
        self.levels[self.depth - 1].names |= bit;
    }

    fn drop_earlier(&mut self, key: usize, name: &[u8]) {
        let mut index = self.container as usize + 2;
        while index < key {
            let word = Word(self.words[index]);
            let next = after(self.words, index + 1);
            if word.0 & DROPPED == 0 && self.bytes[word.start() + 1..word.end() - 1] == *name {
                self.words[index] |= DROPPED;
                self.change(ChangeKind::DuplicateKey);
                return;
            }
            index = next;
        }
    }

    /// The way for many members or escaped names: sorts them by a hash, names of one hash by themselves, keeps the last of each.
    fn drop_repeated_names(&mut self, container: usize, count: u32) {
        let mut names = Vec::with_capacity(count as usize);
        let mut index = container + 2;
        for _ in 0..count {
            names.push((long_hash(&key_text(self.bytes, Word(self.words[index]))), index));
            index = after(self.words, index + 1);
        }
        let text = |index: usize| key_text(self.bytes, Word(self.words[index]));
        names.sort_unstable_by(|left, right| {
            left.0.cmp(&right.0).then_with(|| text(left.1).cmp(&text(right.1))).then(left.1.cmp(&right.1))
        });
        let pairs = names.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        let repeated = pairs.filter(|pair| text(pair[0].1) == text(pair[1].1)).map(|pair| pair[0].1);
        let mut repeated: Vec<usize> = repeated.filter(|&key| self.words[key] & DROPPED == 0).collect();
        repeated.sort_unstable();
        for key in repeated {
            self.words[key] |= DROPPED;
            self.levels[self.depth].key = key;
            self.depth += 1;
            self.change(ChangeKind::DuplicateKey);
            self.depth -= 1;
        }
    }

    #[inline]
    fn string(&mut self) -> Result<ScannedString, JsonError> {
        let start = self.position;
        let mut flags = 0;
        let mut non_ascii = false;
        self.position += 1;
        loop {
            let run = plain_run(self.bytes, self.position);
            non_ascii |= run.non_ascii;
            self.position = run.end;
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    flags |= ESCAPED;
                    if !self.escape()? {
                        flags |= DIRTY;
                        self.change(ChangeKind::Unicode);
                    }
                }
                _ => {
                    if flags & DIRTY == 0 {
                        self.change(ChangeKind::ControlCharacter);
                    }
                    flags |= DIRTY;
                    self.position += 1;
                }
            }
        }
        if non_ascii && !self.all_utf8 && std::str::from_utf8(&self.bytes[start..self.position]).is_err() {
            flags |= DIRTY;
            self.change(ChangeKind::Unicode);
        }
        self.position += 1;
        Ok(ScannedString { end: self.position, flags })
    }

    /// Passes an escape; false if it is half of a surrogate pair.
    fn escape(&mut self) -> Result<bool, JsonError> {
        match self.bytes.get(self.position + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.position += 2;
                return Ok(true);
            }
            Some(b'u') => {}
            _ => return self.fail(JsonErrorKind::Escape),
        }
        let Some(unit) = text::hex_unit(&self.bytes[self.position + 2..]) else {
            return self.fail(JsonErrorKind::Escape);
        };
        self.position += 6;
        if text::is_high_surrogate(unit) {
            let low = self.bytes[self.position..].strip_prefix(b"\\u").and_then(text::hex_unit);
            let is_pair = low.is_some_and(text::is_low_surrogate);
            self.position += if is_pair { 6 } else { 0 };
            return Ok(is_pair);
        }
        Ok(!text::is_low_surrogate(unit))
    }

    #[inline]
    fn literal(&mut self, word: &[u8], kind: Kind) -> Result<bool, JsonError> {
        let start = self.position;
        if !self.bytes[start..].starts_with(word) {
            return self.fail(JsonErrorKind::Value);
        }
        self.position += word.len();
        self.push(Word::new(kind, start, self.position).0);
        Ok(false)
    }

    fn not_a_number(&mut self, word: &[u8]) -> Result<bool, JsonError> {
        let start = self.position;
        if !self.bytes[start..].starts_with(word) {
            return self.fail(JsonErrorKind::Value);
        }
        self.position += word.len();
        self.push_null_number(start);
        Ok(false)
    }

    fn number(&mut self) -> Result<bool, JsonError> {
        let start = self.position;
        let mut flags = 0;
        if self.bytes[self.position] == b'-' {
            self.position += 1;
            if self.bytes[self.position..].starts_with(b"Infinity") {
                self.position += b"Infinity".len();
                self.push_null_number(start);
                return Ok(false);
            }
        }
        let whole = self.position;
        self.digits()?;
        if self.bytes[whole] == b'0' && self.position > whole + 1 {
            return self.fail(JsonErrorKind::Number);
        }
        if self.bytes.get(self.position) == Some(&b'.') {
            flags |= FRACTION;
            self.position += 1;
            self.digits()?;
        }
        let mut may_overflow = self.position - whole > 300;
        if let Some(b'e' | b'E') = self.bytes.get(self.position) {
            flags |= FRACTION;
            may_overflow = true;
            self.position += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.position) {
                self.position += 1;
            }
            self.digits()?;
        }
        if may_overflow && !self.is_finite(start) {
            self.push_null_number(start);
        } else {
            self.push(Word::new(Kind::Number, start, self.position).0 | flags);
        }
        Ok(false)
    }

    /// One digit at least.
    #[inline]
    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.position;
        while let Some(b'0'..=b'9') = self.bytes.get(self.position) {
            self.position += 1;
        }
        if self.position == start { self.fail(JsonErrorKind::Number) } else { Ok(()) }
    }

    fn is_finite(&self, start: usize) -> bool {
        let number = std::str::from_utf8(&self.bytes[start..self.position]).unwrap_or_default();
        number.parse().is_ok_and(f64::is_finite)
    }

    fn push_null_number(&mut self, start: usize) {
        self.push(Word::new(Kind::Null, start, self.position).0 | DIRTY);
        self.change(ChangeKind::Number);
    }

    /// Puts a scalar on the tape, unless it is part of a container that is kept as text.
    #[inline]
    fn push(&mut self, word: u64) {
        if self.depth <= MAX_DEPTH_LEVELS {
            self.words.push(word);
        }
    }

    #[cold]
    fn change(&mut self, kind: ChangeKind) {
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
    fn peek(&self) -> Result<u8, JsonError> {
        match self.bytes.get(self.position) {
            Some(&byte) => Ok(byte),
            None => self.fail(JsonErrorKind::End),
        }
    }

    #[cold]
    fn fail<T>(&self, kind: JsonErrorKind) -> Result<T, JsonError> {
        Err(JsonError { kind, offset: self.position })
    }
}

/// A number below 128 that names rarely share.
#[inline]
fn name_hash(name: &[u8]) -> u32 {
    let (Some(&first), Some(&last)) = (name.first(), name.last()) else { return 0 };
    let middle = name[name.len() / 2];
    let mixed = u32::from(first) | u32::from(middle) << 8 | u32::from(last) << 16 | (name.len() as u32) << 24;
    mixed.wrapping_mul(0x9e37_79b1) >> 25
}

/// A hash of a whole name. It need not resist attack: names of one hash are compared.
fn long_hash(name: &[u8]) -> u64 {
    name.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Keys and indexes of the open containers, outermost first, joined by dots.
fn path(bytes: &[u8], words: &[u64], innermost: u32, levels: &[Level]) -> String {
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
fn key_text<'b>(bytes: &'b [u8], word: Word) -> Cow<'b, [u8]> {
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
