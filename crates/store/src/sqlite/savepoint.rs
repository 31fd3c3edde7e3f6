//! Parts of a transaction that fail alone.
//!
//! Called by the record transaction when it is repeated because something in it was refused.

use rusqlite::Transaction;

use crate::error::StoreError;

/// Whether a part that is refused takes its transaction with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// It does: the common case, at no cost.
    Whole,
    /// What it changed is undone, the rest stands.
    EachAlone,
}

/// What became of a part; the outer error ends the transaction.
pub(super) type Part<T> = Result<Result<T, StoreError>, StoreError>;

/// Runs a part of a transaction.
pub(super) fn part<T>(
    transaction: &Transaction<'_>,
    care: Care,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Part<T> {
    if care == Care::Whole {
        return work().map(Ok);
    }
    transaction.execute_batch("savepoint part")?;
    match work() {
        Err(outage) if outage.is_outage() => Err(outage),
        Err(refusal) => {
            transaction.execute_batch("rollback to part; release part")?;
            Ok(Err(refusal))
        }
        done => {
            transaction.execute_batch("release part")?;
            Ok(done)
        }
    }
}
