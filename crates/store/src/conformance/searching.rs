//! Finding issues: each test by itself, all sorts page by page, and what is listed beside an issue.

use model::issue::{IssuePriority, IssueStatus};
use model::limits::TAGS_PER_EVENT;
use protocol::event::Level;

use super::world::{DAY_MS, NOW, World, all_recorded, days, event_id, grouping, later, new_project, only};
use super::{Bench, Outcome};
use crate::error::StoreError;
use crate::issues::{
    Bound, Cut, CutFrom, IssueSearch, IssueSort, IssueTag, IssueTest, IssueUpdate, IssuesOf, NewStanding, Pattern,
    Release, TAG_VALUES_MAX,
};
use crate::ledger::NewEvent;
use crate::marks::Marks;

const HOUR_MS: i64 = 3_600_000;

fn everything() -> Cut {
    Cut { from: CutFrom::Start, limit: 100 }
}

fn exact(text: &str) -> Pattern {
    Pattern::Exact(text.to_owned())
}

/// An event of an issue at a time, of a release and an environment, with tags.
async fn event(
    world: &World,
    (number, issue): (u8, u8),
    at: i64,
    (release, environment): (Option<&str>, Option<&str>),
    tags: &[(&str, &str)],
) -> Result<NewEvent, StoreError> {
    let event = world.event(number, &[]).await?;
    let mut event = NewEvent { grouping: grouping(issue), timestamp: later(NOW, at), ..event };
    event.marks = Marks::new(release, environment, tags.iter().copied());
    event.summary.title = format!("Error {issue}");
    Ok(event)
}

/// The short numbers of the issues for which the tests hold, as found by the last event.
async fn found(world: &World, tests: &[IssueTest]) -> Result<Vec<u64>, StoreError> {
    let search = IssueSearch {
        projects: vec![world.project.id],
        tests: tests.to_vec(),
        sort: IssueSort::LastSeen,
        cut: everything(),
    };
    Ok(world.store.search_issues(search).await?.items.iter().map(|issue| issue.short_number).collect())
}

/// Each test finds the issues for which it holds and no others; negated, the others.
pub async fn a_search_finds_those_for_which_every_test_holds(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let mut events = vec![
        event(&world, (1, 1), 1, (Some("shop@1"), Some("production")), &[("browser", "Firefox"), ("user", "id:1")])
            .await?,
        event(&world, (2, 2), 2, (Some("shop@2"), None), &[("browser", "Chrome 120"), ("browser.name", "Chrome")])
            .await?,
        event(&world, (3, 3), 3, (None, Some("staging")), &[("user", "id:2")]).await?,
        event(&world, (4, 1), 4, (Some("shop@2"), Some("staging")), &[("browser", "Chrome 121"), ("user", "id:2")])
            .await?,
    ];
    events[1].summary.level = Level::Info;
    events[1].summary.platform = "rust";
    events[2].summary.unhandled = true;
    events[2].summary.title = "Grüße from the Cellar".to_owned();
    let issues: Vec<_> = all_recorded(world.record(events).await?).iter().map(|recorded| recorded.issue).collect();
    let update = IssueUpdate { standing: Some(NewStanding::Resolved(None)), priority: Some(IssuePriority::Low) };
    world.store.update_issues(IssuesOf { project: world.project.id, issues: vec![issues[2]] }, update, NOW).await?;
    let tag = |key: &str, value: &str| IssueTest::Tag(key.to_owned(), Pattern::with_wildcards(value));
    let at_least = |least| Bound { least, most: i64::MAX };
    let cases = [
        (IssueTest::Status(IssueStatus::Resolved), vec![3]),
        (IssueTest::Level(Level::Info), vec![2]),
        (IssueTest::Priority(IssuePriority::Low), vec![3, 2]),
        (IssueTest::Priority(IssuePriority::High), vec![1]),
        (IssueTest::Number(world.project.id, 2), vec![2]),
        (IssueTest::Project(world.project.id), vec![1, 3, 2]),
        (IssueTest::Project(model::ids::ProjectId::new(999)?), vec![]),
        (IssueTest::Platform(exact("rust")), vec![2]),
        (IssueTest::Platform(Pattern::with_wildcards("RU*")), vec![2]),
        (IssueTest::Unhandled, vec![3]),
        (IssueTest::Environment(exact("staging")), vec![1, 3]),
        (IssueTest::Environment(Pattern::with_wildcards("PROD*")), vec![1]),
        (IssueTest::Environment(exact("")), vec![2]),
        (tag("browser", "Firefox"), vec![1]),
        (tag("browser", "chrome*"), vec![1, 2]),
        (tag("browser", "chrome 120"), vec![]),
        (IssueTest::HasTag("browser".to_owned()), vec![1, 2]),
        (IssueTest::HasTag("browse".to_owned()), vec![]),
        (IssueTest::FirstRelease(exact("shop@2")), vec![2]),
        (IssueTest::FirstRelease(Pattern::with_wildcards("shop*")), vec![1, 2]),
        (IssueTest::Text(Pattern::somewhere("grüSSe".to_lowercase().replace("ss", "ß").as_str())), vec![3]),
        (IssueTest::LastRelease(exact("shop@2")), vec![1, 2]),
        (IssueTest::Text(Pattern::somewhere("CULPRIT 2")), vec![2]),
        (IssueTest::Events(at_least(2)), vec![1]),
        (IssueTest::Users(Bound { least: 1, most: 1 }), vec![3]),
        (IssueTest::FirstSeen(at_least(NOW.0 + 2)), vec![3, 2]),
        (IssueTest::LastSeen(at_least(NOW.0 + 4)), vec![1]),
        (IssueTest::Any(vec![IssueTest::Number(world.project.id, 1), tag("user", "id:2")]), vec![1, 3]),
        (IssueTest::Any(vec![]), vec![]),
    ];
    for (test, expected) in cases {
        assert_eq!(found(&world, std::slice::from_ref(&test)).await?, expected, "{test:?}");
        let others: Vec<u64> = [1, 3, 2].into_iter().filter(|number| !expected.contains(number)).collect();
        assert_eq!(found(&world, &[IssueTest::Not(Box::new(test.clone()))]).await?, others, "not {test:?}");
    }
    let both = [IssueTest::Environment(exact("staging")), IssueTest::HasTag("browser".to_owned())];
    assert_eq!(found(&world, &both).await?, [1]);
    assert_eq!(found(&world, &[]).await?, [1, 3, 2]);
    Ok(())
}

/// In every order, page after page forth and back shows each issue of the projects once.
pub async fn every_sort_is_paged_forth_and_back_without_gaps(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let other = world.store.create_project(new_project(&world.organization, &world.team, 2)).await?;
    let mut events = Vec::new();
    for (number, (issue, at)) in (1_u8..).zip([(1, 5), (2, 5), (3, 1), (1, 2), (4, 9), (5, 9), (5, 9), (4, 0), (1, 3)])
    {
        events.push(event(&world, (number, issue), at, (None, None), &[("user", &format!("id:{number}"))]).await?);
    }
    let twin = world.event_of(other.id, 1, &[]).await?;
    events.push(NewEvent { timestamp: later(NOW, 5), ..twin });
    all_recorded(world.record(events).await?);
    for sort in [IssueSort::LastSeen, IssueSort::FirstSeen, IssueSort::Events, IssueSort::Users] {
        let search = |from, limit| IssueSearch {
            projects: vec![world.project.id, other.id],
            tests: Vec::new(),
            sort,
            cut: Cut { from, limit },
        };
        let all = world.store.search_issues(search(CutFrom::Start, 100)).await?;
        assert_eq!((all.items.len(), all.more), (6, false));
        let places: Vec<_> = all.items.iter().map(|issue| issue.place(sort)).collect();
        assert!(places.is_sorted_by(|one, next| one > next), "{sort:?}: {places:?}");
        for limit in 1..=6 {
            let (mut from, mut seen) = (CutFrom::Start, Vec::new());
            loop {
                let page = world.store.search_issues(search(from, limit)).await?;
                seen.extend(page.items);
                assert_eq!(page.more, seen.len() < 6, "{sort:?} by {limit}");
                if !page.more {
                    break;
                }
                from = CutFrom::After(places[seen.len() - 1]);
            }
            assert_eq!(seen, all.items, "{sort:?} by {limit}");
            let back = world.store.search_issues(search(CutFrom::Before(places[5]), limit)).await?;
            assert_eq!((&back.items[..], back.more), (&all.items[5 - limit.min(5)..5], limit < 5), "{sort:?}");
        }
    }
    Ok(())
}

/// People name an issue by its number; what belongs to another project, or was never given, is nobody's.
pub async fn an_issue_is_found_by_its_number(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let events = vec![world.event(1, &[]).await?, world.event(2, &[]).await?];
    let recorded = all_recorded(world.record(events).await?);
    let found = world.store.issue_by_number(world.project.id, 2).await?;
    assert_eq!(found.map(|issue| issue.id), Some(recorded[1].issue));
    for number in [0, 3, u64::MAX] {
        assert_eq!(world.store.issue_by_number(world.project.id, number).await?, None);
    }
    let other = world.store.create_project(new_project(&world.organization, &world.team, 2)).await?;
    assert_eq!(world.store.issue_by_number(other.id, 1).await?, None);
    Ok(())
}

/// Hours, tags, environments and releases are those that events left.
pub async fn what_events_left_beside_an_issue_is_listed(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let mut events = vec![
        event(&world, (1, 1), 0, (Some("1.0"), Some("production")), &[("b", "2"), ("a", "x")]).await?,
        event(&world, (2, 1), 0, (Some("1.1"), Some("staging")), &[("b", "1")]).await?,
        event(&world, (3, 1), 0, (None, None), &[("b", "2")]).await?,
        event(&world, (4, 2), 0, (Some("1.1"), Some("staging")), &[]).await?,
    ];
    for (event, hours) in events.iter_mut().zip([-30, -2, -2, 0]) {
        event.received = later(NOW, hours * HOUR_MS);
    }
    let recorded = all_recorded(world.record(events).await?);
    let (first, second) = (recorded[0].issue, recorded[3].issue);
    let hours = world.store.issue_hours(vec![second, first], days(NOW, -1)).await?;
    assert_eq!(hours, [vec![(NOW, 1)], vec![(later(NOW, -2 * HOUR_MS), 2)]]);
    let tag = |key: &str, values: &[&str]| IssueTag {
        key: key.to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    assert_eq!(world.store.issue_tags(first).await?, [tag("a", &["x"]), tag("b", &["1", "2"])]);
    assert!(world.store.issue_tags(second).await?.is_empty());
    let project = world.project.id;
    assert_eq!(world.store.environments(project).await?, ["production", "staging"]);
    let releases = [("1.1", -2), ("1.0", -30)]
        .map(|(version, hours)| Release { version: version.to_owned(), first_seen: later(NOW, hours * HOUR_MS) });
    assert_eq!(world.store.releases(project).await?, releases);
    assert_eq!(world.store.release(project, "1.0".to_owned()).await?.as_ref(), Some(&releases[1]));
    assert_eq!(world.store.release(project, "1".to_owned()).await?, None);
    let other = world.store.create_project(new_project(&world.organization, &world.team, 2)).await?;
    assert!(world.store.environments(other.id).await?.is_empty() && world.store.releases(other.id).await?.is_empty());
    Ok(())
}

/// Hours are kept for 90 days, whatever becomes of the events.
pub async fn hours_of_issues_are_kept_for_90_days(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let old = NewEvent { received: days(NOW, -91), ..world.event(1, &[]).await? };
    let new = NewEvent { id: event_id(2), received: days(NOW, -89), ..old.clone() };
    let issue = all_recorded(world.record(vec![old, new]).await?)[0].issue;
    let hours = async || world.store.issue_hours(vec![issue], later(NOW, -200 * DAY_MS)).await;
    assert_eq!(hours().await?[0].len(), 2);
    world.sweep(super::world::idle_plan()).await?;
    assert_eq!(hours().await?, [[(days(NOW, -89), 1)]]);
    Ok(())
}

/// What is rare is found behind thousands that are not looked for.
pub async fn a_search_reaches_the_last_of_thousands(bench: &mut dyn Bench) -> Outcome {
    const ISSUES: u16 = 4_200;
    let world = World::new(bench).await?;
    let one = world.event(1, &[]).await?;
    let events = (0..ISSUES).map(|number| {
        let mut event = NewEvent { timestamp: later(NOW, i64::from(number)), ..one.clone() };
        event.id.0[..2].copy_from_slice(&number.to_be_bytes());
        event.grouping.hash[..2].copy_from_slice(&number.to_be_bytes());
        event
    });
    all_recorded(world.record(events.collect()).await?);
    assert_eq!(found(&world, &[IssueTest::Number(world.project.id, 1)]).await?, [1]);
    let search = IssueSearch {
        projects: vec![world.project.id],
        tests: vec![IssueTest::FirstSeen(Bound { least: i64::MIN, most: NOW.0 + 1 })],
        sort: IssueSort::Events,
        cut: everything(),
    };
    assert_eq!(world.store.search_issues(search).await?.items.len(), 2);
    Ok(())
}

/// Whoever sends events chooses the keys of tags: an event leaves so many, and a list of them ends.
pub async fn the_tags_of_an_issue_are_listed_up_to_a_number(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let mut events = Vec::new();
    for number in 1..=160 {
        let keys: Vec<String> = (0..=TAGS_PER_EVENT).map(|key| format!("{number:03}-{key:05}")).collect();
        let tags = keys.iter().map(|key| (key.as_str(), "1")).chain([("user", "id:1")]);
        let marks = Marks::new(None, None, tags);
        assert!(marks.user().is_some(), "it is counted wherever it stands");
        events.push(NewEvent { marks, grouping: grouping(1), ..world.event(number, &[]).await? });
    }
    let rest = events.split_off(1);
    let first = only(all_recorded(world.record(events).await?));
    assert_eq!(world.store.issue_tags(first.issue).await?.len(), TAGS_PER_EVENT);
    all_recorded(world.record(rest).await?);
    assert_eq!(world.store.issue_tags(first.issue).await?.len(), TAG_VALUES_MAX);
    Ok(())
}
