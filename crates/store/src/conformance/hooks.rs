//! Hooks: their settings, and the rotation of their secrets.

use std::time::Duration;

use model::hook::{CustomHeaders, DisabledBy, HookSettings, HookSettingsChange, Retries, WhenOpen};
use webhook::Secret;

use super::world::{NOW, World, later, new_hook};
use super::{Bench, Outcome};
use crate::catalog::{Hook, HookChange, NewHook, Rotation};
use crate::error::StoreError;

fn headers(value: &str) -> CustomHeaders {
    let pair = ("Authorization".to_owned(), value.to_owned());
    CustomHeaders::new([pair]).unwrap_or_else(|refusal| panic!("{refusal}"))
}

/// A hook is read with the settings that it was made with.
pub async fn a_hook_keeps_its_settings(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    assert_eq!(world.hook(1).await?.settings, HookSettings::default());
    let settings = HookSettings {
        timeout: Duration::from_secs(30),
        retries: Retries::Exponential,
        concurrency: 64,
        max_age: Duration::from_secs(60),
        when_open: WhenOpen::Skip,
        headers: headers("Bearer one"),
    };
    let new = NewHook { settings: settings.clone(), ..new_hook(world.project.id, 2) };
    let made = world.store.create_hook(new).await?;
    assert_eq!(made.settings, settings);
    let read = world.store.directory().await?.hooks.into_iter().find(|hook| hook.number == made.number);
    assert_eq!(read.map(|hook| hook.settings), Some(settings));
    Ok(())
}

/// A change of one setting leaves the others as they are.
pub async fn a_hook_changes_only_the_settings_that_are_named(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?;
    let change = async |settings| {
        let change = HookChange { settings, ..HookChange::default() };
        Ok::<_, StoreError>(world.store.update_hook(world.project.id, hook.guid, change).await?.settings)
    };
    let retries = HookSettingsChange { retries: Some(Retries::Exponential), ..HookSettingsChange::default() };
    let retried = HookSettings { retries: Retries::Exponential, ..HookSettings::default() };
    assert_eq!(change(retries).await?, retried);
    let named = HookSettingsChange { headers: Some(headers("Bearer two")), ..HookSettingsChange::default() };
    assert_eq!(change(named).await?, HookSettings { headers: headers("Bearer two"), ..retried.clone() });
    let timeout = HookSettingsChange { timeout: Some(Duration::from_secs(9)), ..HookSettingsChange::default() };
    let slow = HookSettings { headers: headers("Bearer two"), timeout: Duration::from_secs(9), ..retried };
    assert_eq!(change(timeout).await?, slow);
    let none = HookSettingsChange { headers: Some(CustomHeaders::default()), ..HookSettingsChange::default() };
    assert_eq!(change(none).await?, HookSettings { headers: CustomHeaders::default(), ..slow });
    Ok(())
}

/// A disabled hook says by whom; one that is enabled again does not.
pub async fn a_hook_that_a_person_disables_says_so(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let made = world.store.create_hook(NewHook { active: false, ..new_hook(world.project.id, 1) }).await?;
    assert_eq!((made.disabled_by, made.disabled), (Some(DisabledBy::Person), Some(NOW)));
    for (after_ms, active, disabled_ms) in [(1, true, None), (2, false, Some(2)), (3, false, Some(2))] {
        let change = HookChange { active: Some(active), now: Some(later(NOW, after_ms)), ..HookChange::default() };
        let hook = world.store.update_hook(world.project.id, made.guid, change).await?;
        assert_eq!((hook.active, hook.disabled_by), (active, (!active).then_some(DisabledBy::Person)));
        assert_eq!(hook.disabled, disabled_ms.map(|after_ms| later(NOW, after_ms)));
    }
    Ok(())
}

/// Headers some of whose values were read before are set only where nobody has set others meanwhile.
pub async fn headers_are_not_set_back(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?;
    let headers = |value: &str| CustomHeaders::new([("x-key".to_owned(), value.to_owned())]).expect("a header");
    let set = |value: &str, read: CustomHeaders| {
        let settings = HookSettingsChange { headers: Some(headers(value)), ..HookSettingsChange::default() };
        let change = HookChange { settings, headers_read: Some(read), ..HookChange::default() };
        world.store.update_hook(world.project.id, hook.guid, change)
    };
    set("one", CustomHeaders::default()).await?;
    let late = set("two", CustomHeaders::default()).await;
    assert!(matches!(late, Err(StoreError::Changed { what: "headers" })));
    assert_eq!(set("two", headers("one")).await?.settings.headers, headers("two"));
    Ok(())
}

fn secret(byte: u8) -> Secret {
    Secret::from_random([byte; 32])
}

async fn rotate(world: &World, hook: &Hook, byte: u8, overlap_ms: i64) -> Result<Hook, StoreError> {
    let rotation = Rotation { secret: secret(byte), overlap_until: later(NOW, overlap_ms), now: NOW };
    world.store.rotate_secret(world.project.id, hook.guid, rotation).await
}

fn holds(hook: &Hook, secrets: [Option<u8>; 2]) {
    let [present, previous] = secrets;
    let Ok(held) = &hook.secrets else { panic!("the row does not open") };
    assert!(present.is_some_and(|byte| held.present == secret(byte)));
    let kept = held.previous.as_ref().map(|previous| previous.secret.expose());
    assert_eq!(kept, previous.map(|byte| secret(byte).expose()));
}

/// While a rotation overlaps both secrets are kept, and the time when that ends.
pub async fn a_rotation_keeps_both_secrets_until_its_overlap_ends(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?;
    let rotated = rotate(&world, &hook, 2, 60_000).await?;
    holds(&rotated, [Some(2), Some(1)]);
    let at = |ms| rotated.previous_at(later(NOW, ms)).map(|previous| previous.until);
    assert_eq!((at(59_999), at(60_000)), (Some(later(NOW, 60_000)), None));
    let finished = world.store.finish_rotation(world.project.id, hook.guid).await?;
    holds(&finished, [Some(2), None]);
    let version = world.store.directory_version().await?;
    holds(&world.store.finish_rotation(world.project.id, hook.guid).await?, [Some(2), None]);
    assert_eq!(world.store.directory_version().await?, version, "there was nothing to end");
    Ok(())
}

/// A second rotation meanwhile is refused unless it ends both overlaps at once; after the end it is a rotation like any.
pub async fn a_second_rotation_waits_for_the_first_or_ends_both(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?;
    rotate(&world, &hook, 2, 60_000).await?;
    let Err(refusal) = rotate(&world, &hook, 3, 1_000).await else { panic!("the first rotation still overlaps") };
    assert!(matches!(refusal, StoreError::Rotating { until } if until == later(NOW, 60_000)), "{refusal}");
    holds(&rotate(&world, &hook, 4, 0).await?, [Some(4), None]);
    rotate(&world, &hook, 5, 60_000).await?;
    let (now, overlap_until) = (later(NOW, 60_000), later(NOW, 90_000));
    let late = Rotation { secret: secret(6), overlap_until, now };
    holds(&world.store.rotate_secret(world.project.id, hook.guid, late).await?, [Some(6), Some(5)]);
    Ok(())
}
