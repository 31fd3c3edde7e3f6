//! What came of leased deliveries.
//!
//! The common path of a settlement is one update, one look at the row just updated, and one insert. Whatever is rarer (a
//! lost lease, a repeated failure to connect) is found out only where it may apply.

use model::delivery::DeliveryState;
use rusqlite::{CachedStatement, OptionalExtension, Transaction, params};
use webhook::Kind;

use super::attempts::{self, Log, Numbered};
use super::counts::Counts;
use super::figures::Outcomes;
use super::place::place;
use super::savepoint::{Care, part};
use crate::error::StoreError;
use crate::ledger::{AttemptRow, Batch, NextState, Settlement};

/// Appends the attempts of a batch and moves the deliveries' states.
pub(super) fn settle(transaction: &Transaction<'_>, batch: &Batch, care: Care) -> Result<(), StoreError> {
    if batch.settlements.is_empty() {
        return Ok(());
    }
    let mut settling = Settling::new(transaction, batch)?;
    let (mut counts, mut outcomes) = (Counts::default(), Outcomes::default());
    for settlement in &batch.settlements {
        match part(transaction, care, || settling.settle(settlement))? {
            Ok(logged) => {
                for attempt in logged {
                    counts.add(settlement.key.hook, attempt.started);
                    // A test says nothing of how deliveries go.
                    if settlement.key.kind != Kind::Test {
                        outcomes.add(settlement.key.hook, attempt);
                    }
                }
            }
            Err(refusal) => settling.give_up(settlement, &refusal)?,
        }
    }
    outcomes.write(transaction)?;
    counts.write(transaction)
}

/// One batch's settlements.
struct Settling<'t> {
    transaction: &'t Transaction<'t>,
    batch: &'t Batch,
    move_ours: CachedStatement<'t>,
    count_log: CachedStatement<'t>,
    log: Log<'t>,
}

impl<'t> Settling<'t> {
    fn new(transaction: &'t Transaction<'t>, batch: &'t Batch) -> Result<Self, StoreError> {
        let move_ours = transaction.prepare_cached(
            "update delivery
             set state = ?, owner = null, due_ms = ?, settled_ms = ?, attempts = attempts + ?, sent = sent + ?
             where project_id = ? and hook = ? and day = ? and seq = ? and kind = ? and owner = ?",
        )?;
        // Cheaper than `returning`, which goes through a table of its own.
        let count_log = transaction.prepare_cached(
            "select attempts from delivery where project_id = ? and hook = ? and day = ? and seq = ? and kind = ?",
        )?;
        Ok(Settling { transaction, batch, move_ours, count_log, log: Log::new(transaction)? })
    }

    /// Settles a delivery; the attempts that were not in the log before.
    fn settle<'s>(&mut self, settlement: &'s Settlement) -> Result<&'s [AttemptRow], StoreError> {
        let (key, attempts) = (&settlement.key, settlement.attempts.as_slice());
        let whose = (key, self.batch.owner);
        let folded = match attempts.first() {
            Some(first) if !first.went_out => attempts::fold(self.transaction, whose, first)?,
            Some(_) | None => false,
        };
        let appended = attempts.get(usize::from(folded)..).unwrap_or_default();
        let (state, due_ms) = next_state(settlement.next);
        let settled_ms = due_ms.is_none().then_some(self.batch.now.0);
        let [project, hook, day, seq, kind] = place(key);
        let moved = self.move_ours.execute(params![
            state.code(),
            due_ms,
            settled_ms,
            count(appended),
            went_out(appended),
            project,
            hook,
            day,
            seq,
            kind,
            self.batch.owner.get(),
        ])?;
        if moved == 0 {
            return self.settle_late(settlement);
        }
        if !appended.is_empty() {
            let logged = self.count_log.query_row([project, hook, day, seq, kind], |row| row.get(0))?;
            self.append(settlement, appended, logged)?;
        }
        Ok(attempts)
    }

    /// The lease is not ours any more: the log is completed, and only a success moves the state.
    fn settle_late<'s>(&mut self, settlement: &'s Settlement) -> Result<&'s [AttemptRow], StoreError> {
        let (key, whose) = (&settlement.key, (&settlement.key, self.batch.owner));
        let attempts = settlement.attempts.as_slice();
        let Some(first) = attempts.first() else { return Ok(&[]) };
        if attempts::is_logged(self.transaction, whose, first)? {
            return Ok(&[]);
        }
        let replaced = attempts::replace_interrupted(self.transaction, whose, first)?;
        let appended = attempts.get(usize::from(replaced)..).unwrap_or_default();
        // What stood for a lost attempt was counted as sent.
        let sent = went_out(attempts) - i64::from(replaced);
        let [project, hook, day, seq, kind] = place(key);
        let logged: Option<i64> = self
            .transaction
            .prepare_cached(
                "update delivery
                 set attempts = attempts + ?, sent = sent + ?
                 where project_id = ? and hook = ? and day = ? and seq = ? and kind = ?
                 returning attempts",
            )?
            .query_row([count(appended), sent, project, hook, day, seq, kind], |row| row.get(0))
            .optional()?;
        // Deleted while it was on its way: there is no log to append to.
        let Some(logged) = logged else { return Ok(&[]) };
        self.append(settlement, appended, logged)?;
        if settlement.next == NextState::Delivered {
            self.transaction
                .prepare_cached(
                    "update delivery
                     set state = ?1, owner = null, due_ms = null, settled_ms = ?2
                     where project_id = ?3 and hook = ?4 and day = ?5 and seq = ?6 and kind = ?7 and state <> ?1",
                )?
                .execute(params![DeliveryState::Delivered.code(), self.batch.now.0, project, hook, day, seq, kind])?;
        }
        Ok(attempts)
    }

    /// Appends attempts; `logged` counts the log with them.
    fn append(&mut self, settlement: &Settlement, rows: &[AttemptRow], logged: i64) -> Result<(), StoreError> {
        let (key, owner) = (&settlement.key, self.batch.owner);
        let first = logged - count(rows) + 1;
        for (number, attempt) in (first..).zip(rows) {
            self.log.append(&Numbered { key, owner, number, attempt })?;
        }
        Ok(())
    }

    /// An outcome that the store refuses would be refused again: its delivery fails, without it in the log.
    fn give_up(&self, settlement: &Settlement, refusal: &StoreError) -> Result<(), StoreError> {
        let [project, hook, day, seq, kind] = place(&settlement.key);
        let cause = std::error::Error::source(refusal);
        tracing::error!(
            delivery.hook = hook,
            delivery.seq = seq,
            error = %refusal,
            cause,
            "the store refused an outcome: the delivery is failed"
        );
        self.transaction
            .prepare_cached(
                "update delivery
                 set state = ?, owner = null, due_ms = null, settled_ms = ?
                 where project_id = ? and hook = ? and day = ? and seq = ? and kind = ? and owner = ?",
            )?
            .execute(params![
                DeliveryState::Failed.code(),
                self.batch.now.0,
                project,
                hook,
                day,
                seq,
                kind,
                self.batch.owner.get(),
            ])?;
        Ok(())
    }
}

/// The state, and when it is due where it waits.
fn next_state(next: NextState) -> (DeliveryState, Option<i64>) {
    match next {
        NextState::Delivered => (DeliveryState::Delivered, None),
        NextState::Failed => (DeliveryState::Failed, None),
        NextState::Expired => (DeliveryState::Expired, None),
        NextState::Cancelled => (DeliveryState::Cancelled, None),
        NextState::Waiting { due } => (DeliveryState::Waiting, Some(due.0)),
    }
}

fn count(rows: &[AttemptRow]) -> i64 {
    i64::try_from(rows.len()).unwrap_or(i64::MAX)
}

fn went_out(rows: &[AttemptRow]) -> i64 {
    rows.iter().map(|attempt| i64::from(attempt.went_out)).sum()
}
