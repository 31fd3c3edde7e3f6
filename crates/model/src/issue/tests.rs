//! What an event does to a known issue, for every standing.

use super::*;
use crate::release::SeenRelease;

const NOW: Millis = Millis(1_704_067_200_000);

fn arrival() -> Arrival {
    Arrival { now: NOW, times_seen: 10, users_seen: 4, release: None }
}

fn ignored(snooze: Option<Snooze>) -> Standing {
    Standing { status: IssueStatus::Ignored, snooze, resolved_in: None }
}

fn resolved(resolved_in: Option<ResolvedIn>) -> Standing {
    Standing { status: IssueStatus::Resolved, snooze: None, resolved_in }
}

#[test]
fn an_unresolved_issue_only_repeats() {
    let leftovers = Standing {
        status: IssueStatus::Unresolved,
        snooze: Some(Snooze { until: Some(Millis(0)), ..Snooze::default() }),
        resolved_in: Some(ResolvedIn::Release("1.0.0".to_owned())),
    };
    for standing in [Standing::default(), leftovers] {
        let newer = Arrival { release: Some(Ordering::Greater), ..arrival() };
        assert_eq!(standing.turn(&newer), Turn::Repeated);
    }
}

#[test]
fn a_resolved_issue_comes_back_with_any_event_unless_a_release_says_otherwise() {
    let (older, same, newer) = (Some(Ordering::Less), Some(Ordering::Equal), Some(Ordering::Greater));
    let in_release = || Some(ResolvedIn::Release("1.0.0".to_owned()));
    let after = || Some(ResolvedIn::NextAfter("1.0.0".to_owned()));
    for (resolved_in, release, turn) in [
        (None, None, Turn::Regressed),
        (None, older, Turn::Regressed),
        (None, newer, Turn::Regressed),
        (in_release(), None, Turn::Repeated),
        (in_release(), older, Turn::Repeated),
        (in_release(), same, Turn::Regressed),
        (in_release(), newer, Turn::Regressed),
        (after(), None, Turn::Repeated),
        (after(), older, Turn::Repeated),
        (after(), same, Turn::Repeated),
        (after(), newer, Turn::Regressed),
    ] {
        let found = resolved(resolved_in.clone()).turn(&Arrival { release, ..arrival() });
        assert_eq!(found, turn, "{resolved_in:?} {release:?}");
    }
}

#[test]
fn real_releases_decide_by_version_and_else_by_when_they_were_seen() {
    let seen = |name, moment| SeenRelease { name, first_seen: Millis(moment) };
    for (resolved, event, comes_back, after_next) in [
        (seen("shop@1.9.0", 1), seen("shop@1.10.0", 0), true, true),
        (seen("shop@1.10.0", 0), seen("shop@1.9.0", 1), false, false),
        (seen("shop@1.9.0", 1), seen("shop@1.9.0", 1), true, false),
        (seen("shop@2.0.0", 1), seen("shop@2.0.0-rc.1", 9), false, false),
        (seen("shop@2.0.0-rc.1", 1), seen("shop@2.0.0", 0), true, true),
        (seen("abc1234", 1), seen("def5678", 2), true, true),
        (seen("abc1234", 2), seen("def5678", 1), false, false),
        (seen("1.0.0+a", 2), seen("1.0.0+b", 1), true, false),
    ] {
        let arrival = Arrival { release: Some(event.compare(&resolved)), ..arrival() };
        let name = resolved.name.to_owned();
        let in_it = self::resolved(Some(ResolvedIn::Release(name.clone()))).turn(&arrival);
        let in_next = self::resolved(Some(ResolvedIn::NextAfter(name))).turn(&arrival);
        let turn = |comes_back| if comes_back { Turn::Regressed } else { Turn::Repeated };
        assert_eq!((in_it, in_next), (turn(comes_back), turn(after_next)), "{} after {}", event.name, resolved.name);
    }
}

#[test]
fn an_ignored_issue_comes_back_when_whatever_ends_its_snooze_first_is_reached() {
    let (until, events, users) = (
        |at| Snooze { until: Some(Millis(at)), ..Snooze::default() },
        |most| Snooze { events: Some(most), ..Snooze::default() },
        |most| Snooze { users: Some(most), ..Snooze::default() },
    );
    for (snooze, is_over) in [
        (None, false),
        (Some(Snooze::default()), false),
        (Some(until(NOW.0 + 1)), false),
        (Some(until(NOW.0)), true),
        (Some(until(NOW.0 - 1)), true),
        (Some(events(11)), false),
        (Some(events(10)), false),
        (Some(events(9)), true),
        (Some(users(4)), false),
        (Some(users(3)), true),
        (Some(Snooze { until: Some(Millis(NOW.0 + 1)), events: Some(10), users: Some(4) }), false),
        (Some(Snooze { until: Some(Millis(NOW.0 + 1)), events: Some(10), users: Some(3) }), true),
        (Some(Snooze { until: Some(Millis(NOW.0 + 1)), events: Some(9), users: Some(4) }), true),
        (Some(Snooze { until: Some(NOW), events: Some(10), users: Some(4) }), true),
    ] {
        let turn = if is_over { Turn::Reappeared } else { Turn::Repeated };
        // No release brings an ignored issue back.
        let arrival = Arrival { release: Some(Ordering::Greater), ..arrival() };
        assert_eq!(ignored(snooze).turn(&arrival), turn, "{snooze:?}");
    }
}

#[test]
fn each_turn_leaves_its_substatus() {
    for (turn, substatus) in [
        (Turn::New, Some(Substatus::New)),
        (Turn::Regressed, Some(Substatus::Regressed)),
        (Turn::Reappeared, Some(Substatus::Reappeared)),
        (Turn::Repeated, None),
    ] {
        assert_eq!(turn.substatus(), substatus);
    }
}

#[test]
fn what_is_new_or_regressed_is_ongoing_after_a_week() {
    const WEEK: i64 = 7 * 86_400_000;
    for (substatus, fresh, old) in [
        (Substatus::New, "new", "ongoing"),
        (Substatus::Ongoing, "ongoing", "ongoing"),
        (Substatus::Regressed, "regressed", "ongoing"),
        (Substatus::Reappeared, "ongoing", "ongoing"),
        (Substatus::ArchivedForever, "archived_forever", "archived_forever"),
        (Substatus::ArchivedUntilConditionMet, "archived_until_condition_met", "archived_until_condition_met"),
    ] {
        for age in [-1, 0, WEEK - 1] {
            assert_eq!(substatus.shown(Millis(NOW.0 - age), NOW), fresh, "{substatus:?} {age}");
        }
        assert_eq!(substatus.shown(Millis(NOW.0 - WEEK), NOW), old, "{substatus:?}");
        assert_eq!(substatus.shown(Millis(i64::MIN), NOW), old, "{substatus:?}");
    }
}

#[test]
fn codes_and_names_stay_as_rows_and_clients_have_them() {
    for (index, status) in IssueStatus::ALL.into_iter().enumerate() {
        assert_eq!((status as usize, IssueStatus::named(status.as_str())), (index, Some(status)));
    }
    for (index, substatus) in Substatus::ALL.into_iter().enumerate() {
        assert_eq!(substatus as usize, index);
    }
    for (priority, code) in IssuePriority::ALL.into_iter().zip([25, 50, 75]) {
        assert_eq!((priority as u8, IssuePriority::named(priority.as_str())), (code, Some(priority)));
    }
    for name in ["archived", "muted"] {
        assert_eq!(IssueStatus::named(name), Some(IssueStatus::Ignored));
    }
    for name in ["", "Resolved", "resolvedInNextRelease", "pending_deletion"] {
        assert_eq!(IssueStatus::named(name), None, "{name}");
    }
}

#[test]
fn a_new_issue_s_priority_follows_its_level() {
    let (low, medium, high) = (IssuePriority::Low, IssuePriority::Medium, IssuePriority::High);
    for (level, priority) in
        [(Level::Debug, low), (Level::Info, low), (Level::Warning, medium), (Level::Error, high), (Level::Fatal, high)]
    {
        assert_eq!(IssuePriority::of(level), priority);
    }
}
