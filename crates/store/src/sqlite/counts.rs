//! How many attempts a hook has had, in intervals.
//!
//! An attempt is counted once, in the finest interval; upkeep moves counts to the next coarser one when they are as old as
//! their resolution is kept. So a transaction writes one row for each hook, and a coarse count is the sum of the finer ones.

use std::collections::BTreeMap;

use model::ids::{HookNumber, Millis};
use rusqlite::{Connection, Transaction, params};

use crate::error::StoreError;
use crate::ledger::{CountRange, Resolution};

/// The attempts of one transaction.
#[derive(Default)]
pub(super) struct Counts(BTreeMap<(HookNumber, i64), i64>);

impl Counts {
    /// Counts an attempt.
    pub(super) fn add(&mut self, hook: HookNumber, started: Millis) {
        *self.0.entry((hook, interval(started, Resolution::TenSeconds))).or_default() += 1;
    }

    /// Writes them, once for each hook and interval.
    pub(super) fn write(&self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        let mut add = transaction.prepare_cached(
            "insert into hook_count (hook, resolution_s, start_s, attempts)
             values (?, ?, ?, ?)
             on conflict do update set attempts = attempts + excluded.attempts",
        )?;
        for ((hook, start), count) in &self.0 {
            add.execute([hook.get().into(), Resolution::TenSeconds.seconds(), *start, *count])?;
        }
        Ok(())
    }
}

/// Attempts of a hook, by interval.
pub(super) fn of_hook(
    connection: &Connection,
    hook: HookNumber,
    range: CountRange,
) -> Result<Vec<(Millis, u64)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select start_s - start_s % ?1 as interval_s, sum(attempts)
         from hook_count
         where hook = ?2 and resolution_s in (10, 3600, 86400) and resolution_s <= ?1 and start_s between ?3 and ?4
         group by interval_s
         order by interval_s",
    )?;
    let length = range.resolution.seconds();
    let first = interval(range.since, range.resolution);
    let last = interval(range.until, range.resolution) + length - 1;
    let rows = statement.query_map(params![length, hook.get(), first, last], |row| {
        Ok((Millis(row.get::<_, i64>(0)? * 1_000), row.get::<_, i64>(1)?.unsigned_abs()))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Moves a hook's counts that are older than their resolution is kept to the next coarser one; the coarsest go.
pub(super) fn age(transaction: &Transaction<'_>, hook: i64, now: Millis) -> Result<(), StoreError> {
    let mut sum_up = transaction.prepare_cached(
        "insert into hook_count (hook, resolution_s, start_s, attempts)
         select hook, ?4, start_s - start_s % ?4, attempts
         from hook_count
         where hook = ?1 and resolution_s = ?2 and start_s < ?3
         on conflict do update set attempts = attempts + excluded.attempts",
    )?;
    let mut delete =
        transaction.prepare_cached("delete from hook_count where hook = ? and resolution_s = ? and start_s < ?")?;
    let coarser = Resolution::ALL.into_iter().skip(1).map(Some).chain([None]);
    for (resolution, coarser) in Resolution::ALL.into_iter().zip(coarser) {
        let before = now.0.div_euclid(1_000) - resolution.kept_seconds();
        if let Some(coarser) = coarser {
            sum_up.execute([hook, resolution.seconds(), before, coarser.seconds()])?;
        }
        delete.execute([hook, resolution.seconds(), before])?;
    }
    Ok(())
}

/// The second in which the interval of a moment begins.
fn interval(moment: Millis, resolution: Resolution) -> i64 {
    let second = moment.0.div_euclid(1_000);
    second - second.rem_euclid(resolution.seconds())
}
