//! Issue alert rules: as people write them, as match and decide need them, and what has come of them.
//!
//! Conditions, filters and actions are kept as they were written, because that is what the API shows again;
//! [`RuleRow::compile`] makes of them what events are compared with. Each change moves the generation of the rule's project.

use std::time::Duration;

use async_trait::async_trait;
use model::ids::{HookGuid, HookNumber, IssueId, Millis, ProjectId, RuleId, Seq, UserId};
use model::rules::{Clause, Counter, Node, NodeError, NodePlace, Quantifier, Rule, Targets};
use protocol::EventId;
use serde_json::Value;

use crate::error::StoreError;

/// The action whose `service` names a hook, or the webhooks of the project.
pub const NOTIFY_EVENT_SERVICE: &str = "sentry.rules.actions.notify_event_service.NotifyEventServiceAction";
/// The action that means everything that is set up to be notified.
pub const NOTIFY_EVENT: &str = "sentry.rules.actions.notify_event.NotifyEventAction";
/// The `service` that means all webhooks of the project.
pub const WEBHOOKS_SERVICE: &str = "webhooks";
/// The most issues that a rule's history lists.
pub const FIRED_ISSUES_MAX: usize = 1_000;
/// The id under which a rule is compiled that has none yet.
pub const UNSAVED: RuleId = match RuleId::new(i64::MAX) {
    Ok(id) => id,
    Err(_) => unreachable!(),
};

/// Issue alert rules. Lists come newest first.
#[async_trait]
pub trait Rules: Send + Sync + 'static {
    /// The rules of a project, active or not.
    async fn rules(&self, project: ProjectId) -> Result<Vec<RuleRow>, StoreError>;
    /// Makes a rule, and asks for its counters.
    async fn create_rule(&self, rule: NewRule) -> Result<RuleRow, StoreError>;
    /// Replaces what a rule says, and the counters that it asks for. Its snooze stays.
    async fn update_rule(&self, project: ProjectId, rule: RuleId, change: RuleChange) -> Result<RuleRow, StoreError>;
    /// Deletes a rule; its history goes by and by.
    async fn delete_rule(&self, project: ProjectId, rule: RuleId) -> Result<(), StoreError>;
    /// Snoozes a rule, or ends its snooze. Its counters go on.
    async fn snooze_rule(
        &self,
        project: ProjectId,
        rule: RuleId,
        snooze: Option<RuleSnooze>,
    ) -> Result<RuleRow, StoreError>;

    /// When each rule of a project last fired, of those that have and whose history is kept. In no order.
    async fn rules_last_fired(&self, project: ProjectId) -> Result<Vec<(RuleId, Millis)>, StoreError>;
    /// How often a rule fired in each hour from the one that holds `since` on to `until`: `(start, count)`, oldest first,
    /// without the hours in which it did not.
    async fn rule_hours(&self, rule: RuleId, range: FiredRange) -> Result<Vec<(Millis, u64)>, StoreError>;
    /// The issues that a rule fired for in a span of time, the most frequent first, at most [`FIRED_ISSUES_MAX`]; those that
    /// are deleted by now too.
    async fn rule_issues(&self, rule: RuleId, range: FiredRange) -> Result<Vec<RuleIssue>, StoreError>;
    /// The rules that fired on an event, deleted ones too; by id.
    async fn fired_on(&self, project: ProjectId, event: Seq) -> Result<Vec<FiredRow>, StoreError>;
}

/// A rule, as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleRow {
    /// Its id.
    pub id: RuleId,
    /// Whose it is.
    pub project: ProjectId,
    /// Its name for people.
    pub name: String,
    /// Only events of this environment, if set.
    pub environment: Option<String>,
    /// How many conditions must hold.
    pub action_match: Quantifier,
    /// How many filters must hold.
    pub filter_match: Quantifier,
    /// When it fires: nodes as they were written.
    pub conditions: Vec<Value>,
    /// What must hold besides: nodes as they were written.
    pub filters: Vec<Value>,
    /// What it does: objects as they were written.
    pub actions: Vec<Value>,
    /// The least time between two alerts about one issue.
    pub frequency_minutes: u32,
    /// `user:ID` or `team:ID`.
    pub owner: Option<String>,
    /// Whether it may fire.
    pub active: bool,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created: Millis,
    /// Since when and until when it is silent, if it is.
    pub snooze: Option<RuleSnooze>,
}

/// A rule's silence, for everyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleSnooze {
    /// When it began.
    pub since: Millis,
    /// When it ends; never by itself, if not set.
    pub until: Option<Millis>,
    /// Who asked for it.
    pub by: Option<UserId>,
}

/// What a new rule needs.
#[derive(Debug, Clone)]
pub struct NewRule {
    /// Whose it is.
    pub project: ProjectId,
    /// What it says.
    pub rule: RuleChange,
    /// Who makes it.
    pub created_by: Option<UserId>,
    /// The store's time.
    pub now: Millis,
}

/// Everything that a person writes of a rule. It is replaced whole, because the counters follow from all of it.
#[derive(Debug, Clone)]
pub struct RuleChange {
    /// Its name for people.
    pub name: String,
    /// Only events of this environment, if set.
    pub environment: Option<String>,
    /// How many conditions must hold.
    pub action_match: Quantifier,
    /// How many filters must hold.
    pub filter_match: Quantifier,
    /// When it fires.
    pub conditions: Vec<Value>,
    /// What must hold besides.
    pub filters: Vec<Value>,
    /// What it does.
    pub actions: Vec<Value>,
    /// The least time between two alerts about one issue.
    pub frequency_minutes: u32,
    /// `user:ID` or `team:ID`.
    pub owner: Option<String>,
    /// Whether it may fire.
    pub active: bool,
    /// The counters that its compiled form asks for. A rule that is not active keeps none.
    pub counters: Vec<Counter>,
}

/// A span of a rule's history, by the time of firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FiredRange {
    /// Whose rule it is.
    pub project: ProjectId,
    /// From here on.
    pub since: Millis,
    /// To before here.
    pub until: Millis,
}

/// An issue that a rule fired for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleIssue {
    /// Which.
    pub issue: IssueId,
    /// How often.
    pub count: u64,
    /// When for the last time.
    pub last_fired: Millis,
    /// On which event then; its row may be gone.
    pub event: Option<EventId>,
}

/// A rule that fired on an event.
#[derive(Debug, Clone, PartialEq)]
pub struct FiredRow {
    /// Which.
    pub rule: RuleId,
    /// When.
    pub fired: Millis,
    /// What the store's state had that decided it: a JSON list.
    pub because: Value,
}

impl RuleSnooze {
    /// Whether the rule is silent at a moment.
    pub fn holds(&self, now: Millis) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl RuleRow {
    /// What events are compared with. `hook_number` knows the project's hooks.
    ///
    /// # Errors
    /// The first node that cannot be read: of a rule that an earlier Watchfire understood, or a damaged one.
    pub fn compile(&self, hook_number: impl Fn(HookGuid) -> Option<HookNumber>) -> Result<Rule, NodeError> {
        Ok(Rule {
            id: self.id,
            name: self.name.clone(),
            environment: self.environment.clone(),
            conditions: read_clause(self.action_match, &self.conditions, NodePlace::Condition)?,
            filters: read_clause(self.filter_match, &self.filters, NodePlace::Filter)?,
            frequency: frequency(self.frequency_minutes),
            targets: targets(&self.actions, hook_number),
            silent_until: self.snooze.map(|snooze| snooze.until.unwrap_or(Millis(i64::MAX))),
        })
    }
}

impl RuleChange {
    /// What events would be compared with, were it saved under this id.
    ///
    /// # Errors
    /// The first node that cannot be read.
    pub fn compile(&self, id: RuleId, hook_number: impl Fn(HookGuid) -> Option<HookNumber>) -> Result<Rule, NodeError> {
        Ok(Rule {
            id,
            name: self.name.clone(),
            environment: self.environment.clone(),
            conditions: read_clause(self.action_match, &self.conditions, NodePlace::Condition)?,
            filters: read_clause(self.filter_match, &self.filters, NodePlace::Filter)?,
            frequency: frequency(self.frequency_minutes),
            targets: targets(&self.actions, hook_number),
            silent_until: None,
        })
    }
}

/// Nodes as they were written, and how many of them must hold.
pub(crate) fn read_clause(quantifier: Quantifier, nodes: &[Value], place: NodePlace) -> Result<Clause, NodeError> {
    let nodes = nodes.iter().map(|node| Node::read(node, place)).collect::<Result<_, _>>()?;
    Ok(Clause { quantifier, nodes })
}

fn frequency(minutes: u32) -> Duration {
    Duration::from_secs(u64::from(minutes) * 60)
}

/// What an action means for hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionTarget {
    /// Every hook of the project.
    EveryHook,
    /// The hook of this id.
    Hook(HookGuid),
    /// None: it notifies by other ways, which Watchfire has not.
    Nothing,
}

/// What an action means for hooks.
pub fn action_target(action: &Value) -> ActionTarget {
    let text = |name| action.get(name).and_then(Value::as_str);
    match (text("id"), text("service")) {
        (Some(NOTIFY_EVENT), _) | (Some(NOTIFY_EVENT_SERVICE), Some(WEBHOOKS_SERVICE)) => ActionTarget::EveryHook,
        (Some(NOTIFY_EVENT_SERVICE), Some(service)) => {
            service.parse().map_or(ActionTarget::Nothing, ActionTarget::Hook)
        }
        _ => ActionTarget::Nothing,
    }
}

/// Actions that name hooks narrow the alert to these, unless a broad action is there too; of the others none counts. A hook
/// that is named and gone leaves nobody in its place.
fn targets(actions: &[Value], hook_number: impl Fn(HookGuid) -> Option<HookNumber>) -> Targets {
    let mut named = Vec::new();
    for target in actions.iter().map(action_target) {
        match target {
            ActionTarget::EveryHook => return Targets::EveryHook,
            ActionTarget::Hook(guid) => named.push(hook_number(guid)),
            ActionTarget::Nothing => {}
        }
    }
    if named.is_empty() { Targets::EveryHook } else { Targets::Only(named.into_iter().flatten().collect()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FIRST: &str = "01010101010101010101010101010101";
    const GONE: &str = "09090909090909090909090909090909";

    fn compiled(actions: Vec<Value>) -> Targets {
        let first = HookNumber::new(7).unwrap();
        targets(&actions, |guid| (guid == HookGuid([1; 16])).then_some(first))
    }

    fn service(name: &str) -> Value {
        json!({ "id": NOTIFY_EVENT_SERVICE, "service": name })
    }

    #[test]
    fn a_broad_action_reaches_every_hook_whatever_else_is_named() {
        for actions in [vec![json!({ "id": NOTIFY_EVENT })], vec![service(FIRST), service(WEBHOOKS_SERVICE)]] {
            assert_eq!(compiled(actions), Targets::EveryHook);
        }
    }

    #[test]
    fn actions_that_name_hooks_narrow_the_alert_to_them() {
        let only = |numbers: &[u32]| Targets::Only(numbers.iter().map(|it| HookNumber::new(*it).unwrap()).collect());
        assert_eq!(compiled(vec![service(FIRST)]), only(&[7]));
        assert_eq!(compiled(vec![json!({"id": "sentry.mail.actions.NotifyEmailAction"}), service(FIRST)]), only(&[7]));
        assert_eq!(compiled(vec![service(GONE)]), only(&[]), "a hook that is gone is not replaced by all the others");
    }

    #[test]
    fn mail_and_chat_alone_leave_the_alert_to_every_hook() {
        let mail = json!({"id": "sentry.mail.actions.NotifyEmailAction", "targetType": "IssueOwners"});
        assert_eq!(compiled(vec![mail, service("mail")]), Targets::EveryHook);
        assert_eq!(compiled(Vec::new()), Targets::EveryHook);
    }
}
