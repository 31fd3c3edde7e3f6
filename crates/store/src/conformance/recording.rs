//! What an event leaves when it is recorded, and when it is not.

use std::sync::Arc;

use model::delivery::{DeliveryState, Priority};
use model::loops::{Hop, MAX_HOP};
use protocol::PublicKey;

use super::world::{NOW, World, all_recorded, days, event_id, later, new_project, only};
use super::{Bench, Outcome};
use crate::catalog::{HookChange, KeyChange, ProjectChange, ProjectKey};
use crate::ledger::{Batch, BatchEvent, EventResult, NewEvent};

/// An event that was answered is there, also after a crash, under its number and in its issue.
pub async fn an_acknowledged_event_survives_a_crash(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let event = world.event(7, &[hook]).await?;
    let recorded = only(all_recorded(world.record(vec![event.clone()]).await?));
    world.restart(bench, NOW).await?;
    let Some(stored) = world.store.event(world.project.id, event.id).await? else { panic!("the event is lost") };
    assert_eq!((stored.seq, stored.issue, stored.received), (recorded.seq, recorded.issue, event.received));
    assert_eq!(world.delivery(7, recorded.owed[0].key).await?.created, event.received);
    assert_eq!(world.store.totals().await?.events, 1);
    Ok(())
}

/// The days before today that count are today and yesterday; what is older is a new event.
pub async fn an_id_of_today_or_yesterday_is_a_duplicate_and_an_older_one_is_not(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let event = world.event(1, &[]).await?;
    let on = |day| NewEvent { received: days(NOW, day), ..event.clone() };
    all_recorded(world.record(vec![on(0)]).await?);
    for day in [0, 1] {
        let result = only(world.record(vec![on(day)]).await?);
        assert!(matches!(result, EventResult::Duplicate), "day {day}: {result:?}");
    }
    all_recorded(world.record(vec![on(2)]).await?);
    assert_eq!(world.store.totals().await?.events, 2);
    Ok(())
}

/// Two copies that meet in one transaction are one event.
pub async fn a_duplicate_within_a_batch_is_recorded_once(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let (event, other) = (world.event(1, &[hook]).await?, world.event(2, &[hook]).await?);
    let results = world.record(vec![event.clone(), event, other]).await?;
    assert!(matches!(results[..], [EventResult::Recorded(_), EventResult::Duplicate, EventResult::Recorded(_)]));
    let totals = world.store.totals().await?;
    assert_eq!((totals.events, totals.unsettled), (2, 2));
    Ok(())
}

/// Ids belong to their project.
pub async fn the_same_id_in_two_projects_is_two_events(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let other = world.store.create_project(new_project(&world.organization, &world.team, 2)).await?;
    let events = vec![world.event(1, &[]).await?, world.event_of(other.id, 1, &[]).await?];
    let recorded = all_recorded(world.record(events).await?);
    assert_ne!(recorded[0].seq, recorded[1].seq);
    assert_ne!(recorded[0].issue, recorded[1].issue, "issues belong to their project too");
    for (project, recorded) in [(world.project.id, &recorded[0]), (other.id, &recorded[1])] {
        let found = world.store.event(project, event_id(1)).await?;
        assert_eq!(found.map(|found| found.seq), Some(recorded.seq));
    }
    Ok(())
}

/// Numbers rise within a batch and from batch to batch.
pub async fn events_are_numbered_in_the_order_of_recording(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let mut seqs = Vec::new();
    for number in [1, 3, 5] {
        let events = vec![world.event(number, &[]).await?, world.event(number + 1, &[]).await?];
        seqs.extend(all_recorded(world.record(events).await?).into_iter().map(|recorded| recorded.seq));
        world.restart(bench, NOW).await?;
    }
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "{seqs:?}");
    Ok(())
}

/// The first event of an issue is more urgent than the rest, within a batch and later.
pub async fn the_first_event_of_an_issue_goes_before_its_repeats(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let mut priorities = Vec::new();
    for numbers in [&[1, 2][..], &[3]] {
        let mut events = Vec::new();
        for number in numbers {
            let event = world.event(*number, &[hook]).await?;
            events.push(NewEvent { grouping: super::world::grouping(9), ..event });
        }
        let recorded = all_recorded(world.record(events).await?);
        priorities.extend(recorded.iter().flat_map(|recorded| &recorded.owed).map(|owed| owed.priority));
    }
    assert_eq!(priorities, [Priority::FirstOfIssue, Priority::Repeat, Priority::Repeat]);
    Ok(())
}

/// A delivery is leased to the process that records it where its lane has room; else it waits, and is due.
pub async fn a_delivery_is_born_leased_only_where_there_is_room(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (roomy, full) = (world.hook(1).await?.number, world.hook(2).await?.number);
    let event = Arc::new(world.event(1, &[roomy, full]).await?);
    let events = vec![BatchEvent { event, room: vec![roomy] }];
    let results = world.store.record(Arc::new(Batch { events, ..world.batch() })).await?.events;
    let owed = only(all_recorded(results)).owed;
    assert_eq!(
        owed.iter().map(|owed| (owed.key.hook, owed.leased)).collect::<Vec<_>>(),
        [(roomy, true), (full, false)]
    );
    assert_eq!(world.state(1, owed[0].key).await?, DeliveryState::Sending);
    assert_eq!(world.state(1, owed[1].key).await?, DeliveryState::Waiting);
    assert_eq!(world.store.due_hooks(NOW).await?, [full]);
    assert!(world.claim(roomy, NOW).await?.is_empty());
    let claimed = only(world.claim(full, NOW).await?);
    assert_eq!((claimed.key, claimed.received, claimed.sent), (owed[1].key, NOW, 0));
    Ok(())
}

/// The loop breaker: such an event is recorded and counted, nothing more.
pub async fn an_event_that_webhooks_led_to_too_often_owes_nothing(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let mut event = world.event(1, &[hook]).await?;
    event.candidates.hop = Hop(MAX_HOP);
    let recorded = only(all_recorded(world.record(vec![event]).await?));
    assert!(recorded.owed.is_empty());
    let stored = world.store.event(world.project.id, event_id(1)).await?;
    assert_eq!(stored.map(|stored| stored.hop), Some(MAX_HOP));
    Ok(())
}

/// An event that was matched under an older generation is not recorded; the others of its batch are.
pub async fn an_event_matched_before_a_change_is_moved(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let other = world.store.create_project(new_project(&world.organization, &world.team, 2)).await?;
    let stale = world.event(1, &[]).await?;
    let unmoved = world.event_of(other.id, 1, &[]).await?;
    let hook = world.hook(1).await?.number;
    let results = world.record(vec![stale, unmoved]).await?;
    assert!(matches!(results[..], [EventResult::Moved, EventResult::Recorded(_)]), "{results:?}");
    assert!(world.store.event(world.project.id, event_id(1)).await?.is_none());
    let matched_again = world.event(1, &[hook]).await?;
    assert_eq!(only(all_recorded(world.record(vec![matched_again]).await?)).owed.len(), 1);
    Ok(())
}

/// So that an answered API call counts for every event that arrives after it.
pub async fn every_change_of_a_project_moves_its_generation(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (store, project) = (&world.store, world.project.id);
    let guid = world.hook(1).await?.guid;
    let key = PublicKey([1; 16]);
    let second = ProjectKey {
        public: PublicKey([9; 16]),
        secret: key,
        project,
        name: String::new(),
        active: true,
        rate_limit: None,
        created: NOW,
    };
    for change in 0..8 {
        let event = world.event(change, &[]).await?;
        match change {
            0 => drop(
                store.update_hook(project, guid, HookChange { active: Some(false), ..HookChange::default() }).await?,
            ),
            1 => store.delete_hook(project, guid).await?,
            2 => drop(world.hook(2).await?),
            3 => drop(store.create_key(second.clone()).await?),
            4 => drop(store.update_key(project, key, KeyChange { active: Some(false), ..KeyChange::default() }).await?),
            5 => store.delete_key(project, key).await?,
            6 => {
                let change = ProjectChange { scrub: Some(false), ..ProjectChange::default() };
                drop(store.update_project(project, change).await?);
            }
            _ => store.delete_project(project).await?,
        }
        let result = only(world.record(vec![event]).await?);
        assert!(matches!(result, EventResult::Moved), "change {change}: {result:?}");
    }
    assert_eq!(world.store.totals().await?.events, 0);
    Ok(())
}

/// So that what could not be written is handed in again without a copy.
pub async fn a_batch_is_its_callers_alone_once_it_is_answered(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let event = Arc::new(world.event(1, &[]).await?);
    let batch = Batch { events: vec![BatchEvent { event, room: vec![] }], ..world.batch() };
    let batch = Arc::new(batch);
    world.store.record(Arc::clone(&batch)).await?;
    assert_eq!(Arc::strong_count(&batch), 1);
    Ok(())
}

/// A commit that changes nothing of the ledger.
pub async fn a_probe_changes_nothing(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let event = world.event(1, &[]).await?;
    all_recorded(world.record(vec![event.clone()]).await?);
    let before = (world.store.totals().await?, world.store.directory_version().await?);
    world.store.probe().await?;
    world.store.probe().await?;
    assert_eq!((world.store.totals().await?, world.store.directory_version().await?), before);
    let next = NewEvent { id: event_id(2), received: later(NOW, 1), ..event };
    assert_eq!(only(all_recorded(world.record(vec![next]).await?)).seq.get(), 2);
    Ok(())
}
