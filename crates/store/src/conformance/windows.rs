//! Counts of events and users in windows of time, and the newest release: what rules ask of the past.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ruled::{Ruled, Sent, condition, moment, more_events, more_users, rule, with_room};
use super::{Bench, Outcome};
use crate::ledger::EventResult;
use crate::rules::RuleChange;

const MINUTE_MS: i64 = 60_000;

fn sent(id: u32, issue: u8, at: i64) -> Sent {
    Sent { id, issue, at, ..Sent::default() }
}

/// More than the number of events, not as many; the events of a batch count for those after them, as those of earlier
/// batches do, and as those of before a restart.
pub async fn events_in_a_window_are_counted_wherever_they_were_recorded(bench: &mut dyn Bench) -> Outcome {
    let (mut ruled, _) = Ruled::new(bench).await?;
    ruled.rule("Frequent", &[more_events(3, "1m")]).await?;
    let of =
        |issue: u8| (1..=4).map(move |id| sent(u32::from(issue) * 10 + id, issue, i64::from(id))).collect::<Vec<_>>();
    assert_eq!(ruled.fired(&of(1)).await?, [false, false, false, true], "in one batch");
    for sent in of(2) {
        let fired = ruled.fires(sent).await?;
        assert_eq!(fired, sent.id == 24, "a batch for each");
    }
    assert_eq!(ruled.fired(&of(3)[..3]).await?, [false; 3]);
    ruled.world.restart(bench, moment(0)).await?;
    assert!(ruled.fires(of(3)[3]).await?, "after a restart");
    let mixed: Vec<_> = (0..4).flat_map(|place| [of(4)[place], of(5)[place]]).collect();
    assert_eq!(
        ruled.fired(&mixed).await?,
        [false, false, false, false, false, false, true, true],
        "each issue by itself"
    );
    Ok(())
}

/// A window is the present bucket and as many before it as make its length: what is in the one before them is out.
pub async fn a_window_begins_with_a_bucket(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    let windows = [("1m", 5, 60), ("15m", 60, 900), ("1h", 60, 3_600), ("1d", 900, 86_400), ("1w", 3_600, 604_800)];
    for (interval, ..) in windows {
        let name = format!("Within {interval}");
        ruled.rule(&name, &[more_events(1, interval)]).await?;
    }
    for (number, (interval, bucket_s, length_s)) in (1..).zip(windows) {
        let (bucket, length) = (bucket_s * 1_000, length_s * 1_000);
        let name = format!("Within {interval}");
        // NOW is a noon: every bucket begins with it.
        for (step, (last, counts)) in (0..).zip([(length, true), (length + bucket - 1, true), (length + bucket, false)])
        {
            let issue = number * 10 + step;
            let id = u32::from(issue) * 10;
            ruled.record(&[sent(id, issue, 0)]).await?;
            let recorded = ruled.record(&[sent(id + 1, issue, last)]).await?;
            let fired = Ruled::alerts(&recorded[0]).rules.contains(&name);
            assert_eq!(fired, counts, "{name}: {last} ms after the first event");
        }
    }
    Ok(())
}

/// Users count once in a window, however often and in however many buckets they come; who is not known does not count.
pub async fn users_in_a_window_are_counted_once(bench: &mut dyn Bench) -> Outcome {
    let (mut ruled, _) = Ruled::new(bench).await?;
    ruled.rule("Many users", &[more_users(2, "1h")]).await?;
    let by = |id: u32, at: i64, user: Option<u32>| Sent { user, ..sent(id, 1, at) };
    let batch = [
        by(1, 0, Some(1)),
        by(2, 1, Some(1)),
        by(3, 2, None),
        by(4, 5 * MINUTE_MS, Some(2)),
        by(5, 6 * MINUTE_MS, Some(1)),
    ];
    assert_eq!(ruled.fired(&batch).await?, [false; 5]);
    ruled.world.restart(bench, moment(0)).await?;
    let next = [by(6, 7 * MINUTE_MS, Some(2)), by(7, 8 * MINUTE_MS, None), by(8, 9 * MINUTE_MS, Some(3))];
    assert_eq!(ruled.fired(&next).await?, [false, false, true]);
    // The first user was last seen at the sixth minute, the second at the seventh.
    let ms = 67 * MINUTE_MS;
    assert!(ruled.fires(by(9, ms, Some(4))).await?, "two, three and four");
    assert!(!ruled.fires(by(10, ms + 10 * MINUTE_MS, Some(4))).await?, "only four");
    Ok(())
}

/// A rule of an environment counts its events alone; another rule's counter is another one.
pub async fn a_rule_of_an_environment_counts_its_events_alone(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    let everywhere = rule("Everywhere", &[more_events(3, "5m")]);
    let name = "In production".to_owned();
    ruled.save(RuleChange { name, environment: Some("production".to_owned()), ..everywhere.clone() }).await?;
    ruled.save(everywhere).await?;
    let mut rules = Vec::new();
    for (id, environment) in (1..).zip([
        Some("staging"),
        Some("production"),
        None,
        Some("production"),
        Some("production"),
        Some("production"),
    ]) {
        let recorded = ruled.record(&[Sent { environment, ..sent(id, 1, i64::from(id)) }]).await?;
        rules.push(Ruled::alerts(&recorded[0]).rules);
    }
    let none: &[&str] = &[];
    assert_eq!(rules, [none, none, none, &["Everywhere"], none, &["In production"]]);
    Ok(())
}

/// A percentage compares the window with the same one, so much earlier.
pub async fn a_percentage_compares_two_windows(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    let mut doubled = more_events(99, "15m");
    doubled["comparisonType"] = "percent".into();
    doubled["comparisonInterval"] = "1h".into();
    ruled.rule("Doubled", &[doubled]).await?;
    let then: Vec<_> = (0..3).map(|id| sent(id, 1, i64::from(id))).collect();
    assert_eq!(ruled.fired(&then).await?, [false; 3], "nothing to compare with is no rise");
    let now: Vec<_> = (3..9).map(|id| sent(id, 1, 60 * MINUTE_MS + i64::from(id))).collect();
    assert_eq!(ruled.fired(&now).await?, [false, false, false, false, false, true], "six after three");
    Ok(())
}

/// What may not fire is counted all the same: of an ignored issue, of a loop, while a rule is silent.
pub async fn what_fires_nothing_is_counted(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    let frequent = ruled.rule("Frequent", &[more_events(3, "1h")]).await?;
    let loops: Vec<_> = (1..=4).map(|id| Sent { hop: 3, ..sent(id, 1, 0) }).collect();
    assert_eq!(ruled.fired(&loops).await?, [false; 4]);
    let stored = ruled.record(&[sent(5, 1, 1)]).await?;
    assert_eq!(Ruled::alerts(&stored[0]).rules, ["Frequent"], "the loop's events are there");
    assert_eq!(ruled.issue(stored[0].issue).await?.count, 5);

    let project = ruled.world.project.id;
    let silence = crate::rules::RuleSnooze { since: moment(0), until: Some(moment(10)), by: None };
    ruled.world.store.snooze_rule(project, frequent, Some(silence)).await?;
    let silent: Vec<_> = (10..=14).map(|id| sent(id, 2, 9)).collect();
    assert_eq!(ruled.fired(&silent).await?, [false; 5]);
    assert!(ruled.fires(sent(15, 2, 10)).await?, "it may speak again, and has counted");

    let ignored = ruled.record(&[sent(20, 3, 20)]).await?[0].issue;
    let nobody = crate::issues::NewStanding::Ignored(crate::issues::SnoozeFor::default());
    ruled.stand(ignored, nobody, 20).await?;
    let unseen: Vec<_> = (21..=24).map(|id| sent(id, 3, 21)).collect();
    assert_eq!(ruled.fired(&unseen).await?, [false; 4]);
    ruled.stand(ignored, crate::issues::NewStanding::Unresolved, 30).await?;
    assert!(ruled.fires(sent(25, 3, 31)).await?);
    Ok(())
}

/// The newest release is the one whose first event came last: of the project, or of the rule's environment.
pub async fn the_latest_release_is_the_last_one_that_was_first_seen(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    let filters = vec![serde_json::json!({"id": "sentry.rules.filters.latest_release.LatestReleaseFilter"})];
    let every = RuleChange { filters, ..rule("Latest", &[condition("every_event.EveryEventCondition")]) };
    let name = "Latest in production".to_owned();
    ruled.save(RuleChange { name, environment: Some("production".to_owned()), ..every.clone() }).await?;
    ruled.save(every).await?;
    let (production, staging) = (Some("production"), Some("staging"));
    // An issue for each: nothing is throttled.
    let steps: [(Option<&str>, Option<&str>, &[&str]); 8] = [
        (Some("b"), production, &["Latest", "Latest in production"]),
        (Some("a"), staging, &["Latest"]),
        (Some("b"), production, &["Latest in production"]),
        (Some("b"), staging, &[]),
        (Some("a"), production, &["Latest", "Latest in production"]),
        (Some("b"), production, &[]),
        (None, production, &[]),
        (Some("c"), None, &["Latest"]),
    ];
    let all: Vec<_> = (1..)
        .zip(&steps)
        .map(|(number, (release, environment, _))| {
            let (release, environment) = (*release, *environment);
            Sent { release, environment, ..sent(u32::from(number), number, i64::from(number)) }
        })
        .collect();
    // In one batch, and again one by one.
    let mut recorded = ruled.record(&all[..4]).await?;
    for sent in &all[4..] {
        recorded.extend(ruled.record(&[*sent]).await?);
    }
    for (place, (recorded, (.., expected))) in recorded.iter().zip(&steps).enumerate() {
        assert_eq!(Ruled::alerts(recorded).rules, *expected, "step {place}");
    }
    Ok(())
}

/// In a batch in which something is refused each event finds what was counted before it, and so do those that follow.
pub async fn a_refused_event_does_not_disturb_what_is_counted(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    for value in [4, 6] {
        ruled.rule(&format!("{value} events"), &[more_events(value, "1h")]).await?;
        ruled.rule(&format!("{value} users"), &[more_users(value, "1h")]).await?;
    }
    let by = |id: u32| Sent { user: Some(id), ..sent(id, 1, i64::from(id)) };
    assert_eq!(ruled.fired(&[by(1), by(2)]).await?, [false; 2]);
    let events = ruled.matched(&[by(3), by(4), by(5), by(6)]).await?;
    bench.poison(events[1].id).await;
    let batch = with_room(events, ruled.world.batch());
    let results = ruled.world.store.record(Arc::new(batch)).await?.events;
    let [
        EventResult::Recorded(third),
        EventResult::Refused(_),
        EventResult::Recorded(fifth),
        EventResult::Recorded(sixth),
    ] = &results[..]
    else {
        panic!("{results:?}")
    };
    let none: &[&str] = &[];
    let rules = [third, fifth, sixth].map(|recorded| Ruled::alerts(recorded).rules);
    assert_eq!(rules, [none, none, &["4 events", "4 users"]]);
    assert!(!ruled.fires(by(7)).await?, "six are counted");
    let last = ruled.record(&[by(8)]).await?;
    assert_eq!(Ruled::alerts(&last[0]).rules, ["6 events", "6 users"]);
    Ok(())
}

/// Hundreds of events in batches of all sizes, of a few users and issues, while time goes on: each rule fires exactly where
/// counting by hand says so.
pub async fn windows_hold_what_counting_by_hand_finds(bench: &mut dyn Bench) -> Outcome {
    let (mut ruled, _) = Ruled::new(bench).await?;
    let rules = [
        ("a", false, 6, "1m", 60, 5),
        ("b", true, 4, "1m", 60, 5),
        ("c", false, 60, "1h", 3_600, 60),
        ("d", true, 9, "15m", 900, 60),
    ];
    for (name, of_users, value, interval, ..) in rules {
        let condition = if of_users { more_users(value, interval) } else { more_events(value, interval) };
        ruled.rule(name, &[condition]).await?;
    }
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |limit: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % limit
    };
    let (mut past, mut last_fired, mut firings) = (Vec::<Sent>::new(), BTreeMap::new(), 0);
    let (mut at, mut id) = (0, 0);
    for round in 0..120 {
        at += i64::try_from(below(40_000)).unwrap_or(0);
        let mut batch = Vec::new();
        for _ in 0..=below(7) {
            id += 1;
            at += i64::try_from(below(900)).unwrap_or(0);
            let user = u32::try_from(below(12)).ok().filter(|user| *user > 0);
            batch.push(Sent { user, ..sent(id, u8::try_from(below(2)).unwrap_or(0), at) });
        }
        for (recorded, event) in ruled.record(&batch).await?.iter().zip(&batch) {
            past.push(*event);
            let mut expected = Vec::new();
            for (name, of_users, value, _, length_s, bucket_s) in rules {
                let bucket = |at: i64| at.div_euclid(bucket_s * 1_000) * bucket_s;
                let first = bucket(event.at) - length_s;
                let within = past.iter().filter(|it| it.issue == event.issue && bucket(it.at) >= first);
                let count = match of_users {
                    true => within.filter_map(|it| it.user).collect::<BTreeSet<_>>().len(),
                    false => within.count(),
                };
                let throttled = last_fired.get(&(name, event.issue)).is_some_and(|last| event.at < last + 300_000);
                if u32::try_from(count).is_ok_and(|count| count > value) && !throttled {
                    last_fired.insert((name, event.issue), event.at);
                    expected.push(name);
                    firings += 1;
                }
            }
            assert_eq!(Ruled::alerts(recorded).rules, expected, "{event:?}, round {round}");
        }
        if round % 50 == 49 {
            ruled.world.restart(bench, moment(at)).await?;
        }
    }
    assert!(firings > 20, "{firings} firings prove little");
    Ok(())
}
