//! Decisions are numbered without a gap, `docs/decisions/NNNN-title.md`, and short enough to be read.

use super::Finding;
use crate::workspace::Workspace;

/// Where they are.
const FOLDER: &str = "docs/decisions/";

/// Lines of one decision.
const MAX_LINES: usize = 60;

/// Digits of a number.
const DIGITS: usize = 4;

/// Files with a wrong name, numbers that are missing or used twice, texts without a title or too long.
pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut expected = 1;
    for (path, text) in workspace.files.iter().filter(|(path, _)| path.starts_with(FOLDER)) {
        let Some(number) = number_of(&path[FOLDER.len()..]) else {
            findings.push(Finding::whole(path, "the name of a decision is `NNNN-title-in-words.md`".to_owned()));
            continue;
        };
        if number != expected {
            findings.push(Finding::whole(path, format!("number {expected:04} is next: no gaps, no number twice")));
        }
        expected = number + 1;
        if !text.starts_with(&format!("# {number:04}. ")) {
            findings.push(Finding::at(path, 1, format!("begin with `# {number:04}. ` and the decision in one line")));
        }
        let count = text.lines().count();
        if count > MAX_LINES {
            findings.push(Finding::whole(path, format!("{count} lines, {MAX_LINES} are allowed")));
        }
    }
    findings
}

fn number_of(name: &str) -> Option<usize> {
    let (number, title) = name.strip_suffix(".md")?.split_once('-')?;
    let is_title = !title.is_empty()
        && title.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let is_number = number.len() == DIGITS && number.bytes().all(|byte| byte.is_ascii_digit());
    if is_title && is_number { number.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<_> = files.iter().map(|(name, text)| (format!("{FOLDER}{name}"), *text)).collect();
        let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
        check(&Workspace::of(&files)).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn numbers_without_a_gap_pass() {
        assert!(messages(&[("0001-a-b.md", "# 0001. A\n"), ("0002-c.md", "# 0002. C\n")]).is_empty());
    }

    #[test]
    fn gaps_doubles_and_a_wrong_start_are_found() {
        assert_eq!(messages(&[("0001-a.md", "# 0001. A"), ("0003-b.md", "# 0003. B")]).len(), 1);
        assert_eq!(messages(&[("0001-a.md", "# 0001. A"), ("0001-b.md", "# 0001. B")]).len(), 1);
        assert_eq!(messages(&[("0002-a.md", "# 0002. A")]).len(), 1);
    }

    #[test]
    fn wrong_names_titles_and_lengths_are_found() {
        for name in ["1-a.md", "0001.md", "0001-A.md", "0001-a.txt", "00001-a.md"] {
            assert_eq!(messages(&[(name, "# 0001. A")]).len(), 1, "{name}");
        }
        assert_eq!(messages(&[("0001-a.md", "# A")]).len(), 1);
        assert_eq!(messages(&[("0001-a.md", &format!("# 0001. A{}", "\nx".repeat(60)))]).len(), 1);
    }
}
