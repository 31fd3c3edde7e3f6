//! The tape: what `parse` leaves behind, and how it is read. Tokens are eight bytes; containers take two.

use std::borrow::Cow;

use super::changes::Changes;
use super::parse::{Encoding, JsonError, Parser};
use super::text;
use super::word::{DIRTY, DROPPED, ESCAPED, FRACTION, Kind, Links, Word, after};

/// Tokens of one text at a time. Keep it and parse again: memory is kept between texts.
#[derive(Debug, Default)]
pub struct Tape {
    words: Vec<u64>,
    changes: Changes,
}

/// A parsed text.
#[derive(Debug, Clone, Copy)]
pub struct Document<'t, 'a> {
    words: &'t [u64],
    changes: &'t Changes,
    bytes: &'a [u8],
    /// The same bytes, where all of them are UTF-8.
    text: Option<&'a str>,
}

/// One value of a document.
#[derive(Clone, Copy)]
pub struct Value<'d, 'a> {
    document: &'d Document<'d, 'a>,
    index: usize,
}

/// A member of an object.
#[derive(Clone, Copy)]
pub struct Member<'d, 'a> {
    /// The name: always a string.
    pub key: Value<'d, 'a>,
    /// What it names.
    pub value: Value<'d, 'a>,
}

/// The members of an object.
#[derive(Clone)]
pub struct Members<'d, 'a> {
    document: &'d Document<'d, 'a>,
    next: usize,
    left: u32,
}

/// The elements of an array.
#[derive(Clone)]
pub struct Elements<'d, 'a> {
    document: &'d Document<'d, 'a>,
    next: usize,
    left: u32,
}

/// Tokens that a tape keeps room for between texts; more is given back.
const KEPT_TOKENS: usize = 64 * 1024;

impl Tape {
    /// An empty tape.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads one JSON text, whatever the outermost value is, with blanks around it.
    ///
    /// # Errors
    /// Names the first fault that the reader does not repair, and its offset.
    pub fn parse<'t, 'a>(&'t mut self, bytes: &'a [u8]) -> Result<Document<'t, 'a>, JsonError> {
        self.words.clear();
        self.words.shrink_to(KEPT_TOKENS);
        self.changes.clear();
        let text = std::str::from_utf8(bytes).ok();
        let encoding = if text.is_some() { Encoding::Utf8 } else { Encoding::Unknown };
        Parser::new(bytes, encoding, &mut self.words, &mut self.changes).run()?;
        Ok(Document { words: &self.words, changes: &self.changes, bytes, text })
    }

    /// Bytes of memory that the tape holds.
    pub fn held_bytes(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }
}

impl<'t, 'a> Document<'t, 'a> {
    /// The outermost value.
    pub fn root(&self) -> Value<'_, 'a> {
        Value { document: self, index: 0 }
    }

    /// What was repaired.
    pub fn changes(&self) -> &'t Changes {
        self.changes
    }

    /// The bytes that were parsed.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl<'d, 'a> Value<'d, 'a> {
    #[inline]
    fn word(&self) -> Word {
        Word(self.document.words[self.index])
    }

    /// What it is.
    #[inline]
    pub fn kind(&self) -> Kind {
        self.word().kind()
    }

    /// Whether it is null, or became null.
    #[inline]
    pub fn is_null(&self) -> bool {
        self.kind() == Kind::Null
    }

    /// Offset of its first byte.
    #[inline]
    pub fn start(&self) -> usize {
        self.word().start()
    }

    /// Offset of the byte after its last one.
    #[inline]
    pub fn end(&self) -> usize {
        self.word().end()
    }

    /// Its bytes as sent, quotes and brackets included.
    #[inline]
    pub fn raw(&self) -> &'a [u8] {
        &self.document.bytes[self.start()..self.end()]
    }

    /// Whether [`Value::raw`] is strict JSON as it stands.
    #[inline]
    pub fn is_clean(&self) -> bool {
        self.word().0 & DIRTY == 0
    }

    /// Whether it is a number with a point or an exponent.
    #[inline]
    pub fn is_fraction(&self) -> bool {
        self.word().0 & FRACTION != 0
    }

    /// The bytes that were parsed, of which this value is a part.
    #[inline]
    pub fn source(&self) -> &'a [u8] {
        self.document.bytes
    }

    /// The text of a string, or of a container nested too deep; none for other values. Borrowed where nothing needs decoding.
    #[inline]
    pub fn text(&self) -> Option<Cow<'a, str>> {
        let word = self.word();
        match word.kind() {
            Kind::String => Some(self.decode(word)),
            Kind::Deep => Some(match self.document.text {
                Some(text) => Cow::Borrowed(text.get(word.start()..word.end()).unwrap_or_default()),
                None => String::from_utf8_lossy(self.raw()),
            }),
            _ => None,
        }
    }

    /// The bytes between a string's quotes, if they are its text without decoding.
    #[inline]
    pub fn plain(&self) -> Option<&'a [u8]> {
        let word = self.word();
        (word.kind() == Kind::String && word.0 & (ESCAPED | DIRTY) == 0)
            .then(|| &self.document.bytes[word.start() + 1..word.end() - 1])
    }

    /// The text of a number as sent.
    pub fn number(&self) -> Option<&'a str> {
        (self.kind() == Kind::Number).then(|| std::str::from_utf8(self.raw()).unwrap_or_default())
    }

    /// A whole number within 64 bits.
    pub fn integer(&self) -> Option<i64> {
        if self.is_fraction() { None } else { self.number()?.parse().ok() }
    }

    /// True or false.
    pub fn boolean(&self) -> Option<bool> {
        match self.kind() {
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        }
    }

    /// How many elements or members it has, left-out ones included; 0 for a scalar.
    pub fn count(&self) -> usize {
        match self.kind() {
            Kind::Array | Kind::Object => self.links().count as usize,
            _ => 0,
        }
    }

    /// The elements of an array; none for other values.
    pub fn elements(&self) -> Elements<'d, 'a> {
        let left = if self.kind() == Kind::Array { self.links().count } else { 0 };
        Elements { document: self.document, next: self.index + 2, left }
    }

    /// The members of an object, left-out ones included: see [`Member::is_dropped`]. None for other values.
    pub fn all_members(&self) -> Members<'d, 'a> {
        let left = if self.kind() == Kind::Object { self.links().count } else { 0 };
        Members { document: self.document, next: self.index + 2, left }
    }

    /// The members of an object, the last of each name.
    pub fn members(&self) -> impl Iterator<Item = Member<'d, 'a>> + use<'d, 'a> {
        self.all_members().filter(|member| !member.is_dropped())
    }

    /// The member of that name.
    pub fn get(&self, name: &str) -> Option<Value<'d, 'a>> {
        self.members().find(|member| member.is_named(name)).map(|member| member.value)
    }

    #[inline]
    fn links(&self) -> Links {
        Links::of(self.document.words[self.index + 1])
    }

    #[inline]
    fn decode(&self, word: Word) -> Cow<'a, str> {
        let inner = word.start() + 1..word.end() - 1;
        match self.document.text {
            Some(text) if word.0 & ESCAPED == 0 => Cow::Borrowed(text.get(inner).unwrap_or_default()),
            _ => text::decode(&self.document.bytes[inner]),
        }
    }
}

impl<'d, 'a> Member<'d, 'a> {
    /// Whether a later member has the same name. Such a member is never the last one.
    #[inline]
    pub fn is_dropped(&self) -> bool {
        self.key.word().0 & DROPPED != 0
    }

    /// Whether its name is `name`.
    #[inline]
    pub fn is_named(&self, name: &str) -> bool {
        match self.key.plain() {
            Some(plain) => plain == name.as_bytes(),
            None => self.key.text().is_some_and(|text| text == name),
        }
    }

    /// The name, decoded.
    #[inline]
    pub fn name(&self) -> Cow<'a, str> {
        self.key.text().unwrap_or_default()
    }
}

impl<'d, 'a> Iterator for Members<'d, 'a> {
    type Item = Member<'d, 'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let key = Value { document: self.document, index: self.next };
        let value = Value { document: self.document, index: self.next + 1 };
        self.next = after(self.document.words, value.index);
        Some(Member { key, value })
    }
}

impl<'d, 'a> Iterator for Elements<'d, 'a> {
    type Item = Value<'d, 'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let value = Value { document: self.document, index: self.next };
        self.next = after(self.document.words, value.index);
        Some(value)
    }
}
