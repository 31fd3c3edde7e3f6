//! What is no node, and the sentence that says so.

use serde_json::{Value, json};

use super::*;
use crate::rules::label;

fn sentence(node: &Value) -> String {
    read(node).expect_err(&node.to_string()).to_string()
}

/// A node of this id with these members, and the sentence it is refused with.
fn refused(id: &str, members: &Value, expected: &str) {
    let mut node = json!({"id": id});
    for (name, value) in members.as_object().unwrap() {
        node[name] = value.clone();
    }
    assert_eq!(sentence(&node), expected, "{node}");
}

#[test]
fn what_is_no_node_says_what_it_lacks() {
    for (node, expected) in [
        (json!(null), "Each item must be an object with an id and its parameters."),
        (json!("text"), "Each item must be an object with an id and its parameters."),
        (json!([{}]), "Each item must be an object with an id and its parameters."),
        (json!({}), "Missing attribute 'id'."),
        (json!({"id": null}), "Missing attribute 'id'."),
        (json!({"id": 5}), "Missing attribute 'id'."),
        (json!({"id": ""}), "'' is not a known condition or filter."),
        (json!({"id": "sentry.rules.conditions."}), "'sentry.rules.conditions.' is not a known condition or filter."),
        (
            json!({"id": "first_seen_event.FirstSeenEventCondition"}),
            "'first_seen_event.FirstSeenEventCondition' is not a known condition or filter.",
        ),
        (
            json!({"id": "sentry.rules.actions.notify_event.NotifyEventAction"}),
            "'sentry.rules.actions.notify_event.NotifyEventAction' is not a known condition or filter.",
        ),
    ] {
        assert_eq!(sentence(&node), expected, "{node}");
    }
}

#[test]
fn what_needs_data_that_is_not_kept_says_which() {
    for (id, what) in [
        ("sentry.rules.conditions.event_frequency.EventFrequencyPercentCondition", "counts of sessions"),
        ("sentry.rules.filters.assigned_to.AssignedToFilter", "assignees"),
        (
            "sentry.rules.filters.latest_adopted_release_filter.LatestAdoptedReleaseFilter",
            "how far releases are adopted",
        ),
        ("sentry.rules.filters.issue_severity.IssueSeverityFilter", "a severity score of issues"),
    ] {
        let expected = format!("'{id}' needs {what}, which Watchfire does not keep: it could never be true.");
        refused(id, &json!({"value": 1, "interval": "1h"}), &expected);
    }
}

#[test]
fn frequencies_say_which_parameter_is_wrong() {
    let id = "sentry.rules.conditions.event_frequency.EventFrequencyCondition";
    for (members, expected) in [
        (json!({"interval": "1h"}), "value: This field is required."),
        (json!({"interval": "1h", "value": null}), "value: This field is required."),
        (json!({"interval": "1h", "value": " "}), "value: This field is required."),
        (json!({"interval": "1h", "value": -1}), "value: Enter a whole number, 0 or more."),
        (json!({"interval": "1h", "value": 1.5}), "value: Enter a whole number, 0 or more."),
        (json!({"interval": "1h", "value": "ten"}), "value: Enter a whole number, 0 or more."),
        (json!({"interval": "1h", "value": "1."}), "value: Enter a whole number, 0 or more."),
        (json!({"interval": "1h", "value": "+1"}), "value: Enter a whole number, 0 or more."),
        (json!({"interval": "1h", "value": [1]}), "value: Enter a whole number, 0 or more."),
        (json!({"interval": "1h", "value": u64::MAX}), "value: Enter a whole number, 0 or more."),
        (json!({"interval": "1h", "value": 1e300}), "value: Enter a whole number, 0 or more."),
        (json!({"value": 1}), "interval: This field is required."),
        (json!({"value": 1, "interval": "2h"}), "interval: Select a valid choice: 1m, 5m, 15m, 1h, 1d, 1w, 30d."),
        (
            json!({"value": 1, "interval": "1h", "comparisonType": "ratio"}),
            "comparisonType: Select a valid choice: count, percent.",
        ),
        (
            json!({"value": 1, "interval": "1h", "comparisonType": 5}),
            "comparisonType: Select a valid choice: count, percent.",
        ),
        (
            json!({"value": 1, "interval": "1h", "comparisonType": "percent"}),
            "comparisonInterval: This field is required.",
        ),
        (
            json!({"value": 1, "interval": "1h", "comparisonType": "percent", "comparisonInterval": ""}),
            "comparisonInterval: This field is required.",
        ),
        (
            json!({"value": 1, "interval": "1h", "comparisonType": "percent", "comparisonInterval": "1m"}),
            "comparisonInterval: Select a valid choice: 5m, 15m, 1h, 1d, 1w, 30d.",
        ),
        (
            json!({"value": 1, "interval": "1h", "comparisonInterval": "never"}),
            "comparisonInterval: Select a valid choice: 5m, 15m, 1h, 1d, 1w, 30d.",
        ),
    ] {
        refused(id, &members, expected);
    }
}

#[test]
fn tags_attributes_and_levels_say_which_parameter_is_wrong() {
    let tag = "sentry.rules.filters.tagged_event.TaggedEventFilter";
    let attribute = "sentry.rules.conditions.event_attribute.EventAttributeCondition";
    let level = "sentry.rules.filters.level.LevelFilter";
    let codes = "match: Select a valid choice: eq, ne, sw, nsw, ew, new, co, nc, is, ns, in, nin.";
    for (id, members, expected) in [
        (tag, json!({"match": "eq", "value": "v"}), "key: This field is required."),
        (tag, json!({"key": " ", "match": "eq", "value": "v"}), "key: This field is required."),
        (tag, json!({"key": "sentry:", "match": "eq", "value": "v"}), "key: This field is required."),
        (tag, json!({"key": "k", "value": "v"}), "match: This field is required."),
        (tag, json!({"key": "k", "match": "like", "value": "v"}), codes),
        (tag, json!({"key": "k", "match": "EQ", "value": "v"}), codes),
        (tag, json!({"key": "k", "match": "eq"}), "value: This field is required."),
        (tag, json!({"key": "k", "match": "eq", "value": ""}), "value: This field is required."),
        (tag, json!({"key": "k", "match": "ne", "value": " "}), "value: This field is required."),
        (tag, json!({"key": "k", "match": "in", "value": null}), "value: This field is required."),
        (tag, json!({"key": "k", "match": "in", "value": ["v"]}), "value: This field is required."),
        (attribute, json!({"match": "eq", "value": "v"}), "attribute: This field is required."),
        (
            attribute,
            json!({"attribute": "stacktrace.lineno", "match": "eq", "value": "v"}),
            "attribute: 'stacktrace.lineno' is not an attribute of an event.",
        ),
        (attribute, json!({"attribute": "message", "match": "gte", "value": "v"}), codes),
        (level, json!({"level": "40"}), "match: This field is required."),
        (level, json!({"match": "ne", "level": "40"}), "match: Select a valid choice: eq, gte, lte."),
        (level, json!({"match": "eq"}), "level: This field is required."),
        (level, json!({"match": "eq", "level": "45"}), "level: Select a valid choice: 50, 40, 30, 20, 10, 0."),
        (level, json!({"match": "eq", "level": "error"}), "level: Select a valid choice: 50, 40, 30, 20, 10, 0."),
    ] {
        refused(id, &members, expected);
    }
}

#[test]
fn ages_occurrences_and_categories_say_which_parameter_is_wrong() {
    let age = "sentry.rules.filters.age_comparison.AgeComparisonFilter";
    let occurrences = "sentry.rules.filters.issue_occurrences.IssueOccurrencesFilter";
    let category = "sentry.rules.filters.issue_category.IssueCategoryFilter";
    let issue_type = "sentry.rules.filters.issue_type.IssueTypeFilter";
    for (id, members, expected) in [
        (age, json!({"value": 1, "time": "day"}), "comparison_type: This field is required."),
        (
            age,
            json!({"comparison_type": "same", "value": 1, "time": "day"}),
            "comparison_type: Select a valid choice: older, newer.",
        ),
        (age, json!({"comparison_type": "older", "value": 1}), "time: This field is required."),
        (
            age,
            json!({"comparison_type": "older", "value": 1, "time": "year"}),
            "time: Select a valid choice: minute, hour, day, week.",
        ),
        (age, json!({"comparison_type": "older", "time": "day"}), "value: This field is required."),
        (occurrences, json!({}), "value: This field is required."),
        (occurrences, json!({"value": "many"}), "value: Enter a whole number, 0 or more."),
        (category, json!({}), "value: This field is required."),
        (category, json!({"value": 0}), "value: Select a valid choice: 1, 2, 3, 4, 5, 6."),
        (category, json!({"value": 1, "include": 1}), "include: Select a valid choice: true, false."),
        (issue_type, json!({}), "value: This field is required."),
    ] {
        refused(id, &members, expected);
    }
}

#[test]
fn a_presence_code_needs_no_value_and_a_name_for_people_is_not_read() {
    for code in ["is", "ns"] {
        let node = json!({"id": "sentry.rules.filters.tagged_event.TaggedEventFilter", "key": "k", "match": code, "name": "…"});
        assert!(read(&node).is_ok());
    }
}

/// Every node of D3 and D4 that is kept, once.
pub(super) fn every_node() -> Vec<Value> {
    let (conditions, filters) = (CONDITIONS, FILTERS);
    let frequency =
        |name: &str| json!({"id": format!("{conditions}event_frequency.{name}"), "value": 3, "interval": "1h"});
    vec![
        json!({"id": format!("{conditions}first_seen_event.FirstSeenEventCondition")}),
        json!({"id": format!("{conditions}regression_event.RegressionEventCondition")}),
        json!({"id": format!("{conditions}reappeared_event.ReappearedEventCondition")}),
        json!({"id": format!("{conditions}every_event.EveryEventCondition")}),
        frequency("EventFrequencyCondition"),
        frequency("EventUniqueUserFrequencyCondition"),
        frequency("EventUniqueUserFrequencyConditionWithConditions"),
        json!({"id": format!("{conditions}high_priority_issue.NewHighPriorityIssueCondition")}),
        json!({"id": format!("{conditions}high_priority_issue.ExistingHighPriorityIssueCondition")}),
        json!({"id": format!("{conditions}level.LevelCondition"), "match": "gte", "level": 40}),
        json!({"id": format!("{conditions}tagged_event.TaggedEventCondition"), "key": "a", "match": "eq", "value": "b"}),
        json!({"id": format!("{conditions}event_attribute.EventAttributeCondition"), "attribute": "message",
               "match": "co", "value": "b"}),
        json!({"id": format!("{filters}event_attribute.EventAttributeCondition"), "attribute": "message",
               "match": "co", "value": "b"}),
        json!({"id": format!("{filters}age_comparison.AgeComparisonFilter"), "comparison_type": "older", "value": "10",
               "time": "minute"}),
        json!({"id": format!("{filters}issue_occurrences.IssueOccurrencesFilter"), "value": "10"}),
        json!({"id": format!("{filters}latest_release.LatestReleaseFilter")}),
        json!({"id": format!("{filters}issue_category.IssueCategoryFilter"), "value": "1"}),
        json!({"id": format!("{filters}issue_type.IssueTypeFilter"), "value": "error"}),
        level("lte", "40"),
        tag("a", "eq", "b"),
        attribute("message", "co", "b"),
    ]
}

#[test]
fn every_node_of_sentry_s_that_can_hold_is_read_and_has_a_sentence() {
    for node in every_node() {
        let read = read(&node).unwrap_or_else(|error| panic!("{node}: {error}"));
        assert!(label(&read).len() > 10, "{node}");
    }
}

#[test]
fn a_hook_s_filters_refuse_what_the_store_must_say() {
    for node in every_node() {
        let here = Node::read(&node, NodePlace::HookFilter);
        match read(&node).unwrap() {
            Node::Event(_) => assert!(here.is_ok(), "{node}"),
            Node::State(_) => {
                let id = node["id"].as_str().unwrap();
                let expected = format!("'{id}' cannot filter a hook: only level, tag and attribute filters can.");
                assert_eq!(here.unwrap_err().to_string(), expected);
            }
        }
    }
}
