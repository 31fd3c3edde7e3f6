//! `watchfire deliveries replays` and `stop-replay`: which there are, and the end of one that runs.

use clap::Args;

use super::view::{ReplayView, replay_table};
use crate::cli::api::{Item, ServerFlags};
use crate::cli::failure::{ApiError, Failure};
use crate::cli::report::tame;
use crate::config::Origins;

pub(super) const LIST_EXAMPLES: &str = "\
Examples:
  watchfire deliveries replays 4f1c...
  watchfire deliveries replays 4f1c... --json | jq -r 'select(.state == \"running\") | .id'";

pub(super) const STOP_EXAMPLES: &str = "\
Example:
  watchfire deliveries stop-replay 4f1c... 12";

/// What `replays` is told.
#[derive(Debug, Args)]
pub(super) struct Replays {
    /// The hook's id, as `watchfire hooks list` shows it
    #[arg(value_name = "HOOK")]
    hook: String,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Print one JSON object in a line for each replay
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerFlags,
}

/// What `stop-replay` is told.
#[derive(Debug, Args)]
pub(super) struct StopReplay {
    /// The hook's id, as `watchfire hooks list` shows it
    #[arg(value_name = "HOOK")]
    hook: String,
    /// The replay's id, as `watchfire deliveries replays` shows it
    #[arg(value_name = "REPLAY")]
    replay: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerFlags,
}

/// Lists.
pub(super) async fn list(Replays { hook, limit, json, server }: Replays, origins: &Origins) -> Result<String, Failure> {
    let project = server.project(origins).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let listed = project.hook(&hook).list("replays/", "", limit).await?;
    if json {
        return Ok(listed.items.iter().map(Item::line).collect());
    }
    let replays = listed.items.iter().map(Item::read).collect::<Result<Vec<ReplayView>, ApiError>>()?;
    Ok(replay_table(&replays))
}

/// Stops one.
pub(super) async fn stop(arguments: StopReplay, origins: &Origins) -> Result<String, Failure> {
    let StopReplay { hook, replay, json, server } = arguments;
    let project = server.project(origins).await?;
    let answer = project.replay(&hook, &replay).delete("").await?;
    if json {
        return Ok(answer.line()?);
    }
    let ReplayView { id, state, found, sent_again, .. } = answer.read()?;
    Ok(format!("the replay {} is {}: it sent again {sent_again} of {found}\n", tame(&id), tame(&state)))
}
