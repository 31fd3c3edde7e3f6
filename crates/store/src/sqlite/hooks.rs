//! Hooks. A deleted one keeps its row until nothing refers to it, so that its number is never given twice.

use std::time::Duration;

use model::hook::{CustomHeaders, DisabledBy, HookSettings, Retries, WhenOpen};
use model::ids::{HookGuid, HookNumber, Millis, ProjectId};
use model::limits::HOOKS_PER_PROJECT;
use model::rules::Quantifier;
use rusqlite::{Connection, Row, Transaction, params};

use super::codes::{Code as _, kinds_from_bits, kinds_to_bits};
use super::rows::{bounded, collect, found, has_room, one, taken, touch};
use super::rules::{json_list, json_text};
use super::secrets;
use crate::catalog::{Hook, HookChange, HookSecrets, NewHook, PreviousSecret, Rotation, Unopened};
use crate::error::StoreError;
use crate::secret_key::{Column, SecretKey};

const SELECT: &str = "
    select number, guid, project_id, url, secret, previous_secret, previous_until_ms, kinds, filters, filter_match, timeout_ms,
           retries, concurrency, max_age_s, when_open, headers, active, disabled_by, created_ms,
           disabled_ms
    from hook";

/// Every hook.
pub(super) fn all(connection: &Connection, key: &SecretKey) -> Result<Vec<Hook>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} where deleted = 0"))?;
    collect(statement.query([])?, |row| hook_of(row, key))
}

/// The hooks of a project, newest first.
pub(super) fn of_project(
    connection: &Connection,
    key: &SecretKey,
    project: ProjectId,
) -> Result<Vec<Hook>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("{SELECT} where project_id = ? and deleted = 0 order by number desc"))?;
    collect(statement.query([project.get()])?, |row| hook_of(row, key))
}

/// Makes a hook.
pub(super) fn create(transaction: &Transaction<'_>, key: &SecretKey, new: NewHook) -> Result<Hook, StoreError> {
    touch(transaction, new.project)?;
    let count = "select count(*) from hook where project_id = ? and deleted = 0";
    has_room(transaction, (new.project, count), ("service hooks", HOOKS_PER_PROJECT))?;
    let settings = &new.settings;
    transaction
        .execute(
            "insert into hook (guid, project_id, url, secret, kinds, filters, filter_match, timeout_ms, retries, concurrency,
                               max_age_s, when_open, headers, active, disabled_by, created_ms, disabled_ms)
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                new.guid.0,
                new.project.get(),
                new.url,
                secrets::seal(key, (new.guid, Column::Secret), &new.secret)?,
                kinds_to_bits(&new.kinds),
                json_text(&new.filters),
                new.filter_match.code(),
                millis(settings.timeout),
                settings.retries.code(),
                bounded(settings.concurrency),
                seconds(settings.max_age),
                settings.when_open.code(),
                secrets::seal_headers(key, new.guid, &settings.headers)?,
                new.active,
                (!new.active).then_some(DisabledBy::Person.code()),
                new.now.0,
                (!new.active).then_some(new.now.0),
            ],
        )
        .map_err(|error| taken(error, "id"))?;
    by_guid(transaction, key, (new.project, new.guid))
}

/// Changes a hook.
pub(super) fn update(
    transaction: &Transaction<'_>,
    key: &SecretKey,
    hook: (ProjectId, HookGuid),
    change: &HookChange,
) -> Result<Hook, StoreError> {
    let before = by_guid(transaction, key, hook)?;
    let settings = &change.settings;
    if change.headers_read.as_ref().is_some_and(|read| *read != before.settings.headers) {
        return Err(StoreError::Changed { what: "headers" });
    }
    let headers = match &settings.headers {
        Some(headers) => secrets::seal_headers(key, before.guid, headers)?,
        None => None,
    };
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
            headers,
            before.number.get(),
        ],
    )?;
    match change.active {
        Some(true) if !before.active => enable(transaction, before.number)?,
        Some(false) if before.active => disable(transaction, before.number, (DisabledBy::Person, change.now))?,
        Some(_) | None => {}
    }
    touch(transaction, hook.0)?;
    by_guid(transaction, key, hook)
}

/// One that is enabled starts anew: one more failure must not disable it again.
fn enable(transaction: &Transaction<'_>, hook: HookNumber) -> Result<(), StoreError> {
    transaction
        .execute("update hook set active = 1, disabled_by = null, disabled_ms = null where number = ?", [hook.get()])?;
    transaction.execute("delete from hook_standing where hook = ?", [hook.get()])?;
    Ok(())
}

/// One that is disabled does not fire any more.
pub(super) fn disable(
    transaction: &Transaction<'_>,
    hook: HookNumber,
    (by, at): (DisabledBy, Option<Millis>),
) -> Result<(), StoreError> {
    transaction.execute(
        "update hook set active = 0, disabled_by = ?, disabled_ms = ? where number = ?",
        params![by.code(), at.map(|at| at.0), hook.get()],
    )?;
    Ok(())
}

/// Changes a hook's secret. Where its overlap ends at once, so does that of an earlier rotation, and it does not matter what
/// became of the secrets before.
pub(super) fn rotate(
    transaction: &Transaction<'_>,
    key: &SecretKey,
    hook: (ProjectId, HookGuid),
    rotation: &Rotation,
) -> Result<Hook, StoreError> {
    let before = by_guid(transaction, key, hook)?;
    let previous = if rotation.overlap_until > rotation.now {
        let secrets = before.secrets.map_err(StoreError::Unopened)?;
        if let Some(previous) = secrets.previous.filter(|previous| previous.until > rotation.now) {
            return Err(StoreError::Rotating { until: previous.until });
        }
        Some(secrets::seal(key, (before.guid, Column::PreviousSecret), &secrets.present)?)
    } else {
        None
    };
    transaction.execute(
        "update hook
         set secret = ?, previous_secret = ?, previous_until_ms = ?
         where number = ?",
        params![
            secrets::seal(key, (before.guid, Column::Secret), &rotation.secret)?,
            previous,
            previous.is_some().then_some(rotation.overlap_until.0),
            before.number.get(),
        ],
    )?;
    touch(transaction, hook.0)?;
    by_guid(transaction, key, hook)
}

/// Forgets the secret before the last rotation; where there is none, nothing changes.
pub(super) fn finish_rotation(
    transaction: &Transaction<'_>,
    key: &SecretKey,
    hook: (ProjectId, HookGuid),
) -> Result<Hook, StoreError> {
    let changed = transaction.execute(
        "update hook
         set previous_secret = null, previous_until_ms = null
         where project_id = ? and guid = ? and deleted = 0 and previous_secret is not null",
        params![hook.0.get(), hook.1.0],
    )?;
    if changed > 0 {
        touch(transaction, hook.0)?;
    }
    by_guid(transaction, key, hook)
}

/// Deletes a hook. Sweep cancels and then deletes what it is still owed.
pub(super) fn delete(transaction: &Transaction<'_>, hook: (ProjectId, HookGuid)) -> Result<(), StoreError> {
    let deleted = transaction.execute(
        "update hook
         set deleted = 1, active = 0, disabled_by = null, disabled_ms = null, previous_secret = null, previous_until_ms = null
         where project_id = ? and guid = ? and deleted = 0",
        params![hook.0.get(), hook.1.0],
    )?;
    found(deleted, "hook")?;
    touch(transaction, hook.0)
}

fn by_guid(
    transaction: &Transaction<'_>,
    key: &SecretKey,
    (project, guid): (ProjectId, HookGuid),
) -> Result<Hook, StoreError> {
    let mut statement =
        transaction.prepare_cached(&format!("{SELECT} where project_id = ? and guid = ? and deleted = 0"))?;
    one(statement.query(params![project.get(), guid.0])?, "hook", |row| hook_of(row, key))
}

fn hook_of(row: &Row<'_>, key: &SecretKey) -> Result<Hook, StoreError> {
    let guid = HookGuid(row.get(1)?);
    let filters: String = row.get(8)?;
    let (secrets, headers) = match (secrets_of(row, key, guid)?, headers_of(row, key, guid)?) {
        (secrets, Ok(headers)) => (secrets, headers),
        (secrets, Err(unopened)) => (secrets.and(Err(unopened)), CustomHeaders::default()),
    };
    Ok(Hook {
        number: HookNumber::try_from(row.get::<_, i64>(0)?)?,
        guid,
        project: ProjectId::new(row.get(2)?)?,
        url: row.get(3)?,
        secrets,
        kinds: kinds_from_bits(row.get(7)?),
        filters: json_list(&filters, "hook filter")?,
        filter_match: Quantifier::from_code(row.get(9)?)?,
        settings: settings_of(row, headers)?,
        active: row.get(16)?,
        disabled_by: row.get::<_, Option<i64>>(17)?.map(DisabledBy::from_code).transpose()?,
        created: Millis(row.get(18)?),
        disabled: row.get::<_, Option<i64>>(19)?.map(Millis),
    })
}

/// The outer error is the database's, the inner one says which of the secrets does not open.
fn secrets_of(row: &Row<'_>, key: &SecretKey, guid: HookGuid) -> Result<Result<HookSecrets, Unopened>, StoreError> {
    let sealed: Vec<u8> = row.get(4)?;
    let Some(present) = secrets::open(key, (guid, Column::Secret), &sealed) else { return Ok(Err(Unopened::Secret)) };
    let Some(sealed) = row.get::<_, Option<Vec<u8>>>(5)? else {
        return Ok(Ok(HookSecrets { present, previous: None }));
    };
    let until = Millis(row.get(6)?);
    Ok(match secrets::open(key, (guid, Column::PreviousSecret), &sealed) {
        Some(secret) => Ok(HookSecrets { present, previous: Some(PreviousSecret { secret, until }) }),
        None => Err(Unopened::PreviousSecret),
    })
}

fn headers_of(row: &Row<'_>, key: &SecretKey, guid: HookGuid) -> Result<Result<CustomHeaders, Unopened>, StoreError> {
    let sealed: Option<Vec<u8>> = row.get(15)?;
    Ok(secrets::open_headers(key, guid, sealed.as_deref()))
}

fn settings_of(row: &Row<'_>, headers: CustomHeaders) -> Result<HookSettings, StoreError> {
    Ok(HookSettings {
        timeout: Duration::from_millis(row.get::<_, u32>(10)?.into()),
        retries: Retries::from_code(row.get(11)?)?,
        concurrency: row.get::<_, u8>(12)?.into(),
        max_age: Duration::from_secs(row.get::<_, u32>(13)?.into()),
        when_open: WhenOpen::from_code(row.get(14)?)?,
        headers,
    })
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
