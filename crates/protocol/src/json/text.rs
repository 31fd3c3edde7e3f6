//! The text between a string's quotes: decoding what `parse` has accepted. It never fails, because `parse` has checked it.

use std::borrow::Cow;
use std::str;

/// What stands for a code point that is none.
const REPLACEMENT: char = '\u{fffd}';

/// Decodes escapes; a lone surrogate and bytes that are not UTF-8 become U+FFFD.
pub(super) fn decode(raw: &[u8]) -> Cow<'_, str> {
    if memchr::memchr(b'\\', raw).is_none() {
        return String::from_utf8_lossy(raw);
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        push_lossy(&mut text, &rest[..at]);
        rest = push_escape(&mut text, &rest[at + 1..]);
    }
    push_lossy(&mut text, rest);
    Cow::Owned(text)
}

/// The value of four hex digits at the start of `bytes`.
pub(super) fn hex_unit(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.get(..4)?;
    digits.iter().try_fold(0, |unit, &digit| Some(unit << 4 | char::from(digit).to_digit(16)?))
}

/// Whether the unit is the first half of a pair.
pub(super) fn is_high_surrogate(unit: u32) -> bool {
    (0xd800..0xdc00).contains(&unit)
}

/// Whether the unit is the second half of a pair.
pub(super) fn is_low_surrogate(unit: u32) -> bool {
    (0xdc00..0xe000).contains(&unit)
}

fn push_lossy(text: &mut String, bytes: &[u8]) {
    match str::from_utf8(bytes) {
        Ok(valid) => text.push_str(valid),
        Err(_) => text.push_str(&String::from_utf8_lossy(bytes)),
    }
}

/// Pushes what the escape after a backslash stands for; returns what follows it.
fn push_escape<'r>(text: &mut String, escape: &'r [u8]) -> &'r [u8] {
    let Some((&letter, rest)) = escape.split_first() else { return &[] };
    match letter {
        b'n' => text.push('\n'),
        b'r' => text.push('\r'),
        b't' => text.push('\t'),
        b'b' => text.push('\u{8}'),
        b'f' => text.push('\u{c}'),
        b'u' => return push_unit(text, rest),
        plain => text.push(char::from(plain)),
    }
    rest
}

fn push_unit<'r>(text: &mut String, digits: &'r [u8]) -> &'r [u8] {
    let unit = hex_unit(digits).unwrap_or(0xfffd);
    let rest = digits.get(4..).unwrap_or_default();
    if is_high_surrogate(unit)
        && let Some(low) = rest.strip_prefix(b"\\u").and_then(hex_unit)
        && is_low_surrogate(low)
    {
        let point = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        text.push(char::from_u32(point).unwrap_or(REPLACEMENT));
        return rest.get(6..).unwrap_or_default();
    }
    text.push(char::from_u32(unit).unwrap_or(REPLACEMENT));
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_and_halves_of_pairs_are_replaced() {
        for (raw, text) in [
            (&br#"plain"#[..], "plain"),
            (br#"a\n\r\t\b\f\/\\\"z"#, "a\n\r\t\u{8}\u{c}/\\\"z"),
            (br#"\u00e9\u0000"#, "é\0"),
            (br#"\ud83d\ude00"#, "😀"),
            (br#"\ud83d"#, "\u{fffd}"),
            (br#"\ud83d\u0041"#, "\u{fffd}A"),
            (br#"\ude00\ud83d"#, "\u{fffd}\u{fffd}"),
            (b"\xff\\n\xc3", "\u{fffd}\n\u{fffd}"),
            (b"\xffplain", "\u{fffd}plain"),
        ] {
            assert_eq!(decode(raw), text, "{}", String::from_utf8_lossy(raw));
        }
    }
}
