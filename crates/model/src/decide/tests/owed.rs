//! The throttle, clauses of both kinds of node, and which hooks are owed what.

use super::*;

#[test]
fn a_rule_is_held_back_until_its_frequency_has_passed_to_the_millisecond() {
    let every = condition("every_event.EveryEventCondition");
    for (ago, expected) in [(0, false), (1, false), (1_799_999, false), (1_800_000, true), (1_800_001, true)] {
        let mut facts = Facts { fired: HashMap::from([(1, Millis(NOW.0 - ago))]), ..Facts::default() };
        assert_eq!(fires(on(1, &every), &issue(), &mut facts), expected, "{ago} ms");
        assert!(fires(on(2, &every), &issue(), &mut facts), "another rule is free");
    }
    // A clock that was set back holds it back too.
    let mut facts = Facts { fired: HashMap::from([(1, Millis(NOW.0 + 60_000))]), ..Facts::default() };
    assert!(!fires(on(1, &every), &issue(), &mut facts));
}

#[test]
fn a_rule_that_is_held_back_or_refuted_costs_no_count() {
    let counted = || frequency("EventFrequencyCondition", 0, "1h");
    let mut facts = Facts { fired: HashMap::from([(1, NOW)]), ..Facts::default() };
    assert!(!fires(on(1, &counted()), &issue(), &mut facts));
    assert_eq!(facts.asked, ["fired 1"]);
    // What the issue alone refutes costs not even the throttle.
    let with_age = rule(1, clause(Quantifier::All, &[counted(), age("older", 61)]));
    let mut facts = Facts::default();
    assert!(!fires(with_age, &issue(), &mut facts));
    assert!(facts.asked.is_empty());
    // In a clause that one node settles, what is free is asked first.
    let any = rule(1, clause(Quantifier::Any, &[counted(), age("older", 1)]));
    assert!(fires(any, &issue(), &mut facts));
    assert_eq!(facts.asked, ["fired 1"]);
}

#[test]
fn event_and_state_nodes_mix_under_every_quantifier() {
    use Quantifier::{All, Any, None as No};
    // The event's tag is 1, and the issue has been seen 10 times.
    let (yes, no, often, rare) = (tag_is("1"), tag_is("2"), occurrences(10), occurrences(11));
    for (nodes, all, any, none) in [
        (vec![], true, true, true),
        (vec![&yes, &often], true, true, false),
        (vec![&often, &yes], true, true, false),
        (vec![&yes, &rare], false, true, false),
        (vec![&no, &often], false, true, false),
        (vec![&no, &rare], false, false, true),
        (vec![&rare], false, false, true),
        (vec![&often], true, true, false),
        (vec![&no, &rare, &rare, &often], false, true, false),
    ] {
        let nodes: Vec<Value> = nodes.into_iter().cloned().collect();
        for (quantifier, expected) in [(All, all), (Any, any), (No, none)] {
            let conditions = rule(1, clause(quantifier, &nodes));
            let filters =
                Rule { filters: clause(quantifier, &nodes), conditions: Clause::default(), ..conditions.clone() };
            let both = Rule { filters: clause(quantifier, &nodes), ..conditions.clone() };
            for rule in [conditions, filters, both] {
                assert_eq!(fires(rule, &issue(), &mut Facts::default()), expected, "{quantifier:?} {nodes:?}");
            }
        }
    }
}

#[test]
fn filters_are_asked_before_conditions_and_each_decided_node_is_told_with_its_place() {
    let rule = Rule {
        filters: clause(Quantifier::All, &[tag_is("1"), age("older", 1)]),
        ..rule(
            1,
            clause(Quantifier::Any, &[frequency("EventFrequencyCondition", 5, "1m"), occurrences(11), occurrences(3)]),
        )
    };
    let owed = decided(vec![rule], &issue(), &mut Facts::default());
    let because: Vec<_> = owed.fired[0].because.iter().map(|it| (it.part, it.place, it.holds, &*it.found)).collect();
    assert_eq!(
        because,
        [
            (Part::Filters, 1, true, "first seen 2023-12-31T23:00:00.000Z"),
            (Part::Conditions, 1, false, "10"),
            (Part::Conditions, 2, true, "10"),
        ]
    );
}

#[test]
fn an_issue_that_is_not_unresolved_fires_nothing_and_asks_nothing() {
    for status in [IssueStatus::Resolved, IssueStatus::Ignored] {
        let mut facts = Facts::default();
        let owed = decided(vec![rule(1, Clause::default())], &IssueState { status, ..issue() }, &mut facts);
        assert!(owed.fired.is_empty() && facts.asked.is_empty(), "{status:?}");
        let kinds: Vec<_> = owed.deliveries.iter().map(|delivery| delivery.kind).collect();
        assert_eq!(kinds, [Kind::EventCreated], "its events are still told");
    }
}

#[test]
fn an_event_that_webhooks_led_to_too_often_owes_nothing() {
    for (hop, owes) in [(0, true), (2, true), (3, false), (255, false)] {
        let mut facts = Facts::default();
        let Ok(owed) = decide(&candidates(vec![rule(1, Clause::default())], Hop(hop)), &issue(), &mut facts);
        assert_eq!((owed.fired.len(), owed.deliveries.len()), if owes { (1, 2) } else { (0, 0) }, "{hop}");
        assert_eq!(facts.asked.is_empty(), !owes);
    }
}

#[test]
fn each_hook_gets_one_alert_however_many_rules_fired_with_the_rules_that_are_its_own() {
    let only = |hooks: &[u32]| Targets::Only(hooks.iter().map(|&hook| HookNumber::new(hook).unwrap()).collect());
    let rules = vec![
        Rule { targets: only(&[2]), ..rule(9, Clause::default()) },
        rule(5, Clause::default()),
        Rule { targets: only(&[2, 3]), ..rule(7, Clause::default()) },
        Rule { targets: only(&[4]), ..rule(8, Clause::default()) },
        on(6, &occurrences(11)),
    ];
    let hooks = vec![
        hook(1, Wants::Alerts),
        hook(2, Wants::Both),
        hook(3, Wants::Created),
        hook(4, Wants::Alerts),
        hook(5, Wants::Both),
    ];
    let candidates = candidates_of(rules, hooks, Hop(0));
    let Ok(owed) = decide(&candidates, &issue(), &mut Facts::default());
    let told: Vec<_> = owed
        .deliveries
        .iter()
        .map(|it| {
            let rules = owed.triggering(it, &candidates).into_iter().map(|(id, _)| id.get()).collect::<Vec<_>>();
            (it.hook.get(), it.kind, it.priority, rules)
        })
        .collect();
    let (created, alert) = ((Kind::EventCreated, Priority::Repeat), (Kind::EventAlert, Priority::Alert));
    let row = |hook, (kind, priority), rules: &[i64]| (hook, kind, priority, rules.to_vec());
    assert_eq!(
        told,
        [
            row(2, created, &[]),
            row(3, created, &[]),
            row(5, created, &[]),
            row(1, alert, &[5]),
            row(2, alert, &[5, 7, 9]),
            row(4, alert, &[5, 8]),
            row(5, alert, &[5]),
        ]
    );
    assert_eq!(owed.fired.iter().map(|fired| fired.rule.get()).collect::<Vec<_>>(), [5, 7, 8, 9]);
}

#[test]
fn a_rule_that_names_only_hooks_which_are_not_there_alerts_nobody() {
    let nobody = Targets::Only(vec![HookNumber::new(9).unwrap()]);
    let owed = decided(vec![Rule { targets: nobody, ..rule(1, Clause::default()) }], &issue(), &mut Facts::default());
    assert!(owed.deliveries.iter().all(|delivery| delivery.kind == Kind::EventCreated));
}

#[test]
fn the_first_event_of_an_issue_is_more_urgent_than_a_repeat_and_less_than_an_alert() {
    let priorities = |issue: &IssueState| {
        let owed = decided(vec![rule(1, Clause::default())], issue, &mut Facts::default());
        owed.deliveries.iter().map(|delivery| delivery.priority).collect::<Vec<_>>()
    };
    assert_eq!(priorities(&new_issue()), [Priority::FirstOfIssue, Priority::Alert]);
    assert_eq!(priorities(&issue()), [Priority::Repeat, Priority::Alert]);
}

#[test]
fn people_who_ask_are_told_every_answer_and_the_part_that_does_not_hold() {
    let (often, rare) = (occurrences(10), occurrences(11));
    let told = |rule: Rule, facts: Facts| {
        let candidates = candidates(vec![rule], Hop(0));
        let mut verdicts = said(&candidates.rules, &issue(), &mut facts.clone());
        let RuleVerdict { outcome, because, .. } = verdicts.remove(0);
        let answers: Vec<_> = because.iter().map(|it| (it.part, it.place, it.holds, it.found.clone())).collect();
        (outcome, answers)
    };
    let whole = |filter: &Value, conditions: &[Value]| Rule {
        filters: clause(Quantifier::All, std::slice::from_ref(filter)),
        conditions: clause(Quantifier::Any, conditions),
        ..rule(1, Clause::default())
    };
    let (filters, conditions) = (Part::Filters, Part::Conditions);
    let seen = |part, place, holds| (part, place, holds, "10".to_owned());
    let refuted = told(whole(&rare, &[tag_is("1"), often.clone()]), Facts::default());
    let answers = vec![seen(filters, 0, false), seen(conditions, 1, true)];
    assert_eq!(refuted, (RuleOutcome::Refuted(Part::Filters), answers), "the event has settled the conditions");
    let answers = vec![seen(filters, 0, true), seen(conditions, 0, false)];
    let refuted = told(whole(&often, std::slice::from_ref(&rare)), Facts::default());
    assert_eq!(refuted, (RuleOutcome::Refuted(Part::Conditions), answers));
    let last = Millis(NOW.0 - 60_000);
    let facts = || Facts { fired: HashMap::from([(1, last)]), ..Facts::default() };
    assert_eq!(told(whole(&often, &[]), facts()).0, RuleOutcome::Throttled { last });
    assert_eq!(told(whole(&rare, &[]), facts()).0, RuleOutcome::Refuted(Part::Filters), "the throttle comes last");
    let silent = Rule { silent_until: Some(Millis(i64::MAX)), ..whole(&often, &[]) };
    assert_eq!(told(silent, facts()).0, RuleOutcome::Silent);
    assert_eq!(told(whole(&often, &[]), Facts::default()).0, RuleOutcome::Fires);
}
