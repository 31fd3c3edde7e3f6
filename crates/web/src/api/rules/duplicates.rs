//! Two rules of a project that would always fire together.

use model::rules::{NodeError, Rule};
use serde_json::Value;
use store::rules::{RuleChange, RuleRow, UNSAVED};

use super::super::error::DuplicateRule;

/// Refuses a rule that does what an active rule does already, whatever they are called. Rules that differ in their
/// environment only are two rules.
pub(super) fn refuse(rule: &RuleChange, others: &[RuleRow]) -> Result<(), DuplicateRule> {
    let Some(wanted) = nameless(rule.compile(UNSAVED, |_| None)) else { return Ok(()) };
    let is_same = |other: &&RuleRow| {
        nameless(other.compile(|_| None)).is_some_and(|meant| meant == wanted)
            && without_uuids(&other.actions) == without_uuids(&rule.actions)
    };
    match others.iter().filter(|other| other.active).find(is_same) {
        Some(other) => Err(DuplicateRule { name: other.name.clone(), id: other.id }),
        None => Ok(()),
    }
}

/// What events are compared with, without what tells two rules apart; two ways to write the same are the same. `None` of a
/// rule that cannot be read any more, which is like no other.
fn nameless(rule: Result<Rule, NodeError>) -> Option<Rule> {
    Some(Rule { id: UNSAVED, name: String::new(), silent_until: None, ..rule.ok()? })
}

fn without_uuids(actions: &[Value]) -> Vec<Value> {
    let without = |action: &Value| {
        let mut action = action.clone();
        if let Value::Object(object) = &mut action {
            object.remove("uuid");
        }
        action
    };
    actions.iter().map(without).collect()
}
