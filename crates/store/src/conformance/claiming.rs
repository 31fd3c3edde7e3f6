//! Claims: which deliveries, in which order, and when.

use std::sync::Arc;

use model::delivery_key::DeliveryKey;
use model::ids::{HookNumber, Millis};

use super::world::{NOW, World, grouping, later, only, unsent};
use super::{Bench, Outcome};
use crate::error::StoreError;
use crate::ledger::{Batch, Claim, ClaimOrder, Claimed, NewEvent, NextState};
use model::attempt::Unreachable;

/// Five waiting deliveries: those of issues' first events are the second, fourth and fifth of them by age.
async fn five(world: &World, hook: HookNumber) -> Result<Vec<DeliveryKey>, StoreError> {
    let known = NewEvent { grouping: grouping(100), ..world.event(100, &[]).await? };
    world.record_without_room(vec![known]).await?;
    let mut keys = Vec::new();
    // Recorded in another order than that of their ages.
    for (number, issue, age) in [(4, 4, 40), (3, 100, 30), (5, 5, 50), (1, 100, 10), (2, 2, 20)] {
        let event = world.event(number, &[hook]).await?;
        let event = NewEvent { grouping: grouping(issue), received: later(NOW, i64::from(age)), ..event };
        let recorded = only(world.record_without_room(vec![event]).await?);
        keys.push((age, recorded.owed[0].key));
    }
    keys.sort();
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

fn keys(claimed: &[Claimed]) -> Vec<DeliveryKey> {
    claimed.iter().map(|claimed| claimed.key).collect()
}

const MUCH_LATER: Millis = Millis(NOW.0 + 1_000);

/// The most urgent first, the oldest of them first, and no more than asked for.
pub async fn a_claim_takes_the_most_urgent_first_and_no_more_than_it_wants(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let all = five(&world, hook).await?;
    let claim = |limit| Claim { hook, limit, order: ClaimOrder::Priority };
    assert!(world.claim_by(claim(0), MUCH_LATER).await?.is_empty());
    let first = world.claim_by(claim(4), MUCH_LATER).await?;
    assert_eq!(keys(&first), [all[1], all[3], all[4], all[0]]);
    assert_eq!(first[0].received, later(NOW, 20));
    assert_eq!(keys(&world.claim_by(claim(4), MUCH_LATER).await?), [all[2]]);
    assert!(world.claim_by(claim(4), MUCH_LATER).await?.is_empty(), "what is leased is nobody else's");
    Ok(())
}

/// The oldest first, however urgent the others.
pub async fn a_claim_by_age_lets_no_priority_starve(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let all = five(&world, hook).await?;
    let claim = Claim { hook, limit: 3, order: ClaimOrder::Age };
    assert_eq!(keys(&world.claim_by(claim, MUCH_LATER).await?), all[..3]);
    assert_eq!(keys(&world.claim_by(claim, MUCH_LATER).await?), all[3..]);
    Ok(())
}

/// Nothing is claimed before it is due, nor said to be due.
pub async fn nothing_is_claimed_before_it_is_due(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let key = world.leased(1, hook).await?;
    let due = later(NOW, 5_000);
    world.settle_one(key, unsent(NOW, Unreachable::Connect), NextState::Waiting { due }).await?;
    let too_early = later(due, -1);
    assert!(world.store.due_hooks(too_early).await?.is_empty());
    for order in [ClaimOrder::Priority, ClaimOrder::Age] {
        assert!(world.claim_by(Claim { hook, limit: 9, order }, too_early).await?.is_empty());
    }
    assert_eq!(world.store.due_hooks(due).await?, [hook]);
    assert_eq!(keys(&world.claim(hook, due).await?), [key]);
    assert!(world.store.due_hooks(due).await?.is_empty());
    Ok(())
}

/// Each hook that has something due is named once, with whatever priority it waits.
pub async fn hooks_with_due_deliveries_are_named_once(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hooks = [world.hook(1).await?.number, world.hook(2).await?.number, world.hook(3).await?.number];
    world.record_without_room(vec![world.event(1, &[hooks[0], hooks[2]]).await?]).await?;
    let repeat = NewEvent { grouping: grouping(1), ..world.event(2, &[hooks[1], hooks[2]]).await? };
    world.record_without_room(vec![repeat]).await?;
    assert_eq!(world.store.due_hooks(NOW).await?, hooks);
    Ok(())
}

/// Several claims in one transaction are answered in their order, each with its own hook's deliveries.
pub async fn claims_of_several_hooks_are_answered_in_order(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hooks = [world.hook(1).await?.number, world.hook(2).await?.number];
    let owed = only(world.record_without_room(vec![world.event(1, &hooks).await?]).await?).owed;
    let claim = |hook| Claim { hook, limit: 5, order: ClaimOrder::Priority };
    let claims = vec![claim(hooks[1]), claim(hooks[0]), claim(hooks[1])];
    let claimed = world.store.record(Arc::new(Batch { claims, ..world.batch() })).await?.claimed;
    let claimed: Vec<_> = claimed.iter().map(|claimed| keys(claimed)).collect();
    assert_eq!(claimed, [vec![owed[1].key], vec![owed[0].key], vec![]]);
    Ok(())
}
