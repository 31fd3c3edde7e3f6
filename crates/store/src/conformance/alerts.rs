//! Rules that fire, and the alerts that are owed with the event on which they did.

use std::sync::Arc;

use model::delivery::{DeliveryState, Priority};
use model::ids::HookNumber;
use serde_json::{Value, json};
use webhook::Kind;

use super::ruled::{Ruled, Sent, condition, moment, more_events, rule, with_room};
use super::world::{all_recorded, grouping, later, only};
use super::{Bench, Outcome};
use crate::issues::{NewStanding, SnoozeFor};
use crate::ledger::{Batch, BatchEvent, EventResult, NewEvent, OwedRow};
use crate::rules::{NOTIFY_EVENT_SERVICE, RuleChange};

const EVERY: &str = "every_event.EveryEventCondition";
const FIRST_SEEN: &str = "first_seen_event.FirstSeenEventCondition";

fn sent(id: u32, issue: u8, at: i64) -> Sent {
    Sent { id, issue, at, ..Sent::default() }
}

/// Hooks and kinds of what is owed.
fn owed(rows: &[OwedRow]) -> Vec<(HookNumber, Kind)> {
    rows.iter().map(|owed| (owed.key.hook, owed.key.kind)).collect()
}

/// An alert is on disk with its event: the same bytes, after a crash too, and its hook is owed no `event.created`.
pub async fn an_alert_is_owed_with_its_event(bench: &mut dyn Bench) -> Outcome {
    let (mut ruled, hook) = Ruled::new(bench).await?;
    let (project, zero) = (ruled.world.project.clone(), ruled.rule("Zero \"0\"", &[condition(FIRST_SEEN)]).await?);
    let recorded = only(ruled.record(&[sent(1, 7, 0)]).await?);
    let alert = only(recorded.owed.clone());
    assert_eq!((alert.key.hook, alert.key.kind, alert.priority), (hook, Kind::EventAlert, Priority::Alert));
    let Some(body) = alert.alert else { panic!("an alert has a body of its own") };
    let issue = recorded.issue;
    let (slug, name) = (&project.slug, &project.name);
    let expected = format!(
        concat!(
            r#"{{"id":"00000001000000000000000000000000","project":"{slug}","project_id":"{id}","project_name":"{name}","#,
            r#""culprit":"culprit","message":"<unlabeled event>","#,
            r#""url":"https://watchfire.example/organizations/org/issues/{issue}/","level":"error","#,
            r#""triggering_rules":["Zero \"0\""],"issue_id":"{issue}","triggering_rule_ids":["{zero}"]}}"#
        ),
        slug = slug,
        id = project.id,
        name = name,
        issue = issue,
        zero = zero,
    );
    assert_eq!(String::from_utf8_lossy(&body), expected);
    ruled.world.restart(bench, moment(1)).await?;
    let stored = only(ruled.world.store.bodies(vec![alert.key], usize::MAX).await?.found);
    assert_eq!(stored.map(|stored| stored.bytes), Some(body.clone()));
    let claimed = only(ruled.world.claim(hook, moment(1)).await?);
    assert_eq!(claimed.key, alert.key);
    // What was in a commit whose end nobody saw is found with its body.
    let events = ruled.matched(&[sent(1, 7, 0), sent(2, 7, 0)]).await?;
    let ids = events.iter().map(|event| (event.project, event.id)).collect();
    let found = ruled.world.store.find_recorded(ids, moment(1)).await?;
    let [Some(again), None] = &found[..] else { panic!("{found:?}") };
    assert_eq!((again.seq, again.issue), (recorded.seq, recorded.issue));
    let again = only(again.owed.clone());
    assert_eq!((again.key, again.leased, again.alert), (alert.key, true, Some(body)));
    Ok(())
}

/// However many rules fire, each hook is owed one alert, which names those that fired for it, by id.
pub async fn each_hook_is_owed_one_alert_about_the_rules_that_fired_for_it(bench: &mut dyn Bench) -> Outcome {
    let (ruled, first) = Ruled::new(bench).await?;
    let (second, both) = (
        ruled.hook(2, vec![Kind::EventAlert]).await?,
        ruled.hook(3, vec![Kind::EventCreated, Kind::EventAlert]).await?,
    );
    let created = ruled.hook(4, vec![Kind::EventCreated]).await?.number;
    let for_hook = |guid: &str| vec![json!({"id": NOTIFY_EVENT_SERVICE, "service": guid})];
    let narrow = |name: &str, guid: &str| RuleChange { actions: for_hook(guid), ..rule(name, &[condition(EVERY)]) };
    let wide = ruled.rule("Wide", &[condition(EVERY)]).await?;
    let second_only = ruled.save(narrow("Second only", &second.guid.to_string())).await?;
    let created_only = ruled.save(narrow("Not alerted", &"04".repeat(16))).await?;
    let also = ruled.rule("Wide too", &[condition(EVERY)]).await?;
    let recorded = only(ruled.record(&[sent(1, 1, 0)]).await?);
    let (second, both) = (second.number, both.number);
    let mut expected = vec![(both, Kind::EventCreated), (created, Kind::EventCreated)];
    expected.extend([first, second, both].map(|hook| (hook, Kind::EventAlert)));
    assert_eq!(owed(&recorded.owed), expected);
    let bodies: Vec<Value> = recorded.owed[2..]
        .iter()
        .map(|owed| owed.alert.as_deref().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default())
        .collect();
    let names = |body: &Value| body["triggering_rules"].clone();
    assert_eq!(
        bodies.iter().map(names).collect::<Vec<_>>(),
        [json!(["Wide", "Wide too"]), json!(["Wide", "Second only", "Wide too"]), json!(["Wide", "Wide too"]),]
    );
    let ids = json!([wide.to_string(), second_only.to_string(), also.to_string()]);
    assert_eq!(bodies[1]["triggering_rule_ids"], ids);
    let fired = ruled.because(recorded.seq).await?;
    let rules: Vec<_> = fired.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(rules, [wide, second_only, created_only, also], "it fired, though its hook is owed no alert");
    Ok(())
}

/// Every delivery with a place is born leased, an alert like an `event.created`; with fewer places the rest waits.
pub async fn an_alert_is_born_leased_where_it_has_a_place(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    let hook = ruled.hook(2, vec![Kind::EventCreated, Kind::EventAlert]).await?.number;
    ruled.rule("Every", &[condition(EVERY)]).await?;
    for (number, places) in (1..).zip([0, 1, 2]) {
        let event = only(ruled.matched(&[sent(u32::from(number), number, 0)]).await?);
        let events = vec![BatchEvent { event: Arc::new(event), room: vec![hook; places.min(1)] }];
        let batch = Batch { events, alert_room: vec![(hook, places / 2)], ..ruled.world.batch() };
        let recorded = only(all_recorded(ruled.world.store.record(Arc::new(batch)).await?.events));
        let of_hook: Vec<_> = recorded.owed.iter().filter(|owed| owed.key.hook == hook).collect();
        assert_eq!(of_hook.len(), 2);
        assert_eq!(of_hook.iter().filter(|owed| owed.leased).count(), places);
        for owed in of_hook {
            let expected = if owed.leased { DeliveryState::Sending } else { DeliveryState::Waiting };
            let id = only(ruled.matched(&[sent(u32::from(number), number, 0)]).await?).id;
            let all = ruled.world.store.deliveries(owed.key.project, id).await?;
            assert!(all.iter().any(|found| found.key == owed.key && found.state == expected), "{owed:?}");
        }
    }
    // The alert goes first.
    let claimed = ruled.world.claim(hook, moment(0)).await?;
    assert_eq!(claimed[0].key.kind, Kind::EventAlert);
    Ok(())
}

/// A rule fires once for an issue in its frequency, in one batch as in two and after a restart; only firing moves that.
pub async fn a_rule_fires_once_for_an_issue_in_its_frequency(bench: &mut dyn Bench) -> Outcome {
    let (mut ruled, _) = Ruled::new(bench).await?;
    ruled.rule("Every", &[condition(EVERY)]).await?;
    let minute = 60_000;
    let batch = [sent(1, 1, 0), sent(2, 1, 1), sent(3, 2, 2), sent(4, 1, 5 * minute - 1), sent(5, 1, 5 * minute)];
    assert_eq!(ruled.fired(&batch).await?, [true, false, true, false, true]);
    ruled.world.restart(bench, moment(0)).await?;
    let mut fired = Vec::new();
    for (id, at) in (6..).zip([6 * minute, 10 * minute - 1, 10 * minute, 10 * minute + 1, 16 * minute]) {
        fired.push(ruled.fires(sent(id, 1, at)).await?);
    }
    assert_eq!(fired, [false, false, true, false, true]);
    let recorded = ruled.record(&[sent(20, 3, 0), sent(21, 3, 60 * minute)]).await?;
    let project = ruled.world.project.id;
    let last = ruled.world.store.rules_last_fired(project).await?;
    assert_eq!(last.iter().map(|(_, at)| *at).collect::<Vec<_>>(), [moment(60 * minute)]);
    assert_eq!(ruled.because(recorded[0].seq).await?.len(), 1);
    Ok(())
}

/// What a rule fired because of is kept: the nodes that the store's state decided, with what was there.
pub async fn what_decided_is_kept(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    let occurrences = json!({"id": "sentry.rules.filters.issue_occurrences.IssueOccurrencesFilter", "value": 2});
    let level = json!({"id": "sentry.rules.filters.level.LevelFilter", "match": "gte", "level": "10"});
    let counting = rule("Counting", &[more_events(9, "1h"), more_events(1, "1h")]);
    let counting = ruled.save(RuleChange { filters: vec![level, occurrences], ..counting }).await?;
    let recorded = ruled.record(&[sent(1, 1, 0), sent(2, 1, 1), sent(3, 1, 2)]).await?;
    assert!(ruled.because(recorded[0].seq).await?.is_empty());
    let because = json!([
        {"part": "filters", "node": 1, "holds": true, "found": "2"},
        {"part": "conditions", "node": 0, "holds": false, "found": "2"},
        {"part": "conditions", "node": 1, "holds": true, "found": "2"},
    ]);
    assert_eq!(ruled.because(recorded[1].seq).await?, [(counting, because)]);
    assert!(ruled.because(recorded[2].seq).await?.is_empty(), "throttled");
    Ok(())
}

/// An event that is refused has fired nothing, moved no throttle and counted for nothing; those after it in its batch do
/// what they would have done without it.
pub async fn a_refused_event_leaves_no_throttle_and_no_count(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    ruled.rule("New", &[condition(FIRST_SEEN)]).await?;
    ruled.rule("Frequent", &[more_events(2, "1h")]).await?;
    let back = "regression_event.RegressionEventCondition";
    ruled.rule("Regressed", &[condition(back)]).await?;
    ruled.rule("In a new release", &[condition(EVERY)]).await?;
    let resolved = only(ruled.record(&[sent(1, 5, 0)]).await?).issue;
    ruled.stand(resolved, NewStanding::Resolved(None), 0).await?;
    let by =
        |id: u32, issue| Sent { user: Some(1), release: Some("r"), environment: Some("e"), ..sent(id, issue, 600_000) };
    let batch = [by(10, 1), by(11, 1), by(12, 1), by(13, 1), by(14, 5), by(15, 5)];
    let mut events = ruled.matched(&batch).await?;
    // The first makes the issue of those that follow it, the fifth reopens that of the sixth.
    let refused = [0, 4];
    let poisoned = events[0].id;
    events[4].id = poisoned;
    bench.poison(poisoned).await;
    let batch = with_room(events, ruled.world.batch());
    let results = ruled.world.store.record(Arc::new(batch)).await?.events;
    let mut rules = Vec::new();
    for (place, result) in results.iter().enumerate() {
        match result {
            EventResult::Refused(_) => assert!(refused.contains(&place)),
            EventResult::Recorded(recorded) => rules.push(Ruled::alerts(recorded).rules),
            other => panic!("{other:?}"),
        }
    }
    let none: &[&str] = &[];
    assert_eq!(rules, [&["In a new release", "New"][..], none, &["Frequent"], &["In a new release", "Regressed"]]);
    let EventResult::Recorded(second) = &results[1] else { panic!("it was recorded") };
    let issue = ruled.issue(second.issue).await?;
    assert_eq!((issue.count, issue.users, issue.short_number), (3, 1, 2));
    let issue = ruled.issue(resolved).await?;
    assert_eq!((issue.count, issue.users), (2, 1));
    let hours = ruled.world.store.issue_hours(vec![second.issue], moment(0)).await?;
    assert_eq!(only(hours), [(moment(0), 3)]);
    // What the refused ones would have left beside their issue is left by others that say the same.
    assert_eq!(ruled.world.store.environments(ruled.world.project.id).await?, ["e"]);
    assert_eq!(ruled.world.store.issue_tags(second.issue).await?.len(), 3);
    Ok(())
}

/// The place that a refused event took for its alert is there for the next one.
pub async fn a_refused_event_takes_no_place_for_an_alert(bench: &mut dyn Bench) -> Outcome {
    let (ruled, hook) = Ruled::new(bench).await?;
    ruled.rule("Every", &[condition(EVERY)]).await?;
    bench.poison_hour(moment(3_600_000).0 / 1_000).await;
    let events = ruled.matched(&[sent(1, 1, 3_600_000), sent(2, 2, 0), sent(3, 3, 0)]).await?;
    let batch = Batch { alert_room: vec![(hook, 1)], ..with_room(events, ruled.world.batch()) };
    let results = ruled.world.store.record(Arc::new(batch)).await?.events;
    let [EventResult::Refused(_), EventResult::Recorded(second), EventResult::Recorded(third)] = &results[..] else {
        panic!("{results:?}")
    };
    assert_eq!([second, third].map(|recorded| recorded.owed[0].leased), [true, false]);
    Ok(())
}

/// A silent rule, a disabled one, an ignored issue and a loop owe no alert and leave no history.
pub async fn what_may_not_fire_leaves_no_history(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    let (store, project) = (Arc::clone(&ruled.world.store), ruled.world.project.id);
    let silent = ruled.rule("Silent", &[condition(EVERY)]).await?;
    let silence = crate::rules::RuleSnooze { since: moment(0), until: None, by: None };
    store.snooze_rule(project, silent, Some(silence)).await?;
    ruled.save(RuleChange { active: false, ..rule("Disabled", &[condition(EVERY)]) }).await?;
    assert!(!ruled.fires(sent(1, 1, 0)).await?);
    store.snooze_rule(project, silent, None).await?;
    assert!(!ruled.fires(Sent { hop: 3, ..sent(2, 1, 0) }).await?);
    let issue = ruled.record(&[sent(3, 2, 0)]).await?[0].issue;
    assert_eq!(store.rules_last_fired(project).await?, [(silent, moment(0))]);
    ruled.stand(issue, NewStanding::Ignored(SnoozeFor::default()), 0).await?;
    assert!(!ruled.fires(sent(4, 2, 3_600_000)).await?);
    let deleted = ruled.matched(&[sent(5, 3, 0)]).await?;
    store.delete_rule(project, silent).await?;
    let batch = with_room(deleted, ruled.world.batch());
    let result = only(store.record(Arc::new(batch)).await?.events);
    assert!(matches!(result, EventResult::Moved), "a rule that was deleted since does not fire: {result:?}");
    assert!(!ruled.fires(sent(5, 3, 0)).await?);
    Ok(())
}

/// An event that goes back to be matched again, or was there before, moves nothing: no throttle, no count, no issue.
pub async fn a_moved_event_or_a_duplicate_fires_nothing(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    ruled.rule("Frequent", &[more_events(2, "1h")]).await?;
    let stale = ruled.matched(&[sent(1, 1, 0), sent(2, 1, 0), sent(3, 1, 0)]).await?;
    ruled.rule("Every", &[condition(EVERY)]).await?;
    let fresh = only(ruled.matched(&[sent(4, 1, 0)]).await?);
    let duplicate = NewEvent { received: later(fresh.received, 1), ..fresh.clone() };
    let events = stale.into_iter().chain([fresh, duplicate.clone(), duplicate]);
    let results = ruled.world.store.record(Arc::new(with_room(events, ruled.world.batch()))).await?.events;
    let [
        EventResult::Moved,
        EventResult::Moved,
        EventResult::Moved,
        EventResult::Recorded(recorded),
        EventResult::Duplicate,
        EventResult::Duplicate,
    ] = &results[..]
    else {
        panic!("{results:?}")
    };
    assert_eq!(Ruled::alerts(recorded).rules, ["Every"]);
    assert_eq!(ruled.issue(recorded.issue).await?.count, 1);
    // Matched again they count as if they had come now.
    let again = ruled.record(&[sent(1, 1, 0), sent(2, 1, 0), sent(3, 1, 0)]).await?;
    let rules: Vec<_> = again.iter().map(|recorded| Ruled::alerts(recorded).rules).collect();
    let none: &[&str] = &[];
    assert_eq!(rules, [none, &["Frequent"], none]);
    Ok(())
}

/// An issue that is deleted is forgotten with its throttle: the event after it makes a new issue, which is new to rules.
pub async fn the_issue_after_a_deleted_one_is_new_to_rules(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    ruled.rule("New", &[condition(FIRST_SEEN)]).await?;
    let mut events = ruled.matched(&[sent(1, 1, 0), sent(2, 1, 1)]).await?;
    // Two hashes of one issue are what merging would make; here they are two issues.
    events[1].grouping = grouping(2);
    let batch = with_room(events, ruled.world.batch());
    let recorded = all_recorded(ruled.world.store.record(Arc::new(batch)).await?.events);
    let project = ruled.world.project.id;
    let of = crate::issues::IssuesOf { project, issues: vec![recorded[0].issue] };
    assert_eq!(ruled.world.store.delete_issues(of).await?, 1);
    assert_eq!(ruled.fired(&[sent(3, 1, 2), sent(4, 1, 3), sent(5, 2, 4)]).await?, [true, false, false]);
    Ok(())
}
