//! The record transaction: dedupe, group into issues, count, decide, owe; then settle, note standings, give back and claim.
//!
//! Shared rows (issues, counters, throttles) are read once and written once a batch. A batch in which anything is refused is
//! repeated with a savepoint for each part, so that the part fails alone.

mod alerts;
mod counting;
mod events;
mod issues;
mod marks;
mod releases;
mod windows;

use std::collections::HashMap;

use model::decide::decide;
use model::ids::{Generation, HookNumber, ProjectId, Seq};
use rusqlite::{Connection, OptionalExtension, Transaction};

pub(super) use marks::Seen;

use super::savepoint::{Care, part};
use super::writer::in_transaction;
use super::{leases, settle, standings};
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
    }
    // It may be on disk all the same.
    .inspect_err(|_| seen.forget_windows())?;
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
    let tests = events::make_tests(transaction, batch)?;
    settle::settle(transaction, batch, care)?;
    standings::write(transaction, batch)?;
    leases::give_back(transaction, batch)?;
    let claimed = leases::claim(transaction, batch, care)?;
    Ok((Recorded { events, tests, claimed }, news))
}

fn record_events(
    transaction: &Transaction<'_>,
    (batch, seen): (&Batch, &Seen),
    care: Care,
) -> Result<(Vec<EventResult>, marks::News), StoreError> {
    let mut recorder = Recorder::new(transaction, (batch, seen), care)?;
    let mut results = Vec::with_capacity(batch.events.len());
    for (index, item) in batch.events.iter().enumerate() {
        let places = (care == Care::EachAlone).then(|| recorder.alert_room.clone());
        let result = part(transaction, care, || {
            let result = recorder.event(index, item)?;
            // What is written for several events together could be refused too: each writes its own.
            if care == Care::EachAlone {
                recorder.write()?;
            }
            Ok(result)
        })?;
        results.push(result.unwrap_or_else(|refusal| {
            recorder.shared = Shared::default();
            recorder.alert_room = places.unwrap_or_default();
            EventResult::Refused(refusal)
        }));
    }
    recorder.write()?;
    Ok((results, recorder.news))
}

/// One batch's way into the tables.
struct Recorder<'t> {
    transaction: &'t Transaction<'t>,
    batch: &'t Batch,
    seen: &'t Seen,
    care: Care,
    statements: events::Statements<'t>,
    generations: HashMap<ProjectId, Option<Generation>>,
    shared: Shared,
    /// Of what is written.
    news: marks::News,
    /// Places for alerts that are left.
    alert_room: HashMap<HookNumber, usize>,
}

/// What the events of one batch share: what they have read, and what is still to be written.
#[derive(Default)]
struct Shared {
    next_seq: Option<i64>,
    issues: issues::Issues,
    counts: counting::Counts,
    throttles: alerts::Throttles,
    releases: releases::Releases,
    news: marks::News,
}

impl<'t> Recorder<'t> {
    fn new(
        transaction: &'t Transaction<'t>,
        (batch, seen): (&'t Batch, &'t Seen),
        care: Care,
    ) -> Result<Self, StoreError> {
        Ok(Recorder {
            transaction,
            batch,
            seen,
            care,
            statements: events::Statements::new(transaction)?,
            generations: HashMap::new(),
            shared: Shared::default(),
            news: marks::News::default(),
            alert_room: batch.alert_room.iter().copied().collect(),
        })
    }

    fn event(&mut self, index: usize, item: &BatchEvent) -> Result<EventResult, StoreError> {
        let event = &*item.event;
        if self.generation(event.project)? != Some(event.generation) {
            return Ok(EventResult::Moved);
        }
        let number = self.next_seq()?;
        if !self.statements.insert_key(event, number)? {
            return Ok(EventResult::Duplicate);
        }
        self.shared.next_seq = Some(number + 1);
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

    /// Writes what the events so far share, each row once.
    fn write(&mut self) -> Result<(), StoreError> {
        let shared = std::mem::take(&mut self.shared);
        issues::write(self.transaction, self.batch, &shared.issues)?;
        counting::write(self.transaction, &shared.counts)?;
        self.news.extend(shared.news);
        self.news.windows = shared.counts.into_news(self.care);
        Ok(())
    }

    fn next_seq(&mut self) -> Result<i64, StoreError> {
        match self.shared.next_seq {
            Some(next) => Ok(next),
            None => events::next_seq(self.transaction),
        }
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
