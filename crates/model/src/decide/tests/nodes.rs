//! Every condition and filter that the store's state decides, on both of its sides.

use super::*;

#[test]
fn what_the_event_did_to_its_issue_decides_these_conditions() {
    let (low, medium, high) = (IssuePriority::Low, IssuePriority::Medium, IssuePriority::High);
    let (first, regression, reappeared, new_high, existing_high) = (
        condition("first_seen_event.FirstSeenEventCondition"),
        condition("regression_event.RegressionEventCondition"),
        condition("reappeared_event.ReappearedEventCondition"),
        condition("high_priority_issue.NewHighPriorityIssueCondition"),
        condition("high_priority_issue.ExistingHighPriorityIssueCondition"),
    );
    for (turn, priority, expected) in [
        (Turn::New, high, [true, false, false, true, false]),
        (Turn::New, medium, [true, false, false, false, false]),
        (Turn::New, low, [true, false, false, false, false]),
        (Turn::Regressed, high, [false, true, false, false, false]),
        (Turn::Reappeared, high, [false, false, true, false, true]),
        (Turn::Reappeared, medium, [false, false, true, false, false]),
        (Turn::Repeated, high, [false, false, false, false, false]),
    ] {
        let issue = IssueState { turn, priority, ..issue() };
        let conditions = [&first, &regression, &reappeared, &new_high, &existing_high];
        let found = conditions.map(|condition| holds(condition, &issue, &mut Facts::default()).0);
        assert_eq!(found, expected, "{turn:?} {priority:?}");
    }
}

#[test]
fn in_an_environment_new_means_new_there() {
    let of_prod = |name: &str| Rule { environment: Some("prod".to_owned()), ..on(1, &condition(name)) };
    let first = "first_seen_event.FirstSeenEventCondition";
    let high = "high_priority_issue.NewHighPriorityIssueCondition";
    for (turn, is_new_in_environment, priority, expected) in [
        (Turn::Repeated, true, IssuePriority::High, [true, true]),
        (Turn::Repeated, true, IssuePriority::Medium, [true, false]),
        (Turn::Repeated, false, IssuePriority::High, [false, false]),
        (Turn::New, true, IssuePriority::High, [true, true]),
    ] {
        let issue = IssueState { turn, is_new_in_environment, priority, ..issue() };
        let found = [first, high].map(|name| fires(of_prod(name), &issue, &mut Facts::default()));
        assert_eq!(found, expected, "{turn:?} {is_new_in_environment} {priority:?}");
        let anywhere = fires(on(1, &condition(first)), &issue, &mut Facts::default());
        assert_eq!(anywhere, turn == Turn::New);
    }
}

#[test]
fn ages_and_occurrences_have_exact_borders() {
    let (issue, mut facts) = (issue(), Facts::default());
    for (condition, expected) in [
        (age("older", 59), true),
        (age("older", 60), false),
        (age("older", 61), false),
        (age("newer", 59), false),
        (age("newer", 60), false),
        (age("newer", 61), true),
        (age("older", 0), true),
        (age("newer", i64::MAX as u64), true),
        (age("older", i64::MAX as u64), false),
        (occurrences(0), true),
        (occurrences(10), true),
        (occurrences(11), false),
    ] {
        let (found, why) = holds(&condition, &issue, &mut facts);
        assert_eq!(found, expected, "{condition}");
        assert!(["first seen 2023-12-31T23:00:00.000Z", "10"].contains(&&*why), "{why}");
    }
    assert!(facts.asked.iter().all(|question| question.starts_with("fired")), "{:?}", facts.asked);
}

#[test]
fn the_latest_release_is_that_of_the_rule_s_environment() {
    let latest = filter("latest_release.LatestReleaseFilter");
    for is_latest in [true, false] {
        let mut facts = Facts { is_latest, ..Facts::default() };
        assert_eq!(holds(&latest, &issue(), &mut facts).0, is_latest);
        assert_eq!(facts.asked[1], "latest release of the project");
        let of_prod = Rule { environment: Some("prod".to_owned()), ..on(1, &latest) };
        assert_eq!(fires(of_prod, &issue(), &mut facts), is_latest);
        assert_eq!(facts.asked.last().unwrap(), "latest release of prod");
    }
}

#[test]
fn frequencies_count_over_their_window_and_want_strictly_more() {
    for interval in Interval::ALL {
        for (name, counts_users) in [
            ("EventFrequencyCondition", false),
            ("EventUniqueUserFrequencyCondition", true),
            ("EventUniqueUserFrequencyConditionWithConditions", true),
        ] {
            for (count, expected) in [(0, false), (4, false), (5, false), (6, true), (u64::MAX, true)] {
                let counts = HashMap::from([((counts_users, interval.ending(NOW)), count)]);
                let mut facts = Facts { counts, ..Facts::default() };
                let found = holds(&frequency(name, 5, interval.as_str()), &issue(), &mut facts);
                assert_eq!(found, (expected, count.to_string()), "{name} {interval:?}");
            }
        }
    }
}

#[test]
fn percentages_compare_with_the_same_window_earlier_and_are_cut() {
    for (now, before, percent, expected) in [
        (30, 20, 49, true),
        (30, 20, 50, false),
        (59, 39, 51, false),
        (59, 39, 50, true),
        (20, 20, 0, false),
        (21, 20, 4, true),
        (10, 20, 0, false),
        (1000, 0, 0, false),
        (u64::MAX, 1, 1_000_000, true),
    ] {
        let mut condition = frequency("EventFrequencyCondition", percent, "1h");
        condition["comparisonType"] = json!("percent");
        condition["comparisonInterval"] = json!("1d");
        let windows = [Interval::Hour.ending(NOW), Interval::Hour.ending_before(NOW, Interval::Day)];
        assert_eq!(windows[0].first_s - windows[1].first_s, 86_400);
        let counts = HashMap::from([((false, windows[0]), now), ((false, windows[1]), before)]);
        let found = holds(&condition, &issue(), &mut Facts { counts, ..Facts::default() });
        assert_eq!(found, (expected, format!("{now} after {before}")), "{percent}");
    }
}

#[test]
fn a_new_issue_is_not_counted_where_one_event_cannot_be_enough() {
    for (value, asks, expected) in [(0, true, true), (1, false, false), (5, false, false)] {
        for (name, users) in [("EventFrequencyCondition", false), ("EventUniqueUserFrequencyCondition", true)] {
            let counts = HashMap::from([((users, Interval::Hour.ending(NOW)), 1)]);
            let mut facts = Facts { counts, ..Facts::default() };
            let (found, why) = holds(&frequency(name, value, "1h"), &new_issue(), &mut facts);
            assert_eq!((found, &*why), (expected, "1"), "{name} {value}");
            let asked = facts.asked.iter().any(|question| !question.starts_with("fired"));
            assert_eq!(asked, asks, "{name} {value}");
        }
    }
}

#[test]
fn what_was_found_is_told_for_each_condition() {
    for (name, environment, expected) in [
        ("first_seen_event.FirstSeenEventCondition", None, "new"),
        ("first_seen_event.FirstSeenEventCondition", Some("prod"), "new in the environment"),
        ("high_priority_issue.NewHighPriorityIssueCondition", None, "new, high priority"),
        ("high_priority_issue.NewHighPriorityIssueCondition", Some("prod"), "new in the environment, high priority"),
    ] {
        let rule = Rule { environment: environment.map(str::to_owned), ..on(1, &condition(name)) };
        let owed = decided(vec![rule], &new_issue(), &mut Facts::default());
        assert_eq!(owed.fired[0].because[0].found, expected);
    }
    let back = IssueState { turn: Turn::Reappeared, priority: IssuePriority::of(Level::Warning), ..issue() };
    let found =
        holds(&condition("high_priority_issue.ExistingHighPriorityIssueCondition"), &back, &mut Facts::default());
    assert_eq!(found, (false, "reappeared, medium priority".to_owned()));
}
