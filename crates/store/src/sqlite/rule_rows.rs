//! What goes of a rule's history: firings of days that are not kept, and all of a deleted rule's, with its row.
//!
//! Each function takes a bounded number of rows; [`sweep`](super::sweep) says how many.

use model::ids::Millis;
use rusqlite::{OptionalExtension as _, Transaction};

use super::retention::bounded;
use crate::error::StoreError;

/// A rule of which rows are to go.
pub(super) struct RuleOf {
    /// Its id.
    pub(super) id: i64,
    project: i64,
    is_deleted: bool,
}

/// The rule with the next higher id.
pub(super) fn after(transaction: &Transaction<'_>, id: i64) -> Result<Option<RuleOf>, StoreError> {
    let mut next =
        transaction.prepare_cached("select id, project_id, deleted from rule where id > ? order by id limit 1")?;
    let rule =
        next.query_row([id], |row| Ok(RuleOf { id: row.get(0)?, project: row.get(1)?, is_deleted: row.get(2)? }));
    Ok(rule.optional()?)
}

/// Deletes firings from before a moment, all of them where the rule is deleted, and then its row. Returns how many firings;
/// fewer than `limit` if none is left.
pub(super) fn delete(
    transaction: &Transaction<'_>,
    rule: &RuleOf,
    before: Millis,
    limit: usize,
) -> Result<usize, StoreError> {
    let before = if rule.is_deleted { i64::MAX } else { before.0 };
    // Numbers rise with the time of firing: the oldest come first.
    let mut oldest = transaction.prepare_cached(
        "select seq, fired_ms from rule_fired where project_id = ? and rule_id = ? order by seq limit ?",
    )?;
    let mut rows = oldest.query([rule.project, rule.id, bounded(limit)])?;
    let mut delete =
        transaction.prepare_cached("delete from rule_fired where project_id = ? and rule_id = ? and seq = ?")?;
    let mut old = Vec::new();
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>(1)? >= before {
            break;
        }
        old.push(row.get::<_, i64>(0)?);
    }
    for seq in &old {
        delete.execute([rule.project, rule.id, *seq])?;
    }
    if rule.is_deleted && old.len() < limit {
        transaction.prepare_cached("delete from rule where id = ?")?.execute([rule.id])?;
    }
    Ok(old.len())
}
