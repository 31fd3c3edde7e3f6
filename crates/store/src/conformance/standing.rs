//! What events do to issues that somebody resolved or ignored, and to those that are new somewhere.

use std::sync::Arc;

use model::ids::IssueId;
use model::issue::{IssueStatus, ResolvedIn, Substatus};

use super::ruled::{Ruled, Sent, condition, moment, rule, with_room};
use super::world::only;
use super::{Bench, Outcome};
use crate::error::StoreError;
use crate::issues::{NewStanding, SnoozeFor};
use crate::ledger::EventResult;
use crate::rules::RuleChange;

const REGRESSION: &str = "regression_event.RegressionEventCondition";
const REAPPEARED: &str = "reappeared_event.ReappearedEventCondition";
const FIRST_SEEN: &str = "first_seen_event.FirstSeenEventCondition";

/// An issue with one event, by user 1.
async fn issue(ruled: &Ruled, number: u8, release: Option<&'static str>) -> Result<IssueId, StoreError> {
    let sent = Sent { id: u32::from(number) * 100, issue: number, release, user: Some(1), ..Sent::default() };
    Ok(only(ruled.record(&[sent]).await?).issue)
}

/// Events of an issue that follow its first one, a second apart.
fn more(number: u8, ids: std::ops::RangeInclusive<u32>) -> Vec<Sent> {
    let sent = |id: u32| Sent {
        id: u32::from(number) * 100 + id,
        issue: number,
        at: i64::from(id) * 1_000,
        user: Some(1),
        ..Sent::default()
    };
    ids.map(sent).collect()
}

/// One event reopens a resolved issue, of one batch as of two, and it alone is the regression.
pub async fn one_event_reopens_a_resolved_issue(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    // A frequency would hide a second winner.
    let rules: Vec<_> = (0..5).map(|number| rule(&format!("Regressed {number}"), &[condition(REGRESSION)])).collect();
    for rule in rules {
        ruled.save(rule).await?;
    }
    let id = issue(&ruled, 1, None).await?;
    ruled.stand(id, NewStanding::Resolved(None), 0).await?;
    assert_eq!(ruled.fired(&more(1, 1..=3)).await?, [true, false, false]);
    let reopened = ruled.issue(id).await?;
    assert_eq!((reopened.status, reopened.substatus), (IssueStatus::Unresolved, Substatus::Regressed));
    assert_eq!((reopened.changed, reopened.count), (moment(1_000), 4));
    assert_eq!(ruled.fired(&more(1, 4..=5)).await?, [false, false]);
    ruled.stand(id, NewStanding::Resolved(None), 6_000).await?;
    let later = |id: u32| Sent { at: 3_600_000, ..only(more(1, id..=id)) };
    assert_eq!(ruled.fired(&[later(7)]).await?, [true], "resolved again, it regresses again");
    assert_eq!(ruled.fired(&[later(8)]).await?, [false]);
    Ok(())
}

/// Resolved in a release: events of that one and of newer ones reopen it, those of older ones and those of none do not.
pub async fn an_issue_that_is_resolved_in_a_release_stays_so_for_older_ones(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    for (number, release) in (20..).zip(["app@1.9.0", "app@2.0.0", "app@2.1.0", "beta", "gamma"]) {
        let seen = Sent { at: i64::from(number), ..only(more(number, 1..=1)) };
        ruled.record(&[Sent { release: Some(release), ..seen }]).await?;
    }
    let this = |release: &str| ResolvedIn::Release(release.to_owned());
    let next = |release: &str| ResolvedIn::NextAfter(release.to_owned());
    let cases = [
        (this("app@2.0.0"), None, false),
        (this("app@2.0.0"), Some("app@1.9.0"), false),
        (this("app@2.0.0"), Some("app@2.0.0"), true),
        (this("app@2.0.0"), Some("app@2.1.0"), true),
        (next("app@2.0.0"), Some("app@2.0.0"), false),
        (next("app@2.0.0"), Some("app@1.10.0"), false),
        (next("app@2.0.0"), Some("app@2.1.0"), true),
        // By the time of their first events.
        (this("gamma"), Some("beta"), false),
        (next("beta"), Some("beta"), false),
        (next("beta"), Some("gamma"), true),
        // Nobody has seen it when the issue is resolved in it: it is newer than those that were seen, older than others.
        (this("delta"), Some("gamma"), false),
        (this("delta"), Some("epsilon"), true),
        (this("app@3.0.0"), Some("app@2.9.0"), false),
    ];
    for (number, (resolved_in, release, reopens)) in (50..).zip(cases) {
        let id = issue(&ruled, number, None).await?;
        ruled.stand(id, NewStanding::Resolved(Some(resolved_in.clone())), 1_000).await?;
        let batch: Vec<_> = more(number, 2..=3).into_iter().map(|sent| Sent { release, ..sent }).collect();
        ruled.record(&batch).await?;
        let status = ruled.issue(id).await?.status;
        let expected = if reopens { IssueStatus::Unresolved } else { IssueStatus::Resolved };
        assert_eq!(status, expected, "resolved in {resolved_in:?}, an event of {release:?}");
    }
    Ok(())
}

/// The event that ends a snooze brings the issue back, it alone, wherever in a batch it is; until then no rule fires.
pub async fn one_event_ends_a_snooze(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    ruled.rule("Back", &[condition(REAPPEARED)]).await?;
    let snoozes = [
        (1, SnoozeFor { events: Some(3), ..SnoozeFor::default() }),
        (2, SnoozeFor { users: Some(3), ..SnoozeFor::default() }),
        (3, SnoozeFor { until: Some(moment(3_000)), ..SnoozeFor::default() }),
    ];
    for (number, snooze) in snoozes {
        for split in 1..=3 {
            let number = number + 10 * split;
            let id = issue(&ruled, number, None).await?;
            ruled.stand(id, NewStanding::Ignored(snooze), 0).await?;
            // Of a new user each: the third makes three more events, three more users, and comes after three seconds.
            let sent: Vec<_> =
                (2..).zip(more(number, 1..=5)).map(|(user, it)| Sent { user: Some(user), ..it }).collect();
            let (first, second) = sent.split_at(usize::from(split));
            let mut fired = ruled.fired(first).await?;
            fired.extend(ruled.fired(second).await?);
            assert_eq!(fired, [false, false, true, false, false], "{snooze:?}, cut after {split}");
            let issue = ruled.issue(id).await?;
            assert_eq!((issue.status, issue.snooze), (IssueStatus::Unresolved, None));
            assert_eq!((issue.substatus, issue.changed), (Substatus::Reappeared, moment(3_000)));
        }
    }
    let seen_by_nobody = only(ruled.record(&[Sent { id: 400, issue: 4, ..Sent::default() }]).await?).issue;
    let anybody = SnoozeFor { users: Some(0), ..SnoozeFor::default() };
    ruled.stand(seen_by_nobody, NewStanding::Ignored(anybody), 0).await?;
    assert_eq!(ruled.fired(&more(4, 1..=2)).await?, [true, false]);
    let id = issue(&ruled, 5, None).await?;
    ruled.stand(id, NewStanding::Ignored(SnoozeFor::default()), 0).await?;
    assert_eq!(ruled.fired(&more(5, 1..=5)).await?, [false; 5], "for good");
    Ok(())
}

/// A user who comes again is not one more, in a batch, across batches and after a restart.
pub async fn a_user_counts_once_for_an_issue(bench: &mut dyn Bench) -> Outcome {
    let (mut ruled, _) = Ruled::new(bench).await?;
    let by = |id: u32, user: Option<u32>| Sent { id, issue: 1, user, ..Sent::default() };
    let id = ruled.record(&[by(1, Some(7)), by(2, Some(7)), by(3, None)]).await?[0].issue;
    ruled.record(&[by(4, Some(7)), by(5, Some(8))]).await?;
    ruled.world.restart(bench, moment(0)).await?;
    ruled.record(&[by(6, Some(7)), by(7, Some(8)), by(8, None), by(9, Some(9))]).await?;
    let issue = ruled.issue(id).await?;
    assert_eq!((issue.count, issue.users), (9, 3));
    Ok(())
}

/// A rule of an environment calls an issue new with its first event there, whatever it has had elsewhere.
pub async fn an_issue_is_new_in_each_environment_once(bench: &mut dyn Bench) -> Outcome {
    let (mut ruled, _) = Ruled::new(bench).await?;
    let everywhere = rule("New", &[condition(FIRST_SEEN)]);
    for environment in ["production", "staging"] {
        let name = format!("New in {environment}");
        ruled.save(RuleChange { name, environment: Some(environment.to_owned()), ..everywhere.clone() }).await?;
    }
    ruled.save(everywhere).await?;
    let from =
        |id: u32, environment| Sent { id, issue: 1, at: i64::from(id) * 3_600_000, environment, ..Sent::default() };
    let (production, staging) = (Some("production"), Some("staging"));
    let batch = [from(0, None), from(1, production), from(2, production)];
    let recorded = ruled.record(&batch).await?;
    let mut rules: Vec<_> = recorded.iter().map(|recorded| Ruled::alerts(recorded).rules).collect();
    ruled.world.restart(bench, moment(0)).await?;
    for sent in [from(3, production), from(4, staging), from(5, staging), from(6, None)] {
        rules.push(Ruled::alerts(&only(ruled.record(&[sent]).await?)).rules);
    }
    let none: &[&str] = &[];
    assert_eq!(rules, [&["New"][..], &["New in production"], none, none, &["New in staging"], none, none]);
    let elsewhere = Sent { issue: 2, ..from(7, production) };
    let new = only(ruled.record(&[elsewhere]).await?);
    assert_eq!(Ruled::alerts(&new).rules, ["New", "New in production"], "a new issue is new there too");
    Ok(())
}

/// What an event without a title of its own says takes no real title's place; the last level and release count.
pub async fn a_placeholder_takes_no_titles_place(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    let mut events = ruled.matched(&more(1, 1..=3)).await?;
    for (number, event) in events.iter_mut().enumerate() {
        event.summary.title = format!("Title {number}");
        event.summary.metadata = format!(r#"{{"number":{number}}}"#);
        event.summary.logger = format!("logger {number}");
        event.summary.has_placeholder_title = number != 1;
    }
    let batch = with_room(events, ruled.world.batch());
    let results = ruled.world.store.record(Arc::new(batch)).await?.events;
    let Some(EventResult::Recorded(recorded)) = results.first() else { panic!("{results:?}") };
    let issue = ruled.issue(recorded.issue).await?;
    assert_eq!((issue.title.as_str(), issue.metadata.as_str()), ("Title 1", r#"{"number":1}"#));
    assert_eq!((issue.logger.as_str(), issue.count), ("logger 2", 3));
    Ok(())
}

/// The first release is that of the first event, the last one that of the last event that named one.
pub async fn an_issue_knows_its_first_and_last_release(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    let of = |id: u32, release| Sent { id, issue: 1, release, ..Sent::default() };
    let id = ruled.record(&[of(1, Some("1")), of(2, Some("3")), of(3, None)]).await?[0].issue;
    let issue = ruled.issue(id).await?;
    assert_eq!((issue.first_release.as_deref(), issue.last_release.as_deref()), (Some("1"), Some("3")));
    ruled.record(&[of(4, None)]).await?;
    ruled.record(&[of(5, Some("2")), of(6, None)]).await?;
    let issue = ruled.issue(id).await?;
    assert_eq!((issue.first_release.as_deref(), issue.last_release.as_deref()), (Some("1"), Some("2")));
    Ok(())
}

/// An earlier event that comes later moves the issue's beginning, and nothing else of it.
pub async fn an_issue_may_turn_out_to_be_older(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    let id = only(ruled.record(&more(1, 5..=5)).await?).issue;
    let mut events = ruled.matched(&more(1, 6..=7)).await?;
    events[0].timestamp = moment(-50_000);
    let batch = with_room(events, ruled.world.batch());
    ruled.world.store.record(Arc::new(batch)).await?;
    let issue = ruled.issue(id).await?;
    assert_eq!((issue.first_seen, issue.last_seen, issue.count), (moment(-50_000), moment(7_000), 3));
    assert_eq!((issue.substatus, issue.changed), (Substatus::New, moment(5_000)));
    Ok(())
}
