//! Reads stored events back, the newest first, until there is reason to stop.

use std::time::Duration;

use model::ids::{IssueId, Millis, ProjectId, Seq};
use model::limits::{HINDSIGHT_EVENTS, HINDSIGHT_SECONDS};
use store::hindsight::KeptEvents;

use super::super::ApiState;
use super::super::error::Answer;
use super::look::{Look, Lookers};

/// Events that one look at the store reads: some milliseconds of one core until others have their turn.
const SLICE_EVENTS: usize = 64;

/// Which events are wanted.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Scope {
    pub(in super::super) project: ProjectId,
    /// Of this issue only, if set.
    pub(in super::super) issue: Option<IssueId>,
    /// Below this number, if set.
    pub(in super::super) below: Option<Seq>,
    /// Received from here on.
    pub(in super::super) since: Millis,
}

/// What was found.
pub(in super::super) struct Gathered {
    /// The newest first.
    pub(in super::super) looks: Vec<Look>,
    /// Why there are no more.
    pub(in super::super) stop: Stop,
    /// From when on everything was seen; `None` where there is nothing older.
    pub(in super::super) horizon: Option<Millis>,
}

/// Why no more events were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Stop {
    /// There are no older ones.
    Start,
    /// The older ones are not wanted.
    Since,
    /// There are too many.
    Events,
    /// It took too long.
    Time,
}

/// Reads the events of a scope.
pub(in super::super) async fn gather(api: &ApiState, lookers: &Lookers, scope: Scope) -> Answer<Gathered> {
    let deadline = api.clock.now().plus(Duration::from_secs(HINDSIGHT_SECONDS));
    let Scope { project, issue, mut below, since } = scope;
    let mut looks = Vec::new();
    let stop = loop {
        let limit = SLICE_EVENTS.min(HINDSIGHT_EVENTS - looks.len());
        let slice = api.store.kept_events(KeptEvents { project, issue, below, limit }).await?;
        let wanted = slice.iter().take_while(|event| event.received >= since);
        looks.extend(wanted.filter_map(|event| match lookers.look(event) {
            Ok(look) => Some(look),
            Err(error) => {
                tracing::error!(event.seq = %event.seq, error = %error, "a stored event cannot be read again");
                None
            }
        }));
        below = slice.last().map(|event| event.seq);
        match slice.last() {
            Some(last) if last.received < since => break Stop::Since,
            _ if slice.len() < limit => break Stop::Start,
            _ if looks.len() >= HINDSIGHT_EVENTS => break Stop::Events,
            _ if api.clock.now() >= deadline => break Stop::Time,
            _ => tokio::task::yield_now().await,
        }
    };
    let oldest = looks.last().map(|look| look.received);
    let horizon = match stop {
        Stop::Start => None,
        Stop::Since => Some(since),
        Stop::Events | Stop::Time => oldest,
    };
    Ok(Gathered { looks, stop, horizon })
}

impl Stop {
    /// The name in answers.
    pub(in super::super) fn as_str(self) -> &'static str {
        match self {
            Stop::Start => "start",
            Stop::Since => "days",
            Stop::Events => "events",
            Stop::Time => "time",
        }
    }
}
