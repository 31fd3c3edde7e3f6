//! The rows of one event: its key, the event itself, the narrow rows that lead to it, and what it owes.

use std::collections::HashMap;

use model::decide::Owed;
use model::delivery::{DeliveryState, Priority};
use model::delivery_key::DeliveryKey;
use model::ids::{HookNumber, IssueId, Seq};
use model::payload::CreatedBody;
use rusqlite::{CachedStatement, Transaction, params};
use webhook::Kind;

use super::Recorder;
use super::issues::Joined;
use crate::error::StoreError;
use crate::ledger::{Batch, BatchEvent, NewEvent, OwedRow};
use crate::sqlite::codes::{Code, SENDING};

/// The statements that each event needs, looked up once a batch.
pub(super) struct Statements<'t> {
    find_key: CachedStatement<'t>,
    insert_key: CachedStatement<'t>,
    insert_event: CachedStatement<'t>,
    insert_of_issue: CachedStatement<'t>,
    insert_of_project: CachedStatement<'t>,
    insert_delivery: CachedStatement<'t>,
}

impl<'t> Statements<'t> {
    pub(super) fn new(transaction: &'t Transaction<'t>) -> Result<Self, StoreError> {
        Ok(Statements {
            find_key: transaction
                .prepare_cached("select 1 from event_key where project_id = ? and day = ? and event_id = ?")?,
            insert_key: transaction.prepare_cached(
                "insert into event_key (project_id, day, event_id, seq)
                 values (?, ?, ?, ?)
                 on conflict do nothing",
            )?,
            insert_event: transaction.prepare_cached(
                "insert into event (seq, project_id, issue_id, day, event_id, received_ms, timestamp_ms, level, hop,
                                    head, value, tail, turn, new_in_environment)
                 values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?,
            insert_of_issue: transaction
                .prepare_cached("insert into event_of_issue (project_id, issue_id, seq) values (?, ?, ?)")?,
            insert_of_project: transaction
                .prepare_cached("insert into event_of_project (project_id, seq) values (?, ?)")?,
            insert_delivery: transaction.prepare_cached(
                "insert into delivery (project_id, hook, day, seq, kind, state, priority, due_ms, owner, settled_ms,
                                       created_ms, body)
                 values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?,
        })
    }

    /// False where the project has an event of this id from today or yesterday.
    pub(super) fn insert_key(&mut self, event: &NewEvent, seq: i64) -> Result<bool, StoreError> {
        let (project, id, day) = (event.project.get(), event.id.0, event.received.day());
        if self.find_key.exists(params![project, day.minus(1).0, id])? {
            return Ok(false);
        }
        Ok(self.insert_key.execute(params![project, day.0, id, seq])? == 1)
    }

    pub(super) fn insert_event(&mut self, event: &NewEvent, seq: Seq, joined: &Joined) -> Result<(), StoreError> {
        let (project, issue, seq) = (event.project.get(), joined.id, i64::from(seq));
        self.insert_event.execute(params![
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
            joined.turn.code(),
            joined.is_new_in_environment,
        ])?;
        self.insert_of_issue.execute([project, issue.get(), seq])?;
        self.insert_of_project.execute([project, seq])?;
        Ok(())
    }
}

impl Recorder<'_> {
    /// Inserts what decide says the event owes.
    pub(super) fn owe(
        &mut self,
        item: &BatchEvent,
        (issue, seq): (IssueId, Seq),
        owed: &Owed,
    ) -> Result<Vec<OwedRow>, StoreError> {
        let event = &*item.event;
        let day = event.received.day();
        let mut rows = Vec::with_capacity(owed.deliveries.len());
        for delivery in &owed.deliveries {
            let leased = match delivery.kind {
                Kind::EventAlert => take_place(&mut self.alert_room, delivery.hook),
                Kind::EventCreated | Kind::Test => item.room.contains(&delivery.hook),
            };
            let state = match leased {
                true => DeliveryState::Sending,
                false if self.batch.skip.contains(&delivery.hook) => DeliveryState::Skipped,
                false => DeliveryState::Waiting,
            };
            let when = |wanted| (state == wanted).then_some(event.received.0);
            let rules = owed.triggering(delivery, &event.candidates);
            let body = (!rules.is_empty()).then(|| event.body.alert(issue, &rules));
            self.statements.insert_delivery.execute(params![
                event.project.get(),
                delivery.hook.get(),
                day.0,
                i64::from(seq),
                delivery.kind.code(),
                state.code(),
                delivery.priority.code(),
                when(DeliveryState::Waiting),
                leased.then_some(self.batch.owner.get()),
                when(DeliveryState::Skipped),
                event.received.0,
                body,
            ])?;
            let key = DeliveryKey { project: event.project, hook: delivery.hook, day, seq, kind: delivery.kind };
            rows.push(OwedRow { key, priority: delivery.priority, leased, alert: body.map(Into::into) });
        }
        Ok(rows)
    }
}

/// Makes the tests of a batch, each leased. A test has no event, but a number of its own.
pub(super) fn make_tests(transaction: &Transaction<'_>, batch: &Batch) -> Result<Vec<DeliveryKey>, StoreError> {
    let mut keys = Vec::with_capacity(batch.tests.len());
    for test in &batch.tests {
        let seq = next_seq(transaction)?;
        let day = test.received.day();
        transaction
            .prepare_cached(
                "insert into delivery (project_id, hook, day, seq, kind, state, priority, owner, created_ms, body)
                 values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                test.project.get(),
                test.hook.get(),
                day.0,
                seq,
                Kind::Test.code(),
                SENDING,
                Priority::Alert.code(),
                batch.owner.get(),
                test.received.0,
                &*test.body,
            ])?;
        transaction.prepare_cached("update meta set value = max(value, ?) where name = 'seq'")?.execute([seq])?;
        let seq = Seq::try_from(seq)?;
        keys.push(DeliveryKey { project: test.project, hook: test.hook, day, seq, kind: Kind::Test });
    }
    Ok(keys)
}

/// Takes one of the places that a lane keeps for alerts, if any is left.
fn take_place(room: &mut HashMap<HookNumber, usize>, hook: HookNumber) -> bool {
    match room.get_mut(&hook) {
        Some(places @ 1..) => {
            *places -= 1;
            true
        }
        Some(0) | None => false,
    }
}

/// One more than any event's number, also of those that retention deleted.
pub(super) fn next_seq(transaction: &Transaction<'_>) -> Result<i64, StoreError> {
    let kept: Option<i64> =
        transaction.prepare_cached("select max(seq) from event")?.query_row([], |row| row.get(0))?;
    let deleted: i64 =
        transaction.prepare_cached("select value from meta where name = 'seq'")?.query_row([], |row| row.get(0))?;
    Ok(kept.unwrap_or(0).max(deleted) + 1)
}
