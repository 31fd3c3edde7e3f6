//! Counters that are asked for when there are events already.

use std::sync::Arc;

use model::ids::Seq;
use model::rules::bucket_start;

use super::ruled::{Ruled, Sent, counters, moment, more_events, more_users, rule};
use super::world::{holding, only};
use super::{Bench, Outcome};
use crate::counting::{CountedEvent, CounterToFill, FilledSlice};
use crate::error::StoreError;
use crate::marks::UserMark;

fn sent(id: u32, at: i64) -> Sent {
    Sent { id, issue: 1, at, user: Some(id), ..Sent::default() }
}

/// The slice of so many events that comes next, each counted.
async fn slice(ruled: &Ruled, counter: CounterToFill, limit: usize) -> Result<FilledSlice, StoreError> {
    let events = ruled.world.store.events_to_count(counter.project, counter.below, limit).await?;
    let asked = [more_events(3, "1h"), more_users(3, "1h")].map(|condition| only(counters(&rule("", &[condition]))));
    let Some(asked) = asked.iter().find(|asked| asked.key == counter.key) else { panic!("an unknown counter") };
    let counted = events.items.iter().map(|event| CountedEvent {
        issue: event.issue,
        bucket_s: bucket_start(event.received, asked.bucket_seconds),
        user: asked.counts_users.then_some(UserMark(event.received.0)),
    });
    let next_below = events.items.last().filter(|_| events.more).map(|event| event.seq);
    Ok(FilledSlice { counter, counted: counted.collect(), next_below })
}

/// Events of before are counted once, in slices, with those that are recorded meanwhile; then it is as if the counter had
/// always been there.
pub async fn a_counter_is_filled_with_what_was_recorded_before(bench: &mut dyn Bench) -> Outcome {
    let (mut ruled, _) = Ruled::new(bench).await?;
    for (condition, slices_of_two) in [(more_events(7, "1h"), 3), (more_users(7, "1h"), 7)] {
        let before = u32::from(condition["id"].as_str().is_some_and(|id| id.contains("Unique"))) * 100;
        ruled.world.restart(bench, moment(0)).await?;
        let issue = u8::try_from(before / 100 + 1).unwrap_or(1);
        let of = |id: u32, at: i64| Sent { issue, ..sent(before + id, at) };
        let earlier: Vec<_> = (1..=5).map(|id| of(id, i64::from(id))).collect();
        ruled.record(&earlier).await?;
        ruled.rule(&format!("Frequent {before}"), std::slice::from_ref(&condition)).await?;
        let key = only(counters(&rule("", &[condition]))).key;
        let mut counter = to_fill(&ruled, key).await?;
        assert_eq!(counter.reach_seconds, 3_600 + 60);
        // Recorded while it is not full, by a rule that does not know of the others yet.
        assert!(!ruled.fires(of(6, 6)).await?);
        let mut slices = 0;
        loop {
            let filled = slice(&ruled, counter, 2).await?;
            let next = filled.next_below;
            ruled.world.store.fill_counters(filled.clone()).await?;
            // Another process comes second with the same: it adds nothing.
            ruled.world.store.fill_counters(filled).await?;
            slices += 1;
            let Some(below) = next else { break };
            // Whoever goes on after a crash goes on there.
            ruled.world.restart(bench, moment(0)).await?;
            counter = to_fill(&ruled, key).await?;
            assert_eq!(counter.below, below);
        }
        assert_eq!(slices, slices_of_two);
        assert!(ruled.world.store.counters_to_fill().await?.iter().all(|left| left.key != key));
        assert!(!ruled.fires(of(7, 7)).await?, "seven are not more than seven");
        assert!(ruled.fires(of(8, 8)).await?);
    }
    Ok(())
}

async fn to_fill(ruled: &Ruled, key: model::rules::CounterKey) -> Result<CounterToFill, StoreError> {
    let found = ruled.world.store.counters_to_fill().await?.into_iter().find(|counter| counter.key == key);
    match found {
        Some(counter) => Ok(counter),
        None => panic!("nothing is to be filled"),
    }
}

/// The last slice ends the filling, and what comes after it adds nothing; nor does one for a counter that nobody asks for.
pub async fn a_filling_ends_once(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    ruled.record(&[sent(1, 0), sent(2, 0)]).await?;
    let id = ruled.rule("Frequent", &[more_events(3, "1h")]).await?;
    let counter = only(ruled.world.store.counters_to_fill().await?);
    let whole = slice(&ruled, counter, 10).await?;
    assert_eq!((whole.counted.len(), whole.next_below), (2, None));
    let store = Arc::clone(&ruled.world.store);
    for _ in 0..3 {
        store.fill_counters(whole.clone()).await?;
    }
    assert_eq!(ruled.fired(&[sent(3, 0), sent(4, 0)]).await?, [false, true], "the third and the fourth");
    // A rule that goes takes its counter along; what was still on its way to it is not added.
    store.delete_rule(ruled.world.project.id, id).await?;
    let again = ruled.rule("Frequent again", &[more_events(3, "1h")]).await?;
    let again_to_fill = only(store.counters_to_fill().await?);
    assert_eq!((again_to_fill.key, again_to_fill.below), (counter.key, Seq::try_from(5)?), "it begins anew");
    store.delete_rule(ruled.world.project.id, again).await?;
    store.fill_counters(slice(&ruled, again_to_fill, 10).await?).await?;
    assert!(store.counters_to_fill().await?.is_empty());
    Ok(())
}

/// What a rule was told before a slice came, or before its counter began anew, is not what it is told afterwards.
pub async fn a_rule_hears_of_what_was_filled(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    let (store, project) = (Arc::clone(&ruled.world.store), ruled.world.project.id);
    ruled.record(&[sent(1, 0), sent(2, 0)]).await?;
    let id = ruled.rule("Events", &[more_events(4, "1h")]).await?;
    assert_eq!(ruled.fired(&[sent(3, 1), sent(4, 2)]).await?, [false, false], "two of four are known");
    let counter = only(store.counters_to_fill().await?);
    store.fill_counters(slice(&ruled, counter, 10).await?).await?;
    assert_eq!(ruled.fired(&[sent(5, 3), sent(6, 4)]).await?, [true, false]);
    store.delete_rule(project, id).await?;
    ruled.rule("Events again", &[more_events(4, "1h")]).await?;
    assert_eq!(ruled.fired(&[sent(7, 5), sent(8, 6)]).await?, [false, false], "it has begun anew");
    let counter = only(store.counters_to_fill().await?);
    store.fill_counters(slice(&ruled, counter, 10).await?).await?;
    assert!(ruled.fires(sent(9, 7)).await?);
    Ok(())
}

/// Rules that ask for the same share a counter: the second one finds it filled.
pub async fn rules_that_ask_for_the_same_share_a_counter(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    ruled.rule("Three", &[more_events(3, "1h")]).await?;
    let counter = only(ruled.world.store.counters_to_fill().await?);
    ruled.world.store.fill_counters(slice(&ruled, counter, 10).await?).await?;
    ruled.record(&[sent(1, 0), sent(2, 0)]).await?;
    ruled.rule("Two", &[more_events(2, "1h")]).await?;
    assert!(ruled.world.store.counters_to_fill().await?.is_empty());
    let fired = ruled.record(&[sent(3, 0), sent(4, 0)]).await?;
    let rules: Vec<_> = fired.iter().map(|recorded| Ruled::alerts(recorded).rules).collect();
    assert_eq!(rules, [["Two"], ["Three"]]);
    Ok(())
}

/// A slice of large events ends early, and says so.
pub async fn a_slice_of_large_events_ends_early(bench: &mut dyn Bench) -> Outcome {
    let (ruled, _) = Ruled::new(bench).await?;
    let all: Vec<_> = (1..=9).map(|id| sent(id, 0)).collect();
    let events = ruled.matched(&all).await?;
    let events = events.into_iter().map(|event| holding(event, vec![b'x'; 1_000_000])).collect::<Vec<_>>();
    let project = ruled.world.project.id;
    let batch = super::ruled::with_room(events, ruled.world.batch());
    ruled.world.store.record(Arc::new(batch)).await?;
    let (mut below, mut seen) = (Seq::try_from(100)?, Vec::new());
    loop {
        let slice = ruled.world.store.events_to_count(project, below, 64).await?;
        assert!((1..=4).contains(&slice.items.len()), "{}", slice.items.len());
        seen.extend(slice.items.iter().map(|event| event.seq.get()));
        let Some(last) = slice.items.last().filter(|_| slice.more) else { break };
        below = last.seq;
    }
    assert_eq!(seen, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    Ok(())
}
