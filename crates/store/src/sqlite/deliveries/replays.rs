//! Replays: a job for each, whose cursor moves in the transaction that moves the deliveries.
//!
//! A replay goes through what its hook was not delivered, oldest event first, by the index alone. What it has sent again and
//! fails once more lies behind its cursor. What a person sent as a test is not part of it, nor is what has no body any more.

use model::delivery::DeliveryState;
use model::delivery_key::DeliveryKey;
use model::ids::{HookNumber, Millis, ReplayId};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::again::{Hook, hook, wait_again};
use crate::deliveries::{NewReplay, Replay, ReplayBegun, ReplaySlice, ReplayState, ReplayStates};
use crate::error::StoreError;
use crate::issues::{Cut, CutFrom, Listed};
use crate::sqlite::place::key_of;
use crate::sqlite::rows::{bounded, collect};

/// Entries of the index that one slice looks at, for each delivery that it may send again.
const LOOKS_FOR_A_DELIVERY: usize = 32;
/// Entries of the index that one read counts.
const COUNTED_AT_ONCE: usize = 16_384;
/// Old replays of a hook that one slice of upkeep looks at.
const OLD_AT_ONCE: usize = 16;

/// How far counting came.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Count {
    /// What the replay would send again so far.
    pub(super) found: i64,
    /// Whether there is no more.
    pub(super) ended: bool,
    after: [i64; 2],
}

/// An entry of the index, and whether a replay takes it.
struct Entry {
    key: DeliveryKey,
    is_taken: bool,
}

/// Counts on what a replay would send again.
pub(super) fn count_on(connection: &Connection, new: &NewReplay, count: Count) -> Result<Count, StoreError> {
    let (states, span) = (bits(&new.states), [new.since.0, new.until.0]);
    let entries = entries(connection, (new.hook.get(), count.after), (states, span, COUNTED_AT_ONCE))?;
    let taken = bounded(entries.iter().filter(|entry| entry.is_taken).count());
    let after = entries.last().map_or(count.after, |last| cursor(&last.key));
    Ok(Count { found: count.found + taken, ended: entries.len() < COUNTED_AT_ONCE, after })
}

/// Makes a replay that runs.
pub(super) fn create(transaction: &Transaction<'_>, new: &NewReplay, found: i64) -> Result<ReplayBegun, StoreError> {
    match hook(transaction, new.project.get(), new.hook.get())? {
        Hook::Gone => return Err(StoreError::Missing { what: "hook" }),
        Hook::Disabled => return Ok(ReplayBegun::HookDisabled),
        Hook::Fires => {}
    }
    let running: Option<i64> = transaction
        .prepare_cached("select id from replay where hook = ? and state = 0")?
        .query_row([new.hook.get()], |row| row.get(0))
        .optional()?;
    if let Some(running) = running {
        return read(transaction, new.hook, running).map(ReplayBegun::Running);
    }
    transaction.execute(
        "insert into replay (hook, since_ms, until_ms, states, state, after_seq, after_kind, found, sent_again, created_ms)
         values (?, ?, ?, ?, 0, 0, 0, ?, 0, ?)",
        params![new.hook.get(), new.since.0, new.until.0, bits(&new.states), found, new.now.0],
    )?;
    read(transaction, new.hook, transaction.last_insert_rowid()).map(ReplayBegun::Runs)
}

/// A replay of a hook.
pub(super) fn of_hook(
    connection: &Connection,
    hook: HookNumber,
    replay: ReplayId,
) -> Result<Option<Replay>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select id, hook, since_ms, until_ms, states, state, found, sent_again, created_ms, ended_ms
         from replay
         where id = ? and hook = ?",
    )?;
    let mut rows = statement.query(params![replay.get(), hook.get()])?;
    rows.next()?.map(replay_of).transpose()
}

/// A page of a hook's replays, the newest first. A place's key is the id.
pub(super) fn page(connection: &Connection, hook: HookNumber, cut: Cut) -> Result<Listed<Replay>, StoreError> {
    let older = "select id, hook, since_ms, until_ms, states, state, found, sent_again, created_ms, ended_ms
                 from replay
                 where hook = ? and id < ?
                 order by id desc
                 limit ?";
    let newer = "select id, hook, since_ms, until_ms, states, state, found, sent_again, created_ms, ended_ms
                 from replay
                 where hook = ? and id > ?
                 order by id
                 limit ?";
    let (statement, from) = match cut.from {
        CutFrom::Start => (older, i64::MAX),
        CutFrom::After(place) => (older, place.key),
        CutFrom::Before(place) => (newer, place.key),
    };
    let mut statement = connection.prepare_cached(statement)?;
    let limit = bounded(cut.limit.saturating_add(1));
    let mut items = collect(statement.query(params![hook.get(), from, limit])?, replay_of)?;
    let more = items.len() > cut.limit;
    items.truncate(cut.limit);
    if matches!(cut.from, CutFrom::Before(_)) {
        items.reverse();
    }
    Ok(Listed { items, more })
}

/// The replays that run: one look at the index for each.
pub(super) fn running(connection: &Connection) -> Result<Vec<(HookNumber, ReplayId)>, StoreError> {
    let mut next = connection.prepare_cached(
        "select hook, id from replay indexed by replay_running where state = 0 and hook > ? order by hook limit 1",
    )?;
    let (mut found, mut last) = (Vec::new(), 0_i64);
    while let Some((hook, id)) = next.query_row([last], |row| Ok((row.get(0)?, row.get(1)?))).optional()? {
        found.push((HookNumber::try_from(hook)?, ReplayId::new(id)?));
        last = hook;
    }
    Ok(found)
}

/// Has up to so many deliveries sent again, and moves the cursor beyond them.
pub(super) fn slice(
    transaction: &Transaction<'_>,
    id: ReplayId,
    (limit, now): (usize, Millis),
) -> Result<Option<ReplaySlice>, StoreError> {
    let Some(job) = Job::running(transaction, id)? else { return Ok(None) };
    let mut after = job.after;
    let (mut sent_again, mut state) = (0, ReplayState::Running);
    if hook(transaction, job.project, job.hook.get())? == Hook::Fires {
        let looks = limit.saturating_mul(LOOKS_FOR_A_DELIVERY);
        let entries = entries(transaction, (job.hook.get(), job.after), (job.states, job.span, looks))?;
        let mut looked = 0;
        for entry in &entries {
            if entry.is_taken && sent_again == limit {
                break;
            }
            if entry.is_taken {
                wait_again(transaction, &entry.key, now)?;
                sent_again += 1;
            }
            (looked, after) = (looked + 1, cursor(&entry.key));
        }
        if looked == entries.len() && entries.len() < looks {
            state = ReplayState::Done;
        }
    } else {
        state = ReplayState::Stopped;
    }
    let [after_seq, after_kind] = after;
    let ended_ms = (state != ReplayState::Running).then_some(now.0);
    transaction
        .prepare_cached(
            "update replay
             set after_seq = ?, after_kind = ?, sent_again = sent_again + ?, state = ?, ended_ms = ?
             where id = ?",
        )?
        .execute(params![after_seq, after_kind, bounded(sent_again), state as i64, ended_ms, id.get()])?;
    let replay = read(transaction, job.hook, id.get())?;
    Ok(Some(ReplaySlice { replay, sent_again }))
}

/// Stops a replay of a hook, if it runs.
pub(super) fn stop(
    transaction: &Transaction<'_>,
    (hook, replay): (HookNumber, ReplayId),
    now: Millis,
) -> Result<Option<Replay>, StoreError> {
    transaction.execute(
        "update replay set state = ?, ended_ms = ? where id = ? and hook = ? and state = 0",
        params![ReplayState::Stopped as i64, now.0, replay.get(), hook.get()],
    )?;
    of_hook(transaction, hook, replay)
}

/// Deletes some of a hook's replays that ended before a moment.
pub(in super::super) fn delete_old(transaction: &Transaction<'_>, hook: i64, before: Millis) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "delete from replay
             where id in (select id from replay where hook = ? order by id limit ?) and state <> 0 and ended_ms < ?",
        )?
        .execute([hook, bounded(OLD_AT_ONCE), before.0])?;
    Ok(())
}

/// Deletes all replays of a hook.
pub(in super::super) fn delete_of_hook(transaction: &Transaction<'_>, hook: i64) -> Result<(), StoreError> {
    transaction.prepare_cached("delete from replay where hook = ?")?.execute([hook])?;
    Ok(())
}

/// What a slice needs of a replay that runs.
struct Job {
    hook: HookNumber,
    /// The hook's; 0 where the hook is gone.
    project: i64,
    states: i64,
    span: [i64; 2],
    after: [i64; 2],
}

impl Job {
    fn running(transaction: &Transaction<'_>, id: ReplayId) -> Result<Option<Job>, StoreError> {
        let mut statement = transaction.prepare_cached(
            "select r.hook, coalesce(h.project_id, 0), r.states, r.since_ms, r.until_ms, r.after_seq, r.after_kind
             from replay r
             left join hook h on h.number = r.hook
             where r.id = ? and r.state = 0",
        )?;
        let mut rows = statement.query([id.get()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(Job {
            hook: HookNumber::try_from(row.get::<_, i64>(0)?)?,
            project: row.get(1)?,
            states: row.get(2)?,
            span: [row.get(3)?, row.get(4)?],
            after: [row.get(5)?, row.get(6)?],
        }))
    }
}

/// Entries of the index beyond a cursor, at most so many. Whether its event is there is asked only of what would be taken.
fn entries(
    connection: &Connection,
    (hook, [after_seq, after_kind]): (u32, [i64; 2]),
    (states, [since, until], limit): (i64, [i64; 2], usize),
) -> Result<Vec<Entry>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select project_id, hook, day, seq, kind,
                kind <> 3 and (1 << (state - 3)) & ?4 <> 0 and created_ms between ?5 and ?6
                and exists (select 1 from event where event.seq = delivery.seq)
         from delivery indexed by delivery_unsent
         where state > 2 and hook = ?1 and (seq, kind) > (?2, ?3)
         order by seq, kind
         limit ?7",
    )?;
    let rows = statement.query(params![hook, after_seq, after_kind, states, since, until, bounded(limit)])?;
    collect(rows, |row| Ok(Entry { key: key_of(row)?, is_taken: row.get(5)? }))
}

fn cursor(key: &DeliveryKey) -> [i64; 2] {
    [key.seq.into(), key.kind.code().into()]
}

fn read(transaction: &Transaction<'_>, hook: HookNumber, id: i64) -> Result<Replay, StoreError> {
    of_hook(transaction, hook, ReplayId::new(id)?)?.ok_or(StoreError::Missing { what: "replay" })
}

fn replay_of(row: &Row<'_>) -> Result<Replay, StoreError> {
    let state: i64 = row.get(5)?;
    let known = ReplayState::ALL.into_iter().find(|known| *known as i64 == state);
    Ok(Replay {
        id: ReplayId::new(row.get(0)?)?,
        hook: HookNumber::try_from(row.get::<_, i64>(1)?)?,
        since: Millis(row.get(2)?),
        until: Millis(row.get(3)?),
        states: states(row.get(4)?)?,
        state: known.ok_or(StoreError::UnknownValue { what: "replay state", value: state })?,
        found: row.get::<_, i64>(6)?.unsigned_abs(),
        sent_again: row.get::<_, i64>(7)?.unsigned_abs(),
        created: Millis(row.get(8)?),
        ended: row.get::<_, Option<i64>>(9)?.map(Millis),
    })
}

/// States as a set of bits: 1 failed, 2 expired, 4 cancelled, 8 skipped.
fn bits(states: &ReplayStates) -> i64 {
    states.as_slice().iter().fold(0, |bits, state| bits | bit(*state))
}

fn states(bits: i64) -> Result<ReplayStates, StoreError> {
    let named = DeliveryState::ALL.into_iter().filter(|state| bits & bit(*state) != 0);
    ReplayStates::new(named).ok_or(StoreError::UnknownValue { what: "set of replayed states", value: bits })
}

fn bit(state: DeliveryState) -> i64 {
    match state {
        DeliveryState::Waiting | DeliveryState::Sending | DeliveryState::Delivered => 0,
        DeliveryState::Failed => 1,
        DeliveryState::Expired => 2,
        DeliveryState::Cancelled => 4,
        DeliveryState::Skipped => 8,
    }
}
