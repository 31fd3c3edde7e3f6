//! The log of attempts: append, fold, replace, read.
//!
//! Knows nothing of leases and states; [`settle`](super::settle) says what belongs into the log.

use model::attempt::{Interrupted, Outcome};
use model::delivery_key::DeliveryKey;
use model::egress::AddressClass;
use model::ids::{Millis, ProcessId};
use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, Transaction, params, params_from_iter};

use super::place::place;
use super::rows::bounded;
use crate::error::StoreError;
use crate::ledger::{AttemptRow, LoggedAttempt};

/// Which delivery, and the process in whose name its log is written.
pub(super) type Whose<'a> = (&'a DeliveryKey, ProcessId);

/// An attempt with its place in a delivery's log.
pub(super) struct Numbered<'a> {
    /// Which delivery.
    pub(super) key: &'a DeliveryKey,
    /// Who made it.
    pub(super) owner: ProcessId,
    /// Its place, from 1.
    pub(super) number: i64,
    /// What is logged.
    pub(super) attempt: &'a AttemptRow,
}

/// The statement that appends to logs, looked up once a batch.
pub(super) struct Log<'t> {
    append: CachedStatement<'t>,
}

impl<'t> Log<'t> {
    /// Looks the statement up.
    pub(super) fn new(transaction: &'t Transaction<'t>) -> Result<Log<'t>, StoreError> {
        let append = transaction.prepare_cached(
            "insert into attempt (project_id, hook, day, seq, kind, number, owner, started_ms, outcome, cause, went_out,
                                  status, reused, duration_us, resolve_us, connect_us, tls_us, first_byte_us,
                                  error, response_headers, response_body, peer, certificate_ms)
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?;
        Ok(Log { append })
    }

    /// Appends an attempt.
    pub(super) fn append(&mut self, row: &Numbered<'_>) -> Result<(), StoreError> {
        let attempt = row.attempt;
        let [project, hook, day, seq, kind, owner, outcome, cause] = kin((row.key, row.owner), attempt.outcome);
        let [started, duration, resolve, connect, tls, first_byte] = times(attempt);
        self.append.execute(params![
            project,
            hook,
            day,
            seq,
            kind,
            row.number,
            owner,
            started,
            outcome,
            cause,
            attempt.went_out,
            attempt.status,
            attempt.reused,
            duration,
            resolve,
            connect,
            tls,
            first_byte,
            attempt.error,
            attempt.response_headers,
            attempt.response_body,
            attempt.peer.map(AddressClass::code),
            attempt.certificate_expires.map(|expires| expires.0),
        ])?;
        Ok(())
    }
}

/// Folds an attempt that never went out into the last row of its delivery's log, if that one ended the same way and the
/// delivery is leased to `owner`. False where it is to be appended.
pub(super) fn fold(transaction: &Transaction<'_>, whose: Whose<'_>, attempt: &AttemptRow) -> Result<bool, StoreError> {
    let numbers = kin(whose, attempt.outcome).into_iter().chain(times(attempt)).map(Value::Integer);
    let number = |value: Option<i64>| value.map_or(Value::Null, Value::Integer);
    let rest = [
        Value::Text(attempt.error.clone()),
        number(attempt.peer.map(|peer| peer.code().into())),
        number(attempt.certificate_expires.map(|expires| expires.0)),
    ];
    let folded = transaction
        .prepare_cached(
            "update attempt
             set repeats = repeats + 1, first_started_ms = coalesce(first_started_ms, started_ms), started_ms = ?9,
                 duration_us = ?10, resolve_us = ?11, connect_us = ?12, tls_us = ?13, first_byte_us = ?14, error = ?15,
                 peer = ?16, certificate_ms = ?17
             where project_id = ?1 and hook = ?2 and day = ?3 and seq = ?4 and kind = ?5
               and number = (select attempts from delivery
                             where project_id = ?1 and hook = ?2 and day = ?3 and seq = ?4 and kind = ?5 and owner = ?6)
               and went_out = 0 and outcome = ?7 and cause = ?8",
        )?
        .execute(params_from_iter(numbers.chain(rest)))?;
    Ok(folded > 0)
}

/// Puts a late outcome in the place of the `interrupted` row that stood for it. False where there is none.
pub(super) fn replace_interrupted(
    transaction: &Transaction<'_>,
    whose: Whose<'_>,
    attempt: &AttemptRow,
) -> Result<bool, StoreError> {
    let number: Option<i64> = transaction
        .prepare_cached(
            "select max(number) from attempt
             where project_id = ? and hook = ? and day = ? and seq = ? and kind = ?
               and owner = ? and outcome = ? and cause = ?",
        )?
        .query_row(kin(whose, Outcome::Interrupted(Interrupted::Lost)), |row| row.get(0))?;
    let Some(number) = number else { return Ok(false) };
    let (key, owner) = whose;
    let [project, hook, day, seq, kind] = place(key);
    transaction
        .prepare_cached(
            "delete from attempt
             where project_id = ? and hook = ? and day = ? and seq = ? and kind = ? and number = ?",
        )?
        .execute([project, hook, day, seq, kind, number])?;
    Log::new(transaction)?.append(&Numbered { key, owner, number, attempt })?;
    Ok(true)
}

/// Whether the log has this very attempt already: its first commit was reported as unknown, but was kept.
pub(super) fn is_logged(
    transaction: &Transaction<'_>,
    whose: Whose<'_>,
    attempt: &AttemptRow,
) -> Result<bool, StoreError> {
    Ok(transaction
        .prepare_cached(
            "select 1 from attempt
             where project_id = ? and hook = ? and day = ? and seq = ? and kind = ?
               and owner = ? and outcome = ? and cause = ? and started_ms = ?",
        )?
        .exists(params_from_iter(kin(whose, attempt.outcome).into_iter().chain([attempt.started.0])))?)
}

/// The log of a delivery, oldest first.
pub(super) fn of_delivery(connection: &Connection, key: &DeliveryKey) -> Result<Vec<LoggedAttempt>, StoreError> {
    newest_of(connection, key, usize::MAX)
}

/// The newest rows of a delivery's log, at most so many, oldest first.
pub(super) fn newest_of(
    connection: &Connection,
    key: &DeliveryKey,
    limit: usize,
) -> Result<Vec<LoggedAttempt>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select number, repeats, coalesce(first_started_ms, started_ms), started_ms, outcome, cause, went_out, status,
                reused, duration_us, resolve_us, connect_us, tls_us, first_byte_us, error, response_headers, response_body,
                peer, certificate_ms
         from attempt
         where project_id = ? and hook = ? and day = ? and seq = ? and kind = ?
         order by number desc
         limit ?",
    )?;
    let [project, hook, day, seq, kind] = place(key);
    let mut rows = statement.query([project, hook, day, seq, kind, bounded(limit)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let micros = |index| row.get::<_, i64>(index).map(i64::unsigned_abs);
        let attempt = AttemptRow {
            started: Millis(row.get(3)?),
            outcome: Outcome::from_codes(row.get(4)?, row.get(5)?)?,
            went_out: row.get(6)?,
            status: row.get(7)?,
            reused: row.get(8)?,
            peer: row.get::<_, Option<u8>>(17)?.map(class).transpose()?,
            certificate_expires: row.get::<_, Option<i64>>(18)?.map(Millis),
            duration_us: micros(9)?,
            phases_us: [micros(10)?, micros(11)?, micros(12)?, micros(13)?],
            error: row.get(14)?,
            response_headers: row.get(15)?,
            response_body: row.get(16)?,
        };
        let (number, repeats, first_started) = (row.get(0)?, row.get(1)?, Millis(row.get(2)?));
        found.push(LoggedAttempt { number, repeats, first_started, attempt });
    }
    found.reverse();
    Ok(found)
}

/// What the rows of a delivery's log have in common that one process made and that ended alike: the delivery's place, owner,
/// outcome and cause.
fn kin((key, owner): Whose<'_>, outcome: Outcome) -> [i64; 8] {
    let [project, hook, day, seq, kind] = place(key);
    [project, hook, day, seq, kind, owner.get(), outcome.code().into(), outcome.cause_code().into()]
}

/// When an attempt began, how long it took, and its phases.
fn times(attempt: &AttemptRow) -> [i64; 6] {
    let [resolve, connect, tls, first_byte] = attempt.phases_us.map(micros);
    [attempt.started.0, micros(attempt.duration_us), resolve, connect, tls, first_byte]
}

/// The class of addresses with a stored code.
fn class(code: u8) -> Result<AddressClass, StoreError> {
    AddressClass::from_code(code)
        .map_err(|_| StoreError::UnknownValue { what: "class of an attempt's peer", value: code.into() })
}

/// As SQLite keeps it; half a million years are enough.
fn micros(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
