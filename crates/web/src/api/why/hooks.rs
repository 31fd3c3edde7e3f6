//! Each hook, and what it was owed of one event.

use model::delivery_key::DeliveryId;
use model::rules::Verdict;
use serde::Serialize;
use store::catalog::Hook;
use store::ledger::StoredDelivery;
use webhook::Kind;

use super::super::hindsight::{NodeView, Part, node_names, node_views};
use super::super::time::iso;
use super::rules::AllJudged;

/// What became of a hook.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HookView {
    id: String,
    url: String,
    status: &'static str,
    events: Vec<&'static str>,
    /// `owed`, or what held it back.
    outcome: &'static str,
    why: &'static str,
    filter_match: &'static str,
    filters: Vec<NodeView>,
}

/// A webhook that is or was owed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeliveryView {
    id: String,
    /// `null` where the hook is deleted.
    hook_id: Option<String>,
    event: &'static str,
    status: &'static str,
    attempts: u32,
    last_outcome: Option<&'static str>,
    date_created: String,
}

/// The hooks, by number.
pub(super) fn views(hooks: &[Hook], judged: &AllJudged, deliveries: &[StoredDelivery]) -> Vec<HookView> {
    let view = |hook: &Hook| {
        let (outcome, why) = said(hook, judged, deliveries);
        let verdicts = judged.hooks.get(&hook.number).map(|(nodes, _)| nodes.as_slice()).unwrap_or_default();
        HookView {
            id: hook.guid.to_string(),
            url: hook.url.clone(),
            status: if hook.active { "active" } else { "disabled" },
            events: hook.kinds.iter().map(|kind| kind.as_str()).collect(),
            outcome,
            why,
            filter_match: hook.filter_match.as_str(),
            filters: node_views(&node_names(&hook.filters), verdicts, (Part::Filters, &[])),
        }
    };
    hooks.iter().map(view).collect()
}

/// What is said of a hook. What is owed is a row; whatever is not has one of these reasons, if nothing was changed since.
fn said(hook: &Hook, judged: &AllJudged, deliveries: &[StoredDelivery]) -> (&'static str, &'static str) {
    let is_on = |kind| hook.kinds.contains(&kind);
    let owed = deliveries.iter().any(|delivery| delivery.key.hook == hook.number);
    let passes = judged.hooks.get(&hook.number).map(|(_, whole)| *whole);
    let is_alerted = judged.alerted.iter().any(|targets| targets.contains(hook.number));
    if owed {
        ("owed", "The hook was owed a webhook about this event.")
    } else if hook.created > judged.received {
        ("newer", "The hook was made after this event.")
    } else if judged.hop.is_loop() {
        ("loop", "Webhooks have led to this event too often: it owes nothing, to end the loop.")
    } else if !hook.active {
        ("disabled", "The hook is disabled.")
    } else if hook.kinds.is_empty() {
        ("events", "The hook is on no event.")
    } else if passes == Some(Verdict::Fails) {
        ("filters", "The hook's filters do not match.")
    } else if is_on(Kind::EventCreated) || (is_on(Kind::EventAlert) && is_alerted) {
        ("changed", "The hook would be owed a webhook now, but it, or a rule, has been changed since.")
    } else if judged.alerted.is_empty() {
        ("noRule", "The hook is on alerts, and no rule fired.")
    } else {
        ("otherHook", "The hook is on alerts, and the rules that fired name other hooks.")
    }
}

impl DeliveryView {
    /// `None` of a key that no id can stand for.
    pub(super) fn of(delivery: &StoredDelivery, hooks: &[Hook]) -> Option<DeliveryView> {
        let key = &delivery.key;
        let id = DeliveryId::new(delivery.created, key.seq, key.hook, key.kind).ok()?;
        let hook = hooks.iter().find(|hook| hook.number == key.hook);
        Some(DeliveryView {
            id: id.to_string(),
            hook_id: hook.map(|hook| hook.guid.to_string()),
            event: key.kind.as_str(),
            status: delivery.state.as_str(),
            attempts: delivery.attempts.iter().map(|row| row.repeats).sum(),
            last_outcome: delivery.attempts.last().map(|row| row.attempt.outcome.as_str()),
            date_created: iso(delivery.created),
        })
    }
}
