//! Figures by the hour: counted in memory for a transaction, written once for each row, forgotten with what they count.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use model::ids::{HookNumber, Millis, ProjectId};
use model::latency;
use rusqlite::{Connection, Transaction};

use super::Sqlite;
use super::rows::{bounded, collect};
use crate::error::StoreError;
use crate::figures::{Attempts, Figures, OutcomeCount, ProjectHour};
use crate::ledger::AttemptRow;

const HOUR_SECONDS: i64 = 3_600;

/// The code of a success.
const SUCCEEDED: i64 = model::attempt::Outcome::Succeeded.code() as i64;

/// The attempts of one transaction, by hook, hour, outcome and bucket.
#[derive(Default)]
pub(super) struct Outcomes(BTreeMap<(HookNumber, i64, u8, u8), i64>);

impl Outcomes {
    /// Counts an attempt.
    pub(super) fn add(&mut self, hook: HookNumber, attempt: &AttemptRow) {
        let bucket = latency::bucket(Duration::from_micros(attempt.duration_us));
        *self.0.entry((hook, hour(attempt.started), attempt.outcome.code(), bucket)).or_default() += 1;
    }

    /// Writes them.
    pub(super) fn write(&self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        let mut add = transaction.prepare_cached(
            "insert into hook_outcome (hook, hour_s, outcome, bucket, attempts)
             values (?, ?, ?, ?, ?)
             on conflict do update set attempts = attempts + excluded.attempts",
        )?;
        for ((hook, hour, outcome, bucket), attempts) in &self.0 {
            add.execute([hook.get().into(), *hour, (*outcome).into(), (*bucket).into(), *attempts])?;
        }
        Ok(())
    }
}

/// Adds events to a project's hours.
pub(super) fn count_events(
    transaction: &Transaction<'_>,
    hours: impl Iterator<Item = ((ProjectId, i64), i64)>,
) -> Result<(), StoreError> {
    let mut sums = BTreeMap::<(ProjectId, i64), i64>::new();
    for (of, events) in hours {
        *sums.entry(of).or_default() += events;
    }
    let mut add = transaction.prepare_cached(
        "insert into project_hour (project_id, hour_s, events)
         values (?, ?, ?)
         on conflict do update set events = events + excluded.events",
    )?;
    for ((project, hour), events) in sums {
        add.execute([project.get(), hour, events])?;
    }
    Ok(())
}

/// Forgets hours of projects before a moment, so many at most. How many there were.
pub(super) fn forget_projects(
    transaction: &Transaction<'_>,
    before: Millis,
    limit: usize,
) -> Result<usize, StoreError> {
    Ok(transaction
        .prepare_cached(
            "delete from project_hour
             where (project_id, hour_s) in (select project_id, hour_s from project_hour where hour_s < ? limit ?)",
        )?
        .execute([hour(before), bounded(limit)])?)
}

/// Forgets a hook's hours before a moment.
pub(super) fn forget_hook(transaction: &Transaction<'_>, hook: i64, before: Millis) -> Result<(), StoreError> {
    let mut forget = transaction.prepare_cached("delete from hook_outcome where hook = ? and hour_s < ?")?;
    forget.execute([hook, hour(before)])?;
    Ok(())
}

#[async_trait]
impl Figures for Sqlite {
    async fn project_hours(&self, projects: Vec<ProjectId>, since: Millis) -> Result<Vec<ProjectHour>, StoreError> {
        self.read(move |connection| project_hours(connection, &projects, since)).await
    }

    async fn attempts_since(&self, hooks: Vec<HookNumber>, since: Millis) -> Result<Vec<Attempts>, StoreError> {
        self.read(move |connection| hooks.iter().map(|hook| attempts_since(connection, *hook, since)).collect()).await
    }

    async fn outcomes(&self, hook: HookNumber, since: Millis) -> Result<Vec<OutcomeCount>, StoreError> {
        self.read(move |connection| outcomes(connection, hook, since)).await
    }
}

fn project_hours(
    connection: &Connection,
    projects: &[ProjectId],
    since: Millis,
) -> Result<Vec<ProjectHour>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select hour_s, events from project_hour where project_id = ? and hour_s >= ? order by hour_s",
    )?;
    let mut all = Vec::new();
    for project in projects {
        let rows = statement.query([project.get(), hour(since)])?;
        all.extend(collect(rows, |row| {
            let events = row.get::<_, i64>(1)?.unsigned_abs();
            Ok(ProjectHour { project: *project, hour: Millis(row.get::<_, i64>(0)? * 1_000), events })
        })?);
    }
    Ok(all)
}

fn attempts_since(connection: &Connection, hook: HookNumber, since: Millis) -> Result<Attempts, StoreError> {
    let mut statement = connection.prepare_cached(
        "select coalesce(sum(attempts), 0), coalesce(sum(iif(outcome = ?, attempts, 0)), 0)
         from hook_outcome
         where hook = ? and hour_s >= ?",
    )?;
    Ok(statement.query_row([SUCCEEDED, hook.get().into(), hour(since)], |row| {
        let [all, succeeded] = [row.get::<_, i64>(0)?, row.get(1)?].map(i64::unsigned_abs);
        Ok(Attempts { all, succeeded })
    })?)
}

fn outcomes(connection: &Connection, hook: HookNumber, since: Millis) -> Result<Vec<OutcomeCount>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select hour_s, outcome, bucket, attempts from hook_outcome where hook = ? and hour_s >= ? order by hour_s",
    )?;
    let rows = statement.query([i64::from(hook.get()), hour(since)])?;
    collect(rows, |row| {
        Ok(OutcomeCount {
            hour: Millis(row.get::<_, i64>(0)? * 1_000),
            outcome: row.get(1)?,
            bucket: row.get(2)?,
            attempts: row.get::<_, i64>(3)?.unsigned_abs(),
        })
    })
}

/// The second in which the hour of a moment began.
fn hour(moment: Millis) -> i64 {
    let second = moment.0.div_euclid(1_000);
    second - second.rem_euclid(HOUR_SECONDS)
}
