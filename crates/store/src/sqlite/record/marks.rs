//! What events leave in their issues' rows: environment, user, tags and release, each written when it is new.
//!
//! Most events say nothing new. [`Seen`] remembers digests of what was committed, so that such an event costs one look at
//! memory; what it has forgotten is asked of the tables again.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use model::ids::{IssueId, ProjectId};
use model::limits::TAG_VALUES_PER_KEY;
use model::rules::CounterKey;
use rusqlite::params;

use super::Recorder;
use super::windows::{WindowNews, Windows};
use crate::error::StoreError;
use crate::ledger::NewEvent;

/// Digests that are remembered, half of them the newest: some 2 MiB at most.
const REMEMBERED: usize = 64 * 1024;

/// Digests of marks that are in the tables. Forgets the older half when it is full.
#[derive(Debug, Default)]
pub(in crate::sqlite) struct Seen {
    newer: HashSet<u64>,
    older: HashSet<u64>,
    pub(super) windows: Windows,
}

/// What a batch has written.
#[derive(Debug, Default)]
pub(super) struct News {
    digests: HashSet<u64>,
    pub(super) windows: WindowNews,
}

/// What was new of an event.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Left {
    /// Its environment had not been seen in its issue.
    pub(super) is_new_environment: bool,
    /// Its user had not seen its issue.
    pub(super) is_new_user: bool,
}

impl News {
    /// Takes more digests.
    pub(super) fn extend(&mut self, news: News) {
        match self.digests.is_empty() {
            true => self.digests = news.digests,
            false => self.digests.extend(news.digests),
        }
    }
}

impl Seen {
    /// Remembers what was committed.
    pub(super) fn learn(&mut self, news: News) {
        if self.newer.len() + news.digests.len() > REMEMBERED / 2 {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.extend(news.digests);
        self.windows.learn(news.windows);
    }

    /// Forgets what counters held: somebody else has changed it.
    pub(in crate::sqlite) fn forget_windows(&mut self) {
        self.windows.forget();
    }

    /// The same, of one counter.
    pub(in crate::sqlite) fn forget_counter(&mut self, key: CounterKey) {
        self.windows.forget_counter(key);
    }

    fn has(&self, digest: u64) -> bool {
        self.newer.contains(&digest) || self.older.contains(&digest)
    }
}

impl Recorder<'_> {
    /// Writes what the event's issue has not seen yet.
    pub(super) fn leave_marks(&mut self, issue: IssueId, event: &NewEvent) -> Result<Left, StoreError> {
        if !self.is_news((issue, event.marks.digest())) {
            return Ok(Left::default());
        }
        self.see_release(event)?;
        let left =
            Left { is_new_environment: self.see_environment(issue, event)?, is_new_user: self.see_user(issue, event)? };
        for (key, value) in event.marks.tags() {
            self.see_tag((event.project, issue), key, value)?;
        }
        Ok(left)
    }

    /// Whether something has neither been committed lately nor written in this batch; it counts as written from now on.
    pub(super) fn is_news(&mut self, thing: impl Hash) -> bool {
        let digest = digest(thing);
        !self.seen.has(digest) && self.shared.news.digests.insert(digest)
    }

    fn see_environment(&mut self, issue: IssueId, event: &NewEvent) -> Result<bool, StoreError> {
        let environment = event.marks.environment().unwrap_or_default();
        if !self.is_news(("environment", issue, environment)) {
            return Ok(false);
        }
        let inserted = self
            .transaction
            .prepare_cached(
                "insert into issue_environment (project_id, issue_id, environment, first_seen_ms)
                 values (?, ?, ?, ?)
                 on conflict do nothing",
            )?
            .execute(params![event.project.get(), issue.get(), environment, event.received.0])?;
        Ok(inserted == 1)
    }

    fn see_user(&mut self, issue: IssueId, event: &NewEvent) -> Result<bool, StoreError> {
        let Some(user) = event.marks.user() else { return Ok(false) };
        if !self.is_news(("user", issue, user)) {
            return Ok(false);
        }
        let inserted = self
            .transaction
            .prepare_cached(
                "insert into issue_user (project_id, issue_id, user)
                 values (?, ?, ?)
                 on conflict do nothing",
            )?
            .execute([event.project.get(), issue.get(), user.0])?;
        Ok(inserted == 1)
    }

    /// A key with many values keeps the first ones.
    fn see_tag(&mut self, (project, issue): (ProjectId, IssueId), key: &str, value: &str) -> Result<(), StoreError> {
        if self.has_seen(("full", issue, key)) || !self.is_news(("tag", issue, key, value)) {
            return Ok(());
        }
        let (project, most) = (project.get(), i64::try_from(TAG_VALUES_PER_KEY).unwrap_or(i64::MAX));
        let inserted = self
            .transaction
            .prepare_cached(
                "insert into issue_tag (project_id, issue_id, key, value)
                 select ?1, ?2, ?3, ?4
                 where (select count(*) from issue_tag where project_id = ?1 and issue_id = ?2 and key = ?3) < ?5
                 on conflict do nothing",
            )?
            .execute(params![project, issue.get(), key, value, most])?;
        if inserted == 0 && self.count_values((project, issue), key)? >= most {
            self.is_news(("full", issue, key));
        }
        Ok(())
    }

    fn count_values(&self, (project, issue): (i64, IssueId), key: &str) -> Result<i64, StoreError> {
        Ok(self
            .transaction
            .prepare_cached("select count(*) from issue_tag where project_id = ? and issue_id = ? and key = ?")?
            .query_row(params![project, issue.get(), key], |row| row.get(0))?)
    }

    fn has_seen(&self, thing: impl Hash) -> bool {
        let digest = digest(thing);
        self.seen.has(digest) || self.shared.news.digests.contains(&digest)
    }
}

fn digest(thing: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    thing.hash(&mut hasher);
    hasher.finish()
}
