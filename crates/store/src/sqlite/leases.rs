//! Who may send: claim, give back, list, free what a dead process held.

use model::attempt::Interrupted;
use model::delivery::Priority;
use model::delivery_key::DeliveryKey;
use model::ids::{HookNumber, Millis, ProcessId};
use rusqlite::{Connection, Transaction, params};

use super::attempts::{Log, Numbered};
use super::codes::{SENDING, WAITING};
use super::place::{key_of, place};
use super::rows::{bounded, collect};
use super::savepoint::{Care, part};
use super::standings;
use crate::error::StoreError;
use crate::ledger::{AttemptRow, Batch, Claim, ClaimOrder, Claimed};

/// Frees leases that are not wanted any more: the deliveries are due again, as old as their events.
pub(super) fn give_back(transaction: &Transaction<'_>, batch: &Batch) -> Result<(), StoreError> {
    if batch.give_backs.is_empty() {
        return Ok(());
    }
    let mut free = transaction.prepare_cached(
        "update delivery
         set state = ?, owner = null, due_ms = max(again_ms, created_ms)
         where project_id = ? and hook = ? and day = ? and seq = ? and kind = ? and owner = ?",
    )?;
    for key in &batch.give_backs {
        let [project, hook, day, seq, kind] = place(key);
        free.execute([WAITING, project, hook, day, seq, kind, batch.owner.get()])?;
    }
    Ok(())
}

/// Leases what waits, for each claim of the batch.
pub(super) fn claim(transaction: &Transaction<'_>, batch: &Batch, care: Care) -> Result<Vec<Vec<Claimed>>, StoreError> {
    let mut claimed = Vec::with_capacity(batch.claims.len());
    for claim in &batch.claims {
        claimed.push(match part(transaction, care, || claim_for(transaction, batch, claim))? {
            Ok(claimed) => claimed,
            Err(refusal) => {
                let cause = std::error::Error::source(&refusal);
                tracing::error!(hook.number = %claim.hook, error = %refusal, cause, "a claim was refused");
                Vec::new()
            }
        });
    }
    Ok(claimed)
}

fn claim_for(transaction: &Transaction<'_>, batch: &Batch, claim: &Claim) -> Result<Vec<Claimed>, StoreError> {
    let hook = claim.hook;
    let mut found = Vec::new();
    match claim.order {
        ClaimOrder::Priority => {
            for priority in Priority::ALL {
                let limit = claim.limit - found.len();
                found.extend(due(transaction, batch.now, Due { hook, priority, limit })?);
            }
        }
        ClaimOrder::Age => {
            for priority in Priority::ALL {
                found.extend(due(transaction, batch.now, Due { hook, priority, limit: claim.limit })?);
            }
            found.sort_by_key(|(due_ms, claimed)| (*due_ms, claimed.key.seq));
            found.truncate(claim.limit);
        }
        ClaimOrder::Probe { probes } => {
            for priority in Priority::ALL.into_iter().rev() {
                let limit = 1_usize.min(claim.limit) - found.len();
                found.extend(due(transaction, batch.now, Due { hook, priority, limit })?);
            }
            if !found.is_empty() && !standings::begin_probe(transaction, (hook, probes), batch.now)? {
                return Ok(Vec::new());
            }
        }
    }
    let mut lease = transaction.prepare_cached(
        "update delivery
         set state = ?, owner = ?, due_ms = null
         where project_id = ? and hook = ? and day = ? and seq = ? and kind = ?",
    )?;
    let mut claimed = Vec::with_capacity(found.len());
    for (_, delivery) in found {
        let [project, hook, day, seq, kind] = place(&delivery.key);
        lease.execute([SENDING, batch.owner.get(), project, hook, day, seq, kind])?;
        claimed.push(delivery);
    }
    Ok(claimed)
}

/// Which waiting deliveries to look for.
struct Due {
    hook: HookNumber,
    priority: Priority,
    limit: usize,
}

/// What is due, with its due time; the index alone answers.
fn due(transaction: &Transaction<'_>, now: Millis, of: Due) -> Result<Vec<(i64, Claimed)>, StoreError> {
    let mut statement = transaction.prepare_cached(
        "select project_id, hook, day, seq, kind, due_ms, sent, created_ms, sent - sent_before, max(again_ms, created_ms)
         from delivery indexed by delivery_waiting
         where state = 0 and hook = ? and priority = ? and due_ms <= ?
         order by due_ms
         limit ?",
    )?;
    let limit = bounded(of.limit);
    let mut rows = statement.query(params![of.hook.get(), of.priority.code(), now.0, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (received, sent, tried, since) = (Millis(row.get(7)?), row.get(6)?, row.get(8)?, Millis(row.get(9)?));
        found.push((row.get(5)?, Claimed { key: key_of(row)?, received, sent, tried, since }));
    }
    Ok(found)
}

/// A part of a list.
pub(super) struct Page {
    /// It begins behind this, or at the beginning.
    pub(super) after: Option<DeliveryKey>,
    /// It is no longer.
    pub(super) limit: usize,
}

/// What is leased to a process; the index alone answers.
pub(super) fn of_owner(connection: &Connection, owner: ProcessId, page: Page) -> Result<Vec<DeliveryKey>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select project_id, hook, day, seq, kind
         from delivery indexed by delivery_leased
         where owner = ? and (project_id, hook, day, seq, kind) > (?, ?, ?, ?, ?)
         order by project_id, hook, day, seq, kind
         limit ?",
    )?;
    // No key is lower than this one.
    let [project, hook, day, seq, kind] = page.after.as_ref().map_or([i64::MIN; 5], place);
    let limit = bounded(page.limit);
    let rows = statement.query([owner.get(), project, hook, day, seq, kind, limit])?;
    collect(rows, key_of)
}

/// Frees leases of processes that are marked dead, each with an `interrupted` attempt.
pub(super) fn free_dead(transaction: &Transaction<'_>, now: Millis, limit: usize) -> Result<usize, StoreError> {
    let mut statement = transaction.prepare_cached(
        "select d.project_id, d.hook, d.day, d.seq, d.kind, d.owner, d.attempts
         from process p
         cross join delivery d indexed by delivery_leased on d.owner = p.id
         where p.dead_ms is not null
         limit ?",
    )?;
    let mut rows = statement.query([bounded(limit)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((key_of(row)?, ProcessId::new(row.get(5)?)?, row.get::<_, i64>(6)?));
    }
    let mut log = Log::new(transaction)?;
    let mut free = transaction.prepare_cached(
        "update delivery
         set state = ?, owner = null, due_ms = ?, attempts = attempts + 1, sent = sent + 1
         where project_id = ? and hook = ? and day = ? and seq = ? and kind = ?",
    )?;
    let attempt = AttemptRow::interrupted(now, Interrupted::Lost);
    for (key, owner, attempts) in &found {
        let [project, hook, day, seq, kind] = place(key);
        log.append(&Numbered { key, owner: *owner, number: attempts + 1, attempt: &attempt })?;
        free.execute([WAITING, now.0, project, hook, day, seq, kind])?;
    }
    Ok(found.len())
}
