//! What people do to issues, and their events.

use model::delivery::DeliveryState;
use model::issue::{IssuePriority, IssueStatus, ResolvedIn, Snooze, Substatus};

use super::world::{NOW, World, all_recorded, days, event_id, grouping, holding, idle_plan, later, new_project, only};
use super::{Bench, Outcome};
use crate::error::StoreError;
use crate::issues::{
    Cut, CutFrom, EventsOf, Issue, IssueSearch, IssueSort, IssueUpdate, IssuesOf, NewStanding, Place, SnoozeFor,
    WantedEvent,
};
use crate::ledger::{NewEvent, SweepPlan};
use crate::marks::Marks;

fn standing(standing: NewStanding) -> IssueUpdate {
    IssueUpdate { standing: Some(standing), priority: None }
}

fn stands(issue: &Issue) -> (IssueStatus, Substatus) {
    (issue.status, issue.substatus)
}

/// One event of an issue, by this number of user.
async fn event(world: &World, number: u8, issue: u8) -> Result<NewEvent, StoreError> {
    let mut event = NewEvent { grouping: grouping(issue), ..world.event(number, &[]).await? };
    event.marks = Marks::new(None, None, [("user", format!("id:{number}").as_str())]);
    Ok(event)
}

/// A change of many is one call; it answers with what there is of them in this project, as it is afterwards.
pub async fn issues_are_changed_together(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let project = world.project.id;
    let other = world.store.create_project(new_project(&world.organization, &world.team, 2)).await?;
    let events = vec![world.event(1, &[]).await?, world.event(2, &[]).await?, world.event_of(other.id, 1, &[]).await?];
    let ids: Vec<_> = all_recorded(world.record(events).await?).iter().map(|recorded| recorded.issue).collect();
    let gone = model::ids::IssueId::new(999)?;
    let all = IssuesOf { project, issues: vec![ids[1], gone, ids[2], ids[0]] };
    let now = later(NOW, 5);
    let release = ResolvedIn::NextAfter("1.0".to_owned());
    let update = standing(NewStanding::Resolved(Some(release.clone())));
    let resolved = world.store.update_issues(all.clone(), update, now).await?;
    assert_eq!(resolved.iter().map(|issue| issue.id).collect::<Vec<_>>(), [ids[1], ids[0]]);
    for issue in &resolved {
        assert_eq!(
            (issue.status, issue.changed, &issue.resolved_in),
            (IssueStatus::Resolved, now, &Some(release.clone()))
        );
        assert_eq!(world.store.issue(issue.id).await?.as_ref(), Some(issue));
    }
    let untouched = world.store.issue(ids[2]).await?;
    assert_eq!(untouched.map(|issue| stands(&issue)), Some((IssueStatus::Unresolved, Substatus::New)));
    let low = IssueUpdate { standing: None, priority: Some(IssuePriority::Low) };
    let changed = world.store.update_issues(all.clone(), low, later(NOW, 9)).await?;
    assert!(changed.iter().all(|issue| issue.priority == IssuePriority::Low && issue.changed == now));
    let opened = world.store.update_issues(all, standing(NewStanding::Unresolved), later(NOW, 9)).await?;
    for issue in &opened {
        assert_eq!(stands(issue), (IssueStatus::Unresolved, Substatus::Ongoing));
        assert_eq!((issue.changed, &issue.resolved_in), (later(NOW, 9), &None));
    }
    Ok(())
}

/// What is unresolved already does not become an old issue by being opened.
pub async fn a_new_issue_that_is_opened_stays_new(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let event = world.event(1, &[]).await?;
    let issue = only(all_recorded(world.record(vec![event]).await?)).issue;
    let of = IssuesOf { project: world.project.id, issues: vec![issue] };
    let opened = only(world.store.update_issues(of, standing(NewStanding::Unresolved), later(NOW, 5)).await?);
    assert_eq!((stands(&opened), opened.changed), ((IssueStatus::Unresolved, Substatus::New), NOW));
    Ok(())
}

/// A snooze counts from the moment it is asked for; the event that reaches it brings the issue back.
pub async fn an_ignored_issue_comes_back_when_its_snooze_ends(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    for (issue, snooze, comes_back_with) in [
        (101, SnoozeFor { events: Some(2), ..SnoozeFor::default() }, Some(2)),
        (102, SnoozeFor { users: Some(1), ..SnoozeFor::default() }, Some(1)),
        (103, SnoozeFor { until: Some(later(NOW, 3)), ..SnoozeFor::default() }, Some(3)),
        (104, SnoozeFor::default(), None),
    ] {
        let first = 4 * (issue - 100);
        let event_now = event(&world, first, issue).await?;
        let id = only(all_recorded(world.record(vec![event_now]).await?)).issue;
        let of = IssuesOf { project: world.project.id, issues: vec![id] };
        let ignored = only(world.store.update_issues(of, standing(NewStanding::Ignored(snooze)), NOW).await?);
        let expected =
            if comes_back_with.is_some() { Substatus::ArchivedUntilConditionMet } else { Substatus::ArchivedForever };
        assert_eq!(stands(&ignored), (IssueStatus::Ignored, expected));
        let kept = Snooze { until: snooze.until, events: snooze.events, users: snooze.users };
        assert_eq!(
            ignored.snooze,
            Some(kept).filter(|kept| *kept != Snooze::default()),
            "one event by one user before"
        );
        for step in 1..=3 {
            let more = NewEvent { received: later(NOW, step.into()), ..event(&world, first + step, issue).await? };
            all_recorded(world.record(vec![more]).await?);
            let Some(now) = world.store.issue(id).await? else { panic!("the issue is lost") };
            let is_back = comes_back_with.is_some_and(|with| step >= with);
            let expected = if is_back { IssueStatus::Unresolved } else { IssueStatus::Ignored };
            assert_eq!((now.status, now.snooze.is_none()), (expected, is_back || snooze == SnoozeFor::default()));
        }
    }
    Ok(())
}

/// A deleted issue is gone at once for everybody, and its next event makes a new one.
pub async fn a_deleted_issue_is_gone_and_its_next_event_makes_another(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (project, store) = (world.project.id, &world.store);
    let recorded = only(all_recorded(world.record(vec![event(&world, 1, 50).await?]).await?));
    let id = recorded.issue;
    let of = IssuesOf { project, issues: vec![id] };
    let other = store.create_project(new_project(&world.organization, &world.team, 2)).await?;
    assert_eq!(store.delete_issues(IssuesOf { project: other.id, issues: vec![id] }).await?, 0);
    assert_eq!(store.delete_issues(of.clone()).await?, 1);
    assert_eq!(store.delete_issues(of.clone()).await?, 0);
    assert_eq!((store.issue(id).await?, store.issue_by_number(project, 1).await?), (None, None));
    assert!(store.update_issues(of, standing(NewStanding::Unresolved), NOW).await?.is_empty());
    let cut = Cut { from: CutFrom::Start, limit: 10 };
    for sort in [IssueSort::LastSeen, IssueSort::FirstSeen, IssueSort::Events] {
        let search = IssueSearch { projects: vec![project], tests: Vec::new(), sort, cut };
        assert!(store.search_issues(search).await?.items.is_empty());
    }
    for wanted in [
        WantedEvent::Latest(id),
        WantedEvent::Oldest(id),
        WantedEvent::OfIssue(id, event_id(1)),
        WantedEvent::OfProject(project, event_id(1)),
    ] {
        assert!(store.find_event(wanted).await?.is_none(), "{wanted:?}");
    }
    for of in [EventsOf::Project(project), EventsOf::Issue(id)] {
        assert!(store.events(of, cut).await?.items.is_empty());
    }
    let again = only(all_recorded(world.record(vec![event(&world, 2, 50).await?]).await?)).issue;
    assert_ne!(again, id);
    assert_eq!(store.issue(again).await?.map(|issue| (issue.short_number, issue.count)), Some((2, 1)));
    Ok(())
}

/// Sweep takes what a deleted issue leaves, in small slices, and cancels what waits for its events; others keep theirs.
pub async fn what_a_deleted_issue_leaves_goes(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (project, store) = (world.project.id, &world.store);
    let hook = world.hook(1).await?.number;
    let (mut events, mut kept) = (Vec::new(), Vec::new());
    for number in 1..=7 {
        let marks = Marks::new(Some("1"), Some("e"), [("user", format!("id:{number}").as_str()), ("tag", "v")]);
        events.push(NewEvent { grouping: grouping(50), marks: marks.clone(), ..world.event(number, &[hook]).await? });
        kept.push(NewEvent { grouping: grouping(51), marks, ..world.event(number + 100, &[hook]).await? });
    }
    let waiting = world.record_without_room(events).await?;
    let others = world.record_without_room(kept).await?;
    store.delete_issues(IssuesOf { project, issues: vec![waiting[0].issue] }).await?;
    let swept = world.sweep(SweepPlan { limit: 2, ..idle_plan() }).await?;
    assert_eq!((swept.events, swept.cancelled, swept.deliveries), (7, 7, 0));
    assert_eq!(store.totals().await?.events, 7);
    assert!(store.event(project, event_id(1)).await?.is_none());
    assert!(store.issue_tags(waiting[0].issue).await?.is_empty());
    assert_eq!(store.issue_hours(vec![waiting[0].issue], days(NOW, -9)).await?, [[]]);
    let other = others[0].issue;
    assert_eq!(store.issue_tags(other).await?.len(), 2);
    assert_eq!(world.state(101, others[0].owed[0].key).await?, DeliveryState::Waiting);
    assert_eq!(world.sweep(idle_plan()).await?.events, 0);
    assert_eq!(store.issue(other).await?.map(|issue| (issue.count, issue.users)), Some((7, 7)));
    Ok(())
}

/// Events of an issue and of a project come newest first, page by page, forth and back.
pub async fn events_are_paged_newest_first(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let store = &world.store;
    let mut events = Vec::new();
    for number in 1..=5 {
        events.push(event(&world, number, 50 + number % 2).await?);
    }
    let recorded = all_recorded(world.record(events).await?);
    let numbers = |from, of, limit| async move {
        let listed = store.events(of, Cut { from, limit }).await?;
        let numbers: Vec<_> = listed.items.iter().map(|event| event.seq.get()).collect();
        Ok::<_, StoreError>((numbers, listed.more))
    };
    let odd = EventsOf::Issue(recorded[0].issue);
    let all = EventsOf::Project(world.project.id);
    let at = |seq| Place { key: seq, id: 0 };
    assert_eq!(numbers(CutFrom::Start, all, 2).await?, (vec![5, 4], true));
    assert_eq!(numbers(CutFrom::After(at(4)), all, 3).await?, (vec![3, 2, 1], false));
    assert_eq!(numbers(CutFrom::Before(at(2)), all, 2).await?, (vec![4, 3], true));
    assert_eq!(numbers(CutFrom::Start, odd, 10).await?, (vec![5, 3, 1], false));
    assert_eq!(numbers(CutFrom::After(at(5)), odd, 1).await?, (vec![3], true));
    assert_eq!(numbers(CutFrom::Before(at(1)), odd, 2).await?, (vec![5, 3], false));
    Ok(())
}

/// A page of large events ends early, and says so.
pub async fn a_page_of_large_events_ends_early(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let mut events = Vec::new();
    for number in 1..=12 {
        events.push(holding(world.event(number, &[]).await?, vec![b'x'; 1_000_000]));
    }
    all_recorded(world.record(events).await?);
    let (mut from, mut seen) = (CutFrom::Start, 0);
    loop {
        let page = world.store.events(EventsOf::Project(world.project.id), Cut { from, limit: 100 }).await?;
        assert!((1..=9).contains(&page.items.len()), "{}", page.items.len());
        seen += page.items.len();
        let Some(last) = page.items.last().filter(|_| page.more) else { break };
        from = CutFrom::After(last.place());
    }
    assert_eq!(seen, 12);
    Ok(())
}

/// One event is found with those before and after it in its issue.
pub async fn an_event_is_found_between_its_neighbours(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let project = world.project.id;
    let mut events = Vec::new();
    for (number, issue) in [(1, 50), (2, 51), (3, 50), (4, 50)] {
        events.push(event(&world, number, issue).await?);
    }
    let issue = all_recorded(world.record(events).await?)[0].issue;
    let between = async |wanted| {
        let found = world.store.find_event(wanted).await?;
        Ok::<_, StoreError>(found.map(|found| (found.previous, found.id, found.next)))
    };
    let id = event_id;
    for (wanted, expected) in [
        (WantedEvent::Latest(issue), Some((Some(id(3)), id(4), None))),
        (WantedEvent::Oldest(issue), Some((None, id(1), Some(id(3))))),
        (WantedEvent::OfIssue(issue, id(3)), Some((Some(id(1)), id(3), Some(id(4))))),
        (WantedEvent::OfIssue(issue, id(2)), None),
        (WantedEvent::OfIssue(issue, id(9)), None),
        (WantedEvent::OfProject(project, id(2)), Some((None, id(2), None))),
        (WantedEvent::OfProject(model::ids::ProjectId::new(99)?, id(2)), None),
    ] {
        assert_eq!(between(wanted).await?, expected, "{wanted:?}");
    }
    Ok(())
}
