//! A limit on everything: no channel without a bound, in tests neither.

use super::Finding;
use crate::workspace::Workspace;

/// Constructors of channels without a bound, by the last names of their paths.
const UNBOUNDED: [&[&str]; 3] = [&["unbounded_channel"], &["std", "sync", "mpsc", "channel"], &["unbounded"]];

/// Channels without a bound.
pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, file) in &workspace.rust {
        for named in &file.paths {
            let is_unbounded = UNBOUNDED.iter().any(|ending| {
                named.names.len() >= ending.len() && named.names[named.names.len() - ending.len()..] == **ending
            });
            if is_unbounded {
                let message = format!("`{}` has no bound: use a channel with a limit", named.names.join("::"));
                findings.push(Finding::at(path, named.line, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Option<usize>> {
        check(&Workspace::of(&[("a.rs", text)])).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn channels_without_a_bound_are_found() {
        assert_eq!(lines("use tokio::sync::mpsc::unbounded_channel;"), [Some(1)]);
        assert_eq!(lines("use std::sync::mpsc;\nfn a() { mpsc::channel() }"), [Some(2)]);
        assert_eq!(lines("fn a() { futures::channel::mpsc::unbounded() }"), [Some(1)]);
    }

    #[test]
    fn channels_with_a_bound_pass() {
        assert!(lines("use std::sync::mpsc;\nfn a() { mpsc::sync_channel(1) }").is_empty());
        assert!(lines("use tokio::sync::mpsc;\nfn a() { mpsc::channel(1) }").is_empty());
    }
}
