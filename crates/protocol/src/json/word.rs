//! The words of a tape: one for each token, two for a container.

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`, and what became null.
    Null,
    /// `false`
    False,
    /// `true`
    True,
    /// A number within a double.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
    /// A container nested too deep: it reads and writes as a string, its JSON text.
    Deep,
}

/// A token: 28 bits of start, 28 of length, 3 of kind, 5 of flags. A container has a second word, [`Links`].
#[derive(Clone, Copy)]
pub(super) struct Word(pub(super) u64);

/// A container's second word: low half the index of what follows it (of its parent while it is open), high half its count.
#[derive(Clone, Copy)]
pub(super) struct Links {
    pub(super) next: u32,
    pub(super) count: u32,
}

/// The text of the value, or something in it, must not be copied as it stands.
pub(super) const DIRTY: u64 = 1 << 59;
/// The string has a backslash.
pub(super) const ESCAPED: u64 = 1 << 60;
/// The member is left out: a later one has the same name.
pub(super) const DROPPED: u64 = 1 << 61;
/// The number is not a whole one: it has a point or an exponent.
pub(super) const FRACTION: u64 = 1 << 62;

const FIELD_BITS: u32 = 28;
const FIELD: u64 = (1 << FIELD_BITS) - 1;
const KIND_SHIFT: u32 = 2 * FIELD_BITS;

impl Word {
    #[inline]
    pub(super) fn new(kind: Kind, start: usize, end: usize) -> Self {
        Word(start as u64 | ((end - start) as u64) << FIELD_BITS | (kind as u64) << KIND_SHIFT)
    }

    #[inline]
    pub(super) fn kind(self) -> Kind {
        match self.0 >> KIND_SHIFT & 7 {
            0 => Kind::Null,
            1 => Kind::False,
            2 => Kind::True,
            3 => Kind::Number,
            4 => Kind::String,
            5 => Kind::Array,
            6 => Kind::Object,
            _ => Kind::Deep,
        }
    }

    #[inline]
    pub(super) fn start(self) -> usize {
        (self.0 & FIELD) as usize
    }

    #[inline]
    pub(super) fn end(self) -> usize {
        self.start() + (self.0 >> FIELD_BITS & FIELD) as usize
    }
}

impl Links {
    #[inline]
    pub(super) fn word(self) -> u64 {
        u64::from(self.next) | u64::from(self.count) << 32
    }

    #[inline]
    pub(super) fn of(word: u64) -> Self {
        Links { next: (word & 0xffff_ffff) as u32, count: (word >> 32) as u32 }
    }
}

/// The index of the token after the value at `index`.
#[inline]
pub(super) fn after(words: &[u64], index: usize) -> usize {
    match Word(words[index]).kind() {
        Kind::Array | Kind::Object => Links::of(words[index + 1]).next as usize,
        _ => index + 1,
    }
}
