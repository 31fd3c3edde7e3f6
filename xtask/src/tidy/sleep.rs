//! Tests step time, none sleeps to wait: a sleep is too short on a busy machine and too long on an idle one.
//!
//! Where real time is the subject (a process that is killed, a socket that stays silent), the line, or the one before it,
//! says so in a comment: `// sleep allowed: why`.

use super::{Finding, test_code::TestCode};
use crate::workspace::Workspace;

/// The comment that lets one sleep through; the reason follows it.
const PERMISSION: &str = "// sleep allowed: ";

/// Calls of something named `sleep` in test code.
pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    let tests = TestCode::of(workspace);
    let mut findings = Vec::new();
    for (path, file) in &workspace.rust {
        let gives_reason =
            |text: &str| text.split_once(PERMISSION).is_some_and(|(_, reason)| !reason.trim().is_empty());
        let permissions: Vec<usize> =
            file.comments.iter().filter(|comment| gives_reason(&comment.text)).map(|comment| comment.line).collect();
        let is_permitted =
            |line: usize| permissions.iter().any(|permission| *permission == line || permission + 1 == line);
        for pair in file.tokens.windows(2).filter(|pair| pair[0].text.starts_with("sleep") && pair[1].text == "(") {
            let line = pair[0].line;
            if tests.is_line(path, line) && !is_permitted(line) {
                let message = format!("a test sleeps: step the clock, wait for an event, or say `{PERMISSION}why`");
                findings.push(Finding::at(path, line, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<Option<usize>> {
        check(&Workspace::of(&[(path, text)])).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_sleep_in_a_test_is_found() {
        assert_eq!(
            lines("src/a.rs", "fn a() { sleep(1) }\n#[cfg(test)]\nmod t {\n fn b() { thread::sleep(1) }\n}"),
            [Some(4)]
        );
        assert_eq!(lines("tests/a.rs", "fn a() { tokio::time::sleep_until(1) }"), [Some(1)]);
    }

    #[test]
    fn a_sleep_with_a_reason_passes_and_one_with_an_empty_reason_does_not() {
        assert!(lines("tests/a.rs", "// sleep allowed: the process is killed at a random moment\nsleep(1)").is_empty());
        assert!(lines("tests/a.rs", "sleep(1) // sleep allowed: silence is what is tested").is_empty());
        assert_eq!(lines("tests/a.rs", "// sleep allowed: \nsleep(1)"), [Some(2)]);
    }

    #[test]
    fn one_permission_does_not_reach_far() {
        assert_eq!(lines("tests/a.rs", "// sleep allowed: why\nsleep(1);\nsleep(2);"), [Some(3)]);
    }
}
