//! `watchfire hooks delete`: asks first, because it cannot be undone.

use std::io::{BufRead, IsTerminal};

use clap::Args;

use super::view::Hook;
use crate::cli::api::ServerFlags;
use crate::cli::failure::{ApiError, Failure};
use crate::cli::report::{self, tame};
use crate::config::Origins;

pub(super) const EXAMPLES: &str = "\
Asks on a terminal. Elsewhere, as in a script, it needs --yes. A hook that is only to keep still for a
while can be disabled: `watchfire hooks disable`.

Examples:
  watchfire hooks delete 4f1c...
  watchfire hooks delete 4f1c... --yes";

/// What `delete` is told.
#[derive(Debug, Args)]
pub(super) struct Delete {
    /// The hook's id, as `watchfire hooks list` shows it
    #[arg(value_name = "HOOK")]
    hook: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerFlags,
}

/// Deletes.
pub(super) async fn run(Delete { hook, yes, json, server }: Delete, origins: &Origins) -> Result<String, Failure> {
    let can_ask = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if !yes && !can_ask {
        return Err(ApiError::NobodyToAsk { hook: tame(&hook) }.into());
    }
    let project = server.project(origins).await?;
    let subject = project.hook(&hook);
    if !yes {
        let Hook { id, url, .. } = subject.get("").await?.read()?;
        report::note(&format!("Delete the hook {} to {} for good? [y/N] ", tame(&id), tame(&url)));
        if !is_yes(&mut std::io::stdin().lock())? {
            return Err(ApiError::NotMeant.into());
        }
    }
    subject.delete("").await?;
    if json {
        return report::json(&serde_json::json!({ "deleted": hook }));
    }
    Ok(format!("deleted {}\n", tame(&hook)))
}

/// Only a yes is one.
fn is_yes(input: &mut impl BufRead) -> Result<bool, Failure> {
    let mut line = String::new();
    let doing = "read the answer from standard input";
    input.read_line(&mut line).map_err(|source| Failure::Standard { doing, source })?;
    Ok(matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_one() {
        for (answer, expected) in [("y\n", true), ("YES\n", true), ("\n", false), ("", false), ("yep\n", false)] {
            assert_eq!(is_yes(&mut answer.as_bytes()).unwrap(), expected, "{answer:?}");
        }
    }
}
