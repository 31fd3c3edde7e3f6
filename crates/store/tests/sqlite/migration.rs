//! A store that an older Watchfire made: it opens, keeps its rows, and works.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use model::delivery::DeliveryState;
use model::grouping::GroupingKey;
use model::ids::{HookNumber, IssueId, Millis, ProjectId, TeamId};
use model::issue::{IssuePriority, IssueStatus, Substatus};
use model::loops::Hop;
use model::matching::{EventCandidates, Subscription, Wants};
use model::payload::{CreatedBody, Place, event_value};
use model::rules::Quantifier;
use model::title::Title;
use protocol::event::{Event, EventKind, Level};
use protocol::{EventId, PublicKey};
use rusqlite::{Connection, params};
use watchfire_store::catalog::Project;
use watchfire_store::conformance;
use watchfire_store::issues::{Cut, CutFrom, IssueSearch, IssueSort, IssueTest, IssueUpdate, IssuesOf, NewStanding};
use watchfire_store::ledger::{
    Batch, BatchEvent, Claim, ClaimOrder, EventResult, NewEvent, RecordedEvent, Summary, SweepPlan,
};
use watchfire_store::marks::Marks;
use watchfire_store::sqlite::Sqlite;
use watchfire_store::{Catalog as _, Counting as _, Issues as _, Ledger as _, Rules as _};
use webhook::Kind;

const FIRST_SCHEMA: &str = include_str!("../../src/sqlite/migrations/0001.sql");
const NOW: Millis = Millis(1_768_478_400_000);

/// Two events of an issue and one of another; the deliveries of the first are delivered, waiting and held by a dead process.
const ROWS: &str = "
    insert into organization (slug, name, created_ms) values ('org', 'Org', 0);
    insert into team (organization_id, slug, name, created_ms) values (1, 'org', 'Org', 0);
    insert into project (organization_id, team_id, slug, name, created_ms, issues_made) values (1, 1, 'project', 'Project', 0, 2);
    insert into project_key (public, secret, project_id, name, active, created_ms)
    values (x'01010101010101010101010101010101', zeroblob(16), 1, 'Default', 1, 0);
    insert into hook (guid, project_id, url, secret, kinds, active, created_ms)
    values (x'01010101010101010101010101010101', 1, 'https://one.example/', printf('%064d', 0), 1, 1, 0),
           (x'02020202020202020202020202020202', 1, 'https://two.example/', printf('%064d', 0), 3, 1, 0);
    insert into process (started_ms) values (0);
    insert into issue (project_id, short_number, grouping_version, level, kind, platform, title, culprit, count,
                       first_seen_ms, last_seen_ms)
    values (1, 1, 1, 3, 0, 'python', 'First', 'culprit', 2, 1768478300000, 1768478400000),
           (1, 2, 1, 2, 0, 'python', 'Second', 'culprit', 1, 1768478400000, 1768478400000);
    insert into issue_hash (project_id, version, hash, issue_id)
    values (1, 1, x'01010101010101010101010101010101', 1), (1, 1, x'02020202020202020202020202020202', 2);
    insert into delivery (project_id, hook, day, seq, kind, state, priority, due_ms, owner, attempts, sent, created_ms, settled_ms)
    values (1, 1, 20468, 1, 1, 2, 1, null, null, 1, 1, 1768478400000, 1768478400000),
           (1, 2, 20468, 1, 1, 1, 1, null, 1, 0, 0, 1768478400000, null),
           (1, 1, 20468, 2, 1, 0, 2, 1768478400000, null, 0, 0, 1768478400000, null);
    insert into attempt (project_id, hook, day, seq, kind, number, owner, started_ms, outcome, cause, went_out, status,
                         reused, duration_us, resolve_us, connect_us, tls_us, first_byte_us, error, response_headers,
                         response_body)
    values (1, 1, 20468, 1, 1, 1, 1, 1768478400000, 1, 0, 1, 200, 0, 1, 0, 0, 0, 0, '', '', '');";

/// Writes the file as the first schema had it.
pub(crate) fn first_store(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let database = Connection::open(folder.join("watchfire.db")).unwrap();
    database.execute_batch(FIRST_SCHEMA).unwrap();
    database.pragma_update(None, "user_version", 1).unwrap();
    database.execute_batch(ROWS).unwrap();
    for (seq, issue) in [(1, 1), (2, 1), (3, 2)] {
        let value = zstd::bulk::compress(format!(r#"{{"number":{seq}}}"#).as_bytes(), 1).unwrap();
        database
            .execute(
                "insert into event (seq, project_id, issue_id, day, event_id, received_ms, timestamp_ms, level, hop,
                                    head, value, tail)
                 values (?, 1, ?, 20468, ?, ?, ?, 3, 0, cast('{\"event\":' as blob), ?, cast('}' as blob))",
                params![seq, issue, id(seq).0, NOW.0, NOW.0, value],
            )
            .unwrap();
        database
            .execute(
                "insert into event_key (project_id, day, event_id, seq) values (1, 20468, ?, ?)",
                params![id(seq).0, seq],
            )
            .unwrap();
        database
            .execute(
                "insert into event_of_issue (project_id, issue_id, seq) values (1, ?, ?)",
                [issue.into(), i64::from(seq)],
            )
            .unwrap();
        database.execute("insert into event_of_project (project_id, seq) values (1, ?)", [seq]).unwrap();
    }
}

fn id(number: u8) -> EventId {
    EventId([number; 16])
}

/// An event of the issue with this number's hash, for the second hook.
fn event(project: &Project, number: u8, hash: u8) -> NewEvent {
    let event = Event { id: id(number), timestamp: NOW.0 * 1_000, ..Event::default() };
    let title = Title::of(&event);
    let place = Place {
        base_url: "https://watchfire.example",
        organization: "org",
        project_id: project.id,
        project_slug: &project.slug,
        project_name: &project.name,
    };
    let value = event_value(&event, &title);
    let hook = HookNumber::new(2).unwrap();
    NewEvent {
        project: project.id,
        generation: project.generation,
        key: PublicKey([1; 16]),
        id: event.id,
        received: NOW,
        timestamp: NOW,
        grouping: GroupingKey { version: 1, hash: [hash; 16] },
        summary: Summary {
            level: Level::Error,
            kind: EventKind::Error,
            platform: "python",
            title: format!("Error {number}"),
            metadata: "{}".to_owned(),
            ..Summary::default()
        },
        marks: Marks::new(Some("r"), Some("e"), [("user", "id:1")]),
        body: CreatedBody::new(&event, &title, "culprit", &place),
        compressed: zstd::bulk::compress(&value, 1).unwrap(),
        value: Bytes::from(value),
        candidates: EventCandidates::new(Hop(0), [Subscription { hook, wants: Wants::Created }]),
    }
}

struct Opened {
    _folder: tempfile::TempDir,
    store: Sqlite,
}

impl Opened {
    async fn new() -> Opened {
        let folder = tempfile::tempdir().unwrap();
        first_store(&folder.path().join("data"));
        let store = Sqlite::open(&folder.path().join("data")).unwrap();
        store.unlock(conformance::secret_key()).await.unwrap();
        Opened { _folder: folder, store }
    }

    async fn record(&self, batch: Vec<NewEvent>, claims: Vec<Claim>) -> (Vec<EventResult>, usize) {
        let owner = self.store.register(NOW).await.unwrap();
        while self.store.free_dead_leases(NOW, 10).await.unwrap() == 10 {}
        let events = batch.into_iter().map(|event| BatchEvent { event: Arc::new(event), room: vec![] }).collect();
        let batch = Batch { events, claims, ..Batch::empty(owner, NOW) };
        let recorded = self.store.record(Arc::new(batch)).await.unwrap();
        (recorded.events, recorded.claimed.iter().map(Vec::len).sum())
    }
}

fn recorded(result: &EventResult) -> &RecordedEvent {
    let EventResult::Recorded(recorded) = result else { panic!("{result:?}") };
    recorded
}

#[tokio::test]
async fn what_a_store_of_the_first_schema_holds_is_kept() {
    let opened = Opened::new().await;
    let store = &opened.store;
    let directory = store.directory().await.unwrap();
    assert_eq!((directory.projects.len(), directory.hooks.len(), directory.rules.len()), (1, 2, 0));
    assert_eq!(directory.projects[0].teams, [TeamId::new(1).unwrap()]);
    assert!([Kind::EventCreated, Kind::EventAlert].iter().all(|kind| directory.hooks[1].kinds.contains(kind)));
    assert_eq!((directory.hooks[0].filters.len(), directory.hooks[0].filter_match), (0, Quantifier::All));
    let first = store.issue(IssueId::new(1).unwrap()).await.unwrap().unwrap();
    assert_eq!((first.title.as_str(), first.count, first.users, first.short_number), ("First", 2, 0, 1));
    assert_eq!(
        (first.status, first.substatus),
        (IssueStatus::Unresolved, Substatus::Ongoing),
        "it is not new to anybody"
    );
    assert_eq!((first.priority, first.first_release, first.snooze), (IssuePriority::High, None, None));
    let project = ProjectId::new(1).unwrap();
    let stored = store.event(project, id(2)).await.unwrap().unwrap();
    assert_eq!(stored.body, r#"{"event":{"number":2}}"#);
    let states: Vec<_> = store
        .deliveries(project, id(1))
        .await
        .unwrap()
        .into_iter()
        .map(|found| (found.state, found.attempts.len()))
        .collect();
    assert_eq!(states, [(DeliveryState::Delivered, 1), (DeliveryState::Sending, 0)]);
    let totals = store.totals().await.unwrap();
    assert_eq!((totals.events, totals.unsettled, totals.delivered, totals.attempts), (3, 2, 1, 1));
    assert!(store.counters_to_fill().await.unwrap().is_empty());
    assert!(store.rules(project).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_store_of_the_first_schema_goes_on_recording_and_sending() {
    let opened = Opened::new().await;
    let store = &opened.store;
    let project = store.projects().await.unwrap().pop().unwrap();
    let events = vec![event(&project, 1, 1), event(&project, 4, 1), event(&project, 5, 9)];
    let both =
        [1, 2].map(|hook| Claim { hook: HookNumber::new(hook).unwrap(), limit: 10, order: ClaimOrder::Priority });
    let (results, claimed) = opened.record(events, both.to_vec()).await;
    assert!(matches!(results[0], EventResult::Duplicate), "{results:?}");
    let (again, new) = (recorded(&results[1]), recorded(&results[2]));
    assert_eq!((again.seq.get(), again.issue.get(), new.issue.get()), (4, 1, 3));
    assert_eq!(claimed, 4, "what waited, what a dead process held, and two new ones");
    let issue = store.issue(again.issue).await.unwrap().unwrap();
    assert_eq!((issue.count, issue.users, issue.title.as_str()), (3, 1, "Error 4"));
    assert_eq!(store.issue(new.issue).await.unwrap().unwrap().short_number, 3);
    let of = IssuesOf { project: project.id, issues: vec![again.issue] };
    let resolved = IssueUpdate { standing: Some(NewStanding::Resolved(None)), priority: None };
    store.update_issues(of, resolved, NOW).await.unwrap();
    let (results, _) = opened.record(vec![event(&project, 6, 1)], vec![]).await;
    assert_eq!(recorded(&results[0]).issue, again.issue);
    let issue = store.issue(again.issue).await.unwrap().unwrap();
    assert_eq!(issue.substatus, Substatus::Regressed);
}

#[tokio::test]
async fn a_store_of_the_first_schema_is_searched_and_swept() {
    let opened = Opened::new().await;
    let store = &opened.store;
    let project = ProjectId::new(1).unwrap();
    let search = IssueSearch {
        projects: vec![project],
        tests: vec![IssueTest::Status(IssueStatus::Unresolved)],
        sort: IssueSort::LastSeen,
        cut: Cut { from: CutFrom::Start, limit: 10 },
    };
    let found = store.search_issues(search).await.unwrap().items;
    assert_eq!(found.iter().map(|issue| issue.title.as_str()).collect::<Vec<_>>(), ["Second", "First"]);
    store.free_dead_leases(NOW, 10).await.unwrap();
    let (now, keep_from) = (Millis(NOW.0 + 2 * 86_400_000), Millis(NOW.0 + 86_400_000));
    let plan = SweepPlan { now, keep_from, waiting_per_hook: 100_000, limit: 2 };
    while store.sweep(plan).await.unwrap().more {}
    while store.sweep(plan).await.unwrap().more {}
    let totals = store.totals().await.unwrap();
    assert_eq!((totals.events, totals.delivered, totals.attempts), (0, 0, 0));
    assert!(store.issue(IssueId::new(1).unwrap()).await.unwrap().is_none());
}
