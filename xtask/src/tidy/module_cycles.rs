//! Arrows point one way inside a crate too: no two rooms that share a corridor use each other, directly or round about.
//!
//! Looked at is each set of siblings (all children of one module, the crate's top level included): sibling A uses sibling B
//! when code anywhere below A names a path that leads, through re-exports, to B or below it. A parent and its child
//! are one room: a `mod.rs` re-exports its children and they use its types, so those arrows are not counted. Tests are not
//! counted either. A `use super::*` would hide arrows and is refused outside tests. What macros expand to is not seen.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, module_tree::ModuleTree};
use crate::workspace::Workspace;

/// For one set of siblings: user → used → where it is used.
type Arrows = BTreeMap<String, BTreeMap<String, Place>>;

/// Where an arrow was seen first.
#[derive(Clone)]
struct Place {
    file: String,
    line: usize,
}

/// Every cycle among sibling modules, once.
pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for root in workspace.packages.iter().flat_map(|package| &package.roots) {
        findings.extend(check_target(workspace, root));
    }
    findings
}

fn check_target(workspace: &Workspace, root: &str) -> Vec<Finding> {
    let tree = ModuleTree::of(workspace, root);
    let mut findings = Vec::new();
    let mut families: BTreeMap<Vec<String>, Arrows> = BTreeMap::new();
    for (names, module) in tree.modules().filter(|(_, module)| !module.is_test) {
        for path in module.paths(workspace).filter(|path| !path.in_test) {
            if path.is_glob && path.names.iter().all(|name| name == "super" || name == "crate") {
                let message = "a glob import of a parent hides which modules are used: name them".to_owned();
                findings.push(Finding::at(&module.file, path.line, message));
            }
            let Some(target) = tree.resolve(names, &path.names) else { continue };
            let shared = names.iter().zip(&target).take_while(|(left, right)| left == right).count();
            if let (Some(user), Some(used)) = (names.get(shared), target.get(shared)) {
                let place = Place { file: module.file.clone(), line: path.line };
                let arrows = families.entry(names[..shared].to_vec()).or_default();
                arrows.entry(user.clone()).or_default().entry(used.clone()).or_insert(place);
            }
        }
    }
    for arrows in families.values() {
        findings.extend(cycles(arrows).iter().filter_map(|cycle| describe(cycle, arrows)));
    }
    findings
}

/// One shortest cycle for each group of modules that reach each other.
fn cycles(arrows: &Arrows) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for start in arrows.keys() {
        if seen.contains(start) {
            continue;
        }
        if let Some(cycle) = shortest_way_back(arrows, start) {
            seen.extend(cycle.iter().cloned());
            found.push(cycle);
        }
    }
    found
}

/// The modules on the shortest way from `start` back to itself, `start` first.
fn shortest_way_back(arrows: &Arrows, start: &str) -> Option<Vec<String>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut front = vec![start];
    while !front.is_empty() {
        let mut next = Vec::new();
        for module in front {
            for used in arrows.get(module).into_iter().flat_map(BTreeMap::keys) {
                if used == start {
                    let mut way = vec![module.to_owned()];
                    while way.last().is_some_and(|last| last != start) {
                        let before = way.last().and_then(|last| came_from.get(last.as_str()))?;
                        way.push((*before).to_owned());
                    }
                    way.reverse();
                    return Some(way);
                }
                if !came_from.contains_key(used.as_str()) {
                    came_from.insert(used, module);
                    next.push(used.as_str());
                }
            }
        }
        front = next;
    }
    None
}

fn describe(cycle: &[String], arrows: &Arrows) -> Option<Finding> {
    let mut steps = Vec::new();
    for (index, user) in cycle.iter().enumerate() {
        let used = &cycle[(index + 1) % cycle.len()];
        let place = arrows.get(user)?.get(used)?;
        steps.push(format!("{user} uses {used} ({}:{})", place.file, place.line));
    }
    let first = arrows.get(&cycle[0])?.values().next()?;
    Some(Finding::at(&first.file, first.line, format!("modules in a cycle: {}", steps.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(files: &[(&str, &str)]) -> Vec<Finding> {
        check_target(&Workspace::of(files), "src/lib.rs")
    }

    #[test]
    fn two_modules_that_use_each_other_are_found() {
        let found = findings(&[
            ("src/lib.rs", "mod a;\nmod b;"),
            ("src/a.rs", "\nuse crate::b::X;"),
            ("src/b.rs", "fn f() { super::a::g() }"),
        ]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "modules in a cycle: a uses b (src/a.rs:2), b uses a (src/b.rs:1)");
    }

    #[test]
    fn a_cycle_through_a_re_export_and_a_third_module_is_found() {
        let found = findings(&[
            ("src/lib.rs", "mod a; mod b; mod c; pub use a::X;"),
            ("src/a.rs", "use crate::b::Y;"),
            ("src/b.rs", "mod inner;"),
            ("src/b/inner.rs", "use crate::c::Z;"),
            ("src/c.rs", "fn f() -> crate::X { todo() }"),
        ]);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("a uses b") && found[0].message.contains("c uses a"), "{}", found[0].message);
    }

    #[test]
    fn siblings_deep_in_the_tree_are_looked_at() {
        let found = findings(&[
            ("src/lib.rs", "mod a;"),
            ("src/a/mod.rs", "mod b; mod c;"),
            ("src/a/b.rs", "use super::c::X;"),
            ("src/a/c.rs", "use crate::a::b::Y;"),
        ]);
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn a_parent_that_re_exports_its_children_and_is_used_by_them_is_one_room_with_them() {
        let found = findings(&[
            ("src/lib.rs", "mod a; pub use a::X; pub struct Root;"),
            ("src/a.rs", "pub use self::b::X; mod b; struct Y;"),
            ("src/a/b.rs", "use super::Y; use crate::Root;"),
        ]);
        assert!(found.is_empty());
    }

    #[test]
    fn tests_may_use_whom_they_like() {
        let found = findings(&[
            ("src/lib.rs", "mod a; mod b;"),
            ("src/a.rs", "use crate::b::X;"),
            ("src/b.rs", "#[cfg(test)]\nmod tests {\n use super::*;\n use crate::a::Y;\n}"),
        ]);
        assert!(found.is_empty());
    }

    #[test]
    fn a_glob_of_the_parent_hides_arrows_and_is_refused() {
        let found = findings(&[("src/lib.rs", "mod a;"), ("src/a.rs", "use super::*;")]);
        assert_eq!(found.len(), 1);
    }
}
