//! [`Issues`] on SQLite: which thread each method runs on; the statements are in the rooms beside, one for each job.

mod change;
mod events;
mod filter;
mod names;
mod row;
mod search;

pub(super) use change::open;

use async_trait::async_trait;
use model::ids::{IssueId, Millis, ProjectId};
use rusqlite::Connection;

use super::Sqlite;
use crate::error::StoreError;
use crate::issues::{
    Cut, EventInIssue, EventsOf, Issue, IssueSearch, IssueTag, IssueUpdate, Issues, IssuesOf, Listed, Release,
    WantedEvent,
};
use crate::ledger::StoredEvent;

#[async_trait]
impl Issues for Sqlite {
    async fn issue(&self, issue: IssueId) -> Result<Option<Issue>, StoreError> {
        self.read(move |connection| row::issue(connection, issue)).await
    }

    async fn issue_by_number(&self, project: ProjectId, number: u64) -> Result<Option<Issue>, StoreError> {
        self.read(move |connection| row::by_number(connection, project, number)).await
    }

    async fn search_issues(&self, search: IssueSearch) -> Result<Listed<Issue>, StoreError> {
        let mut walk = search::Walk::new(search);
        loop {
            let step = move |connection: &Connection| Ok((walk.step(connection)?, walk));
            match self.read(step).await? {
                (Some(page), _) => return Ok(page),
                (None, gone_on) => walk = gone_on,
            }
        }
    }

    async fn issue_hours(&self, issues: Vec<IssueId>, since: Millis) -> Result<Vec<Vec<(Millis, u64)>>, StoreError> {
        self.read(move |connection| issues.into_iter().map(|issue| names::hours(connection, issue, since)).collect())
            .await
    }

    async fn issue_tags(&self, issue: IssueId) -> Result<Vec<IssueTag>, StoreError> {
        self.read(move |connection| names::tags(connection, issue)).await
    }

    async fn update_issues(
        &self,
        issues: IssuesOf,
        update: IssueUpdate,
        now: Millis,
    ) -> Result<Vec<Issue>, StoreError> {
        self.write(move |transaction| change::update(transaction, &issues, &update, now)).await
    }

    async fn delete_issues(&self, issues: IssuesOf) -> Result<usize, StoreError> {
        self.write(move |transaction| change::delete(transaction, &issues)).await
    }

    async fn events(&self, of: EventsOf, cut: Cut) -> Result<Listed<StoredEvent>, StoreError> {
        self.read(move |connection| events::page(connection, of, cut)).await
    }

    async fn find_event(&self, wanted: WantedEvent) -> Result<Option<EventInIssue>, StoreError> {
        self.read(move |connection| events::find(connection, wanted)).await
    }

    async fn environments(&self, project: ProjectId) -> Result<Vec<String>, StoreError> {
        self.read(move |connection| names::environments(connection, project)).await
    }

    async fn releases(&self, project: ProjectId) -> Result<Vec<Release>, StoreError> {
        self.read(move |connection| names::releases(connection, project)).await
    }

    async fn release(&self, project: ProjectId, version: String) -> Result<Option<Release>, StoreError> {
        self.read(move |connection| names::release(connection, project, version)).await
    }
}
