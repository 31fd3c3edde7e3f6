//! Every module says its job in its first lines: what it is responsible for, what it refuses, who calls it.
//!
//! Only that the lines are there can be checked by a program; whether they are true is for the reviewer.

use super::Finding;
use crate::workspace::Workspace;

/// Rust files that do not begin with `//!` and a text.
pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    let says_its_job = |text: &str| {
        text.lines().next().and_then(|line| line.strip_prefix("//!")).is_some_and(|job| !job.trim().is_empty())
    };
    workspace
        .rust
        .iter()
        .filter(|(_, file)| !says_its_job(&file.text))
        .map(|(path, _)| {
            Finding::at(
                path,
                1,
                "begin with `//!` and what the module is responsible for, refuses, and who calls it".to_owned(),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_that_says_its_job_passes() {
        assert!(check(&Workspace::of(&[("a.rs", "//! Signs bodies.\nfn a() {}")])).is_empty());
    }

    #[test]
    fn a_module_that_is_silent_or_says_nothing_is_found() {
        for text in ["", "fn a() {}", "//!\nfn a() {}", "// Signs bodies.\n", "\n//! Late.\n"] {
            assert_eq!(check(&Workspace::of(&[("a.rs", text)])).len(), 1, "{text:?}");
        }
    }
}
