//! Strings as JSON that every strict parser reads: UTF-8 as it stands, and escapes only where JSON demands them.

use std::fmt::{self, Write as _};

/// For each byte: 0 where JSON takes it as it is, `u` where only `\u00XX` will do, else the letter after the backslash.
static ESCAPES: [u8; 256] = escapes();

/// Appends a string with its quotes.
pub fn push_json_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    push_escaped(out, text);
    out.push(b'"');
}

/// Appends `key`, which is JSON text, and a string with its quotes.
pub(super) fn push_member(out: &mut Vec<u8>, key: &str, text: &str) {
    out.extend_from_slice(key.as_bytes());
    push_json_string(out, text);
}

/// Appends a string without its quotes: runs that need no escape are copied whole.
pub(super) fn push_escaped(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    while let Some(index) = rest.iter().position(|&byte| ESCAPES[usize::from(byte)] != 0) {
        let (run, from_special) = rest.split_at(index);
        out.extend_from_slice(run);
        let special = from_special[0];
        match ESCAPES[usize::from(special)] {
            b'u' => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[DIGITS[usize::from(special >> 4)], DIGITS[usize::from(special & 15)]]);
            }
            letter => out.extend_from_slice(&[b'\\', letter]),
        }
        rest = &from_special[1..];
    }
    out.extend_from_slice(rest);
}

/// Appends what needs no escape by its nature: ids and numbers.
pub(super) fn push_display(out: &mut Vec<u8>, value: impl fmt::Display) {
    struct Sink<'o>(&'o mut Vec<u8>);

    impl fmt::Write for Sink<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }

    // Neither the sink nor an id's `Display` can fail.
    let _infallible = write!(Sink(out), "{value}");
}

const fn escapes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut control = 0;
    while control < 0x20 {
        table[control] = b'u';
        control += 1;
    }
    table[0x08] = b'b';
    table[0x09] = b't';
    table[0x0a] = b'n';
    table[0x0c] = b'f';
    table[0x0d] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        push_json_string(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_what_json_demands_is_escaped() {
        for (text, expected) in [
            ("", r#""""#),
            ("plain", r#""plain""#),
            ("say \"hi\"", r#""say \"hi\"""#),
            (r"C:\temp", r#""C:\\temp""#),
            ("a\tb\nc\rd\u{8}e\u{c}f", r#""a\tb\nc\rd\be\ff""#),
            ("\0\u{1}\u{1f}", r#""\u0000\u0001\u001f""#),
            ("a/b", r#""a/b""#),
            ("\u{7f}é漢😀\u{2028}", "\"\u{7f}é漢😀\u{2028}\""),
        ] {
            assert_eq!(written(text), expected);
        }
    }

    #[test]
    fn serde_json_writes_the_same_for_every_ascii_character() {
        for code in 0..128_u8 {
            let text = format!("x{}y", char::from(code));
            assert_eq!(written(&text), serde_json::to_string(&text).unwrap());
        }
    }

    proptest! {
        #[test]
        fn every_string_survives(text in any::<String>()) {
            prop_assert_eq!(serde_json::from_str::<String>(&written(&text)).unwrap(), text);
        }
    }
}
