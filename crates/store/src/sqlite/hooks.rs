//! Hooks. A deleted one keeps its row until nothing refers to it, so that its number is never given twice.

use model::ids::{HookGuid, HookNumber, Millis, ProjectId};
use model::limits::HOOKS_PER_PROJECT;
use model::rules::Quantifier;
use rusqlite::{Connection, Row, Transaction, params};
use webhook::Secret;

use super::codes::{Code as _, kinds_from_bits, kinds_to_bits};
use super::rows::{collect, found, has_room, one, taken, touch};
use super::rules::{json_list, json_text};
use crate::catalog::{Hook, HookChange, NewHook};
use crate::error::StoreError;

const SELECT: &str =
    "select number, guid, project_id, url, secret, kinds, active, created_ms, filters, filter_match from hook";

/// Every hook.
pub(super) fn all(connection: &Connection) -> Result<Vec<Hook>, StoreError> {
    collect(connection.prepare_cached(&format!("{SELECT} where deleted = 0"))?.query([])?, hook_of)
}

/// The hooks of a project, newest first.
pub(super) fn of_project(connection: &Connection, project: ProjectId) -> Result<Vec<Hook>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("{SELECT} where project_id = ? and deleted = 0 order by number desc"))?;
    collect(statement.query([project.get()])?, hook_of)
}

/// Makes a hook.
pub(super) fn create(transaction: &Transaction<'_>, new: NewHook) -> Result<Hook, StoreError> {
    touch(transaction, new.project)?;
    let count = "select count(*) from hook where project_id = ? and deleted = 0";
    has_room(transaction, (new.project, count), ("service hooks", HOOKS_PER_PROJECT))?;
    transaction
        .execute(
            "insert into hook (guid, project_id, url, secret, kinds, active, created_ms, filters, filter_match)
             values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                new.guid.0,
                new.project.get(),
                new.url,
                new.secret.expose(),
                kinds_to_bits(&new.kinds),
                new.active,
                new.now.0,
                json_text(&new.filters),
                new.filter_match.code(),
            ],
        )
        .map_err(|error| taken(error, "id"))?;
    by_guid(transaction, (new.project, new.guid))
}

/// Changes a hook.
pub(super) fn update(
    transaction: &Transaction<'_>,
    hook: (ProjectId, HookGuid),
    change: &HookChange,
) -> Result<Hook, StoreError> {
    let changed = transaction.execute(
        "update hook
         set url = coalesce(?, url), kinds = coalesce(?, kinds), active = coalesce(?, active),
             filters = coalesce(?, filters), filter_match = coalesce(?, filter_match)
         where project_id = ? and guid = ? and deleted = 0",
        params![
            change.url,
            change.kinds.as_deref().map(kinds_to_bits),
            change.active,
            change.filters.as_deref().map(json_text),
            change.filter_match.map(|it| it.code()),
            hook.0.get(),
            hook.1.0,
        ],
    )?;
    found(changed, "hook")?;
    touch(transaction, hook.0)?;
    by_guid(transaction, hook)
}

/// Deletes a hook. Sweep cancels and then deletes what it is still owed.
pub(super) fn delete(transaction: &Transaction<'_>, hook: (ProjectId, HookGuid)) -> Result<(), StoreError> {
    let deleted = transaction.execute(
        "update hook set deleted = 1, active = 0 where project_id = ? and guid = ? and deleted = 0",
        params![hook.0.get(), hook.1.0],
    )?;
    found(deleted, "hook")?;
    touch(transaction, hook.0)
}

fn by_guid(transaction: &Transaction<'_>, (project, guid): (ProjectId, HookGuid)) -> Result<Hook, StoreError> {
    let mut statement =
        transaction.prepare_cached(&format!("{SELECT} where project_id = ? and guid = ? and deleted = 0"))?;
    one(statement.query(params![project.get(), guid.0])?, "hook", hook_of)
}

fn hook_of(row: &Row<'_>) -> Result<Hook, StoreError> {
    let secret: String = row.get(4)?;
    let filters: String = row.get(8)?;
    Ok(Hook {
        number: HookNumber::try_from(row.get::<_, i64>(0)?)?,
        guid: HookGuid(row.get(1)?),
        project: ProjectId::new(row.get(2)?)?,
        url: row.get(3)?,
        secret: secret.parse::<Secret>().map_err(|_| StoreError::Damaged { what: "hook secret" })?,
        kinds: kinds_from_bits(row.get(5)?),
        active: row.get(6)?,
        created: Millis(row.get(7)?),
        filters: json_list(&filters, "hook filter")?,
        filter_match: Quantifier::from_code(row.get(9)?)?,
    })
}
