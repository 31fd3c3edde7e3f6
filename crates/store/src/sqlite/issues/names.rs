//! What is kept beside an issue or a project: hours, tags, environments, releases.

use model::ids::{IssueId, Millis, ProjectId};
use rusqlite::{Connection, OptionalExtension, params};

use super::super::rows::{bounded, collect};
use crate::error::StoreError;
use crate::issues::{IssueTag, NAMES_MAX, Release, TAG_VALUES_MAX};

/// Events of an issue in each hour that has any.
pub(super) fn hours(connection: &Connection, issue: IssueId, since: Millis) -> Result<Vec<(Millis, u64)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select h.hour_s, h.events
         from issue i
         join issue_hour h on h.project_id = i.project_id and h.issue_id = i.id and h.hour_s >= ?2
         where i.id = ?1
         order by h.hour_s",
    )?;
    // The hour that holds `since` counts.
    let since_s = since.0.div_euclid(3_600_000) * 3_600;
    collect(statement.query([issue.get(), since_s])?, |row| {
        Ok((Millis(row.get::<_, i64>(0)? * 1_000), row.get::<_, i64>(1)?.unsigned_abs()))
    })
}

/// Tags of an issue.
pub(super) fn tags(connection: &Connection, issue: IssueId) -> Result<Vec<IssueTag>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select t.key, t.value
         from issue i
         join issue_tag t on t.project_id = i.project_id and t.issue_id = i.id
         where i.id = ?
         order by t.key, t.value
         limit ?",
    )?;
    let mut rows = statement.query([issue.get(), bounded(TAG_VALUES_MAX)])?;
    let mut found: Vec<IssueTag> = Vec::new();
    while let Some(row) = rows.next()? {
        let (key, value): (String, String) = (row.get(0)?, row.get(1)?);
        match found.last_mut() {
            Some(last) if last.key == key => last.values.push(value),
            _ => found.push(IssueTag { key, values: vec![value] }),
        }
    }
    Ok(found)
}

/// One look at the index for each environment.
pub(super) fn environments(connection: &Connection, project: ProjectId) -> Result<Vec<String>, StoreError> {
    let mut next = connection.prepare_cached(
        "select environment from issue_environment
         where project_id = ? and environment > ?
         order by environment
         limit 1",
    )?;
    let mut found: Vec<String> = Vec::new();
    while found.len() < NAMES_MAX {
        let last = found.last().map_or("", String::as_str);
        let Some(environment) = next.query_row(params![project.get(), last], |row| row.get(0)).optional()? else {
            break;
        };
        found.push(environment);
    }
    Ok(found)
}

/// Releases, newest first.
pub(super) fn releases(connection: &Connection, project: ProjectId) -> Result<Vec<Release>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select version, first_seen_ms from release_seen
         where project_id = ? and environment = ''
         order by first_seen_ms desc, version desc
         limit ?",
    )?;
    collect(statement.query([project.get(), bounded(NAMES_MAX)])?, |row| {
        Ok(Release { version: row.get(0)?, first_seen: Millis(row.get(1)?) })
    })
}

/// One release.
pub(super) fn release(
    connection: &Connection,
    project: ProjectId,
    version: String,
) -> Result<Option<Release>, StoreError> {
    let seen: Option<i64> = connection
        .prepare_cached(
            "select first_seen_ms from release_seen where project_id = ? and environment = '' and version = ?",
        )?
        .query_row(params![project.get(), version], |row| row.get(0))
        .optional()?;
    Ok(seen.map(|seen| Release { version, first_seen: Millis(seen) }))
}
