//! Counts how often each of many was wrong of late, and says when it was too often.
//!
//! Responsible for failures of credentials, by whatever they are counted by. Refuses to lock anybody out: that is no answer to
//! somebody who is right, so it is asked about failures only. Called where credentials are looked up.

use std::hash::Hash;

use model::ids::Millis;

use crate::rate::{Allowances, Rate, Spent};

/// Failures of each of many, forgotten as time passes.
pub(crate) struct Throttle<K> {
    failures: Allowances<K>,
    rate: Rate,
}

/// Too many failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "You are attempting to use this endpoint too frequently. Limit is {times} requests in {window_seconds} seconds"
)]
pub(crate) struct Throttled {
    times: u32,
    window_seconds: u64,
    /// When the next failure is answered as one.
    pub(crate) retry_after_seconds: u64,
}

impl<K: Copy + Eq + Hash> Throttle<K> {
    /// Lets so many failures pass, for each of at most so many.
    pub(crate) fn new(rate: Rate, most: usize) -> Self {
        Throttle { failures: Allowances::new(most), rate }
    }

    /// Whether its next failure will be throttled.
    pub(crate) fn check(&self, who: &K, now: Millis) -> Result<(), Throttled> {
        self.failures.ask(who, self.rate, now).map_err(|spent| self.throttled(spent))
    }

    /// It has failed.
    pub(crate) fn failed(&self, who: K, now: Millis) -> Result<(), Throttled> {
        self.failures.take(who, self.rate, now).map_err(|spent| self.throttled(spent))
    }

    fn throttled(&self, spent: Spent) -> Throttled {
        let Rate { times, window } = self.rate;
        Throttled { times, window_seconds: window.as_secs(), retry_after_seconds: spent.wait_seconds() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_has_failures_of_its_own_and_is_told_when_to_come_back() {
        let throttle = Throttle::new(Rate { times: 2, window: Duration::from_secs(60) }, 10);
        let now = Millis(1_541_539_208_143);
        assert!(throttle.failed("a", now).is_ok());
        assert!(throttle.check(&"a", now).is_ok());
        assert!(throttle.failed("a", now).is_ok());
        let throttled = throttle.failed("a", now).unwrap_err();
        assert_eq!(throttle.check(&"a", now), Err(throttled));
        assert_eq!(throttled.retry_after_seconds, 30);
        let text = "You are attempting to use this endpoint too frequently. Limit is 2 requests in 60 seconds";
        assert_eq!(throttled.to_string(), text);
        assert!(throttle.failed("b", now).is_ok());
        assert!(throttle.failed("a", Millis(now.0 + 30_000)).is_ok());
    }
}
