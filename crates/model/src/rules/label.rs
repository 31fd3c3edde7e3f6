//! A node in words, for people who read a rule.

use super::{Age, Comparison, CountedThing, EventNode, Frequency, LevelOrder, Node, Over, Source, StateNode};

/// The node as a sentence without a full stop.
pub fn label(node: &Node) -> String {
    match node {
        Node::Event(node) => event_label(node),
        Node::State(node) => state_label(node),
    }
}

fn event_label(node: &EventNode) -> String {
    match node {
        EventNode::Always => "An event arrives".to_owned(),
        EventNode::Level { order, number } => {
            let order = match order {
                LevelOrder::Equal => "equal to",
                LevelOrder::AtLeast => "greater than or equal to",
                LevelOrder::AtMost => "less than or equal to",
            };
            format!("The event's level is {order} {}", level_name(*number))
        }
        EventNode::Text { source: Source::Tag(key), comparison } => {
            format!("The event's tag {key} {}", comparison_words(comparison))
        }
        EventNode::Text { source: Source::Attribute(attribute), comparison } => {
            format!("The event's {attribute} {}", comparison_words(comparison))
        }
    }
}

fn state_label(node: &StateNode) -> String {
    match node {
        StateNode::FirstSeen => "A new issue is created".to_owned(),
        StateNode::Regression => "The issue changes from resolved to unresolved".to_owned(),
        StateNode::Reappeared => "The issue changes from ignored to unresolved".to_owned(),
        StateNode::NewHighPriority => "A new issue of high priority is created".to_owned(),
        StateNode::ExistingHighPriority => "An ignored issue of high priority comes back".to_owned(),
        StateNode::Age { age, span } => {
            let age = match age {
                Age::Older => "older",
                Age::Newer => "newer",
            };
            format!("The issue is {age} than {}", span_words(span.as_secs()))
        }
        StateNode::Occurrences { least } => format!("The issue has happened at least {least} times"),
        StateNode::LatestRelease => "The event is from the latest release".to_owned(),
        StateNode::Frequency(frequency) => frequency_label(frequency),
    }
}

fn frequency_label(frequency: &Frequency) -> String {
    let (subject, unit) = match frequency.thing {
        CountedThing::Events => ("The issue is seen", "times"),
        CountedThing::Users => ("The issue is seen by", "users"),
        CountedThing::UsersPassingTagFilters => ("The issue is seen, on events that pass the tag filters, by", "users"),
    };
    let interval = frequency.interval.words();
    match frequency.over {
        Over::Count(count) => format!("{subject} more than {count} {unit} in {interval}"),
        Over::PercentAbove { percent, earlier } => {
            let earlier = earlier.words();
            format!("{subject} {percent}% more {unit} in {interval} than in the same span {earlier} earlier")
        }
    }
}

fn comparison_words(comparison: &Comparison) -> String {
    let words = comparison.code().words();
    if comparison.code().is_about_presence() {
        return words.to_owned();
    }
    format!("{words} {}", comparison.needles().join(", "))
}

fn level_name(number: u8) -> &'static str {
    match number {
        50 => "fatal",
        40 => "error",
        30 => "warning",
        20 => "info",
        10 => "debug",
        _ => "sample",
    }
}

fn span_words(seconds: u64) -> String {
    let units = [(7 * 86_400, "week"), (86_400, "day"), (3_600, "hour"), (60, "minute")];
    let (length, unit) = units.into_iter().find(|(length, _)| seconds.is_multiple_of(*length)).unwrap_or((1, "second"));
    let count = seconds / length;
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::NodePlace;

    #[test]
    fn nodes_read_as_sentences() {
        for (node, sentence) in [
            (
                json!({"id": "sentry.rules.conditions.first_seen_event.FirstSeenEventCondition"}),
                "A new issue is created",
            ),
            (
                json!({"id": "sentry.rules.filters.level.LevelFilter", "match": "gte", "level": "40"}),
                "The event's level is greater than or equal to error",
            ),
            (
                json!({"id": "sentry.rules.filters.tagged_event.TaggedEventFilter", "key": "Customer", "match": "co",
                       "value": "Acme"}),
                "The event's tag customer contains acme",
            ),
            (
                json!({"id": "sentry.rules.filters.age_comparison.AgeComparisonFilter", "comparison_type": "older",
                       "value": 14, "time": "day"}),
                "The issue is older than 2 weeks",
            ),
            (
                json!({"id": "sentry.rules.conditions.event_frequency.EventUniqueUserFrequencyCondition", "value": 5,
                       "interval": "1h", "comparisonType": "percent", "comparisonInterval": "1w"}),
                "The issue is seen by 5% more users in one hour than in the same span one week earlier",
            ),
        ] {
            assert_eq!(label(&Node::read(&node, NodePlace::Condition).unwrap()), sentence);
        }
    }
}
