//! How far a search reads, and what a deletion leaves: only the tables can tell.

use model::ids::{IssueId, Millis, ProjectId};
use protocol::event::Level;
use rusqlite::Connection;
use watchfire_store::issues::{Cut, CutFrom, IssueSearch, IssueSort, IssueTest, Issues as _, IssuesOf, Place};
use watchfire_store::ledger::SweepPlan;
use watchfire_store::sqlite::Sqlite;
use watchfire_store::{Catalog as _, Ledger as _, StoreError};

/// Twenty issues, later ones seen later. The oldest four have titles that cannot be read: whoever looks at one, fails.
const ISSUES: &str = "
    with recursive number (n) as (select 1 union all select n + 1 from number where n < 20)
    insert into issue (project_id, short_number, grouping_version, level, kind, platform, title, culprit, count,
                       first_seen_ms, last_seen_ms)
    select 1, n, 1, 3, 0, 'python', iif(n < 5, cast(x'ff' as text), 'title'), '', 1, n * 1000, n * 1000 from number;";

#[tokio::test]
async fn a_page_by_time_reads_no_further_than_it_shows() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    Connection::open(folder.path().join("watchfire.db")).unwrap().execute_batch(ISSUES).unwrap();
    let page = async |sort, from, limit| {
        let cut = Cut { from, limit };
        let search = IssueSearch { projects: vec![ProjectId::new(1).unwrap()], tests: Vec::new(), sort, cut };
        store.search_issues(search).await.map(|page| page.items.iter().map(|it| it.short_number).collect::<Vec<_>>())
    };
    let at = |number: i64| Place { key: number * 1000, id: number };
    for sort in [IssueSort::LastSeen, IssueSort::FirstSeen] {
        assert_eq!(page(sort, CutFrom::Start, 3).await.unwrap(), [20, 19, 18]);
        assert_eq!(page(sort, CutFrom::After(at(9)), 3).await.unwrap(), [8, 7, 6]);
        assert_eq!(page(sort, CutFrom::Before(at(4)), 3).await.unwrap(), [7, 6, 5]);
        let further = page(sort, CutFrom::After(at(9)), 4).await;
        assert!(
            matches!(further, Err(StoreError::Damaged { .. })),
            "the first that cannot be read tells whether more follow"
        );
    }
    for sort in [IssueSort::Events, IssueSort::Users] {
        assert!(page(sort, CutFrom::Start, 3).await.is_err(), "no index says which have the most");
    }
}

/// Rows of two issues in every table that has some for each.
const ROWS: &str = "
    insert into issue (id, project_id, short_number, grouping_version, level, kind, platform, title, culprit, count,
                       first_seen_ms, last_seen_ms)
    values (1, 1, 1, 1, 3, 0, 'python', '', '', 1, 1, 1), (2, 1, 2, 1, 3, 0, 'python', '', '', 1, 1, 1);
    with recursive number (n) as (select 1 union all select n + 1 from number where n < 30)
    insert into issue_user (project_id, issue_id, user) select 1, 1 + n % 2, n from number;
    insert into issue_hash (project_id, version, hash, issue_id) values (1, 1, zeroblob(16), 1), (1, 2, zeroblob(16), 2);
    insert into issue_environment (project_id, issue_id, environment, first_seen_ms) values (1, 1, 'a', 1), (1, 2, 'a', 1);
    insert into issue_tag (project_id, issue_id, key, value) values (1, 1, 'k', 'v'), (1, 1, 'k', 'w'), (1, 2, 'k', 'v');
    insert into issue_hour (project_id, issue_id, hour_s, events) values (1, 1, 1764000000, 1), (1, 2, 1764000000, 1);
    insert into issue_count (project_id, issue_id, key, bucket_s, events) values (1, 1, 5, 1768478400, 1), (1, 2, 5, 1768478400, 1);
    insert into issue_user_count (project_id, issue_id, key, bucket_s, user) values (1, 1, 5, 1768478400, 7), (1, 2, 5, 1768478400, 7);
    insert into rule_throttle (project_id, issue_id, rule_id, fired_ms) values (1, 1, 9, 1768478400000), (1, 2, 9, 1768478400000);
    insert into rule (id, project_id, name, action_match, filter_match, conditions, filters, actions, frequency_minutes, active,
                      created_ms)
    values (9, 1, 'rule', 0, 0, '[]', '[]', '[]', 5, 1, 1);
    insert into rule_counter (project_id, key, rule_id, counts_users, bucket_s, reach_s) values (1, 5, 9, 0, 60, 3600);
    insert into release_seen (project_id, environment, version, first_seen_ms) values (1, '', '1', 1), (1, 'a', '1', 1);";
/// These tables.
const BESIDE: [&str; 8] = [
    "issue_hash",
    "issue_environment",
    "issue_user",
    "issue_tag",
    "issue_hour",
    "issue_count",
    "issue_user_count",
    "rule_throttle",
];
/// A moment at which the hours above are kept.
const NOW: Millis = Millis(1_768_478_400_000);

/// More issues than one transaction looks at, in two projects by turns; one in a thousand is of level `fatal`.
const MANY: &str = "
    with recursive number (n) as (select 1 union all select n + 1 from number where n < 10000)
    insert into issue (project_id, short_number, grouping_version, level, kind, platform, title, culprit, count,
                       first_seen_ms, last_seen_ms)
    select 1 + n % 2, n, 1, iif(n % 1000 < 2, 4, 3), 0, 'python', 'title', '', n, n, n from number;";

#[tokio::test]
async fn a_search_goes_on_from_one_transaction_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    Connection::open(folder.path().join("watchfire.db")).unwrap().execute_batch(MANY).unwrap();
    let page = async |sort, from, limit| {
        let projects = [1, 2, 3].map(|id| ProjectId::new(id).unwrap()).to_vec();
        let tests = vec![IssueTest::Level(Level::Fatal)];
        let search = IssueSearch { projects, tests, sort, cut: Cut { from, limit } };
        let page = store.search_issues(search).await.unwrap();
        (page.items.iter().map(|it| it.short_number).collect::<Vec<_>>(), page.more)
    };
    let all: Vec<u64> = (0..=10_000).rev().filter(|number| number % 1_000 < 2 && *number > 0).collect();
    for sort in [IssueSort::LastSeen, IssueSort::FirstSeen, IssueSort::Events] {
        assert_eq!(page(sort, CutFrom::Start, 100).await, (all.clone(), false), "{sort:?}");
        assert_eq!(page(sort, CutFrom::Start, 3).await, (all[..3].to_vec(), true), "{sort:?}");
        let place = Place { key: 1_000, id: 1_000 };
        assert_eq!(page(sort, CutFrom::After(place), 3).await, (vec![1], false), "{sort:?}");
        assert_eq!(page(sort, CutFrom::Before(place), 3).await, (vec![2_001, 2_000, 1_001], true), "{sort:?}");
    }
}

#[tokio::test]
async fn a_deleted_issue_leaves_no_row_and_a_deleted_project_nothing_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    let project = crate::new_project(&store, NOW).await.id;
    let rows = Connection::open(folder.path().join("watchfire.db")).unwrap();
    rows.execute_batch(ROWS).unwrap();
    let count =
        |what: &str| -> i64 { rows.query_row(&format!("select count(*) from {what}"), [], |row| row.get(0)).unwrap() };
    let sweep = async || {
        let plan = SweepPlan { now: NOW, keep_from: Millis(0), waiting_per_hook: 100_000, limit: 2 };
        while store.sweep(plan).await.unwrap().more {}
    };
    store.delete_issues(IssuesOf { project, issues: vec![IssueId::new(1).unwrap()] }).await.unwrap();
    sweep().await;
    for table in BESIDE {
        let left = |issue: i64| count(&format!("{table} where issue_id = {issue}"));
        assert!(left(1) == 0 && left(2) > 0, "{table}");
    }
    assert_eq!((count("issue"), count("release_seen"), count("project")), (1, 2, 1));
    // As it is when the last event goes.
    rows.execute_batch("update issue set deleted = 1; delete from issue_hash").unwrap();
    store.delete_project(project).await.unwrap();
    sweep().await;
    for table in BESIDE.into_iter().chain(["issue", "release_seen", "project"]) {
        assert_eq!(count(table), 0, "{table}");
    }
}
