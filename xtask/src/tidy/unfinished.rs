//! Nothing unfinished is kept: no `todo!`, `unimplemented!` or `dbg!`, in tests neither, and no comment that promises work.

use super::Finding;
use crate::workspace::Workspace;

/// Macros that stand for work that was not done.
const MACROS: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// Marks in comments that promise work. Work is promised in the tracker.
const MARKS: [&str; 3] = ["TODO", "FIXME", "XXX"];

/// Unfinished code, and comments that promise to finish it.
pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, file) in &workspace.rust {
        for pair in file.tokens.windows(2) {
            if MACROS.contains(&pair[0].text.as_str()) && pair[1].text == "!" {
                findings.push(Finding::at(path, pair[0].line, format!("`{}!` is not kept", pair[0].text)));
            }
        }
        for comment in &file.comments {
            let words = comment.text.trim_start_matches(['/', '!', '*', ' ']);
            if let Some(mark) = MARKS.iter().find(|mark| words.starts_with(**mark)) {
                let message = format!("a comment that begins with `{mark}`: do it, or open an issue");
                findings.push(Finding::at(path, comment.line, message));
            }
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
    fn unfinished_macros_are_found() {
        assert_eq!(lines("fn a() { todo!() }\nfn b() { std::unimplemented!(); dbg!(1) }"), [Some(1), Some(2), Some(2)]);
    }

    #[test]
    fn comments_that_promise_are_found() {
        assert_eq!(lines("// TODO: later\nlet a = 1; // FIXME\n/// XXX"), [Some(1), Some(2), Some(3)]);
    }

    #[test]
    fn names_and_texts_that_look_alike_pass() {
        assert!(lines("fn todo() { f(\"todo!()\") } // says todo! once").is_empty());
    }
}
