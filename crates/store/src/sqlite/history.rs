//! What rules have done: reads of the rows that a firing leaves.

use std::cmp::Reverse;
use std::collections::HashMap;

use model::ids::{IssueId, Millis, ProjectId, RuleId, Seq};
use model::rules::bucket_start;
use protocol::EventId;
use rusqlite::{Connection, OptionalExtension as _};

use super::rows::collect;
use crate::error::StoreError;
use crate::rules::{FIRED_ISSUES_MAX, FiredRange, FiredRow, RuleIssue};

const HOUR_SECONDS: i64 = 3_600;
/// Firings of one rule that one answer looks at, the newest: a second of reading at most.
const FIRINGS_MAX: i64 = 500_000;

/// When each rule of a project last fired.
pub(super) fn last_fired(connection: &Connection, project: ProjectId) -> Result<Vec<(RuleId, Millis)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select r.id, (select fired_ms from rule_fired f
                       where f.project_id = r.project_id and f.rule_id = r.id
                       order by f.seq desc
                       limit 1)
         from rule r
         where r.project_id = ?",
    )?;
    let all = collect(statement.query([project.get()])?, |row| {
        let fired: Option<i64> = row.get(1)?;
        Ok((RuleId::new(row.get(0)?)?, fired.map(Millis)))
    })?;
    Ok(all.into_iter().filter_map(|(rule, fired)| Some((rule, fired?))).collect())
}

/// How often a rule fired in each hour.
pub(super) fn hours(
    connection: &Connection,
    rule: RuleId,
    range: FiredRange,
) -> Result<Vec<(Millis, u64)>, StoreError> {
    let hour_of = |moment| Millis(bucket_start(moment, HOUR_SECONDS) * 1_000);
    let since = hour_of(range.since);
    let mut hours: Vec<(Millis, u64)> = Vec::new();
    for firing in firings(connection, rule, FiredRange { since, ..range })? {
        let hour = hour_of(firing.fired);
        match hours.last_mut() {
            Some((last, count)) if *last == hour => *count += 1,
            _ => hours.push((hour, 1)),
        }
    }
    hours.reverse();
    Ok(hours)
}

/// The issues that a rule fired for, the most frequent first.
pub(super) fn issues(connection: &Connection, rule: RuleId, range: FiredRange) -> Result<Vec<RuleIssue>, StoreError> {
    let mut found = HashMap::<i64, (u64, Firing)>::new();
    for firing in firings(connection, rule, range)? {
        // The newest comes first.
        found.entry(firing.issue).or_insert((0, firing)).0 += 1;
    }
    let mut found: Vec<_> = found.into_values().collect();
    found.sort_unstable_by_key(|(count, last)| Reverse((*count, last.fired, last.issue)));
    found.truncate(FIRED_ISSUES_MAX);
    let mut event = connection.prepare_cached("select event_id from event where seq = ?")?;
    let mut issues = Vec::with_capacity(found.len());
    for (count, last) in found {
        let id: Option<[u8; 16]> = event.query_row([last.seq], |row| row.get(0)).optional()?;
        let issue = IssueId::new(last.issue)?;
        issues.push(RuleIssue { issue, count, last_fired: last.fired, event: id.map(EventId) });
    }
    Ok(issues)
}

/// The rules that fired on an event.
pub(super) fn on_event(connection: &Connection, project: ProjectId, event: Seq) -> Result<Vec<FiredRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select f.rule_id, f.fired_ms, f.because
         from rule r
         join rule_fired f on f.project_id = r.project_id and f.rule_id = r.id and f.seq = ?
         where r.project_id = ?
         order by r.id",
    )?;
    collect(statement.query([i64::from(event), project.get()])?, |row| {
        let because: String = row.get(2)?;
        Ok(FiredRow {
            rule: RuleId::new(row.get(0)?)?,
            fired: Millis(row.get(1)?),
            because: serde_json::from_str(&because).map_err(|_| StoreError::Damaged { what: "reason" })?,
        })
    })
}

/// One firing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Firing {
    seq: i64,
    /// For which issue.
    pub(super) issue: i64,
    /// When.
    pub(super) fired: Millis,
}

/// The firings of a rule on events below a number.
pub(super) struct Firings {
    pub(super) project: ProjectId,
    pub(super) rule: RuleId,
    pub(super) below: Seq,
}

impl Firings {
    /// Shows each to `goes_on`, the newest first, for as long as it says so.
    pub(super) fn walk(
        &self,
        connection: &Connection,
        mut goes_on: impl FnMut(Firing) -> bool,
    ) -> Result<(), StoreError> {
        let mut statement = connection.prepare_cached(
            "select seq, issue_id, fired_ms from rule_fired
             where project_id = ? and rule_id = ? and seq < ?
             order by seq desc
             limit ?",
        )?;
        let mut rows = statement.query([self.project.get(), self.rule.get(), i64::from(self.below), FIRINGS_MAX])?;
        while let Some(row) = rows.next()? {
            if !goes_on(Firing { seq: row.get(0)?, issue: row.get(1)?, fired: Millis(row.get(2)?) }) {
                break;
            }
        }
        Ok(())
    }
}

/// A rule's firings in a span of time, the newest first. Numbers grow with time, so the walk ends where the span begins.
fn firings(connection: &Connection, rule: RuleId, range: FiredRange) -> Result<Vec<Firing>, StoreError> {
    let all = Firings { project: range.project, rule, below: Seq::new(Seq::MAX)? };
    let mut firings = Vec::new();
    all.walk(connection, |firing| {
        if (range.since..range.until).contains(&firing.fired) {
            firings.push(firing);
        }
        firing.fired >= range.since
    })?;
    Ok(firings)
}
