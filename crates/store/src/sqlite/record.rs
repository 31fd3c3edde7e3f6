//! The record transaction: dedupe, group into issues, count, decide, owe; then settle, give back and claim.
//!
//! Shared rows (issues, projects) are read once and written once a batch. A batch in which anything is refused is repeated
//! with a savepoint for each part, so that the part fails alone.

use std::collections::{BTreeMap, HashMap};

use model::decide::{Asked, IssueState, StoreFacts, decide};
use model::delivery_key::DeliveryKey;
use model::ids::{Day, Generation, IssueId, Millis, ProjectId, RuleId, Seq};
use model::issue::{IssuePriority, IssueStatus, Turn};
use model::payload::CreatedBody;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Transaction, params};

use super::codes::{Code, SENDING, WAITING};
use super::savepoint::{Care, part};
use super::writer::in_transaction;
use super::{leases, settle};
use crate::error::StoreError;
use crate::ledger::{Batch, BatchEvent, EventResult, NewEvent, OwedRow, Recorded, RecordedEvent};

/// Records a batch, whole if it can be, part by part if something in it is refused.
pub(super) fn record(connection: &mut Connection, batch: &Batch) -> Result<Recorded, StoreError> {
    match in_transaction(connection, |transaction| record_in(transaction, batch, Care::Whole)) {
        Err(error) if !error.is_outage() => {
            let (events, cause) = (batch.events.len(), std::error::Error::source(&error));
            tracing::warn!(error = %error, cause, events, "a batch was refused: repeating it part by part");
            in_transaction(connection, |transaction| record_in(transaction, batch, Care::EachAlone))
        }
        answer => answer,
    }
}

fn record_in(transaction: &Transaction<'_>, batch: &Batch, care: Care) -> Result<Recorded, StoreError> {
    let events = if batch.events.is_empty() { Vec::new() } else { record_events(transaction, batch, care)? };
    settle::settle(transaction, batch, care)?;
    leases::give_back(transaction, batch)?;
    let claimed = leases::claim(transaction, batch, care)?;
    Ok(Recorded { events, claimed })
}

fn record_events(transaction: &Transaction<'_>, batch: &Batch, care: Care) -> Result<Vec<EventResult>, StoreError> {
    let mut recorder = Recorder::new(transaction, batch)?;
    let mut results = Vec::with_capacity(batch.events.len());
    for (index, item) in batch.events.iter().enumerate() {
        let before = (care == Care::EachAlone).then(|| recorder.shared.clone());
        results.push(match part(transaction, care, || recorder.event(index, item))? {
            Ok(result) => result,
            Err(refusal) => {
                recorder.shared = before.unwrap_or_default();
                EventResult::Refused(refusal)
            }
        });
    }
    recorder.finish()?;
    Ok(results)
}

/// One batch's way into the tables.
struct Recorder<'t> {
    transaction: &'t Transaction<'t>,
    batch: &'t Batch,
    statements: Statements<'t>,
    generations: HashMap<ProjectId, Option<Generation>>,
    shared: Shared,
}

/// What the events of one batch share. An event that is refused leaves no trace in it.
#[derive(Clone, Default)]
struct Shared {
    next_seq: i64,
    issues: HashMap<(ProjectId, u16, [u8; 16]), IssueId>,
    changes: BTreeMap<IssueId, IssueChange>,
}

/// What a batch changes of one issue's row.
#[derive(Clone)]
struct IssueChange {
    count: i64,
    first_seen_ms: i64,
    last_seen_ms: i64,
    /// Index in the batch of the event that the row shows.
    shown: usize,
}

/// The statements that each event needs, looked up once a batch.
struct Statements<'t> {
    find_key: CachedStatement<'t>,
    insert_key: CachedStatement<'t>,
    find_issue: CachedStatement<'t>,
    insert_event: CachedStatement<'t>,
    insert_of_issue: CachedStatement<'t>,
    insert_of_project: CachedStatement<'t>,
    insert_delivery: CachedStatement<'t>,
}

impl<'t> Recorder<'t> {
    fn new(transaction: &'t Transaction<'t>, batch: &'t Batch) -> Result<Self, StoreError> {
        let shared = Shared { next_seq: next_seq(transaction)?, ..Shared::default() };
        let statements = Statements::new(transaction)?;
        Ok(Recorder { transaction, batch, statements, generations: HashMap::new(), shared })
    }

    fn event(&mut self, index: usize, item: &BatchEvent) -> Result<EventResult, StoreError> {
        let event = &*item.event;
        if self.generation(event.project)? != Some(event.generation) {
            return Ok(EventResult::Moved);
        }
        let day = event.received.day();
        let seq = self.shared.next_seq;
        if !self.insert_key(event, day, seq)? {
            return Ok(EventResult::Duplicate);
        }
        self.shared.next_seq += 1;
        let (issue, state) = self.issue(index, event)?;
        self.insert_event(event, issue, seq)?;
        let owed = self.owe(item, Recording { day, seq: Seq::try_from(seq)? }, &state)?;
        Ok(EventResult::Recorded(RecordedEvent { seq: Seq::try_from(seq)?, issue, owed }))
    }

    fn generation(&mut self, project: ProjectId) -> Result<Option<Generation>, StoreError> {
        if let Some(known) = self.generations.get(&project) {
            return Ok(*known);
        }
        let found = self
            .transaction
            .prepare_cached("select generation from project where id = ? and deleted = 0")?
            .query_row([project.get()], |row| row.get(0))
            .optional()?
            .map(Generation);
        self.generations.insert(project, found);
        Ok(found)
    }

    /// False where the project has an event of this id from today or yesterday.
    fn insert_key(&mut self, event: &NewEvent, day: Day, seq: i64) -> Result<bool, StoreError> {
        let (project, id) = (event.project.get(), event.id.0);
        if self.statements.find_key.exists(params![project, day.minus(1).0, id])? {
            return Ok(false);
        }
        Ok(self.statements.insert_key.execute(params![project, day.0, id, seq])? == 1)
    }

    /// The issue that the event belongs to, and what decide wants to know of it.
    fn issue(&mut self, index: usize, event: &NewEvent) -> Result<(IssueId, IssueState), StoreError> {
        let Some(issue) = self.known_issue(event)? else {
            let issue = self.insert_issue(event)?;
            return Ok((issue, state_of(event, Turn::New)));
        };
        let time = event.timestamp.0;
        let change = self.shared.changes.entry(issue).or_insert(IssueChange {
            count: 0,
            first_seen_ms: time,
            last_seen_ms: time,
            shown: index,
        });
        change.count += 1;
        change.first_seen_ms = change.first_seen_ms.min(time);
        change.last_seen_ms = change.last_seen_ms.max(time);
        change.shown = index;
        Ok((issue, state_of(event, Turn::Repeated)))
    }

    fn known_issue(&mut self, event: &NewEvent) -> Result<Option<IssueId>, StoreError> {
        let key = (event.project, event.grouping.version, event.grouping.hash);
        if let Some(issue) = self.shared.issues.get(&key) {
            return Ok(Some(*issue));
        }
        let found: Option<i64> = self
            .statements
            .find_issue
            .query_row(params![event.project.get(), event.grouping.version, event.grouping.hash], |row| row.get(0))
            .optional()?;
        let found = found.map(IssueId::new).transpose()?;
        if let Some(issue) = found {
            self.shared.issues.insert(key, issue);
        }
        Ok(found)
    }

    fn insert_issue(&mut self, event: &NewEvent) -> Result<IssueId, StoreError> {
        let short_number: i64 = self
            .transaction
            .prepare_cached("update project set issues_made = issues_made + 1 where id = ? returning issues_made")?
            .query_row([event.project.get()], |row| row.get(0))?;
        let summary = &event.summary;
        self.transaction
            .prepare_cached(
                "insert into issue (project_id, short_number, grouping_version, level, kind, platform, title, culprit,
                                    count, first_seen_ms, last_seen_ms)
                 values (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)",
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
            ])?;
        let issue = IssueId::new(self.transaction.last_insert_rowid())?;
        self.transaction
            .prepare_cached("insert into issue_hash (project_id, version, hash, issue_id) values (?, ?, ?, ?)")?
            .execute(params![event.project.get(), event.grouping.version, event.grouping.hash, issue.get()])?;
        self.shared.issues.insert((event.project, event.grouping.version, event.grouping.hash), issue);
        Ok(issue)
    }

    fn insert_event(&mut self, event: &NewEvent, issue: IssueId, seq: i64) -> Result<(), StoreError> {
        let project = event.project.get();
        self.statements.insert_event.execute(params![
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
        self.statements.insert_of_issue.execute([project, issue.get(), seq])?;
        self.statements.insert_of_project.execute([project, seq])?;
        Ok(())
    }

    /// Inserts what decide says the event owes.
    fn owe(&mut self, item: &BatchEvent, at: Recording, state: &IssueState) -> Result<Vec<OwedRow>, StoreError> {
        let event = &*item.event;
        let owed = decide(&event.candidates, state, &mut Nothing)?.deliveries;
        let mut rows = Vec::with_capacity(owed.len());
        for delivery in owed {
            let leased = item.room.contains(&delivery.hook);
            self.statements.insert_delivery.execute(params![
                event.project.get(),
                delivery.hook.get(),
                at.day.0,
                i64::from(at.seq),
                delivery.kind.code(),
                if leased { SENDING } else { WAITING },
                delivery.priority.code(),
                (!leased).then_some(event.received.0),
                leased.then_some(self.batch.owner.get()),
                event.received.0,
            ])?;
            let (project, hook, kind) = (event.project, delivery.hook, delivery.kind);
            let key = DeliveryKey { project, hook, day: at.day, seq: at.seq, kind };
            rows.push(OwedRow { key, priority: delivery.priority, leased });
        }
        Ok(rows)
    }

    /// Writes each issue's row once.
    fn finish(&self) -> Result<(), StoreError> {
        let mut update = self.transaction.prepare_cached(
            "update issue
             set count = count + ?, first_seen_ms = min(first_seen_ms, ?), last_seen_ms = max(last_seen_ms, ?),
                 level = ?, kind = ?, platform = ?, title = ?, culprit = ?
             where id = ?",
        )?;
        for (issue, change) in &self.shared.changes {
            let Some(shown) = self.batch.events.get(change.shown) else { continue };
            let summary = &shown.event.summary;
            update.execute(params![
                change.count,
                change.first_seen_ms,
                change.last_seen_ms,
                summary.level.code(),
                summary.kind.code(),
                summary.platform,
                summary.title,
                summary.culprit,
                issue.get(),
            ])?;
        }
        Ok(())
    }
}

impl<'t> Statements<'t> {
    fn new(transaction: &'t Transaction<'t>) -> Result<Self, StoreError> {
        Ok(Statements {
            find_key: transaction
                .prepare_cached("select 1 from event_key where project_id = ? and day = ? and event_id = ?")?,
            insert_key: transaction.prepare_cached(
                "insert into event_key (project_id, day, event_id, seq)
                 values (?, ?, ?, ?)
                 on conflict do nothing",
            )?,
            find_issue: transaction
                .prepare_cached("select issue_id from issue_hash where project_id = ? and version = ? and hash = ?")?,
            insert_event: transaction.prepare_cached(
                "insert into event (seq, project_id, issue_id, day, event_id, received_ms, timestamp_ms, level, hop,
                                    head, value, tail)
                 values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?,
            insert_of_issue: transaction
                .prepare_cached("insert into event_of_issue (project_id, issue_id, seq) values (?, ?, ?)")?,
            insert_of_project: transaction
                .prepare_cached("insert into event_of_project (project_id, seq) values (?, ?)")?,
            insert_delivery: transaction.prepare_cached(
                "insert into delivery (project_id, hook, day, seq, kind, state, priority, due_ms, owner, created_ms)
                 values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?,
        })
    }
}

/// Where an event was recorded.
#[derive(Clone, Copy)]
struct Recording {
    day: Day,
    seq: Seq,
}

/// One more than any event's number, also of those that retention deleted.
fn next_seq(transaction: &Transaction<'_>) -> Result<i64, StoreError> {
    let kept: Option<i64> =
        transaction.prepare_cached("select max(seq) from event")?.query_row([], |row| row.get(0))?;
    let deleted: i64 =
        transaction.prepare_cached("select value from meta where name = 'seq'")?.query_row([], |row| row.get(0))?;
    Ok(kept.unwrap_or(0).max(deleted) + 1)
}

struct Nothing;

impl StoreFacts for Nothing {
    type Error = StoreError;

    fn last_fired(&mut self, _rule: RuleId) -> Result<Option<Millis>, StoreError> {
        Ok(None)
    }

    fn count(&mut self, _asked: Asked) -> Result<u64, StoreError> {
        Ok(0)
    }

    fn has_latest_release(&mut self, _environment: Option<&str>) -> Result<bool, StoreError> {
        Ok(false)
    }
}

fn state_of(event: &NewEvent, turn: Turn) -> IssueState {
    IssueState {
        turn,
        is_new_in_environment: false,
        status: IssueStatus::Unresolved,
        priority: IssuePriority::High,
        first_seen: event.timestamp,
        times_seen: 1,
        now: event.received,
    }
}
