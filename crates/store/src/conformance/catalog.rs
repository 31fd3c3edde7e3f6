//! Organizations, teams, projects, keys and hooks.

use model::ids::HookGuid;
use model::limits::HOOKS_PER_PROJECT;
use protocol::PublicKey;
use webhook::Kind;

use super::world::{NOW, World, later, new_hook, new_project, only};
use super::{Bench, Outcome};
use crate::catalog::{Hook, HookChange, KeyChange, NewHook, ProjectChange, ProjectKey, RateLimit};
use crate::error::StoreError;

/// The call was refused because the value of `what` belongs to another row.
fn assert_taken<T>(answer: Result<T, StoreError>, what: &str) {
    assert!(matches!(answer, Err(StoreError::Taken { what: found }) if found == what), "{:?}", answer.err());
}

/// The call was refused because there is no such `what`.
fn assert_missing<T>(answer: Result<T, StoreError>, what: &str) {
    assert!(matches!(answer, Err(StoreError::Missing { what: found }) if found == what), "{:?}", answer.err());
}

/// An organization starts with a team of its slug; slugs are unique, teams' within their organization.
pub async fn organizations_and_teams_have_slugs_of_their_own(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let store = &world.store;
    assert_taken(store.create_organization("org".to_owned(), "Again".to_owned(), NOW).await, "slug");
    let second = store.create_organization("second".to_owned(), "Second".to_owned(), later(NOW, 1)).await?;
    assert_eq!((second.slug.as_str(), second.name.as_str(), second.created), ("second", "Second", later(NOW, 1)));
    assert_eq!(store.organizations().await?, [second.clone(), world.organization.clone()], "newest first");
    let team = only(store.teams(second.id).await?);
    assert_eq!((team.organization, team.slug.as_str()), (second.id, "second"));
    let more = store.create_team(second.id, "org".to_owned(), "Org".to_owned(), NOW).await?;
    assert_eq!(store.teams(second.id).await?, [more, team]);
    assert_taken(store.create_team(second.id, "org".to_owned(), "Org".to_owned(), NOW).await, "slug");
    let nobody = model::ids::OrganizationId::new(999)?;
    assert_missing(store.create_team(nobody, "x".to_owned(), "X".to_owned(), NOW).await, "organization");
    Ok(())
}

/// A project starts with one key; its slug is unique in its organization, and its team is one of that organization.
pub async fn a_project_starts_with_a_key(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (store, project) = (&world.store, &world.project);
    assert_eq!(
        (project.slug.as_str(), project.name.as_str(), project.platform.as_deref()),
        ("project-1", "Project 1", None)
    );
    assert_eq!((project.organization, &project.teams[..]), (world.organization.id, &[world.team.id][..]));
    assert_eq!((project.scrub, &project.allowed_domains[..], project.created), (true, &["*".to_owned()][..], NOW));
    let key = only(store.keys(project.id).await?);
    assert_eq!((key.public, key.secret, key.project), (PublicKey([1; 16]), PublicKey([101; 16]), project.id));
    assert!(key.active);
    let same_slug = new_project(&world.organization, &world.team, 1);
    assert_taken(store.create_project(same_slug).await, "slug");
    let mut same_key = new_project(&world.organization, &world.team, 2);
    same_key.key = key.public;
    assert_taken(store.create_project(same_key).await, "key");
    assert_eq!(only(store.projects().await?), *project, "what was refused left nothing");
    let second = store.create_organization("second".to_owned(), "Second".to_owned(), NOW).await?;
    assert_missing(store.create_project(new_project(&second, &world.team, 2)).await, "team");
    let its_team = only(store.teams(second.id).await?);
    let namesake = store.create_project(new_project(&second, &its_team, 1)).await;
    assert_taken(namesake, "key");
    Ok(())
}

/// A change replaces what it names and leaves the rest.
pub async fn a_project_changes_only_what_is_named(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (store, id) = (&world.store, world.project.id);
    let domains = vec!["https://a.example".to_owned(), "*.b.example".to_owned()];
    let change = ProjectChange {
        name: Some("New".to_owned()),
        platform: Some(Some("rust".to_owned())),
        scrub: Some(false),
        allowed_domains: Some(domains.clone()),
        slug: None,
    };
    let changed = store.update_project(id, change).await?;
    assert_eq!((changed.name.as_str(), changed.platform.as_deref(), changed.scrub), ("New", Some("rust"), false));
    assert_eq!((&changed.allowed_domains, changed.slug.as_str()), (&domains, "project-1"));
    let unchanged = store.update_project(id, ProjectChange::default()).await?;
    assert_eq!((unchanged.generation > changed.generation, &unchanged.allowed_domains), (true, &domains));
    let none = ProjectChange { platform: Some(None), allowed_domains: Some(Vec::new()), ..ProjectChange::default() };
    let cleared = store.update_project(id, none).await?;
    assert_eq!((cleared.platform.as_deref(), cleared.allowed_domains.len()), (None, 0));
    assert_eq!(only(store.projects().await?), cleared);
    assert_missing(store.update_project(model::ids::ProjectId::new(999)?, ProjectChange::default()).await, "project");
    Ok(())
}

/// Who asks for a former slug is told the present one, until somebody else uses it.
pub async fn a_former_slug_leads_to_its_project_until_it_is_used_again(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (store, id, organization) = (&world.store, world.project.id, world.organization.id);
    let rename = async |slug: &str| {
        let change = ProjectChange { slug: Some(slug.to_owned()), ..ProjectChange::default() };
        store.update_project(id, change).await.map(|project| project.slug)
    };
    let former = async |slug: &str| store.former_slug(organization, slug.to_owned()).await;
    assert_eq!(former("project-1").await?, None);
    rename("b").await?;
    rename("c").await?;
    assert_eq!((former("project-1").await?.as_deref(), former("b").await?.as_deref()), (Some("c"), Some("c")));
    rename("project-1").await?;
    assert_eq!((former("project-1").await?, former("c").await?.as_deref()), (None, Some("project-1")));
    rename("d").await?;
    let other = store.create_project(new_project(&world.organization, &world.team, 2)).await?;
    assert_taken(rename("project-2").await, "slug");
    store.delete_project(other.id).await?;
    rename("project-2").await?;
    assert_eq!(former("d").await?.as_deref(), Some("project-2"));
    let mut again = new_project(&world.organization, &world.team, 3);
    again.slug = "d".to_owned();
    store.create_project(again).await?;
    assert_eq!(former("d").await?, None, "a slug in use is nobody's former one");
    assert_eq!(former("c").await?.as_deref(), Some("project-2"));
    store.delete_project(id).await?;
    assert_eq!(former("c").await?, None);
    Ok(())
}

/// A deleted project is gone at once, with its keys and hooks, and its slug is free.
pub async fn a_deleted_project_is_gone_at_once(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (store, id) = (&world.store, world.project.id);
    let hook = world.hook(1).await?;
    store.delete_project(id).await?;
    assert!(store.projects().await?.is_empty());
    assert!(store.keys(id).await?.is_empty() && store.hooks(id).await?.is_empty());
    assert_missing(store.delete_project(id).await, "project");
    assert_missing(store.update_project(id, ProjectChange::default()).await, "project");
    assert_missing(store.create_hook(new_hook(id, 2)).await, "project");
    assert_missing(store.delete_hook(id, hook.guid).await, "hook");
    let again = store.create_project(new_project(&world.organization, &world.team, 1)).await?;
    assert!(again.id > id, "ids are not given twice");
    Ok(())
}

/// Keys are made, changed and deleted within their project.
pub async fn keys_belong_to_their_project(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let store = &world.store;
    let other = store.create_project(new_project(&world.organization, &world.team, 2)).await?;
    let key = ProjectKey {
        public: PublicKey([7; 16]),
        secret: PublicKey([8; 16]),
        project: world.project.id,
        name: "Second".to_owned(),
        active: true,
        rate_limit: Some(RateLimit { count: 100, window_seconds: 60 }),
        created: later(NOW, 1),
    };
    assert_eq!(store.create_key(key.clone()).await?, key);
    assert_taken(store.create_key(ProjectKey { project: other.id, ..key.clone() }).await, "key");
    let nowhere = ProjectKey { project: model::ids::ProjectId::new(999)?, public: PublicKey([9; 16]), ..key.clone() };
    assert_missing(store.create_key(nowhere).await, "project");
    assert_eq!(store.keys(world.project.id).await?[0], key, "newest first");
    let disable = KeyChange { active: Some(false), ..KeyChange::default() };
    let disabled = store.update_key(world.project.id, key.public, disable.clone()).await?;
    assert_eq!(disabled, ProjectKey { active: false, ..key.clone() });
    let rename = KeyChange { name: Some("Renamed".to_owned()), ..KeyChange::default() };
    let renamed = store.update_key(world.project.id, key.public, rename).await?;
    assert_eq!((renamed.name.as_str(), renamed.active, renamed.rate_limit), ("Renamed", false, key.rate_limit));
    for rate_limit in [Some(RateLimit { count: 1, window_seconds: 86_400 }), None, None] {
        let change = KeyChange { rate_limit: Some(rate_limit), ..KeyChange::default() };
        let limited = store.update_key(world.project.id, key.public, change).await?;
        assert_eq!(limited, ProjectKey { rate_limit, ..renamed.clone() });
    }
    assert_missing(store.update_key(other.id, key.public, disable).await, "key");
    assert_missing(store.delete_key(other.id, key.public).await, "key");
    store.delete_key(world.project.id, key.public).await?;
    assert_missing(store.delete_key(world.project.id, key.public).await, "key");
    assert_eq!(store.keys(world.project.id).await?.len(), 1);
    Ok(())
}

fn secret_of(hook: &Hook) -> Option<String> {
    hook.secrets.as_ref().ok().map(|held| held.present.expose())
}

/// Hooks are made, changed and deleted within their project; what is stored is what was given.
pub async fn hooks_belong_to_their_project(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (store, project) = (&world.store, world.project.id);
    let other = store.create_project(new_project(&world.organization, &world.team, 2)).await?;
    let first = world.hook(1).await?;
    assert_eq!(
        (first.url.as_str(), &first.kinds[..], first.active),
        ("https://receiver.example/1", &[Kind::EventCreated][..], true)
    );
    assert_eq!(secret_of(&first), Some(new_hook(project, 1).secret.expose()));
    assert_eq!((first.guid, first.project, first.created), (HookGuid([1; 16]), project, NOW));
    assert_taken(store.create_hook(new_hook(other.id, 1)).await, "id");
    let inactive = NewHook { active: false, kinds: vec![Kind::EventCreated, Kind::EventAlert], ..new_hook(project, 2) };
    let second = store.create_hook(inactive).await?;
    assert_eq!((second.active, &second.kinds[..]), (false, &[Kind::EventAlert, Kind::EventCreated][..]));
    let numbers: Vec<_> = store.hooks(project).await?.iter().map(|hook| hook.number).collect();
    assert_eq!(numbers, [second.number, first.number], "newest first");
    let change =
        HookChange { url: Some("https://new.example/".to_owned()), kinds: Some(Vec::new()), ..HookChange::default() };
    let changed = store.update_hook(project, first.guid, change.clone()).await?;
    assert_eq!((changed.url.as_str(), changed.kinds.len(), changed.active), ("https://new.example/", 0, true));
    assert_eq!(changed.number, first.number);
    assert_eq!(secret_of(&changed), secret_of(&first));
    assert_missing(store.update_hook(other.id, first.guid, change.clone()).await, "hook");
    assert_missing(store.delete_hook(other.id, first.guid).await, "hook");
    store.delete_hook(project, first.guid).await?;
    assert_missing(store.delete_hook(project, first.guid).await, "hook");
    assert_missing(store.update_hook(project, first.guid, change).await, "hook");
    assert_eq!(only(store.hooks(project).await?).number, second.number);
    Ok(())
}

/// The last place is given once, whoever asks for it at the same time; a deleted hook leaves its place.
pub async fn a_project_has_no_more_hooks_than_it_may_have(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    for guid in 1..u8::try_from(HOOKS_PER_PROJECT).unwrap_or(u8::MAX) {
        world.hook(guid).await?;
    }
    let (one, other) = tokio::join!(world.hook(201), world.hook(202));
    let refused = [one.as_ref().err(), other.as_ref().err()].into_iter().flatten();
    let refused: Vec<_> =
        refused.map(|error| matches!(error, StoreError::TooMany { most: HOOKS_PER_PROJECT, .. })).collect();
    assert_eq!(refused, [true]);
    world.store.delete_hook(world.project.id, HookGuid([1; 16])).await?;
    world.hook(203).await.map(drop)
}
