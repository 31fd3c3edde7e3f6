//! The rows that rules leave beside their own: counters that they ask for, and firings.

use model::ids::{IssueId, Millis, ProjectId, Seq};
use model::rules::Quantifier;
use protocol::EventId;
use rusqlite::Connection;
use serde_json::{Value, json};
use watchfire_store::catalog::Project;
use watchfire_store::ledger::SweepPlan;
use watchfire_store::rules::{FiredRange, FiredRow, NewRule, RuleChange, RuleIssue, RuleRow};
use watchfire_store::sqlite::Sqlite;
use watchfire_store::{Catalog as _, Ledger as _, Rules as _};

const NOW: Millis = Millis(1_768_478_400_000);
const HOUR_MS: i64 = 3_600_000;

/// A store with a project, and another way into its file.
struct Folder {
    _folder: tempfile::TempDir,
    store: Sqlite,
    rows: Connection,
    project: Project,
}

impl Folder {
    async fn new() -> Folder {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(folder.path()).unwrap();
        let project = crate::new_project(&store, NOW).await;
        let rows = Connection::open(folder.path().join("watchfire.db")).unwrap();
        Folder { _folder: folder, store, rows, project }
    }

    /// Makes a rule whose conditions count over these intervals.
    async fn rule(&self, intervals: &[&str]) -> RuleRow {
        let new = NewRule { project: self.project.id, rule: counting(intervals), created_by: None, now: NOW };
        self.store.create_rule(new).await.unwrap()
    }

    /// `(bucket, reach)` of each counter that is asked for, with the number of rules that ask.
    fn counters(&self) -> Vec<(i64, i64, i64)> {
        let mut statement = self
            .rows
            .prepare("select bucket_s, max(reach_s), count(*) from rule_counter group by key order by bucket_s, max(reach_s)")
            .unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// Up to where each counter is still to be filled.
    fn fills(&self) -> Vec<i64> {
        let mut statement = self.rows.prepare("select below_seq from counter_fill order by below_seq").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    fn filled(&self) {
        self.rows.execute("delete from counter_fill", []).unwrap();
    }

    /// What an event leaves that the last counter was counted for.
    fn counted(&self, seq: i64) {
        let project = self.project.id.get();
        self.rows
            .execute(
                "insert into event (seq, project_id, issue_id, day, event_id, received_ms, timestamp_ms, level, hop, head,
                                    value, tail)
                 values (?, ?, 1, ?, zeroblob(16), ?, ?, 3, 0, x'', x'', x'')",
                [seq, project, NOW.0 / 86_400_000, NOW.0, NOW.0],
            )
            .unwrap();
        self.rows
            .execute(
                "insert or ignore into issue_count (project_id, issue_id, key, bucket_s, events)
                 select distinct project_id, 1, key, ?, 1 from rule_counter",
                [NOW.0 / 1_000],
            )
            .unwrap();
    }

    fn counts(&self) -> i64 {
        self.rows.query_row("select count(*) from issue_count", [], |row| row.get(0)).unwrap()
    }

    fn fired(&self, rule: &RuleRow, (seq, issue): (i64, i64), at: Millis) {
        self.rows
            .execute(
                "insert into rule_fired (project_id, rule_id, seq, issue_id, fired_ms, because) values (?, ?, ?, ?, ?, '[]')",
                [self.project.id.get(), rule.id.get(), seq, issue, at.0],
            )
            .unwrap();
    }
}

/// A rule with one frequency condition for each interval, and the counters that follow from it.
fn counting(intervals: &[&str]) -> RuleChange {
    let condition = |interval: &&str| -> Value {
        let id = "sentry.rules.conditions.event_frequency.EventFrequencyCondition";
        json!({ "id": id, "value": 10, "interval": interval })
    };
    let mut change = RuleChange {
        name: "Counting".to_owned(),
        environment: None,
        action_match: Quantifier::Any,
        filter_match: Quantifier::All,
        conditions: intervals.iter().map(condition).collect(),
        filters: Vec::new(),
        actions: Vec::new(),
        frequency_minutes: 5,
        owner: None,
        active: true,
        counters: Vec::new(),
    };
    let row = RuleRow {
        id: model::ids::RuleId::new(1).unwrap(),
        project: ProjectId::new(1).unwrap(),
        name: String::new(),
        environment: None,
        action_match: change.action_match,
        filter_match: change.filter_match,
        conditions: change.conditions.clone(),
        filters: Vec::new(),
        actions: Vec::new(),
        frequency_minutes: 5,
        owner: None,
        active: true,
        created_by: None,
        created: NOW,
        snooze: None,
    };
    change.counters = row.compile(|_| None).unwrap().counters();
    change
}

#[tokio::test]
async fn a_counter_that_nobody_asked_for_before_is_filled_up_to_the_next_event() {
    let folder = Folder::new().await;
    folder.rule(&["1m"]).await;
    assert_eq!((folder.counters(), folder.fills()), (vec![(5, 65, 1)], vec![1]));
    folder.counted(41);
    folder.rule(&["1w"]).await;
    assert_eq!(folder.fills(), [1, 42], "the first still waits for its own");
    folder.rows.execute("update meta set value = 50 where name = 'seq'", []).unwrap();
    folder.rule(&["1d"]).await;
    assert_eq!(folder.fills(), [1, 42, 51], "numbers of events that are gone are not given again");
}

#[tokio::test]
async fn a_counter_that_another_rule_asks_for_is_not_filled_again() {
    let folder = Folder::new().await;
    folder.rule(&["1h"]).await;
    folder.filled();
    folder.counted(1);
    folder.rule(&["1h", "1h"]).await;
    assert_eq!((folder.counters(), folder.fills(), folder.counts()), (vec![(60, 3_660, 2)], vec![], 1));
}

#[tokio::test]
async fn a_counter_that_is_asked_for_further_back_is_another_counter() {
    let folder = Folder::new().await;
    folder.rule(&["15m"]).await;
    folder.filled();
    folder.counted(1);
    folder.rule(&["15m", "1h"]).await;
    assert_eq!(folder.counters(), [(60, 960, 2), (60, 3_660, 1)]);
    assert_eq!((folder.fills(), folder.counts()), (vec![2], 1), "what is counted already stays");
}

#[tokio::test]
async fn a_rule_that_never_fires_keeps_no_counters() {
    let folder = Folder::new().await;
    let project = folder.project.id;
    let rule = folder.rule(&["1m", "1d"]).await;
    assert_eq!((folder.counters().len(), folder.fills().len()), (2, 2));
    folder.store.update_rule(project, rule.id, counting(&["1d"])).await.unwrap();
    assert_eq!((folder.counters(), folder.fills()), (vec![(900, 87_300, 1)], vec![1]));
    folder.counted(1);
    let inactive = RuleChange { active: false, ..counting(&["1d"]) };
    folder.store.update_rule(project, rule.id, inactive).await.unwrap();
    assert_eq!((folder.counters().len(), folder.fills().len()), (0, 0));
    folder.store.update_rule(project, rule.id, counting(&["1d"])).await.unwrap();
    assert_eq!((folder.counters().len(), folder.fills(), folder.counts()), (1, vec![2], 0), "it begins anew");
    folder.store.delete_rule(project, rule.id).await.unwrap();
    assert_eq!((folder.counters().len(), folder.fills().len()), (0, 0));
}

#[tokio::test]
async fn a_deleted_project_keeps_no_counters() {
    let folder = Folder::new().await;
    folder.rule(&["1m"]).await;
    folder.store.delete_project(folder.project.id).await.unwrap();
    assert_eq!((folder.counters().len(), folder.fills().len()), (0, 0));
}

#[tokio::test]
async fn the_history_of_a_rule_is_counted_by_hour_and_by_issue() {
    let folder = Folder::new().await;
    let (project, rule, other) = (folder.project.id, folder.rule(&[]).await, folder.rule(&[]).await);
    folder.counted(5);
    let at = |ms| Millis(NOW.0 + ms);
    for (seq, issue, ms) in [(1, 7, 0), (2, 8, 10), (3, 7, HOUR_MS), (4, 7, 3 * HOUR_MS), (5, 9, 3 * HOUR_MS + 1)] {
        folder.fired(&rule, (seq, issue), at(ms));
    }
    folder.fired(&other, (5, 9), at(3 * HOUR_MS + 1));
    let store = &folder.store;
    let mut last = store.rules_last_fired(project).await.unwrap();
    last.sort_unstable();
    assert_eq!(last, [(rule.id, at(3 * HOUR_MS + 1)), (other.id, at(3 * HOUR_MS + 1))]);
    let all = FiredRange { project, since: Millis(0), until: at(4 * HOUR_MS) };
    let hours = store.rule_hours(rule.id, all).await.unwrap();
    assert_eq!(hours, [(NOW, 2), (at(HOUR_MS), 1), (at(3 * HOUR_MS), 2)]);
    let some = FiredRange { since: at(HOUR_MS + 9), until: at(3 * HOUR_MS), ..all };
    assert_eq!(store.rule_hours(rule.id, some).await.unwrap(), [(at(HOUR_MS), 1)], "the hour that holds the beginning");
    let issue = |id, count, last, event| {
        let event = (event == 5).then_some(EventId([0; 16]));
        RuleIssue { issue: IssueId::new(id).unwrap(), count, last_fired: last, event }
    };
    let issues = store.rule_issues(rule.id, all).await.unwrap();
    let expected = [issue(7, 3, at(3 * HOUR_MS), 4), issue(9, 1, at(3 * HOUR_MS + 1), 5), issue(8, 1, at(10), 2)];
    assert_eq!(issues, expected);
    let fired = |rule: &RuleRow| FiredRow { rule: rule.id, fired: at(3 * HOUR_MS + 1), because: json!([]) };
    let event = Seq::new(5).unwrap();
    assert_eq!(store.fired_on(project, event).await.unwrap(), [fired(&rule), fired(&other)]);
}

#[tokio::test]
async fn a_deleted_rule_leaves_no_row_once_its_history_is_gone() {
    let folder = Folder::new().await;
    let (kept, deleted) = (folder.rule(&["1m"]).await, folder.rule(&["1m"]).await);
    for seq in 1..=5 {
        folder.fired(&kept, (seq, 7), NOW);
        folder.fired(&deleted, (seq, 7), NOW);
    }
    folder.store.delete_rule(folder.project.id, deleted.id).await.unwrap();
    let rows = |table: &str| -> i64 {
        folder.rows.query_row(&format!("select count(*) from {table}"), [], |row| row.get(0)).unwrap()
    };
    let plan = SweepPlan { now: NOW, keep_from: NOW, waiting_per_hook: 100_000, limit: 2 };
    while folder.store.sweep(plan).await.unwrap().more {}
    assert_eq!((rows("rule"), rows("rule_fired")), (2, 10), "what has fired is told for as long as its events");
    let plan = SweepPlan { keep_from: Millis(NOW.0 + 24 * HOUR_MS), ..plan };
    while folder.store.sweep(plan).await.unwrap().more {}
    assert_eq!((rows("rule"), rows("rule_fired")), (1, 0));
    folder.fired(&kept, (6, 7), Millis(NOW.0 + 24 * HOUR_MS));
    folder.store.delete_project(folder.project.id).await.unwrap();
    while folder.store.sweep(plan).await.unwrap().more {}
    assert_eq!((rows("rule"), rows("rule_fired"), rows("project")), (0, 0, 0));
}

/// A walk takes up in the next pass where the one before ended, and comes around.
#[tokio::test]
async fn upkeep_reaches_the_last_of_many_counts_and_throttles_over_some_passes() {
    let folder = Folder::new().await;
    let rule = folder.rule(&["1h"]).await;
    let (now, last) = (NOW.0 / 1_000, 10_000);
    // Nothing is to be deleted but what is behind everything else.
    folder
        .rows
        .execute(
            "with recursive place (issue) as (select 1 union all select issue + 1 from place where issue < ?2)
             insert into issue_count (project_id, key, issue_id, bucket_s, events)
             select c.project_id, c.key, issue, iif(issue = ?2, 0, ?1), 1 from place, rule_counter c",
            [now, last],
        )
        .unwrap();
    folder
        .rows
        .execute(
            "with recursive place (issue) as (select 1 union all select issue + 1 from place where issue < ?2)
             insert into rule_throttle (project_id, issue_id, rule_id, fired_ms)
             select 1, issue, ?3, iif(issue = ?2, 0, ?1 * 1000) from place",
            [now, last, rule.id.get()],
        )
        .unwrap();
    folder
        .rows
        .execute(
            "with recursive place (issue) as (select 1 union all select issue + 1 from place where issue < ?)
             insert into issue (project_id, short_number, grouping_version, level, kind, platform, title, culprit, count,
                                first_seen_ms, last_seen_ms)
             select 1, issue, 1, 3, 0, '', '', '', 1, 0, 0 from place",
            [last],
        )
        .unwrap();
    let plan = SweepPlan { now: NOW, keep_from: Millis(0), waiting_per_hook: 100_000, limit: 64 };
    let count = |table: &str| -> i64 {
        folder.rows.query_row(&format!("select count(*) from {table}"), [], |row| row.get(0)).unwrap()
    };
    let mut passes = 0;
    while (count("issue_count"), count("rule_throttle")) != (last - 1, last - 1) {
        let mut slices = 1;
        while folder.store.sweep(plan).await.unwrap().more {
            slices += 1;
        }
        passes += 1;
        assert!(passes <= 3, "they are not reached");
        assert!(slices <= 70, "{slices} slices in pass {passes}: a pass looks at a part");
    }
    assert_eq!(passes, 3);
    // Round again.
    folder.rows.execute("update issue_count set bucket_s = 0 where issue_id = 1", []).unwrap();
    for _ in 0..3 {
        while folder.store.sweep(plan).await.unwrap().more {}
    }
    assert_eq!(count("issue_count"), last - 2);
}
