//! Which counters are kept because a rule asks for them.
//!
//! A rule's change moves its project's generation in the same transaction, so whatever is recorded from then on is counted
//! as it comes. What was recorded before is counted later, from the stored events: a `counter_fill` row says up to where.

use std::collections::BTreeMap;

use model::ids::{ProjectId, RuleId};
use model::rules::{Counter, CounterKey};
use rusqlite::{Transaction, params};

use crate::error::StoreError;

/// Replaces the counters that a rule asks for.
pub(super) fn replace(
    transaction: &Transaction<'_>,
    (project, rule): (ProjectId, RuleId),
    wanted: &[Counter],
) -> Result<(), StoreError> {
    // Two conditions of a rule may ask for the same.
    let wanted: BTreeMap<CounterKey, &Counter> = wanted.iter().map(|counter| (counter.key, counter)).collect();
    let before = keys_of(transaction, rule)?;
    for key in wanted.keys() {
        if !is_asked_for(transaction, project, *key)? {
            begin(transaction, project, *key)?;
        }
    }
    transaction.execute("delete from rule_counter where rule_id = ?", [rule.get()])?;
    for counter in wanted.values() {
        transaction
            .prepare_cached(
                "insert into rule_counter (project_id, key, rule_id, counts_users, bucket_s, reach_s)
                 values (?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                project.get(),
                counter.key.0,
                rule.get(),
                counter.counts_users,
                counter.bucket_seconds,
                counter.reach_seconds,
            ])?;
    }
    for key in before {
        if !is_asked_for(transaction, project, key)? {
            transaction
                .prepare_cached("delete from counter_fill where project_id = ? and key = ?")?
                .execute([project.get(), key.0])?;
        }
    }
    Ok(())
}

fn keys_of(transaction: &Transaction<'_>, rule: RuleId) -> Result<Vec<CounterKey>, StoreError> {
    let mut statement = transaction.prepare_cached("select key from rule_counter where rule_id = ?")?;
    let keys = statement.query_map([rule.get()], |row| Ok(CounterKey(row.get(0)?)))?;
    Ok(keys.collect::<Result<_, _>>()?)
}

/// Whether any rule asks for a counter.
fn is_asked_for(transaction: &Transaction<'_>, project: ProjectId, key: CounterKey) -> Result<bool, StoreError> {
    Ok(transaction
        .prepare_cached("select 1 from rule_counter where project_id = ? and key = ? limit 1")?
        .exists([project.get(), key.0])?)
}

/// Lets a counter begin from nothing, to be filled with what is recorded already. What it may have counted for a rule that
/// is gone goes, so that the filling counts nothing twice.
fn begin(transaction: &Transaction<'_>, project: ProjectId, key: CounterKey) -> Result<(), StoreError> {
    transaction
        .prepare_cached("delete from issue_count where project_id = ? and key = ?")?
        .execute([project.get(), key.0])?;
    transaction
        .prepare_cached("delete from issue_user_count where project_id = ? and key = ?")?
        .execute([project.get(), key.0])?;
    transaction
        .prepare_cached(
            "insert into counter_fill (project_id, key, below_seq)
             values (?, ?, 1 + max(coalesce((select max(seq) from event), 0),
                                   (select value from meta where name = 'seq')))
             on conflict do update set below_seq = excluded.below_seq",
        )?
        .execute([project.get(), key.0])?;
    Ok(())
}
