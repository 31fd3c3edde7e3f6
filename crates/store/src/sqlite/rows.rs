//! What every room needs: reading rows, naming refusals, moving versions.

use model::ids::ProjectId;
use rusqlite::{Row, Rows, Transaction};

use crate::error::StoreError;

/// Moves the directory's version and the project's generation: what was matched before is matched again. Every change to
/// what the directory holds of a project calls it.
///
/// # Errors
/// `Missing` where there is no such project, or it is deleted.
pub(super) fn touch(transaction: &Transaction<'_>, project: ProjectId) -> Result<(), StoreError> {
    let moved = transaction
        .execute("update project set generation = generation + 1 where id = ? and deleted = 0", [project.get()])?;
    found(moved, "project")?;
    touch_directory(transaction)
}

/// Moves the directory's version.
pub(super) fn touch_directory(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction.execute("update meta set value = value + 1 where name = 'directory_version'", [])?;
    Ok(())
}

/// `TooMany` where a project has `most` of something already; `count` is the statement that counts them. Inside the
/// transaction that would make one more, so that two callers at once cannot both pass.
pub(super) fn has_room(
    transaction: &Transaction<'_>,
    (project, count): (ProjectId, &str),
    (what, most): (&'static str, usize),
) -> Result<(), StoreError> {
    let found: i64 = transaction.prepare_cached(count)?.query_row([project.get()], |row| row.get(0))?;
    if usize::try_from(found).unwrap_or(usize::MAX) < most { Ok(()) } else { Err(StoreError::TooMany { what, most }) }
}

/// An error where a statement touched no row.
pub(super) fn found(rows: usize, what: &'static str) -> Result<(), StoreError> {
    if rows == 0 { Err(StoreError::Missing { what }) } else { Ok(()) }
}

/// `Taken` where a unique constraint refused the statement.
pub(super) fn taken(error: rusqlite::Error, what: &'static str) -> StoreError {
    use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
    match error.sqlite_error().map(|cause| cause.extended_code) {
        Some(SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY) => StoreError::Taken { what },
        _ => StoreError::from(error),
    }
}

/// `Missing` where a foreign key refused the statement, `Taken` where a unique constraint did.
pub(super) fn missing_or_taken(error: rusqlite::Error, missing: &'static str, unique: &'static str) -> StoreError {
    match error.sqlite_error().map(|cause| cause.extended_code) {
        Some(rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => StoreError::Missing { what: missing },
        _ => taken(error, unique),
    }
}

/// The only row, read by `read`.
pub(super) fn one<T>(
    mut rows: Rows<'_>,
    what: &'static str,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    read(rows.next()?.ok_or(StoreError::Missing { what })?)
}

/// Every row, read by `read`.
pub(super) fn collect<T>(
    mut rows: Rows<'_>,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(read(row)?);
    }
    Ok(all)
}

/// A limit as statements want it.
pub(super) fn bounded(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
