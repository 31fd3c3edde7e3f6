//! The record transaction: dedupe, group into issues, count, decide, owe; then settle, give back and claim.
//!
//! Shared rows (issues, projects) are read once and written once a batch. A batch that one event spoils is repeated with a
//! savepoint for each event, so that it fails alone.

use std::collections::BTreeMap;

use model::decide::{IssueState, decide};
use model::delivery_key::DeliveryKey;
use model::ids::{Day, Generation, IssueId, ProjectId, Seq};
use model::payload::CreatedBody;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::codes::{Code, SENDING, WAITING};
use super::writer::in_transaction;
use super::{reading, settle};
use crate::error::StoreError;
use crate::ledger::{Batch, BatchEvent, EventResult, NewEvent, OwedRow, Recorded, RecordedEvent};

/// Records a batch, whole if it can be, event by event if one of them is refused.
pub(super) fn record(connection: &mut Connection, batch: &Batch) -> Result<Recorded, StoreError> {
    match in_transaction(connection, |transaction| record_in(transaction, batch, Care::Whole)) {
        Err(error) if !error.is_outage() && !batch.events.is_empty() => {
            tracing::warn!(error = %error, events = batch.events.len(), "a batch was refused: repeating it event by event");
            in_transaction(connection, |transaction| record_in(transaction, batch, Care::EachAlone))
        }
        answer => answer,
    }
}

/// Whether an event that fails takes its batch with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Care {
    Whole,
    EachAlone,
}

fn record_in(transaction: &Transaction<'_>, batch: &Batch, care: Care) -> Result<Recorded, StoreError> {
    let mut recorder = Recorder::new(transaction, batch)?;
    let mut events = Vec::with_capacity(batch.events.len());
    for (index, item) in batch.events.iter().enumerate() {
        events.push(match care {
            Care::Whole => recorder.event(index, item)?,
            Care::EachAlone => recorder.event_alone(index, item)?,
        });
    }
    recorder.finish()?;
    settle::settle(transaction, batch)?;
    settle::give_back(transaction, batch)?;
    let claimed = settle::claim(transaction, batch)?;
    Ok(Recorded { events, claimed })
}

/// What the events of one batch share.
struct Recorder<'t> {
    transaction: &'t Transaction<'t>,
    batch: &'t Batch,
    next_seq: i64,
    generations: BTreeMap<ProjectId, Option<Generation>>,
    issues: BTreeMap<IssueId, IssueChange>,
}

/// What a batch changes of one issue's row.
#[derive(Clone)]
struct IssueChange {
    count: i64,
    first_seen_ms: i64,
    last_seen_ms: i64,
    day: i64,
    /// Index in the batch of the event that the row shows.
    shown: usize,
}

impl<'t> Recorder<'t> {
    fn new(transaction: &'t Transaction<'t>, batch: &'t Batch) -> Result<Self, StoreError> {
        let next_seq = match batch.events.is_empty() {
            true => 0,
            false => next_seq(transaction)?,
        };
        Ok(Recorder { transaction, batch, next_seq, generations: BTreeMap::new(), issues: BTreeMap::new() })
    }

    /// Records one event; what it changed is undone where it fails.
    fn event_alone(&mut self, index: usize, item: &BatchEvent) -> Result<EventResult, StoreError> {
        let (next_seq, issues) = (self.next_seq, self.issues.clone());
        self.transaction.execute_batch("savepoint one_event")?;
        match self.event(index, item) {
            Ok(result) => {
                self.transaction.execute_batch("release one_event")?;
                Ok(result)
            }
            Err(error) if error.is_outage() => Err(error),
            Err(error) => {
                self.transaction.execute_batch("rollback to one_event; release one_event")?;
                (self.next_seq, self.issues) = (next_seq, issues);
                Ok(EventResult::Refused(error))
            }
        }
    }

    fn event(&mut self, index: usize, item: &BatchEvent) -> Result<EventResult, StoreError> {
        let event = &*item.event;
        if self.generation(event.project)? != Some(event.generation) {
            return Ok(EventResult::Moved);
        }
        let day = event.received.day();
        let seq = self.next_seq;
        if !self.insert_key(event, day, seq)? {
            return Ok(EventResult::Duplicate);
        }
        self.next_seq += 1;
        let (issue, is_new) = self.issue(index, event)?;
        self.insert_event(event, issue, seq)?;
        let owed = self.owe(item, Recording { day, seq }, &IssueState { is_new })?;
        Ok(EventResult::Recorded(RecordedEvent { seq: Seq::try_from(seq)?, issue, owed }))
    }

    fn generation(&mut self, project: ProjectId) -> Result<Option<Generation>, StoreError> {
        if let Some(known) = self.generations.get(&project) {
            return Ok(*known);
        }
        let found = self
            .transaction
            .prepare_cached("select generation from project where id = ? and deleted_ms is null")?
            .query_row([project.get()], |row| row.get(0))
            .optional()?
            .map(Generation);
        self.generations.insert(project, found);
        Ok(found)
    }

    /// False where the project has an event of this id from today or yesterday.
    fn insert_key(&self, event: &NewEvent, day: Day, seq: i64) -> Result<bool, StoreError> {
        let mut yesterday = self
            .transaction
            .prepare_cached("select 1 from event_key where project_id = ? and day = ? and event_id = ?")?;
        if yesterday.exists(params![event.project.get(), day.0 - 1, event.id.0])? {
            return Ok(false);
        }
        let inserted = self
            .transaction
            .prepare_cached(
                "insert into event_key (project_id, day, event_id, seq)
                 values (?, ?, ?, ?)
                 on conflict do nothing",
            )?
            .execute(params![event.project.get(), day.0, event.id.0, seq])?;
        Ok(inserted == 1)
    }

    /// The issue that the event belongs to, and whether it is the issue's first.
    fn issue(&mut self, index: usize, event: &NewEvent) -> Result<(IssueId, bool), StoreError> {
        let known: Option<i64> = self
            .transaction
            .prepare_cached("select issue_id from issue_hash where project_id = ? and version = ? and hash = ?")?
            .query_row(params![event.project.get(), event.grouping.version, event.grouping.hash], |row| row.get(0))
            .optional()?;
        let (issue, new) = match known {
            Some(id) => (IssueId::new(id)?, false),
            None => (self.insert_issue(event)?, true),
        };
        let time = event.timestamp.0;
        let day = i64::from(event.received.day().0);
        let change = self.issues.entry(issue).or_insert(IssueChange {
            count: 0,
            first_seen_ms: time,
            last_seen_ms: time,
            day,
            shown: index,
        });
        // The row of a new issue is inserted with a count of one.
        change.count += i64::from(!new);
        change.first_seen_ms = change.first_seen_ms.min(time);
        change.last_seen_ms = change.last_seen_ms.max(time);
        change.day = change.day.max(day);
        change.shown = index;
        Ok((issue, new))
    }

    fn insert_issue(&self, event: &NewEvent) -> Result<IssueId, StoreError> {
        let short_number: i64 = self
            .transaction
            .prepare_cached("update project set issues_made = issues_made + 1 where id = ? returning issues_made")?
            .query_row([event.project.get()], |row| row.get(0))?;
        let summary = &event.summary;
        self.transaction
            .prepare_cached(
                "insert into issue (project_id, short_number, grouping_version, level, kind, platform, title, culprit,
                                    count, first_seen_ms, last_seen_ms, last_received_day)
                 values (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)",
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
                event.timestamp.0,
                event.timestamp.0,
                event.received.day().0,
            ])?;
        let issue = self.transaction.last_insert_rowid();
        self.transaction
            .prepare_cached("insert into issue_hash (project_id, version, hash, issue_id) values (?, ?, ?, ?)")?
            .execute(params![event.project.get(), event.grouping.version, event.grouping.hash, issue])?;
        Ok(IssueId::new(issue)?)
    }

    fn insert_event(&self, event: &NewEvent, issue: IssueId, seq: i64) -> Result<(), StoreError> {
        let project = event.project.get();
        self.transaction
            .prepare_cached(
                "insert into event (seq, project_id, issue_id, day, event_id, received_ms, timestamp_ms, level, hop,
                                    head, value, tail)
                 values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                seq,
                project,
                issue.get(),
                event.received.day().0,
                event.id.0,
                event.received.0,
                event.timestamp.0,
                event.summary.level.code(),
                event.candidates.hop.0,
                event.body.head(issue),
                event.compressed,
                CreatedBody::tail(issue),
            ])?;
        self.transaction
            .prepare_cached("insert into event_of_issue (project_id, issue_id, seq) values (?, ?, ?)")?
            .execute(params![project, issue.get(), seq])?;
        self.transaction
            .prepare_cached("insert into event_of_project (project_id, seq) values (?, ?)")?
            .execute(params![project, seq])?;
        Ok(())
    }

    /// Inserts what decide says the event owes.
    fn owe(&self, item: &BatchEvent, at: Recording, state: &IssueState) -> Result<Vec<OwedRow>, StoreError> {
        let event = &*item.event;
        let seq = Seq::try_from(at.seq)?;
        let owed = decide(&event.candidates, state).deliveries;
        let mut rows = Vec::with_capacity(owed.len());
        for delivery in owed {
            let leased = item.room.contains(&delivery.hook);
            let key =
                DeliveryKey { project: event.project, hook: delivery.hook, day: at.day, seq, kind: delivery.kind };
            self.transaction
                .prepare_cached(
                    "insert into delivery (project_id, hook, day, seq, kind, state, priority, due_ms, owner, created_ms)
                     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    event.project.get(),
                    delivery.hook.get(),
                    at.day.0,
                    at.seq,
                    delivery.kind.code(),
                    if leased { SENDING } else { WAITING },
                    delivery.priority.code(),
                    (!leased).then_some(event.received.0),
                    leased.then_some(self.batch.owner.get()),
                    event.received.0,
                ])?;
            rows.push(OwedRow { key, priority: delivery.priority, leased });
        }
        Ok(rows)
    }

    /// Writes each issue's row once.
    fn finish(&self) -> Result<(), StoreError> {
        for (issue, change) in &self.issues {
            let Some(shown) = self.batch.events.get(change.shown) else { continue };
            let summary = &shown.event.summary;
            self.transaction
                .prepare_cached(
                    "update issue
                     set count = count + ?,
                         first_seen_ms = min(first_seen_ms, ?),
                         last_seen_ms = max(last_seen_ms, ?),
                         last_received_day = max(last_received_day, ?),
                         level = ?, title = ?, culprit = ?
                     where id = ?",
                )?
                .execute(params![
                    change.count,
                    change.first_seen_ms,
                    change.last_seen_ms,
                    change.day,
                    summary.level.code(),
                    summary.title,
                    summary.culprit,
                    issue.get(),
                ])?;
        }
        Ok(())
    }
}

/// Where an event was recorded.
#[derive(Clone, Copy)]
struct Recording {
    day: Day,
    seq: i64,
}

/// One more than any event's number, also of those that retention deleted.
fn next_seq(transaction: &Transaction<'_>) -> Result<i64, StoreError> {
    let kept: Option<i64> =
        transaction.prepare_cached("select max(seq) from event")?.query_row([], |row| row.get(0))?;
    let floor = reading::seq_floor(transaction)?;
    Ok(kept.unwrap_or(0).max(floor) + 1)
}
