//! Counts of a batch: each issue's events by the hour, and what rules have asked to be counted. Written once a batch.
//!
//! A count that decide asks for is what the tables held before the batch and what the batch has counted since.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use model::decide::Asked;
use model::ids::{IssueId, ProjectId};
use model::rules::{BucketWindow, CounterKey, bucket_start};
use rusqlite::{Transaction, params};

use super::Recorder;
use crate::error::StoreError;
use crate::ledger::NewEvent;
use crate::marks::UserMark;

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
    read_events: HashMap<(IssueId, Asked), u64>,
    read_users: HashMap<(IssueId, Asked), Rc<BTreeSet<UserMark>>>,
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
            } else if let Some(user) = event.marks.user() {
                counts.users.insert((counted, start, user));
            }
        }
    }

    /// What a counter has counted for an issue in a window, this batch so far included.
    pub(super) fn counted(&mut self, of: (ProjectId, IssueId), asked: Asked) -> Result<u64, StoreError> {
        if asked.counts_users { self.users_counted(of, asked) } else { self.events_counted(of, asked) }
    }

    fn events_counted(&mut self, (project, issue): (ProjectId, IssueId), asked: Asked) -> Result<u64, StoreError> {
        let Asked { key, window: BucketWindow { first_s, last_s }, .. } = asked;
        let counts = &mut self.shared.counts;
        let before = match counts.read_events.get(&(issue, asked)) {
            Some(known) => *known,
            None => {
                let sum: i64 = self
                    .transaction
                    .prepare_cached(
                        "select coalesce(sum(events), 0) from issue_count
                         where project_id = ? and key = ? and issue_id = ? and bucket_s between ? and ?",
                    )?
                    .query_row([project.get(), key.0, issue.get(), first_s, last_s], |row| row.get(0))?;
                counts.read_events.insert((issue, asked), sum.unsigned_abs());
                sum.unsigned_abs()
            }
        };
        let counted = (project, key, issue);
        let since: i64 = counts.events.range((counted, first_s)..=(counted, last_s)).map(|(_, events)| events).sum();
        Ok(before + since.unsigned_abs())
    }

    /// A rule that does not fire has few users in its window, and one that fires is not asked again for a while: so the
    /// users that are read are few.
    fn users_counted(&mut self, (project, issue): (ProjectId, IssueId), asked: Asked) -> Result<u64, StoreError> {
        let Asked { key, window: BucketWindow { first_s, last_s }, .. } = asked;
        let counts = &mut self.shared.counts;
        let before = match counts.read_users.get(&(issue, asked)) {
            Some(known) => Rc::clone(known),
            None => {
                let mut read = self.transaction.prepare_cached(
                    "select user from issue_user_count
                     where project_id = ? and key = ? and issue_id = ? and bucket_s between ? and ?",
                )?;
                let users = read.query_map([project.get(), key.0, issue.get(), first_s, last_s], |row| row.get(0))?;
                let users = Rc::new(users.map(|user| user.map(UserMark)).collect::<Result<BTreeSet<_>, _>>()?);
                counts.read_users.insert((issue, asked), Rc::clone(&users));
                users
            }
        };
        let counted = (project, key, issue);
        let range = (counted, first_s, UserMark(i64::MIN))..=(counted, last_s, UserMark(i64::MAX));
        let since: BTreeSet<_> = counts.users.range(range).map(|(_, _, user)| user).collect();
        let new = since.into_iter().filter(|user| !before.contains(user)).count();
        Ok(u64::try_from(before.len() + new).unwrap_or(u64::MAX))
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
