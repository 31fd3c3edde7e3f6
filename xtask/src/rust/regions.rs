//! Finds the items that exist only in tests: what stands behind `#[cfg(test)]`.
//!
//! A condition that merely mentions `test` counts (`all(test, unix)`), one with `not` does not.
//! `RustFile::read` marks the lines with it.

use super::tokens::{Token, matching_close};

/// Words that begin an item, as against a field, variant or statement.
const ITEM_WORDS: [&str; 15] = [
    "async",
    "const",
    "enum",
    "extern",
    "fn",
    "impl",
    "macro_rules",
    "mod",
    "pub",
    "static",
    "struct",
    "trait",
    "type",
    "unsafe",
    "use",
];

/// The first and last line of each test-only item, counted from 1.
pub(crate) fn test_regions(tokens: &[Token]) -> Vec<(usize, usize)> {
    let mut regions = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let Some(attribute) = Attribute::at(tokens, at) else {
            at += 1;
            continue;
        };
        if !attribute.is_cfg_test(tokens) {
            at = attribute.close + 1;
            continue;
        }
        let last = if attribute.is_inner { tokens.len() - 1 } else { item_end(tokens, attribute.close + 1) };
        regions.push((tokens[at].line, tokens[last].line));
        at = last + 1;
    }
    regions
}

/// An attribute: the indices of its brackets and whether it is an inner one (`#![…]`).
struct Attribute {
    open: usize,
    close: usize,
    is_inner: bool,
}

impl Attribute {
    fn at(tokens: &[Token], at: usize) -> Option<Attribute> {
        if tokens[at].text != "#" {
            return None;
        }
        let is_inner = tokens.get(at + 1)?.text == "!";
        let open = at + 1 + usize::from(is_inner);
        (tokens.get(open)?.text == "[").then(|| Attribute { open, close: matching_close(tokens, open), is_inner })
    }

    fn is_cfg_test(&self, tokens: &[Token]) -> bool {
        let words: Vec<&str> = tokens[self.open + 1..self.close].iter().map(|token| token.text.as_str()).collect();
        words.first() == Some(&"cfg") && words.contains(&"test") && !words.contains(&"not")
    }
}

/// The index of the last token of the item (or field, or statement) that begins at `start`, further attributes included.
fn item_end(tokens: &[Token], start: usize) -> usize {
    let mut at = start;
    while at < tokens.len()
        && let Some(attribute) = Attribute::at(tokens, at)
    {
        at = attribute.close + 1;
    }
    let is_item = tokens.get(at).is_some_and(|token| ITEM_WORDS.contains(&token.text.as_str()));
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            "{" => return matching_close(tokens, at),
            "(" | "[" => at = matching_close(tokens, at),
            ";" => return at,
            "," if !is_item => return at,
            "}" => return at.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    tokens.len() - 1
}

#[cfg(test)]
mod tests {
    use super::super::lexer::classify;
    use super::super::tokens::tokenize;
    use super::*;

    fn regions_of(text: &str) -> Vec<(usize, usize)> {
        test_regions(&tokenize(text, &classify(text)))
    }

    #[test]
    fn a_test_module_is_found_with_its_braces() {
        assert_eq!(
            regions_of("fn a() {}\n#[cfg(test)]\n#[path = \"x\"]\nmod tests {\n  fn b() {}\n}\nfn c() {}"),
            [(2, 6)]
        );
    }

    #[test]
    fn a_function_with_commas_and_brackets_before_its_body_is_whole() {
        assert_eq!(regions_of("#[cfg(all(test, unix))]\npub fn a<A, B>(x: [u8; 3]) -> A {\n}\nfn b() {}"), [(1, 3)]);
    }

    #[test]
    fn a_field_ends_at_its_comma() {
        assert_eq!(regions_of("struct A {\n  #[cfg(test)]\n  a: u8,\n  b: u8,\n}"), [(2, 3)]);
    }

    #[test]
    fn an_inner_attribute_marks_the_whole_file() {
        assert_eq!(regions_of("#![cfg(test)]\nfn a() {}\nfn b() {}"), [(1, 3)]);
    }

    #[test]
    fn other_conditions_are_not_tests() {
        assert!(regions_of("#[cfg(not(test))]\nfn a() {}\n#[cfg(unix)]\nfn b() {}\n#[test]\nfn c() {}").is_empty());
    }
}
