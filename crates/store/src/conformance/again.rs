//! Sending one delivery again.

use model::delivery::DeliveryState;
use model::hook::HookSettings;

use super::world::{NOW, World, days, failure, idle_plan, later, new_hook, only, success};
use super::{Bench, Outcome};
use crate::catalog::{HookChange, NewHook};
use crate::deliveries::SendAgain;
use crate::error::StoreError;
use crate::issues::IssuesOf;
use crate::ledger::{Claimed, NextState, SweepPlan};

/// A settled delivery that is sent again is owed anew: due now, claimed with its count of attempts, and its log goes on.
pub async fn what_is_sent_again_is_owed_anew_and_its_log_goes_on(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let key = world.leased(1, hook).await?;
    world.settle_one(key, failure(NOW), NextState::Failed).await?;
    let asked = later(NOW, 60_000);
    let SendAgain::Waits(row) = world.store.send_again(key, asked).await? else { panic!("it waits") };
    assert_eq!((row.state, row.due, row.settled), (DeliveryState::Waiting, Some(asked), None));
    assert_eq!((row.sent_again, row.attempts), (Some(asked), 1));
    let claimed = only(world.claim(hook, asked).await?);
    assert_eq!(claimed, Claimed { key, received: NOW, since: asked, sent: 1, tried: 0 });
    world.settle_one(key, success(asked), NextState::Delivered).await?;
    let log = world.delivery(1, key).await?.attempts;
    assert_eq!(log.iter().map(|logged| logged.number).collect::<Vec<_>>(), [1, 2]);
    // What was delivered may be sent once more, too.
    assert!(matches!(world.store.send_again(key, later(asked, 1)).await?, SendAgain::Waits(_)));
    assert_eq!(only(world.claim(hook, later(asked, 1)).await?).sent, 2);
    Ok(())
}

/// What has not come to its end is not sent again.
pub async fn what_is_not_settled_is_not_sent_again(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let sending = world.leased(1, hook).await?;
    let waiting = only(world.record_without_room(vec![world.event(2, &[hook]).await?]).await?).owed[0].key;
    for (key, state) in [(sending, DeliveryState::Sending), (waiting, DeliveryState::Waiting)] {
        assert_eq!(world.store.send_again(key, NOW).await?, SendAgain::Unsettled(state));
    }
    Ok(())
}

/// Nothing is sent again to a hook that does not fire.
pub async fn nothing_is_sent_again_to_a_disabled_or_deleted_hook(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?;
    let key = world.leased(1, hook.number).await?;
    world.settle_one(key, failure(NOW), NextState::Failed).await?;
    let disabled = HookChange { active: Some(false), ..HookChange::default() };
    world.store.update_hook(world.project.id, hook.guid, disabled).await?;
    assert_eq!(world.store.send_again(key, NOW).await?, SendAgain::HookDisabled);
    world.store.delete_hook(world.project.id, hook.guid).await?;
    let refused = world.store.send_again(key, NOW).await;
    assert!(matches!(refused, Err(StoreError::Missing { .. })), "{refused:?}");
    assert_eq!(world.state(1, key).await?, DeliveryState::Failed);
    Ok(())
}

/// What cannot be read any more cannot be sent.
pub async fn what_has_no_body_any_more_is_not_sent_again(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let key = world.leased(1, hook).await?;
    world.settle_one(key, failure(NOW), NextState::Failed).await?;
    let Some(issue) = world.store.issue_by_number(world.project.id, 1).await? else { panic!("it is there") };
    world.store.delete_issues(IssuesOf { project: world.project.id, issues: vec![issue.id] }).await?;
    world.sweep(idle_plan()).await?;
    assert_eq!(world.store.send_again(key, NOW).await?, SendAgain::BodyGone);
    Ok(())
}

/// What is sent again is as old as the wish, not as its event.
pub async fn what_is_sent_again_has_its_patience_anew(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let settings = HookSettings { max_age: std::time::Duration::from_secs(60), ..HookSettings::default() };
    let hook = world.store.create_hook(NewHook { settings, ..new_hook(world.project.id, 1) }).await?.number;
    let key = world.leased(1, hook).await?;
    world.settle_one(key, failure(NOW), NextState::Failed).await?;
    let asked = days(NOW, 1);
    assert!(matches!(world.store.send_again(key, asked).await?, SendAgain::Waits(_)));
    let at = |now| SweepPlan { now, ..idle_plan() };
    assert_eq!(world.sweep(at(later(asked, 60_000))).await?.expired, 0);
    assert_eq!(world.sweep(at(later(asked, 60_001))).await?.expired, 1);
    assert_eq!(world.state(1, key).await?, DeliveryState::Expired);
    Ok(())
}
