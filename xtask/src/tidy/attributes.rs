//! A lint is switched off by `#[expect(…, reason = "…")]` alone: it says why, and it complains when it is no longer needed.
//!
//! Clippy has lints for both; this rule also sees code behind conditions that are not compiled here.

use super::Finding;
use crate::{rust::matching_close, workspace::Workspace};

/// Attributes with `allow`, and with `expect` but no reason.
pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, file) in &workspace.rust {
        let tokens = &file.tokens;
        let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
        let mut at = 0;
        while at < tokens.len() {
            let open = if text(at + 1) == "!" { at + 2 } else { at + 1 };
            if text(at) != "#" || text(open) != "[" {
                at += 1;
                continue;
            }
            let close = matching_close(tokens, open);
            for word in (open..close).filter(|word| text(word + 1) == "(") {
                let has_reason = || (word..matching_close(tokens, word + 1)).any(|inside| text(inside) == "reason");
                let message = match text(word) {
                    "allow" => "use #[expect(…, reason = \"…\")] instead of #[allow]",
                    "expect" if !has_reason() => "say why: #[expect(…, reason = \"…\")]",
                    _ => continue,
                };
                findings.push(Finding::at(path, tokens[word].line, message.to_owned()));
            }
            at = close + 1;
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Option<usize>> {
        check(&Workspace::of(&[("a.rs", text)])).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn an_allow_is_found_wherever_it_hides() {
        let text = "#[allow(dead_code)]\nfn a() {}\n#![allow(x)]\n#[cfg_attr(test, allow(y))]\nfn b() {}";
        assert_eq!(lines(text), [Some(1), Some(3), Some(4)]);
    }

    #[test]
    fn an_expect_needs_its_reason() {
        assert_eq!(lines("#[expect(dead_code)]\nfn a() {}"), [Some(1)]);
        assert!(lines("#[expect(dead_code, reason = \"made up\")]\nfn a() {}").is_empty());
    }

    #[test]
    fn functions_of_that_name_comments_and_texts_are_no_attributes() {
        assert!(lines("// #[allow(x)]\nfn a() { allow(1); b.expect(\"#[allow(x)]\"); }").is_empty());
    }
}
