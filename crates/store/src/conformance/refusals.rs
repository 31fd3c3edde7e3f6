//! What the store refuses fails alone.

use std::sync::Arc;

use model::delivery::{DeliveryState, Priority};

use super::world::{NOW, World, event_id, grouping, later, only, success};
use super::{Bench, Outcome};
use crate::ledger::{Batch, BatchEvent, Claim, ClaimOrder, EventResult, NewEvent, NextState, Settlement};

/// A poisoned event fails alone: the rest of its batch stands, as if it had never been there.
pub async fn a_refused_event_leaves_no_trace_in_its_batch(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let mut events = Vec::new();
    for number in 1..=4 {
        let event = world.event(number, &[hook]).await?;
        // The poisoned second event would make the issue of the third and fourth.
        events.push(if number == 1 { event } else { NewEvent { grouping: grouping(50), ..event } });
    }
    bench.poison(event_id(2)).await;
    let results = world.record(events).await?;
    let [
        EventResult::Recorded(first),
        EventResult::Refused(refusal),
        EventResult::Recorded(third),
        EventResult::Recorded(fourth),
    ] = &results[..]
    else {
        panic!("{results:?}")
    };
    assert!(!refusal.is_outage(), "{refusal}");
    assert_eq!([first, third, fourth].map(|recorded| recorded.seq.get()), [1, 2, 3]);
    let priorities = [first, third, fourth].map(|recorded| recorded.owed[0].priority);
    assert_eq!(priorities, [Priority::FirstOfIssue, Priority::FirstOfIssue, Priority::Repeat]);
    let issue = world.store.issue(third.issue).await?;
    assert_eq!(issue.map(|issue| (issue.short_number, issue.count)), Some((2, 2)));
    assert!(world.store.event(world.project.id, event_id(2)).await?.is_none());
    let totals = world.store.totals().await?;
    assert_eq!((totals.events, totals.unsettled), (3, 3));
    Ok(())
}

/// The same, where the poisoned event is a repeat of an issue that the batch has counted already.
pub async fn a_refused_repeat_is_not_counted(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let mut events = Vec::new();
    for number in 1..=3 {
        events.push(NewEvent { grouping: grouping(50), ..world.event(number, &[]).await? });
    }
    bench.poison(event_id(3)).await;
    let results = world.record(events).await?;
    let [EventResult::Recorded(first), EventResult::Recorded(_), EventResult::Refused(_)] = &results[..] else {
        panic!("{results:?}")
    };
    let Some(issue) = world.store.issue(first.issue).await? else { panic!("the issue is not there") };
    assert_eq!((issue.count, issue.title.as_str()), (2, "Error 2"));
    Ok(())
}

/// What several events share is written for them together; where that is refused, the event whose it is fails alone.
pub async fn what_is_refused_when_it_is_counted_fails_alone(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let mut events = Vec::new();
    for number in 1..=4 {
        let event = world.event(number, &[]).await?;
        let received = later(NOW, if number == 2 { 3_600_000 } else { 0 });
        events.push(NewEvent { grouping: grouping(50), received, ..event });
    }
    bench.poison_hour(NOW.0 / 1_000 + 3_600).await;
    let results = world.record(events).await?;
    let [
        EventResult::Recorded(first),
        EventResult::Refused(_),
        EventResult::Recorded(third),
        EventResult::Recorded(fourth),
    ] = &results[..]
    else {
        panic!("{results:?}")
    };
    assert_eq!([first, third, fourth].map(|recorded| recorded.seq.get()), [1, 2, 3]);
    assert_eq!(
        world.store.issue(first.issue).await?.map(|issue| (issue.count, issue.title)),
        Some((3, "Error 4".into()))
    );
    assert_eq!(world.store.issue_hours(vec![first.issue], NOW).await?, [[(NOW, 3)]]);
    Ok(())
}

/// An outcome that cannot be (a success that was never sent) fails its delivery; all else in the transaction stands.
pub async fn a_refused_outcome_fails_its_delivery_alone(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (hook, full) = (world.hook(1).await?.number, world.hook(2).await?.number);
    let (bad, good, kept) = (world.leased(1, hook).await?, world.leased(2, hook).await?, world.leased(3, hook).await?);
    let waiting = only(world.record_without_room(vec![world.event(4, &[full]).await?]).await?).owed[0].key;
    let event = Arc::new(world.event(5, &[]).await?);
    let batch = Batch {
        events: vec![BatchEvent { event, room: Vec::new() }],
        settlements: vec![
            Settlement { key: bad, attempts: Vec::new(), next: NextState::Delivered },
            Settlement { key: good, attempts: vec![success(NOW)], next: NextState::Delivered },
        ],
        give_backs: vec![kept],
        claims: vec![Claim { hook: full, limit: 1, order: ClaimOrder::Priority }],
        ..world.batch()
    };
    let recorded = world.store.record(Arc::new(batch)).await?;
    assert!(matches!(recorded.events[..], [EventResult::Recorded(_)]), "{recorded:?}");
    assert_eq!(only(only(recorded.claimed)).key, waiting);
    assert_eq!(world.state(1, bad).await?, DeliveryState::Failed);
    assert_eq!(world.state(2, good).await?, DeliveryState::Delivered);
    assert_eq!(world.state(3, kept).await?, DeliveryState::Waiting);
    Ok(())
}
