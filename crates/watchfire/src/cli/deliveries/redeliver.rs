//! `watchfire deliveries redeliver`: one delivery again, and if asked what came of it.

use clap::Args;
use serde_json::json;

use super::view::Delivery;
use crate::cli::api::{Answer, Progress, ServerFlags, Subject, pause};
use crate::cli::failure::{ApiError, Failure};
use crate::cli::report::{self, tame};
use crate::config::Origins;

pub(super) const EXAMPLES: &str = "\
The receiver gets the same delivery id and the same bytes, with the next attempt's number. A delivery
that waits or is being sent is refused; so is one whose event is not kept any more.
With --wait, exit code 0: delivered; 3: it ended otherwise; 1: it waits still when the time is over.

Examples:
  watchfire deliveries redeliver 4f1c... 019b8e3f1a2b7000...
  watchfire deliveries redeliver 4f1c... 019b8e3f1a2b7000... --wait
  watchfire deliveries list 4f1c... --status failed --json | jq -r .id |
    xargs -n1 watchfire deliveries redeliver 4f1c...";

/// What `redeliver` is told.
#[derive(Debug, Args)]
pub(super) struct Redeliver {
    /// The hook's id, as `watchfire hooks list` shows it
    #[arg(value_name = "HOOK")]
    hook: String,
    /// The delivery's id, as `watchfire deliveries list` shows it
    #[arg(value_name = "DELIVERY")]
    delivery: String,
    /// Wait until it was tried, so many seconds at most; 120 where no number is given
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "120")]
    wait: Option<u64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerFlags,
}

/// Sends again.
pub(super) async fn run(arguments: Redeliver, origins: &Origins) -> Result<String, Failure> {
    let Redeliver { hook, delivery: id, wait, json, server } = arguments;
    let project = server.project(origins).await?;
    let subject = project.delivery(&hook, &id);
    let accepted = subject.post("redeliver/", &json!({})).await?;
    let delivery: Delivery = accepted.read()?;
    let Some(seconds) = wait else {
        return if json { Ok(accepted.line()?) } else { Ok(format!("{} waits to be sent again\n", delivery.name())) };
    };
    let look = format!("watchfire deliveries show {} {}", tame(&hook), tame(&id));
    let (answer, tried) = until_tried(&subject, delivery.attempts, seconds, look).await?;
    let text = if json { answer.line()? } else { format!("{} {}\n", tried.name(), tried.standing()) };
    if tried.is_delivered() {
        return Ok(text);
    }
    report::print(&text)?;
    let again = if tried.is_settled() { "" } else { "; it is tried again by itself" };
    let what = format!("the delivery {} did not arrive ({}){again}", tried.name(), tried.standing());
    Err(ApiError::NotDelivered { what }.into())
}

/// The delivery once it has more attempts than `before`, or is settled without one.
async fn until_tried(
    subject: &Subject<'_>,
    before: u32,
    seconds: u64,
    look: String,
) -> Result<(Answer, Delivery), ApiError> {
    let progress = Progress::new();
    loop {
        let answer = subject.get("").await?;
        let delivery: Delivery = answer.read()?;
        if delivery.is_settled() || delivery.attempts > before && delivery.state == "waiting" {
            return Ok((answer, delivery));
        }
        if progress.elapsed().as_secs() >= seconds {
            let what = format!("the delivery {} is {}", delivery.name(), tame(&delivery.state));
            return Err(ApiError::StillWaiting { what, seconds, look });
        }
        pause().await;
    }
}
