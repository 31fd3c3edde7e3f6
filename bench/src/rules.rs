//! The rules and hooks of a project that has as many as it may have.
//!
//! The rules are of every kind, in equal parts, as a large team might have them: they look at the event and at counters, and most
//! never fire. Those that do fire once, for the first event of the issue, and then keep still for 30 days. `target` makes them.

use serde_json::{Value, json};

use crate::api::Api;
use crate::error::BenchError;

/// As many as a project may have.
pub(crate) const RULES: usize = 500;
/// As many as a project may have.
pub(crate) const HOOKS: usize = 100;
/// The longest pause between two alerts of a rule, in minutes.
const FREQUENCY_MINUTES: u32 = 43_200;

/// Makes the rules and hooks of a project over its API.
///
/// # Errors
/// When one is refused.
pub(crate) fn provision(api: &Api, project: &str, alerts_url: &str) -> Result<(), BenchError> {
    for _ in 0..HOOKS {
        let hook = json!({"url": alerts_url, "events": ["event.alert"]});
        let _made: Value = api.post(&format!("{project}/hooks/"), &hook)?;
    }
    for number in 0..RULES {
        let _made: Value = api.post(&format!("{project}/rules/"), &rule(number))?;
    }
    Ok(())
}

/// One rule of the mix.
fn rule(number: usize) -> Value {
    let condition = |name: &str, more: Value| node("conditions", name, more);
    let filter = |name: &str, more: Value| node("filters", name, more);
    let frequency = |name: &str, interval: &str| {
        let more = json!({"value": 1_000_000 + number, "interval": interval});
        condition(&format!("event_frequency.{name}"), more)
    };
    let text = |name: &str, key: &str, of: &str, code: &str, value: String| {
        filter(name, json!({key: of, "match": code, "value": value}))
    };
    let first_seen = condition("first_seen_event.FirstSeenEventCondition", json!({}));
    let (tag, attribute) = ("tagged_event.TaggedEventFilter", "event_attribute.EventAttributeFilter");
    let (conditions, filters) = match number % 10 {
        0 => (vec![first_seen], vec![text(tag, "key", "environment", "eq", format!("stage-{number}"))]),
        1 => (vec![first_seen], vec![text(tag, "key", "server_name", "is", String::new())]),
        2 => (vec![first_seen], vec![filter("level.LevelFilter", json!({"match": "gte", "level": "50"}))]),
        3 => (vec![], vec![text(attribute, "attribute", "message", "co", format!("no such text {number}"))]),
        4 => (vec![frequency("EventFrequencyCondition", ["1m", "1h", "1d"][number / 10 % 3])], vec![]),
        5 => (vec![frequency("EventUniqueUserFrequencyCondition", ["5m", "1h", "1w"][number / 10 % 3])], vec![]),
        6 => (vec![], vec![text(attribute, "attribute", "exception.type", "eq", format!("NoSuchError{number}"))]),
        7 => (vec![], vec![text(attribute, "attribute", "stacktrace.filename", "ew", format!("none_{number}.py"))]),
        8 => (vec![condition("regression_event.RegressionEventCondition", json!({}))], vec![]),
        _ => (
            vec![condition(
                "event_frequency.EventFrequencyCondition",
                json!({"value": 2_000_000 + number, "interval": "15m"}),
            )],
            vec![filter("issue_occurrences.IssueOccurrencesFilter", json!({"value": 1_000_000_000}))],
        ),
    };
    json!({
        "name": format!("rule {number}"),
        "actionMatch": "all",
        "filterMatch": "all",
        "conditions": conditions,
        "filters": filters,
        "actions": [{"id": "sentry.rules.actions.notify_event.NotifyEventAction"}],
        "frequency": FREQUENCY_MINUTES - number as u32,
    })
}

fn node(kind: &str, name: &str, mut more: Value) -> Value {
    more["id"] = format!("sentry.rules.{kind}.{name}").into();
    more
}
