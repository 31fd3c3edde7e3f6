//! Reads Rust source as far as the habits need: what is code, what is comment, what is test, which paths are named.
//!
//! It is no compiler: macros are not expanded and types are not known. What it cannot see, no rule may claim to see.
//! The rules of `tidy` are its only callers.

mod lexer;
mod paths;
mod regions;
mod tokens;

use std::collections::BTreeMap;

pub(crate) use self::lexer::Class;
pub(crate) use self::paths::{ModuleDeclaration, NamedPath};
pub(crate) use self::tokens::{Token, matching_close};

/// One Rust file, read once and shared by all rules.
pub(crate) struct RustFile {
    /// The text as it is on disk.
    pub(crate) text: String,
    /// Tokens in order; comments are gone, a literal is one token that begins with its quote.
    pub(crate) tokens: Vec<Token>,
    /// Comments in order, marks included.
    pub(crate) comments: Vec<Token>,
    /// What each line holds; index 0 is line 1.
    pub(crate) lines: Vec<Line>,
    /// Every path that code names, `use` trees expanded and local aliases resolved.
    pub(crate) paths: Vec<NamedPath>,
    /// The `mod name;` declarations, with the attributes that decide where the file is.
    pub(crate) modules: Vec<ModuleDeclaration>,
    /// The names that `use` brings into each module of the file, with what they stand for.
    pub(crate) imports: BTreeMap<Vec<String>, BTreeMap<String, Vec<String>>>,
}

/// What one line of a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The weightiest thing on the line: code before comment before nothing.
    pub(crate) kind: LineKind,
    /// The line belongs to an item behind `#[cfg(test)]`.
    pub(crate) in_test: bool,
}

/// The weightiest thing on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineKind {
    /// Nothing but white space.
    Blank,
    /// A comment and nothing else.
    Comment,
    /// Code or a part of a literal.
    Code,
}

impl RustFile {
    /// Reads one file. Source that does not compile is read as far as it goes: the compiler reports it better.
    pub(crate) fn read(text: &str) -> RustFile {
        let classes = lexer::classify(text);
        let tokens = tokens::tokenize(text, &classes);
        let test_regions = regions::test_regions(&tokens);
        let lines = lines(text, &classes, &test_regions);
        let mut named = paths::named(&tokens);
        for path in &mut named.paths {
            path.in_test = lines.get(path.line - 1).is_some_and(|line| line.in_test);
        }
        RustFile {
            text: text.to_owned(),
            tokens,
            comments: tokens::comments(text, &classes),
            lines,
            paths: named.paths,
            modules: named.modules,
            imports: named.imports,
        }
    }

    /// Whether a line (counted from 1) belongs to an item behind `#[cfg(test)]`.
    pub(crate) fn is_test_line(&self, line: usize) -> bool {
        self.lines.get(line - 1).is_some_and(|line| line.in_test)
    }
}

fn lines(text: &str, classes: &[Class], test_regions: &[(usize, usize)]) -> Vec<Line> {
    let mut start = 0;
    let mut lines = Vec::new();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let mut kind = LineKind::Blank;
        for (offset, _) in line.bytes().enumerate().filter(|(_, byte)| !byte.is_ascii_whitespace()) {
            match classes[start + offset] {
                Class::Comment if kind == LineKind::Blank => kind = LineKind::Comment,
                Class::Comment => {}
                Class::Code | Class::Literal => kind = LineKind::Code,
            }
        }
        let number = index + 1;
        let in_test = test_regions.iter().any(|(first, last)| (*first..=*last).contains(&number));
        lines.push(Line { kind, in_test });
        start += line.len();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_code_comment_or_blank_and_knows_whether_it_is_a_test() {
        let file =
            RustFile::read("//! Job.\n\nfn a() {} // why\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n");
        let kinds: Vec<_> = file.lines.iter().map(|line| (line.kind, line.in_test)).collect();
        assert_eq!(
            kinds,
            [
                (LineKind::Comment, false),
                (LineKind::Blank, false),
                (LineKind::Code, false),
                (LineKind::Code, true),
                (LineKind::Code, true),
                (LineKind::Code, true),
                (LineKind::Code, true),
                (LineKind::Code, false),
            ]
        );
    }

    #[test]
    fn the_lines_of_a_long_string_are_code() {
        let file = RustFile::read("const SQL: &str = \"\n  select // no comment\n\";\n");
        assert!(file.lines.iter().all(|line| line.kind == LineKind::Code));
    }
}
