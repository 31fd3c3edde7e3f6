//! Counts of a batch: each issue's events by the hour, and what rules have asked to be counted. Written once a batch.
//!
//! A count that decide asks for is what the tables held before the batch, often remembered, and what the batch has counted since.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use model::decide::Asked;
use model::ids::{IssueId, ProjectId};
use model::rules::{BucketWindow, CounterKey, bucket_start};
use rusqlite::{Transaction, params};

use super::Recorder;
use super::windows::{Held, WindowNews};
use crate::error::StoreError;
use crate::ledger::NewEvent;
use crate::marks::UserMark;
use crate::sqlite::figures;
use crate::sqlite::savepoint::Care;

const HOUR_SECONDS: i64 = 3_600;

/// One issue's counter.
type Counted = (ProjectId, CounterKey, IssueId);

/// What a batch has counted, and what it has read.
#[derive(Default)]
pub(super) struct Counts {
    hours: BTreeMap<(ProjectId, IssueId, i64), i64>,
    /// Events by the start of their bucket.
    events: BTreeMap<(Counted, i64), i64>,
    users: BTreeSet<(Counted, i64, UserMark)>,
    /// The same users, in the order in which they came.
    came: HashMap<Counted, Vec<(i64, UserMark)>>,
    windows: HashMap<(IssueId, Asked), Window>,
}

/// A window that was asked for.
struct Window {
    /// What it held before the batch.
    before: Held,
    /// Users of the batch that were not in it.
    new: BTreeSet<UserMark>,
    /// How many of those that came have been looked at.
    looked: usize,
}

impl Recorder<'_> {
    /// Counts an event where it is asked for.
    pub(super) fn count(&mut self, issue: IssueId, event: &NewEvent) {
        let counts = &mut self.shared.counts;
        let hour = bucket_start(event.received, HOUR_SECONDS);
        *counts.hours.entry((event.project, issue, hour)).or_default() += 1;
        for hit in event.candidates.rules.counters() {
            let (counted, start) = ((event.project, hit.key, issue), bucket_start(event.received, hit.bucket_seconds));
            if !hit.counts_users {
                *counts.events.entry((counted, start)).or_default() += 1;
            } else if let Some(user) = event.marks.user()
                && counts.users.insert((counted, start, user))
            {
                counts.came.entry(counted).or_default().push((start, user));
            }
        }
    }

    /// What a counter has counted for an issue in a window, this batch so far included.
    pub(super) fn counted(&mut self, of: (ProjectId, IssueId), asked: Asked) -> Result<u64, StoreError> {
        if !self.shared.counts.windows.contains_key(&(of.1, asked)) {
            let window = Window { before: self.held(of, asked)?, new: BTreeSet::new(), looked: 0 };
            self.shared.counts.windows.insert((of.1, asked), window);
        }
        Ok(self.shared.counts.in_window(of, asked))
    }

    /// What a window held before the batch.
    fn held(&self, (project, issue): (ProjectId, IssueId), asked: Asked) -> Result<Held, StoreError> {
        // A part that is recorded alone has written what is not remembered yet.
        if self.care == Care::Whole
            && let Some(held) = self.seen.windows.get(issue, asked)
        {
            return Ok(held.clone());
        }
        let Asked { key, window: BucketWindow { first_s, last_s }, .. } = asked;
        let place = [project.get(), key.0, issue.get(), first_s, last_s];
        if asked.counts_users {
            let mut read = self.transaction.prepare_cached(
                "select user from issue_user_count
                 where project_id = ? and key = ? and issue_id = ? and bucket_s between ? and ?",
            )?;
            let users = read.query_map(place, |row| row.get(0).map(UserMark))?;
            return Ok(Held::Users(Arc::new(users.collect::<Result<_, _>>()?)));
        }
        let sum: i64 = self
            .transaction
            .prepare_cached(
                "select coalesce(sum(events), 0) from issue_count
                 where project_id = ? and key = ? and issue_id = ? and bucket_s between ? and ?",
            )?
            .query_row(place, |row| row.get(0))?;
        Ok(Held::Events(sum.unsigned_abs()))
    }
}

impl Counts {
    /// What a window that was read holds with what the batch has counted since.
    fn in_window(&mut self, (project, issue): (ProjectId, IssueId), asked: Asked) -> u64 {
        let Some(window) = self.windows.get_mut(&(issue, asked)) else { return 0 };
        let (counted, BucketWindow { first_s, last_s }) = ((project, asked.key, issue), asked.window);
        match &window.before {
            Held::Events(before) => {
                let since: i64 =
                    self.events.range((counted, first_s)..=(counted, last_s)).map(|(_, events)| events).sum();
                before + since.unsigned_abs()
            }
            Held::Users(before) => {
                let came = self.came.get(&counted).map_or(&[][..], Vec::as_slice);
                for (start, user) in came.get(window.looked..).unwrap_or_default() {
                    if (first_s..=last_s).contains(start) && !before.contains(user) {
                        window.new.insert(*user);
                    }
                }
                window.looked = came.len();
                u64::try_from(before.len() + window.new.len()).unwrap_or(u64::MAX)
            }
        }
    }

    /// What is to be remembered once it is committed.
    pub(super) fn into_news(mut self, care: Care) -> WindowNews {
        let counted: HashMap<_, _> = self
            .events
            .keys()
            .map(|(counted, _)| *counted)
            .chain(self.users.iter().map(|(counted, ..)| *counted))
            .map(|(project, key, issue)| ((issue, key), project))
            .collect();
        let mut asked = Vec::with_capacity(self.windows.len());
        for (issue, window) in self.windows.keys().copied().collect::<Vec<_>>() {
            // What nothing was counted for is as it was.
            let now = counted.get(&(issue, window.key)).map(|project| self.in_window((*project, issue), window));
            let Some(Window { before, new, .. }) = self.windows.remove(&(issue, window)) else { continue };
            let held = match (before, now) {
                (Held::Events(_), Some(now)) => Held::Events(now),
                (before, _) => before,
            };
            asked.push((issue, window, held, new));
        }
        WindowNews { counted: counted.into_keys().collect(), asked, forget_all: care == Care::EachAlone }
    }
}

/// Writes each counter's row once, in the order of keys.
pub(super) fn write(transaction: &Transaction<'_>, counts: &Counts) -> Result<(), StoreError> {
    let mut add_hour = transaction.prepare_cached(
        "insert into issue_hour (project_id, issue_id, hour_s, events)
         values (?, ?, ?, ?)
         on conflict do update set events = events + excluded.events",
    )?;
    for ((project, issue, hour), events) in &counts.hours {
        add_hour.execute([project.get(), issue.get(), *hour, *events])?;
    }
    let of_projects = counts.hours.iter().map(|((project, _, hour), events)| ((*project, *hour), *events));
    figures::count_events(transaction, of_projects)?;
    if !counts.events.is_empty() {
        let mut add_events = transaction.prepare_cached(
            "insert into issue_count (project_id, key, issue_id, bucket_s, events)
             values (?, ?, ?, ?, ?)
             on conflict do update set events = events + excluded.events",
        )?;
        for (((project, key, issue), start), events) in &counts.events {
            add_events.execute([project.get(), key.0, issue.get(), *start, *events])?;
        }
    }
    if !counts.users.is_empty() {
        let mut add_user = transaction.prepare_cached(
            "insert into issue_user_count (project_id, key, issue_id, bucket_s, user)
             values (?, ?, ?, ?, ?)
             on conflict do nothing",
        )?;
        for ((project, key, issue), start, user) in &counts.users {
            add_user.execute(params![project.get(), key.0, issue.get(), start, user.0])?;
        }
    }
    Ok(())
}
