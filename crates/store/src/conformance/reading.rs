//! What is read is what was recorded.

use model::loops::Hop;
use model::payload::CreatedBody;

use super::world::{NOW, World, all_recorded, days, event_id, holding, later, new_project, only, success};
use super::{Bench, Outcome};
use crate::ledger::{Backlog, Bodies, Claim, ClaimOrder, NewEvent, NextState};

/// A body is read byte for byte as its parts were handed in, after a crash too; asked-for order, and nothing for what is gone.
pub async fn a_body_is_head_value_and_tail_byte_for_byte(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let small = world.event(1, &[hook]).await?;
    let mut large = holding(world.event(2, &[hook]).await?, vec![b'x'; 1_000_000]);
    large.candidates.hop = Hop(2);
    let recorded = all_recorded(world.record(vec![small.clone(), large.clone()]).await?);
    world.restart(bench, NOW).await?;
    let (small_key, large_key) = (recorded[0].owed[0].key, recorded[1].owed[0].key);
    let mut gone = small_key;
    gone.seq = gone.seq.next().and_then(|seq| seq.next())?;
    let bodies = world.store.bodies(vec![large_key, gone, small_key], usize::MAX).await?.found;
    let [Some(second), None, Some(first)] = &bodies[..] else { panic!("two of three are there") };
    for (event, recorded, body) in [(&small, &recorded[0], first), (&large, &recorded[1], second)] {
        let tail = CreatedBody::tail(recorded.issue);
        let whole = [&event.body.head(recorded.issue)[..], &event.value[..], &tail[..]].concat();
        assert!(body.bytes == whole, "the bytes of event {} differ", event.id);
        assert_eq!(body.hop, event.candidates.hop.0);
        let Some(stored) = world.store.event(world.project.id, event.id).await? else { panic!("the event is lost") };
        assert!(stored.body == whole);
    }
    Ok(())
}

/// No more bodies are read than memory was kept for, and whoever has too little is told how much the next one takes.
pub async fn bodies_are_read_up_to_a_limit_of_bytes(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let mut keys = Vec::new();
    for number in [1, 2, 3] {
        let event = holding(world.event(number, &[hook]).await?, vec![b'x'; 1_000]);
        keys.push(only(all_recorded(world.record(vec![event]).await?)).owed[0].key);
    }
    let mut gone = keys[2];
    gone.seq = gone.seq.next()?;
    keys.insert(1, gone);
    let lengths = |bodies: &Bodies| bodies.found.iter().flatten().map(|body| body.bytes.len()).collect::<Vec<_>>();
    let all = world.store.bodies(keys.clone(), usize::MAX).await?;
    let [first, second, third] = lengths(&all)[..] else { panic!("three of four are there") };
    assert_eq!((all.found.len(), all.next_bytes), (4, None));
    for (limit_bytes, found, next_bytes) in [
        (first + second + third, 4, None),
        (first + second + third - 1, 3, Some(third)),
        (first + second, 3, Some(third)),
        (first + second - 1, 2, Some(second)),
        (first - 1, 0, Some(first)),
    ] {
        let bodies = world.store.bodies(keys.clone(), limit_bytes).await?;
        assert_eq!((bodies.found.len(), bodies.next_bytes), (found, next_bytes), "{limit_bytes} bytes");
        assert!(lengths(&bodies).iter().sum::<usize>() <= limit_bytes);
    }
    Ok(())
}

/// An event is found by its id on whatever day it came; of two with one id the newer.
pub async fn an_event_is_found_by_its_id_on_any_day(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let event = world.event(1, &[]).await?;
    let mut last = None;
    for day in [-40, -3, 0] {
        let again = NewEvent { received: days(NOW, day), ..event.clone() };
        last = Some(only(all_recorded(world.record(vec![again]).await?)).seq);
        let found = world.store.event(world.project.id, event.id).await?;
        assert_eq!(found.map(|found| found.seq), last);
    }
    let later = NewEvent { received: days(NOW, 1), ..world.event(2, &[]).await? };
    all_recorded(world.record(vec![later]).await?);
    assert_eq!(world.store.event(world.project.id, event.id).await?.map(|found| found.seq), last);
    let other = world.store.create_project(new_project(&world.organization, &world.team, 2)).await?;
    assert!(world.store.event(other.id, event.id).await?.is_none(), "ids belong to their project");
    assert!(world.store.event(world.project.id, event_id(9)).await?.is_none());
    Ok(())
}

/// After a commit of unknown outcome: what is there, and what it owes, with who has the lease.
pub async fn recorded_events_are_found_with_what_they_owe(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hooks = [world.hook(1).await?.number, world.hook(2).await?.number];
    let yesterday = NewEvent { received: days(NOW, -1), ..world.event(1, &hooks).await? };
    let mut recorded = all_recorded(world.record(vec![yesterday]).await?);
    recorded.extend(world.record_without_room(vec![world.event(2, &hooks).await?]).await?);
    let project = world.project.id;
    let asked = [3, 2, 1].map(|number| (project, event_id(number))).to_vec();
    let found = world.store.find_recorded(asked.clone(), NOW).await?;
    assert_eq!(found, [None, Some(recorded[1].clone()), Some(recorded[0].clone())]);
    world.settle_one(recorded[0].owed[1].key, success(NOW), NextState::Delivered).await?;
    recorded[0].owed[1].leased = false;
    let found = world.store.find_recorded(asked, NOW).await?;
    assert_eq!(found[2].as_ref(), Some(&recorded[0]), "what is settled is nobody's");
    Ok(())
}

/// The deliveries of an event come by hook, and of no other event.
pub async fn the_deliveries_of_an_event_are_listed(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hooks = [world.hook(1).await?.number, world.hook(2).await?.number];
    let events = vec![world.event(1, &hooks).await?, world.event(2, &hooks[..1]).await?, world.event(3, &[]).await?];
    let recorded = all_recorded(world.record(events).await?);
    for (number, recorded) in (1..).zip(&recorded) {
        let listed = world.store.deliveries(world.project.id, event_id(number)).await?;
        let listed: Vec<_> = listed.into_iter().map(|delivery| delivery.key).collect();
        assert_eq!(listed, recorded.owed.iter().map(|owed| owed.key).collect::<Vec<_>>());
    }
    assert!(world.store.deliveries(world.project.id, event_id(9)).await?.is_empty());
    Ok(())
}

/// The backlog of a hook is what waits for it, with the age of the oldest.
pub async fn the_backlog_of_a_hook_is_what_waits_for_it(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (one, other, idle) = (world.hook(1).await?.number, world.hook(2).await?.number, world.hook(3).await?.number);
    for (number, hooks) in [(1, vec![one]), (2, vec![one, other]), (3, vec![one])] {
        let event = NewEvent { received: later(NOW, i64::from(number)), ..world.event(number, &hooks).await? };
        world.record_without_room(vec![event]).await?;
    }
    let claimed = world.claim_by(Claim { hook: one, limit: 1, order: ClaimOrder::Age }, later(NOW, 10)).await?;
    assert_eq!(claimed.len(), 1);
    let backlog = |waiting, oldest_ms| Backlog { waiting, oldest: Some(later(NOW, oldest_ms)) };
    let backlogs = world.store.backlogs(vec![other, idle, one]).await?;
    assert_eq!(backlogs, [backlog(1, 2), Backlog::default(), backlog(2, 2)]);
    Ok(())
}
