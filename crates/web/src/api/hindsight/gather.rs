//! Reads stored events back, the newest first, until there is reason to stop.

use std::time::Duration;

use model::ids::{IssueId, Millis, ProjectId, Seq};
use model::limits::{HINDSIGHT_BYTES, HINDSIGHT_EVENTS, HINDSIGHT_SECONDS};
use protocol::event::EventError;
use store::hindsight::{KeptEvent, KeptEvents};

use super::super::ApiState;
use super::super::error::Answer;
use super::look::{Look, Past};

/// Events that one look at the store reads.
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
pub(in super::super) struct Gathered<T> {
    /// The newest first.
    pub(in super::super) events: Vec<T>,
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
    /// There are too many, or there is too much of them.
    Events,
    /// It took too long.
    Time,
}

/// What is made of a stored event.
pub(in super::super) trait Made {
    /// Bytes of memory, those of an answer that shows it included.
    fn held_bytes(&self) -> usize;
}

/// Reads the events of a scope, and holds of each what `make` makes of it.
pub(in super::super) async fn gather<T: Made>(
    api: &ApiState,
    scope: Scope,
    make: impl Fn(&KeptEvent) -> Result<T, EventError>,
) -> Answer<Gathered<T>> {
    let deadline = api.clock.now().plus(Duration::from_secs(HINDSIGHT_SECONDS));
    let Scope { project, issue, mut below, since } = scope;
    let (mut events, mut bytes, mut oldest) = (Vec::new(), 0, None);
    let stop = 'all: loop {
        let limit = SLICE_EVENTS.min(HINDSIGHT_EVENTS - events.len());
        let slice = api.store.kept_events(KeptEvents { project, issue, below, limit }).await?;
        for event in &slice.items {
            if event.received < since {
                break 'all Stop::Since;
            }
            if bytes >= HINDSIGHT_BYTES {
                break 'all Stop::Events;
            }
            if oldest.is_some() && api.clock.now() >= deadline {
                break 'all Stop::Time;
            }
            below = Some(event.seq);
            oldest = Some(event.received);
            match make(event) {
                Ok(made) => {
                    bytes += made.held_bytes();
                    events.push(made);
                }
                Err(error) => {
                    tracing::error!(event.seq = %event.seq, error = %error, "a stored event cannot be read again");
                }
            }
            // A large event takes a while: others get their turn between two.
            tokio::task::yield_now().await;
        }
        if !slice.more {
            break Stop::Start;
        }
        if events.len() >= HINDSIGHT_EVENTS {
            break Stop::Events;
        }
    };
    let horizon = match stop {
        Stop::Start => None,
        Stop::Since => Some(since),
        Stop::Events | Stop::Time => oldest,
    };
    Ok(Gathered { events, stop, horizon })
}

impl Made for Past {
    fn held_bytes(&self) -> usize {
        size_of::<Past>() + size_of_val(&*self.counters)
    }
}

impl Made for Look {
    fn held_bytes(&self) -> usize {
        /// A node's answer, and what is shown beside it.
        const NODE_BYTES: usize = 512;
        let explained = self.explanations.iter().flat_map(|rule| rule.filters.iter().chain(&rule.conditions));
        let nodes = explained.chain(self.hooks.iter().flat_map(|(nodes, _)| nodes));
        let found = nodes.map(|node| NODE_BYTES + node.found.iter().map(String::len).sum::<usize>());
        size_of::<Look>() + self.past.held_bytes() + found.sum::<usize>()
    }
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
