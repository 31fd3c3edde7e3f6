//! Hooks. A deleted one keeps its row until nothing refers to it, so that its number is never given twice.

use std::time::Duration;

use model::hook::{DisabledBy, HookSettings, Retries, WhenOpen};
use model::ids::{HookGuid, HookNumber, Millis, ProjectId};
use model::limits::HOOKS_PER_PROJECT;
use model::rules::Quantifier;
use rusqlite::{Connection, Row, Transaction, params};

use super::codes::{Code as _, kinds_from_bits, kinds_to_bits};
use super::rows::{bounded, collect, found, has_room, one, taken, touch};
use super::rules::{json_list, json_text};
use super::secrets;
use crate::catalog::{Hook, HookChange, NewHook, PreviousSecret, Rotation};
use crate::error::StoreError;

const SELECT: &str = "
    select number, guid, project_id, url, secret, previous_secret, previous_until_ms, kinds, filters, filter_match, timeout_ms,
           retries, concurrency, max_age_s, when_open, headers, active, disabled_by, created_ms
    from hook";

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
    let settings = &new.settings;
    transaction
        .execute(
            "insert into hook (guid, project_id, url, secret, kinds, filters, filter_match, timeout_ms, retries, concurrency,
                               max_age_s, when_open, headers, active, disabled_by, created_ms)
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                new.guid.0,
                new.project.get(),
                new.url,
                secrets::seal(&new.secret),
                kinds_to_bits(&new.kinds),
                json_text(&new.filters),
                new.filter_match.code(),
                millis(settings.timeout),
                settings.retries.code(),
                bounded(settings.concurrency),
                seconds(settings.max_age),
                settings.when_open.code(),
                secrets::seal_headers(&settings.headers),
                new.active,
                (!new.active).then_some(DisabledBy::Person.code()),
                new.now.0,
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
    let before = by_guid(transaction, hook)?;
    let settings = &change.settings;
    transaction.execute(
        "update hook
         set url = coalesce(?, url), kinds = coalesce(?, kinds), filters = coalesce(?, filters),
             filter_match = coalesce(?, filter_match), timeout_ms = coalesce(?, timeout_ms), retries = coalesce(?, retries),
             concurrency = coalesce(?, concurrency), max_age_s = coalesce(?, max_age_s), when_open = coalesce(?, when_open),
             headers = iif(?, ?, headers)
         where number = ?",
        params![
            change.url,
            change.kinds.as_deref().map(kinds_to_bits),
            change.filters.as_deref().map(json_text),
            change.filter_match.map(|it| it.code()),
            settings.timeout.map(millis),
            settings.retries.map(|it| it.code()),
            settings.concurrency.map(bounded),
            settings.max_age.map(seconds),
            settings.when_open.map(|it| it.code()),
            settings.headers.is_some(),
            settings.headers.as_ref().and_then(secrets::seal_headers),
            before.number.get(),
        ],
    )?;
    match change.active {
        Some(true) if !before.active => enable(transaction, before.number)?,
        Some(false) if before.active => disable(transaction, before.number, DisabledBy::Person)?,
        Some(_) | None => {}
    }
    touch(transaction, hook.0)?;
    by_guid(transaction, hook)
}

/// One that is enabled starts anew: one more failure must not disable it again.
fn enable(transaction: &Transaction<'_>, hook: HookNumber) -> Result<(), StoreError> {
    transaction.execute("update hook set active = 1, disabled_by = null where number = ?", [hook.get()])?;
    transaction.execute("delete from hook_standing where hook = ?", [hook.get()])?;
    Ok(())
}

/// One that is disabled does not fire any more.
pub(super) fn disable(transaction: &Transaction<'_>, hook: HookNumber, by: DisabledBy) -> Result<(), StoreError> {
    transaction
        .execute("update hook set active = 0, disabled_by = ? where number = ?", [u32::from(by.code()), hook.get()])?;
    Ok(())
}

/// Changes a hook's secret. Where its overlap ends at once, so does that of an earlier rotation.
pub(super) fn rotate(
    transaction: &Transaction<'_>,
    hook: (ProjectId, HookGuid),
    rotation: &Rotation,
) -> Result<Hook, StoreError> {
    let before = by_guid(transaction, hook)?;
    let overlaps = rotation.overlap_until > rotation.now;
    if let Some(previous) = before.previous.filter(|previous| overlaps && previous.until > rotation.now) {
        return Err(StoreError::Rotating { until: previous.until });
    }
    transaction.execute(
        "update hook
         set secret = ?, previous_secret = ?, previous_until_ms = ?
         where number = ?",
        params![
            secrets::seal(&rotation.secret),
            overlaps.then(|| secrets::seal(&before.secret)),
            overlaps.then_some(rotation.overlap_until.0),
            before.number.get(),
        ],
    )?;
    touch(transaction, hook.0)?;
    by_guid(transaction, hook)
}

/// Forgets the secret before the last rotation.
pub(super) fn finish_rotation(transaction: &Transaction<'_>, hook: (ProjectId, HookGuid)) -> Result<Hook, StoreError> {
    let changed = transaction.execute(
        "update hook
         set previous_secret = null, previous_until_ms = null
         where project_id = ? and guid = ? and deleted = 0",
        params![hook.0.get(), hook.1.0],
    )?;
    found(changed, "hook")?;
    touch(transaction, hook.0)?;
    by_guid(transaction, hook)
}

/// Deletes a hook. Sweep cancels and then deletes what it is still owed.
pub(super) fn delete(transaction: &Transaction<'_>, hook: (ProjectId, HookGuid)) -> Result<(), StoreError> {
    let deleted = transaction.execute(
        "update hook
         set deleted = 1, active = 0, disabled_by = null, previous_secret = null, previous_until_ms = null
         where project_id = ? and guid = ? and deleted = 0",
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
    let filters: String = row.get(8)?;
    let previous: Option<Vec<u8>> = row.get(5)?;
    let previous = previous
        .map(|sealed| {
            Ok::<_, StoreError>(PreviousSecret { secret: secrets::open(&sealed)?, until: Millis(row.get(6)?) })
        })
        .transpose()?;
    Ok(Hook {
        number: HookNumber::try_from(row.get::<_, i64>(0)?)?,
        guid: HookGuid(row.get(1)?),
        project: ProjectId::new(row.get(2)?)?,
        url: row.get(3)?,
        secret: secrets::open(&row.get::<_, Vec<u8>>(4)?)?,
        previous,
        kinds: kinds_from_bits(row.get(7)?),
        filters: json_list(&filters, "hook filter")?,
        filter_match: Quantifier::from_code(row.get(9)?)?,
        settings: settings_of(row)?,
        active: row.get(16)?,
        disabled_by: row.get::<_, Option<i64>>(17)?.map(DisabledBy::from_code).transpose()?,
        created: Millis(row.get(18)?),
    })
}

fn settings_of(row: &Row<'_>) -> Result<HookSettings, StoreError> {
    Ok(HookSettings {
        timeout: Duration::from_millis(row.get::<_, u32>(10)?.into()),
        retries: Retries::from_code(row.get(11)?)?,
        concurrency: row.get::<_, u8>(12)?.into(),
        max_age: Duration::from_secs(row.get::<_, u32>(13)?.into()),
        when_open: WhenOpen::from_code(row.get(14)?)?,
        headers: secrets::open_headers(row.get::<_, Option<Vec<u8>>>(15)?.as_deref())?,
    })
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
