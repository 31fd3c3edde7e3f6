//! Cuts the code of a file into words, `::`, single marks and whole literals, each with its line.
//!
//! Refuses to know grammar. `regions`, `paths` and the rules read the tokens.

use super::lexer::{Class, is_word, word_end};

/// One piece of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// The token's text. A literal keeps its quotes and prefix.
    pub(crate) text: String,
    /// The line it begins on, counted from 1.
    pub(crate) line: usize,
}

impl Token {
    /// Whether the token is a word that can name something.
    pub(crate) fn is_name(&self) -> bool {
        self.text.bytes().next().is_some_and(|byte| is_word(byte) && !byte.is_ascii_digit()) && !self.is_literal()
    }

    /// Whether the token is a string or character literal.
    pub(crate) fn is_literal(&self) -> bool {
        self.text.len() > 1 && self.text.ends_with(['"', '\'', '#']) && self.text.contains(['"', '\''])
    }
}

/// The index of the token that closes the bracket at `open`; the last token where nothing closes it.
pub(crate) fn matching_close(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return index;
                }
            }
            _ => {}
        }
    }
    tokens.len().saturating_sub(1)
}

/// The tokens of `text`, whose bytes have the given classes.
pub(crate) fn tokenize(text: &str, classes: &[Class]) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    let mut line = 1;
    while at < bytes.len() {
        let end = token_end(bytes, classes, at);
        if classes[at] != Class::Comment && !bytes[at].is_ascii_whitespace() {
            let word = &text[at..end];
            let name = if classes[at] == Class::Code { word.trim_start_matches("r#") } else { word };
            tokens.push(Token { text: name.to_owned(), line });
        }
        line += text[at..end].matches('\n').count();
        at = end;
    }
    tokens
}

/// The end of the token, comment or white space at `at`.
fn token_end(bytes: &[u8], classes: &[Class], at: usize) -> usize {
    match classes[at] {
        Class::Comment | Class::Literal => class_end(classes, at),
        Class::Code if bytes[at..].starts_with(b"r#") => word_end(bytes, at + 2),
        Class::Code if is_word(bytes[at]) => word_end(bytes, at),
        Class::Code if bytes[at..].starts_with(b"::") => at + 2,
        Class::Code => at + 1,
    }
}

/// The comments of `text`, marks included, each with the line it begins on. Comments that touch are one.
pub(crate) fn comments(text: &str, classes: &[Class]) -> Vec<Token> {
    let mut comments = Vec::new();
    let mut at = 0;
    let mut line = 1;
    while at < classes.len() {
        let end = class_end(classes, at);
        if classes[at] == Class::Comment {
            comments.push(Token { text: text[at..end].to_owned(), line });
        }
        line += text[at..end].matches('\n').count();
        at = end;
    }
    comments
}

/// The end of the run of equal classes at `at`. Two literals never touch without a mark between them.
fn class_end(classes: &[Class], at: usize) -> usize {
    at + classes[at..].iter().take_while(|class| **class == classes[at]).count()
}

#[cfg(test)]
mod tests {
    use super::super::lexer::classify;
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        tokenize(text, &classify(text)).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn words_marks_and_literals_come_apart() {
        assert_eq!(
            texts("use a::{b as c}; // d\nlet r#type = \"x y\";"),
            ["use", "a", "::", "{", "b", "as", "c", "}", ";", "let", "type", "=", "\"x y\"", ";"]
        );
    }

    #[test]
    fn lines_are_counted_through_comments_and_long_literals() {
        let text = "/* 1\n 2 */ a\n\"3\n4\" b";
        let tokens = tokenize(text, &classify(text));
        let lines: Vec<_> = tokens.iter().map(|token| (token.text.as_str(), token.line)).collect();
        assert_eq!(lines, [("a", 2), ("\"3\n4\"", 3), ("b", 4)]);
    }

    #[test]
    fn comments_are_read_with_their_lines() {
        let text = "a // b\n\"// c\" /* d\n */ e\n/// f";
        let comments = comments(text, &classify(text));
        let lines: Vec<_> = comments.iter().map(|comment| (comment.text.as_str(), comment.line)).collect();
        assert_eq!(lines, [("// b", 1), ("/* d\n */", 2), ("/// f", 4)]);
    }

    #[test]
    fn a_bracket_is_closed_by_its_own_partner() {
        let text = "f(a[b{c}]) d";
        let tokens = tokenize(text, &classify(text));
        assert_eq!(matching_close(&tokens, 1), 9);
    }
}
