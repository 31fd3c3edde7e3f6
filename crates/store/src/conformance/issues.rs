//! How events add up to issues.

use protocol::event::Level;

use super::world::{NOW, World, all_recorded, event_id, grouping, later, new_project, only};
use super::{Bench, Outcome};
use crate::ledger::{EventResult, NewEvent};

/// Count, first and last seen add up over all events, whatever their order; the row shows the event recorded last.
pub async fn an_issue_adds_up_its_events(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let mut issue = None;
    for batch in [&[(1, 50_i64), (2, -70), (3, 20)][..], &[(4, 60), (5, 10)]] {
        let mut events = Vec::new();
        for (number, at) in batch {
            let event = world.event(*number, &[]).await?;
            events.push(NewEvent { grouping: grouping(99), timestamp: later(NOW, *at), ..event });
        }
        for recorded in all_recorded(world.record(events).await?) {
            assert_eq!(*issue.get_or_insert(recorded.issue), recorded.issue);
        }
    }
    let Some(id) = issue else { panic!("no event was recorded") };
    let Some(issue) = world.store.issue(id).await? else { panic!("the issue is not there") };
    assert_eq!((issue.project, issue.short_number, issue.grouping_version), (world.project.id, 1, 1));
    assert_eq!((issue.count, issue.first_seen, issue.last_seen), (5, later(NOW, -70), later(NOW, 60)));
    assert_eq!((issue.title.as_str(), issue.culprit.as_str(), issue.level.as_str()), ("Error 5", "culprit 5", "error"));
    Ok(())
}

/// The row follows the level, title and culprit of the last event.
pub async fn an_issue_shows_its_last_event(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let first = world.event(1, &[]).await?;
    let mut second = NewEvent { grouping: first.grouping, ..world.event(2, &[]).await? };
    second.summary.level = Level::Fatal;
    let issue = only(all_recorded(world.record(vec![first]).await?)).issue;
    all_recorded(world.record(vec![second]).await?);
    let Some(shown) = world.store.issue(issue).await? else { panic!("the issue is not there") };
    assert_eq!((shown.title.as_str(), shown.culprit.as_str(), shown.level.as_str()), ("Error 2", "culprit 2", "fatal"));
    Ok(())
}

/// A duplicate is not an event more.
pub async fn a_duplicate_is_not_counted(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let event = world.event(1, &[]).await?;
    let issue = only(all_recorded(world.record(vec![event.clone()]).await?)).issue;
    assert!(matches!(only(world.record(vec![event]).await?), EventResult::Duplicate));
    assert_eq!(world.store.issue(issue).await?.map(|issue| issue.count), Some(1));
    Ok(())
}

/// People name issues by their number in the project.
pub async fn issues_are_numbered_from_one_in_each_project(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let other = world.store.create_project(new_project(&world.organization, &world.team, 2)).await?;
    let mut events = Vec::new();
    for number in 1..=3 {
        events.push(world.event(number, &[]).await?);
        events.push(world.event_of(other.id, number, &[]).await?);
    }
    let mut numbers = Vec::new();
    for recorded in all_recorded(world.record(events).await?) {
        numbers.push(world.store.issue(recorded.issue).await?.map(|issue| (issue.project, issue.short_number)));
    }
    let expected = [1, 2, 3].map(|number| [Some((world.project.id, number)), Some((other.id, number))]);
    assert_eq!(numbers, expected.concat());
    Ok(())
}

/// The same hash under another version is another issue.
pub async fn a_new_grouping_version_makes_new_issues(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let old = world.event(1, &[]).await?;
    let mut new = NewEvent { id: event_id(2), ..old.clone() };
    new.grouping.version = 2;
    let recorded = all_recorded(world.record(vec![old, new]).await?);
    assert_ne!(recorded[0].issue, recorded[1].issue);
    let issue = world.store.issue(recorded[1].issue).await?;
    assert_eq!(issue.map(|issue| issue.grouping_version), Some(2));
    Ok(())
}
