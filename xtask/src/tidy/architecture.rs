//! One page tells the path of an event, and what it tells is so: every path named in ARCHITECTURE.md exists.
//!
//! A path is a span in backticks without spaces that begins with a file or folder of ours, or ends like a source file. It is looked for
//! from the root, then below `crates/`; a bare file name may be anywhere. Fenced blocks are pictures and not read. Whether there
//! is a page is not this rule's business.

use super::Finding;
use crate::workspace::Workspace;

/// The page.
const PAGE: &str = "ARCHITECTURE.md";

/// Lines that fit on one page.
const MAX_LINES: usize = 300;

/// Endings that make a span a file's name.
const FILE_ENDINGS: [&str; 10] = [".rs", ".md", ".toml", ".sql", ".py", ".mjs", ".sh", ".html", ".tsv", ".lock"];

/// Paths that lead nowhere, and a page that is too long.
pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    let Some(page) = workspace.files.get(PAGE) else { return Vec::new() };
    let mut findings = Vec::new();
    let count = page.lines().count();
    if count > MAX_LINES {
        findings.push(Finding::whole(PAGE, format!("{count} lines, {MAX_LINES} are allowed")));
    }
    let mut in_fence = false;
    for (index, line) in page.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
        } else if !in_fence {
            let missing =
                line.split('`').skip(1).step_by(2).filter(|span| is_path(workspace, span) && !exists(workspace, span));
            findings.extend(missing.map(|span| Finding::at(PAGE, index + 1, format!("`{span}` does not exist"))));
        }
    }
    findings
}

/// The file or folder that a span means: what follows `::` or `#` names something inside it.
fn path_of(span: &str) -> &str {
    let end = span.find("::").or(span.find('#')).unwrap_or(span.len());
    &span[..end]
}

fn is_path(workspace: &Workspace, span: &str) -> bool {
    let path = path_of(span);
    let is_plain =
        !path.is_empty() && path.chars().all(|letter| letter.is_ascii_alphanumeric() || "/._-".contains(letter));
    if !is_plain || path.starts_with('/') {
        return false;
    }
    let is_below_ours = path
        .split_once('/')
        .is_some_and(|(first, _)| workspace.has_path(first) || workspace.has_path(&format!("crates/{first}")));
    is_below_ours || FILE_ENDINGS.iter().any(|ending| path.ends_with(ending))
}

fn exists(workspace: &Workspace, span: &str) -> bool {
    let path = path_of(span);
    let is_bare_name = !path.contains('/');
    workspace.has_path(path)
        || workspace.has_path(&format!("crates/{path}"))
        || is_bare_name && workspace.files.keys().any(|file| file.rsplit('/').next() == Some(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(page: &str) -> Vec<String> {
        let workspace = Workspace::of(&[
            (PAGE, page),
            ("crates/store/src/lib.rs", "//! x"),
            ("docs/decisions/0001-a.md", ""),
            ("README.md", ""),
        ]);
        check(&workspace).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn paths_that_exist_pass_in_each_spelling() {
        let page = "`crates/store/src/lib.rs`, `store/src/`, `lib.rs`, `crates/store/src/lib.rs::Store`, `docs/decisions/`, `README.md`";
        assert!(messages(page).is_empty());
    }

    #[test]
    fn paths_that_lead_nowhere_are_found() {
        let page = "`crates/store/src/gone.rs` and `store/src/sqlite/`\n`gone.rs` then `crates/gone/`";
        assert_eq!(messages(page).len(), 4);
    }

    #[test]
    fn what_is_no_path_passes() {
        assert!(
            messages(
                "`/api/0/`, `application/json`, `Store::record`, `cargo xtask check`, `{a,b}`\n```\ncrates/gone.rs\n```"
            )
            .is_empty()
        );
    }

    #[test]
    fn a_page_that_is_too_long_is_found() {
        assert_eq!(messages(&"\n".repeat(301)).len(), 1);
        assert!(messages(&"\n".repeat(300)).is_empty());
    }
}
