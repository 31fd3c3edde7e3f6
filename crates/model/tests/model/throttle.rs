//! Streams of events through match, counters and decide, against a naive look at the whole past: what fires is what should,
//! and no rule fires twice about one issue within its frequency.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use protocol::event::{Event, Level};
use serde_json::{Value, json};
use watchfire_model::decide::{Asked, IssueState, StoreFacts, decide};
use watchfire_model::ids::{Millis, RuleId};
use watchfire_model::issue::{IssuePriority, IssueStatus, Turn};
use watchfire_model::loops::Hop;
use watchfire_model::rules::{
    Clause, CountedThing, CounterKey, EventNode, EventView, Frequency, Interval, Matcher, Node, NodePlace, Quantifier,
    Rule, Source, Targets, bucket_start,
};

use crate::naive::{self, Situation};

/// An event of a stream, in numbers.
#[derive(Debug, Clone)]
struct Arrival {
    /// Milliseconds after the one before.
    after: i64,
    issue: u8,
    /// User 0 is nobody.
    user: u8,
    tag: u8,
    /// Environment 0 is none.
    environment: u8,
    level: Level,
}

/// What a store keeps, as simply as it can be kept.
#[derive(Default)]
struct Store {
    counted: Vec<(u8, CounterKey, i64, Option<u8>)>,
    fired: HashMap<(u8, RuleId), Millis>,
}

struct Facts<'s> {
    store: &'s Store,
    issue: u8,
}

impl StoreFacts for Facts<'_> {
    type Error = Infallible;

    fn last_fired(&mut self, rule: RuleId) -> Result<Option<Millis>, Infallible> {
        Ok(self.store.fired.get(&(self.issue, rule)).copied())
    }

    fn count(&mut self, asked: Asked) -> Result<u64, Infallible> {
        let window = asked.window.first_s..=asked.window.last_s;
        let rows = self.store.counted.iter();
        let rows =
            rows.filter(|(issue, key, bucket, _)| (*issue, *key) == (self.issue, asked.key) && window.contains(bucket));
        Ok(match asked.counts_users {
            false => rows.count() as u64,
            true => rows.filter_map(|(.., user)| *user).collect::<HashSet<u8>>().len() as u64,
        })
    }

    fn has_latest_release(&mut self, _: Option<&str>) -> Result<bool, Infallible> {
        Ok(true)
    }
}

/// An event with when it came.
struct Past {
    now: Millis,
    arrival: Arrival,
}

fn environment(number: u8) -> Option<&'static str> {
    [None, Some("prod"), Some("dev")][usize::from(number)]
}

fn level_number(level: Level) -> u8 {
    [10, 20, 30, 40, 50][level as usize]
}

fn values(arrival: &Arrival, source: &Source) -> Vec<String> {
    match source {
        Source::Tag(key) if key == "a" => vec![arrival.tag.to_string()],
        _ => Vec::new(),
    }
}

fn event(arrival: &Arrival) -> Event<'static> {
    Event {
        level: arrival.level,
        environment: environment(arrival.environment).map(Into::into),
        tags: vec![("a".into(), arrival.tag.to_string().into())],
        ..Event::default()
    }
}

/// Counts by looking at every event there was.
fn naive_count(past: &[Past], rule: &Rule, frequency: &Frequency, seconds_ago: i64) -> u64 {
    let Some(Past { now, arrival }) = past.last() else { return 0 };
    let bucket = frequency.interval.bucket_seconds();
    let end = now.0.div_euclid(1000) - seconds_ago;
    let last_ends = end - end % bucket + bucket;
    let first_begins = last_ends - bucket - frequency.interval.seconds();
    let counts = |it: &&Past| {
        let second = it.now.0.div_euclid(1000);
        it.arrival.issue == arrival.issue
            && second >= first_begins
            && second < last_ends
            && (rule.environment.is_none() || rule.environment.as_deref() == environment(it.arrival.environment))
            && (frequency.thing != CountedThing::UsersPassingTagFilters || passes_tags(rule, &it.arrival))
    };
    let found = past.iter().filter(counts);
    match frequency.thing {
        CountedThing::Events => found.count() as u64,
        CountedThing::Users | CountedThing::UsersPassingTagFilters => {
            found.map(|it| it.arrival.user).filter(|user| *user != 0).collect::<HashSet<_>>().len() as u64
        }
    }
}

fn passes_tags(rule: &Rule, arrival: &Arrival) -> bool {
    let answers: Vec<bool> = rule
        .filters
        .nodes
        .iter()
        .filter_map(|node| match node {
            Node::Event(EventNode::Text { source: source @ Source::Tag(_), comparison }) => {
                Some(naive::compare(comparison, &values(arrival, source)))
            }
            _ => None,
        })
        .collect();
    match rule.filters.quantifier {
        _ if answers.is_empty() => true,
        Quantifier::All => !answers.contains(&false),
        Quantifier::Any => answers.contains(&true),
        Quantifier::None => !answers.contains(&true),
    }
}

fn issue_state(past: &[Past]) -> IssueState {
    let Some(Past { now, arrival }) = past.last() else { unreachable!("there is a present event") };
    let of_issue: Vec<&Past> = past.iter().filter(|it| it.arrival.issue == arrival.issue).collect();
    let in_environment = of_issue.iter().filter(|it| it.arrival.environment == arrival.environment);
    IssueState {
        turn: if of_issue.len() == 1 { Turn::New } else { Turn::Repeated },
        is_new_in_environment: in_environment.count() == 1,
        status: IssueStatus::Unresolved,
        priority: IssuePriority::High,
        first_seen: of_issue[0].now,
        times_seen: of_issue.len() as u64,
        now: *now,
    }
}

/// Plays the stream; at each event what fired is what the naive look says.
fn play(rules: &[Rule], arrivals: Vec<Arrival>) -> Result<Vec<(Millis, u8, RuleId)>, TestCaseError> {
    let matcher = Arc::new(Matcher::new(rules.to_vec(), Vec::new()));
    let (mut store, mut past, mut alerts) = (Store::default(), Vec::new(), Vec::new());
    let mut now = Millis(1_704_067_200_000);
    for arrival in arrivals {
        now = Millis(now.0 + arrival.after);
        let event = event(&arrival);
        let candidates = matcher.candidates(Hop(0), &EventView::new(&event, "title", None));
        let (issue, user) = (arrival.issue, Some(arrival.user).filter(|user| *user != 0));
        for hit in candidates.rules.counters() {
            store.counted.push((issue, hit.key, bucket_start(now, hit.bucket_seconds), user));
        }
        past.push(Past { now, arrival: arrival.clone() });
        let state = issue_state(&past);
        let Ok(owed) = decide(&candidates, &state, &mut Facts { store: &store, issue });
        let found: BTreeSet<RuleId> = owed.fired.iter().map(|fired| fired.rule).collect();
        for rule in rules {
            let situation = Situation {
                values: &|source| values(&arrival, source),
                level: level_number(arrival.level),
                environment: environment(arrival.environment),
                issue: &state,
                count: &|rule, frequency, ago| naive_count(&past, rule, frequency, ago),
                is_latest: true,
                last_fired: store.fired.get(&(issue, rule.id)).copied(),
            };
            prop_assert_eq!(found.contains(&rule.id), situation.fires(rule), "{:#?} at {:?} {:?}", rule, now, &state);
        }
        for rule in found {
            store.fired.insert((issue, rule), now);
            alerts.push((now, issue, rule));
        }
    }
    Ok(alerts)
}

fn arrival() -> impl Strategy<Value = Arrival> {
    let after = prop_oneof![3 => 0..2_000_i64, 2 => 0..120_000_i64, 1 => 0..4_000_000_i64, 1 => Just(300_000_i64)];
    let level = prop_oneof![Just(Level::Error), Just(Level::Warning), Just(Level::Fatal)];
    (after, 0..2_u8, 0..4_u8, 0..2_u8, 0..3_u8, level).prop_map(|(after, issue, user, tag, environment, level)| {
        Arrival { after, issue, user, tag, environment, level }
    })
}

fn node() -> impl Strategy<Value = Value> {
    let names = [
        "EventFrequencyCondition",
        "EventUniqueUserFrequencyCondition",
        "EventUniqueUserFrequencyConditionWithConditions",
    ];
    let frequency = (0..3_usize, 0..4_u64, 0..4_usize, 0..3_usize).prop_map(move |(name, value, interval, percent)| {
        let mut node = json!({"id": format!("sentry.rules.conditions.event_frequency.{}", names[name]), "value": value,
                              "interval": Interval::ALL[interval].as_str()});
        if percent == 0 {
            node["comparisonType"] = json!("percent");
            node["comparisonInterval"] = json!(["5m", "15m", "1h"][interval % 3]);
        }
        node
    });
    let free = prop_oneof![
        Just(json!({"id": "sentry.rules.conditions.first_seen_event.FirstSeenEventCondition"})),
        Just(json!({"id": "sentry.rules.conditions.every_event.EveryEventCondition"})),
        (0..10_u64)
            .prop_map(|n| json!({"id": "sentry.rules.filters.issue_occurrences.IssueOccurrencesFilter", "value": n})),
        (0..90_u64).prop_map(|n| json!({"id": "sentry.rules.filters.age_comparison.AgeComparisonFilter", "value": n,
            "comparison_type": "older", "time": "minute"})),
    ];
    prop_oneof![3 => frequency, 2 => free, 2 => event_node()]
}

fn event_node() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0..2_u8).prop_map(|tag| json!({"id": "sentry.rules.filters.tagged_event.TaggedEventFilter", "key": "a",
            "match": "eq", "value": tag})),
        Just(json!({"id": "sentry.rules.filters.level.LevelFilter", "match": "gte", "level": 40})),
    ]
}

fn clause<S: Strategy<Value = Value>>(nodes: impl Fn() -> S, most: usize) -> impl Strategy<Value = Clause> {
    let quantifier = prop_oneof![Just(Quantifier::All), Just(Quantifier::Any), Just(Quantifier::None)];
    (quantifier, prop::collection::vec(nodes(), 0..=most)).prop_map(|(quantifier, nodes)| {
        let nodes = nodes.iter().map(|node| Node::read(node, NodePlace::Condition).unwrap());
        Clause { quantifier, nodes: nodes.collect() }
    })
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let rule = (clause(node, 3), clause(event_node, 2), 5..30_u64, 0..3_u8);
    prop::collection::vec(rule, 1..4).prop_map(|rules| {
        let numbered = rules.into_iter().zip(1..);
        let rule = |((conditions, filters, minutes, of), id): ((Clause, Clause, u64, u8), i64)| Rule {
            id: RuleId::new(id).unwrap(),
            name: format!("rule {id}"),
            environment: environment(of).map(str::to_owned),
            conditions,
            filters,
            frequency: Duration::from_secs(60 * minutes),
            targets: Targets::EveryHook,
            silent_until: None,
        };
        numbered.map(rule).collect()
    })
}

proptest! {
    #[test]
    fn a_stream_fires_what_a_look_at_the_whole_past_says_and_never_twice_within_a_frequency(
        rules in rules(),
        arrivals in prop::collection::vec(arrival(), 1..60),
    ) {
        let alerts = play(&rules, arrivals)?;
        for (index, (moment, issue, rule)) in alerts.iter().enumerate() {
            let earlier = alerts[..index].iter().rfind(|(_, before, fired)| (before, fired) == (issue, rule));
            let frequency = rules.iter().find(|it| it.id == *rule).unwrap().frequency;
            if let Some((before, ..)) = earlier {
                prop_assert!(moment.since(*before) >= frequency, "{rule} fired at {before:?} and at {moment:?}");
            }
        }
    }

    #[test]
    fn a_rule_for_every_event_fires_as_often_as_its_frequency_lets_it(
        gaps in prop::collection::vec(prop_oneof![2 => 0..400_000_i64, 1 => 299_999..300_002_i64], 1..80),
    ) {
        let rule = Rule {
            id: RuleId::new(1).unwrap(),
            name: String::new(),
            environment: None,
            conditions: Clause::default(),
            filters: Clause::default(),
            frequency: Duration::from_secs(300),
            targets: Targets::EveryHook,
            silent_until: None,
        };
        let arrivals = gaps.iter().map(|&after| Arrival { after, issue: 0, user: 0, tag: 0, environment: 0, level: Level::Error });
        let alerts = play(std::slice::from_ref(&rule), arrivals.collect())?;
        let (mut now, mut last, mut expected) = (1_704_067_200_000, None, Vec::new());
        for gap in gaps {
            now += gap;
            if last.is_none_or(|last| now >= last + 300_000) {
                last = Some(now);
                expected.push(Millis(now));
            }
        }
        prop_assert_eq!(alerts.into_iter().map(|(moment, ..)| moment).collect::<Vec<_>>(), expected);
    }
}
