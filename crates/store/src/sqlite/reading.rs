//! Reads for pages, API and lanes: one statement each, on a reader.

use std::io::Read;

use bytes::Bytes;
use model::attempt::{Interrupted, Outcome};
use model::delivery::{DeliveryState, Priority};
use model::delivery_key::DeliveryKey;
use model::ids::{Day, HookNumber, IssueId, Millis, ProjectId, Seq};
use protocol::EventId;
use rusqlite::{Connection, OptionalExtension, Row, Rows, params};
use webhook::Kind;

use super::attempts;
use super::place::{key_of, place};
use crate::error::StoreError;
use crate::issues::Listed;
use crate::ledger::{Backlog, Bodies, OwedRow, RecordedEvent, StoredBody, StoredDelivery, StoredEvent, Totals};

/// No stored event value is larger: an event has at most 1 MiB, which escapes and replaced bytes can make a few times longer.
const VALUE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes of values in one slice of events, beyond which it ends early.
const SLICE_BYTES: usize = 2 * 1024 * 1024;

/// The row of an event that is recorded, by the keys of today and yesterday.
pub(super) fn find_recorded(
    connection: &Connection,
    (project, event): (ProjectId, EventId),
    day: Day,
) -> Result<Option<RecordedEvent>, StoreError> {
    let found: Option<(i64, i64, i64)> = connection
        .prepare_cached(
            "select e.seq, e.issue_id, e.day
             from event_key k
             join event e on e.seq = k.seq
             where k.project_id = ? and k.day in (?, ?) and k.event_id = ?",
        )?
        .query_row(params![project.get(), day.0, day.minus(1).0, event.0], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((seq, issue, day)) = found else { return Ok(None) };
    let mut statement = connection.prepare_cached(
        "select d.project_id, d.hook, d.day, d.seq, d.kind, d.priority, d.state, d.body
         from hook h
         join delivery d on d.project_id = h.project_id and d.hook = h.number and d.day = ? and d.seq = ?
         where h.project_id = ?
         order by d.hook, d.kind",
    )?;
    let mut rows = statement.query([day, seq, project.get()])?;
    let mut owed = Vec::new();
    while let Some(row) = rows.next()? {
        let state = DeliveryState::from_code(row.get(6)?)?;
        owed.push(OwedRow {
            key: key_of(row)?,
            priority: Priority::from_code(row.get(5)?)?,
            leased: state == DeliveryState::Sending,
            alert: row.get::<_, Option<Vec<u8>>>(7)?.map(Bytes::from),
        });
    }
    Ok(Some(RecordedEvent { seq: Seq::try_from(seq)?, issue: IssueId::new(issue)?, owed }))
}

/// Hooks that have due unleased deliveries: one look at the index for each hook that has any waiting.
pub(super) fn due_hooks(connection: &Connection, now: Millis) -> Result<Vec<HookNumber>, StoreError> {
    let mut next = connection.prepare_cached(
        "select hook from delivery indexed by delivery_waiting where state = 0 and hook > ? order by hook limit 1",
    )?;
    let mut due = connection.prepare_cached(
        "select 1 from delivery indexed by delivery_waiting
         where state = 0 and hook = ?1 and priority in (0, 1, 2) and due_ms <= ?2
         limit 1",
    )?;
    let mut found = Vec::new();
    let mut last = 0_u32;
    while let Some(hook) = next.query_row([last], |row| row.get::<_, u32>(0)).optional()? {
        if due.exists(params![hook, now.0])? {
            found.push(HookNumber::new(hook)?);
        }
        last = hook;
    }
    Ok(found)
}

/// What waits for a hook; the index alone answers.
pub(super) fn backlog(connection: &Connection, hook: HookNumber) -> Result<Backlog, StoreError> {
    let mut count = connection.prepare_cached(
        "select count(*), min(max(again_ms, created_ms)) from delivery indexed by delivery_waiting where state = 0 and hook = ?",
    )?;
    Ok(count.query_row([hook.get()], |row| {
        let oldest = row.get::<_, Option<i64>>(1)?.map(Millis);
        Ok(Backlog { waiting: row.get::<_, i64>(0)?.unsigned_abs(), oldest })
    })?)
}

/// Bodies as they are to be sent, until the next one does not fit into `limit_bytes`.
pub(super) fn bodies(connection: &Connection, keys: &[DeliveryKey], limit_bytes: usize) -> Result<Bodies, StoreError> {
    let mut bodies = Bodies::default();
    let mut left = limit_bytes;
    for key in keys {
        let fitting = match body(connection, key, left) {
            // It will not heal, and what waits behind it is whole.
            Err(StoreError::Damaged { what }) => {
                let (hook, seq) = (key.hook, key.seq);
                tracing::error!(delivery.hook = %hook, delivery.seq = %seq, what, "a body is damaged: its delivery is cancelled");
                Fitting::Gone
            }
            fitting => fitting?,
        };
        bodies.found.push(match fitting {
            Fitting::Body(body) => {
                left -= body.bytes.len();
                Some(body)
            }
            Fitting::Gone => None,
            Fitting::TooLong { bytes } => {
                bodies.next_bytes = Some(bytes);
                break;
            }
        });
    }
    Ok(bodies)
}

/// A body, if it is there, whole and not too long.
enum Fitting {
    Body(StoredBody),
    Gone,
    TooLong { bytes: usize },
}

fn body(connection: &Connection, key: &DeliveryKey, limit_bytes: usize) -> Result<Fitting, StoreError> {
    match key.kind {
        Kind::EventCreated => {}
        Kind::EventAlert | Kind::Test => return own_body(connection, key, limit_bytes),
    }
    let mut statement = connection.prepare_cached("select head, value, tail, hop from event where seq = ?")?;
    let mut rows = statement.query([i64::from(key.seq)])?;
    let Some(row) = rows.next()? else { return Ok(Fitting::Gone) };
    let parts = BodyParts::of(row, 0)?;
    let bytes = parts.length()?;
    if bytes > limit_bytes {
        return Ok(Fitting::TooLong { bytes });
    }
    Ok(Fitting::Body(StoredBody { bytes: parts.whole()?, hop: row.get(3)? }))
}

/// The small body of an alert or a test is kept with its delivery. An alert goes with its event, a test has none.
fn own_body(connection: &Connection, key: &DeliveryKey, limit_bytes: usize) -> Result<Fitting, StoreError> {
    let mut statement = connection.prepare_cached(
        "select d.body, e.hop
         from delivery d
         left join event e on e.seq = d.seq
         where d.project_id = ? and d.hook = ? and d.day = ? and d.seq = ? and d.kind = ?",
    )?;
    let mut rows = statement.query(place(key))?;
    let Some(row) = rows.next()? else { return Ok(Fitting::Gone) };
    let hop = match (key.kind, row.get(1)?) {
        (_, Some(hop)) => hop,
        (Kind::Test, None) => 0,
        (Kind::EventCreated | Kind::EventAlert, None) => return Ok(Fitting::Gone),
    };
    let body = blob(row, 0)?;
    if body.len() > limit_bytes {
        return Ok(Fitting::TooLong { bytes: body.len() });
    }
    Ok(Fitting::Body(StoredBody { bytes: Bytes::copy_from_slice(body), hop }))
}

/// An event by the project's id for it.
pub(super) fn event(
    connection: &Connection,
    project: ProjectId,
    event: EventId,
) -> Result<Option<StoredEvent>, StoreError> {
    match seq_of(connection, project, event)? {
        Some(seq) => stored_event(connection, seq),
        None => Ok(None),
    }
}

/// The number of the newest event of this id.
pub(super) fn seq_of(connection: &Connection, project: ProjectId, event: EventId) -> Result<Option<Seq>, StoreError> {
    // The day is the key's second column: an id is looked up in each day that the store keeps.
    let seq: Option<i64> = connection
        .prepare_cached(
            "with recursive kept (day) as (
               select max(day) from event_key where project_id = ?1
               union all
               select (select max(day) from event_key where project_id = ?1 and day < kept.day)
               from kept where kept.day is not null
             )
             select k.seq from kept cross join event_key k on k.project_id = ?1 and k.day = kept.day and k.event_id = ?2
             limit 1",
        )?
        .query_row(params![project.get(), event.0], |row| row.get(0))
        .optional()?;
    Ok(seq.map(Seq::try_from).transpose()?)
}

/// An event by its number.
pub(super) fn stored_event(connection: &Connection, seq: Seq) -> Result<Option<StoredEvent>, StoreError> {
    let mut statement =
        connection.prepare_cached("select issue_id, received_ms, head, value, tail, hop from event where seq = ?")?;
    let mut rows = statement.query([i64::from(seq)])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let (issue, body) = (IssueId::new(row.get(0)?)?, BodyParts::of(row, 2)?.whole()?);
    Ok(Some(StoredEvent { seq, issue, received: Millis(row.get(1)?), hop: row.get(5)?, body }))
}

/// The three pieces of a body in an event's row.
struct BodyParts<'r> {
    head: &'r [u8],
    /// Compressed.
    value: &'r [u8],
    tail: &'r [u8],
}

impl<'r> BodyParts<'r> {
    /// The pieces in three columns, from `first` on.
    fn of(row: &'r Row<'_>, first: usize) -> Result<Self, StoreError> {
        Ok(BodyParts { head: blob(row, first)?, value: blob(row, first + 1)?, tail: blob(row, first + 2)? })
    }

    /// The whole body's length, without holding it.
    fn length(&self) -> Result<usize, StoreError> {
        let value = match zstd::zstd_safe::get_frame_content_size(self.value) {
            Ok(Some(length)) => length,
            // Its frame does not say: as long as it turns out to be.
            Ok(None) | Err(_) => std::io::copy(&mut self.decoder()?, &mut std::io::sink()).map_err(damaged)?,
        };
        let value = usize::try_from(value).ok().filter(|length| *length <= VALUE_BYTES_MAX);
        let value = value.ok_or(StoreError::Damaged { what: "event value" })?;
        Ok(self.head.len() + value + self.tail.len())
    }

    /// Head, decompressed value and tail in one piece.
    fn whole(&self) -> Result<Bytes, StoreError> {
        let length = self.length()?;
        let mut body = Vec::with_capacity(length);
        body.extend_from_slice(self.head);
        self.decoder()?.read_to_end(&mut body).map_err(damaged)?;
        body.extend_from_slice(self.tail);
        if body.len() == length { Ok(Bytes::from(body)) } else { Err(StoreError::Damaged { what: "event value" }) }
    }

    /// Gives one byte too many where the value is too long.
    fn decoder(&self) -> Result<impl Read, StoreError> {
        let decoder = zstd::stream::read::Decoder::with_buffer(self.value).map_err(damaged)?;
        Ok(decoder.take(u64::try_from(VALUE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1)))
    }
}

/// The JSON of an event's value in a column.
fn value_of(row: &Row<'_>, index: usize) -> Result<Bytes, StoreError> {
    BodyParts { head: &[], value: blob(row, index)?, tail: &[] }.whole()
}

/// The value in a column, or nothing where it is damaged: one such event does not hide the others.
pub(super) fn value_or_nothing(row: &Row<'_>, index: usize) -> Result<Bytes, StoreError> {
    match value_of(row, index) {
        Err(StoreError::Damaged { .. }) => Ok(Bytes::new()),
        value => value,
    }
}

/// Events with the value in a column: so many, or fewer where they are large. At least one, if there is any.
pub(super) fn slice_of_events<T>(
    mut rows: Rows<'_>,
    (limit, value): (usize, usize),
    read: impl Fn(&Row<'_>, Bytes) -> Result<T, StoreError>,
) -> Result<Listed<T>, StoreError> {
    let (mut items, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        if items.len() >= limit || bytes > SLICE_BYTES {
            return Ok(Listed { items, more: true });
        }
        let value = value_or_nothing(row, value)?;
        bytes += value.len();
        items.push(read(row, value)?);
    }
    Ok(Listed { items, more: false })
}

fn damaged(_: std::io::Error) -> StoreError {
    StoreError::Damaged { what: "event value" }
}

fn blob<'r>(row: &'r Row<'_>, index: usize) -> Result<&'r [u8], StoreError> {
    row.get_ref(index)?.as_blob().map_err(|_| StoreError::Damaged { what: "event body" })
}

/// The deliveries of an event with their logs.
pub(super) fn deliveries(
    connection: &Connection,
    project: ProjectId,
    event: EventId,
) -> Result<Vec<StoredDelivery>, StoreError> {
    let Some(seq) = seq_of(connection, project, event)? else { return Ok(Vec::new()) };
    let mut statement = connection.prepare_cached(
        "select d.project_id, d.hook, d.day, d.seq, d.kind, d.state, d.created_ms, d.due_ms
         from event e
         join hook h on h.project_id = e.project_id
         join delivery d on d.project_id = h.project_id and d.hook = h.number and d.day = e.day and d.seq = e.seq
         where e.seq = ?
         order by d.hook, d.kind",
    )?;
    let mut rows = statement.query([i64::from(seq)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let key = key_of(row)?;
        found.push(StoredDelivery {
            key,
            state: DeliveryState::from_code(row.get(5)?)?,
            created: Millis(row.get(6)?),
            due: row.get::<_, Option<i64>>(7)?.map(Millis),
            attempts: attempts::of_delivery(connection, &key)?,
        });
    }
    Ok(found)
}

/// Counts over the whole store.
pub(super) fn totals(connection: &Connection) -> Result<Totals, StoreError> {
    let interrupted = Outcome::Interrupted(Interrupted::Lost).code();
    Ok(connection.query_row(
        "select (select count(*) from event_of_project),
                (select count(*) from delivery where state < 2),
                (select count(*) from delivery where state = 2),
                (select count(*) from delivery where state = 3),
                (select count(*) from attempt),
                (select count(*) from attempt where outcome = ?)",
        [interrupted],
        |row| {
            Ok(Totals {
                events: row.get::<_, i64>(0)?.unsigned_abs(),
                unsettled: row.get::<_, i64>(1)?.unsigned_abs(),
                delivered: row.get::<_, i64>(2)?.unsigned_abs(),
                failed: row.get::<_, i64>(3)?.unsigned_abs(),
                attempts: row.get::<_, i64>(4)?.unsigned_abs(),
                interrupted: row.get::<_, i64>(5)?.unsigned_abs(),
            })
        },
    )?)
}
