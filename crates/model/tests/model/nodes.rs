//! Nodes as anyone may write them: reading one never panics, and what is read can be asked, explained and named.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use protocol::event::Event;
use serde_json::{Map, Value, json};
use watchfire_model::ids::RuleId;
use watchfire_model::loops::Hop;
use watchfire_model::rules::{Clause, EventView, Matcher, Node, NodePlace, Quantifier, Rule, Targets, label};

const IDS: [&str; 21] = [
    "conditions.first_seen_event.FirstSeenEventCondition",
    "conditions.regression_event.RegressionEventCondition",
    "conditions.reappeared_event.ReappearedEventCondition",
    "conditions.every_event.EveryEventCondition",
    "conditions.event_frequency.EventFrequencyCondition",
    "conditions.event_frequency.EventUniqueUserFrequencyCondition",
    "conditions.event_frequency.EventUniqueUserFrequencyConditionWithConditions",
    "conditions.event_frequency.EventFrequencyPercentCondition",
    "conditions.high_priority_issue.NewHighPriorityIssueCondition",
    "conditions.level.LevelCondition",
    "filters.age_comparison.AgeComparisonFilter",
    "filters.issue_occurrences.IssueOccurrencesFilter",
    "filters.assigned_to.AssignedToFilter",
    "filters.latest_release.LatestReleaseFilter",
    "filters.issue_category.IssueCategoryFilter",
    "filters.issue_type.IssueTypeFilter",
    "filters.level.LevelFilter",
    "filters.tagged_event.TaggedEventFilter",
    "filters.event_attribute.EventAttributeFilter",
    "conditions.",
    "actions.notify_event.NotifyEventAction",
];

const NAMES: [&str; 12] = [
    "value",
    "interval",
    "comparisonType",
    "comparisonInterval",
    "match",
    "level",
    "key",
    "attribute",
    "comparison_type",
    "time",
    "include",
    "name",
];

const WORDS: [&str; 22] = [
    "1h",
    "30d",
    "1m",
    "count",
    "percent",
    "eq",
    "ns",
    "gte",
    "in",
    "40",
    "5.0",
    "older",
    "newer",
    "week",
    "false",
    "error",
    "message",
    "extra.a.b",
    "user.x",
    "sentry:",
    " ",
    "a,b,",
];

/// Any JSON, of which many texts have a meaning somewhere.
fn json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        4 => prop::sample::select(&WORDS[..]).prop_map(|word| json!(word)),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(|boolean| json!(boolean)),
        2 => any::<i64>().prop_map(|number| json!(number)),
        2 => (0..100_u64).prop_map(|number| json!(number)),
        1 => any::<f64>().prop_map(|number| json!(number)),
        1 => any::<u64>().prop_map(|number| json!(number)),
        1 => "\\PC{0,12}".prop_map(|text| json!(text)),
    ];
    scalar.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec(("[a-z]{0,3}", inner), 0..4)
                .prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

fn node() -> impl Strategy<Value = Value> {
    let members = prop::collection::vec((prop::sample::select(&NAMES[..]), json()), 0..8);
    let id = prop_oneof![8 => prop::sample::select(&IDS[..]).prop_map(|id| json!(format!("sentry.rules.{id}"))), 1 => json()];
    (id, members).prop_map(|(id, members)| {
        let mut node = json!({ "id": id });
        for (name, value) in members {
            node[name] = value;
        }
        node
    })
}

fn check(written: &Value) {
    for place in [NodePlace::Condition, NodePlace::Filter, NodePlace::HookFilter] {
        let node = match Node::read(written, place) {
            Ok(node) => node,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                continue;
            }
        };
        assert!(!label(&node).is_empty());
        let clause = Clause { quantifier: Quantifier::Any, nodes: vec![node] };
        let rule = Rule {
            id: RuleId::new(1).unwrap(),
            name: String::new(),
            environment: None,
            conditions: clause.clone(),
            filters: clause,
            frequency: Duration::from_secs(300),
            targets: Targets::EveryHook,
            silent_until: None,
        };
        let event = Event::default();
        let view = EventView::new(&event, "title", None);
        let explained = rule.explain(&view).verdict();
        let candidates = Arc::new(Matcher::new(vec![rule], Vec::new())).candidates(Hop(0), &view);
        assert_eq!(candidates.rules.is_empty(), explained == watchfire_model::rules::Verdict::Fails);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_json_is_a_node_or_an_error_that_says_something(written in json()) {
        check(&written);
    }

    #[test]
    fn a_node_with_any_parameters_is_read_or_refused(written in node()) {
        check(&written);
    }
}
