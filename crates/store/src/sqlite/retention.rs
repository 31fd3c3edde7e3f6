//! Deletes: events with all that leads to them, deliveries with their logs, and the rows of deleted hooks and projects.
//!
//! Each function takes a bounded number of rows; [`sweep`](super::sweep) says how many, and of what.

use model::ids::Day;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::deliveries;
use super::rows::{bounded, collect};
use crate::error::StoreError;

/// What is needed to delete an event.
pub(super) struct Event {
    /// Its number.
    pub(super) seq: i64,
    /// Whose it is.
    pub(super) project: i64,
    /// The day of its receipt.
    pub(super) day: i32,
    issue: i64,
    id: [u8; 16],
}

/// What is needed to delete what a hook leaves.
pub(super) struct Hook {
    /// Its number.
    pub(super) number: i64,
    /// Whether nothing of it is to stay.
    pub(super) is_deleted: bool,
    project: i64,
}

/// The oldest events, up to the first that is kept.
pub(super) fn old_events(transaction: &Transaction<'_>, keep: Day, limit: usize) -> Result<Vec<Event>, StoreError> {
    let mut oldest = transaction.prepare_cached(
        "select seq, project_id, issue_id, day, event_id from event where seq > 0 order by seq limit ?",
    )?;
    let mut rows = oldest.query([bounded(limit)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let event = event(row)?;
        if event.day >= keep.0 {
            break;
        }
        found.push(event);
    }
    Ok(found)
}

/// Events of a project.
pub(super) fn events_of(transaction: &Transaction<'_>, project: i64, limit: usize) -> Result<Vec<Event>, StoreError> {
    let mut statement = transaction.prepare_cached(
        "select e.seq, e.project_id, e.issue_id, e.day, e.event_id
         from event_of_project o
         join event e on e.seq = o.seq
         where o.project_id = ?
         order by o.seq
         limit ?",
    )?;
    collect(statement.query([project, bounded(limit)])?, event)
}

/// Deletes events, and issues with their last one.
pub(super) fn delete_events(transaction: &Transaction<'_>, events: &[Event]) -> Result<(), StoreError> {
    let Some(last) = events.iter().map(|event| event.seq).max() else { return Ok(()) };
    // A number is never given twice, not even after the newest event is gone.
    transaction.prepare_cached("update meta set value = max(value, ?) where name = 'seq'")?.execute([last])?;
    for event in events {
        transaction
            .prepare_cached("delete from event_key where project_id = ? and day = ? and event_id = ?")?
            .execute(params![event.project, event.day, event.id])?;
        transaction
            .prepare_cached("delete from event_of_issue where project_id = ? and issue_id = ? and seq = ?")?
            .execute([event.project, event.issue, event.seq])?;
        transaction
            .prepare_cached("delete from event_of_project where project_id = ? and seq = ?")?
            .execute([event.project, event.seq])?;
        transaction.prepare_cached("delete from event where seq = ?")?.execute([event.seq])?;
    }
    let mut issues: Vec<_> = events.iter().map(|event| (event.project, event.issue)).collect();
    issues.sort_unstable();
    issues.dedup();
    for (project, issue) in issues {
        delete_issue_without_events(transaction, project, issue)?;
    }
    Ok(())
}

/// Its rows go like those of an issue that somebody deleted.
fn delete_issue_without_events(transaction: &Transaction<'_>, project: i64, issue: i64) -> Result<(), StoreError> {
    let has_events = transaction
        .prepare_cached("select 1 from event_of_issue where project_id = ? and issue_id = ?")?
        .exists([project, issue])?;
    if !has_events {
        transaction.prepare_cached("delete from issue_hash where issue_id = ?")?.execute([issue])?;
        transaction.prepare_cached("update issue set deleted = 1 where id = ?")?.execute([issue])?;
    }
    Ok(())
}

/// The hook with the next higher number.
pub(super) fn hook_after(transaction: &Transaction<'_>, number: i64) -> Result<Option<Hook>, StoreError> {
    let mut next = transaction
        .prepare_cached("select number, deleted, project_id from hook where number > ? order by number limit 1")?;
    let hook =
        next.query_row([number], |row| Ok(Hook { number: row.get(0)?, is_deleted: row.get(1)?, project: row.get(2)? }));
    Ok(hook.optional()?)
}

/// Deletes deliveries of a hook from before a day, with their logs. Returns how many; fewer than `limit` if none is left.
pub(super) fn delete_deliveries(
    transaction: &Transaction<'_>,
    hook: &Hook,
    before: i32,
    limit: usize,
) -> Result<usize, StoreError> {
    let mut old = transaction.prepare_cached(
        "select day, seq, kind from delivery
         where project_id = ? and hook = ? and day < ? and owner is null
         limit ?",
    )?;
    let keys: Vec<[i64; 3]> = old
        .query_map(params![hook.project, hook.number, before, bounded(limit)], |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?])
        })?
        .collect::<Result<_, _>>()?;
    let mut delete_log = transaction
        .prepare_cached("delete from attempt where project_id = ? and hook = ? and day = ? and seq = ? and kind = ?")?;
    let mut delete = transaction.prepare_cached(
        "delete from delivery where project_id = ? and hook = ? and day = ? and seq = ? and kind = ?",
    )?;
    for [day, seq, kind] in &keys {
        delete_log.execute([hook.project, hook.number, *day, *seq, *kind])?;
        delete.execute([hook.project, hook.number, *day, *seq, *kind])?;
    }
    Ok(keys.len())
}

/// Deletes a hook's row and counts, unless deliveries of it are still leased.
pub(super) fn delete_hook(transaction: &Transaction<'_>, hook: &Hook) -> Result<(), StoreError> {
    let has_deliveries = transaction
        .prepare_cached("select 1 from delivery where project_id = ? and hook = ?")?
        .exists([hook.project, hook.number])?;
    if !has_deliveries {
        transaction.prepare_cached("delete from hook_count where hook = ?")?.execute([hook.number])?;
        transaction.prepare_cached("delete from hook_outcome where hook = ?")?.execute([hook.number])?;
        transaction.prepare_cached("delete from hook_standing where hook = ?")?.execute([hook.number])?;
        deliveries::delete_of_hook(transaction, hook.number)?;
        transaction.prepare_cached("delete from hook where number = ?")?.execute([hook.number])?;
    }
    Ok(())
}

/// The deleted project with the next higher id.
pub(super) fn deleted_project_after(transaction: &Transaction<'_>, project: i64) -> Result<Option<i64>, StoreError> {
    let mut next =
        transaction.prepare_cached("select id from project where deleted = 1 and id > ? order by id limit 1")?;
    Ok(next.query_row([project], |row| row.get(0)).optional()?)
}

/// Deletes a project's releases, then its row, unless a hook, an issue or a rule of it is left. Returns how many releases.
pub(super) fn delete_project(transaction: &Transaction<'_>, project: i64, limit: usize) -> Result<usize, StoreError> {
    let deleted = transaction
        .prepare_cached(
            "delete from release_seen
             where project_id = ?1 and (environment, version) in (
               select environment, version from release_seen where project_id = ?1 limit ?2
             )",
        )?
        .execute([project, bounded(limit)])?;
    if deleted < limit {
        transaction.prepare_cached("delete from project_hour where project_id = ?")?.execute([project])?;
        transaction
            .prepare_cached(
                "delete from project
                 where id = ?
                   and not exists (select 1 from hook where project_id = project.id)
                   and not exists (select 1 from issue where project_id = project.id)
                   and not exists (select 1 from rule where project_id = project.id)",
            )?
            .execute([project])?;
    }
    Ok(deleted)
}

/// Reads what deleting an event needs: its number, project, issue, day and id.
pub(super) fn event(row: &Row<'_>) -> Result<Event, StoreError> {
    Ok(Event { seq: row.get(0)?, project: row.get(1)?, issue: row.get(2)?, day: row.get(3)?, id: row.get(4)? })
}
