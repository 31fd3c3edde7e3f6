//! `GET …/rules/configuration/`: what rules can be made of, for those who draw forms.
//!
//! Lists only what does something here: no condition that is refused, and of the actions those that alert hooks.

use axum::Json;
use model::rules::{Attribute, Interval, MatchCode};
use serde_json::{Map, Value, json};
use store::catalog::Hook;
use store::rules::{NOTIFY_EVENT, NOTIFY_EVENT_SERVICE, WEBHOOKS_SERVICE};

use super::super::error::Answer;
use super::super::lookup::{Call, ProjectPath};

const CONDITIONS: &str = "sentry.rules.conditions.";
const FILTERS: &str = "sentry.rules.filters.";

/// `GET …/rules/configuration/`
pub(in super::super) async fn configuration(call: Call<ProjectPath>) -> Answer<Json<Value>> {
    let project = call.project(super::READ).await?;
    let hooks = call.api.store.hooks(project.id).await?;
    Ok(Json(json!({"actions": actions(&hooks), "conditions": conditions(), "filters": filters()})))
}

fn actions(hooks: &[Hook]) -> Value {
    let all = json!([WEBHOOKS_SERVICE, "Every service hook"]);
    let services: Vec<Value> =
        std::iter::once(all).chain(hooks.iter().map(|hook| json!([hook.guid.to_string(), hook.url]))).collect();
    json!([
        {"id": NOTIFY_EVENT, "label": "Send an alert to every service hook", "enabled": true},
        node(NOTIFY_EVENT_SERVICE, "Send an alert to {service}", [("service", choice(services))]),
    ])
}

fn conditions() -> Vec<Value> {
    let plain = |id: &str, label: &str| node(&format!("{CONDITIONS}{id}"), label, []);
    let frequency =
        |class: &str, label: &str| node(&format!("{CONDITIONS}event_frequency.{class}"), label, frequency_fields());
    vec![
        plain("first_seen_event.FirstSeenEventCondition", "A new issue is created"),
        plain("regression_event.RegressionEventCondition", "The issue changes from resolved to unresolved"),
        plain("reappeared_event.ReappearedEventCondition", "The issue changes from ignored to unresolved"),
        plain("high_priority_issue.NewHighPriorityIssueCondition", "A new issue of high priority is created"),
        plain("high_priority_issue.ExistingHighPriorityIssueCondition", "An ignored issue of high priority comes back"),
        plain("every_event.EveryEventCondition", "An event arrives"),
        frequency("EventFrequencyCondition", "The issue is seen more than {value} times in {interval}"),
        frequency("EventUniqueUserFrequencyCondition", "The issue is seen by more than {value} users in {interval}"),
        frequency(
            "EventUniqueUserFrequencyConditionWithConditions",
            "The issue is seen, on events that pass the tag filters, by more than {value} users in {interval}",
        ),
    ]
}

fn filters() -> Vec<Value> {
    let filter =
        |id: &str, label: &str, fields: Vec<(&'static str, Value)>| node(&format!("{FILTERS}{id}"), label, fields);
    let codes = || choice(MatchCode::ALL.map(|code| json!([code.as_str(), code.words()])));
    let attributes = choice(Attribute::NAMES.map(|name| json!([name, name])));
    let ages = choice([json!(["older", "older"]), json!(["newer", "newer"])]);
    let units = choice(["minute", "hour", "day", "week"].map(|unit| json!([unit, format!("{unit}(s)")])));
    let orders = [("eq", "equal to"), ("gte", "greater than or equal to"), ("lte", "less than or equal to")];
    let levels =
        [("50", "fatal"), ("40", "error"), ("30", "warning"), ("20", "info"), ("10", "debug"), ("0", "sample")];
    let pairs = |pairs: &[(&str, &str)]| choice(pairs.iter().map(|(value, words)| json!([value, words])));
    vec![
        filter(
            "age_comparison.AgeComparisonFilter",
            "The issue is {comparison_type} than {value} {time}",
            vec![("comparison_type", ages), ("value", number(10)), ("time", units)],
        ),
        filter(
            "issue_occurrences.IssueOccurrencesFilter",
            "The issue has happened at least {value} times",
            vec![("value", number(10))],
        ),
        filter("latest_release.LatestReleaseFilter", "The event is from the latest release", Vec::new()),
        filter(
            "event_attribute.EventAttributeFilter",
            "The event's {attribute} value {match} {value}",
            vec![("attribute", attributes), ("match", codes()), ("value", string("value"))],
        ),
        filter(
            "tagged_event.TaggedEventFilter",
            "The event's tags match {key} {match} {value}",
            vec![("key", string("key")), ("match", codes()), ("value", string("value"))],
        ),
        filter(
            "level.LevelFilter",
            "The event's level is {match} {level}",
            vec![("match", pairs(&orders)), ("level", pairs(&levels))],
        ),
    ]
}

/// What every frequency condition asks for. A comparison in percent wants a `comparisonInterval` besides.
fn frequency_fields() -> [(&'static str, Value); 4] {
    let intervals = |least: Interval| {
        let long_enough = Interval::ALL.into_iter().filter(move |interval| *interval >= least);
        choice(long_enough.map(|interval| json!([interval.as_str(), interval.words()])))
    };
    let comparisons = choice([json!(["count", "a number"]), json!(["percent", "percent more than before"])]);
    [
        ("value", number(100)),
        ("interval", intervals(Interval::Minute)),
        ("comparisonType", comparisons),
        ("comparisonInterval", intervals(Interval::FiveMinutes)),
    ]
}

fn node(id: &str, label: &str, fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let fields: Map<String, Value> = fields.into_iter().map(|(name, field)| (name.to_owned(), field)).collect();
    let mut node = json!({"id": id, "label": label, "enabled": true});
    if !fields.is_empty() {
        node["formFields"] = Value::Object(fields);
    }
    node
}

fn choice(choices: impl IntoIterator<Item = Value>) -> Value {
    json!({"type": "choice", "choices": choices.into_iter().collect::<Vec<_>>()})
}

fn number(placeholder: u32) -> Value {
    json!({"type": "number", "placeholder": placeholder})
}

fn string(placeholder: &str) -> Value {
    json!({"type": "string", "placeholder": placeholder})
}
