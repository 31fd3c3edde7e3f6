//! The habits of the house that no compiler checks, one small rule each.
//!
//! A rule is a pure function of a snapshot, so its tests need a few made-up lines and nothing else. Exceptions are in one list,
//! `exceptions`, each with its reason. `cargo xtask tidy` and `check` run all rules and print every finding.

mod architecture;
mod attributes;
mod bounded;
mod crate_edges;
mod dead_files;
mod decisions;
mod error_kinds;
mod exceptions;
mod machine_paths;
mod manifests;
mod module_cycles;
mod module_docs;
mod module_tree;
mod reach;
mod size;
mod sleep;
mod test_code;
mod unfinished;

use crate::{failure::Failure, workspace::Workspace};

/// Something that a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The file, by its path from the root.
    path: String,
    /// The line, counted from 1, where one line is to blame.
    line: Option<usize>,
    /// What is wrong, and what to do.
    message: String,
}

/// A habit with its check.
struct Rule {
    name: &'static str,
    check: fn(&Workspace) -> Vec<Finding>,
}

/// All rules, in the order in which they are run.
const RULES: [Rule; 15] = [
    Rule { name: "crate-edges", check: crate_edges::check },
    Rule { name: "module-cycles", check: module_cycles::check },
    Rule { name: "reach", check: reach::check },
    Rule { name: "manifests", check: manifests::check },
    Rule { name: "module-docs", check: module_docs::check },
    Rule { name: "dead-files", check: dead_files::check },
    Rule { name: "size", check: size::check },
    Rule { name: "attributes", check: attributes::check },
    Rule { name: "unfinished", check: unfinished::check },
    Rule { name: "sleep", check: sleep::check },
    Rule { name: "bounded", check: bounded::check },
    Rule { name: "error-kinds", check: error_kinds::check },
    Rule { name: "architecture", check: architecture::check },
    Rule { name: "decisions", check: decisions::check },
    Rule { name: "machine-paths", check: machine_paths::check },
];

impl Finding {
    /// A finding in one line of a file.
    fn at(path: &str, line: usize, message: String) -> Finding {
        Finding { path: path.to_owned(), line: Some(line), message }
    }

    /// A finding about a whole file.
    fn whole(path: &str, message: String) -> Finding {
        Finding { path: path.to_owned(), line: None, message }
    }
}

/// Runs all rules and prints what they find.
///
/// # Errors
/// The snapshot could not be taken, or there are findings.
pub(crate) fn run() -> Result<(), Failure> {
    let workspace = Workspace::load()?;
    let mut reports = Vec::new();
    for rule in &RULES {
        reports.extend((rule.check)(&workspace).into_iter().map(|finding| (rule.name, finding)));
    }
    let reports = exceptions::apply(reports, exceptions::EXCEPTIONS);
    for (rule, finding) in &reports {
        let line = finding.line.map_or(String::new(), |line| format!(":{line}"));
        println!("{}{line}: {rule}: {}", finding.path, finding.message);
    }
    if reports.is_empty() { Ok(()) } else { Err(Failure::Findings { count: reports.len() }) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_rule_has_its_own_name() {
        let names: BTreeSet<_> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), RULES.len());
    }
}
