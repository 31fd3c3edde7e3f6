//! How the receivers of hooks stand: one row for each hook, written when it changed, and the count of an open circuit's probes.

use model::hook::DisabledBy;
use model::ids::{HookNumber, Millis, ProjectId};
use model::standing::{Opened, Standing};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::hooks;
use super::rows::{collect, touch};
use crate::error::StoreError;
use crate::ledger::Batch;

/// All standings.
pub(super) fn all(connection: &Connection) -> Result<Vec<(HookNumber, Standing)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select s.hook, s.failures, s.broken, s.unsent, s.failing_since_ms, s.opened_ms, s.probes, s.probed_ms,
                s.paused_until_ms, s.gone_ms, s.succeeded_ms, s.failed_ms
         from hook h
         join hook_standing s on s.hook = h.number
         where h.deleted = 0",
    )?;
    collect(statement.query([])?, standing_of)
}

/// Writes what a batch says of receivers, and disables the hooks of those that are gone.
pub(super) fn write(transaction: &Transaction<'_>, batch: &Batch) -> Result<(), StoreError> {
    for (hook, standing) in &batch.standings {
        write_one(transaction, *hook, standing)?;
    }
    for hook in &batch.gone {
        let project: Option<i64> = transaction
            .prepare_cached("select project_id from hook where number = ? and active = 1")?
            .query_row([hook.get()], |row| row.get(0))
            .optional()?;
        // Somebody was faster.
        let Some(project) = project else { continue };
        hooks::disable(transaction, *hook, (DisabledBy::Gone, Some(batch.now)))?;
        touch(transaction, ProjectId::new(project)?)?;
    }
    Ok(())
}

/// A probe that was counted since the standing was noted stays counted. A deleted hook has no standing to keep.
fn write_one(transaction: &Transaction<'_>, hook: HookNumber, standing: &Standing) -> Result<(), StoreError> {
    let millis = |time: Option<Millis>| time.map(|time| time.0);
    let opened = standing.opened;
    transaction
        .prepare_cached(
            "insert into hook_standing (hook, failures, broken, unsent, failing_since_ms, opened_ms, probes, probed_ms,
                                        paused_until_ms, gone_ms, succeeded_ms, failed_ms)
             select ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
             where exists (select 1 from hook where number = ?1 and deleted = 0)
             on conflict do update
             set failures = excluded.failures, broken = excluded.broken, unsent = excluded.unsent,
                 failing_since_ms = excluded.failing_since_ms, opened_ms = excluded.opened_ms,
                 probes = iif(opened_ms is excluded.opened_ms, max(probes, excluded.probes), excluded.probes),
                 probed_ms = iif(opened_ms is excluded.opened_ms and probes > excluded.probes, probed_ms, excluded.probed_ms),
                 paused_until_ms = excluded.paused_until_ms, gone_ms = excluded.gone_ms,
                 succeeded_ms = excluded.succeeded_ms, failed_ms = excluded.failed_ms",
        )?
        .execute(params![
            hook.get(),
            standing.failures,
            standing.broken,
            standing.unsent,
            millis(standing.failing_since),
            millis(opened.map(|opened| opened.at)),
            opened.map_or(0, |opened| opened.probes),
            millis(opened.and_then(|opened| opened.probed)),
            millis(standing.paused_until),
            millis(standing.gone),
            millis(standing.succeeded),
            millis(standing.failed),
        ])?;
    Ok(())
}

/// Counts a probe of an open circuit. False where it is closed or has had another number of them: somebody else probes.
pub(super) fn begin_probe(
    transaction: &Transaction<'_>,
    (hook, probes): (HookNumber, u32),
    now: Millis,
) -> Result<bool, StoreError> {
    let counted = transaction
        .prepare_cached(
            "update hook_standing
             set probes = probes + 1, probed_ms = ?
             where hook = ? and opened_ms is not null and probes = ?",
        )?
        .execute(params![now.0, hook.get(), probes])?;
    Ok(counted > 0)
}

fn standing_of(row: &Row<'_>) -> Result<(HookNumber, Standing), StoreError> {
    let millis = |index| row.get::<_, Option<i64>>(index).map(|time| time.map(Millis));
    let (probes, probed) = (row.get(6)?, millis(7)?);
    let standing = Standing {
        failures: row.get(1)?,
        broken: row.get(2)?,
        unsent: row.get(3)?,
        failing_since: millis(4)?,
        opened: millis(5)?.map(|at| Opened { at, probes, probed }),
        paused_until: millis(8)?,
        gone: millis(9)?,
        succeeded: millis(10)?,
        failed: millis(11)?,
    };
    Ok((HookNumber::try_from(row.get::<_, i64>(0)?)?, standing))
}
