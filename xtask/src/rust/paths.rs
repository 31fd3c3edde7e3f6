//! Collects the paths a file names and the modules it declares.
//!
//! `use` trees are expanded, and a path that begins with an imported name is written out in full. Macros are read as if
//! their tokens were code, which is right for almost all. `module_tree` and the reach rules read the result.

use std::collections::BTreeMap;

use super::tokens::{Token, matching_close};

/// A path of two or more names, or an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedPath {
    /// The inline modules around it, outermost first.
    pub(crate) within: Vec<String>,
    /// The names of the path; `crate`, `self` and `super` are names here.
    pub(crate) names: Vec<String>,
    /// The line it begins on, counted from 1.
    pub(crate) line: usize,
    /// It stands in an item behind `#[cfg(test)]`.
    pub(crate) in_test: bool,
    /// It is an import that ends in `*`; the star is not among the names.
    pub(crate) is_glob: bool,
}

/// A `mod name;`: the module's text is in another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ModuleDeclaration {
    /// The inline modules around it, outermost first.
    pub(crate) within: Vec<String>,
    /// The module's name.
    pub(crate) name: String,
    /// The line of the declaration, counted from 1.
    pub(crate) line: usize,
    /// The text of a `#[path = "…"]` before it.
    pub(crate) path_attribute: Option<String>,
}

/// What `named` finds in one file.
#[derive(Default)]
pub(crate) struct Named {
    /// All paths in the order of the file.
    pub(crate) paths: Vec<NamedPath>,
    /// All modules that live in other files.
    pub(crate) modules: Vec<ModuleDeclaration>,
    /// For each inline module (the file itself is the empty list): imported name → path.
    pub(crate) imports: BTreeMap<Vec<String>, BTreeMap<String, Vec<String>>>,
}

/// The paths, modules and imports of a file.
pub(crate) fn named(tokens: &[Token]) -> Named {
    let mut walk = Walk { tokens, at: 0, scopes: Vec::new(), path_attribute: None, found: Named::default() };
    while walk.at < tokens.len() {
        walk.step();
    }
    let mut found = walk.found;
    for path in &mut found.paths {
        let import = found.imports.get(&path.within).and_then(|imports| imports.get(&path.names[0]));
        if let Some(import) = import.filter(|import| import.len() > 1 && !path.names.starts_with(import)) {
            path.names.splice(..1, import.iter().cloned());
        }
    }
    found
}

struct Walk<'a> {
    tokens: &'a [Token],
    at: usize,
    /// One entry for each open brace: the name of the module it opens, if it opens one.
    scopes: Vec<Option<String>>,
    path_attribute: Option<String>,
    found: Named,
}

impl Walk<'_> {
    fn step(&mut self) {
        match self.text(0) {
            "#" if self.text(1) == "[" && self.text(2) == "path" && self.text(3) == "=" => {
                self.path_attribute = Some(self.text(4).trim_matches('"').to_owned());
                self.at = matching_close(self.tokens, self.at + 1) + 1;
            }
            "mod" if self.is_name(1) && self.text(2) == ";" => self.module_elsewhere(),
            "mod" if self.is_name(1) && self.text(2) == "{" => {
                self.scopes.push(Some(self.text(1).to_owned()));
                self.at += 3;
            }
            "use" if self.text(1) != "<" => {
                self.at += 1;
                self.import_tree(&[]);
            }
            "{" => {
                self.scopes.push(None);
                self.path_attribute = None;
                self.at += 1;
            }
            "}" => {
                self.scopes.pop();
                self.at += 1;
            }
            ";" => {
                self.path_attribute = None;
                self.at += 1;
            }
            _ if self.is_name(0) && self.text(1) == "::" && self.is_name(2) => self.path(),
            _ => self.at += 1,
        }
    }

    fn text(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", |token| token.text.as_str())
    }

    fn is_name(&self, ahead: usize) -> bool {
        self.tokens.get(self.at + ahead).is_some_and(Token::is_name)
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |token| token.line)
    }

    fn within(&self) -> Vec<String> {
        self.scopes.iter().flatten().cloned().collect()
    }

    fn module_elsewhere(&mut self) {
        let declaration = ModuleDeclaration {
            within: self.within(),
            name: self.text(1).to_owned(),
            line: self.line(),
            path_attribute: self.path_attribute.take(),
        };
        self.found.modules.push(declaration);
        self.at += 3;
    }

    fn path(&mut self) {
        let line = self.line();
        let mut names = vec![self.text(0).to_owned()];
        while self.text(1) == "::" && self.is_name(2) {
            self.at += 2;
            names.push(self.text(0).to_owned());
        }
        self.at += 1;
        self.found.paths.push(NamedPath { within: self.within(), names, line, in_test: false, is_glob: false });
    }

    /// Reads one branch of a `use` tree; stands after it when done.
    fn import_tree(&mut self, prefix: &[String]) {
        let line = self.line();
        let mut names = prefix.to_vec();
        loop {
            match self.text(0) {
                "::" => self.at += 1,
                "{" => {
                    self.import_list(&names);
                    return;
                }
                "*" => {
                    self.at += 1;
                    self.import(NamedPath { within: self.within(), names, line, in_test: false, is_glob: true }, None);
                    return;
                }
                _ if self.is_name(0) && self.text(0) != "as" => {
                    names.push(self.text(0).to_owned());
                    self.at += 1;
                }
                _ => break,
            }
        }
        let alias = (self.text(0) == "as").then(|| self.text(1).to_owned());
        if alias.is_some() {
            self.at += 2;
        }
        if names.len() > 1 && names.last().is_some_and(|name| name == "self") {
            names.pop();
        }
        self.import(NamedPath { within: self.within(), names, line, in_test: false, is_glob: false }, alias);
    }

    fn import_list(&mut self, prefix: &[String]) {
        let close = matching_close(self.tokens, self.at);
        self.at += 1;
        while self.at < close {
            let before = self.at;
            self.import_tree(prefix);
            if self.text(0) == "," || self.at == before {
                self.at += 1;
            }
        }
        self.at = close + 1;
    }

    fn import(&mut self, path: NamedPath, alias: Option<String>) {
        let Some(last) = path.names.last() else { return };
        if !path.is_glob {
            let name = alias.unwrap_or_else(|| last.clone());
            self.found.imports.entry(path.within.clone()).or_default().insert(name, path.names.clone());
        }
        self.found.paths.push(path);
    }
}

#[cfg(test)]
mod tests {
    use super::super::lexer::classify;
    use super::super::tokens::tokenize;
    use super::*;

    fn read(text: &str) -> Named {
        named(&tokenize(text, &classify(text)))
    }

    fn paths(text: &str) -> Vec<String> {
        read(text).paths.iter().map(|path| path.names.join("::") + if path.is_glob { "::*" } else { "" }).collect()
    }

    #[test]
    fn use_trees_are_expanded() {
        assert_eq!(paths("use a::{b::{self, C}, d::*, e as f}; use g;"), ["a::b", "a::b::C", "a::d::*", "a::e", "g"]);
    }

    #[test]
    fn a_path_that_begins_with_an_import_is_written_out() {
        assert_eq!(
            paths("use std::net::TcpStream as Stream;\nfn f() { Stream::connect(x) }"),
            ["std::net::TcpStream", "std::net::TcpStream::connect"]
        );
    }

    #[test]
    fn an_import_found_after_its_use_counts_too() {
        assert_eq!(paths("fn f() { fs::read(x) }\nuse std::fs;"), ["std::fs::read", "std::fs"]);
    }

    #[test]
    fn paths_in_code_stop_at_what_is_no_name() {
        assert_eq!(paths("let a = b::c::<d::E>::f(<G as h::I>::j());"), ["b::c", "d::E", "h::I"]);
    }

    #[test]
    fn captured_lifetimes_are_no_import() {
        assert!(paths("fn f<'a>() -> impl Sized + use<'a> {}").is_empty());
    }

    #[test]
    fn modules_of_other_files_know_where_they_are_declared() {
        let found = read("#[path = \"x/y.rs\"]\npub(crate) mod a;\nmod b { mod c; fn f() { super::g::h() } }");
        let declared: Vec<_> =
            found.modules.iter().map(|module| (module.within.join("::"), module.name.as_str(), module.line)).collect();
        assert_eq!(declared, [(String::new(), "a", 2), ("b".to_owned(), "c", 3)]);
        assert_eq!(found.modules[0].path_attribute.as_deref(), Some("x/y.rs"));
        assert_eq!(found.paths[0].within, ["b"]);
    }
}
