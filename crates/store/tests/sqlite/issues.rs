//! How far a search reads, which only the tables can tell.

use model::ids::ProjectId;
use rusqlite::Connection;
use watchfire_store::StoreError;
use watchfire_store::issues::{Cut, CutFrom, IssueSearch, IssueSort, Issues as _, Place};
use watchfire_store::sqlite::Sqlite;

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
