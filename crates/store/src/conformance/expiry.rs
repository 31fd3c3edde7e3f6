//! Upkeep of what waits: cancelled where nobody wants it any more, expired where it waited too long.

use std::time::Duration;

use model::attempt::Unreachable;
use model::delivery::DeliveryState;
use model::hook::HookSettings;
use model::ids::{HookNumber, Millis};

use super::world::{DAY_MS, NOW, World, failure, grouping, idle_plan, later, new_hook, new_project, only, unsent};
use super::{Bench, Outcome};
use crate::catalog::{HookChange, NewHook};
use crate::error::StoreError;
use crate::ledger::{Backlog, Claim, ClaimOrder, NewEvent, NextState, SweepPlan, Swept};

/// A hook that keeps what waits for its first attempt for so many seconds.
async fn patient_hook(world: &World, guid: u8, seconds: u64) -> Result<HookNumber, StoreError> {
    let settings = HookSettings { max_age: Duration::from_secs(seconds), ..HookSettings::default() };
    Ok(world.store.create_hook(NewHook { settings, ..new_hook(world.project.id, guid) }).await?.number)
}

/// What a pass has seen waiting.
fn waits(waiting: u64, oldest: Option<Millis>) -> Option<Backlog> {
    Some(Backlog { waiting, oldest })
}

/// A disabled hook never fires: what waits for it is cancelled, what waits for others is not.
pub async fn what_waits_for_a_disabled_hook_is_cancelled(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (disabled, enabled) = (world.hook(1).await?, world.hook(2).await?.number);
    let owed = only(world.record_without_room(vec![world.event(1, &[disabled.number, enabled]).await?]).await?).owed;
    let change = HookChange { active: Some(false), ..HookChange::default() };
    world.store.update_hook(world.project.id, disabled.guid, change).await?;
    assert_eq!(
        world.sweep(idle_plan()).await?,
        Swept { cancelled: 1, backlog: waits(1, Some(NOW)), ..Swept::default() }
    );
    assert_eq!(world.state(1, owed[0].key).await?, DeliveryState::Cancelled);
    assert_eq!(world.state(1, owed[1].key).await?, DeliveryState::Waiting);
    assert_eq!(world.store.due_hooks(NOW).await?, [enabled]);
    let nothing = Swept { backlog: waits(1, Some(NOW)), ..Swept::default() };
    assert_eq!(world.sweep(idle_plan()).await?, nothing, "nothing is left to do");
    Ok(())
}

/// What waits for the hooks of a deleted project, or for a deleted hook, is cancelled before it goes.
pub async fn what_waits_for_what_is_deleted_is_cancelled_and_goes(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let other = world.store.create_project(new_project(&world.organization, &world.team, 2)).await?;
    let (deleted, kept) = (world.hook(1).await?, world.hook(2).await?.number);
    let elsewhere = world.hook_of(other.id, 3).await?.number;
    let events = vec![world.event(1, &[deleted.number, kept]).await?, world.event_of(other.id, 1, &[elsewhere]).await?];
    let recorded = world.record_without_room(events).await?;
    world.store.delete_hook(world.project.id, deleted.guid).await?;
    world.store.delete_project(other.id).await?;
    let swept = world.sweep(idle_plan()).await?;
    assert_eq!((swept.cancelled, swept.deliveries, swept.events), (2, 2, 1));
    assert_eq!(world.state(1, recorded[0].owed[1].key).await?, DeliveryState::Waiting);
    assert_eq!(world.store.due_hooks(NOW).await?, [kept]);
    Ok(())
}

/// What has waited too long for its first attempt expires; what was tried and never went out has had no attempt yet.
pub async fn what_waits_too_long_for_its_first_attempt_expires(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = patient_hook(&world, 1, 60).await?;
    let received = |event, ms| NewEvent { received: later(NOW, ms), ..event };
    let events = vec![
        received(world.event(1, &[hook]).await?, -2_000),
        NewEvent { grouping: grouping(1), ..received(world.event(2, &[hook]).await?, -1_001) },
        received(world.event(3, &[hook]).await?, -1_000),
    ];
    let mut keys: Vec<_> =
        world.record_without_room(events).await?.iter().map(|recorded| recorded.owed[0].key).collect();
    let tried = received(world.event(4, &[hook]).await?, -2_000);
    let retried = received(world.event(5, &[hook]).await?, -2_000);
    let results = world.record(vec![tried, retried]).await?;
    keys.extend(super::world::all_recorded(results).iter().map(|recorded| recorded.owed[0].key));
    let waiting = NextState::Waiting { due: later(NOW, 500) };
    world.settle_one(keys[3], unsent(NOW, Unreachable::Connect), waiting).await?;
    world.settle_one(keys[4], failure(NOW), waiting).await?;
    // The hook keeps what waits for a minute.
    let swept = world.sweep(SweepPlan { now: later(NOW, 59_000), ..idle_plan() }).await?;
    assert_eq!(swept, Swept { expired: 3, backlog: waits(2, Some(later(NOW, -1_000))), ..Swept::default() });
    let expected = [
        DeliveryState::Expired,
        DeliveryState::Expired,
        DeliveryState::Waiting,
        DeliveryState::Expired,
        DeliveryState::Waiting,
    ];
    for ((number, key), state) in (1..).zip(keys).zip(expected) {
        assert_eq!(world.state(number, key).await?, state, "{number}");
    }
    Ok(())
}

/// What is leased is its process's, whatever became of its hook and however old it is.
pub async fn what_is_leased_is_left_to_its_process(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?;
    let key = world.leased(1, hook.number).await?;
    world.store.delete_hook(world.project.id, hook.guid).await?;
    let plan = SweepPlan { now: later(NOW, 1_000_000_000_000), ..idle_plan() };
    assert_eq!(world.sweep(plan).await?, Swept { backlog: waits(0, None), ..Swept::default() });
    assert_eq!(world.state(1, key).await?, DeliveryState::Sending);
    world.settle_one(key, failure(NOW), NextState::Failed).await?;
    assert_eq!(world.sweep(plan).await?, Swept { deliveries: 1, backlog: waits(0, None), ..Swept::default() });
    assert_eq!(world.store.totals().await?.attempts, 0, "its log goes with it");
    Ok(())
}

/// However small the slices, a pass reaches everything, says when it has, and finds nothing the next time.
pub async fn a_pass_of_small_slices_reaches_everything_and_ends(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let mut hooks = Vec::new();
    for guid in 1..=40 {
        hooks.push(world.hook(guid).await?.number);
    }
    let mut events = Vec::new();
    for number in 1..=5 {
        events.push(world.event(number, &hooks).await?);
    }
    world.record_without_room(events).await?;
    let plan = SweepPlan { now: later(NOW, DAY_MS + 1), limit: 1, ..idle_plan() };
    let first = world.store.sweep(plan).await?;
    assert!(first.more && first.expired == 1, "{first:?}");
    assert_eq!(world.sweep(plan).await?.expired, 5 * 40 - 1);
    let plan = SweepPlan { keep_from: later(NOW, DAY_MS), ..plan };
    let swept = world.sweep(plan).await?;
    assert_eq!((swept.events, swept.deliveries, swept.expired), (5, 5 * 40, 0));
    assert_eq!(world.sweep(plan).await?, Swept { backlog: waits(0, None), ..Swept::default() });
    let whole = world.store.sweep(SweepPlan { limit: 1_000, ..plan }).await?;
    assert!(!whole.more, "a slice that is large enough is a whole pass");
    Ok(())
}

/// Each hook says how long its deliveries may wait.
pub async fn each_hook_has_its_own_patience(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hooks = [patient_hook(&world, 1, 60).await?, patient_hook(&world, 2, 120).await?];
    let owed = only(world.record_without_room(vec![world.event(1, &hooks).await?]).await?).owed;
    let states = async || Ok::<_, StoreError>([world.state(1, owed[0].key).await?, world.state(1, owed[1].key).await?]);
    for (waited_ms, expected) in [
        (60_000, [DeliveryState::Waiting, DeliveryState::Waiting]),
        (60_001, [DeliveryState::Expired, DeliveryState::Waiting]),
        (120_001, [DeliveryState::Expired, DeliveryState::Expired]),
    ] {
        world.sweep(SweepPlan { now: later(NOW, waited_ms), ..idle_plan() }).await?;
        assert_eq!(states().await?, expected, "{waited_ms}");
    }
    Ok(())
}

/// Where too much waits for a hook its oldest repeats expire: alerts, first events of issues, retries and other hooks stay.
pub async fn of_too_much_that_waits_the_oldest_repeats_expire(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (dead, other) = (world.hook(1).await?.number, world.hook(2).await?.number);
    let received = |event, ms| NewEvent { received: later(NOW, ms), ..event };
    let mut keys = Vec::new();
    for number in 1..=12 {
        let event = received(world.event(number, &[dead, other]).await?, i64::from(number));
        let event = NewEvent { grouping: grouping(1), ..event };
        keys.push(only(world.record_without_room(vec![event]).await?).owed[0].key);
    }
    // The second has had an attempt: it waits for its retry.
    let claimed = world.claim_by(Claim { hook: dead, limit: 2, order: ClaimOrder::Priority }, later(NOW, 100)).await?;
    for claimed in claimed {
        let (waiting, key) = (NextState::Waiting { due: later(NOW, 50) }, claimed.key);
        match key == keys[1] {
            true => world.settle_one(key, failure(NOW), waiting).await?,
            false => world.settle_one(key, unsent(NOW, Unreachable::Connect), waiting).await?,
        }
    }
    for limit in [1, 3, 100] {
        let waiting_per_hook = if limit == 1 { 10 } else { 7 };
        let plan = SweepPlan { now: later(NOW, 200), waiting_per_hook, limit, ..idle_plan() };
        world.sweep(plan).await?;
    }
    let mut waiting = Vec::new();
    for (number, key) in (1..).zip(&keys) {
        match world.state(number, *key).await? {
            DeliveryState::Waiting => waiting.push(number),
            DeliveryState::Expired => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(waiting, [1, 2, 8, 9, 10, 11, 12]);
    Ok(())
}
