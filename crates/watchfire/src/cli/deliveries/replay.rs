//! `watchfire deliveries replay`: what did not arrive in a period, again, with a bar while the server works on it.

use clap::{ArgAction, Args};
use serde_json::{Map, Value, json};

use super::outcomes::{self, Outcomes};
use super::view::ReplayView;
use crate::cli::api::{Answer, Progress, ServerFlags, Subject, pause};
use crate::cli::failure::{ApiError, Failure};
use crate::cli::report::{self, tame};
use crate::cli::when::When;
use crate::config::Origins;
use crate::wiring::system_clock;

pub(super) const EXAMPLES: &str = "\
The server works on it by itself: Ctrl-C ends this command and not the replay, which
`watchfire deliveries stop-replay` does. Each delivery has its old id and its old bytes.
Without --status it takes all that failed, expired, were cancelled or skipped. A time is a date, an age
such as 2h, or seconds since 1970.
With --outcomes, exit code 0: all were delivered; 3: some were not; 1: some wait when the time is over.

Examples:
  After your receiver was down for an hour:
    watchfire deliveries replay 4f1c... --since 1h
  watchfire deliveries replay 4f1c... --since 2026-01-05T14:00:00Z --until 2026-01-05T15:00:00Z --status failed
  watchfire deliveries replay 4f1c... --since 3d --outcomes
  watchfire deliveries replay 4f1c... --since 1d --no-wait --json | jq -r .id";

/// What `replay` is told.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The hook's id, as `watchfire hooks list` shows it
    #[arg(value_name = "HOOK")]
    hook: String,
    /// What was owed at this time or later
    #[arg(long, value_name = "TIME")]
    since: When,
    /// What was owed at this time or earlier; now where it is not given
    #[arg(long, value_name = "TIME")]
    until: Option<When>,
    /// Only what is failed, expired, cancelled or skipped. May be repeated
    #[arg(long, value_name = "STATE", action = ArgAction::Append)]
    status: Vec<String>,
    /// Start it and end; `watchfire deliveries replays` shows how far it is
    #[arg(long, conflicts_with = "outcomes")]
    no_wait: bool,
    /// Wait until all were tried and say how they ended, so many seconds at most after it; 300 where no number is given
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "300")]
    outcomes: Option<u64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerFlags,
}

/// Replays.
pub(super) async fn run(arguments: Replay, origins: &Origins) -> Result<String, Failure> {
    let body = arguments.body();
    let Replay { hook, no_wait, outcomes, json, server, .. } = arguments;
    let project = server.project(origins).await?;
    let subject = project.hook(&hook);
    let mut answer = subject.post("replays/", &body).await?;
    let mut replay: ReplayView = answer.read()?;
    if no_wait {
        let (id, found) = (tame(&replay.id), replay.found);
        return if json {
            Ok(answer.line()?)
        } else {
            Ok(format!("the replay {id} has {found} deliveries to send again\n"))
        };
    }
    if replay.is_running() {
        (answer, replay) = until_ended(&subject, replay).await?;
    }
    let ReplayView { ref id, found, sent_again, .. } = replay;
    let ended = if outcomes.is_some() && replay.state == "done" {
        Some(outcomes::wait_for(&subject, &replay, outcomes.unwrap_or(0), &hook).await?)
    } else {
        None
    };
    let text = match (json, &ended) {
        (true, None) => answer.line()?,
        (true, Some(ended)) => with_outcomes(&answer, ended)?,
        (false, None) => format!("sent again {sent_again} of {found}\n"),
        (false, Some(ended)) => format!("sent again {sent_again} of {found}: {ended}\n"),
    };
    let failure = if replay.state == "done" {
        ended.and_then(|ended| ended.failure())
    } else {
        Some(ApiError::ReplayStopped { replay: tame(id), sent_again, found })
    };
    match failure {
        None => Ok(text),
        Some(failure) => {
            report::print(&text)?;
            Err(failure.into())
        }
    }
}

impl Replay {
    fn body(&self) -> Value {
        let now = system_clock().now();
        let mut body = Map::from_iter([("since".to_owned(), Value::from(self.since.text(now)))]);
        body.extend(self.until.map(|until| ("until".to_owned(), until.text(now).into())));
        if !self.status.is_empty() {
            body.insert("status".to_owned(), json!(self.status));
        }
        body.into()
    }
}

/// Watches a replay to its end.
async fn until_ended(subject: &Subject<'_>, replay: ReplayView) -> Result<(Answer, ReplayView), ApiError> {
    let below = format!("replays/{}/", replay.id);
    let mut progress = Progress::new();
    progress.show(replay.sent_again, replay.found, "sent again");
    loop {
        pause().await;
        let answer = subject.get(&below).await?;
        let replay: ReplayView = answer.read()?;
        progress.show(replay.sent_again, replay.found, "sent again");
        if !replay.is_running() {
            return Ok((answer, replay));
        }
    }
}

fn with_outcomes(answer: &Answer, ended: &Outcomes) -> Result<String, Failure> {
    let mut replay: Map<String, Value> = answer.read()?;
    replay.insert("outcomes".to_owned(), ended.json());
    report::json(&replay)
}
