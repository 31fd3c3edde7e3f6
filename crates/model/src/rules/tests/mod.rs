//! Rules over events as SDKs send them: each payload is normalised and stored, so that paths and names are real.

mod attributes;
mod candidates;
mod levels;
mod refused;
mod restrictions;
mod tags;

use std::sync::Arc;

use protocol::EventId;
use protocol::event::{Context, Event, Scratch, normalise};
use protocol::json::{Document, Tape};
use serde_json::{Value, json};

use super::{
    Clause, EventView, HookFilter, Matcher, Node, NodeError, NodePlace, Quantifier, Rule, Source, Subscription,
    Targets, Verdict, Wants,
};
use crate::ids::{HookNumber, RuleId};
use crate::loops::Hop;
use crate::payload::event_value;
use crate::title::Title;

pub(super) const CONDITIONS: &str = "sentry.rules.conditions.";
pub(super) const FILTERS: &str = "sentry.rules.filters.";

/// Calls `check` with the event of this payload, its title, and what is stored of it.
pub(super) fn with_event<T>(payload: &Value, check: impl FnOnce(&Event<'_>, &str, &Document<'_, '_>) -> T) -> T {
    let context = Context {
        received: 1_795_416_330_000_000,
        sent_at: None,
        header_event_id: None,
        spare_event_id: EventId([0xab; 16]),
        client_ip: None,
        scrub: true,
    };
    let payload = payload.to_string();
    let event = normalise(payload.as_bytes(), &context, &mut Scratch::default()).unwrap();
    let title = Title::of(&event);
    let value = event_value(&event, &title);
    check(&event, title.as_str(), &Tape::new().parse(&value).unwrap())
}

/// Calls `check` with the event of this payload as rules see it.
pub(super) fn with_view<T>(payload: &Value, check: impl FnOnce(&EventView<'_, '_>) -> T) -> T {
    with_event(payload, |event, title, document| check(&EventView::new(event, title, Some(document))))
}

/// The texts that the event has under a name.
pub(super) fn values(payload: &Value, source: &Source) -> Vec<String> {
    with_view(payload, |view| view.values(source).iter().map(str::to_owned).collect())
}

pub(super) fn read(node: &Value) -> Result<Node, NodeError> {
    Node::read(node, NodePlace::Condition)
}

pub(super) fn clause(quantifier: Quantifier, nodes: &[Value]) -> Clause {
    Clause { quantifier, nodes: nodes.iter().map(|node| read(node).unwrap()).collect() }
}

pub(super) fn rule(id: i64, filters: Clause, conditions: Clause) -> Rule {
    Rule {
        id: RuleId::new(id).unwrap(),
        name: format!("rule {id}"),
        environment: None,
        conditions,
        filters,
        frequency: std::time::Duration::from_secs(300),
        targets: Targets::EveryHook,
        silent_until: None,
    }
}

pub(super) fn hook(number: u32, filters: Clause) -> HookFilter {
    let hook = HookNumber::new(number).unwrap();
    HookFilter { subscription: Subscription { hook, wants: Wants::Both }, filters }
}

/// Ids of the rules that the event leaves to decide.
pub(super) fn candidates(rules: Vec<Rule>, payload: &Value) -> Vec<i64> {
    let matcher = Arc::new(Matcher::new(rules, Vec::new()));
    with_view(payload, |view| matcher.candidates(Hop(0), view).rules.rules().map(|rule| rule.id.get()).collect())
}

/// Whether the event passes the node, wherever it stands and whoever is asked.
pub(super) fn passes(payload: &Value, node: &Value) -> bool {
    let one = || clause(Quantifier::All, std::slice::from_ref(node));
    let as_filter = rule(1, one(), Clause::default());
    let as_condition = rule(2, Clause::default(), one());
    with_view(payload, |view| {
        let explained = [&as_filter, &as_condition].map(|rule| rule.explain(view).verdict());
        let hook = hook(3, one());
        let hook_explained = hook.explain(view).1;
        let matcher = Arc::new(Matcher::new(vec![as_filter.clone(), as_condition.clone()], vec![hook]));
        let found = matcher.candidates(Hop(0), view);
        let holds = !found.created.is_empty();
        assert_eq!(found.rules.len(), if holds { 2 } else { 0 }, "{node}");
        assert_eq!(found.alerted, found.created, "{node}");
        let verdict = if holds { Verdict::Holds } else { Verdict::Fails };
        assert_eq!((explained, hook_explained), ([verdict, verdict], verdict), "{node}");
        holds
    })
}

pub(super) fn tag(key: &str, code: &str, value: &str) -> Value {
    json!({"id": format!("{FILTERS}tagged_event.TaggedEventFilter"), "key": key, "match": code, "value": value})
}

pub(super) fn attribute(name: &str, code: &str, value: &str) -> Value {
    let id = format!("{FILTERS}event_attribute.EventAttributeFilter");
    json!({"id": id, "attribute": name, "match": code, "value": value})
}

pub(super) fn level(order: &str, level: &str) -> Value {
    json!({"id": format!("{FILTERS}level.LevelFilter"), "match": order, "level": level})
}
