//! Strings, numbers and words: reading one and putting it on the tape.

use super::changes::ChangeKind;
use super::parse::{Encoding, JsonError, JsonErrorKind, Parser};
use super::scan::plain_run;
use super::text;
use super::word::{DIRTY, ESCAPED, FRACTION, Kind, Word};

/// Longer numbers may be outside a double without an exponent.
const MAX_FINITE_DIGITS: usize = 300;

/// What a string was found to be.
pub(super) struct ScannedString {
    pub(super) end: usize,
    pub(super) flags: u64,
}

impl Parser<'_> {
    #[inline]
    pub(super) fn string(&mut self) -> Result<ScannedString, JsonError> {
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
        if non_ascii
            && self.encoding == Encoding::Unknown
            && std::str::from_utf8(&self.bytes[start..self.position]).is_err()
        {
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
    pub(super) fn literal(&mut self, word: &[u8], kind: Kind) -> Result<bool, JsonError> {
        let start = self.position;
        if !self.bytes[start..].starts_with(word) {
            return self.fail(JsonErrorKind::Value);
        }
        self.position += word.len();
        self.push(Word::new(kind, start, self.position).0);
        Ok(false)
    }

    pub(super) fn not_a_number(&mut self, word: &[u8]) -> Result<bool, JsonError> {
        let start = self.position;
        if !self.bytes[start..].starts_with(word) {
            return self.fail(JsonErrorKind::Value);
        }
        self.position += word.len();
        self.push_null_number(start);
        Ok(false)
    }

    pub(super) fn number(&mut self) -> Result<bool, JsonError> {
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
        let mut may_overflow = self.position - whole > MAX_FINITE_DIGITS;
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
}
