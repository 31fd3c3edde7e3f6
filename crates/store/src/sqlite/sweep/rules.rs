//! What rules leave: old firings, deleted rules, counts beyond their reach, throttles that hold nothing back any more.
//!
//! Counts and throttles lie in the order in which recording asks for them, not in that of time: an index by time would cost
//! the writer with each row. So upkeep walks through them, some thousand places a pass, and remembers over all passes how far it
//! came. What it has not reached yet is out of every window and is not asked for.

use rusqlite::{OptionalExtension, params};

use super::{Cursor, Slice, Step};
use crate::error::StoreError;
use crate::sqlite::rows::bounded;

/// Places of each table that a pass looks at.
const PLACES_A_PASS: usize = 4_096;
/// What looking at one place costs in looks at an index.
const LOOKS_FOR_A_PLACE: usize = 4;
/// An event that waited for its transaction asks for the window of its receipt.
const WAIT_SECONDS: i64 = 60;
/// The longest frequency that a rule can have.
const THROTTLE_MS: i64 = 43_200 * 60_000;

/// Project, counter and issue; or project, issue and rule.
type Place = [i64; 3];

/// How far the walks came, over all passes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Walks {
    events: Place,
    users: Place,
    throttles: Place,
}

/// Which counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    Events,
    Users,
}

/// A rule whose firings are looked at.
struct SweptRule {
    id: i64,
    project: i64,
    is_deleted: bool,
    project_is_deleted: bool,
}

impl Slice<'_> {
    /// Deletes firings with the days of their events, and deleted rules once they have none. Nothing is kept of a deleted
    /// project's.
    pub(super) fn rules(&mut self, mut after: i64) -> Result<Step, StoreError> {
        let keep_from_ms = i64::from(self.plan.keep_from.day().0) * 86_400_000;
        loop {
            if self.is_used_up() {
                return Ok(Step::Pause(Cursor::Rules { after }));
            }
            let Some(rule) = self.rule_after(after)? else { return Ok(Step::Done) };
            self.looks = self.looks.saturating_sub(LOOKS_FOR_A_PLACE);
            self.delete_firings(&rule, if rule.project_is_deleted { i64::MAX } else { keep_from_ms })?;
            if self.rows == 0 {
                continue;
            }
            if rule.is_deleted {
                self.delete_rule_without_firings(&rule)?;
            }
            after = rule.id;
        }
    }

    fn rule_after(&self, id: i64) -> Result<Option<SweptRule>, StoreError> {
        let mut next = self.transaction.prepare_cached(
            "select r.id, r.project_id, r.deleted, p.deleted
             from rule r
             join project p on p.id = r.project_id
             where r.id > ?
             order by r.id
             limit 1",
        )?;
        let rule = next.query_row([id], |row| {
            let (id, project) = (row.get(0)?, row.get(1)?);
            Ok(SweptRule { id, project, is_deleted: row.get(2)?, project_is_deleted: row.get(3)? })
        });
        Ok(rule.optional()?)
    }

    /// Oldest first: numbers of events rise with the time of receipt.
    fn delete_firings(&mut self, rule: &SweptRule, before_ms: i64) -> Result<(), StoreError> {
        let mut oldest = self.transaction.prepare_cached(
            "select seq, fired_ms from rule_fired where project_id = ? and rule_id = ? order by seq limit ?",
        )?;
        let mut rows = oldest.query([rule.project, rule.id, bounded(self.rows)])?;
        let (mut last, mut count) = (None, 0);
        while let Some(row) = rows.next()? {
            if row.get::<_, i64>(1)? >= before_ms {
                break;
            }
            (last, count) = (Some(row.get::<_, i64>(0)?), count + 1);
        }
        drop(rows);
        if let Some(last) = last {
            self.transaction
                .prepare_cached("delete from rule_fired where project_id = ? and rule_id = ? and seq <= ?")?
                .execute([rule.project, rule.id, last])?;
        }
        self.rows = self.rows.saturating_sub(count);
        Ok(())
    }

    fn delete_rule_without_firings(&mut self, rule: &SweptRule) -> Result<(), StoreError> {
        let deleted = self
            .transaction
            .prepare_cached(
                "delete from rule
                 where id = ?1 and not exists (select 1 from rule_fired where project_id = ?2 and rule_id = ?1)",
            )?
            .execute([rule.id, rule.project])?;
        self.rows = self.rows.saturating_sub(deleted);
        Ok(())
    }

    /// Deletes counts that no window reaches any more, and all of a counter that no rule asks for.
    pub(super) fn counts(&mut self, counts: Counts, mut looked: usize) -> Result<Step, StoreError> {
        let mut after = *self.walk(counts);
        let mut known = None;
        let step = loop {
            if looked >= PLACES_A_PASS {
                break Step::Done;
            }
            if self.is_used_up() {
                break Step::Pause(Cursor::Counts { counts, looked });
            }
            let Some(place) = self.counted_after(counts, after)? else {
                after = Place::default();
                break Step::Done;
            };
            looked += 1;
            self.looks = self.looks.saturating_sub(LOOKS_FOR_A_PLACE);
            let [project, key, _] = place;
            let keep_from_s = match known {
                Some((counter, keep_from_s)) if counter == [project, key] => keep_from_s,
                _ => self.counted_from(project, key)?,
            };
            known = Some(([project, key], keep_from_s));
            self.delete_counts(counts, place, keep_from_s)?;
            if self.rows > 0 {
                after = place;
            }
        };
        *self.walk(counts) = after;
        Ok(step)
    }

    fn walk(&mut self, counts: Counts) -> &mut Place {
        match counts {
            Counts::Events => &mut self.walks.events,
            Counts::Users => &mut self.walks.users,
        }
    }

    fn counted_after(&self, counts: Counts, place: Place) -> Result<Option<Place>, StoreError> {
        let statement = match counts {
            Counts::Events => {
                "select project_id, key, issue_id from issue_count
                 where (project_id, key, issue_id) > (?, ?, ?)
                 order by project_id, key, issue_id
                 limit 1"
            }
            Counts::Users => {
                "select project_id, key, issue_id from issue_user_count
                 where (project_id, key, issue_id) > (?, ?, ?)
                 order by project_id, key, issue_id
                 limit 1"
            }
        };
        let mut next = self.transaction.prepare_cached(statement)?;
        Ok(next.query_row(place, |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?])).optional()?)
    }

    /// The second from which on a counter's buckets may be asked for; never, where no rule asks.
    fn counted_from(&self, project: i64, key: i64) -> Result<i64, StoreError> {
        let reach_s: Option<i64> = self
            .transaction
            .prepare_cached("select reach_s from rule_counter where project_id = ? and key = ? limit 1")?
            .query_row([project, key], |row| row.get(0))
            .optional()?;
        let now_s = self.plan.now.0.div_euclid(1_000);
        Ok(reach_s.map_or(i64::MAX, |reach_s| now_s.saturating_sub(reach_s).saturating_sub(WAIT_SECONDS)))
    }

    fn delete_counts(&mut self, counts: Counts, place: Place, before_s: i64) -> Result<(), StoreError> {
        let statement = match counts {
            Counts::Events => {
                "delete from issue_count
                 where project_id = ?1 and key = ?2 and issue_id = ?3 and bucket_s in (
                   select bucket_s from issue_count
                   where project_id = ?1 and key = ?2 and issue_id = ?3 and bucket_s < ?4
                   limit ?5
                 )"
            }
            Counts::Users => {
                "delete from issue_user_count
                 where project_id = ?1 and key = ?2 and issue_id = ?3 and (bucket_s, user) in (
                   select bucket_s, user from issue_user_count
                   where project_id = ?1 and key = ?2 and issue_id = ?3 and bucket_s < ?4
                   limit ?5
                 )"
            }
        };
        let [project, key, issue] = place;
        let deleted =
            self.transaction.prepare_cached(statement)?.execute([project, key, issue, before_s, bounded(self.rows)])?;
        self.rows = self.rows.saturating_sub(deleted);
        Ok(())
    }

    /// Deletes throttles that are older than any frequency, or whose rule or issue is gone.
    pub(super) fn throttles(&mut self, mut looked: usize) -> Result<Step, StoreError> {
        let mut after = self.walks.throttles;
        let step = loop {
            if looked >= PLACES_A_PASS {
                break Step::Done;
            }
            if self.is_used_up() {
                break Step::Pause(Cursor::Throttles { looked });
            }
            let Some((place, fired_ms)) = self.throttle_after(after)? else {
                after = Place::default();
                break Step::Done;
            };
            looked += 1;
            after = place;
            self.looks = self.looks.saturating_sub(LOOKS_FOR_A_PLACE);
            if fired_ms < self.plan.now.0.saturating_sub(THROTTLE_MS) || !self.may_fire_again(place)? {
                self.transaction
                    .prepare_cached("delete from rule_throttle where project_id = ? and issue_id = ? and rule_id = ?")?
                    .execute(place)?;
                self.rows = self.rows.saturating_sub(1);
            }
        };
        self.walks.throttles = after;
        Ok(step)
    }

    fn throttle_after(&self, [project, issue, rule]: Place) -> Result<Option<(Place, i64)>, StoreError> {
        let mut next = self.transaction.prepare_cached(
            "select project_id, issue_id, rule_id, fired_ms from rule_throttle
             where (project_id, issue_id, rule_id) > (?, ?, ?)
             order by project_id, issue_id, rule_id
             limit 1",
        )?;
        let throttle = next
            .query_row(params![project, issue, rule], |row| Ok(([row.get(0)?, row.get(1)?, row.get(2)?], row.get(3)?)));
        Ok(throttle.optional()?)
    }

    fn may_fire_again(&self, [_, issue, rule]: Place) -> Result<bool, StoreError> {
        let mut both = self.transaction.prepare_cached(
            "select exists (select 1 from rule where id = ? and deleted = 0)
                and exists (select 1 from issue where id = ? and deleted = 0)",
        )?;
        Ok(both.query_row([rule, issue], |row| row.get(0))?)
    }

    fn is_used_up(&self) -> bool {
        self.rows == 0 || self.looks == 0
    }
}
