//! What people do to issues: each call is one transaction.

use model::ids::{IssueId, Millis};
use model::issue::{IssueStatus, ResolvedIn, Substatus};
use rusqlite::{Transaction, params};

use super::super::codes::Code;
use super::row;
use crate::error::StoreError;
use crate::issues::{Issue, IssueUpdate, IssuesOf, NewStanding, SnoozeFor};

/// Changes issues.
pub(super) fn update(
    transaction: &Transaction<'_>,
    of: &IssuesOf,
    update: &IssueUpdate,
    now: Millis,
) -> Result<Vec<Issue>, StoreError> {
    let mut changed = Vec::with_capacity(of.issues.len());
    for id in &of.issues {
        let Some(issue) = row::issue(transaction, *id)?.filter(|issue| issue.project == of.project) else { continue };
        match &update.standing {
            Some(NewStanding::Unresolved) if issue.status == IssueStatus::Unresolved => {}
            Some(NewStanding::Unresolved) => open(transaction, *id, (Substatus::Ongoing, now))?,
            Some(NewStanding::Resolved(release)) => resolve(transaction, *id, release.as_ref(), now)?,
            Some(NewStanding::Ignored(snooze)) => ignore(transaction, *id, *snooze, now)?,
            None => {}
        }
        if let Some(priority) = update.priority {
            transaction
                .prepare_cached("update issue set priority = ? where id = ?")?
                .execute([priority.code(), id.get()])?;
        }
        changed.extend(row::issue(transaction, *id)?);
    }
    Ok(changed)
}

/// Marks issues as deleted, and lets no hash lead to them. Sweep deletes the rest.
pub(super) fn delete(transaction: &Transaction<'_>, of: &IssuesOf) -> Result<usize, StoreError> {
    let mut mark =
        transaction.prepare_cached("update issue set deleted = 1 where id = ? and project_id = ? and deleted = 0")?;
    let mut forget = transaction.prepare_cached("delete from issue_hash where issue_id = ?")?;
    let mut deleted = 0;
    for issue in &of.issues {
        if mark.execute([issue.get(), of.project.get()])? == 1 {
            forget.execute([issue.get()])?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

/// Opens an issue, by hand or by an event; its snooze and release are over then.
pub(in crate::sqlite) fn open(
    transaction: &Transaction<'_>,
    issue: IssueId,
    (substatus, now): (Substatus, Millis),
) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "update issue
             set status = ?, substatus = ?, changed_ms = ?, snooze_until_ms = null, snooze_events = null,
                 snooze_users = null, resolved_in = null, resolved_next = 0
             where id = ?",
        )?
        .execute([IssueStatus::Unresolved.code(), substatus.code(), now.0, issue.get()])?;
    Ok(())
}

fn resolve(
    transaction: &Transaction<'_>,
    issue: IssueId,
    release: Option<&ResolvedIn>,
    now: Millis,
) -> Result<(), StoreError> {
    let is_next = matches!(release, Some(ResolvedIn::NextAfter(_)));
    transaction
        .prepare_cached(
            "update issue
             set status = ?, substatus = ?, changed_ms = ?, snooze_until_ms = null, snooze_events = null,
                 snooze_users = null, resolved_in = ?, resolved_next = ?
             where id = ?",
        )?
        .execute(params![
            IssueStatus::Resolved.code(),
            Substatus::Ongoing.code(),
            now.0,
            release.map(ResolvedIn::release),
            is_next,
            issue.get(),
        ])?;
    Ok(())
}

/// An issue comes back with the event that makes so many more, so the kept number is one less than all of them.
fn ignore(transaction: &Transaction<'_>, issue: IssueId, snooze: SnoozeFor, now: Millis) -> Result<(), StoreError> {
    let substatus =
        if snooze == SnoozeFor::default() { Substatus::ArchivedForever } else { Substatus::ArchivedUntilConditionMet };
    let number = |wanted: Option<u64>| wanted.map(|wanted| i64::try_from(wanted).unwrap_or(i64::MAX / 2));
    transaction
        .prepare_cached(
            "update issue
             set status = ?, substatus = ?, changed_ms = ?, snooze_until_ms = ?, snooze_events = max(count + ? - 1, 0),
                 snooze_users = max(users + ? - 1, 0), resolved_in = null, resolved_next = 0
             where id = ?",
        )?
        .execute(params![
            IssueStatus::Ignored.code(),
            substatus.code(),
            now.0,
            snooze.until.map(|until| until.0),
            number(snooze.events),
            number(snooze.users),
            issue.get(),
        ])?;
    Ok(())
}
