//! One issue's row. A deleted one is not there.

use model::ids::{IssueId, Millis, ProjectId};
use model::issue::{IssuePriority, IssueStatus, ResolvedIn, Snooze, Substatus};
use protocol::event::{EventKind, Level};
use rusqlite::{Connection, Row, params};

use super::super::codes::Code;
use crate::error::StoreError;
use crate::issues::Issue;

/// One issue.
pub(super) fn issue(connection: &Connection, issue: IssueId) -> Result<Option<Issue>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select id, project_id, short_number, grouping_version, title, culprit, level, kind, platform, logger, metadata,
                unhandled, count, users, first_seen_ms, last_seen_ms, first_release, last_release, status, substatus,
                changed_ms, priority, snooze_until_ms, snooze_events, snooze_users, resolved_in, resolved_next
         from issue
         where id = ? and deleted = 0",
    )?;
    let mut rows = statement.query([issue.get()])?;
    rows.next()?.map(issue_of).transpose()
}

/// The issue with this number in its project.
pub(super) fn by_number(connection: &Connection, project: ProjectId, number: u64) -> Result<Option<Issue>, StoreError> {
    let Ok(number) = i64::try_from(number) else { return Ok(None) };
    let mut statement = connection.prepare_cached("select id from issue where project_id = ? and short_number = ?")?;
    let mut rows = statement.query(params![project.get(), number])?;
    match rows.next()? {
        Some(row) => issue(connection, IssueId::new(row.get(0)?)?),
        None => Ok(None),
    }
}

fn issue_of(row: &Row<'_>) -> Result<Issue, StoreError> {
    Ok(Issue {
        id: IssueId::new(row.get(0)?)?,
        project: ProjectId::new(row.get(1)?)?,
        short_number: row.get::<_, i64>(2)?.unsigned_abs(),
        grouping_version: row.get(3)?,
        title: row.get(4)?,
        culprit: row.get(5)?,
        level: Level::from_code(row.get(6)?)?,
        kind: EventKind::from_code(row.get(7)?)?,
        platform: row.get(8)?,
        logger: row.get(9)?,
        metadata: row.get(10)?,
        unhandled: row.get(11)?,
        count: row.get::<_, i64>(12)?.unsigned_abs(),
        users: row.get::<_, i64>(13)?.unsigned_abs(),
        first_seen: Millis(row.get(14)?),
        last_seen: Millis(row.get(15)?),
        first_release: row.get(16)?,
        last_release: row.get(17)?,
        status: IssueStatus::from_code(row.get(18)?)?,
        substatus: Substatus::from_code(row.get(19)?)?,
        changed: Millis(row.get(20)?),
        priority: IssuePriority::from_code(row.get(21)?)?,
        snooze: snooze_of(row)?,
        resolved_in: resolved_in(row)?,
    })
}

fn snooze_of(row: &Row<'_>) -> Result<Option<Snooze>, StoreError> {
    let number = |index| Ok::<_, StoreError>(row.get::<_, Option<i64>>(index)?.map(i64::unsigned_abs));
    let until: Option<i64> = row.get(22)?;
    let snooze = Snooze { until: until.map(Millis), events: number(23)?, users: number(24)? };
    Ok(Some(snooze).filter(|snooze| *snooze != Snooze::default()))
}

fn resolved_in(row: &Row<'_>) -> Result<Option<ResolvedIn>, StoreError> {
    let release: Option<String> = row.get(25)?;
    let is_next: bool = row.get(26)?;
    Ok(release.map(|release| if is_next { ResolvedIn::NextAfter(release) } else { ResolvedIn::Release(release) }))
}
