//! Identifiers made of hex digits, and plain numbers with and without a unit.

use super::scan::{Cursor, is_word};

const HEX_LEAST: usize = 8;
const HEX_MOST: usize = 128;
const GIT_SHA_DIGITS: usize = 7;
const NUMBER_MOST_DIGITS: usize = 400;

/// Groups of a traceparent and of a UUID.
const TRACEPARENT_GROUPS: [usize; 4] = [2, 32, 16, 2];
const UUID_GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

const DURATION_UNITS: [&str; 7] = ["ns", "us", "µs", "ms", "s", "min", "h"];

/// A traceparent, a UUID, a hash, or other hex.
pub(super) fn identifier(here: Cursor<'_>) -> Option<(&'static str, usize)> {
    if !here.peek()?.is_ascii_hexdigit() {
        return None;
    }
    if let Some(end) = grouped(here, &TRACEPARENT_GROUPS) {
        return Some(("<traceparent>", end));
    }
    if let Some(end) = grouped(here, &UUID_GROUPS) {
        return Some(("<uuid>", end));
    }
    let ahead = here.ahead(HEX_MOST + 1);
    if let [b'0', b'x' | b'X', digits @ ..] = ahead {
        let count = hex_run(digits);
        let mut end = here;
        end.advance(2 + count);
        return if count > 0 { Some(("<hex>", end.boundary()?)) } else { None };
    }
    let digits = &ahead[..hex_run(ahead)];
    let mut end = here;
    end.advance(digits.len());
    let end = end.boundary()?;
    let has = |test: fn(&u8) -> bool| digits.iter().any(test);
    let (digit, lower, upper) = (has(u8::is_ascii_digit), has(u8::is_ascii_lowercase), has(u8::is_ascii_uppercase));
    // Digits alone are a number; letters alone may be a word; and nobody writes a hash in two cases.
    if !digit || lower == upper {
        return None;
    }
    match digits.len() {
        40 => Some(("<sha1>", end)),
        32 => Some(("<md5>", end)),
        HEX_LEAST..=HEX_MOST => Some(("<hex>", end)),
        GIT_SHA_DIGITS if lower => Some(("<git_sha>", end)),
        _ => None,
    }
}

/// A duration, a float or an integer; signed where the sign joins no words.
pub(super) fn quantity(mut here: Cursor<'_>) -> Option<(&'static str, usize)> {
    let before = here.before();
    let joins = |byte: u8| is_word(byte) || matches!(byte, b')' | b']' | b'.' | b'+' | b'-');
    if !before.is_some_and(joins) {
        here.take(b"+-");
    }
    here.digits(1, NUMBER_MOST_DIGITS)?;
    let whole = here;
    let is_float = here.take(b".").is_some() && here.digits(1, NUMBER_MOST_DIGITS).is_some();
    if !is_float {
        here = whole;
    }
    if let Some(end) = unit(here) {
        return Some(("<duration>", end));
    }
    if is_float {
        let mut exponent = here;
        if exponent.take(b"eE").is_some() {
            exponent.take(b"+-");
            if exponent.digits(1, 4).is_some() {
                here = exponent;
            }
        }
        // `1.2.3` is a version: three numbers, not a float and a number.
        let goes_on = matches!(here.ahead(2), [b'.', digit] if digit.is_ascii_digit());
        if let Some(end) = here.boundary().filter(|_| !goes_on && before != Some(b'.')) {
            return Some(("<float>", end));
        }
    }
    Some(("<int>", whole.boundary()?))
}

/// Where the unit of time ends that stands here.
fn unit(here: Cursor<'_>) -> Option<usize> {
    let end = here.after_word();
    let word = here.until(end.min(here.at() + here.ahead(4).len()));
    DURATION_UNITS.iter().any(|unit| unit.as_bytes() == word).then_some(end)
}

/// Where groups of exactly so many hex digits end, with dashes between them.
fn grouped(mut here: Cursor<'_>, groups: &[usize]) -> Option<usize> {
    for (index, &count) in groups.iter().enumerate() {
        if index > 0 {
            here.take(b"-")?;
        }
        let group = here.ahead(count);
        if group.len() < count || !group.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        here.advance(count);
    }
    here.boundary()
}

fn hex_run(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_hexdigit()).count()
}
