//! A Rust file of the workspace's crates that no target reaches is dead: nothing compiles it, so nothing checks it.

use std::collections::BTreeSet;

use super::{Finding, module_tree::ModuleTree};
use crate::workspace::Workspace;

/// Rust files beside a manifest of ours that no `mod` declaration leads to.
pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut reached = BTreeSet::new();
    for root in workspace.packages.iter().flat_map(|package| &package.roots) {
        reached.extend(ModuleTree::of(workspace, root).modules().map(|(_, module)| module.file.clone()));
    }
    let folders: Vec<&str> =
        workspace.packages.iter().map(|package| package.manifest.trim_end_matches("Cargo.toml")).collect();
    workspace
        .rust
        .keys()
        .filter(|path| folders.iter().any(|folder| path.starts_with(folder)) && !reached.contains(*path))
        .map(|path| Finding::whole(path, "no target reaches this file: declare it with `mod` or delete it".to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Package;

    #[test]
    fn a_file_that_nothing_declares_is_found() {
        let mut workspace = Workspace::of(&[
            ("a/src/lib.rs", "mod b;"),
            ("a/src/b.rs", ""),
            ("a/src/left_over.rs", ""),
            ("elsewhere/c.rs", ""),
        ]);
        workspace.packages.push(Package {
            name: "a".to_owned(),
            manifest: "a/Cargo.toml".to_owned(),
            roots: vec!["a/src/lib.rs".to_owned()],
            dependencies: Vec::new(),
        });
        let paths: Vec<_> = check(&workspace).into_iter().map(|finding| finding.path).collect();
        assert_eq!(paths, ["a/src/left_over.rs"]);
    }
}
