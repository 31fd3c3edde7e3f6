//! Strict JSON out: strings escaped, values copied. What needs no change is copied as the bytes that were sent.

use super::scan::plain_run;
use super::tape::Value;
use super::word::Kind;

/// Copies a text while leaving out, replacing and inserting parts of it, from front to back.
///
/// Nothing is written until the next edit or [`Copier::finish`], so that an untouched part is one copy however many values it has.
pub(crate) struct Copier<'o, 'a> {
    source: &'a [u8],
    out: &'o mut Vec<u8>,
    from: usize,
}

impl<'o, 'a> Copier<'o, 'a> {
    /// Copies `source` from the offset `from` to the end of `out`.
    pub(crate) fn new(out: &'o mut Vec<u8>, source: &'a [u8], from: usize) -> Self {
        Copier { source, out, from }
    }

    /// Copies up to `start`, leaves out what stands from there to `end`, and gives the output for what shall stand there.
    pub(crate) fn replace(&mut self, start: usize, end: usize) -> &mut Vec<u8> {
        self.out.extend_from_slice(self.source.get(self.from..start).unwrap_or_default());
        self.from = end;
        self.out
    }

    /// Puts a value's strict form in its place. Clean values cost nothing.
    pub(crate) fn value(&mut self, value: Value<'_, '_>) {
        if !value.is_clean() {
            self.repair(value);
        }
    }

    /// Puts `null` in the value's place.
    pub(crate) fn null(&mut self, value: Value<'_, '_>) {
        self.replace(value.start(), value.end()).extend_from_slice(b"null");
    }

    /// Puts a string in the value's place.
    pub(crate) fn string(&mut self, value: Value<'_, '_>, text: &str) {
        write_string(self.replace(value.start(), value.end()), text);
    }

    /// Copies up to `end`, the last byte wanted.
    pub(crate) fn finish(mut self, end: usize) {
        self.replace(end, end);
    }

    fn repair(&mut self, value: Value<'_, '_>) {
        match value.kind() {
            Kind::String | Kind::Deep => {
                let text = value.text().unwrap_or_default();
                self.string(value, &text);
            }
            Kind::Array => {
                for element in value.elements() {
                    self.value(element);
                }
            }
            Kind::Object => {
                let mut dropped_from = None;
                for member in value.all_members() {
                    if let Some(start) = dropped_from.take() {
                        self.replace(start, member.key.start());
                    }
                    if member.is_dropped() {
                        dropped_from = Some(member.key.start());
                        continue;
                    }
                    self.value(member.key);
                    self.value(member.value);
                }
            }
            Kind::Null | Kind::True | Kind::False | Kind::Number => self.null(value),
        }
    }
}

/// Writes a value as strict JSON: as it was sent, where that is strict JSON already.
pub fn write_value(out: &mut Vec<u8>, value: Value<'_, '_>) {
    if value.is_clean() {
        out.extend_from_slice(value.raw());
        return;
    }
    let mut copier = Copier::new(out, value.source(), value.start());
    copier.value(value);
    copier.finish(value.end());
}

/// Writes a string with its quotes.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let bytes = text.as_bytes();
    let mut from = 0;
    out.push(b'"');
    loop {
        let end = plain_run(bytes, from).end;
        out.extend_from_slice(&bytes[from..end]);
        let Some(&special) = bytes.get(end) else { break };
        match special {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(control >> 4)]);
                out.push(HEX[usize::from(control & 15)]);
            }
        }
        from = end + 1;
    }
    out.push(b'"');
}
