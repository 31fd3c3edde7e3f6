//! Which foreign crates may be built in: their licences, and a short list of crates that are not wanted.
//!
//! Judges every package that `Cargo.lock` can bring in for any platform, tests included, by what its manifest states. `check` calls it.

mod policy;
mod spdx;

use serde_json::Value;

use self::policy::{ALLOWED_LICENCES, BANNED_CRATES, SINGLE_CRATES};
use crate::{
    command,
    failure::Failure,
    workspace::{list, text},
};

/// A foreign crate at one version.
#[derive(Debug)]
struct Foreign {
    name: String,
    version: String,
    licence: Option<String>,
}

/// Judges all foreign crates and prints what is wrong.
///
/// # Errors
/// `cargo metadata` fails, or a crate is refused.
pub(crate) fn run() -> Result<(), Failure> {
    let metadata = command::output(&["cargo", "metadata", "--format-version", "1", "--locked"])?;
    let metadata = serde_json::from_slice(&metadata).map_err(|source| Failure::Metadata { source })?;
    let crates = foreign_crates(&metadata)?;
    let findings = judge(&crates);
    for finding in &findings {
        println!("{finding}");
    }
    println!("{} foreign crates judged", crates.len());
    if findings.is_empty() { Ok(()) } else { Err(Failure::Findings { count: findings.len() }) }
}

/// The packages that come from elsewhere: ours have no source.
fn foreign_crates(metadata: &Value) -> Result<Vec<Foreign>, Failure> {
    let mut crates = Vec::new();
    for package in list(metadata, "packages")?
        .iter()
        .filter(|package| package.get("source").is_some_and(|source| !source.is_null()))
    {
        crates.push(Foreign {
            name: text(package, "name")?.to_owned(),
            version: text(package, "version")?.to_owned(),
            licence: package.get("license").and_then(Value::as_str).map(str::to_owned),
        });
    }
    Ok(crates)
}

fn judge(crates: &[Foreign]) -> Vec<String> {
    let mut findings = Vec::new();
    for Foreign { name, version, licence } in crates {
        match licence.as_deref().map(|licence| (licence, spdx::is_satisfied(licence, ALLOWED_LICENCES))) {
            None => findings.push(format!("{name} {version}: its manifest states no licence")),
            Some((licence, Err(malformed))) => {
                findings.push(format!("{name} {version}: `{licence}` is no licence expression: {malformed}"))
            }
            Some((licence, Ok(false))) => {
                findings.push(format!("{name} {version}: `{licence}` is not on the list of allowed licences"))
            }
            Some((_, Ok(true))) => {}
        }
        if let Some((_, reason)) = BANNED_CRATES.iter().find(|(banned, _)| banned == name) {
            findings.push(format!("{name} {version}: not wanted: {reason}"));
        }
    }
    for (name, reason) in SINGLE_CRATES {
        let versions: Vec<&str> =
            crates.iter().filter(|found| found.name == *name).map(|found| found.version.as_str()).collect();
        if versions.len() > 1 {
            findings.push(format!("{name}: versions {} side by side: {reason}", versions.join(" and ")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn foreign(name: &str, version: &str, licence: Option<&str>) -> Foreign {
        Foreign { name: name.to_owned(), version: version.to_owned(), licence: licence.map(str::to_owned) }
    }

    #[test]
    fn a_crate_with_a_known_licence_passes() {
        assert!(judge(&[foreign("a", "1.0.0", Some("MIT OR Apache-2.0"))]).is_empty());
    }

    #[test]
    fn no_licence_a_foreign_licence_and_nonsense_are_found() {
        for licence in [None, Some("GPL-3.0-only"), Some("MIT AND GPL-3.0-only"), Some("MIT OR"), Some("")] {
            assert_eq!(judge(&[foreign("a", "1.0.0", licence)]).len(), 1, "{licence:?}");
        }
    }

    #[test]
    fn a_crate_that_is_not_wanted_is_found() {
        assert_eq!(judge(&[foreign("openssl-sys", "0.9.0", Some("MIT"))]).len(), 1);
    }

    #[test]
    fn two_versions_are_found_only_where_one_is_asked_for() {
        let twice = |name| judge(&[foreign(name, "1.0.0", Some("MIT")), foreign(name, "2.0.0", Some("MIT"))]).len();
        assert_eq!((twice("hyper"), twice("syn")), (1, 0));
    }

    #[test]
    fn our_own_crates_are_not_foreign() -> Result<(), Failure> {
        let metadata = json!({"packages": [
            {"name": "watchfire", "version": "0.1.0", "source": null},
            {"name": "a", "version": "1.0.0", "source": "registry", "license": "MIT"},
        ]});
        assert_eq!(foreign_crates(&metadata)?.len(), 1);
        Ok(())
    }
}
