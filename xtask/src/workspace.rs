//! A snapshot of the workspace for the rules: the texts git knows of, and what `cargo metadata` says about the crates.
//!
//! Rules see only this, so each can be tried on a few lines made up for it. Reads, never writes.

use std::{collections::BTreeMap, fs, io};

use serde_json::Value;

use crate::{
    command::{self, workspace_root},
    failure::Failure,
    rust::RustFile,
};

/// What the rules look at.
#[derive(Default)]
pub(crate) struct Workspace {
    /// Every text file that git tracks or would track, by its path from the root with `/` between the parts.
    pub(crate) files: BTreeMap<String, String>,
    /// The Rust files among them, read.
    pub(crate) rust: BTreeMap<String, RustFile>,
    /// Paths of files that are not UTF-8 text.
    pub(crate) binary_files: Vec<String>,
    /// The workspace's own crates.
    pub(crate) packages: Vec<Package>,
}

/// A crate of the workspace.
pub(crate) struct Package {
    /// The name in its manifest.
    pub(crate) name: String,
    /// The manifest's path from the root.
    pub(crate) manifest: String,
    /// Paths from the root of the files where its libraries, binaries, tests and examples begin.
    pub(crate) roots: Vec<String>,
    /// What it depends on.
    pub(crate) dependencies: Vec<Dependency>,
}

/// One dependency as a manifest states it.
pub(crate) struct Dependency {
    /// The name of the package that is depended on.
    pub(crate) name: String,
    /// Which part of the package needs it.
    pub(crate) kind: DependencyKind,
}

/// Which part of a package needs a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DependencyKind {
    /// The library or binary, or its build script.
    Normal,
    /// Tests, examples and benchmarks only.
    Development,
}

impl Workspace {
    /// Takes the snapshot of the workspace that xtask belongs to.
    ///
    /// # Errors
    /// `git` or `cargo` fails, or a listed file cannot be read.
    pub(crate) fn load() -> Result<Workspace, Failure> {
        let mut workspace = Workspace::default();
        let listed = command::output(&["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"])?;
        for path in String::from_utf8_lossy(&listed).split('\0').filter(|path| !path.is_empty()) {
            let absolute = workspace_root().join(path);
            match fs::read(&absolute) {
                Ok(bytes) => workspace.add(path, bytes),
                // Removed but not yet committed, or a symbolic link to a folder: nothing to read.
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::IsADirectory) => {}
                Err(source) => return Err(Failure::File { path: absolute, source }),
            }
        }
        let metadata = command::output(&["cargo", "metadata", "--format-version", "1", "--no-deps", "--locked"])?;
        let metadata = serde_json::from_slice(&metadata).map_err(|source| Failure::Metadata { source })?;
        workspace.packages = packages(&metadata)?;
        Ok(workspace)
    }

    /// A snapshot of made-up texts without crates, for a rule's own tests.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Workspace {
        let mut workspace = Workspace::default();
        for (path, text) in files {
            workspace.add(path, text.as_bytes().to_vec());
        }
        workspace
    }

    fn add(&mut self, path: &str, bytes: Vec<u8>) {
        match String::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => {
                if path.ends_with(".rs") {
                    self.rust.insert(path.to_owned(), RustFile::read(&text));
                }
                self.files.insert(path.to_owned(), text);
            }
            _ => self.binary_files.push(path.to_owned()),
        }
    }

    /// Whether a file or folder of this path is in the snapshot.
    pub(crate) fn has_path(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let folder = format!("{path}/");
        self.files.contains_key(path)
            || self.binary_files.iter().any(|file| file == path || file.starts_with(&folder))
            || self.files.range(folder.clone()..).next().is_some_and(|(file, _)| file.starts_with(&folder))
    }
}

fn packages(metadata: &Value) -> Result<Vec<Package>, Failure> {
    let root = text(metadata, "workspace_root")?;
    let relative = |path: &str| path.strip_prefix(root).unwrap_or(path).trim_start_matches('/').to_owned();
    let mut packages = Vec::new();
    for package in list(metadata, "packages")? {
        let mut roots = Vec::new();
        for target in list(package, "targets")? {
            let source = relative(text(target, "src_path")?);
            if !roots.contains(&source) {
                roots.push(source);
            }
        }
        let mut dependencies = Vec::new();
        for dependency in list(package, "dependencies")? {
            let is_development = dependency.get("kind").and_then(Value::as_str) == Some("dev");
            let kind = if is_development { DependencyKind::Development } else { DependencyKind::Normal };
            dependencies.push(Dependency { name: text(dependency, "name")?.to_owned(), kind });
        }
        let manifest = relative(text(package, "manifest_path")?);
        packages.push(Package { name: text(package, "name")?.to_owned(), manifest, roots, dependencies });
    }
    Ok(packages)
}

/// The list in a field of `cargo metadata`.
///
/// # Errors
/// The field is missing or is no list.
pub(crate) fn list<'a>(value: &'a Value, field: &'static str) -> Result<&'a Vec<Value>, Failure> {
    value.get(field).and_then(Value::as_array).ok_or(Failure::MetadataField { field })
}

/// The text in a field of `cargo metadata`.
///
/// # Errors
/// The field is missing or is no text.
pub(crate) fn text<'a>(value: &'a Value, field: &'static str) -> Result<&'a str, Failure> {
    value.get(field).and_then(Value::as_str).ok_or(Failure::MetadataField { field })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_is_a_file_or_a_folder_above_one() {
        let workspace = Workspace::of(&[("crates/store/src/lib.rs", ""), ("crates-io.md", "")]);
        assert!(
            workspace.has_path("crates/store/src/lib.rs")
                && workspace.has_path("crates/store")
                && workspace.has_path("crates/")
        );
        assert!(!workspace.has_path("crates/st") && !workspace.has_path("crates/web"));
    }

    #[test]
    fn files_that_are_no_text_are_kept_apart() {
        let mut workspace = Workspace::default();
        workspace.add("a.body", vec![0x1f, 0x8b, 0xff]);
        workspace.add("b.body", b"a\0b".to_vec());
        assert_eq!(workspace.binary_files, ["a.body", "b.body"]);
        assert!(workspace.files.is_empty());
    }

    #[test]
    fn packages_are_read_with_paths_from_the_root() -> Result<(), Failure> {
        let metadata = json!({"workspace_root": "/tree", "packages": [{
            "name": "a", "manifest_path": "/tree/crates/a/Cargo.toml",
            "targets": [{"src_path": "/tree/crates/a/src/lib.rs"}],
            "dependencies": [{"name": "b", "kind": null}, {"name": "c", "kind": "dev"}],
        }]});
        let packages = packages(&metadata)?;
        assert_eq!(
            (packages[0].manifest.as_str(), packages[0].roots.as_slice()),
            ("crates/a/Cargo.toml", ["crates/a/src/lib.rs".to_owned()].as_slice())
        );
        let kinds: Vec<_> = packages[0].dependencies.iter().map(|dependency| dependency.kind).collect();
        assert_eq!(kinds, [DependencyKind::Normal, DependencyKind::Development]);
        Ok(())
    }

    #[test]
    fn metadata_without_its_fields_is_refused() {
        assert!(matches!(packages(&json!({})), Err(Failure::MetadataField { field: "workspace_root" })));
    }
}
