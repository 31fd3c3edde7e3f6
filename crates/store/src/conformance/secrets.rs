//! Secrets at rest: sealed with the store's key, bound to their rows, and what becomes of a row that does not open.

use model::hook::{CustomHeaders, HookSettings, HookSettingsChange};
use model::ids::HookGuid;
use webhook::Secret;

use super::world::{NOW, World, later, new_hook};
use super::{Bench, Outcome, secret_key, test_key};
use crate::catalog::{Hook, HookChange, HookSecrets, NewHook, Rotation, Unopened};
use crate::error::StoreError;

fn headers() -> CustomHeaders {
    let pair = ("Authorization".to_owned(), "Bearer one".to_owned());
    CustomHeaders::new([pair]).unwrap_or_else(|refusal| panic!("{refusal}"))
}

fn rotation(byte: u8, overlap_ms: i64) -> Rotation {
    Rotation { secret: Secret::from_random([byte; 32]), overlap_until: later(NOW, overlap_ms), now: NOW }
}

async fn hook_with_headers(world: &World, guid: u8) -> Result<Hook, StoreError> {
    let settings = HookSettings { headers: headers(), ..HookSettings::default() };
    world.store.create_hook(NewHook { settings, ..new_hook(world.project.id, guid) }).await
}

fn opened(hook: &Hook) -> &HookSecrets {
    hook.secrets.as_ref().unwrap_or_else(|unopened| panic!("{unopened}"))
}

/// The hook as the directory, and as the list of its project, have it.
async fn read(world: &World, hook: HookGuid) -> Result<[Hook; 2], StoreError> {
    let lists = [world.store.directory().await?.hooks, world.store.hooks(world.project.id).await?];
    let one = |list: Vec<Hook>| match list.into_iter().find(|found| found.guid == hook) {
        Some(found) => found,
        None => panic!("the hook is not listed"),
    };
    Ok(lists.map(one))
}

async fn unopened(world: &World, hook: HookGuid) -> Result<[Option<Unopened>; 2], StoreError> {
    Ok(read(world, hook).await?.map(|found| found.secrets.err()))
}

/// What was sealed by one process is opened by the next.
pub async fn secrets_open_after_a_restart(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let hook = hook_with_headers(&world, 1).await?;
    let rotated = world.store.rotate_secret(world.project.id, hook.guid, rotation(2, 60_000)).await?;
    world.restart(bench, NOW).await?;
    for found in read(&world, hook.guid).await? {
        let (before, now) = (opened(&rotated), opened(&found));
        assert!(now.present == before.present && now.present != opened(&hook).present);
        assert!(now.previous.as_ref().is_some_and(|previous| previous.secret == opened(&hook).present));
        assert_eq!(found.settings.headers, headers());
    }
    Ok(())
}

/// The first key is the store's: another one is refused by its id, and changes nothing.
pub async fn a_store_knows_its_key(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?;
    let (own, other) = (secret_key(), test_key(9));
    assert_eq!(bench.secret_key_id().await?, Some(own.id()));
    let given = other.id();
    match bench.unlock_with_another(other).await {
        Err(StoreError::WrongSecretKey { needed, given: refused }) => assert_eq!((needed, refused), (own.id(), given)),
        answer => panic!("{answer:?}"),
    }
    assert_eq!(bench.secret_key_id().await?, Some(own.id()));
    bench.unlock_with_another(own).await?;
    assert_eq!(unopened(&world, hook.guid).await?, [None, None]);
    Ok(())
}

/// A row that does not open is read with everything else that it holds; its neighbours are read as ever.
pub async fn a_damaged_row_is_a_hook_that_says_so_and_leaves_the_others_alone(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let damages =
        [("secret", Unopened::Secret), ("previous_secret", Unopened::PreviousSecret), ("headers", Unopened::Headers)];
    for ((column, expected), guid) in damages.into_iter().zip(1_u8..) {
        let hook = hook_with_headers(&world, guid).await?;
        let well = hook_with_headers(&world, guid + 100).await?;
        world.store.rotate_secret(world.project.id, hook.guid, rotation(9, 60_000)).await?;
        bench.damage(hook.guid, column).await;
        for found in read(&world, hook.guid).await? {
            assert_eq!(found.secrets.err(), Some(expected));
            assert_eq!((found.url, found.active), (hook.url.clone(), true));
            assert_eq!(found.settings.headers.is_empty(), expected == Unopened::Headers);
        }
        assert_eq!(unopened(&world, well.guid).await?, [None, None]);
        let renamed = HookChange { url: Some("https://else.example/".to_owned()), ..HookChange::default() };
        let changed = world.store.update_hook(world.project.id, hook.guid, renamed).await?;
        assert_eq!(changed.secrets.err(), Some(expected), "a change of something else mends nothing");
        world.store.delete_hook(world.project.id, hook.guid).await?;
    }
    Ok(())
}

/// Who can write the table cannot give one hook the secret of another.
pub async fn what_is_sealed_for_one_hook_does_not_open_for_another(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    for (column, expected) in [("secret", Unopened::Secret), ("headers", Unopened::Headers)] {
        let guid = if expected == Unopened::Secret { 1 } else { 3 };
        let (to, from) = (hook_with_headers(&world, guid).await?, hook_with_headers(&world, guid + 1).await?);
        bench.swap(column, [to.guid, from.guid]).await;
        assert_eq!(unopened(&world, to.guid).await?, [Some(expected); 2]);
        assert_eq!(unopened(&world, from.guid).await?, [None, None]);
    }
    Ok(())
}

/// A rotation that ends at once needs none of the secrets before; one that overlaps, does.
pub async fn a_new_secret_without_overlap_mends_a_hook(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    for (column, guid) in [("secret", 1), ("previous_secret", 2)] {
        let hook = world.hook(guid).await?;
        world.store.rotate_secret(world.project.id, hook.guid, rotation(8, 60_000)).await?;
        bench.damage(hook.guid, column).await;
        let refused = world.store.rotate_secret(world.project.id, hook.guid, rotation(9, 60_000)).await;
        assert!(matches!(refused, Err(StoreError::Unopened(_))), "the old secret cannot hold beside the new one");
        let mended = world.store.rotate_secret(world.project.id, hook.guid, rotation(9, 0)).await?;
        assert!(opened(&mended).present == Secret::from_random([9; 32]) && opened(&mended).previous.is_none());
        assert_eq!(unopened(&world, hook.guid).await?, [None, None]);
    }
    let hook = world.hook(3).await?;
    world.store.rotate_secret(world.project.id, hook.guid, rotation(8, 60_000)).await?;
    bench.damage(hook.guid, "previous_secret").await;
    let finished = world.store.finish_rotation(world.project.id, hook.guid).await?;
    assert!(
        opened(&finished).present == Secret::from_random([8; 32]),
        "who ends the overlap needs the old one no longer"
    );
    Ok(())
}

/// Headers that do not open are mended by setting them.
pub async fn new_headers_mend_a_hook(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = hook_with_headers(&world, 1).await?;
    bench.damage(hook.guid, "headers").await;
    let settings = HookSettingsChange { headers: Some(headers()), ..HookSettingsChange::default() };
    let change = HookChange { settings, ..HookChange::default() };
    let mended = world.store.update_hook(world.project.id, hook.guid, change).await?;
    assert_eq!((mended.settings.headers.clone(), opened(&mended).present == opened(&hook).present), (headers(), true));
    Ok(())
}

/// A key that is lost is lost: with another one everything is there but what the old one sealed.
pub async fn a_store_whose_key_is_lost_may_be_given_another(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let hook = hook_with_headers(&world, 1).await?;
    let other = test_key(9);
    bench.replace_key(other.clone()).await?;
    world.store = bench.store();
    assert_eq!(bench.secret_key_id().await?, Some(other.id()));
    assert_eq!(unopened(&world, hook.guid).await?, [Some(Unopened::Secret); 2]);
    world.store.rotate_secret(world.project.id, hook.guid, rotation(3, 0)).await?;
    assert_eq!(unopened(&world, hook.guid).await?, [Some(Unopened::Headers); 2]);
    let settings = HookSettingsChange { headers: Some(headers()), ..HookSettingsChange::default() };
    let change = HookChange { settings, ..HookChange::default() };
    world.store.update_hook(world.project.id, hook.guid, change).await?;
    assert_eq!(unopened(&world, hook.guid).await?, [None, None]);
    Ok(())
}
