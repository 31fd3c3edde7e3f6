//! The issues of a batch: found or made, moved by their events, and written once.

use std::collections::{BTreeMap, HashMap};

use model::decide::IssueState;
use model::ids::{IssueId, Millis, ProjectId};
use model::issue::{Arrival, IssuePriority, IssueStatus, ResolvedIn, Snooze, Standing, Substatus, Turn};
use rusqlite::{Row, Transaction, params};

use super::Recorder;
use super::marks::Left;
use crate::error::StoreError;
use crate::ledger::{Batch, NewEvent};
use crate::sqlite::codes::Code;
use crate::sqlite::issues::open;

/// The issues that a batch has met.
#[derive(Default)]
pub(super) struct Issues {
    by_hash: HashMap<(ProjectId, u16, [u8; 16]), IssueId>,
    rows: BTreeMap<IssueId, Known>,
}

/// An issue as the batch knows it.
struct Known {
    standing: Standing,
    substatus: Substatus,
    changed: Millis,
    priority: IssuePriority,
    count: u64,
    users: u64,
    first_seen: Millis,
    last_seen: Millis,
    /// Index in the batch of the event whose level the row shows.
    shown: usize,
    /// Index in the batch of the last event that had a title.
    titled: Option<usize>,
    /// Index in the batch of the last event that named its release.
    released: Option<usize>,
    /// What its row does not say yet.
    unwritten: Unwritten,
}

/// Columns whose change costs more than the row's: an index, or the rest of a rare change. Each is written only where it moved.
#[derive(Default)]
struct Unwritten {
    events: bool,
    first_seen: bool,
    standing: bool,
}

/// What became of an event's issue.
pub(super) struct Joined {
    pub(super) id: IssueId,
    pub(super) turn: Turn,
    pub(super) is_new_in_environment: bool,
    status: IssueStatus,
    priority: IssuePriority,
    first_seen: Millis,
    times_seen: u64,
}

impl Joined {
    /// What decide wants to know.
    pub(super) fn for_decide(&self, event: &NewEvent) -> IssueState {
        IssueState {
            turn: self.turn,
            is_new_in_environment: self.is_new_in_environment,
            status: self.status,
            priority: self.priority,
            first_seen: self.first_seen,
            times_seen: self.times_seen,
            now: event.received,
        }
    }
}

impl Recorder<'_> {
    /// Adds the event to its issue, which it may make, reopen or bring back.
    pub(super) fn join_issue(&mut self, index: usize, event: &NewEvent) -> Result<Joined, StoreError> {
        match self.known_issue(event)? {
            Some(id) => self.join_known(id, index, event),
            None => self.make_issue(index, event),
        }
    }

    fn join_known(&mut self, id: IssueId, index: usize, event: &NewEvent) -> Result<Joined, StoreError> {
        let left = self.leave_marks(id, event)?;
        let known = self.shared.issues.row(id)?;
        let resolved = known.standing.resolved_in.clone().map(|resolved_in| (resolved_in, known.changed));
        let release = match resolved {
            Some((resolved_in, since)) => self.compare_release(event, resolved_in.release(), since)?,
            None => None,
        };
        let known = self.shared.issues.row(id)?;
        known.add(index, event, u64::from(left.is_new_user));
        let arrival = Arrival { now: event.received, times_seen: known.count, users_seen: known.users, release };
        let turn = known.standing.turn(&arrival);
        if let Some(substatus) = turn.substatus() {
            known.standing = Standing::default();
            (known.substatus, known.changed) = (substatus, event.received);
            known.unwritten.standing = true;
        }
        Ok(known.joined(id, turn, left))
    }

    fn known_issue(&mut self, event: &NewEvent) -> Result<Option<IssueId>, StoreError> {
        let key = (event.project, event.grouping.version, event.grouping.hash);
        if let Some(issue) = self.shared.issues.by_hash.get(&key) {
            return Ok(Some(*issue));
        }
        let mut find = self.transaction.prepare_cached(
            "select i.id, i.status, i.substatus, i.changed_ms, i.priority, i.snooze_until_ms, i.snooze_events,
                    i.snooze_users, i.resolved_in, i.resolved_next, i.count, i.users, i.first_seen_ms, i.last_seen_ms
             from issue_hash h
             join issue i on i.id = h.issue_id
             where h.project_id = ? and h.version = ? and h.hash = ?",
        )?;
        let mut rows = find.query(params![event.project.get(), event.grouping.version, event.grouping.hash])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let id = IssueId::new(row.get(0)?)?;
        let known = Known::read(row)?;
        self.shared.issues.by_hash.insert(key, id);
        self.shared.issues.rows.entry(id).or_insert(known);
        Ok(Some(id))
    }

    fn make_issue(&mut self, index: usize, event: &NewEvent) -> Result<Joined, StoreError> {
        let id = insert_issue(self.transaction, event)?;
        let known = Known::new(index, event);
        self.shared.issues.by_hash.insert((event.project, event.grouping.version, event.grouping.hash), id);
        self.shared.issues.rows.insert(id, known);
        let left = self.leave_marks(id, event)?;
        Ok(self.shared.issues.row(id)?.joined(id, Turn::New, left))
    }
}

fn insert_issue(transaction: &Transaction<'_>, event: &NewEvent) -> Result<IssueId, StoreError> {
    let short_number: i64 = transaction
        .prepare_cached("update project set issues_made = issues_made + 1 where id = ? returning issues_made")?
        .query_row([event.project.get()], |row| row.get(0))?;
    let summary = &event.summary;
    transaction
        .prepare_cached(
            "insert into issue (project_id, short_number, grouping_version, level, kind, platform, title, culprit, count,
                                users, first_seen_ms, last_seen_ms, substatus, changed_ms, priority, logger, metadata,
                                unhandled, first_release, last_release)
             values (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            event.project.get(),
            short_number,
            event.grouping.version,
            summary.level.code(),
            summary.kind.code(),
            summary.platform,
            summary.title,
            summary.culprit,
            event.marks.user().is_some(),
            event.timestamp.0,
            event.timestamp.0,
            Substatus::New.code(),
            event.received.0,
            IssuePriority::of(summary.level).code(),
            summary.logger,
            summary.metadata,
            summary.unhandled,
            event.marks.release(),
            event.marks.release(),
        ])?;
    let issue = IssueId::new(transaction.last_insert_rowid())?;
    transaction
        .prepare_cached("insert into issue_hash (project_id, version, hash, issue_id) values (?, ?, ?, ?)")?
        .execute(params![event.project.get(), event.grouping.version, event.grouping.hash, issue.get()])?;
    Ok(issue)
}

impl Issues {
    /// A row that was found or made before.
    fn row(&mut self, id: IssueId) -> Result<&mut Known, StoreError> {
        self.rows.get_mut(&id).ok_or(StoreError::Missing { what: "issue" })
    }
}

impl Known {
    fn new(index: usize, event: &NewEvent) -> Known {
        Known {
            standing: Standing::default(),
            substatus: Substatus::New,
            changed: event.received,
            priority: IssuePriority::of(event.summary.level),
            count: 1,
            // Nobody has seen it before.
            users: u64::from(event.marks.user().is_some()),
            first_seen: event.timestamp,
            last_seen: event.timestamp,
            shown: index,
            titled: Some(index),
            released: event.marks.release().map(|_| index),
            unwritten: Unwritten::default(),
        }
    }

    fn read(row: &Row<'_>) -> Result<Known, StoreError> {
        let count = |index| row.get::<_, i64>(index).map(i64::unsigned_abs);
        let most = |index| row.get::<_, Option<i64>>(index).map(|most| most.map(i64::unsigned_abs));
        let snooze = Snooze { until: row.get::<_, Option<i64>>(5)?.map(Millis), events: most(6)?, users: most(7)? };
        let release: Option<String> = row.get(8)?;
        let resolved_in = match row.get::<_, bool>(9)? {
            true => release.map(ResolvedIn::NextAfter),
            false => release.map(ResolvedIn::Release),
        };
        let has_end = snooze != Snooze::default();
        let standing =
            Standing { status: IssueStatus::from_code(row.get(1)?)?, snooze: has_end.then_some(snooze), resolved_in };
        Ok(Known {
            standing,
            substatus: Substatus::from_code(row.get(2)?)?,
            changed: Millis(row.get(3)?),
            priority: IssuePriority::from_code(row.get(4)?)?,
            count: count(10)?,
            users: count(11)?,
            first_seen: Millis(row.get(12)?),
            last_seen: Millis(row.get(13)?),
            shown: 0,
            titled: None,
            released: None,
            unwritten: Unwritten::default(),
        })
    }

    fn add(&mut self, index: usize, event: &NewEvent, new_users: u64) {
        self.count += 1;
        self.users += new_users;
        self.unwritten.events = true;
        if event.timestamp < self.first_seen {
            (self.first_seen, self.unwritten.first_seen) = (event.timestamp, true);
        }
        self.last_seen = self.last_seen.max(event.timestamp);
        self.shown = index;
        if !event.summary.has_placeholder_title {
            self.titled = Some(index);
        }
        if event.marks.release().is_some() {
            self.released = Some(index);
        }
    }

    fn joined(&self, id: IssueId, turn: Turn, left: Left) -> Joined {
        Joined {
            id,
            turn,
            is_new_in_environment: left.is_new_environment,
            status: self.standing.status,
            priority: self.priority,
            first_seen: self.first_seen,
            times_seen: self.count,
        }
    }
}

/// Writes what has changed of each issue.
pub(super) fn write(transaction: &Transaction<'_>, batch: &Batch, issues: &Issues) -> Result<(), StoreError> {
    let mut update = transaction.prepare_cached(
        "update issue
         set count = ?2, users = ?3, last_seen_ms = ?4, level = ?5, kind = ?6, platform = ?7, logger = ?8, unhandled = ?9,
             title = coalesce(?10, title), culprit = coalesce(?11, culprit), metadata = coalesce(?12, metadata),
             last_release = coalesce(?13, last_release)
         where id = ?1",
    )?;
    for (id, known) in &issues.rows {
        let event = |index: usize| batch.events.get(index).map(|item| &*item.event);
        if known.unwritten.events
            && let Some(shown) = event(known.shown).map(|event| &event.summary)
        {
            let titled = known.titled.and_then(event).map(|event| &event.summary);
            update.execute(params![
                id.get(),
                known.count.cast_signed(),
                known.users.cast_signed(),
                known.last_seen.0,
                shown.level.code(),
                shown.kind.code(),
                shown.platform,
                shown.logger,
                shown.unhandled,
                titled.map(|summary| &summary.title),
                titled.map(|summary| &summary.culprit),
                titled.map(|summary| &summary.metadata),
                known.released.and_then(event).and_then(|event| event.marks.release()),
            ])?;
        }
        if known.unwritten.first_seen {
            transaction
                .prepare_cached("update issue set first_seen_ms = ? where id = ?")?
                .execute([known.first_seen.0, id.get()])?;
        }
        if known.unwritten.standing {
            // An event only ever opens an issue.
            open(transaction, *id, (known.substatus, known.changed))?;
        }
    }
    Ok(())
}
