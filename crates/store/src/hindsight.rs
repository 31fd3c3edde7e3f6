//! What is kept of events and issues, for those who ask why a rule fired or did not, or whether a new one would have.
//!
//! Reads only, each a short look; who asks puts them together with the functions that match and decide.

use async_trait::async_trait;
use bytes::Bytes;
use model::ids::{IssueId, Millis, ProjectId, RuleId, Seq};
use model::issue::{IssuePriority, IssueStatus, Turn};
use protocol::EventId;

use crate::error::StoreError;
use crate::issues::Listed;

/// Looks at the past.
#[async_trait]
pub trait Hindsight: Send + Sync + 'static {
    /// An event by the project's id for it.
    async fn kept_event(&self, project: ProjectId, event: EventId) -> Result<Option<KeptEvent>, StoreError>;
    /// Events of a project, or of one of its issues, the newest first; fewer than the limit with `more` set where they are
    /// large.
    async fn kept_events(&self, wanted: KeptEvents) -> Result<Listed<KeptEvent>, StoreError>;
    /// Where issues stand now; without those that are gone.
    async fn issue_standings(&self, issues: Vec<IssueId>) -> Result<Vec<IssueStanding>, StoreError>;
    /// How many events an issue has had after one.
    async fn events_after(&self, project: ProjectId, issue: IssueId, event: Seq) -> Result<u64, StoreError>;
    /// When a rule fired for an issue last before an event, if that was not before `since`.
    async fn fired_before(&self, firing: FiringBefore) -> Result<Option<Millis>, StoreError>;
    /// Releases in the order in which a project, or one of its environments, saw them, the newest first.
    async fn releases_seen(
        &self,
        project: ProjectId,
        environment: Option<String>,
        limit: usize,
    ) -> Result<Vec<(String, Millis)>, StoreError>;
}

/// An event as rules saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptEvent {
    /// Its number.
    pub seq: Seq,
    /// The SDK's id.
    pub id: EventId,
    /// Its issue.
    pub issue: IssueId,
    /// When it was read.
    pub received: Millis,
    /// How many webhooks led to it.
    pub hop: u8,
    /// What it did to its issue.
    pub turn: Turn,
    /// Whether it was the issue's first in its environment.
    pub is_new_in_environment: bool,
    /// The JSON of the body's `event` value; empty where it cannot be read any more.
    pub value: Bytes,
}

/// Which events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptEvents {
    /// Whose.
    pub project: ProjectId,
    /// Of this issue only, if set.
    pub issue: Option<IssueId>,
    /// With lower numbers than this, if set.
    pub below: Option<Seq>,
    /// At most so many.
    pub limit: usize,
}

/// Where an issue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssueStanding {
    /// Which.
    pub id: IssueId,
    /// The status.
    pub status: IssueStatus,
    /// Since when.
    pub changed: Millis,
    /// How urgent it is.
    pub priority: IssuePriority,
    /// The earliest of its events' times.
    pub first_seen: Millis,
    /// How many events it has had.
    pub times_seen: u64,
}

/// Which firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FiringBefore {
    /// Whose rule.
    pub project: ProjectId,
    /// Which rule.
    pub rule: RuleId,
    /// For which issue.
    pub issue: IssueId,
    /// Before this event.
    pub event: Seq,
    /// Not before this moment.
    pub since: Millis,
}
