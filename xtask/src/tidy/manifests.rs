//! Each crate takes the workspace's lints, and versions of foreign crates are stated once, in the root manifest.
//!
//! Without `[lints] workspace = true` a crate is silently let off every lint.

use super::Finding;
use crate::workspace::Workspace;

/// Crates without the workspace's lints, and dependencies with a version of their own.
pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &workspace.packages {
        let Some(text) = workspace.files.get(&package.manifest) else { continue };
        let mut section = "";
        let mut takes_lints = false;
        for (index, line) in text.lines().map(str::trim).enumerate() {
            if line.starts_with('[') {
                section = line;
            } else if section == "[lints]" && line.replace(' ', "") == "workspace=true" {
                takes_lints = true;
            } else if section.ends_with("dependencies]") && states_its_own_version(line) {
                let message = "take the version from [workspace.dependencies]: `name.workspace = true`".to_owned();
                findings.push(Finding::at(&package.manifest, index + 1, message));
            }
        }
        if !takes_lints {
            findings.push(Finding::whole(
                &package.manifest,
                "the workspace's lints are missing: [lints] workspace = true".to_owned(),
            ));
        }
    }
    findings
}

fn states_its_own_version(line: &str) -> bool {
    line.contains('=') && !line.starts_with('#') && !line.replace(' ', "").contains("workspace=true")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Package;

    fn findings(manifest: &str) -> Vec<Option<usize>> {
        let mut workspace = Workspace::of(&[("a/Cargo.toml", manifest)]);
        workspace.packages.push(Package {
            name: "a".to_owned(),
            manifest: "a/Cargo.toml".to_owned(),
            roots: Vec::new(),
            dependencies: Vec::new(),
        });
        check(&workspace).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_manifest_in_house_style_passes() {
        let manifest = "[package]\nname = \"a\"\n[lints]\nworkspace = true\n[dependencies]\n# why\nb.workspace = true\n\
                        c = { workspace = true, features = [\"x\"] }\n";
        assert!(findings(manifest).is_empty());
    }

    #[test]
    fn a_version_of_its_own_is_found_in_every_kind_of_dependency() {
        let manifest = "[lints]\nworkspace = true\n[dependencies]\nb = \"1\"\n\
                        [target.'cfg(unix)'.dev-dependencies]\nc = { version = \"1\" }\n";
        assert_eq!(findings(manifest), [Some(4), Some(6)]);
    }

    #[test]
    fn a_crate_without_the_lints_is_found() {
        assert_eq!(findings("[package]\nname = \"a\"\n"), [None]);
    }
}
