//! A rule as the API shows it.

use std::collections::HashMap;

use model::ids::{Millis, RuleId, UserId};
use serde::Serialize;
use serde_json::{Value, json};
use store::accounts::User;
use store::catalog::Project;
use store::rules::RuleRow;

use super::super::ApiState;
use super::super::error::Answer;
use super::super::nodes::label_of;
use super::super::time::iso;
use super::actions;
use crate::auth::Caller;

/// A rule.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RuleView<'r> {
    id: String,
    conditions: Vec<Value>,
    filters: Vec<Value>,
    actions: Vec<Value>,
    action_match: &'static str,
    filter_match: &'static str,
    frequency: u32,
    name: &'r str,
    date_created: String,
    owner: Option<&'r str>,
    created_by: Option<Person<'r>>,
    environment: Option<&'r str>,
    projects: [&'r str; 1],
    status: &'static str,
    last_triggered: Option<String>,
    snooze: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    snooze_created_by: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snooze_for_everyone: Option<bool>,
    /// When a snooze ends, `null` where it does not; Sentry's own answers do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    snooze_until: Option<Option<String>>,
}

/// Who made a rule. Here ids are numbers, as in Sentry.
#[derive(Serialize)]
struct Person<'u> {
    id: i64,
    name: &'u str,
    email: &'u str,
}

/// What rules are shown with.
pub(super) struct Surroundings<'s> {
    project: &'s Project,
    caller: Option<UserId>,
    users: Vec<User>,
    last_fired: HashMap<RuleId, Millis>,
    now: Millis,
}

impl<'s> Surroundings<'s> {
    /// What the rules of a project are shown with to this caller.
    pub(super) async fn of(api: &ApiState, project: &'s Project, caller: &Caller) -> Answer<Self> {
        let last_fired = api.store.rules_last_fired(project.id).await?.into_iter().collect();
        let (users, now) = (api.store.users().await?, api.clock.now());
        Ok(Surroundings { project, caller: caller.user, users, last_fired, now })
    }

    /// The rule.
    pub(super) fn view<'v>(&'v self, rule: &'v RuleRow) -> RuleView<'v> {
        let snooze = rule.snooze.filter(|snooze| snooze.holds(self.now));
        RuleView {
            id: rule.id.to_string(),
            conditions: rule.conditions.iter().map(|node| with_name(node, label_of(node))).collect(),
            filters: rule.filters.iter().map(|node| with_name(node, label_of(node))).collect(),
            actions: rule.actions.iter().map(|action| with_name(action, actions::label(action))).collect(),
            action_match: rule.action_match.as_str(),
            filter_match: rule.filter_match.as_str(),
            frequency: rule.frequency_minutes,
            name: &rule.name,
            date_created: iso(rule.created),
            owner: rule.owner.as_deref(),
            created_by: rule.created_by.and_then(|user| self.person(user)),
            environment: rule.environment.as_deref(),
            projects: [&self.project.slug],
            status: if rule.active { "active" } else { "disabled" },
            last_triggered: self.last_fired.get(&rule.id).map(|fired| iso(*fired)),
            snooze: snooze.is_some(),
            snooze_created_by: snooze.and_then(|snooze| self.snoozer(snooze.by?)),
            snooze_for_everyone: snooze.map(|_| true),
            snooze_until: snooze.map(|snooze| snooze.until.map(iso)),
        }
    }

    fn person(&self, user: UserId) -> Option<Person<'_>> {
        let user = self.users.iter().find(|known| known.id == user)?;
        Some(Person { id: user.id.get(), name: &user.email, email: &user.email })
    }

    fn snoozer(&self, user: UserId) -> Option<&str> {
        if self.caller == Some(user) { Some("You") } else { self.person(user).map(|person| person.name) }
    }
}

fn with_name(node: &Value, name: String) -> Value {
    let mut node = node.clone();
    if node.is_object() {
        node["name"] = json!(name);
    }
    node
}
