//! A delivery read by its key: for lists with its last attempt, for a closer look with its body and its log.

use model::attempt::Outcome;
use model::delivery::DeliveryState;
use model::delivery_key::DeliveryKey;
use model::ids::{IssueId, Millis};
use model::limits::SHOWN_ATTEMPTS;
use protocol::EventId;
use rusqlite::{Connection, OptionalExtension, params};
use webhook::Kind;

use crate::deliveries::{DeliveryDetail, DeliveryRow, IssueName};
use crate::error::StoreError;
use crate::sqlite::place::place;
use crate::sqlite::{attempts, reading};

/// A delivery as lists show it.
pub(super) fn delivery(connection: &Connection, key: &DeliveryKey) -> Result<Option<DeliveryRow>, StoreError> {
    let last = attempts::newest_of(connection, key, 1)?.pop();
    let [project, hook, day, seq, kind] = place(key);
    let mut statement = connection.prepare_cached(
        "select d.state, d.created_ms, d.due_ms, d.settled_ms, d.again_ms, d.attempts, d.sent, e.event_id, e.issue_id,
           i.short_number, i.title
         from delivery d
         left join event e on e.seq = d.seq and d.kind <> ?
         left join issue i on i.id = e.issue_id and i.deleted = 0
         where d.project_id = ? and d.hook = ? and d.day = ? and d.seq = ? and d.kind = ?",
    )?;
    // A test is about no event, whatever its number.
    let mut rows = statement.query(params![Kind::Test.code(), project, hook, day, seq, kind])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let sent_again: i64 = row.get(4)?;
    let short_number: Option<i64> = row.get(9)?;
    let named =
        |number: i64| Ok::<_, rusqlite::Error>(IssueName { short_number: number.unsigned_abs(), title: row.get(10)? });
    Ok(Some(DeliveryRow {
        key: *key,
        state: DeliveryState::from_code(row.get(0)?)?,
        event: row.get::<_, Option<[u8; 16]>>(7)?.map(EventId),
        issue: row.get::<_, Option<i64>>(8)?.map(IssueId::new).transpose()?,
        issue_name: short_number.map(named).transpose()?,
        created: Millis(row.get(1)?),
        due: row.get::<_, Option<i64>>(2)?.map(Millis),
        settled: row.get::<_, Option<i64>>(3)?.map(Millis),
        sent_again: (sent_again > 0).then_some(Millis(sent_again)),
        attempts: row.get(5)?,
        sent: row.get(6)?,
        last,
    }))
}

/// The same with its body and the newest rows of its log.
pub(super) fn detail(connection: &Connection, key: &DeliveryKey) -> Result<Option<DeliveryDetail>, StoreError> {
    let Some(delivery) = delivery(connection, key)? else { return Ok(None) };
    let body = reading::bodies(connection, std::slice::from_ref(key), usize::MAX)?.found.pop().flatten();
    let log = attempts::newest_of(connection, key, SHOWN_ATTEMPTS)?;
    Ok(Some(DeliveryDetail { delivery, body, log }))
}

/// How the last attempt of a delivery ended.
pub(super) fn last_outcome(connection: &Connection, key: &DeliveryKey) -> Result<Option<Outcome>, StoreError> {
    let codes: Option<(u8, u8)> = connection
        .prepare_cached(
            "select outcome, cause from attempt
             where project_id = ? and hook = ? and day = ? and seq = ? and kind = ?
             order by number desc
             limit 1",
        )?
        .query_row(place(key), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(codes.map(|(outcome, cause)| Outcome::from_codes(outcome, cause)).transpose()?)
}
