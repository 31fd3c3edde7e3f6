//! How the deliveries of a replay ended: counted out of the hook's list, as soon as none of them waits.
//!
//! A replay marks what it sends again with the time. What was sent again in its period since it was made is taken for its own;
//! a delivery that somebody sends again by hand meanwhile is counted too.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use super::view::{Delivery, ReplayView};
use crate::cli::api::{Progress, Subject, escaped, pause};
use crate::cli::failure::ApiError;
use crate::cli::report::tame;

/// How many are in each state.
pub(super) struct Outcomes(BTreeMap<String, u64>);

/// Waits until nothing of the replay waits, so many seconds at most.
pub(super) async fn wait_for(
    subject: &Subject<'_>,
    replay: &ReplayView,
    seconds: u64,
    hook: &str,
) -> Result<Outcomes, ApiError> {
    if replay.sent_again == 0 {
        return Ok(Outcomes(BTreeMap::new()));
    }
    let mut progress = Progress::new();
    loop {
        let waiting = count(subject, replay, "&status=waiting&status=sending").await?.all();
        progress.show(replay.sent_again.saturating_sub(waiting), replay.sent_again, "tried");
        if waiting == 0 {
            return count(subject, replay, "").await;
        }
        if progress.elapsed().as_secs() >= seconds {
            progress.end();
            let what = format!("{waiting} of {} deliveries wait still", replay.sent_again);
            let look = format!("watchfire deliveries list {} --status waiting", tame(hook));
            return Err(ApiError::StillWaiting { what, seconds, look });
        }
        pause().await;
    }
}

async fn count(subject: &Subject<'_>, replay: &ReplayView, narrowed: &str) -> Result<Outcomes, ApiError> {
    let query = format!("since={}&until={}{narrowed}", escaped(&replay.since), escaped(&replay.until));
    let mut walk = subject.walk("deliveries/", &query);
    let mut states = BTreeMap::new();
    while let Some(page) = walk.next().await? {
        for item in page {
            let delivery: Delivery = item.read()?;
            // The API writes all times alike, so their texts are ordered as they are.
            if delivery.sent_again.as_ref().is_some_and(|again| *again >= replay.created) {
                *states.entry(delivery.state).or_default() += 1;
            }
        }
    }
    Ok(Outcomes(states))
}

impl Outcomes {
    fn all(&self) -> u64 {
        self.0.values().sum()
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        json!(self.0)
    }

    /// Some did not arrive.
    pub(super) fn failure(self) -> Option<ApiError> {
        let delivered = self.0.get("delivered").copied().unwrap_or(0);
        let others = self.all() - delivered;
        let what = || format!("{others} of {} deliveries did not arrive ({self})", self.all());
        (others > 0).then(|| ApiError::NotDelivered { what: what() })
    }
}

impl fmt::Display for Outcomes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts: Vec<String> = self.0.iter().map(|(state, count)| format!("{count} {}", tame(state))).collect();
        if counts.is_empty() { out.write_str("nothing to deliver") } else { out.write_str(&counts.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(counts: &[(&str, u64)]) -> Outcomes {
        Outcomes(counts.iter().map(|(state, count)| ((*state).to_owned(), *count)).collect())
    }

    #[test]
    fn only_what_was_not_delivered_is_a_failure() {
        assert!(of(&[]).failure().is_none() && of(&[("delivered", 3)]).failure().is_none());
        let failure = of(&[("delivered", 3), ("failed", 2)]).failure().unwrap().to_string();
        assert_eq!(failure, "2 of 5 deliveries did not arrive (3 delivered, 2 failed)");
    }
}
