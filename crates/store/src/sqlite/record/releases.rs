//! Releases: when a project first saw each, and which is the newest.

use std::cmp::Ordering;
use std::collections::HashMap;

use model::ids::{Millis, ProjectId};
use model::release::SeenRelease;
use rusqlite::{OptionalExtension, params};

use super::Recorder;
use crate::error::StoreError;
use crate::ledger::NewEvent;

/// The newest release by project and environment, as far as a batch has asked; the empty environment stands for any.
#[derive(Default)]
pub(super) struct Releases {
    latest: HashMap<(ProjectId, String), Option<String>>,
}

impl Recorder<'_> {
    /// Writes down a release that its project, or its environment, has not seen.
    pub(super) fn see_release(&mut self, event: &NewEvent) -> Result<(), StoreError> {
        let Some(version) = event.marks.release() else { return Ok(()) };
        for environment in ["", event.marks.environment().unwrap_or_default()] {
            if !self.is_news(("release", event.project, environment, version)) {
                continue;
            }
            self.transaction
                .prepare_cached(
                    "insert into release_seen (project_id, environment, version, first_seen_ms)
                     values (?, ?, ?, ?)
                     on conflict do nothing",
                )?
                .execute(params![event.project.get(), environment, version, event.received.0])?;
            self.shared.releases.latest.remove(&(event.project, environment.to_owned()));
        }
        Ok(())
    }

    /// Whether the event's release is the newest of its project, or of those seen in an environment.
    pub(super) fn has_latest_release(
        &mut self,
        event: &NewEvent,
        environment: Option<&str>,
    ) -> Result<bool, StoreError> {
        let Some(version) = event.marks.release() else { return Ok(false) };
        let key = (event.project, environment.unwrap_or_default().to_owned());
        if let Some(latest) = self.shared.releases.latest.get(&key) {
            return Ok(latest.as_deref() == Some(version));
        }
        let latest: Option<String> = self
            .transaction
            .prepare_cached(
                "select version from release_seen
                 where project_id = ? and environment = ?
                 order by first_seen_ms desc, version desc
                 limit 1",
            )?
            .query_row(params![key.0.get(), key.1], |row| row.get(0))
            .optional()?;
        let is_latest = latest.as_deref() == Some(version);
        self.shared.releases.latest.insert(key, latest);
        Ok(is_latest)
    }

    /// How the event's release compares with one that an issue was resolved in at `since`; `None` where the event has none.
    pub(super) fn compare_release(
        &self,
        event: &NewEvent,
        other: &str,
        since: Millis,
    ) -> Result<Option<Ordering>, StoreError> {
        let Some(version) = event.marks.release() else { return Ok(None) };
        let first_seen = |version: &str| {
            let mut find = self.transaction.prepare_cached(
                "select first_seen_ms from release_seen where project_id = ? and environment = '' and version = ?",
            )?;
            let found = find.query_row(params![event.project.get(), version], |row| row.get(0).map(Millis));
            Ok::<_, StoreError>(found.optional()?)
        };
        // One that no event has named is as old as the word of whoever resolved the issue in it.
        let this = SeenRelease { name: version, first_seen: first_seen(version)?.unwrap_or(event.received) };
        let that = SeenRelease { name: other, first_seen: first_seen(other)?.unwrap_or(since) };
        Ok(Some(this.compare(&that)))
    }
}
