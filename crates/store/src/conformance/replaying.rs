//! Replays: what was not delivered in a period is sent again, slice by slice.

use model::delivery::DeliveryState;
use model::delivery_key::DeliveryKey;
use model::ids::{HookNumber, Millis};

use super::world::{NOW, World, days, failure, idle_plan, later, only, success};
use super::{Bench, Outcome};
use crate::catalog::{Hook, HookChange};
use crate::deliveries::{NewReplay, Replay, ReplayBegun, ReplaySlice, ReplayState, ReplayStates};
use crate::error::StoreError;
use crate::issues::{Cut, CutFrom, Place};
use crate::ledger::{NewEvent, NextState, SweepPlan};

/// When replays begin: later than everything that they are about.
const LATER: Millis = Millis(NOW.0 + 3_600_000);

fn of(hook: &Hook) -> NewReplay {
    let (states, now) = (ReplayStates::every(), LATER);
    NewReplay { project: hook.project, hook: hook.number, since: NOW, until: LATER, states, now }
}

async fn begin(world: &World, new: NewReplay) -> Result<Replay, StoreError> {
    match world.store.create_replay(new).await? {
        ReplayBegun::Runs(replay) => Ok(replay),
        other => panic!("it does not run: {other:?}"),
    }
}

async fn slice(world: &World, replay: &Replay, limit: usize) -> Result<ReplaySlice, StoreError> {
    let slice = world.store.replay_slice(replay.id, limit, LATER).await?;
    Ok(slice.unwrap_or_else(|| panic!("it runs")))
}

/// Deliveries of these events that were tried in vain, the events a second apart.
async fn failed(world: &World, hook: HookNumber, numbers: std::ops::RangeInclusive<u8>) -> Keys {
    let mut keys = Vec::new();
    for number in numbers {
        let event = world.event(number, &[hook]).await?;
        let event = NewEvent { received: later(NOW, i64::from(number) * 1_000), ..event };
        let recorded = super::world::all_recorded(world.record(vec![event]).await?);
        let key = only(recorded).owed[0].key;
        world.settle_one(key, failure(NOW), NextState::Failed).await?;
        keys.push(key);
    }
    Ok(keys)
}

type Keys = Result<Vec<DeliveryKey>, StoreError>;

/// A replay takes what was not delivered in its period, in slices, and says how far it is.
pub async fn a_replay_sends_again_what_was_not_delivered_in_its_period(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (hook, other) = (world.hook(1).await?, world.hook(2).await?);
    let keys = failed(&world, hook.number, 1..=5).await?;
    failed(&world, other.number, 6..=6).await?;
    let delivered = world.leased(7, hook.number).await?;
    world.settle_one(delivered, success(NOW), NextState::Delivered).await?;
    let (since, until) = (later(NOW, 2_000), later(NOW, 4_000));
    let replay = begin(&world, NewReplay { since, until, ..of(&hook) }).await?;
    assert_eq!((replay.state, replay.found, replay.sent_again), (ReplayState::Running, 3, 0));
    assert_eq!((replay.created, replay.ended), (LATER, None));
    assert_eq!(world.store.running_replays().await?, [(replay.hook, replay.id)]);
    let first = slice(&world, &replay, 2).await?;
    assert_eq!((first.sent_again, first.replay.sent_again), (2, 2));
    assert_eq!(first.replay.state, ReplayState::Running);
    let last = slice(&world, &replay, 2).await?;
    assert_eq!((last.sent_again, last.replay.sent_again, last.replay.state), (1, 3, ReplayState::Done));
    assert_eq!(last.replay.ended, Some(LATER));
    assert_eq!(world.store.replay_slice(replay.id, 2, LATER).await?, None);
    assert!(world.store.running_replays().await?.is_empty());
    let mut claimed: Vec<_> = world.claim(hook.number, LATER).await?.iter().map(|claimed| claimed.key).collect();
    claimed.sort();
    assert_eq!(claimed, keys[1..4]);
    assert!(world.claim(other.number, LATER).await?.is_empty(), "another hook's are left alone");
    Ok(())
}

/// A replay of some states leaves the others alone.
pub async fn a_replay_takes_the_states_that_it_was_asked_for(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?;
    let failed = failed(&world, hook.number, 1..=1).await?[0];
    let cancelled = world.leased(2, hook.number).await?;
    world
        .settle(vec![crate::ledger::Settlement { key: cancelled, attempts: vec![], next: NextState::Cancelled }])
        .await?;
    let Some(states) = ReplayStates::new([DeliveryState::Cancelled, DeliveryState::Skipped]) else {
        panic!("these may be replayed")
    };
    let replay = begin(&world, NewReplay { states: states.clone(), ..of(&hook) }).await?;
    assert_eq!((replay.found, &replay.states), (1, &states));
    assert_eq!(slice(&world, &replay, 10).await?.sent_again, 1);
    assert_eq!(world.state(1, failed).await?, DeliveryState::Failed);
    assert_eq!(world.state(2, cancelled).await?, DeliveryState::Waiting);
    Ok(())
}

/// What fails once more while the replay runs is not taken again.
pub async fn a_replay_takes_nothing_twice(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?;
    let keys = failed(&world, hook.number, 1..=2).await?;
    let replay = begin(&world, of(&hook)).await?;
    assert_eq!(slice(&world, &replay, 1).await?.sent_again, 1);
    assert_eq!(only(world.claim(hook.number, LATER).await?).key, keys[0]);
    world.settle_one(keys[0], failure(LATER), NextState::Failed).await?;
    let last = slice(&world, &replay, 10).await?;
    assert_eq!((last.sent_again, last.replay.sent_again), (1, 2));
    assert_eq!(world.state(1, keys[0]).await?, DeliveryState::Failed);
    assert_eq!(world.state(2, keys[1]).await?, DeliveryState::Waiting);
    Ok(())
}

/// A crash between two slices loses nothing and repeats nothing.
pub async fn a_replay_goes_on_after_a_crash(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let hook = world.hook(1).await?;
    let keys = failed(&world, hook.number, 1..=4).await?;
    let replay = begin(&world, of(&hook)).await?;
    assert_eq!(slice(&world, &replay, 3).await?.sent_again, 3);
    let claimed = world.claim(hook.number, LATER).await?;
    assert_eq!(claimed.len(), 3);
    world.settle_one(keys[0], success(LATER), NextState::Delivered).await?;
    world.restart(bench, LATER).await?;
    assert_eq!(world.store.running_replays().await?, [(replay.hook, replay.id)]);
    let last = slice(&world, &replay, 3).await?;
    assert_eq!((last.sent_again, last.replay.sent_again, last.replay.state), (1, 4, ReplayState::Done));
    // The two that the process held when it died wait again, and the last one for the first time.
    assert_eq!(world.claim(hook.number, LATER).await?.len(), 3);
    assert_eq!(world.state(1, keys[0]).await?, DeliveryState::Delivered);
    Ok(())
}

/// A hook has one replay at a time, and another has its own.
pub async fn a_hook_has_one_replay_at_a_time(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (hook, other) = (world.hook(1).await?, world.hook(2).await?);
    failed(&world, hook.number, 1..=1).await?;
    let first = begin(&world, of(&hook)).await?;
    assert_eq!(world.store.create_replay(of(&hook)).await?, ReplayBegun::Running(first.clone()));
    let elsewhere = begin(&world, of(&other)).await?;
    assert_eq!(world.store.running_replays().await?, [(first.hook, first.id), (elsewhere.hook, elsewhere.id)]);
    slice(&world, &first, 10).await?;
    let second = begin(&world, of(&hook)).await?;
    assert_ne!(second.id, first.id);
    assert_eq!(second.found, 0, "what waits again is not found again");
    Ok(())
}

/// A replay is stopped where it stands, by a person or because its hook does not fire any more.
pub async fn a_replay_can_be_stopped_and_stops_with_its_hook(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?;
    let keys = failed(&world, hook.number, 1..=3).await?;
    let first = begin(&world, of(&hook)).await?;
    slice(&world, &first, 1).await?;
    let Some(stopped) = world.store.stop_replay(hook.number, first.id, LATER).await? else { panic!("it is there") };
    assert_eq!((stopped.state, stopped.sent_again, stopped.ended), (ReplayState::Stopped, 1, Some(LATER)));
    let again = world.store.stop_replay(hook.number, first.id, later(LATER, 1)).await?;
    assert_eq!(again, Some(stopped), "it has ended before");
    assert_eq!(world.store.replay_slice(first.id, 1, LATER).await?, None);
    let other = world.hook(2).await?.number;
    assert_eq!(world.store.stop_replay(other, first.id, LATER).await?, None, "it is not that hook's");
    let second = begin(&world, of(&hook)).await?;
    let change = HookChange { active: Some(false), ..HookChange::default() };
    world.store.update_hook(world.project.id, hook.guid, change).await?;
    assert_eq!(world.store.create_replay(of(&hook)).await?, ReplayBegun::HookDisabled);
    let ended = slice(&world, &second, 10).await?;
    assert_eq!((ended.sent_again, ended.replay.state), (0, ReplayState::Stopped));
    assert_eq!(world.state(3, keys[2]).await?, DeliveryState::Failed);
    Ok(())
}

/// A long way without anything to send again is gone in slices, and ends.
pub async fn a_replay_gets_past_what_it_does_not_take(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?;
    let keys = failed(&world, hook.number, 1..=100).await?;
    let replay = begin(&world, NewReplay { since: later(NOW, 100_000), ..of(&hook) }).await?;
    assert_eq!(replay.found, 1);
    let (mut slices, mut sent_again) = (0, 0);
    while let Some(slice) = world.store.replay_slice(replay.id, 1, LATER).await? {
        slices += 1;
        sent_again += slice.sent_again;
        assert!(slices < 100, "it does not end");
    }
    assert!(slices > 1, "one slice looks at a bounded number");
    assert_eq!(sent_again, 1);
    assert_eq!(world.state(100, keys[99]).await?, DeliveryState::Waiting);
    Ok(())
}

/// Replays are listed newest first, and go with retention and with their hook.
pub async fn replays_are_listed_and_go_with_time_and_hook(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?;
    let (mut ids, limit) = (Vec::new(), 2);
    for _ in 0..3 {
        let replay = begin(&world, of(&hook)).await?;
        slice(&world, &replay, 1).await?;
        ids.push(replay.id);
    }
    let first = world.store.replays(hook.number, Cut { from: CutFrom::Start, limit }).await?;
    assert_eq!(first.items.iter().map(|replay| replay.id).collect::<Vec<_>>(), [ids[2], ids[1]]);
    assert!(first.more);
    let place = Place { key: ids[1].get(), id: 0 };
    let next = world.store.replays(hook.number, Cut { from: CutFrom::After(place), limit }).await?;
    assert_eq!((only(next.items).id, next.more), (ids[0], false));
    let back = world.store.replays(hook.number, Cut { from: CutFrom::Before(place), limit }).await?;
    assert_eq!((only(back.items).id, back.more), (ids[2], false));
    let running = begin(&world, of(&hook)).await?;
    world.sweep(SweepPlan { keep_from: LATER, ..idle_plan() }).await?;
    assert_eq!(bench.count_rows("replay").await, 4, "they are not old yet");
    world.sweep(SweepPlan { keep_from: days(LATER, 1), ..idle_plan() }).await?;
    assert_eq!(bench.count_rows("replay").await, 1);
    assert!(world.store.replay(hook.number, running.id).await?.is_some(), "one that runs stays");
    world.store.delete_hook(world.project.id, hook.guid).await?;
    world.sweep(idle_plan()).await?;
    assert_eq!(bench.count_rows("replay").await, 0);
    Ok(())
}
