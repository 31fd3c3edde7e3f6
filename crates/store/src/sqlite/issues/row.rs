//! One issue's row.

use model::ids::{IssueId, Millis, ProjectId};
use protocol::event::Level;
use rusqlite::Connection;

use super::super::codes::Code;
use crate::error::StoreError;
use crate::issues::Issue;

/// One issue.
pub(super) fn issue(connection: &Connection, issue: IssueId) -> Result<Option<Issue>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select project_id, short_number, grouping_version, title, culprit, level, count, first_seen_ms, last_seen_ms
         from issue where id = ?",
    )?;
    let mut rows = statement.query([issue.get()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(Issue {
        id: issue,
        project: ProjectId::new(row.get(0)?)?,
        short_number: row.get::<_, i64>(1)?.unsigned_abs(),
        grouping_version: row.get(2)?,
        title: row.get(3)?,
        culprit: row.get(4)?,
        level: Level::from_code(row.get(5)?)?.as_str().to_owned(),
        count: row.get::<_, i64>(6)?.unsigned_abs(),
        first_seen: Millis(row.get(7)?),
        last_seen: Millis(row.get(8)?),
    }))
}
