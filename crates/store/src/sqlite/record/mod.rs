//! The record transaction: dedupe, group into issues, count, decide, owe; then settle, give back and claim.
//!
//! Shared rows (issues, counters, throttles) are read once and written once a batch. A batch in which anything is refused is
//! repeated with a savepoint for each part, so that the part fails alone.

mod alerts;
mod counting;
mod events;
mod issues;
mod marks;
mod releases;

use std::collections::HashMap;

use model::decide::decide;
use model::ids::{Generation, HookNumber, ProjectId, Seq};
use rusqlite::{Connection, OptionalExtension, Transaction};

pub(super) use marks::Seen;

use super::savepoint::{Care, part};
use super::writer::in_transaction;
use super::{leases, settle};
use crate::error::StoreError;
use crate::ledger::{Batch, BatchEvent, EventResult, Recorded, RecordedEvent};

/// Records a batch, whole if it can be, part by part if something in it is refused. `seen` learns what was committed.
pub(super) fn record(connection: &mut Connection, batch: &Batch, seen: &mut Seen) -> Result<Recorded, StoreError> {
    let whole = in_transaction(connection, |transaction| record_in(transaction, (batch, seen), Care::Whole));
    let (recorded, news) = match whole {
        Err(error) if !error.is_outage() => {
            let (events, cause) = (batch.events.len(), std::error::Error::source(&error));
            tracing::warn!(error = %error, cause, events, "a batch was refused: repeating it part by part");
            in_transaction(connection, |transaction| record_in(transaction, (batch, seen), Care::EachAlone))
        }
        answer => answer,
    }?;
    seen.learn(news);
    Ok(recorded)
}

fn record_in(
    transaction: &Transaction<'_>,
    (batch, seen): (&Batch, &Seen),
    care: Care,
) -> Result<(Recorded, marks::News), StoreError> {
    let (events, news) = match batch.events.is_empty() {
        true => Default::default(),
        false => record_events(transaction, (batch, seen), care)?,
    };
    settle::settle(transaction, batch, care)?;
    leases::give_back(transaction, batch)?;
    let claimed = leases::claim(transaction, batch, care)?;
    Ok((Recorded { events, claimed }, news))
}

fn record_events(
    transaction: &Transaction<'_>,
    (batch, seen): (&Batch, &Seen),
    care: Care,
) -> Result<(Vec<EventResult>, marks::News), StoreError> {
    let mut recorder = Recorder::new(transaction, batch, seen)?;
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
    let shared = recorder.shared;
    issues::write(transaction, batch, &shared.issues)?;
    counting::write(transaction, &shared.counts)?;
    Ok((results, shared.news))
}

/// One batch's way into the tables.
struct Recorder<'t> {
    transaction: &'t Transaction<'t>,
    batch: &'t Batch,
    seen: &'t Seen,
    statements: events::Statements<'t>,
    generations: HashMap<ProjectId, Option<Generation>>,
    shared: Shared,
}

/// What the events of one batch share. An event that is refused leaves no trace in it.
#[derive(Clone, Default)]
struct Shared {
    next_seq: i64,
    issues: issues::Issues,
    counts: counting::Counts,
    throttles: alerts::Throttles,
    releases: releases::Releases,
    news: marks::News,
    alert_room: HashMap<HookNumber, usize>,
}

impl<'t> Recorder<'t> {
    fn new(transaction: &'t Transaction<'t>, batch: &'t Batch, seen: &'t Seen) -> Result<Self, StoreError> {
        let alert_room = batch.alert_room.iter().copied().collect();
        let shared = Shared { next_seq: events::next_seq(transaction)?, alert_room, ..Shared::default() };
        let statements = events::Statements::new(transaction)?;
        Ok(Recorder { transaction, batch, seen, statements, generations: HashMap::new(), shared })
    }

    fn event(&mut self, index: usize, item: &BatchEvent) -> Result<EventResult, StoreError> {
        let event = &*item.event;
        if self.generation(event.project)? != Some(event.generation) {
            return Ok(EventResult::Moved);
        }
        let number = self.shared.next_seq;
        if !self.statements.insert_key(event, number)? {
            return Ok(EventResult::Duplicate);
        }
        self.shared.next_seq += 1;
        let seq = Seq::try_from(number)?;
        let state = self.join_issue(index, event)?;
        let issue = state.id;
        self.count(issue, event);
        self.statements.insert_event(event, seq, &state)?;
        let mut facts = alerts::Facts::new(self, issue, event);
        let owed = decide(&event.candidates, &state.for_decide(event), &mut facts)?;
        self.note_fired(&owed, (issue, seq), event)?;
        let owed = self.owe(item, (issue, seq), &owed)?;
        Ok(EventResult::Recorded(RecordedEvent { seq, issue, owed }))
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
}
