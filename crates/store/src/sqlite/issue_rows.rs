//! What goes with an issue: its events, and the rows that recording left beside it.
//!
//! Each function takes a bounded number of rows; [`sweep`](super::sweep) says how many.

use model::delivery::DeliveryState;
use model::ids::Millis;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::retention::{self, Event};
use super::rows::{bounded, collect};
use crate::error::StoreError;

/// An issue of which rows are to go.
pub(super) struct IssueOf {
    /// Its id.
    pub(super) id: i64,
    project: i64,
}

/// Any deleted issue.
pub(super) fn deleted(transaction: &Transaction<'_>) -> Result<Option<IssueOf>, StoreError> {
    let mut first = transaction
        .prepare_cached("select id, project_id from issue where deleted = 1 and id > 0 order by id limit 1")?;
    Ok(first.query_row([], issue).optional()?)
}

/// The issue with the next higher id.
pub(super) fn after(transaction: &Transaction<'_>, id: i64) -> Result<Option<IssueOf>, StoreError> {
    let mut next = transaction.prepare_cached("select id, project_id from issue where id > ? order by id limit 1")?;
    Ok(next.query_row([id], issue).optional()?)
}

/// Events of an issue.
pub(super) fn events(transaction: &Transaction<'_>, issue: &IssueOf, limit: usize) -> Result<Vec<Event>, StoreError> {
    let mut statement = transaction.prepare_cached(
        "select e.seq, e.project_id, e.issue_id, e.day, e.event_id
         from event_of_issue o
         join event e on e.seq = o.seq
         where o.project_id = ? and o.issue_id = ?
         order by o.seq
         limit ?",
    )?;
    collect(statement.query([issue.project, issue.id, bounded(limit)])?, retention::event)
}

/// Cancels the deliveries of an event that wait. What is leased is left to its process, which finds no body.
pub(super) fn cancel(transaction: &Transaction<'_>, event: &Event, now: Millis) -> Result<usize, StoreError> {
    let mut hooks = transaction.prepare_cached("select number from hook where project_id = ?")?;
    let mut cancel = transaction.prepare_cached(
        "update delivery
         set state = ?, due_ms = null, settled_ms = ?
         where project_id = ? and hook = ? and day = ? and seq = ? and state = 0",
    )?;
    let (mut rows, mut cancelled) = (hooks.query([event.project])?, 0);
    while let Some(row) = rows.next()? {
        let hook: i64 = row.get(0)?;
        let state = DeliveryState::Cancelled.code();
        cancelled += cancel.execute(params![state, now.0, event.project, hook, event.day, event.seq])?;
    }
    Ok(cancelled)
}

/// Deletes rows beside an issue without events, and then its own. Returns how many; fewer than `limit` if none is left.
pub(super) fn delete(transaction: &Transaction<'_>, issue: &IssueOf, limit: usize) -> Result<usize, StoreError> {
    let mut deleted = 0;
    for statement in BESIDE {
        deleted += transaction.prepare_cached(statement)?.execute([
            issue.project,
            issue.id,
            bounded(limit.saturating_sub(deleted)),
        ])?;
        if deleted >= limit {
            return Ok(limit);
        }
    }
    transaction.prepare_cached("delete from issue where id = ?")?.execute([issue.id])?;
    Ok(deleted)
}

/// Deletes hours of an issue that begin before a time.
pub(super) fn delete_hours(
    transaction: &Transaction<'_>,
    issue: &IssueOf,
    before_s: i64,
    limit: usize,
) -> Result<usize, StoreError> {
    Ok(transaction
        .prepare_cached(
            "delete from issue_hour
             where project_id = ?1 and issue_id = ?2 and hour_s in (
               select hour_s from issue_hour
               where project_id = ?1 and issue_id = ?2 and hour_s < ?3
               order by hour_s
               limit ?4
             )",
        )?
        .execute([issue.project, issue.id, before_s, bounded(limit)])?)
}

/// Deletes rows of every table that has some for each issue. Counts lie by counter: without the list of those that rules ask
/// for, all of the project's would be looked at. Those of a counter that no rule asks for go with it.
const BESIDE: [&str; 7] = [
    "delete from issue_environment
     where project_id = ?1 and issue_id = ?2 and environment in (
       select environment from issue_environment where project_id = ?1 and issue_id = ?2 limit ?3
     )",
    "delete from issue_user
     where project_id = ?1 and issue_id = ?2 and user in (
       select user from issue_user where project_id = ?1 and issue_id = ?2 limit ?3
     )",
    "delete from issue_tag
     where project_id = ?1 and issue_id = ?2 and (key, value) in (
       select key, value from issue_tag where project_id = ?1 and issue_id = ?2 limit ?3
     )",
    "delete from issue_hour
     where project_id = ?1 and issue_id = ?2 and hour_s in (
       select hour_s from issue_hour where project_id = ?1 and issue_id = ?2 limit ?3
     )",
    "delete from issue_count
     where project_id = ?1 and issue_id = ?2 and (key, bucket_s) in (
       select key, bucket_s from issue_count
       where project_id = ?1 and issue_id = ?2 and key in (select key from rule_counter where project_id = ?1)
       limit ?3
     )",
    "delete from issue_user_count
     where project_id = ?1 and issue_id = ?2 and (key, bucket_s, user) in (
       select key, bucket_s, user from issue_user_count
       where project_id = ?1 and issue_id = ?2 and key in (select key from rule_counter where project_id = ?1)
       limit ?3
     )",
    "delete from rule_throttle
     where project_id = ?1 and issue_id = ?2 and rule_id in (
       select rule_id from rule_throttle where project_id = ?1 and issue_id = ?2 limit ?3
     )",
];

fn issue(row: &Row<'_>) -> rusqlite::Result<IssueOf> {
    Ok(IssueOf { id: row.get(0)?, project: row.get(1)? })
}
