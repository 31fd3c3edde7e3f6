//! What is kept of events and firings, for those who ask why.

use std::sync::Arc;
use std::time::Duration;

use model::ids::{IssueId, Millis, RuleId, Seq};
use model::issue::{IssuePriority, IssueStatus, Turn};
use model::loops::Hop;
use model::rules::{Clause, EventView, Matcher, Node, NodePlace, Quantifier, Rule, Targets};
use protocol::event::Event;
use serde_json::json;

use super::world::{NOW, World, all_recorded, days, event_id, grouping, holding, idle_plan, later, only};
use super::{Bench, Outcome};
use crate::error::StoreError;
use crate::hindsight::{FiringBefore, KeptEvents};
use crate::ledger::{NewEvent, RecordedEvent, SweepPlan};
use crate::marks::Marks;
use crate::rules::{FiredRange, NewRule, RuleChange, RuleIssue};

/// Records an event of the issue with that number.
async fn happens(world: &World, (number, issue): (u8, u8), received: Millis) -> Result<RecordedEvent, StoreError> {
    let event = NewEvent { grouping: grouping(issue), received, ..world.event(number, &[]).await? };
    Ok(only(all_recorded(world.record(vec![event]).await?)))
}

/// An event is found by its id, as it was recorded.
pub async fn an_event_is_kept_with_what_it_did_to_its_issue(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let project = world.project.id;
    let first = happens(&world, (1, 1), NOW).await?;
    happens(&world, (2, 1), later(NOW, 5)).await?;
    world.restart(bench, NOW).await?;
    assert_eq!(world.store.kept_event(project, event_id(9)).await?, None);
    let Some(kept) = world.store.kept_event(project, event_id(1)).await? else { panic!("it was recorded") };
    assert_eq!((kept.seq, kept.id, kept.issue), (first.seq, event_id(1), first.issue));
    assert_eq!((kept.received, kept.hop, kept.turn, kept.is_new_in_environment), (NOW, 0, Turn::New, true));
    assert_eq!(kept.value, world.event(1, &[]).await?.value);
    let Some(kept) = world.store.kept_event(project, event_id(2)).await? else { panic!("it was recorded") };
    assert_eq!((kept.received, kept.turn, kept.is_new_in_environment), (later(NOW, 5), Turn::Repeated, false));
    Ok(())
}

/// A slice of a project's events, or of an issue's, ends at its limit, and the next begins below it.
pub async fn events_are_read_newest_first_in_slices(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let project = world.project.id;
    for number in 1..=4 {
        happens(&world, (number, 1 + number % 2), NOW).await?;
    }
    let ids = async |issue: Option<IssueId>, below: Option<Seq>, limit: usize| {
        let events = world.store.kept_events(KeptEvents { project, issue, below, limit }).await?.items;
        let last = events.last().map(|event| (event.seq, event.issue));
        Ok::<_, StoreError>((events.iter().map(|event| event.id).collect::<Vec<_>>(), last))
    };
    let (newest, last) = ids(None, None, 3).await?;
    assert_eq!(newest, [4, 3, 2].map(event_id));
    let (rest, _) = ids(None, last.map(|(seq, _)| seq), 3).await?;
    assert_eq!(rest, [event_id(1)]);
    let issue = last.map(|(_, issue)| issue);
    assert_eq!(ids(issue, None, 9).await?.0, [4, 2].map(event_id));
    assert_eq!(ids(issue, None, 1).await?.0, [event_id(4)]);
    Ok(())
}

/// A slice of large events ends early, and says so.
pub async fn a_slice_of_large_kept_events_ends_early(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let mut events = Vec::new();
    for number in 1..=9 {
        let event = NewEvent { grouping: grouping(1), ..world.event(number, &[]).await? };
        events.push(holding(event, vec![b'x'; 1_000_000]));
    }
    let first = all_recorded(world.record(events).await?).swap_remove(0);
    for issue in [None, Some(first.issue)] {
        let (mut below, mut seen) = (None, 0);
        loop {
            let wanted = KeptEvents { project: world.project.id, issue, below, limit: 64 };
            let slice = world.store.kept_events(wanted).await?;
            assert!((1..=4).contains(&slice.items.len()), "{}", slice.items.len());
            seen += slice.items.len();
            below = slice.items.last().map(|event| event.seq);
            if !slice.more {
                break;
            }
        }
        assert_eq!(seen, 9);
    }
    Ok(())
}

/// What is said of an issue is what its row says; what is gone is not listed.
pub async fn an_issue_stands_where_its_events_left_it(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let first = happens(&world, (1, 1), NOW).await?;
    happens(&world, (2, 1), NOW).await?;
    happens(&world, (3, 1), NOW).await?;
    let nobody = IssueId::new(999)?;
    let standing = only(world.store.issue_standings(vec![nobody, first.issue]).await?);
    assert_eq!((standing.id, standing.status), (first.issue, IssueStatus::Unresolved));
    assert_eq!((standing.first_seen, standing.times_seen), (NOW, 3));
    assert_eq!(standing.priority, IssuePriority::High);
    let after = world.store.events_after(world.project.id, first.issue, first.seq).await?;
    assert_eq!(after, 2);
    Ok(())
}

/// A rule on every event, with a count, as it is kept.
async fn rule(world: &World) -> Result<Rule, StoreError> {
    let occurrences = json!({"id": "sentry.rules.filters.issue_occurrences.IssueOccurrencesFilter", "value": 1});
    let change = RuleChange {
        name: "Rule".to_owned(),
        environment: None,
        action_match: Quantifier::All,
        filter_match: Quantifier::All,
        conditions: Vec::new(),
        filters: vec![occurrences.clone()],
        actions: Vec::new(),
        frequency_minutes: 5,
        owner: None,
        active: true,
        counters: Vec::new(),
    };
    let new = NewRule { project: world.project.id, rule: change, created_by: None, now: NOW };
    let id = world.store.create_rule(new).await?.id;
    let Ok(node) = Node::read(&occurrences, NodePlace::Filter) else { panic!("it is a node") };
    Ok(Rule {
        id,
        name: "Rule".to_owned(),
        environment: None,
        conditions: Clause::default(),
        filters: Clause { quantifier: Quantifier::All, nodes: vec![node] },
        frequency: Duration::from_secs(300),
        targets: Targets::EveryHook,
        silent_until: None,
    })
}

/// Records an event on which the rule may fire.
async fn may_fire(
    world: &World,
    rule: &Rule,
    (number, issue): (u8, u8),
    received: Millis,
) -> Result<RecordedEvent, StoreError> {
    let matcher = Arc::new(Matcher::new(vec![rule.clone()], Vec::new()));
    let candidates = matcher.candidates(Hop(0), &EventView::new(&Event::default(), "", None));
    let event = NewEvent { grouping: grouping(issue), received, candidates, ..world.event(number, &[]).await? };
    Ok(only(all_recorded(world.record(vec![event]).await?)))
}

/// What fired is in its rule's history, and in its event's, after a crash and after the rule is deleted.
pub async fn a_firing_is_kept_with_what_decided_it(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let project = world.project.id;
    let rule = rule(&world).await?;
    let first = may_fire(&world, &rule, (1, 1), NOW).await?;
    let held_back = may_fire(&world, &rule, (2, 1), later(NOW, 299_999)).await?;
    let other = may_fire(&world, &rule, (3, 2), later(NOW, 299_999)).await?;
    let again = may_fire(&world, &rule, (4, 1), later(NOW, 300_000)).await?;
    world.restart(bench, NOW).await?;
    let store = &world.store;
    assert_eq!(store.rules_last_fired(project).await?, [(rule.id, later(NOW, 300_000))]);
    let range = FiredRange { project, since: NOW, until: later(NOW, 300_001) };
    assert_eq!(store.rule_hours(rule.id, range).await?, [(NOW, 3)]);
    let issue = |recorded: &RecordedEvent, count, last_fired, number| RuleIssue {
        issue: recorded.issue,
        count,
        last_fired,
        event: Some(event_id(number)),
    };
    let expected = [issue(&first, 2, later(NOW, 300_000), 4), issue(&other, 1, later(NOW, 299_999), 3)];
    assert_eq!(store.rule_issues(rule.id, range).await?, expected);
    store.delete_rule(project, rule.id).await?;
    let fired = only(store.fired_on(project, again.seq).await?);
    assert_eq!((fired.rule, fired.fired), (rule.id, later(NOW, 300_000)));
    assert_eq!(fired.because, json!([{"part": "filters", "node": 0, "holds": true, "found": "3"}]));
    assert_eq!(store.fired_on(project, held_back.seq).await?, []);
    Ok(())
}

/// Who asks why a rule was held back is told when it had fired for the issue.
pub async fn a_firing_is_found_from_the_next_event_of_its_issue(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let project = world.project.id;
    let rule = rule(&world).await?;
    let first = may_fire(&world, &rule, (1, 1), NOW).await?;
    may_fire(&world, &rule, (2, 2), later(NOW, 1)).await?;
    let event = may_fire(&world, &rule, (3, 1), later(NOW, 2)).await?.seq;
    let before = async |rule: RuleId, issue: IssueId, since: Millis| {
        world.store.fired_before(FiringBefore { project, rule, issue, event, since }).await
    };
    assert_eq!(before(rule.id, first.issue, NOW).await?, Some(NOW));
    assert_eq!(before(rule.id, first.issue, later(NOW, 1)).await?, None, "it is too long ago");
    assert_eq!(before(rule.id, IssueId::new(999)?, NOW).await?, None);
    assert_eq!(before(RuleId::new(999)?, first.issue, NOW).await?, None);
    Ok(())
}

/// In a project, and in each of its environments.
pub async fn releases_are_listed_newest_first(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let project = world.project.id;
    for (number, release, environment) in [(1, "b", "prod"), (2, "a", "prod"), (3, "c", "dev"), (4, "b", "dev")] {
        let marks = Marks::new(Some(release), Some(environment), []);
        let received = later(NOW, i64::from(number));
        let event = NewEvent { marks, received, grouping: grouping(1), ..world.event(number, &[]).await? };
        world.record(vec![event]).await?;
    }
    let listed = async |environment: Option<&str>, limit| {
        world.store.releases_seen(project, environment.map(str::to_owned), limit).await
    };
    let seen = |name: &str, ms| (name.to_owned(), later(NOW, ms));
    assert_eq!(listed(None, 9).await?, [seen("c", 3), seen("a", 2), seen("b", 1)]);
    assert_eq!(listed(None, 1).await?, [seen("c", 3)]);
    assert_eq!(listed(Some("dev"), 9).await?, [seen("b", 4), seen("c", 3)]);
    assert_eq!(listed(Some("none"), 9).await?, []);
    Ok(())
}

/// Firings go with the events of their days; a deleted rule's too: who asks why it had fired is told for as long.
pub async fn a_history_goes_with_the_days_that_are_kept(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (store, project) = (&world.store, world.project.id);
    let (kept, deleted) = (rule(&world).await?, rule(&world).await?);
    for day in (0..3).rev() {
        for rule in [&kept, &deleted] {
            let number = u8::try_from(rule.id.get() * 10 + day).unwrap_or_default();
            may_fire(&world, rule, (number, number), days(NOW, -day)).await?;
        }
    }
    let all = FiredRange { project, since: Millis(0), until: later(NOW, 1) };
    let fired = async |rule: &Rule| {
        let hours = store.rule_hours(rule.id, all).await?;
        Ok::<u64, StoreError>(hours.iter().map(|(_, count)| count).sum())
    };
    assert_eq!((fired(&kept).await?, fired(&deleted).await?), (3, 3));
    store.delete_rule(project, deleted.id).await?;
    let swept = world.sweep(SweepPlan { keep_from: days(NOW, -1), limit: 1, ..idle_plan() }).await?;
    assert_eq!(swept.events, 2);
    assert_eq!((fired(&kept).await?, fired(&deleted).await?), (2, 2));
    Ok(())
}
