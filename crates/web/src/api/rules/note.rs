//! What a rule's answer says beside its body: which of its actions do nothing here, and whether it reaches any hook.

use http::header::HeaderMap;
use serde_json::Value;
use store::catalog::Hook;
use store::rules::{ActionTarget, action_target};
use webhook::Kind;

use super::super::note::said;

/// Ids that are named; the others are counted.
const NAMED_MAX: usize = 5;

/// The header for a rule with these actions, in a project with these hooks.
pub(super) fn note(actions: &[Value], hooks: &[Hook]) -> HeaderMap {
    let texts: Vec<String> = idle_actions(actions).into_iter().chain(nobody_alerted(actions, hooks)).collect();
    if texts.is_empty() { HeaderMap::new() } else { said(&texts.join("; ")) }
}

fn idle_actions(actions: &[Value]) -> Option<String> {
    let mut idle: Vec<&str> = Vec::new();
    for action in actions.iter().filter(|action| action_target(action) == ActionTarget::Nothing) {
        let id = action.get("id").and_then(Value::as_str).unwrap_or_default();
        if !idle.contains(&id) {
            idle.push(id);
        }
    }
    if idle.is_empty() {
        return None;
    }
    let more = idle.len().saturating_sub(NAMED_MAX);
    let named = idle.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
    let others = if more == 0 { String::new() } else { format!(" and {more} more") };
    Some(format!("kept without effect, Watchfire alerts service hooks only: {named}{others}"))
}

/// A rule that fires and sends nothing looks like one that does not fire.
fn nobody_alerted(actions: &[Value], hooks: &[Hook]) -> Option<String> {
    let targets: Vec<ActionTarget> =
        actions.iter().map(action_target).filter(|target| *target != ActionTarget::Nothing).collect();
    let is_meant = |hook: &Hook| {
        targets.is_empty()
            || targets.contains(&ActionTarget::EveryHook)
            || targets.contains(&ActionTarget::Hook(hook.guid))
    };
    let is_alerted = |hook: &Hook| hook.active && hook.kinds.contains(&Kind::EventAlert) && is_meant(hook);
    let text = "sends nothing until a hook that it alerts is active and has event.alert among its events";
    if hooks.iter().any(is_alerted) { None } else { Some(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn actions_for_hooks_are_not_idle() {
        assert_eq!(idle_actions(&[json!({"id": store::rules::NOTIFY_EVENT})]), None);
        assert_eq!(idle_actions(&[]), None);
    }

    #[test]
    fn each_id_that_does_nothing_is_named_once_and_many_are_counted() {
        let mail = json!({"id": "sentry.mail.actions.NotifyEmailAction"});
        assert_eq!(
            idle_actions(&[mail.clone(), mail]).unwrap(),
            "kept without effect, Watchfire alerts service hooks only: sentry.mail.actions.NotifyEmailAction"
        );
        let many: Vec<Value> = (0..7).map(|number| json!({"id": format!("a{number}")})).collect();
        assert!(idle_actions(&many).unwrap().ends_with("a0, a1, a2, a3, a4 and 2 more"));
    }
}
