//! Issues as people work on them.
//!
//! The ledger makes issues and counts their events; here they are read.

use async_trait::async_trait;
use model::ids::{IssueId, Millis, ProjectId};

use crate::error::StoreError;

/// Issues, for API and pages.
#[async_trait]
pub trait Issues: Send + Sync + 'static {
    /// Reads one issue.
    async fn issue(&self, issue: IssueId) -> Result<Option<Issue>, StoreError>;
}

/// An issue as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Its id.
    pub id: IssueId,
    /// Whose it is.
    pub project: ProjectId,
    /// Its number in the project, from 1.
    pub short_number: u64,
    /// Which grouping algorithm made it.
    pub grouping_version: u16,
    /// The title of its last event.
    pub title: String,
    /// The culprit of its last event.
    pub culprit: String,
    /// The level of its last event.
    pub level: String,
    /// How many events it has had.
    pub count: u64,
    /// The earliest of its events' times.
    pub first_seen: Millis,
    /// The latest of its events' times.
    pub last_seen: Millis,
}
