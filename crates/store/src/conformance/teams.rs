//! Teams, and the projects that they have.

use model::ids::{ProjectId, TeamId};
use model::rules::Quantifier;
use serde_json::json;

use super::world::{NOW, World, new_project, only};
use super::{Bench, Outcome};
use crate::catalog::{Team, TeamChange};
use crate::error::StoreError;
use crate::rules::{NewRule, RuleChange, RuleRow};

/// The call was refused because there is no such `what`.
fn assert_missing<T>(answer: Result<T, StoreError>, what: &str) {
    assert!(matches!(answer, Err(StoreError::Missing { what: found }) if found == what), "{:?}", answer.err());
}

async fn second_team(world: &World) -> Result<Team, StoreError> {
    world.store.create_team(world.organization.id, "second".to_owned(), "Second".to_owned(), NOW).await
}

/// A rule of the project that the team owns.
async fn rule_of(world: &World, project: ProjectId, team: TeamId) -> Result<RuleRow, StoreError> {
    let rule = RuleChange {
        name: "Rule".to_owned(),
        environment: None,
        action_match: Quantifier::All,
        filter_match: Quantifier::All,
        conditions: Vec::new(),
        filters: Vec::new(),
        actions: vec![json!({"id": "sentry.rules.actions.notify_event.NotifyEventAction"})],
        frequency_minutes: 30,
        owner: Some(format!("team:{team}")),
        active: true,
        counters: Vec::new(),
    };
    world.store.create_rule(NewRule { project, rule, created_by: None, now: NOW }).await
}

/// A change replaces what it names; a slug of another team of the organization is refused.
pub async fn a_team_changes_only_what_is_named(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let store = &world.store;
    let team = second_team(&world).await?;
    let renamed =
        store.update_team(team.id, TeamChange { name: Some("Ops".to_owned()), ..TeamChange::default() }).await?;
    assert_eq!(renamed, Team { name: "Ops".to_owned(), ..team.clone() });
    let moved =
        store.update_team(team.id, TeamChange { slug: Some("ops".to_owned()), ..TeamChange::default() }).await?;
    assert_eq!(moved, Team { slug: "ops".to_owned(), ..renamed });
    assert_eq!(store.update_team(team.id, TeamChange::default()).await?, moved);
    let taken = TeamChange { slug: Some(world.team.slug.clone()), name: Some("Never".to_owned()) };
    assert!(matches!(store.update_team(team.id, taken).await, Err(StoreError::Taken { what: "slug" })));
    assert_eq!(store.teams(world.organization.id).await?, [moved, world.team.clone()]);
    assert_missing(store.update_team(TeamId::new(999)?, TeamChange::default()).await, "team");
    Ok(())
}

/// A project has its teams in the order in which it was given to them; twice is once, and none is possible.
pub async fn a_project_has_the_teams_that_it_was_given_to(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let (project, first, second) = (world.project.id, world.team.id, second_team(&world).await?.id);
    let store = &world.store;
    assert_eq!(store.add_team(project, second).await?.teams, [first, second]);
    assert_eq!(store.add_team(project, first).await?.teams, [first, second]);
    assert_eq!(store.remove_team(project, first).await?.teams, [second]);
    assert_eq!(store.remove_team(project, first).await?.teams, [second], "it did not have it");
    assert_eq!(store.add_team(project, first).await?.teams, [second, first]);
    world.restart(bench, NOW).await?;
    let store = &world.store;
    assert_eq!(only(store.projects().await?).teams, [second, first]);
    assert_eq!(only(store.directory().await?.projects).teams, [second, first]);
    let stranger = store.create_organization("other".to_owned(), "Other".to_owned(), NOW).await?;
    let stranger = only(store.teams(stranger.id).await?).id;
    assert_missing(store.add_team(project, stranger).await, "team");
    assert_missing(store.add_team(ProjectId::new(999)?, first).await, "project");
    assert_missing(store.remove_team(ProjectId::new(999)?, first).await, "project");
    store.remove_team(project, first).await?;
    assert!(store.remove_team(project, second).await?.teams.is_empty());
    assert!(only(store.projects().await?).teams.is_empty());
    Ok(())
}

/// A deleted team is gone, its slug is free, and its projects are there without it.
pub async fn a_deleted_team_leaves_its_projects(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let store = &world.store;
    let second = second_team(&world).await?;
    let shared = store.create_project(new_project(&world.organization, &world.team, 2)).await?.id;
    let gone = store.create_project(new_project(&world.organization, &world.team, 3)).await?.id;
    store.add_team(shared, second.id).await?;
    store.delete_project(gone).await?;
    store.delete_team(world.team.id).await?;
    assert_eq!(only(store.teams(world.organization.id).await?), second);
    let teams: Vec<_> = store.projects().await?.into_iter().map(|project| (project.id, project.teams)).collect();
    assert_eq!(teams, [(shared, vec![second.id]), (world.project.id, vec![])]);
    assert_eq!(only(store.keys(world.project.id).await?).project, world.project.id);
    assert_missing(store.delete_team(world.team.id).await, "team");
    assert_missing(store.add_team(shared, world.team.id).await, "team");
    let again = store.create_team(world.organization.id, world.team.slug.clone(), String::new(), NOW).await?;
    assert!(again.id > second.id, "ids are not given twice");
    Ok(())
}

/// A rule has no owner when its team is deleted, or has its project no more.
pub async fn rules_of_a_team_that_goes_have_no_owner(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (store, project) = (&world.store, world.project.id);
    let second = second_team(&world).await?.id;
    let other = store.create_project(new_project(&world.organization, &world.team, 2)).await?.id;
    store.add_team(project, second).await?;
    for (of, team) in [(project, second), (project, world.team.id), (other, second)] {
        rule_of(&world, of, team).await?;
    }
    let owners = async |project| -> Result<Vec<_>, StoreError> {
        Ok(store.rules(project).await?.into_iter().map(|rule| rule.owner).collect())
    };
    let (of_first, of_second) = (Some(format!("team:{}", world.team.id)), Some(format!("team:{second}")));
    store.remove_team(other, second).await?;
    assert_eq!(owners(other).await?, [of_second], "it never had the project, as the API lets it own rules of any");
    store.remove_team(project, second).await?;
    assert_eq!(owners(project).await?, [of_first.clone(), None]);
    store.delete_team(second).await?;
    assert_eq!(owners(other).await?, [None]);
    assert_eq!(owners(project).await?, [of_first, None]);
    Ok(())
}

/// What the directory holds of a project has its teams and the owners of its rules.
pub async fn every_change_of_a_projects_teams_moves_the_directory(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (store, project) = (&world.store, world.project.id);
    let second = second_team(&world).await?.id;
    let seen = async || -> Result<_, StoreError> {
        Ok((store.directory_version().await?, only(store.projects().await?).generation))
    };
    let mut before = seen().await?;
    for change in 0..3 {
        match change {
            0 => drop(store.add_team(project, second).await?),
            1 => drop(store.remove_team(project, second).await?),
            _ => store.delete_team(world.team.id).await?,
        }
        let after = seen().await?;
        assert!(after.0 > before.0 && after.1 > before.1, "change {change}");
        before = after;
    }
    Ok(())
}
