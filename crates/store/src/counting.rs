//! Counters that a rule asks for when there are events already: what was recorded before is counted afterwards, in slices.
//!
//! From the change on that asks for a counter, recording counts for it; a filling goes from the newest older event back as
//! far as the counter is asked. It holds no transaction between slices, and a process that dies leaves it where it was.

use async_trait::async_trait;
use bytes::Bytes;
use model::ids::{IssueId, Millis, ProjectId, Seq};
use model::rules::CounterKey;

use crate::error::StoreError;
use crate::issues::Listed;
use crate::marks::UserMark;

/// Filling counters.
#[async_trait]
pub trait Counting: Send + Sync + 'static {
    /// Counters that do not know yet what was recorded before they were asked for.
    async fn counters_to_fill(&self) -> Result<Vec<CounterToFill>, StoreError>;

    /// Events of a project below a number, the newest first; fewer than `limit` with `more` set where they are large.
    async fn events_to_count(
        &self,
        project: ProjectId,
        below: Seq,
        limit: usize,
    ) -> Result<Listed<EventToCount>, StoreError>;

    /// Adds what a slice of events counts for, if no other process was faster, and remembers how far the filling has come.
    async fn fill_counters(&self, slice: FilledSlice) -> Result<(), StoreError>;
}

/// A counter whose filling is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterToFill {
    /// Whose.
    pub project: ProjectId,
    /// Which.
    pub key: CounterKey,
    /// Events from here on are counted.
    pub below: Seq,
    /// How far back it is asked, in seconds.
    pub reach_seconds: i64,
}

/// An event that may be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventToCount {
    /// Its number.
    pub seq: Seq,
    /// Its issue.
    pub issue: IssueId,
    /// When it was received.
    pub received: Millis,
    /// The JSON of the body's `event` value; empty where it cannot be read any more.
    pub value: Bytes,
}

/// What a slice of events adds to a counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilledSlice {
    /// The counter, with `below` as it was when the slice was read: else the slice adds nothing.
    pub counter: CounterToFill,
    /// What is added.
    pub counted: Vec<CountedEvent>,
    /// The number of the last event that was looked at; `None` ends the filling.
    pub next_below: Option<Seq>,
}

/// One event that a counter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedEvent {
    /// Its issue.
    pub issue: IssueId,
    /// The start of its bucket, in seconds.
    pub bucket_s: i64,
    /// Its user, where users are counted; an event otherwise.
    pub user: Option<UserMark>,
}
