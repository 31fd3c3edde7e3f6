//! It fits on a screen: files of at most 400 lines of code, lines of at most 140 characters.
//!
//! A line of code is one that is neither blank nor only comment. The tests at the end of a file (`#[cfg(test)]`) are counted
//! apart, with the same limit, and so are files that are tests as a whole. Functions and arguments are clippy's business.

use super::Finding;
use crate::{
    rust::{Line, LineKind},
    workspace::Workspace,
};

/// Lines of code in one file, and of tests in one file.
const MAX_CODE_LINES: usize = 400;

/// Characters in one line of code or script.
const MAX_LINE_CHARACTERS: usize = 140;
/// Somebody else's, as they publish it: nobody reads it here.
const MINIFIED: &str = ".min.js";

/// What counts as code or script for the length of a line. Prose may have long table rows.
const CODE_ENDINGS: [&str; 10] = [".rs", ".sql", ".py", ".js", ".mjs", ".go", ".sh", ".toml", ".html", ".css"];

/// Files and lines that are too long.
pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, file) in &workspace.rust {
        let count = |wanted: fn(&Line) -> bool| {
            file.lines.iter().filter(|line| line.kind == LineKind::Code && wanted(line)).count()
        };
        for (what, lines) in [("code", count(|line| !line.in_test)), ("tests", count(|line| line.in_test))] {
            if lines > MAX_CODE_LINES {
                let message = format!("{lines} lines of {what}, {MAX_CODE_LINES} are allowed: split it into rooms");
                findings.push(Finding::whole(path, message));
            }
        }
    }
    let is_code = |path: &str| CODE_ENDINGS.iter().any(|ending| path.ends_with(ending)) && !path.ends_with(MINIFIED);
    for (path, text) in workspace.files.iter().filter(|(path, _)| is_code(path)) {
        for (index, line) in text.lines().enumerate() {
            let length = line.chars().count();
            if length > MAX_LINE_CHARACTERS {
                let message = format!("{length} characters in a line, {MAX_LINE_CHARACTERS} are allowed");
                findings.push(Finding::at(path, index + 1, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(&Workspace::of(&[(path, text)])).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn comments_and_blank_lines_are_free() {
        let text = "fn a() {}\n".repeat(400) + &"// why\n\n".repeat(400);
        assert!(findings("a.rs", &text).is_empty());
    }

    #[test]
    fn code_and_tests_each_have_the_limit() {
        let code = "fn a() {}\n".repeat(401);
        assert!(findings("a.rs", &code)[0].starts_with("401 lines of code"));
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "fn a() {}\n".repeat(398));
        assert!(findings("a.rs", &tests)[0].starts_with("401 lines of tests"));
        let half = "fn a() {}\n".repeat(300);
        assert!(findings("a.rs", &format!("{half}#[cfg(test)]\nmod tests {{\n{half}}}\n")).is_empty());
    }

    #[test]
    fn a_long_line_is_found_in_code_and_not_in_prose() {
        let line = "ä".repeat(141);
        assert_eq!(findings("a.sql", &line).len(), 1);
        assert!(findings("a.sql", &line[2..]).is_empty());
        assert!(findings("a.md", &line).is_empty());
    }
}
