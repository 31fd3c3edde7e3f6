//! The directory: everything that accept and match need, in one look.

use protocol::PublicKey;

use super::world::{NOW, World, new_project};
use super::{Bench, Outcome};
use crate::catalog::{HookChange, KeyChange, ProjectChange, ProjectKey};

/// It holds what the lists hold, and nothing that is deleted.
pub async fn the_directory_holds_what_is_there_now(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let store = &world.store;
    let other = store.create_project(new_project(&world.organization, &world.team, 2)).await?;
    let hooks = [world.hook(1).await?, world.hook(2).await?, world.hook_of(other.id, 3).await?];
    store.delete_hook(world.project.id, hooks[1].guid).await?;
    let directory = store.directory().await?;
    assert_eq!(directory.version, store.directory_version().await?);
    assert_eq!(directory.organizations, store.organizations().await?);
    assert_eq!(directory.projects, store.projects().await?);
    assert_eq!(directory.keys.len(), 2);
    let mut numbers: Vec<_> = directory.hooks.iter().map(|hook| (hook.number, hook.project)).collect();
    numbers.sort();
    assert_eq!(numbers, [(hooks[0].number, world.project.id), (hooks[2].number, other.id)]);
    store.delete_project(other.id).await?;
    let directory = store.directory().await?;
    assert_eq!((directory.projects.len(), directory.keys.len(), directory.hooks.len()), (1, 1, 1));
    Ok(())
}

/// Whoever has seen a version has seen every change before it, and asks again after each.
pub async fn every_change_of_the_directory_moves_its_version(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let project = world.project.id;
    let guid = world.hook(1).await?.guid;
    let (first, second) = (PublicKey([1; 16]), PublicKey([9; 16]));
    let mut version = world.store.directory_version().await?;
    for change in 0..10 {
        let store = &world.store;
        match change {
            0 => drop(store.create_organization("second".to_owned(), "Second".to_owned(), NOW).await?),
            1 => drop(store.create_project(new_project(&world.organization, &world.team, 2)).await?),
            2 => drop(store.update_project(project, ProjectChange::default()).await?),
            3 => {
                let (name, created) = (String::new(), NOW);
                let key = ProjectKey {
                    public: second,
                    secret: first,
                    project,
                    name,
                    active: true,
                    rate_limit: None,
                    created,
                };
                drop(store.create_key(key).await?);
            }
            4 => drop(store.update_key(project, second, KeyChange::default()).await?),
            5 => store.delete_key(project, second).await?,
            6 => drop(world.hook(2).await?),
            7 => drop(store.update_hook(project, guid, HookChange::default()).await?),
            8 => store.delete_hook(project, guid).await?,
            _ => store.delete_project(project).await?,
        }
        let moved = store.directory_version().await?;
        assert!(moved > version, "change {change}");
        version = moved;
    }
    world.restart(bench, NOW).await?;
    assert_eq!(world.store.directory_version().await?, version, "versions outlive the process");
    Ok(())
}

/// Events move nothing that every process would have to read again.
pub async fn events_do_not_move_the_directory(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let version = world.store.directory_version().await?;
    world.leased(1, hook).await?;
    world.sweep(super::world::idle_plan()).await?;
    assert_eq!(world.store.directory_version().await?, version);
    Ok(())
}

/// The origin that `init --url` stored is there until another is stored.
pub async fn the_base_url_is_kept(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    assert_eq!(world.store.base_url().await?, None);
    for url in ["https://one.example", "https://two.example"] {
        world.store.set_base_url(url.to_owned()).await?;
        world.restart(bench, NOW).await?;
        assert_eq!(world.store.base_url().await?.as_deref(), Some(url));
    }
    Ok(())
}
