//! Issue alert rules, and the filters of hooks.

use model::ids::{Generation, Millis, ProjectId, RuleId, UserId};
use model::rules::Quantifier;
use serde_json::{Value, json};

use super::world::{NOW, World, later, new_hook, new_project, only};
use super::{Bench, Outcome};
use crate::catalog::{HookChange, NewHook};
use crate::error::StoreError;
use crate::rules::{FiredRange, NewRule, RuleChange, RuleRow, RuleSnooze};

/// The call was refused because there is no such `what`.
fn assert_missing<T>(answer: Result<T, StoreError>, what: &str) {
    assert!(matches!(answer, Err(StoreError::Missing { what: found }) if found == what), "{:?}", answer.err());
}

/// A rule that says something in each of its fields.
fn written(name: &str) -> RuleChange {
    let condition = json!({"id": "sentry.rules.conditions.first_seen_event.FirstSeenEventCondition"});
    let filter = json!({"id": "sentry.rules.filters.level.LevelFilter", "match": "gte", "level": "40"});
    RuleChange {
        name: name.to_owned(),
        environment: Some("production".to_owned()),
        action_match: Quantifier::Any,
        filter_match: Quantifier::None,
        conditions: vec![condition],
        filters: vec![filter],
        actions: vec![json!({"id": "sentry.rules.actions.notify_event.NotifyEventAction", "uuid": "ü"})],
        frequency_minutes: 30,
        owner: Some("team:1".to_owned()),
        active: true,
        counters: Vec::new(),
    }
}

fn new_rule(project: ProjectId, name: &str) -> NewRule {
    NewRule { project, rule: written(name), created_by: UserId::new(1).ok(), now: NOW }
}

/// A rule is shown again as it was written, after a crash too.
pub async fn a_rule_is_read_as_it_was_written(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let project = world.project.id;
    let made = world.store.create_rule(new_rule(project, "First")).await?;
    let change = written("First");
    let expected = RuleRow {
        id: made.id,
        project,
        name: change.name,
        environment: change.environment,
        action_match: change.action_match,
        filter_match: change.filter_match,
        conditions: change.conditions,
        filters: change.filters,
        actions: change.actions,
        frequency_minutes: 30,
        owner: change.owner,
        active: true,
        created_by: UserId::new(1).ok(),
        created: NOW,
        snooze: None,
    };
    assert_eq!(made, expected);
    world.restart(bench, NOW).await?;
    assert_eq!(only(world.store.rules(project).await?), expected);
    Ok(())
}

/// Rules are made, changed and deleted within their project, and listed newest first.
pub async fn rules_belong_to_their_project(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (store, project) = (&world.store, world.project.id);
    let other = store.create_project(new_project(&world.organization, &world.team, 2)).await?.id;
    let first = store.create_rule(new_rule(project, "First")).await?.id;
    let second = store.create_rule(new_rule(project, "Second")).await?.id;
    let ids =
        async |project| Ok::<_, StoreError>(store.rules(project).await?.iter().map(|it| it.id).collect::<Vec<_>>());
    assert_eq!(ids(project).await?, [second, first], "newest first");
    assert_missing(store.create_rule(new_rule(ProjectId::new(999)?, "Nowhere")).await, "project");
    assert_missing(store.update_rule(other, first, written("Stolen")).await, "rule");
    assert_missing(store.snooze_rule(other, first, None).await, "rule");
    assert_missing(store.delete_rule(other, first).await, "rule");
    store.delete_rule(project, second).await?;
    assert_missing(store.delete_rule(project, second).await, "rule");
    assert_missing(store.update_rule(project, second, written("Again")).await, "rule");
    assert_missing(store.snooze_rule(project, second, None).await, "rule");
    assert_eq!(ids(project).await?, [first]);
    let third = store.create_rule(new_rule(project, "Third")).await?.id;
    assert!(third > second, "ids are not given twice");
    store.delete_project(project).await?;
    assert_eq!(ids(project).await?, Vec::<RuleId>::new());
    Ok(())
}

/// A change replaces everything that a person writes, and leaves the rest.
pub async fn a_rule_is_replaced_whole(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (store, project) = (&world.store, world.project.id);
    let before = store.create_rule(new_rule(project, "First")).await?;
    let snooze = RuleSnooze { since: NOW, until: None, by: None };
    store.snooze_rule(project, before.id, Some(snooze)).await?;
    let change = RuleChange {
        environment: None,
        action_match: Quantifier::All,
        filter_match: Quantifier::All,
        conditions: Vec::new(),
        filters: Vec::new(),
        frequency_minutes: 43_200,
        owner: None,
        active: false,
        ..written("Second")
    };
    let changed = store.update_rule(project, before.id, change.clone()).await?;
    assert_eq!((changed.name.as_str(), changed.environment.as_deref()), ("Second", None));
    assert_eq!((changed.action_match, changed.filter_match), (Quantifier::All, Quantifier::All));
    assert_eq!((changed.conditions.len(), changed.filters.len(), changed.actions.len()), (0, 0, 1));
    assert_eq!((changed.frequency_minutes, changed.owner.as_deref(), changed.active), (43_200, None, false));
    assert_eq!((changed.created, changed.created_by, changed.snooze), (NOW, before.created_by, Some(snooze)));
    assert_eq!(only(store.rules(project).await?), changed);
    Ok(())
}

/// A snooze is kept with its beginning, its end and who asked for it.
pub async fn a_snooze_is_kept_until_it_is_ended(bench: &mut dyn Bench) -> Outcome {
    let mut world = World::new(bench).await?;
    let project = world.project.id;
    let rule = world.store.create_rule(new_rule(project, "First")).await?.id;
    for snooze in [
        Some(RuleSnooze { since: NOW, until: Some(later(NOW, 60_000)), by: UserId::new(3).ok() }),
        Some(RuleSnooze { since: later(NOW, 1), until: None, by: None }),
        None,
    ] {
        let snoozed = world.store.snooze_rule(project, rule, snooze).await?;
        assert_eq!(snoozed.snooze, snooze);
        world.restart(bench, NOW).await?;
        assert_eq!(only(world.store.rules(project).await?).snooze, snooze);
    }
    Ok(())
}

/// Every change of a rule moves its project's generation and the directory's version, so that events are matched anew.
pub async fn every_change_of_a_rule_moves_its_project(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (store, project) = (&world.store, world.project.id);
    let seen = async || {
        let directory = store.directory().await?;
        Ok::<(i64, Generation), StoreError>((directory.version, directory.projects[0].generation))
    };
    let mut before = seen().await?;
    let rule = store.create_rule(new_rule(project, "First")).await?.id;
    for change in 0..4 {
        match change {
            0 => {}
            1 => drop(store.update_rule(project, rule, written("Second")).await?),
            2 => drop(store.snooze_rule(project, rule, None).await?),
            _ => store.delete_rule(project, rule).await?,
        }
        let after = seen().await?;
        assert!(after.0 > before.0 && after.1 > before.1, "change {change}");
        before = after;
    }
    Ok(())
}

/// The directory holds every rule that is not deleted, active or not.
pub async fn the_directory_holds_the_rules_that_are_there_now(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (store, project) = (&world.store, world.project.id);
    let other = store.create_project(new_project(&world.organization, &world.team, 2)).await?.id;
    let kept = store.create_rule(new_rule(project, "First")).await?;
    let silent = NewRule { rule: RuleChange { active: false, ..written("Silent") }, ..new_rule(other, "") };
    let silent = store.create_rule(silent).await?;
    let gone = store.create_rule(new_rule(project, "Gone")).await?;
    store.delete_rule(project, gone.id).await?;
    let mut rules = store.directory().await?.rules;
    rules.sort_by_key(|rule| rule.id);
    assert_eq!(rules, [kept.clone(), silent]);
    store.delete_project(other).await?;
    assert_eq!(store.directory().await?.rules, [kept]);
    Ok(())
}

/// A rule that has not fired has no history.
pub async fn a_rule_that_never_fired_has_no_history(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (store, project) = (&world.store, world.project.id);
    let rule = store.create_rule(new_rule(project, "First")).await?.id;
    let range = FiredRange { project, since: Millis(0), until: later(NOW, 1) };
    assert_eq!(store.rules_last_fired(project).await?, []);
    assert_eq!(store.rule_hours(rule, range).await?, []);
    assert_eq!(store.rule_issues(rule, range).await?, []);
    assert_eq!(store.fired_on(project, model::ids::Seq::START).await?, []);
    Ok(())
}

/// A hook's filters are shown again as they were written; a change leaves them where it does not name them.
pub async fn a_hook_keeps_its_filters(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let (store, project) = (&world.store, world.project.id);
    let filters = vec![json!({"id": "sentry.rules.filters.level.LevelFilter", "match": "eq", "level": "50"})];
    let new = NewHook { filters: filters.clone(), filter_match: Quantifier::None, ..new_hook(project, 1) };
    let made = store.create_hook(new).await?;
    assert_eq!((&made.filters, made.filter_match), (&filters, Quantifier::None));
    let renamed = HookChange { url: Some("https://new.example/".to_owned()), ..HookChange::default() };
    let kept = store.update_hook(project, made.guid, renamed).await?;
    assert_eq!((&kept.filters, kept.filter_match), (&filters, Quantifier::None));
    let change = HookChange { filters: Some(Vec::new()), filter_match: Some(Quantifier::Any), ..HookChange::default() };
    let cleared = store.update_hook(project, made.guid, change).await?;
    assert_eq!((&cleared.filters, cleared.filter_match), (&Vec::<Value>::new(), Quantifier::Any));
    let listed = only(store.hooks(project).await?);
    assert_eq!((listed.filters, listed.filter_match), (Vec::new(), Quantifier::Any));
    Ok(())
}
