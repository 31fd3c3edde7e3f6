//! Upkeep in slices: what is too old goes, what waits too long expires, what nobody wants any more is cancelled.
//!
//! A slice looks at a bounded number of rows, so that no commit of an event waits long behind one.

use rusqlite::{OptionalExtension, Transaction, params};

use super::codes::WAITING;
use crate::error::StoreError;
use crate::ledger::{Resolution, SweepPlan, Swept};
use model::delivery::DeliveryState;

/// Does one slice.
pub(super) fn sweep(transaction: &Transaction<'_>, plan: SweepPlan) -> Result<Swept, StoreError> {
    let limit = i64::try_from(plan.limit).unwrap_or(i64::MAX);
    let events = delete_events(transaction, &plan, limit)? + delete_orphans(transaction, limit)?;
    let deliveries = delete_deliveries(transaction, &plan, limit)?;
    let cancelled = cancel_unwanted(transaction, &plan, limit)?;
    let expired = expire(transaction, &plan, limit)?;
    delete_counts(transaction, &plan)?;
    let issues = delete_issues(transaction, &plan, limit)?;
    let more = [events, deliveries, cancelled, expired, issues].iter().any(|count| *count >= plan.limit);
    Ok(Swept { events, deliveries, expired, cancelled, more })
}

/// Oldest first: numbers rise with time of receipt.
fn delete_events(transaction: &Transaction<'_>, plan: &SweepPlan, limit: i64) -> Result<usize, StoreError> {
    let keep_from = plan.keep_from.day().0;
    let mut oldest = transaction
        .prepare_cached("select seq, project_id, issue_id, day, event_id from event order by seq limit ?")?;
    let mut rows = oldest.query([limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let event =
            EventRow { seq: row.get(0)?, project: row.get(1)?, issue: row.get(2)?, day: row.get(3)?, id: row.get(4)? };
        if event.day >= keep_from {
            break;
        }
        found.push(event);
    }
    delete(transaction, &found)
}

/// Events of deleted projects.
fn delete_orphans(transaction: &Transaction<'_>, limit: i64) -> Result<usize, StoreError> {
    let project: Option<i64> = transaction
        .prepare_cached(
            "select p.id from project p
             where p.deleted_ms is not null and exists (select 1 from event_of_project e where e.project_id = p.id)
             limit 1",
        )?
        .query_row([], |row| row.get(0))
        .optional()?;
    let Some(project) = project else { return Ok(0) };
    let mut statement = transaction.prepare_cached(
        "select e.seq, e.project_id, e.issue_id, e.day, e.event_id
         from event_of_project p
         join event e on e.seq = p.seq
         where p.project_id = ?
         order by p.seq
         limit ?",
    )?;
    let mut rows = statement.query([project, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(EventRow {
            seq: row.get(0)?,
            project: row.get(1)?,
            issue: row.get(2)?,
            day: row.get(3)?,
            id: row.get(4)?,
        });
    }
    delete(transaction, &found)
}

struct EventRow {
    seq: i64,
    project: i64,
    issue: i64,
    day: i32,
    id: [u8; 16],
}

fn delete(transaction: &Transaction<'_>, events: &[EventRow]) -> Result<usize, StoreError> {
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
    if let Some(last) = events.iter().map(|event| event.seq).max() {
        // A number is never given twice, not even after the newest event is gone.
        transaction.prepare_cached("update meta set value = max(value, ?) where name = 'seq'")?.execute([last])?;
    }
    Ok(events.len())
}

/// Deliveries of old events with their logs, hook by hook: days are in order within a hook.
fn delete_deliveries(transaction: &Transaction<'_>, plan: &SweepPlan, limit: i64) -> Result<usize, StoreError> {
    let mut hooks = transaction.prepare_cached("select project_id, number, deleted_ms is not null from hook")?;
    let mut rows = hooks.query([])?;
    let mut deleted = 0;
    while let Some(row) = rows.next()? {
        let (project, hook, gone): (i64, i64, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let before = if gone { i32::MAX } else { plan.keep_from.day().0 };
        let left = limit - i64::try_from(deleted).unwrap_or(limit);
        if left <= 0 {
            break;
        }
        // A leased delivery is its process's until it is settled, also when its hook is gone.
        let mut old = transaction.prepare_cached(
            "select day, seq, kind from delivery
             where project_id = ? and hook = ? and day < ? and owner is null
             limit ?",
        )?;
        let keys: Vec<(i64, i64, i64)> = old
            .query_map(params![project, hook, before, left], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        for (day, seq, kind) in &keys {
            for table in ["attempt", "delivery"] {
                transaction
                    .prepare_cached(&format!(
                        "delete from {table} where project_id = ? and hook = ? and day = ? and seq = ? and kind = ?"
                    ))?
                    .execute(params![project, hook, day, seq, kind])?;
            }
        }
        deleted += keys.len();
    }
    Ok(deleted)
}

/// What waits for a hook that is disabled or deleted, or whose project is deleted.
fn cancel_unwanted(transaction: &Transaction<'_>, plan: &SweepPlan, limit: i64) -> Result<usize, StoreError> {
    let mut unwanted = transaction.prepare_cached(
        "select h.number from hook h
         join project p on p.id = h.project_id
         where (h.active = 0 or h.deleted_ms is not null or p.deleted_ms is not null)
           and exists (select 1 from delivery d indexed by delivery_waiting where d.state = 0 and d.hook = h.number)",
    )?;
    let hooks: Vec<i64> = unwanted.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut cancelled = 0;
    for hook in hooks {
        cancelled +=
            move_waiting(transaction, plan, Move { hook, before: i64::MAX, limit, to: DeliveryState::Cancelled })?;
    }
    Ok(cancelled)
}

/// What has waited too long for its first attempt.
fn expire(transaction: &Transaction<'_>, plan: &SweepPlan, limit: i64) -> Result<usize, StoreError> {
    let mut hooks = transaction.prepare_cached("select number from hook")?;
    let hooks: Vec<i64> = hooks.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut expired = 0;
    for hook in hooks {
        let before = plan.expire_before.0;
        expired += move_waiting(transaction, plan, Move { hook, before, limit, to: DeliveryState::Expired })?;
    }
    Ok(expired)
}

struct Move {
    hook: i64,
    before: i64,
    limit: i64,
    to: DeliveryState,
}

fn move_waiting(transaction: &Transaction<'_>, plan: &SweepPlan, of: Move) -> Result<usize, StoreError> {
    Ok(transaction
        .prepare_cached(
            "update delivery
             set state = ?, due_ms = null, settled_ms = ?
             where (project_id, hook, day, seq, kind) in (
               select project_id, hook, day, seq, kind
               from delivery indexed by delivery_waiting
               where state = 0 and hook = ? and priority in (0, 1, 2) and due_ms < ? and created_ms < ?
               limit ?)
               and state = ?",
        )?
        .execute(params![of.to.code(), plan.now.0, of.hook, i64::MAX, of.before, of.limit, WAITING])?)
}

fn delete_counts(transaction: &Transaction<'_>, plan: &SweepPlan) -> Result<(), StoreError> {
    for resolution in Resolution::ALL {
        let before = plan.now.0 / 1000 - resolution.kept_seconds();
        transaction
            .prepare_cached(
                "delete from hook_count
                 where hook in (select number from hook) and resolution_s = ? and start_s < ?",
            )?
            .execute([resolution.seconds(), before])?;
    }
    Ok(())
}

/// Issues whose events are all gone.
fn delete_issues(transaction: &Transaction<'_>, plan: &SweepPlan, limit: i64) -> Result<usize, StoreError> {
    let mut old = transaction.prepare_cached(
        "select i.id from issue i
         left join project p on p.id = i.project_id and p.deleted_ms is null
         where (i.last_received_day < ? or p.id is null)
           and not exists (select 1 from event_of_issue e where e.project_id = i.project_id and e.issue_id = i.id)
         limit ?",
    )?;
    let keep_from = i64::from(plan.keep_from.day().0);
    let issues: Vec<i64> = old.query_map([keep_from, limit], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for issue in &issues {
        transaction.prepare_cached("delete from issue_hash where issue_id = ?")?.execute([issue])?;
        transaction.prepare_cached("delete from issue where id = ?")?.execute([issue])?;
    }
    Ok(issues.len())
}
