//! The modules of one target (a library, binary, test or example): which file each is in, and what a path in it means.
//!
//! Follows `mod` declarations and re-exports the way the compiler does, without macros and without features.
//! `module_cycles` asks what uses what, `test_code` which files are tests, `dead_files` what is reached at all.

use std::collections::BTreeMap;

use crate::{rust::NamedPath, workspace::Workspace};

/// How many re-exports of re-exports are followed before a path is given up.
const MAX_REEXPORTS: usize = 8;

/// The modules of one target, by their path from its root; the root is the empty path.
pub(crate) struct ModuleTree<'a> {
    workspace: &'a Workspace,
    modules: BTreeMap<Vec<String>, Module>,
}

/// One module that has a file of its own or is written inline.
pub(crate) struct Module {
    /// The file that holds its text.
    pub(crate) file: String,
    /// For an inline module, the modules around it in the file and itself; empty for a module that is the whole file.
    pub(crate) within: Vec<String>,
    /// It exists only in tests.
    pub(crate) is_test: bool,
}

/// A file to be read: where it stands in the tree and where its children's files are looked for.
struct Entry {
    names: Vec<String>,
    file: String,
    children_folder: String,
    is_test: bool,
}

impl<'a> ModuleTree<'a> {
    /// Reads the tree that begins in the file `root`.
    pub(crate) fn of(workspace: &'a Workspace, root: &str) -> ModuleTree<'a> {
        let mut tree = ModuleTree { workspace, modules: BTreeMap::new() };
        let mut waiting = vec![Entry {
            names: Vec::new(),
            file: root.to_owned(),
            children_folder: folder_of(root).to_owned(),
            is_test: false,
        }];
        while let Some(entry) = waiting.pop() {
            if !tree.modules.contains_key(&entry.names) {
                waiting.extend(tree.add(entry));
            }
        }
        tree
    }

    /// Every module with its path from the root.
    pub(crate) fn modules(&self) -> impl Iterator<Item = (&Vec<String>, &Module)> {
        self.modules.iter()
    }

    /// The module that a path used in `module` leads to, re-exports followed; nothing for a path that leaves the crate.
    ///
    /// A path ends at the last module on its way: what it names inside that module is not looked at.
    pub(crate) fn resolve(&self, module: &[String], names: &[String]) -> Option<Vec<String>> {
        self.follow(module, names, MAX_REEXPORTS)
    }

    /// Adds the module of one file with its inline modules; returns the files that it declares.
    fn add(&mut self, entry: Entry) -> Vec<Entry> {
        let Some(file) = self.workspace.rust.get(&entry.file) else { return Vec::new() };
        let is_test_line = |line: usize| entry.is_test || file.is_test_line(line);
        for path in file.paths.iter().filter(|path| !path.within.is_empty()) {
            for depth in 1..=path.within.len() {
                let within = path.within[..depth].to_vec();
                let is_test = is_test_line(path.line);
                let module = Module { file: entry.file.clone(), within: within.clone(), is_test };
                self.modules.entry([entry.names.clone(), within].concat()).or_insert(module);
            }
        }
        let mut declared = Vec::new();
        for declaration in &file.modules {
            let inline = declaration.within.iter().map(|name| format!("/{name}")).collect::<String>();
            let folder = format!("{}{inline}", entry.children_folder);
            let names = [entry.names.as_slice(), &declaration.within, std::slice::from_ref(&declaration.name)].concat();
            let is_test = is_test_line(declaration.line);
            let name = &declaration.name;
            if let Some(path) = &declaration.path_attribute {
                let base = if inline.is_empty() { folder_of(&entry.file) } else { folder.as_str() };
                let file = join(base, path);
                declared.push(Entry { names, children_folder: folder_of(&file).to_owned(), file, is_test });
                continue;
            }
            let flat = join(&folder, &format!("{name}.rs"));
            let nested = join(&folder, &format!("{name}/mod.rs"));
            let file = if self.workspace.rust.contains_key(&flat) { flat } else { nested };
            declared.push(Entry { names, file, children_folder: join(&folder, name), is_test });
        }
        let module = Module { file: entry.file, within: Vec::new(), is_test: entry.is_test };
        self.modules.insert(entry.names, module);
        declared
    }

    fn follow(&self, module: &[String], names: &[String], left: usize) -> Option<Vec<String>> {
        let (first, rest) = names.split_first()?;
        let mut at = match first.as_str() {
            "crate" => Vec::new(),
            "self" => module.to_vec(),
            "super" => module.split_last()?.1.to_vec(),
            name => self.step(module, name, left)?,
        };
        for name in rest {
            at = match name.as_str() {
                "super" => at.split_last()?.1.to_vec(),
                // What is no module here is an item of the module, or comes from another crate through it.
                name => match self.step(&at, name, left) {
                    Some(next) => next,
                    None => return Some(at),
                },
            };
        }
        Some(at)
    }

    /// The module that a name means inside a module: a child, or what an import of that name leads to.
    fn step(&self, at: &[String], name: &str, left: usize) -> Option<Vec<String>> {
        let child = [at, &[name.to_owned()]].concat();
        if self.modules.contains_key(&child) {
            return Some(child);
        }
        let import = self.import(at, name)?;
        self.follow(at, import, left.checked_sub(1)?)
    }

    /// What an imported name stands for in a module; an import of the name from itself stands for nothing.
    fn import(&self, at: &[String], name: &str) -> Option<&'a [String]> {
        let module = self.modules.get(at)?;
        let path = self.workspace.rust.get(&module.file)?.imports.get(&module.within)?.get(name)?;
        (path.first().map(String::as_str) != Some(name)).then_some(path.as_slice())
    }
}

impl Module {
    /// The paths that the module's own text names: those of an inline module inside it are not its own.
    pub(crate) fn paths<'a>(&self, workspace: &'a Workspace) -> impl Iterator<Item = &'a NamedPath> {
        let paths = workspace.rust.get(&self.file).map_or(&[][..], |file| &file.paths);
        paths.iter().filter(|path| path.within == self.within)
    }
}

fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Joins a folder and a relative path, `..` resolved.
fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." | "" => {}
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str) -> Vec<String> {
        path.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    fn files_of(workspace: &Workspace, root: &str) -> Vec<String> {
        ModuleTree::of(workspace, root)
            .modules()
            .map(|(names, module)| format!("{} {}", names.join("::"), module.file))
            .collect()
    }

    #[test]
    fn declarations_lead_to_files_as_the_compiler_reads_them() {
        let workspace = Workspace::of(&[
            ("c/src/lib.rs", "mod a; mod b; #[path = \"../odd/x.rs\"] mod c;"),
            ("c/src/a.rs", "mod d;"),
            ("c/src/a/d.rs", ""),
            ("c/src/b/mod.rs", "mod e;"),
            ("c/src/b/e.rs", ""),
            ("c/odd/x.rs", "mod f;"),
            ("c/odd/f.rs", ""),
            ("c/src/unreached.rs", ""),
        ]);
        assert_eq!(
            files_of(&workspace, "c/src/lib.rs"),
            [
                " c/src/lib.rs",
                "a c/src/a.rs",
                "a::d c/src/a/d.rs",
                "b c/src/b/mod.rs",
                "b::e c/src/b/e.rs",
                "c c/odd/x.rs",
                "c::f c/odd/f.rs",
            ]
        );
    }

    #[test]
    fn paths_are_followed_through_super_and_re_exports() {
        let workspace = Workspace::of(&[
            ("src/lib.rs", "mod a; mod b; pub use b::{c, Thing}; pub use b::Other as Renamed;"),
            ("src/a.rs", "use std::fs; use super::b as bee;"),
            ("src/b.rs", "pub mod c;"),
            ("src/b/c.rs", ""),
        ]);
        let tree = ModuleTree::of(&workspace, "src/lib.rs");
        let resolve =
            |module: &str, path: &str| tree.resolve(&names(module), &names(path)).map(|found| found.join("::"));
        assert_eq!(resolve("a", "crate::b::c::X").as_deref(), Some("b::c"));
        assert_eq!(resolve("a", "super::b::X").as_deref(), Some("b"));
        assert_eq!(resolve("a", "bee::c::X").as_deref(), Some("b::c"));
        assert_eq!(resolve("a", "crate::Thing::new").as_deref(), Some("b"));
        assert_eq!(resolve("a", "crate::c::X").as_deref(), Some("b::c"));
        assert_eq!(resolve("b::c", "super::super::Renamed").as_deref(), Some("b"));
        assert_eq!(resolve("a", "crate::defined_in_the_root").as_deref(), Some(""));
        assert_eq!(resolve("", "b::c::X").as_deref(), Some("b::c"));
        assert_eq!(resolve("a", "fs::read"), None);
        assert_eq!(resolve("a", "tokio::spawn"), None);
    }

    #[test]
    fn imports_that_lead_in_a_circle_end() {
        let workspace = Workspace::of(&[
            ("src/lib.rs", "mod a; mod b;"),
            ("src/a.rs", "pub use crate::b::X;"),
            ("src/b.rs", "pub use crate::a::X;"),
        ]);
        assert!(ModuleTree::of(&workspace, "src/lib.rs").resolve(&[], &names("a::X")).is_some());
    }

    #[test]
    fn a_module_declared_for_tests_is_a_test_with_all_below_it() {
        let workspace = Workspace::of(&[
            ("src/lib.rs", "#[cfg(test)]\nmod checks;\nmod a;"),
            ("src/checks.rs", "mod deep;"),
            ("src/checks/deep.rs", ""),
            ("src/a.rs", ""),
        ]);
        let tree = ModuleTree::of(&workspace, "src/lib.rs");
        let tests: Vec<_> =
            tree.modules().filter(|(_, module)| module.is_test).map(|(names, _)| names.join("::")).collect();
        assert_eq!(tests, ["checks", "checks::deep"]);
    }
}
