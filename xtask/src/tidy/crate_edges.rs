//! Which crate may use which: the list, compared with the manifests.
//!
//! Nothing points back. `testkit` is for the tests of the crates named below. Foreign crates are `licences`' business.

use super::Finding;
use crate::workspace::{DependencyKind, Package, Workspace};

/// One crate of ours and those of ours that it may use.
struct Edges {
    package: &'static str,
    may_use: &'static [&'static str],
}

const WEBHOOK: &str = "watchfire-webhook";
const PROTOCOL: &str = "watchfire-protocol";
const MODEL: &str = "watchfire-model";
const STORE: &str = "watchfire-store";
const PIPELINE: &str = "watchfire-pipeline";
const WEB: &str = "watchfire-web";
const WATCHFIRE: &str = "watchfire";
const TESTKIT: &str = "watchfire-testkit";
const BENCH: &str = "watchfire-bench";
const XTASK: &str = "xtask";
const EXAMPLE: &str = "watchfire-receiver";

/// The allowed edges, lowest first.
const EDGES: [Edges; 11] = [
    Edges { package: WEBHOOK, may_use: &[] },
    Edges { package: PROTOCOL, may_use: &[] },
    Edges { package: MODEL, may_use: &[WEBHOOK, PROTOCOL] },
    Edges { package: STORE, may_use: &[WEBHOOK, PROTOCOL, MODEL] },
    Edges { package: PIPELINE, may_use: &[WEBHOOK, PROTOCOL, MODEL, STORE] },
    Edges { package: WEB, may_use: &[WEBHOOK, PROTOCOL, MODEL, STORE, PIPELINE] },
    Edges { package: WATCHFIRE, may_use: &[WEBHOOK, PROTOCOL, MODEL, STORE, PIPELINE, WEB] },
    Edges { package: TESTKIT, may_use: &[WEBHOOK, MODEL] },
    Edges { package: BENCH, may_use: &[WEBHOOK, PROTOCOL, MODEL, STORE, PIPELINE, WEB, WATCHFIRE, TESTKIT] },
    Edges { package: XTASK, may_use: &[] },
    // As a stranger would: by what is published for receivers.
    Edges { package: EXAMPLE, may_use: &[WEBHOOK] },
];

/// Crates whose tests may use `testkit`.
const TESTKIT_USERS: [&str; 5] = [STORE, PIPELINE, WEB, WATCHFIRE, BENCH];

/// Every edge that is not on the list, and every crate that is not.
pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    let is_ours = |name: &str| workspace.packages.iter().any(|package| package.name == name);
    let mut findings = Vec::new();
    for package in &workspace.packages {
        let Some(edges) = EDGES.iter().find(|edges| edges.package == package.name) else {
            let message =
                format!("`{}` is not in the list of allowed edges (xtask/src/tidy/crate_edges.rs)", package.name);
            findings.push(Finding::whole(&package.manifest, message));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| is_ours(&dependency.name)) {
            if !is_allowed(package, edges, &dependency.name, dependency.kind) {
                let message = format!("`{}` may not use `{}`: arrows point one way", package.name, dependency.name);
                findings.push(Finding::whole(&package.manifest, message));
            }
        }
    }
    findings
}

fn is_allowed(package: &Package, edges: &Edges, used: &str, kind: DependencyKind) -> bool {
    let for_tests =
        kind == DependencyKind::Development && used == TESTKIT && TESTKIT_USERS.contains(&package.name.as_str());
    for_tests || edges.may_use.contains(&used)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn check_edge(user: &str, used: &str, kind: DependencyKind) -> usize {
        let package = |name: &str, dependencies| Package {
            name: name.to_owned(),
            manifest: format!("{name}/Cargo.toml"),
            roots: Vec::new(),
            dependencies,
        };
        let dependency = Dependency { name: used.to_owned(), kind };
        let workspace = Workspace {
            packages: vec![package(user, vec![dependency]), package(used, Vec::new())],
            ..Workspace::default()
        };
        check(&workspace).len()
    }

    #[test]
    fn what_is_above_may_use_what_is_below_and_not_the_other_way() {
        assert_eq!(check_edge(WEB, WEBHOOK, DependencyKind::Normal), 0);
        assert_eq!(check_edge(WEBHOOK, WEB, DependencyKind::Normal), 1);
        assert_eq!(check_edge(STORE, PIPELINE, DependencyKind::Development), 1);
        assert_eq!(check_edge(XTASK, WEBHOOK, DependencyKind::Normal), 1);
    }

    #[test]
    fn testkit_is_for_tests_and_bench_alone() {
        assert_eq!(check_edge(STORE, TESTKIT, DependencyKind::Development), 0);
        assert_eq!(check_edge(STORE, TESTKIT, DependencyKind::Normal), 1);
        assert_eq!(check_edge(MODEL, TESTKIT, DependencyKind::Development), 1);
        assert_eq!(check_edge(BENCH, TESTKIT, DependencyKind::Normal), 0);
    }

    #[test]
    fn a_crate_that_nobody_listed_is_a_finding() {
        assert_eq!(check_edge("watchfire-new", "serde_json", DependencyKind::Normal), 2);
    }
}
