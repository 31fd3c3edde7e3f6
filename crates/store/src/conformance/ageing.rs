//! Upkeep of what rules leave: counts, throttles, firings, and deleted rules.

use model::issue::IssueStatus;
use webhook::Kind;

use super::ruled::{Ruled, Sent, condition, moment, more_events, more_users, rule};
use super::world::{DAY_MS, all_recorded, days, idle_plan, only};
use super::{Bench, Outcome};
use crate::issues::IssuesOf;
use crate::ledger::SweepPlan;
use crate::rules::{FiredRange, RuleChange};

const EVERY: &str = "every_event.EveryEventCondition";
/// Everything that only rules, issues and events have rows in.
const OF_A_PROJECT: [&str; 14] = [
    "event",
    "event_key",
    "issue",
    "issue_hash",
    "issue_environment",
    "issue_user",
    "issue_tag",
    "issue_hour",
    "issue_count",
    "issue_user_count",
    "rule",
    "rule_throttle",
    "rule_fired",
    "release_seen",
];

fn sent(id: u32, issue: u8, at: i64) -> Sent {
    Sent { id, issue, at, user: Some(id), ..Sent::default() }
}

fn plan(at: i64) -> SweepPlan {
    SweepPlan { now: moment(at), ..idle_plan() }
}

/// Counts go when no window of their counter reaches them; until then they count. Slices may be as small as a row.
pub async fn counts_go_when_no_window_reaches_them(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    ruled.rule("Short", &[more_events(5, "1m"), more_users(5, "1m")]).await?;
    ruled.rule("Long", &[more_events(5, "1h"), more_users(5, "1h")]).await?;
    let events: Vec<_> = (1..=3).flat_map(|id| [sent(id, 1, 0), sent(id + 10, 2, 5_000)]).collect();
    ruled.record(&events).await?;
    let rows =
        async |bench: &dyn Bench| (bench.count_rows("issue_count").await, bench.count_rows("issue_user_count").await);
    assert_eq!(rows(bench).await, (4, 12));
    // A window of a minute reaches back 65 s with its bucket, and is asked for by events that have waited a minute at most.
    for (at, expected) in [
        (125_000, (4, 12)),
        (126_000, (3, 9)),
        (131_000, (2, 6)),
        (3_600_000, (2, 6)),
        (3_720_000, (2, 6)),
        (3_721_000, (0, 0)),
    ] {
        ruled.world.sweep(SweepPlan { limit: 1, ..plan(at) }).await?;
        assert_eq!(rows(bench).await, expected, "after {at} ms");
    }
    Ok(())
}

/// What a window still reaches counts after upkeep as before.
pub async fn what_a_window_reaches_is_left_to_count(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    ruled.rule("Long", &[more_events(5, "1h")]).await?;
    ruled.record(&[sent(1, 1, 0), sent(2, 1, 1), sent(3, 1, 2)]).await?;
    let hour = 3_600_000;
    ruled.world.sweep(plan(hour + 59_999)).await?;
    let events = [sent(4, 1, hour), sent(5, 1, hour), sent(6, 1, hour + 59_999)];
    assert_eq!(ruled.fired(&events).await?, [false, false, true]);
    Ok(())
}

/// A counter that no rule asks for goes at once: of a rule that is deleted, disabled or changed; what others ask for stays.
pub async fn a_counter_that_nobody_asks_for_goes(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    let (store, project) = (ruled.world.store.clone(), ruled.world.project.id);
    let deleted = ruled.rule("Deleted", &[more_events(9, "1h"), more_events(9, "1d")]).await?;
    let disabled = ruled.rule("Disabled", &[more_users(9, "1w")]).await?;
    let changed = ruled.rule("Changed", &[more_events(9, "15m")]).await?;
    ruled.rule("Kept", &[more_events(3, "1d")]).await?;
    ruled.record(&[sent(1, 1, 0), sent(2, 2, 0), sent(3, 1, 1)]).await?;
    let rows =
        async |bench: &dyn Bench| (bench.count_rows("issue_count").await, bench.count_rows("issue_user_count").await);
    assert_eq!(rows(bench).await, (6, 3));
    ruled.world.sweep(plan(1)).await?;
    assert_eq!(rows(bench).await, (6, 3));
    store.delete_rule(project, deleted).await?;
    store
        .update_rule(project, disabled, RuleChange { active: false, ..rule("Disabled", &[more_users(9, "1w")]) })
        .await?;
    store.update_rule(project, changed, rule("Changed", &[condition(EVERY)])).await?;
    ruled.world.sweep(SweepPlan { limit: 1, ..plan(1) }).await?;
    assert_eq!(rows(bench).await, (2, 0));
    let fired: Vec<_> = ruled.record(&[sent(4, 1, 2), sent(5, 1, 3)]).await?.iter().map(Ruled::alerts).collect();
    assert_eq!([&fired[0].rules[..], &fired[1].rules[..]], [&["Changed"][..], &["Kept"]], "what it counted is there");
    Ok(())
}

/// Throttles go with their rule, with their issue, and when they are older than any frequency; none goes before.
pub async fn throttles_go_when_they_hold_nothing_back(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    let (store, project) = (ruled.world.store.clone(), ruled.world.project.id);
    let monthly = |name: &str| RuleChange { frequency_minutes: 43_200, ..rule(name, &[condition(EVERY)]) };
    ruled.save(monthly("Kept")).await?;
    let deleted = ruled.save(monthly("Deleted")).await?;
    let recorded = ruled.record(&[sent(1, 1, 0), sent(2, 2, 0), sent(3, 3, 1)]).await?;
    assert_eq!(bench.count_rows("rule_throttle").await, 6);
    store.delete_issues(IssuesOf { project, issues: vec![recorded[0].issue] }).await?;
    ruled.world.sweep(SweepPlan { limit: 1, ..plan(0) }).await?;
    assert_eq!(bench.count_rows("rule_throttle").await, 4);
    store.delete_rule(project, deleted).await?;
    ruled.world.sweep(SweepPlan { limit: 1, ..plan(0) }).await?;
    assert_eq!(bench.count_rows("rule_throttle").await, 2);
    ruled.world.sweep(plan(30 * DAY_MS)).await?;
    assert_eq!(bench.count_rows("rule_throttle").await, 2);
    assert!(!ruled.fires(sent(4, 2, 30 * DAY_MS - 1)).await?, "its frequency is not over");
    ruled.world.sweep(plan(30 * DAY_MS + 1)).await?;
    assert_eq!(bench.count_rows("rule_throttle").await, 1);
    assert!(ruled.fires(sent(5, 2, 30 * DAY_MS + 1)).await?);
    Ok(())
}

/// Firings go with the day of their event; a deleted rule's too, whose own row goes with the last of them.
pub async fn firings_go_with_their_day_and_deleted_rules_with_their_firings(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    let (store, project) = (ruled.world.store.clone(), ruled.world.project.id);
    let kept = ruled.rule("Kept", &[condition(EVERY)]).await?;
    let deleted = ruled.rule("Deleted", &[condition(EVERY)]).await?;
    let never_fired = ruled.rule("Never fired", &[more_events(99, "1m")]).await?;
    let mut seqs = Vec::new();
    for day in 0..4 {
        seqs.push(only(ruled.record(&[sent(u32::try_from(day).unwrap_or(0), 1, day * DAY_MS)]).await?).seq);
    }
    store.delete_rule(project, deleted).await?;
    store.delete_rule(project, never_fired).await?;
    let now = 3 * DAY_MS;
    let range = FiredRange { project, since: moment(0), until: moment(now + 1) };
    for (keep_from, firings, rules) in [(0, 4, 2), (1, 3, 2), (3, 1, 2), (4, 0, 1)] {
        let keep_from = days(moment(0), keep_from);
        ruled.world.sweep(SweepPlan { keep_from, limit: 1, ..plan(now) }).await?;
        assert_eq!(store.rule_hours(kept, range).await?.len(), firings);
        assert_eq!(bench.count_rows("rule_fired").await, 2 * firings as u64);
        assert_eq!(bench.count_rows("rule").await, rules);
        if firings > 0 {
            let why: Vec<_> = ruled.because(seqs[3]).await?.into_iter().map(|(rule, _)| rule).collect();
            assert_eq!(why, [kept, deleted], "an event that is kept knows why, of deleted rules too");
        }
    }
    Ok(())
}

/// Of a deleted project nothing stays, in whatever slices it goes; another one keeps all that is its own.
pub async fn a_deleted_project_takes_its_rules_issues_and_releases_along(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    let world = &ruled.world;
    let other = world.store.create_project(super::world::new_project(&world.organization, &world.team, 2)).await?;
    let issue = only(all_recorded(world.record(vec![world.event_of(other.id, 1, &[]).await?]).await?)).issue;
    ruled.hook(9, vec![Kind::EventCreated]).await?;
    ruled.rule("Every", &[condition(EVERY)]).await?;
    ruled.rule("Frequent", &[more_events(1, "30d"), more_users(1, "30d")]).await?;
    let of =
        |id: u32| Sent { release: Some("r"), environment: Some("e"), ..sent(id, u8::try_from(id % 3).unwrap_or(0), 0) };
    let batch: Vec<_> = (1..=9).map(of).collect();
    for recorded in ruled.record(&batch).await? {
        for owed in recorded.owed {
            let done = super::world::failure(moment(0));
            world.settle_one(owed.key, done, crate::ledger::NextState::Failed).await?;
        }
    }
    world.store.delete_project(world.project.id).await?;
    for _ in 0..2 {
        world.sweep(SweepPlan { limit: 2, ..plan(1) }).await?;
    }
    let mut left = Vec::new();
    for table in
        OF_A_PROJECT.into_iter().chain(["project", "hook", "delivery", "attempt", "rule_counter", "counter_fill"])
    {
        left.push((table, bench.count_rows(table).await));
    }
    // The other one's event, and the row that says in which environment: none.
    let kept = ["event", "event_key", "issue", "issue_hash", "issue_environment", "issue_hour", "project"];
    let expected = |table| u64::from(kept.contains(&table));
    assert_eq!(left, left.iter().map(|(table, _)| (*table, expected(*table))).collect::<Vec<_>>());
    assert_eq!(world.store.issue(issue).await?.map(|issue| issue.status), Some(IssueStatus::Unresolved));
    Ok(())
}
