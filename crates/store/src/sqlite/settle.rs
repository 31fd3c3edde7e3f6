//! Leases and what came of them: settle, give back, claim, free.

use model::attempt::{Interrupted, Outcome};
use model::delivery::{DeliveryState, Priority};
use model::delivery_key::DeliveryKey;
use model::ids::{Day, HookNumber, Millis, ProcessId, ProjectId, Seq};
use rusqlite::types::Value;
use rusqlite::{Row, Transaction, params};
use webhook::Kind;

use super::codes::{SENDING, WAITING};
use crate::error::StoreError;
use crate::ledger::{AttemptRow, Batch, Claim, ClaimOrder, Claimed, NextState, Resolution, Settlement};

/// Appends the attempts of a batch and moves the deliveries' states.
pub(super) fn settle(transaction: &Transaction<'_>, batch: &Batch) -> Result<(), StoreError> {
    for settlement in &batch.settlements {
        settle_one(transaction, batch, settlement)?;
    }
    count_attempts(transaction, batch)
}

fn settle_one(transaction: &Transaction<'_>, batch: &Batch, settlement: &Settlement) -> Result<(), StoreError> {
    let sent = settlement.attempts.iter().filter(|attempt| attempt.went_out).count();
    let replaced = replace_interrupted(transaction, batch.owner, settlement)?;
    let key = &settlement.key;
    let (state, due) = match settlement.next {
        NextState::Delivered => (DeliveryState::Delivered, None),
        NextState::Failed => (DeliveryState::Failed, None),
        NextState::Cancelled => (DeliveryState::Cancelled, None),
        NextState::Waiting { due } => (DeliveryState::Waiting, Some(due.0)),
    };
    let appended = settlement.attempts.len() - usize::from(replaced);
    let sent = sent - usize::from(replaced && sent > 0);
    let count = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
    let (appended_count, sent_count) = (count(appended), count(sent));
    // Ours to move while the lease is ours; a success also counts after the lease was lost.
    let attempts: Option<i64> = transaction
        .prepare_cached(
            "update delivery
             set attempts = attempts + ?1,
                 sent = sent + ?2,
                 settled_ms = iif(owner = ?3 or (?4 = 2 and state <> 2), iif(?4 >= 2, ?5, null), settled_ms),
                 due_ms = iif(owner = ?3 or (?4 = 2 and state <> 2), ?6, due_ms),
                 state = iif(owner = ?3 or (?4 = 2 and state <> 2), ?4, state),
                 owner = iif(owner = ?3 or ?4 = 2, null, owner)
             where project_id = ?7 and hook = ?8 and day = ?9 and seq = ?10 and kind = ?11
             returning attempts",
        )?
        .query_row(
            params![
                appended_count,
                sent_count,
                batch.owner.get(),
                state.code(),
                batch.now.0,
                due,
                key.project.get(),
                key.hook.get(),
                key.day.0,
                i64::from(key.seq),
                key.kind.code(),
            ],
            |row| row.get(0),
        )
        .map(Some)
        .or_else(none_where_gone)?;
    // The delivery was deleted while it was on its way: there is no log to append to.
    let Some(attempts) = attempts else { return Ok(()) };
    let first = attempts - appended_count + 1;
    for (number, attempt) in (first..).zip(settlement.attempts.iter().skip(usize::from(replaced))) {
        insert_attempt(transaction, batch.owner, Numbered { key, number, attempt })?;
    }
    Ok(())
}

fn none_where_gone(error: rusqlite::Error) -> Result<Option<i64>, rusqlite::Error> {
    match error {
        rusqlite::Error::QueryReturnedNoRows => Ok(None),
        other => Err(other),
    }
}

/// An attempt with its place in a delivery's log.
struct Numbered<'a> {
    key: &'a DeliveryKey,
    number: i64,
    attempt: &'a AttemptRow,
}

/// A late outcome takes the place of the `interrupted` row that stood for it. True where there was one.
fn replace_interrupted(
    transaction: &Transaction<'_>,
    owner: ProcessId,
    settlement: &Settlement,
) -> Result<bool, StoreError> {
    let Some(attempt) = settlement.attempts.first() else { return Ok(false) };
    let key = &settlement.key;
    let mut lost = transaction.prepare_cached(
        "select 1 from delivery
         where project_id = ? and hook = ? and day = ? and seq = ? and kind = ? and owner is not ?",
    )?;
    let place = params![key.project.get(), key.hook.get(), key.day.0, i64::from(key.seq), key.kind.code(), owner.get()];
    if !lost.exists(place)? {
        return Ok(false);
    }
    let replaced = transaction
        .prepare_cached(
            "update attempt
             set started_ms = ?, outcome = ?, cause = ?, went_out = ?, status = ?, reused = ?, duration_us = ?,
                 phases_us = ?, error = ?, response_headers = ?, response_body = ?
             where project_id = ? and hook = ? and day = ? and seq = ? and kind = ? and owner = ? and outcome = ?",
        )?
        .execute(rusqlite::params_from_iter(attempt_values(attempt).into_iter().chain([
            Value::from(key.project.get()),
            Value::from(i64::from(key.hook.get())),
            Value::from(i64::from(key.day.0)),
            Value::from(i64::from(key.seq)),
            Value::from(i64::from(key.kind.code())),
            Value::from(owner.get()),
            Value::from(i64::from(Outcome::Interrupted(Interrupted::Lost).code())),
        ])))?;
    Ok(replaced > 0)
}

fn insert_attempt(transaction: &Transaction<'_>, owner: ProcessId, row: Numbered<'_>) -> Result<(), StoreError> {
    let Numbered { key, number, attempt } = row;
    transaction
        .prepare_cached(
            "insert into attempt (project_id, hook, day, seq, kind, number, owner, started_ms, outcome, cause, went_out,
                                  status, reused, duration_us, phases_us, error, response_headers, response_body)
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            key.project.get(),
            key.hook.get(),
            key.day.0,
            i64::from(key.seq),
            key.kind.code(),
            number,
            owner.get(),
            attempt.started.0,
            attempt.outcome.code(),
            attempt.outcome.cause_code(),
            attempt.went_out,
            attempt.status,
            attempt.reused,
            i64::try_from(attempt.duration_us).unwrap_or(i64::MAX),
            phases_text(attempt),
            attempt.error,
            attempt.response_headers,
            attempt.response_body,
        ])?;
    Ok(())
}

fn attempt_values(attempt: &AttemptRow) -> Vec<Value> {
    vec![
        attempt.started.0.into(),
        i64::from(attempt.outcome.code()).into(),
        i64::from(attempt.outcome.cause_code()).into(),
        i64::from(attempt.went_out).into(),
        attempt.status.map(i64::from).into(),
        i64::from(attempt.reused).into(),
        i64::try_from(attempt.duration_us).unwrap_or(i64::MAX).into(),
        phases_text(attempt).into(),
        attempt.error.clone().into(),
        attempt.response_headers.clone().into(),
        attempt.response_body.clone().into(),
    ]
}

fn phases_text(attempt: &AttemptRow) -> String {
    let [resolve, connect, tls, first_byte] = attempt.phases_us;
    format!("{resolve} {connect} {tls} {first_byte}")
}

/// Counts a batch's attempts, once for each hook and interval.
fn count_attempts(transaction: &Transaction<'_>, batch: &Batch) -> Result<(), StoreError> {
    let mut counts = std::collections::BTreeMap::<(HookNumber, i64), i64>::new();
    for settlement in &batch.settlements {
        for attempt in &settlement.attempts {
            *counts.entry((settlement.key.hook, attempt.started.0 / 10_000)).or_default() += 1;
        }
    }
    for ((hook, tens), count) in counts {
        for resolution in Resolution::ALL {
            let length = resolution.seconds();
            transaction
                .prepare_cached(
                    "insert into hook_count (hook, resolution_s, start_s, attempts)
                     values (?, ?, ?, ?)
                     on conflict do update set attempts = attempts + excluded.attempts",
                )?
                .execute(params![hook.get(), length, tens * 10 / length * length, count])?;
        }
    }
    Ok(())
}

/// Frees leases that are not wanted any more: the deliveries wait again, due when they were.
pub(super) fn give_back(transaction: &Transaction<'_>, batch: &Batch) -> Result<(), StoreError> {
    for key in &batch.give_backs {
        transaction
            .prepare_cached(
                "update delivery
                 set state = ?, owner = null, due_ms = created_ms
                 where project_id = ? and hook = ? and day = ? and seq = ? and kind = ? and owner = ?",
            )?
            .execute(params![
                WAITING,
                key.project.get(),
                key.hook.get(),
                key.day.0,
                i64::from(key.seq),
                key.kind.code(),
                batch.owner.get(),
            ])?;
    }
    Ok(())
}

/// Leases what waits, for each claim of the batch.
pub(super) fn claim(transaction: &Transaction<'_>, batch: &Batch) -> Result<Vec<Vec<Claimed>>, StoreError> {
    batch.claims.iter().map(|claim| claim_for(transaction, batch, claim)).collect()
}

fn claim_for(transaction: &Transaction<'_>, batch: &Batch, claim: &Claim) -> Result<Vec<Claimed>, StoreError> {
    let mut found = Vec::new();
    match claim.order {
        ClaimOrder::Priority => {
            for priority in Priority::ALL {
                let room = claim.limit - found.len();
                found.extend(due(transaction, batch.now, Due { hook: claim.hook, priority, limit: room })?);
            }
        }
        ClaimOrder::Age => {
            for priority in Priority::ALL {
                found.extend(due(transaction, batch.now, Due { hook: claim.hook, priority, limit: claim.limit })?);
            }
            found.sort_by_key(|(due_ms, _)| *due_ms);
            found.truncate(claim.limit);
        }
    }
    let mut lease = transaction.prepare_cached(
        "update delivery
         set state = ?, owner = ?, due_ms = null
         where project_id = ? and hook = ? and day = ? and seq = ? and kind = ?",
    )?;
    for (_, claimed) in &found {
        let key = claimed.key;
        lease.execute(params![
            SENDING,
            batch.owner.get(),
            key.project.get(),
            key.hook.get(),
            key.day.0,
            i64::from(key.seq),
            key.kind.code(),
        ])?;
    }
    Ok(found.into_iter().map(|(_, claimed)| claimed).collect())
}

/// Which waiting deliveries to look for.
struct Due {
    hook: HookNumber,
    priority: Priority,
    limit: usize,
}

fn due(transaction: &Transaction<'_>, now: Millis, of: Due) -> Result<Vec<(i64, Claimed)>, StoreError> {
    let mut statement = transaction.prepare_cached(
        "select project_id, hook, day, seq, kind, due_ms, sent, created_ms
         from delivery indexed by delivery_waiting
         where state = 0 and hook = ? and priority = ? and due_ms <= ?
         order by due_ms
         limit ?",
    )?;
    let limit = i64::try_from(of.limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![of.hook.get(), of.priority.code(), now.0, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((row.get(5)?, Claimed { key: key_of(row)?, received: Millis(row.get(7)?), sent: row.get(6)? }));
    }
    Ok(found)
}

/// Frees leases of processes that are marked dead, each with an `interrupted` attempt.
pub(super) fn free_dead(transaction: &Transaction<'_>, now: Millis, limit: usize) -> Result<usize, StoreError> {
    let mut statement = transaction.prepare_cached(
        "select d.project_id, d.hook, d.day, d.seq, d.kind, d.owner, d.attempts
         from delivery d indexed by delivery_leased
         join process p on p.id = d.owner
         where d.owner is not null and p.dead_ms is not null
         limit ?",
    )?;
    let mut rows = statement.query([i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((key_of(row)?, ProcessId::new(row.get(5)?)?, row.get::<_, i64>(6)?));
    }
    for (key, owner, attempts) in &found {
        let attempt = AttemptRow::interrupted(now, Interrupted::Lost);
        insert_attempt(transaction, *owner, Numbered { key, number: attempts + 1, attempt: &attempt })?;
        transaction
            .prepare_cached(
                "update delivery
                 set state = ?, owner = null, due_ms = ?, attempts = attempts + 1, sent = sent + 1
                 where project_id = ? and hook = ? and day = ? and seq = ? and kind = ?",
            )?
            .execute(params![
                WAITING,
                now.0,
                key.project.get(),
                key.hook.get(),
                key.day.0,
                i64::from(key.seq),
                key.kind.code(),
            ])?;
    }
    Ok(found.len())
}

/// The key that stands in a row's first five columns.
pub(super) fn key_of(row: &Row<'_>) -> Result<DeliveryKey, StoreError> {
    Ok(DeliveryKey {
        project: ProjectId::new(row.get(0)?)?,
        hook: HookNumber::try_from(row.get::<_, i64>(1)?)?,
        day: Day(row.get(2)?),
        seq: Seq::try_from(row.get::<_, i64>(3)?)?,
        kind: Kind::from_code(row.get(4)?)?,
    })
}
