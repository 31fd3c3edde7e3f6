//! [`Hindsight`] on SQLite.

use async_trait::async_trait;
use bytes::Bytes;
use model::ids::{IssueId, Millis, ProjectId, Seq};
use model::issue::{IssuePriority, IssueStatus, Turn};
use protocol::EventId;
use rusqlite::{Connection, Row, params};

use super::Sqlite;
use super::codes::Code as _;
use super::history::Firings;
use super::reading::{seq_of, slice_of_events, value_or_nothing};
use super::rows::{bounded, collect};
use crate::error::StoreError;
use crate::hindsight::{FiringBefore, Hindsight, IssueStanding, KeptEvent, KeptEvents};
use crate::issues::Listed;

#[async_trait]
impl Hindsight for Sqlite {
    async fn kept_event(&self, project: ProjectId, event: EventId) -> Result<Option<KeptEvent>, StoreError> {
        self.read(move |connection| kept_event(connection, project, event)).await
    }

    async fn kept_events(&self, wanted: KeptEvents) -> Result<Listed<KeptEvent>, StoreError> {
        self.read(move |connection| kept_events(connection, wanted)).await
    }

    async fn issue_standings(&self, issues: Vec<IssueId>) -> Result<Vec<IssueStanding>, StoreError> {
        self.read(move |connection| standings(connection, &issues)).await
    }

    async fn events_after(&self, project: ProjectId, issue: IssueId, event: Seq) -> Result<u64, StoreError> {
        self.read(move |connection| {
            let after: i64 = connection
                .prepare_cached(
                    "select count(*) from event_of_issue where project_id = ? and issue_id = ? and seq > ?",
                )?
                .query_row([project.get(), issue.get(), i64::from(event)], |row| row.get(0))?;
            Ok(after.unsigned_abs())
        })
        .await
    }

    async fn fired_before(&self, firing: FiringBefore) -> Result<Option<Millis>, StoreError> {
        self.read(move |connection| fired_before(connection, firing)).await
    }

    async fn releases_seen(
        &self,
        project: ProjectId,
        environment: Option<String>,
        limit: usize,
    ) -> Result<Vec<(String, Millis)>, StoreError> {
        self.read(move |connection| releases(connection, (project, environment.unwrap_or_default()), limit)).await
    }
}

fn kept_event(connection: &Connection, project: ProjectId, event: EventId) -> Result<Option<KeptEvent>, StoreError> {
    let Some(seq) = seq_of(connection, project, event)? else { return Ok(None) };
    let mut statement = connection.prepare_cached(
        "select seq, event_id, issue_id, received_ms, hop, turn, new_in_environment, value from event where seq = ?",
    )?;
    let mut rows = statement.query([i64::from(seq)])?;
    rows.next()?.map(|row| kept(row, value_or_nothing(row, VALUE)?)).transpose()
}

fn kept_events(connection: &Connection, wanted: KeptEvents) -> Result<Listed<KeptEvent>, StoreError> {
    let (project, below) = (wanted.project.get(), wanted.below.map_or(i64::MAX, i64::from));
    let slice = (wanted.limit, VALUE);
    match wanted.issue {
        Some(issue) => {
            let mut statement = connection.prepare_cached(
                "select e.seq, e.event_id, e.issue_id, e.received_ms, e.hop, e.turn, e.new_in_environment, e.value
                 from event_of_issue o
                 join event e on e.seq = o.seq
                 where o.project_id = ? and o.issue_id = ? and o.seq < ?
                 order by o.seq desc",
            )?;
            slice_of_events(statement.query([project, issue.get(), below])?, slice, kept)
        }
        None => {
            let mut statement = connection.prepare_cached(
                "select e.seq, e.event_id, e.issue_id, e.received_ms, e.hop, e.turn, e.new_in_environment, e.value
                 from event_of_project o
                 join event e on e.seq = o.seq
                 where o.project_id = ? and o.seq < ?
                 order by o.seq desc",
            )?;
            slice_of_events(statement.query([project, below])?, slice, kept)
        }
    }
}

/// The column of the value, in every statement that reads kept events.
const VALUE: usize = 7;

fn kept(row: &Row<'_>, value: Bytes) -> Result<KeptEvent, StoreError> {
    Ok(KeptEvent {
        seq: Seq::try_from(row.get::<_, i64>(0)?)?,
        id: EventId(row.get(1)?),
        issue: IssueId::new(row.get(2)?)?,
        received: Millis(row.get(3)?),
        hop: row.get(4)?,
        turn: Turn::from_code(row.get(5)?)?,
        is_new_in_environment: row.get(6)?,
        value,
    })
}

fn standings(connection: &Connection, issues: &[IssueId]) -> Result<Vec<IssueStanding>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select id, status, changed_ms, priority, first_seen_ms, count from issue where id = ? and deleted = 0",
    )?;
    let mut found = Vec::with_capacity(issues.len());
    for issue in issues {
        let mut rows = statement.query([issue.get()])?;
        let Some(row) = rows.next()? else { continue };
        found.push(IssueStanding {
            id: IssueId::new(row.get(0)?)?,
            status: IssueStatus::from_code(row.get(1)?)?,
            changed: Millis(row.get(2)?),
            priority: IssuePriority::from_code(row.get(3)?)?,
            first_seen: Millis(row.get(4)?),
            times_seen: row.get::<_, i64>(5)?.unsigned_abs(),
        });
    }
    Ok(found)
}

/// Walks back through the firings of the rule: they are few within a frequency, and numbers grow with time.
fn fired_before(connection: &Connection, firing: FiringBefore) -> Result<Option<Millis>, StoreError> {
    let firings = Firings { project: firing.project, rule: firing.rule, below: firing.event };
    let mut found = None;
    firings.walk(connection, |one| {
        let is_of_issue = one.issue == firing.issue.get();
        if one.fired >= firing.since && is_of_issue {
            found = Some(one.fired);
        }
        one.fired >= firing.since && !is_of_issue
    })?;
    Ok(found)
}

fn releases(
    connection: &Connection,
    (project, environment): (ProjectId, String),
    limit: usize,
) -> Result<Vec<(String, Millis)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select version, first_seen_ms from release_seen
         where project_id = ? and environment = ?
         order by first_seen_ms desc, version desc
         limit ?",
    )?;
    collect(statement.query(params![project.get(), environment, bounded(limit)])?, |row| {
        Ok((row.get(0)?, Millis(row.get(1)?)))
    })
}
