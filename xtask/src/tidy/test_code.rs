//! Which code is test code: files below a `tests` folder, files that are modules only for tests, items behind `#[cfg(test)]`.
//!
//! Rules that hold tests to other habits than the product ask here.

use std::collections::BTreeSet;

use super::module_tree::ModuleTree;
use crate::workspace::Workspace;

/// The test code of a workspace.
pub(crate) struct TestCode<'a> {
    workspace: &'a Workspace,
    files: BTreeSet<String>,
}

impl<'a> TestCode<'a> {
    /// Finds the files that are tests as a whole; the lines of the others are known already.
    pub(crate) fn of(workspace: &'a Workspace) -> TestCode<'a> {
        let mut files: BTreeSet<String> = workspace
            .rust
            .keys()
            .filter(|path| path.split('/').any(|part| part == "tests" || part == "tests.rs"))
            .cloned()
            .collect();
        for root in workspace.packages.iter().flat_map(|package| &package.roots) {
            let tree = ModuleTree::of(workspace, root);
            let whole_files = tree.modules().filter(|(_, module)| module.is_test && module.within.is_empty());
            files.extend(whole_files.map(|(_, module)| module.file.clone()));
        }
        TestCode { workspace, files }
    }

    /// Whether the whole file is test code.
    pub(crate) fn is_file(&self, path: &str) -> bool {
        self.files.contains(path)
    }

    /// Whether a line, counted from 1, is test code.
    pub(crate) fn is_line(&self, path: &str, line: usize) -> bool {
        self.is_file(path) || self.workspace.rust.get(path).is_some_and(|file| file.is_test_line(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Package;

    #[test]
    fn test_code_is_known_by_folder_by_declaration_and_by_item() {
        let mut workspace = Workspace::of(&[
            ("tests/sdk.rs", "fn a() {}"),
            ("src/lib.rs", "#[cfg(test)]\nmod checks;\nfn a() {}"),
            ("src/checks.rs", "fn a() {}"),
        ]);
        workspace.packages.push(Package {
            name: "a".to_owned(),
            manifest: "Cargo.toml".to_owned(),
            roots: vec!["src/lib.rs".to_owned()],
            dependencies: Vec::new(),
        });
        let tests = TestCode::of(&workspace);
        assert!(tests.is_file("tests/sdk.rs") && tests.is_file("src/checks.rs") && tests.is_line("src/lib.rs", 1));
        assert!(!tests.is_file("src/lib.rs") && !tests.is_line("src/lib.rs", 3));
    }
}
