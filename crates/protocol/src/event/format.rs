//! Filling parameters into a message template, as the SDK's logging library would have: printf style or braces.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use super::limits::MESSAGE;
use super::text::{json_lenient, lenient};
use crate::json::{Kind, Value};

/// Widest padding and finest precision that a template may ask for.
const MAX_WIDTH_CHARS: usize = 256;

/// Most conversions in a template, and most bytes of parameters: with more, it stays as it is.
const MAX_CONVERSIONS: usize = 256;
const MAX_PARAMS_BYTES: usize = 64 * 1024;

/// A filled-in text stops growing here: what is longer is cut anyway.
const MAX_FILLED_BYTES: usize = 8 * (MESSAGE.most + MESSAGE.grace);

/// The template with its parameters; none if it cannot be filled in: parameters missing, or a conversion that is none.
pub(crate) fn fill_in(template: &str, params: Value<'_, '_>) -> Option<String> {
    let conversions = template.bytes().filter(|byte| matches!(byte, b'%' | b'{')).count();
    if conversions > MAX_CONVERSIONS || params.raw().len() > MAX_PARAMS_BYTES {
        None
    } else if template.contains('%') {
        fill_printf(template, params)
    } else if template.contains('{') {
        fill_braces(template, params)
    } else {
        None
    }
}

/// One conversion of a printf template, after its `%`.
#[derive(Default)]
struct Conversion {
    name: Option<String>,
    left: bool,
    plus: bool,
    zeros: bool,
    width: usize,
    precision: Option<usize>,
    letter: char,
}

fn fill_printf(template: &str, params: Value<'_, '_>) -> Option<String> {
    let mut filled = String::with_capacity(template.len() + 64);
    let mut positional = params.elements();
    let mut letters = template.chars().peekable();
    while let Some(letter) = letters.next() {
        if filled.len() > MAX_FILLED_BYTES {
            break;
        }
        if letter != '%' {
            filled.push(letter);
            continue;
        }
        if letters.next_if_eq(&'%').is_some() {
            filled.push('%');
            continue;
        }
        let conversion = Conversion::read(&mut letters)?;
        let value = match &conversion.name {
            Some(name) => params.get(name)?,
            None => positional.next()?,
        };
        conversion.write(&mut filled, value)?;
    }
    Some(filled)
}

impl Conversion {
    fn read(letters: &mut Peekable<Chars<'_>>) -> Option<Self> {
        let mut conversion = Conversion::default();
        if letters.next_if_eq(&'(').is_some() {
            let mut name = String::new();
            loop {
                match letters.next()? {
                    ')' => break,
                    letter => name.push(letter),
                }
            }
            conversion.name = Some(name);
        }
        while let Some(flag) = letters.next_if(|letter| matches!(letter, '-' | '+' | ' ' | '0' | '#')) {
            conversion.left |= flag == '-';
            conversion.plus |= flag == '+';
            conversion.zeros |= flag == '0';
        }
        conversion.width = number(letters)?.unwrap_or(0);
        if letters.next_if_eq(&'.').is_some() {
            conversion.precision = Some(number(letters)?.unwrap_or(0));
        }
        while letters.next_if(|letter| matches!(letter, 'l' | 'h' | 'L' | 'z' | 'j')).is_some() {}
        conversion.letter = letters.next()?;
        Some(conversion)
    }

    /// Appends the converted value, padded.
    fn write(&self, out: &mut String, value: Value<'_, '_>) -> Option<()> {
        let text = self.convert(value)?;
        let missing = self.width.saturating_sub(text.chars().count());
        let is_number = !matches!(self.letter, 's' | 'r' | 'a' | 'c');
        if self.left {
            out.push_str(&text);
            out.extend(std::iter::repeat_n(' ', missing));
        } else if self.zeros && is_number {
            let digits = text.trim_start_matches(['-', '+']);
            out.push_str(&text[..text.len() - digits.len()]);
            out.extend(std::iter::repeat_n('0', missing));
            out.push_str(digits);
        } else {
            out.extend(std::iter::repeat_n(' ', missing));
            out.push_str(&text);
        }
        Some(())
    }

    fn convert(&self, value: Value<'_, '_>) -> Option<String> {
        let signed = |text: String| if self.plus && !text.starts_with('-') { format!("+{text}") } else { text };
        match self.letter {
            's' | 'r' | 'a' | 'c' | 'v' | 'p' | '@' => {
                let text = plain(value);
                Some(match self.precision {
                    Some(most) => text.chars().take(most).collect(),
                    None => text,
                })
            }
            'd' | 'i' | 'u' => lenient(value).map(|text| signed(text.into_owned())),
            'x' | 'X' | 'o' | 'b' => {
                let number = value.integer()?;
                let sign = if number < 0 { "-" } else { "" };
                let size = number.unsigned_abs();
                Some(match self.letter {
                    'x' => format!("{sign}{size:x}"),
                    'X' => format!("{sign}{size:X}"),
                    'o' => format!("{sign}{size:o}"),
                    _ => format!("{sign}{size:b}"),
                })
            }
            'f' | 'F' => {
                let number: f64 = value.number()?.parse().ok()?;
                Some(signed(format!("{number:.*}", self.precision.unwrap_or(6))))
            }
            'e' | 'E' | 'g' | 'G' => Some(signed(value.number()?.to_owned())),
            _ => None,
        }
    }
}

/// Digits as a number, if there are any; none at all if it is too large.
#[expect(clippy::option_option, reason = "no digits and too large a number are different answers")]
fn number(letters: &mut Peekable<Chars<'_>>) -> Option<Option<usize>> {
    let mut found = None;
    while let Some(digit) = letters.next_if(char::is_ascii_digit) {
        let number = found.unwrap_or(0) * 10 + digit.to_digit(10)? as usize;
        if number > MAX_WIDTH_CHARS {
            return None;
        }
        found = Some(number);
    }
    Some(found)
}

/// `{}` takes the next parameter, `{0}` that one, `{name}` the member; what follows `:` or `!` is passed over.
fn fill_braces(template: &str, params: Value<'_, '_>) -> Option<String> {
    let mut filled = String::with_capacity(template.len() + 64);
    let mut next = 0;
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        if filled.len() > MAX_FILLED_BYTES {
            return Some(filled);
        }
        filled.push_str(&rest[..at]);
        let (brace, after) = rest[at..].split_at(1);
        if let Some(after) = after.strip_prefix(brace) {
            filled.push_str(brace);
            rest = after;
            continue;
        }
        let (field, after) = after.split_once('}').filter(|_| brace == "{")?;
        let name = &field[..field.find([':', '!']).unwrap_or(field.len())];
        let value = match (name.trim(), params.kind()) {
            ("", Kind::Array) => {
                next += 1;
                params.elements().nth(next - 1)
            }
            (index, Kind::Array) => params.elements().nth(index.parse().ok()?),
            (name, _) => params.get(name),
        };
        // Writing to a string cannot fail.
        let _ = write!(filled, "{}", plain(value?));
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

/// A parameter as text: Python's spelling for what has no other.
fn plain(value: Value<'_, '_>) -> String {
    match value.kind() {
        Kind::Null => "None".to_owned(),
        Kind::True | Kind::False => lenient(value).unwrap_or_default().into_owned(),
        _ => json_lenient(value).unwrap_or_default().into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Tape;

    fn filled(template: &str, params: &str) -> Option<String> {
        let mut tape = Tape::new();
        fill_in(template, tape.parse(params.as_bytes()).unwrap().root())
    }

    #[test]
    fn printf_templates_are_filled_in_by_position_and_by_name() {
        for (template, params, text) in [
            ("deploy %s failed", r#"["1.4.2"]"#, "deploy 1.4.2 failed"),
            ("%s %s %s", r#"[1, true, null]"#, "1 True None"),
            ("%d of %i", "[3.9, 4]", "3 of 4"),
            ("%(who)s has %(n)d", r#"{"who": "ada", "n": 2}"#, "ada has 2"),
            ("100%% of %s", r#"["x"]"#, "100% of x"),
            ("%5d|%-5s|%05d|%+d", r#"[42, "ab", -42, 7]"#, "   42|ab   |-0042|+7"),
            ("%.2f %f", "[3.14159, 1]", "3.14 1.000000"),
            ("%x %X %o", "[255, 255, 8]", "ff FF 10"),
            ("%.3s %r", r#"["abcdef", {"a": [1]}]"#, "abc {\"a\": [1]}"),
            ("%ld %s", r#"[1, "extra params do not matter", 3]"#, "1 extra params do not matter"),
        ] {
            assert_eq!(filled(template, params).as_deref(), Some(text), "{template}");
        }
    }

    #[test]
    fn brace_templates_are_filled_in_by_order_index_and_name() {
        for (template, params, text) in [
            ("a {} b {}", "[1, 2]", "a 1 b 2"),
            ("{1} {0} {1}", r#"["a", "b"]"#, "b a b"),
            ("{who} has {n:>5} {{literally}}", r#"{"who": "ada", "n": 2}"#, "ada has 2 {literally}"),
        ] {
            assert_eq!(filled(template, params).as_deref(), Some(text), "{template}");
        }
    }

    #[test]
    fn what_cannot_be_filled_in_is_not() {
        for (template, params) in [
            ("%s %s", "[1]"),
            ("%(x)s", "[1]"),
            ("%(x", "{}"),
            ("%", "[1]"),
            ("%q", "[1]"),
            ("%999999999999d", "[1]"),
            ("%x", r#"["text"]"#),
            ("{0} {1}", "[1]"),
            ("{", "[1]"),
            ("} {}", "[1]"),
            ("{x}", "[1]"),
            ("plain", "[1]"),
        ] {
            assert_eq!(filled(template, params), None, "{template}");
        }
    }
}
