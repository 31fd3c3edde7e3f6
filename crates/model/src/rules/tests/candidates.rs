//! Which rules and hooks an event leaves: environments, quantifiers, three values, and rules that share nodes.

use serde_json::{Value, json};

use super::*;
use crate::rules::Half;

fn state() -> Value {
    json!({"id": format!("{CONDITIONS}first_seen_event.FirstSeenEventCondition")})
}

fn yes() -> Value {
    tag("a", "is", "")
}

fn no() -> Value {
    tag("a", "ns", "")
}

fn event() -> Value {
    json!({"message": "m", "tags": {"a": "1"}, "environment": "prod"})
}

#[test]
fn a_rule_with_an_environment_sees_only_events_of_it() {
    let of = |environment: &str| Rule {
        environment: Some(environment.to_owned()),
        ..rule(1, Clause::default(), Clause::default())
    };
    for (event, environment, stays) in [
        (event(), "prod", true),
        (event(), "PROD", false),
        (event(), "production", false),
        (json!({"message": "m"}), "prod", false),
        (json!({"message": "m", "tags": {"environment": "prod"}}), "prod", true),
    ] {
        assert_eq!(candidates(vec![of(environment)], &event).len(), usize::from(stays), "{environment} {event}");
        let explained = with_view(&event, |view| of(environment).explain(view));
        assert_eq!(explained.environment, Verdict::from(stays));
        assert_eq!(explained.verdict(), Verdict::from(stays));
    }
    assert_eq!(candidates(vec![rule(1, Clause::default(), Clause::default())], &json!({"message": "m"})), [1]);
}

#[test]
fn a_clause_is_settled_by_the_event_as_soon_as_it_can_be() {
    use Quantifier::{All, Any, None as No};
    let (holds, left, out) = (Some(Half::Holds), Some(Half::LeftToDecide), None);
    for (nodes, all, any, none) in [
        (vec![], holds, holds, holds),
        (vec![yes()], holds, holds, out),
        (vec![no()], out, out, holds),
        (vec![yes(), no()], out, holds, out),
        (vec![no(), no()], out, out, holds),
        (vec![yes(), yes()], holds, holds, out),
        (vec![state()], left, left, left),
        (vec![state(), yes()], left, holds, out),
        (vec![state(), no()], out, left, left),
        (vec![yes(), state(), no()], out, holds, out),
    ] {
        for (quantifier, expected) in [(All, all), (Any, any), (No, none)] {
            let clause = clause(quantifier, &nodes);
            let rule = rule(1, clause.clone(), clause);
            let matcher = Arc::new(Matcher::new(vec![rule.clone()], Vec::new()));
            let (found, explained) = with_view(&event(), |view| {
                let left = matcher.candidates(Hop(0), view).rules.left;
                (left.first().map(|left| (left.filters, left.conditions)), rule.explain(view))
            });
            assert_eq!(found, expected.map(|half| (half, half)), "{quantifier:?} {nodes:?}");
            let verdict = match expected {
                Some(Half::Holds) => Verdict::Holds,
                Some(Half::LeftToDecide) => Verdict::LeftToDecide,
                None => Verdict::Fails,
            };
            assert_eq!(
                (explained.filters_hold, explained.conditions_hold),
                (verdict, verdict),
                "{quantifier:?} {nodes:?}"
            );
            assert_eq!(explained.verdict(), verdict);
            assert_eq!((explained.filters.len(), explained.conditions.len()), (nodes.len(), nodes.len()));
        }
    }
}

#[test]
fn filters_and_conditions_must_both_stay() {
    for (filter, condition, stays) in
        [(yes(), yes(), true), (yes(), no(), false), (no(), yes(), false), (yes(), state(), true)]
    {
        let rule = rule(1, clause(Quantifier::All, &[filter]), clause(Quantifier::All, &[condition]));
        assert_eq!(candidates(vec![rule], &event()).len(), usize::from(stays));
    }
}

#[test]
fn candidates_come_by_rule_id_whatever_order_rules_were_given_in() {
    let rules = [3, 1, 2].map(|id| rule(id, clause(Quantifier::All, &[yes()]), Clause::default()));
    assert_eq!(candidates(rules.to_vec(), &event()), [1, 2, 3]);
}

#[test]
fn an_explanation_says_what_was_found_where_a_node_looked() {
    let filters = clause(Quantifier::All, &[tag("a", "eq", "2"), level("gte", "40"), state(), tag("b", "ns", "")]);
    let explained = with_view(&event(), |view| rule(1, filters, Clause::default()).explain(view));
    let found: Vec<_> = explained.filters.iter().map(|node| (node.verdict, node.found.join(","))).collect();
    let expected = [
        (Verdict::Fails, "1".to_owned()),
        (Verdict::Holds, "40".to_owned()),
        (Verdict::LeftToDecide, String::new()),
        (Verdict::Holds, String::new()),
    ];
    assert_eq!(found, expected);
}

#[test]
fn an_explanation_holds_the_first_of_many_texts_and_cuts_long_ones() {
    let values: Vec<_> =
        (0..12).map(|number| json!({"type": "E", "value": format!("{number}{}", "é".repeat(300))})).collect();
    let last = json!({"id": format!("{FILTERS}event_attribute.EventAttributeFilter"), "attribute": "exception.value",
                      "match": "sw", "value": "11"});
    let rule = rule(1, clause(Quantifier::All, &[last]), Clause::default());
    let explained = with_view(&json!({"exception": {"values": values}}), |view| rule.explain(view));
    let [node] = &explained.filters[..] else { panic!("{explained:?}") };
    assert_eq!((node.verdict, node.found.len()), (Verdict::Holds, 10), "all of them are compared");
    assert!(node.found.iter().all(|text| text.chars().count() == 200));
}

#[test]
fn a_hook_s_filters_hold_back_both_kinds_and_one_without_filters_wants_everything() {
    let hooks = vec![
        hook(1, clause(Quantifier::All, &[yes()])),
        hook(2, clause(Quantifier::All, &[no()])),
        hook(3, Clause::default()),
        hook(4, clause(Quantifier::Any, &[no(), yes()])),
        hook(5, clause(Quantifier::None, &[yes()])),
    ];
    let matcher = Arc::new(Matcher::new(Vec::new(), hooks));
    let found = with_view(&event(), |view| matcher.candidates(Hop(2), view));
    let numbers = |hooks: &[HookNumber]| hooks.iter().map(|hook| hook.get()).collect::<Vec<_>>();
    assert_eq!((numbers(&found.created), numbers(&found.alerted)), (vec![1, 3, 4], vec![1, 3, 4]));
    assert_eq!(found.hop, Hop(2));
    assert!(found.rules.is_empty() && found.rules.counters().is_empty());
}

#[test]
fn a_rule_is_left_only_where_a_hook_that_it_alerts_wants_the_event() {
    let wants = |number, node| hook(number, clause(Quantifier::All, &[node]));
    let only = |numbers: &[u32]| Targets::Only(numbers.iter().map(|it| HookNumber::new(*it).unwrap()).collect());
    let created = HookFilter {
        subscription: Subscription { wants: Wants::Created, ..hook(3, Clause::default()).subscription },
        ..hook(3, Clause::default())
    };
    for (targets, hooks, is_left) in [
        (Targets::EveryHook, vec![], true),
        (Targets::EveryHook, vec![wants(1, yes()), wants(2, no())], true),
        (Targets::EveryHook, vec![wants(1, no()), wants(2, no())], false),
        (Targets::EveryHook, vec![wants(1, no()), created.clone()], false),
        (only(&[1]), vec![wants(1, no()), wants(2, yes())], false),
        (only(&[2]), vec![wants(1, no()), wants(2, yes())], true),
        (only(&[9]), vec![wants(1, no())], true),
        (Targets::EveryHook, vec![created.clone()], true),
    ] {
        let rule = Rule { targets: targets.clone(), ..rule(1, Clause::default(), Clause::default()) };
        let matcher = Arc::new(Matcher::new(vec![rule], hooks));
        let left = with_view(&event(), |view| matcher.ask(view).1.len());
        assert_eq!(left, usize::from(is_left), "{targets:?}");
    }
}
