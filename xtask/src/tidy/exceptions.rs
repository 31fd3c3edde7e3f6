//! The only place where a file is let off a rule, each with its reason. A line that lets nothing off is itself a finding.

use super::Finding;

/// A file that may break a rule.
pub(crate) struct Exception {
    /// The rule's name.
    pub(crate) rule: &'static str,
    /// The file's path from the root; what ends in `/` is a folder with all below it.
    pub(crate) path: &'static str,
    /// Why it is right here.
    pub(crate) reason: &'static str,
}

/// All exceptions.
pub(crate) const EXCEPTIONS: &[Exception] = &[
    Exception {
        rule: "machine-paths",
        path: "xtask/src/tidy/machine_paths.rs",
        reason: "the rule itself names the folders it looks for",
    },
    Exception {
        rule: "reach",
        path: "crates/protocol/examples/normalise_speed.rs",
        reason: "a stopwatch around the crate, not a part of it",
    },
    Exception {
        rule: "reach",
        path: "tests/support/ledger.rs",
        reason: "a crash test reads the file that the killed server left, without the code under test",
    },
];

/// Takes away the findings that are excepted and adds one for each exception that is no longer needed.
pub(crate) fn apply(reports: Vec<(&'static str, Finding)>, exceptions: &[Exception]) -> Vec<(&'static str, Finding)> {
    let lets_off = |exception: &Exception, rule: &str, path: &str| {
        exception.rule == rule
            && (exception.path == path || exception.path.ends_with('/') && path.starts_with(exception.path))
    };
    let mut left: Vec<_> = exceptions
        .iter()
        .filter(|exception| !reports.iter().any(|(rule, finding)| lets_off(exception, rule, &finding.path)))
        .map(|exception| {
            let message =
                format!("no longer breaks the rule `{}` ({}): delete the exception", exception.rule, exception.reason);
            ("exceptions", Finding::whole(exception.path, message))
        })
        .collect();
    left.extend(
        reports
            .into_iter()
            .filter(|(rule, finding)| !exceptions.iter().any(|exception| lets_off(exception, rule, &finding.path))),
    );
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(path: &str) -> (&'static str, Finding) {
        ("size", Finding::whole(path, String::new()))
    }

    fn exception(path: &'static str) -> Exception {
        Exception { rule: "size", path, reason: "made up" }
    }

    #[test]
    fn an_exception_lets_off_its_file_or_folder_and_nothing_else() {
        let left = apply(vec![report("a.rs"), report("b/c.rs"), report("d.rs")], &[exception("a.rs"), exception("b/")]);
        assert_eq!(left, [report("d.rs")]);
    }

    #[test]
    fn an_exception_of_another_rule_does_not_count() {
        let other = Exception { rule: "sleep", path: "a.rs", reason: "made up" };
        assert!(apply(vec![report("a.rs")], &[other]).contains(&report("a.rs")));
    }

    #[test]
    fn an_exception_that_lets_nothing_off_is_a_finding() {
        let left = apply(Vec::new(), &[exception("a.rs")]);
        assert_eq!(left[0].0, "exceptions");
    }
}
