//! Errors keep their kind to the boundary: no variant of an error that holds nothing but a text.
//!
//! Where a kind is only a `String`, no caller can tell one fault from another and no status follows from it. The cause goes
//! into `source`, the facts into named fields.

use super::{Finding, test_code::TestCode};
use crate::{
    rust::{Token, matching_close},
    workspace::Workspace,
};

/// Variants `Name(String)` in enums that derive `Error`.
pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    let tests = TestCode::of(workspace);
    let mut findings = Vec::new();
    for (path, file) in &workspace.rust {
        for variant in text_variants(&file.tokens).into_iter().filter(|variant| !tests.is_line(path, variant.line)) {
            let message = format!("`{}(String)` hides what went wrong: give it fields and a source", variant.text);
            findings.push(Finding::at(path, variant.line, message));
        }
    }
    findings
}

/// The names of the offending variants.
fn text_variants(tokens: &[Token]) -> Vec<&Token> {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut found = Vec::new();
    let mut derives_error = false;
    let mut at = 0;
    while at < tokens.len() {
        match text(at) {
            "derive" if text(at + 1) == "(" => {
                let close = matching_close(tokens, at + 1);
                derives_error |= (at..close).any(|inside| text(inside) == "Error");
                at = close;
            }
            "enum" if derives_error => {
                let open = (at..tokens.len()).find(|open| text(*open) == "{").unwrap_or(tokens.len());
                let close = matching_close(tokens, open);
                found.extend((open..close).filter(|name| is_text_variant(tokens, *name)).map(|name| &tokens[name]));
                derives_error = false;
                at = close;
            }
            "struct" | "fn" | "mod" | "enum" => derives_error = false,
            _ => {}
        }
        at += 1;
    }
    found
}

fn is_text_variant(tokens: &[Token], at: usize) -> bool {
    let is_text = |word: &str| word == "String" || word == "str";
    tokens[at].is_name()
        && tokens.get(at + 1).is_some_and(|open| open.text == "(")
        && tokens.get(matching_close(tokens, at + 1).wrapping_sub(1)).is_some_and(|last| is_text(&last.text))
        && !tokens[at + 2..matching_close(tokens, at + 1)].iter().any(|inside| inside.text == "," || inside.text == "]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Option<usize>> {
        check(&Workspace::of(&[("src/a.rs", text)])).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_variant_that_is_only_a_text_is_found() {
        let text = "#[derive(Debug, thiserror::Error)]\npub enum Bad {\n  #[error(\"a {0}\")]\n  A(String),\n  B(&'static str),\n}";
        assert_eq!(lines(text), [Some(4), Some(5)]);
    }

    #[test]
    fn variants_with_fields_and_sources_pass() {
        let text = "#[derive(Debug, Error)]\nenum Bad {\n #[error(\"a(String)\")]\n \
                    A { name: String },\n B(#[from] io::Error),\n C(u8, String),\n}";
        assert!(lines(text).is_empty());
    }

    #[test]
    fn other_enums_may_hold_texts() {
        assert!(lines("#[derive(Debug, Error)]\nstruct E;\n#[derive(Debug)]\nenum Value { Text(String) }").is_empty());
    }
}
