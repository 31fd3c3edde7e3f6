//! What happens to a hook's deliveries, as server-sent events.
//!
//! Best effort: each event is the delivery as the list shows it now, and who was too slow is told how many it missed. A stream
//! is bounded in time, so that whoever watches shows from time to time that they still may.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::IntoResponse as _;
use futures_util::stream;
use http::HeaderName;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use model::ids::ProjectId;
use model::limits::LIVE_STREAM_SECONDS;
use model::scope::Scope;
use pipeline::live::{Heard, Listener};
use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;

use super::super::ApiState;
use super::super::error::Answer;
use super::super::lookup::{Call, HookPath};
use super::super::refusal::Refusal;
use super::deliveries::ListItem;

/// A quiet stream says this often that it is alive: what is between us and the client may close silent connections.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The first words: when to come again after the end, in milliseconds, and that it has begun.
const GREETING: &str = "retry: 2000\n: listening\n\n";
const ALIVE: &str = ": alive\n\n";

/// Asks proxies not to hold anything back.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// A stream under way.
struct Live {
    api: Arc<ApiState>,
    listener: Listener,
    project: ProjectId,
    greeted: bool,
    ends: Instant,
}

/// `GET …/hooks/{hook}/live/`
pub(in super::super) async fn live(call: Call<HookPath>) -> Answer {
    let hook = call.hook(&[Scope::ProjectRead]).await?;
    let listener = call.api.feed.listen(hook.number).ok_or(Refusal::NoStream)?;
    let ends = Instant::now() + Duration::from_secs(LIVE_STREAM_SECONDS);
    let live = Live { api: call.api, listener, project: hook.project, greeted: false, ends };
    let pieces = stream::unfold(live, |mut live| async move {
        let piece = live.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(piece)), live))
    });
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store"), (X_ACCEL_BUFFERING, "no")];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

impl Live {
    /// The next piece of the stream; `None` at its end.
    async fn next(&mut self) -> Option<String> {
        if !self.greeted {
            self.greeted = true;
            return Some(GREETING.to_owned());
        }
        tokio::select! {
            // However much happens, it ends in time.
            biased;
            () = tokio::time::sleep_until(self.ends) => None,
            heard = self.listener.next() => match heard? {
                Heard::Missed(count) => Some(missed(count)),
                Heard::Deliveries(keys) => {
                    let count = keys.len();
                    match self.api.store.deliveries_at(keys).await {
                        Ok(rows) => {
                            let project = self.api.slug_of(self.project);
                            Some(rows.iter().map(|row| event("delivery", &ListItem::of(row, project.as_deref()))).collect())
                        }
                        Err(error) => {
                            tracing::warn!(error = %error, "a live stream could not read deliveries");
                            Some(missed(u64::try_from(count).unwrap_or(u64::MAX)))
                        }
                    }
                }
            },
            () = tokio::time::sleep(HEARTBEAT) => Some(ALIVE.to_owned()),
        }
    }
}

fn missed(count: u64) -> String {
    event("missed", &json!({ "missed": count }))
}

/// One server-sent event. JSON has no line ends of its own.
fn event(name: &str, data: &impl Serialize) -> String {
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n")
}
