//! A place in a text, and small steps from it.

/// A place in a text. Copies are cheap: a recogniser walks its own.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(bytes: &'t [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// Where this is.
    pub(super) fn at(self) -> usize {
        self.at
    }

    /// The byte here.
    pub(super) fn peek(self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The byte before.
    pub(super) fn before(self) -> Option<u8> {
        self.at.checked_sub(1).map(|before| self.bytes[before])
    }

    /// What is still to be read, at most so many bytes of it.
    pub(super) fn ahead(self, most: usize) -> &'t [u8] {
        let rest = &self.bytes[self.at..];
        &rest[..rest.len().min(most)]
    }

    /// What lies between here and `end`.
    pub(super) fn until(self, end: usize) -> &'t [u8] {
        &self.bytes[self.at..end]
    }

    /// One byte on.
    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    /// So many bytes on.
    pub(super) fn advance(&mut self, count: usize) {
        self.at += count;
    }

    /// Past one of these bytes, which it returns.
    pub(super) fn take(&mut self, wanted: &[u8]) -> Option<u8> {
        let byte = self.peek().filter(|byte| wanted.contains(byte))?;
        self.skip();
        Some(byte)
    }

    /// Past a number of `least` to `most` digits that no further digit follows.
    pub(super) fn digits(&mut self, least: usize, most: usize) -> Option<()> {
        let count = self.ahead(most + 1).iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(least..=most).contains(&count) {
            return None;
        }
        self.advance(count);
        Some(())
    }

    /// This place, if no word goes on here.
    pub(super) fn boundary(self) -> Option<usize> {
        if self.peek().is_some_and(is_word) { None } else { Some(self.at) }
    }

    /// Where the word ends that begins here; past the one character, where none does.
    pub(super) fn after_word(self) -> usize {
        let run = self.bytes[self.at..].iter().take_while(|&&byte| is_word(byte)).count();
        self.at + run.max(1)
    }

    /// Past the next `wanted` of this line.
    pub(super) fn find(self, wanted: u8) -> Option<usize> {
        let line = self.bytes[self.at..].iter().take_while(|&&byte| byte != b'\n');
        line.zip(self.at..).find(|&(&byte, _)| byte == wanted).map(|(_, index)| index + 1)
    }
}

/// Letters, digits and `_`; every byte of a character beyond ASCII counts as a letter.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}
