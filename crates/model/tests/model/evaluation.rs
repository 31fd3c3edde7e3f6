//! Match and decide against the naive evaluation, over mutated events and rules made of what is in them.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use protocol::event::{Event, Scratch, normalise};
use protocol::json::Tape;
use serde_json::{Value, json};
use watchfire_model::decide::{Asked, IssueState, StoreFacts, decide};
use watchfire_model::ids::{HookNumber, Millis, RuleId};
use watchfire_model::issue::{IssuePriority, IssueStatus, Turn};
use watchfire_model::loops::Hop;
use watchfire_model::matching::EventCandidates;
use watchfire_model::payload::event_value;
use watchfire_model::rules::{
    Attribute, Clause, CountedThing, EventView, Frequency, HookFilter, Interval, MatchCode, Matcher, Node, NodePlace,
    Quantifier, Rule, Source, Subscription, Targets, Verdict, Wants,
};
use watchfire_model::title::Title;

use crate::chance::Chance;
use crate::naive::{self, Situation};
use crate::support::{context, each_mutant};

const NOW: Millis = Millis(1_795_416_330_123);

/// Attributes beside those of [`Attribute::NAMES`].
const MORE_ATTRIBUTES: [&str; 6] = ["user.name", "user.plan", "os.name", "device.model", "extra.card", "extra.a.b"];

/// A store whose every answer is made of the question.
#[derive(Clone, Copy)]
struct Answers {
    seed: u64,
    /// A new issue has one event.
    most: u64,
}

impl Answers {
    fn number(self, about: i64) -> u64 {
        Chance(self.seed ^ about.unsigned_abs()).next()
    }

    /// `thing` is 1 where users are counted, else 0.
    fn count(self, thing: i64, first_s: i64, last_s: i64) -> u64 {
        self.number(first_s * 7 + last_s + thing) % (self.most + 1)
    }

    fn is_latest(self) -> bool {
        self.number(-1).is_multiple_of(2)
    }

    fn last_fired(self, rule: RuleId) -> Option<Millis> {
        let ago = self.number(rule.get() * 1_000_003);
        ago.is_multiple_of(3).then(|| Millis(NOW.0 - i64::try_from(ago % 1_200_000).unwrap()))
    }
}

impl StoreFacts for Answers {
    type Error = Infallible;

    fn last_fired(&mut self, rule: RuleId) -> Result<Option<Millis>, Infallible> {
        Ok(Answers::last_fired(*self, rule))
    }

    fn count(&mut self, asked: Asked) -> Result<u64, Infallible> {
        Ok(Answers::count(*self, i64::from(asked.counts_users), asked.window.first_s, asked.window.last_s))
    }

    fn has_latest_release(&mut self, _: Option<&str>) -> Result<bool, Infallible> {
        Ok(self.is_latest())
    }
}

/// The naive window: buckets as design and issue have them.
fn naive_count(answers: Answers, frequency: &Frequency, seconds_ago: i64) -> u64 {
    let bucket = match frequency.interval {
        Interval::Minute | Interval::FiveMinutes => 5,
        Interval::FifteenMinutes | Interval::Hour => 60,
        Interval::Day => 900,
        Interval::Week => 3_600,
        Interval::Month => 6 * 3_600,
    };
    let end = NOW.0 / 1_000 - seconds_ago;
    let last = end - end % bucket;
    let thing = i64::from(frequency.thing != CountedThing::Events);
    answers.count(thing, last - frequency.interval.seconds(), last)
}

fn issue(chance: &mut Chance) -> IssueState {
    let turn = [Turn::New, Turn::Regressed, Turn::Reappeared, Turn::Repeated][chance.below(4)];
    let is_new = turn == Turn::New;
    let old = if is_new { 0 } else { chance.below(200_000_000) };
    IssueState {
        turn,
        is_new_in_environment: is_new || chance.below(2) == 0,
        status: if chance.below(8) == 0 { IssueStatus::ALL[chance.below(3)] } else { IssueStatus::Unresolved },
        priority: IssuePriority::ALL[chance.below(3)],
        first_seen: Millis(NOW.0 - i64::try_from(old).unwrap()),
        times_seen: if is_new { 1 } else { chance.below(20) as u64 },
        now: NOW,
    }
}

/// A node of any kind; where it compares text, often one that the event has.
fn node(chance: &mut Chance, view: &EventView<'_, '_>, event: &Event<'_>) -> Value {
    let state = |name: &str| json!({"id": format!("sentry.rules.conditions.{name}")});
    match chance.below(12) {
        0 => state("first_seen_event.FirstSeenEventCondition"),
        1 => state("regression_event.RegressionEventCondition"),
        2 => state("reappeared_event.ReappearedEventCondition"),
        3 => state("high_priority_issue.NewHighPriorityIssueCondition"),
        4 => state("high_priority_issue.ExistingHighPriorityIssueCondition"),
        5 => json!({"id": "sentry.rules.filters.latest_release.LatestReleaseFilter"}),
        6 => json!({"id": "sentry.rules.filters.issue_occurrences.IssueOccurrencesFilter", "value": chance.below(20)}),
        7 => json!({"id": "sentry.rules.filters.age_comparison.AgeComparisonFilter", "time": "hour",
                    "value": chance.below(60), "comparison_type": (["older", "newer"][chance.below(2)])}),
        8 => json!({"id": "sentry.rules.filters.level.LevelFilter", "level": chance.below(6) * 10,
                    "match": (["eq", "gte", "lte"][chance.below(3)])}),
        9 => frequency(chance),
        _ => text(chance, view, event),
    }
}

fn frequency(chance: &mut Chance) -> Value {
    let name = [
        "EventFrequencyCondition",
        "EventUniqueUserFrequencyCondition",
        "EventUniqueUserFrequencyConditionWithConditions",
    ][chance.below(3)];
    let id = format!("sentry.rules.conditions.event_frequency.{name}");
    let interval = Interval::ALL[chance.below(7)].as_str();
    match chance.below(2) {
        0 => json!({"id": id, "value": chance.below(5), "interval": interval}),
        _ => json!({"id": id, "value": chance.below(200), "interval": interval, "comparisonType": "percent",
                    "comparisonInterval": Interval::ALL[1 + chance.below(6)].as_str()}),
    }
}

fn text(chance: &mut Chance, view: &EventView<'_, '_>, event: &Event<'_>) -> Value {
    let is_tag = chance.below(2) == 0;
    let tags: Vec<&str> = event.tags.iter().chain(&event.derived_tags).map(|(key, _)| &**key).collect();
    let names: Vec<&str> = Attribute::NAMES.into_iter().chain(MORE_ATTRIBUTES).collect();
    let name = match is_tag {
        true if chance.below(4) == 0 => "absent",
        true => tags[chance.below(tags.len())],
        false => names[chance.below(names.len())],
    };
    let source = match is_tag {
        true => Source::Tag(name.to_lowercase()),
        false => Source::Attribute(Attribute::named(name).unwrap()),
    };
    let values = view.values(&source);
    let values: Vec<&str> = values.iter().filter(|value| !value.trim().is_empty()).collect();
    let value = match values.get(chance.below(values.len() + 1)) {
        Some(value) => {
            let cut = value.floor_char_boundary(chance.below(value.len() + 1));
            let piece = [*value, &value[..cut], &value[cut..]][chance.below(3)].trim();
            if piece.is_empty() { "x" } else { piece }
        }
        None => ["x", "1", "Error", "a,b"][chance.below(4)],
    };
    let code = MatchCode::ALL[chance.below(12)].as_str();
    match is_tag {
        true => {
            json!({"id": "sentry.rules.filters.tagged_event.TaggedEventFilter", "key": name, "match": code, "value": value})
        }
        false => json!({"id": "sentry.rules.filters.event_attribute.EventAttributeFilter", "attribute": name,
                        "match": code, "value": value}),
    }
}

fn clause(chance: &mut Chance, view: &EventView<'_, '_>, event: &Event<'_>) -> Clause {
    let quantifier = [Quantifier::All, Quantifier::Any, Quantifier::None][chance.below(3)];
    let nodes = (0..chance.below(4)).map(|_| {
        let node = node(chance, view, event);
        Node::read(&node, NodePlace::Filter).unwrap_or_else(|error| panic!("{node}: {error}"))
    });
    let nodes = nodes.collect();
    Clause { quantifier, nodes }
}

fn rules(chance: &mut Chance, view: &EventView<'_, '_>, event: &Event<'_>) -> Vec<Rule> {
    (1..=6)
        .map(|id| Rule {
            id: RuleId::new(id).unwrap(),
            name: format!("rule {id}"),
            environment: match chance.below(4) {
                0 => event.environment.as_ref().map(ToString::to_string),
                1 if chance.below(3) == 0 => Some("elsewhere".to_owned()),
                _ => None,
            },
            conditions: clause(chance, view, event),
            filters: clause(chance, view, event),
            frequency: Duration::from_secs(600),
            targets: Targets::EveryHook,
            silent_until: None,
        })
        .collect()
}

fn candidates(rules: Vec<Rule>, view: &EventView<'_, '_>) -> EventCandidates {
    let hook = HookNumber::new(1).unwrap();
    let hooks =
        vec![HookFilter { subscription: Subscription { hook, wants: Wants::Alerts }, filters: Clause::default() }];
    Arc::new(Matcher::new(rules, hooks)).candidates(Hop(0), view)
}

fn fired(candidates: &EventCandidates, issue: &IssueState, mut answers: Answers) -> BTreeSet<RuleId> {
    let Ok(owed) = decide(candidates, issue, &mut answers);
    let alerts: Vec<_> = owed.deliveries.iter().map(|it| owed.triggering(it, candidates)).collect();
    let fired: Vec<RuleId> = owed.fired.iter().map(|fired| fired.rule).collect();
    assert!(fired.is_sorted());
    assert_eq!(alerts.len(), usize::from(!fired.is_empty()), "one alert for each hook");
    for listed in alerts {
        assert_eq!(listed.into_iter().map(|(id, _)| id).collect::<Vec<_>>(), fired);
    }
    fired.into_iter().collect()
}

/// How often each answer was seen, so that the test is known to have tested something.
#[derive(Default)]
struct Seen {
    fired: usize,
    held: usize,
    ruled_out: usize,
}

/// Everything that must hold of one event and some rules.
fn check(event: &Event<'_>, chance: &mut Chance, seen: &mut Seen) {
    let title = Title::of(event);
    let value = event_value(event, &title);
    let json: Value = serde_json::from_slice(&value).unwrap();
    let mut tape = Tape::new();
    let document = tape.parse(&value).unwrap();
    let view = EventView::new(event, title.as_str(), Some(&document));
    let (rules, issue) = (rules(chance, &view, event), issue(chance));
    let answers = Answers { seed: chance.next(), most: if issue.turn == Turn::New { 1 } else { 5 } };

    let together = candidates(rules.clone(), &view);
    let left: BTreeSet<RuleId> = together.rules.rules().map(|rule| rule.id).collect();
    let found = fired(&together, &issue, answers);
    let values = |source: &Source| naive::values(event, title.as_str(), &json, source);
    for rule in &rules {
        let situation = Situation {
            values: &values,
            level: view.level_number(),
            environment: event.environment.as_deref(),
            issue: &issue,
            count: &|_, frequency, ago| naive_count(answers, frequency, ago),
            is_latest: answers.is_latest(),
            last_fired: answers.last_fired(rule.id),
        };
        let about = || format!("{rule:#?}\n{issue:?}\n{json}");
        assert_eq!(found.contains(&rule.id), situation.fires(rule), "naively: {}", about());

        // Alone it gets the same answer.
        let alone = candidates(vec![rule.clone()], &view);
        assert_eq!(alone.rules.len() == 1, left.contains(&rule.id), "{}", about());
        assert_eq!(fired(&alone, &issue, answers).contains(&rule.id), found.contains(&rule.id), "{}", about());

        // What is explained is what was matched.
        let explained = rule.explain(&view).verdict();
        assert_eq!(explained != Verdict::Fails, left.contains(&rule.id), "{}", about());

        // Where the event alone holds both halves, only throttle and status can hold the rule back.
        if explained == Verdict::Holds && issue.status == IssueStatus::Unresolved {
            let free = Rule { frequency: Duration::ZERO, ..rule.clone() };
            assert!(!fired(&candidates(vec![free], &view), &issue, answers).is_empty(), "{}", about());
        }
        check_negation(rule, (&view, &issue, answers));
        seen.fired += usize::from(found.contains(&rule.id));
        seen.ruled_out += usize::from(!left.contains(&rule.id));
        seen.held += usize::from(left.contains(&rule.id) && !found.contains(&rule.id));
    }
}

/// `none` fires where `any` does not, as long as there is a node and nothing else holds the rule back.
fn check_negation(rule: &Rule, (view, issue, answers): (&EventView<'_, '_>, &IssueState, Answers)) {
    if rule.conditions.nodes.is_empty() || issue.status != IssueStatus::Unresolved {
        return;
    }
    let with = |quantifier| {
        let conditions = Clause { quantifier, ..rule.conditions.clone() };
        let rule = Rule {
            conditions,
            filters: Clause::default(),
            environment: None,
            frequency: Duration::ZERO,
            ..rule.clone()
        };
        !fired(&candidates(vec![rule], view), issue, answers).is_empty()
    };
    assert_ne!(with(Quantifier::Any), with(Quantifier::None), "{:#?}", rule.conditions);
}

#[test]
fn match_and_decide_say_what_a_naive_evaluation_says() {
    let mut scratch = Scratch::default();
    let mut chance = Chance(5);
    let mut seen = Seen::default();
    each_mutant(6, 3000, |_, payload| {
        if let Ok(event) = normalise(payload, &context(), &mut scratch) {
            check(&event, &mut chance, &mut seen);
        }
    });
    let Seen { fired, held, ruled_out } = seen;
    assert!(fired > 1000 && held > 1000 && ruled_out > 1000, "{fired} fired, {held} held back, {ruled_out} ruled out");
}
