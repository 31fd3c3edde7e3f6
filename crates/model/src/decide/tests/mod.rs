//! What an event owes, with a store of the tests' own that says what each test wants and remembers what it was asked.

mod nodes;
mod owed;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use protocol::event::{Event, Level};
use serde_json::{Value, json};

use super::*;
use crate::loops::Hop;
use crate::rules::{
    Clause, EventView, HookFilter, Interval, Matcher, Node, NodePlace, Quantifier, Rule, RuleCandidates, Subscription,
    Targets, Wants,
};

pub(super) const NOW: Millis = Millis(1_704_067_200_000);

#[derive(Default, Clone)]
pub(super) struct Facts {
    pub(super) fired: HashMap<i64, Millis>,
    /// By whether users are counted and the window; the same for every counter.
    pub(super) counts: HashMap<(bool, BucketWindow), u64>,
    pub(super) is_latest: bool,
    pub(super) asked: Vec<String>,
}

impl StoreFacts for Facts {
    type Error = Infallible;

    fn last_fired(&mut self, rule: RuleId) -> Result<Option<Millis>, Infallible> {
        self.asked.push(format!("fired {rule}"));
        Ok(self.fired.get(&rule.get()).copied())
    }

    fn count(&mut self, asked: Asked) -> Result<u64, Infallible> {
        self.asked.push(if asked.counts_users { "users" } else { "events" }.to_owned());
        Ok(self.counts.get(&(asked.counts_users, asked.window)).copied().unwrap_or(0))
    }

    fn has_latest_release(&mut self, environment: Option<&str>) -> Result<bool, Infallible> {
        self.asked.push(format!("latest release of {}", environment.unwrap_or("the project")));
        Ok(self.is_latest)
    }
}

pub(super) fn node(json: &Value) -> Node {
    Node::read(json, NodePlace::Condition).unwrap()
}

pub(super) fn clause(quantifier: Quantifier, nodes: &[Value]) -> Clause {
    Clause { quantifier, nodes: nodes.iter().map(node).collect() }
}

pub(super) fn rule(id: i64, conditions: Clause) -> Rule {
    Rule {
        id: RuleId::new(id).unwrap(),
        name: format!("rule {id}"),
        environment: None,
        conditions,
        filters: Clause::default(),
        frequency: Duration::from_secs(1800),
        targets: Targets::EveryHook,
        silent_until: None,
    }
}

pub(super) fn on(id: i64, condition: &Value) -> Rule {
    rule(id, clause(Quantifier::All, std::slice::from_ref(condition)))
}

pub(super) fn hook(number: u32, wants: Wants) -> HookFilter {
    let subscription = Subscription { hook: HookNumber::new(number).unwrap(), wants };
    HookFilter { subscription, filters: Clause::default() }
}

pub(super) fn condition(name: &str) -> Value {
    json!({"id": format!("sentry.rules.conditions.{name}")})
}

pub(super) fn filter(name: &str) -> Value {
    json!({"id": format!("sentry.rules.filters.{name}")})
}

pub(super) fn tag_is(value: &str) -> Value {
    json!({"id": "sentry.rules.filters.tagged_event.TaggedEventFilter", "key": "a", "match": "eq", "value": value})
}

pub(super) fn frequency(name: &str, value: u64, interval: &str) -> Value {
    json!({"id": format!("sentry.rules.conditions.event_frequency.{name}"), "value": value, "interval": interval})
}

pub(super) fn age(kind: &str, minutes: u64) -> Value {
    json!({"id": "sentry.rules.filters.age_comparison.AgeComparisonFilter", "comparison_type": kind, "value": minutes,
           "time": "minute"})
}

pub(super) fn occurrences(least: u64) -> Value {
    json!({"id": "sentry.rules.filters.issue_occurrences.IssueOccurrencesFilter", "value": least})
}

/// An issue that has been there for an hour.
pub(super) fn issue() -> IssueState {
    IssueState {
        turn: Turn::Repeated,
        is_new_in_environment: false,
        status: IssueStatus::Unresolved,
        priority: IssuePriority::High,
        first_seen: Millis(NOW.0 - 3_600_000),
        times_seen: 10,
        now: NOW,
    }
}

pub(super) fn new_issue() -> IssueState {
    IssueState { turn: Turn::New, is_new_in_environment: true, first_seen: NOW, times_seen: 1, ..issue() }
}

/// Candidates of an event with the tag `a` = `1` in `prod`, for a hook on both kinds.
pub(super) fn candidates(rules: Vec<Rule>, hop: Hop) -> EventCandidates {
    candidates_of(rules, vec![hook(1, Wants::Both)], hop)
}

pub(super) fn candidates_of(rules: Vec<Rule>, hooks: Vec<HookFilter>, hop: Hop) -> EventCandidates {
    let tags = vec![("a".into(), "1".into())];
    let event = Event { environment: Some("prod".into()), tags, ..Event::default() };
    Arc::new(Matcher::new(rules, hooks)).candidates(hop, &EventView::new(&event, "title", None))
}

pub(super) fn decided(rules: Vec<Rule>, issue: &IssueState, facts: &mut Facts) -> Owed {
    let candidates = candidates(rules, Hop(0));
    let said = said(&candidates.rules, issue, &mut facts.clone());
    let Ok(owed) = decide(&candidates, issue, facts);
    if issue.status == IssueStatus::Unresolved {
        let fire = said.iter().filter(|verdict| verdict.outcome == RuleOutcome::Fires).map(|verdict| verdict.rule);
        assert!(fire.eq(owed.fired.iter().map(|fired| fired.rule)), "what is said to fire is what fires: {said:?}");
    }
    owed
}

pub(super) fn fires(rule: Rule, issue: &IssueState, facts: &mut Facts) -> bool {
    !decided(vec![rule], issue, facts).fired.is_empty()
}

/// What is said of each rule to people who ask.
pub(super) fn said(candidates: &RuleCandidates, issue: &IssueState, facts: &mut Facts) -> Vec<RuleVerdict> {
    let Ok(verdicts) = verdicts(candidates, issue, facts);
    verdicts
}

/// Whether a rule of this one condition fires, and what is said of why.
pub(super) fn holds(condition: &Value, issue: &IssueState, facts: &mut Facts) -> (bool, String) {
    let one = |quantifier| rule(1, clause(quantifier, std::slice::from_ref(condition)));
    let mut owed = decided(vec![one(Quantifier::All)], issue, facts);
    let holds = !owed.fired.is_empty();
    let negated = decided(vec![one(Quantifier::None)], issue, facts);
    assert_ne!(holds, !negated.fired.is_empty(), "{condition} holds or its negation does");
    if !holds {
        owed = negated;
    }
    let because = &owed.fired[0].because;
    assert!(because.iter().all(|decided| decided.holds == holds && decided.part == Part::Conditions));
    (holds, because.iter().map(|decided| decided.found.clone()).collect())
}
