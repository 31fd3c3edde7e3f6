//! The ways through a hook's deliveries, each by an index: all of them, those that were not delivered, those that wait, those
//! of an issue, those of an event.
//!
//! Each gives candidates in the order of the list. Within a day the list's order is that of the events' numbers; a way that has
//! no day in its index goes by the numbers alone, which differs for what was received and recorded on two sides of midnight.

use model::delivery::DeliveryState;
use model::delivery_key::DeliveryKey;
use model::ids::{IssueId, Millis, Seq};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::deliveries::{DeliverySearch, KIND_BITS, REPLAYED_STATES, parts, place};
use crate::error::StoreError;
use crate::sqlite::codes::WAITING;
use crate::sqlite::place::key_of;
use crate::sqlite::reading::seq_of;
use crate::sqlite::rows::{bounded, collect};

/// So few waiting deliveries of a hook are all looked at and sorted; among more the next ones are soon met on the way through all.
const FEW_WAITING: usize = 4_096;

/// Below and above every kind's code, and still part of a place.
const LEAST_KIND: i64 = 0;
const MOST_KIND: i64 = (1 << KIND_BITS) - 1;

/// Which way a walk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// From the newest down.
    Older,
    Newer,
}

/// What a walk goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Through {
    /// All deliveries of the hook, by the key.
    All,
    /// Those that were settled and not delivered.
    Unsent,
    /// Those that wait: few.
    Waiting,
    /// Those of an issue's events.
    Issue(IssueId),
    /// Those of an event; none where there is no such event.
    Event(Option<Seq>),
}

/// A delivery that a walk comes by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) key: DeliveryKey,
    pub(super) state: DeliveryState,
    pub(super) created: Millis,
}

/// Some candidates.
pub(super) struct Part {
    pub(super) candidates: Vec<Candidate>,
    /// How many rows or entries were looked at for them.
    pub(super) looked: usize,
    /// The place that the walk has come to.
    pub(super) reached: [i64; 3],
    /// Whether there is nothing beyond it.
    pub(super) ends: bool,
}

/// Which way, from where, how far.
type Leg = (Way, [i64; 3], usize);

impl Way {
    /// Whether a delivery lies beyond a place on this way.
    fn is_beyond(self, key: &DeliveryKey, at: [i64; 3]) -> bool {
        let here = parts(place(key));
        match self {
            Way::Older => here < at,
            Way::Newer => here > at,
        }
    }
}

impl Through {
    /// The way with the least to look at.
    pub(super) fn choose(connection: &Connection, search: &DeliverySearch) -> Result<Through, StoreError> {
        let filter = &search.filter;
        if let Some(event) = filter.event {
            return Ok(Through::Event(seq_of(connection, search.project, event)?));
        }
        if let Some(issue) = filter.issue {
            return Ok(Through::Issue(issue));
        }
        let only = |states: &[DeliveryState]| {
            !filter.states.is_empty() && filter.states.iter().all(|state| states.contains(state))
        };
        if only(&REPLAYED_STATES) {
            return Ok(Through::Unsent);
        }
        if only(&[DeliveryState::Waiting]) && waiting(connection, search)?.len() <= FEW_WAITING {
            return Ok(Through::Waiting);
        }
        Ok(Through::All)
    }

    /// The next candidates on the way.
    pub(super) fn next(self, connection: &Connection, search: &DeliverySearch, leg: Leg) -> Result<Part, StoreError> {
        match self {
            Through::All => all(connection, search, leg).map(|found| Part::of_leg(found, leg)),
            Through::Unsent => unsent(connection, search, leg).map(|found| Part::of_leg(found, leg)),
            Through::Waiting => waiting(connection, search).map(|found| Part::sorted(found, leg)),
            Through::Issue(issue) => of_issue(connection, (search, issue), leg),
            Through::Event(None) => Ok(Part::sorted(Vec::new(), leg)),
            Through::Event(Some(seq)) => {
                of_event(connection, search, i64::from(seq)).map(|found| Part::sorted(found, leg))
            }
        }
    }
}

impl Part {
    /// What a statement gave that was asked for so many.
    fn of_leg(candidates: Vec<Candidate>, (_, at, limit): Leg) -> Part {
        let reached = candidates.last().map_or(at, |last| parts(place(&last.key)));
        Part { looked: candidates.len(), reached, ends: candidates.len() < limit, candidates }
    }

    /// Everything that there is, in whatever order.
    fn sorted(mut candidates: Vec<Candidate>, (way, at, _): Leg) -> Part {
        let looked = candidates.len();
        candidates.retain(|candidate| way.is_beyond(&candidate.key, at));
        candidates.sort_unstable_by_key(|candidate| parts(place(&candidate.key)));
        if way == Way::Older {
            candidates.reverse();
        }
        Part { candidates, looked, reached: at, ends: true }
    }
}

/// A hook's deliveries by their key, within the days that are asked for.
fn all(connection: &Connection, search: &DeliverySearch, leg: Leg) -> Result<Vec<Candidate>, StoreError> {
    let (way, [mut day, mut seq, mut kind], limit) = leg;
    let until = search.filter.until.map_or(i64::MAX, |until| until.day().0.into());
    let (statement, bound) = match way {
        Way::Older => {
            if until < day {
                [day, seq, kind] = [until + 1, 0, 0];
            }
            let older = "select project_id, hook, day, seq, kind, state, created_ms
                         from delivery
                         where project_id = ? and hook = ? and day >= ? and (day, seq, kind) < (?, ?, ?)
                         order by day desc, seq desc, kind desc
                         limit ?";
            (older, search.filter.since.map_or(i64::MIN, |since| since.day().0.into()))
        }
        Way::Newer => {
            let newer = "select project_id, hook, day, seq, kind, state, created_ms
                         from delivery
                         where project_id = ? and hook = ? and day <= ? and (day, seq, kind) > (?, ?, ?)
                         order by day, seq, kind
                         limit ?";
            (newer, until)
        }
    };
    let mut statement = connection.prepare_cached(statement)?;
    let (project, hook) = (search.project.get(), search.hook.get());
    collect(statement.query(params![project, hook, bound, day, seq, kind, bounded(limit)])?, candidate)
}

/// Those that were settled and not delivered; the index alone answers.
fn unsent(connection: &Connection, search: &DeliverySearch, leg: Leg) -> Result<Vec<Candidate>, StoreError> {
    let (way, [_, seq, kind], limit) = leg;
    let mut statement = connection.prepare_cached(match way {
        Way::Older => {
            "select project_id, hook, day, seq, kind, state, created_ms
             from delivery indexed by delivery_unsent
             where state > 2 and hook = ? and (seq, kind) < (?, ?)
             order by seq desc, kind desc
             limit ?"
        }
        Way::Newer => {
            "select project_id, hook, day, seq, kind, state, created_ms
             from delivery indexed by delivery_unsent
             where state > 2 and hook = ? and (seq, kind) > (?, ?)
             order by seq, kind
             limit ?"
        }
    })?;
    collect(statement.query(params![search.hook.get(), seq, kind, bounded(limit)])?, candidate)
}

/// Those that wait, one more than few at most; the index alone answers.
fn waiting(connection: &Connection, search: &DeliverySearch) -> Result<Vec<Candidate>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select project_id, hook, day, seq, kind, ?1, created_ms
         from delivery indexed by delivery_waiting
         where state = 0 and hook = ?2
         limit ?3",
    )?;
    let limit = bounded(FEW_WAITING.saturating_add(1));
    collect(statement.query(params![WAITING, search.hook.get(), limit])?, candidate)
}

/// Those of an issue's events: for each event at most one of each kind.
fn of_issue(
    connection: &Connection,
    (search, issue): (&DeliverySearch, IssueId),
    (way, [_, seq, kind], limit): Leg,
) -> Result<Part, StoreError> {
    let mut statement = connection.prepare_cached(match way {
        Way::Older => {
            "select seq from event_of_issue
             where project_id = ? and issue_id = ? and seq <= ?
             order by seq desc
             limit ?"
        }
        Way::Newer => {
            "select seq from event_of_issue
             where project_id = ? and issue_id = ? and seq >= ?
             order by seq
             limit ?"
        }
    })?;
    let rows = statement.query(params![search.project.get(), issue.get(), seq, bounded(limit)])?;
    let events: Vec<i64> = collect(rows, |row| Ok(row.get(0)?))?;
    let mut part = Part {
        candidates: Vec::new(),
        looked: events.len(),
        reached: match (way, events.last()) {
            (_, None) => [0, seq, kind],
            (Way::Older, Some(last)) => [0, *last, LEAST_KIND],
            (Way::Newer, Some(last)) => [0, *last, MOST_KIND],
        },
        ends: events.len() < limit,
    };
    for event in events {
        let mut found = of_event(connection, search, event)?;
        found.retain(|found| {
            let here = [event, i64::from(found.key.kind.code())];
            match way {
                Way::Older => here < [seq, kind],
                Way::Newer => here > [seq, kind],
            }
        });
        if way == Way::Older {
            found.reverse();
        }
        part.candidates.append(&mut found);
    }
    Ok(part)
}

/// Those of an event, by kind.
fn of_event(connection: &Connection, search: &DeliverySearch, seq: i64) -> Result<Vec<Candidate>, StoreError> {
    let day: Option<i64> = connection
        .prepare_cached("select day from event where seq = ?")?
        .query_row([seq], |row| row.get(0))
        .optional()?;
    let mut statement = connection.prepare_cached(
        "select project_id, hook, day, seq, kind, state, created_ms
         from delivery
         where project_id = ? and hook = ? and day = ? and seq = ? and kind in (1, 2)
         order by kind",
    )?;
    collect(statement.query(params![search.project.get(), search.hook.get(), day, seq])?, candidate)
}

fn candidate(row: &Row<'_>) -> Result<Candidate, StoreError> {
    let (key, created) = (key_of(row)?, Millis(row.get(6)?));
    Ok(Candidate { key, state: DeliveryState::from_code(row.get(5)?)?, created })
}
