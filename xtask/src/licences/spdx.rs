//! Reads licence expressions as Cargo manifests write them, and says whether a list of licences satisfies one.
//!
//! `OR`, `AND`, `WITH`, parentheses, and the old `/` for `OR`. Knows no licence by itself.
//! Source: SPDX specification 2.3, annex D; the slash: the Cargo book, "The `license` field".

use std::{fmt, iter::Peekable, vec::IntoIter};

/// Why an expression could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    /// A licence, exception or parenthesis should stand where something else or nothing does.
    Expected(&'static str),
    /// The expression goes on after its end.
    TrailingWords,
}

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Malformed::Expected(what) => write!(formatter, "{what} is missing"),
            Malformed::TrailingWords => formatter.write_str("words after its end"),
        }
    }
}

/// Whether the licences in `allowed` satisfy an expression. A licence with an exception is one entry, `A WITH B`; plain `A` does
/// too, since an exception only adds permissions.
///
/// # Errors
/// The text is no expression.
pub(super) fn is_satisfied(expression: &str, allowed: &[&str]) -> Result<bool, Malformed> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<String> = spaced.split_whitespace().map(str::to_owned).collect();
    let mut reader = Reader { words: words.into_iter().peekable(), allowed };
    let satisfied = reader.any()?;
    if reader.words.next().is_some() { Err(Malformed::TrailingWords) } else { Ok(satisfied) }
}

struct Reader<'a> {
    words: Peekable<IntoIter<String>>,
    allowed: &'a [&'a str],
}

impl Reader<'_> {
    fn any(&mut self) -> Result<bool, Malformed> {
        let mut satisfied = self.all()?;
        while self.next_is("OR") {
            satisfied |= self.all()?;
        }
        Ok(satisfied)
    }

    fn all(&mut self) -> Result<bool, Malformed> {
        let mut satisfied = self.one()?;
        while self.next_is("AND") {
            satisfied &= self.one()?;
        }
        Ok(satisfied)
    }

    fn one(&mut self) -> Result<bool, Malformed> {
        if self.next_is("(") {
            let satisfied = self.any()?;
            return if self.next_is(")") { Ok(satisfied) } else { Err(Malformed::Expected("`)`")) };
        }
        let licence = self.name("a licence")?;
        if !self.next_is("WITH") {
            return Ok(self.allowed.contains(&licence.as_str()));
        }
        let with_exception = format!("{licence} WITH {}", self.name("an exception")?);
        Ok(self.allowed.contains(&licence.as_str()) || self.allowed.contains(&with_exception.as_str()))
    }

    fn next_is(&mut self, word: &str) -> bool {
        self.words.next_if(|next| next == word).is_some()
    }

    fn name(&mut self, what: &'static str) -> Result<String, Malformed> {
        let is_mark = |word: &String| ["OR", "AND", "WITH", "(", ")"].contains(&word.as_str());
        self.words.next_if(|word| !is_mark(word)).ok_or(Malformed::Expected(what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: &[&str] = &["MIT", "Apache-2.0", "ISC"];

    #[test]
    fn and_binds_tighter_than_or() {
        assert_eq!(is_satisfied("MIT OR GPL-3.0-only AND ISC", ALLOWED), Ok(true));
        assert_eq!(is_satisfied("(MIT OR GPL-3.0-only) AND GPL-2.0-only", ALLOWED), Ok(false));
        assert_eq!(is_satisfied("GPL-3.0-only AND MIT OR ISC", ALLOWED), Ok(true));
    }

    #[test]
    fn every_licence_of_an_and_is_needed_and_one_of_an_or() {
        assert_eq!(is_satisfied("MIT AND BSD-3-Clause", ALLOWED), Ok(false));
        assert_eq!(is_satisfied("GPL-3.0-only/MIT", ALLOWED), Ok(true));
        assert_eq!(is_satisfied("GPL-3.0-only", ALLOWED), Ok(false));
    }

    #[test]
    fn an_exception_only_adds() {
        assert_eq!(is_satisfied("Apache-2.0 WITH LLVM-exception", ALLOWED), Ok(true));
        assert_eq!(is_satisfied("GPL-2.0-only WITH Classpath-exception-2.0", ALLOWED), Ok(false));
        assert_eq!(is_satisfied("GPL-2.0-only WITH X", &["GPL-2.0-only WITH X"]), Ok(true));
    }

    #[test]
    fn what_is_no_expression_is_an_error() {
        for expression in ["", "OR", "MIT OR", "(MIT", "MIT)", "MIT ISC", "MIT WITH"] {
            assert!(is_satisfied(expression, ALLOWED).is_err(), "{expression:?}");
        }
    }
}
