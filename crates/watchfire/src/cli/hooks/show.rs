//! `watchfire hooks show`: everything that there is to know of a hook.

use clap::Args;

use super::view::Hook;
use crate::cli::api::ServerFlags;
use crate::cli::failure::Failure;
use crate::config::Origins;

/// What `show` is told.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The hook's id, as `watchfire hooks list` shows it
    #[arg(value_name = "HOOK")]
    hook: String,
    /// Print the secrets too
    #[arg(long)]
    show_secret: bool,
    /// Print one JSON object, with the secrets
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerFlags,
}

/// Shows.
pub(super) async fn run(Show { hook, show_secret, json, server }: Show, origins: &Origins) -> Result<String, Failure> {
    let project = server.project(origins).await?;
    let answer = project.hook(&hook).get("").await?;
    if json {
        return Ok(answer.line()?);
    }
    let hook: Hook = answer.read()?;
    Ok(if show_secret { format!("{}\n{}", hook.page(), hook.secrets()) } else { hook.page() })
}
