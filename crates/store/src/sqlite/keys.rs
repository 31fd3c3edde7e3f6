//! Project keys.

use model::ids::{Millis, ProjectId};
use protocol::PublicKey;
use rusqlite::{Connection, Row, Transaction, params};

use super::rows::{collect, found, one, taken, touch};
use crate::catalog::{KeyChange, ProjectKey, RateLimit};
use crate::error::StoreError;

const SELECT: &str = "select public, secret, project_id, name, active, created_ms, rate_limit_count, rate_limit_window_s from project_key";

/// Every key.
pub(super) fn all(connection: &Connection) -> Result<Vec<ProjectKey>, StoreError> {
    collect(connection.prepare_cached(SELECT)?.query([])?, key_of)
}

/// The keys of a project, newest first.
pub(super) fn of_project(connection: &Connection, project: ProjectId) -> Result<Vec<ProjectKey>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("{SELECT} where project_id = ? order by created_ms desc, public"))?;
    collect(statement.query([project.get()])?, key_of)
}

/// Makes a key.
pub(super) fn create(transaction: &Transaction<'_>, key: ProjectKey) -> Result<ProjectKey, StoreError> {
    touch(transaction, key.project)?;
    insert(transaction, &key)?;
    Ok(key)
}

/// Inserts a key of a project that is known to be there.
pub(super) fn insert(transaction: &Transaction<'_>, key: &ProjectKey) -> Result<(), StoreError> {
    let (count, window) = columns(key.rate_limit);
    transaction
        .execute(
            "insert into project_key
               (public, secret, project_id, name, active, created_ms, rate_limit_count, rate_limit_window_s)
             values (?, ?, ?, ?, ?, ?, ?, ?)",
            params![key.public.0, key.secret.0, key.project.get(), key.name, key.active, key.created.0, count, window],
        )
        .map_err(|error| taken(error, "key"))?;
    Ok(())
}

/// Changes a key.
pub(super) fn update(
    transaction: &Transaction<'_>,
    (project, key): (ProjectId, PublicKey),
    change: &KeyChange,
) -> Result<ProjectKey, StoreError> {
    let (count, window) = columns(change.rate_limit.flatten());
    let changed = transaction.execute(
        "update project_key set
           name = coalesce(?, name),
           active = coalesce(?, active),
           rate_limit_count = case when ? then ? else rate_limit_count end,
           rate_limit_window_s = case when ?3 then ? else rate_limit_window_s end
         where project_id = ? and public = ?",
        params![change.name, change.active, change.rate_limit.is_some(), count, window, project.get(), key.0],
    )?;
    found(changed, "key")?;
    touch(transaction, project)?;
    let mut statement = transaction.prepare_cached(&format!("{SELECT} where public = ?"))?;
    one(statement.query([key.0])?, "key", key_of)
}

/// Deletes a key.
pub(super) fn delete(transaction: &Transaction<'_>, project: ProjectId, key: PublicKey) -> Result<(), StoreError> {
    let deleted = transaction
        .execute("delete from project_key where project_id = ? and public = ?", params![project.get(), key.0])?;
    found(deleted, "key")?;
    touch(transaction, project)
}

fn columns(limit: Option<RateLimit>) -> (Option<u32>, Option<u32>) {
    limit.map(|limit| (limit.count, limit.window_seconds)).unzip()
}

fn key_of(row: &Row<'_>) -> Result<ProjectKey, StoreError> {
    Ok(ProjectKey {
        public: PublicKey(row.get(0)?),
        secret: PublicKey(row.get(1)?),
        project: ProjectId::new(row.get(2)?)?,
        name: row.get(3)?,
        active: row.get(4)?,
        created: Millis(row.get(5)?),
        rate_limit: rate_limit(row.get(6)?, row.get(7)?),
    })
}

/// The schema has both or neither.
fn rate_limit(count: Option<u32>, window_seconds: Option<u32>) -> Option<RateLimit> {
    Some(RateLimit { count: count?, window_seconds: window_seconds? })
}
