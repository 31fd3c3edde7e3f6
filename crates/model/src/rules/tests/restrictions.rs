//! Counters: which a rule asks for, which rules share one, and which events count for one.

use serde_json::{Value, json};

use super::*;
use crate::rules::{Counter, CounterHit, Interval};

/// Names of counters, as rows have them.
const PINNED: [i64; 3] = [-1162016051588739047, 2497568134710156892, -2502523680040435120];

fn frequency(name: &str, interval: &str) -> Value {
    json!({"id": format!("{CONDITIONS}event_frequency.{name}"), "value": 3, "interval": interval})
}

fn events(interval: &str) -> Value {
    frequency("EventFrequencyCondition", interval)
}

fn users(interval: &str) -> Value {
    frequency("EventUniqueUserFrequencyCondition", interval)
}

fn restricted(interval: &str) -> Value {
    frequency("EventUniqueUserFrequencyConditionWithConditions", interval)
}

fn counting(filters: Clause, nodes: &[Value]) -> Rule {
    rule(1, filters, clause(Quantifier::Any, nodes))
}

fn counters(rule: &Rule) -> Vec<Counter> {
    rule.counters()
}

fn hits(rules: Vec<Rule>, event: &Value) -> Vec<CounterHit> {
    let matcher = Arc::new(Matcher::new(rules, Vec::new()));
    with_view(event, |view| matcher.candidates(Hop(0), view).rules.counters().to_vec())
}

#[test]
fn a_rule_asks_for_one_counter_for_each_frequency_wherever_it_stands() {
    let both = Rule {
        filters: clause(Quantifier::All, &[events("1d")]),
        ..counting(Clause::default(), &[users("1m"), tag("a", "is", "")])
    };
    let found: Vec<_> =
        counters(&both).iter().map(|it| (it.counts_users, it.bucket_seconds, it.reach_seconds)).collect();
    assert_eq!(found, [(false, 900, 86_400 + 900), (true, 5, 60 + 5)]);
}

#[test]
fn a_comparison_with_earlier_reaches_back_further() {
    let mut node = events("1h");
    node["comparisonType"] = json!("percent");
    node["comparisonInterval"] = json!("1w");
    let reach = counters(&counting(Clause::default(), &[node]))[0].reach_seconds;
    assert_eq!(reach, 3_600 + Interval::Week.seconds() + 60);
    let window = Interval::Hour.ending_before(crate::ids::Millis(1_704_067_203_999), Interval::Week);
    assert!(window.first_s >= 1_704_067_203 - reach);
}

#[test]
fn rules_share_a_counter_exactly_where_they_count_the_same() {
    let key = |filters: Clause, environment: Option<&str>, node: Value| {
        let rule = Rule { environment: environment.map(str::to_owned), ..counting(filters, &[node]) };
        counters(&rule)[0].key
    };
    let plain = || key(Clause::default(), None, events("1m"));
    assert_eq!(
        plain(),
        key(clause(Quantifier::All, &[tag("a", "is", "")]), None, events("1m")),
        "whatever the filters"
    );
    assert_ne!(plain(), key(Clause::default(), None, events("5m")), "another reach");
    assert_ne!(plain(), key(Clause::default(), None, events("1h")), "other buckets");
    assert_ne!(plain(), key(Clause::default(), None, users("1m")), "users");
    assert_ne!(plain(), key(Clause::default(), Some("prod"), events("1m")), "an environment");
    assert_ne!(key(Clause::default(), Some("a"), events("1m")), key(Clause::default(), Some("b"), events("1m")));
    let filtered = |nodes: &[Value]| key(clause(Quantifier::All, nodes), None, restricted("1h"));
    assert_eq!(filtered(&[tag("a", "eq", "1")]), filtered(&[level("eq", "40"), tag("A", "eq", "1")]));
    assert_ne!(filtered(&[tag("a", "eq", "1")]), filtered(&[tag("a", "eq", "2")]));
    assert_ne!(filtered(&[tag("a", "eq", "1")]), filtered(&[tag("a", "ne", "1")]));
    assert_ne!(filtered(&[tag("a", "eq", "1")]), key(Clause::default(), None, restricted("1h")));
    assert_ne!(filtered(&[tag("a", "in", "1"), tag("b", "is", "")]), filtered(&[tag("a", "in", "1,b,is")]));
    let none = clause(Quantifier::None, &[tag("a", "eq", "1")]);
    assert_ne!(filtered(&[tag("a", "eq", "1")]), key(none, None, restricted("1h")));
}

#[test]
fn counter_names_are_pinned_because_rows_keep_them() {
    let filters = clause(Quantifier::All, &[tag("a", "in", "1,2")]);
    let rule = Rule {
        environment: Some("prod".to_owned()),
        ..counting(filters, &[events("1m"), users("1h"), restricted("1d")])
    };
    let keys: Vec<_> = counters(&rule).iter().map(|counter| counter.key.0).collect();
    assert_eq!(keys, PINNED);
}

#[test]
fn an_event_counts_for_each_counter_once_however_many_rules_ask() {
    let rules = vec![
        rule(1, Clause::default(), clause(Quantifier::All, &[events("1m"), events("1m")])),
        rule(
            2,
            clause(Quantifier::All, &[tag("a", "eq", "no")]),
            clause(Quantifier::Any, &[events("1m"), users("1m")]),
        ),
    ];
    // The second rule is ruled out, and its counter goes on counting.
    let found = hits(rules, &json!({"message": "m"}));
    assert_eq!(
        found.iter().map(|hit| (hit.counts_users, hit.bucket_seconds)).collect::<Vec<_>>(),
        [(false, 5), (true, 5)]
    );
}

#[test]
fn a_counter_of_an_environment_counts_only_its_events() {
    let rule = Rule { environment: Some("prod".to_owned()), ..counting(Clause::default(), &[events("1h")]) };
    assert_eq!(hits(vec![rule.clone()], &json!({"message": "m", "environment": "prod"})).len(), 1);
    assert_eq!(hits(vec![rule.clone()], &json!({"message": "m", "environment": "dev"})).len(), 0);
    assert_eq!(hits(vec![rule], &json!({"message": "m"})).len(), 0);
}

#[test]
fn a_restricted_counter_counts_events_that_pass_the_rule_s_tag_filters_and_looks_at_no_other() {
    use Quantifier::{All, Any, None as No};
    let nodes = [tag("a", "eq", "1"), tag("b", "is", ""), level("eq", "50"), attribute("platform", "eq", "none")];
    for (tags, all, any, none) in [
        (json!({"a": "1", "b": "x"}), true, true, false),
        (json!({"a": "1"}), false, true, false),
        (json!({"b": "x"}), false, true, false),
        (json!({"c": "x"}), false, false, true),
    ] {
        for (quantifier, counts) in [(All, all), (Any, any), (No, none)] {
            let rule = counting(clause(quantifier, &nodes), &[restricted("1h")]);
            let found = hits(vec![rule], &json!({"message": "m", "tags": tags}));
            assert_eq!(found.len(), usize::from(counts), "{quantifier:?} {tags}");
        }
    }
    // Without tag filters every event counts.
    let rule = counting(clause(All, &[level("eq", "50")]), &[restricted("1h")]);
    assert_eq!(hits(vec![rule], &json!({"message": "m"})).len(), 1);
}
