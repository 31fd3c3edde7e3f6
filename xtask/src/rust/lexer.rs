//! Tells code from comments and literals, byte for byte.
//!
//! Knows nested block comments, raw strings, byte and C strings, character literals and lifetimes; knows no grammar.
//! `tokens` reads its classes.

/// What a byte of the source belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Code, white space included.
    Code,
    /// A line or block comment, its marks included.
    Comment,
    /// A string, byte string, C string or character, its quotes and prefix included.
    Literal,
}

/// The class of each byte of `text`.
pub(crate) fn classify(text: &str) -> Vec<Class> {
    let bytes = text.as_bytes();
    let mut classes = vec![Class::Code; bytes.len()];
    let mut at = 0;
    while at < bytes.len() {
        let (class, end) = match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => (Class::Comment, line_comment_end(bytes, at)),
            b'/' if bytes.get(at + 1) == Some(&b'*') => (Class::Comment, block_comment_end(bytes, at)),
            b'"' => (Class::Literal, quoted_end(bytes, at, b'"')),
            b'\'' => match character_end(text, at) {
                Some(end) => (Class::Literal, end),
                None => (Class::Code, at + 1),
            },
            byte if is_word(byte) => match prefixed_literal_end(bytes, at) {
                Some(end) => (Class::Literal, end),
                None => (Class::Code, word_end(bytes, at)),
            },
            _ => (Class::Code, at + 1),
        };
        classes[at..end].fill(class);
        at = end;
    }
    classes
}

/// Whether a byte can be part of an identifier or number. Non-ASCII letters count.
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// The end of the identifier or number that begins at `at`.
pub(crate) fn word_end(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take_while(|byte| is_word(**byte)).count()
}

fn line_comment_end(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take_while(|byte| **byte != b'\n').count()
}

fn block_comment_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// The end of a literal with escapes whose opening quote is at `at`.
fn quoted_end(bytes: &[u8], at: usize, quote: u8) -> usize {
    let mut end = at + 1;
    while end < bytes.len() {
        match bytes[end] {
            b'\\' => end += 2,
            byte if byte == quote => return end + 1,
            _ => end += 1,
        }
    }
    bytes.len()
}

/// The end of the character literal at `at`, or nothing where the quote begins a lifetime.
fn character_end(text: &str, at: usize) -> Option<usize> {
    let mut rest = text[at + 1..].chars();
    let first = rest.next()?;
    if first == '\\' {
        return Some(quoted_end(text.as_bytes(), at, b'\''));
    }
    (rest.next() == Some('\'')).then(|| at + 1 + first.len_utf8() + 1)
}

/// The end of a literal with a prefix (`b`, `c`, `r`, `br`, `cr`), or nothing where a plain word begins.
fn prefixed_literal_end(bytes: &[u8], at: usize) -> Option<usize> {
    let word = &bytes[at..word_end(bytes, at)];
    let quote = at + word.len();
    match word {
        b"b" | b"c" if bytes.get(quote) == Some(&b'"') => Some(quoted_end(bytes, quote, b'"')),
        b"b" if bytes.get(quote) == Some(&b'\'') => Some(quoted_end(bytes, quote, b'\'')),
        b"r" | b"br" | b"cr" => raw_end(bytes, quote),
        _ => None,
    }
}

fn raw_end(bytes: &[u8], at: usize) -> Option<usize> {
    let hashes = bytes[at..].iter().take_while(|byte| **byte == b'#').count();
    if bytes.get(at + hashes) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(1 + hashes, b'#');
    let body = at + hashes + 1;
    let length = bytes[body..].windows(close.len()).position(|window| window == close.as_slice());
    Some(length.map_or(bytes.len(), |length| body + length + close.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(text: &str) -> String {
        let classes = classify(text);
        text.bytes().zip(classes).filter(|(_, class)| *class == Class::Code).map(|(byte, _)| byte as char).collect()
    }

    #[test]
    fn comments_end_where_rust_ends_them() {
        assert_eq!(code_of("a // b\nc /* d /* e */ f */ g"), "a \nc  g");
    }

    #[test]
    fn literals_of_every_kind_are_literals() {
        assert_eq!(
            code_of(r##"a("x\"y", b"x", c"x", r"\", r#"" // "#, br#"""#, b'"', '"', '\'', 'ä')"##),
            "a(, , , , , , , , , )"
        );
    }

    #[test]
    fn lifetimes_labels_and_raw_identifiers_are_code() {
        assert_eq!(code_of("fn f<'a>(r#type: &'a str) { 'b: loop {} }"), "fn f<'a>(r#type: &'a str) { 'b: loop {} }");
    }

    #[test]
    fn what_is_never_closed_runs_to_the_end() {
        for open in ["/* a", "\"a", "r#\"a\"", "'\\"] {
            assert_eq!(code_of(open), "", "{open}");
        }
    }
}
