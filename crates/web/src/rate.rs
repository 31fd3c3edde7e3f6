//! How often something may happen: so many times at once, and again as time passes.
//!
//! Responsible for allowances that fill up evenly, for many names at a time and in bounded memory. Refuses to know what happens, and
//! reads no clock. It counts in this process only: several processes on one store allow as much each. Used by `auth` for failed
//! credentials and by `ingest` for project keys.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use model::ids::Millis;

/// So many times in so long; all of them may be at once. Both are at least one, of times and of milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) times: u32,
    pub(crate) window: Duration,
}

/// Nothing is left; this is when something will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) wait: Duration,
}

/// What each name has left. A name that has all left takes no memory.
pub(crate) struct Allowances<K> {
    /// When each has all left again, if nothing happens, in nanoseconds of the store's time.
    full_at: Mutex<HashMap<K, u64>>,
    most: usize,
}

impl Spent {
    /// The wait in whole seconds, at least one: who comes back then finds something.
    pub(crate) fn wait_seconds(self) -> u64 {
        let seconds = self.wait.as_secs() + u64::from(self.wait.subsec_nanos() > 0);
        seconds.max(1)
    }
}

impl<K: Copy + Eq + Hash> Allowances<K> {
    /// Remembers at most so many names; past that, the one that will have all left first is forgotten.
    pub(crate) fn new(most: usize) -> Self {
        Allowances { full_at: Mutex::default(), most }
    }

    /// Whether something is left.
    pub(crate) fn ask(&self, name: &K, rate: Rate, now: Millis) -> Result<(), Spent> {
        let used = self.with(|full_at| full_at.get(name).map_or(0, |full| rate.used(*full, now)));
        rate.allows(used)
    }

    /// Takes one, if something is left.
    pub(crate) fn take(&self, name: K, rate: Rate, now: Millis) -> Result<(), Spent> {
        self.with(|full_at| {
            let used = full_at.get(&name).map_or(0, |full| rate.used(*full, now));
            rate.allows(used)?;
            if full_at.len() >= self.most && !full_at.contains_key(&name) {
                forget(full_at, nanos(now));
            }
            full_at.insert(name, nanos(now) + used + rate.interval());
            Ok(())
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut HashMap<K, u64>) -> T) -> T {
        // A poisoned lock means that an insertion panicked: the map itself is whole.
        change(&mut self.full_at.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Rate {
    /// Nanoseconds that one time takes to come back.
    fn interval(self) -> u64 {
        self.window_nanos() / u64::from(self.times.max(1))
    }

    fn window_nanos(self) -> u64 {
        u64::try_from(self.window.as_nanos()).unwrap_or(u64::MAX / 4)
    }

    /// How much of the window is used up; never more than all of it, whatever the rate was before.
    fn used(self, full_at: u64, now: Millis) -> u64 {
        full_at.saturating_sub(nanos(now)).min(self.window_nanos())
    }

    fn allows(self, used: u64) -> Result<(), Spent> {
        let beyond = (used + self.interval()).saturating_sub(self.window_nanos());
        if beyond == 0 { Ok(()) } else { Err(Spent { wait: Duration::from_nanos(beyond) }) }
    }
}

/// Makes room for one more name.
fn forget<K: Copy + Eq + Hash>(full_at: &mut HashMap<K, u64>, now: u64) {
    let before = full_at.len();
    full_at.retain(|_, full| *full > now);
    if full_at.len() == before
        && let Some(first) = full_at.iter().min_by_key(|(_, full)| **full).map(|(name, _)| *name)
    {
        full_at.remove(&first);
    }
}

fn nanos(time: Millis) -> u64 {
    u64::try_from(time.0).unwrap_or(0).saturating_mul(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Millis = Millis(1_541_539_208_143);
    const THREE_A_MINUTE: Rate = Rate { times: 3, window: Duration::from_secs(60) };

    fn later(ms: i64) -> Millis {
        Millis(START.0 + ms)
    }

    #[test]
    fn all_may_be_at_once_and_one_comes_back_each_share_of_the_window() {
        let allowances = Allowances::new(10);
        for _ in 0..3 {
            assert_eq!(allowances.ask(&"a", THREE_A_MINUTE, START), Ok(()));
            assert_eq!(allowances.take("a", THREE_A_MINUTE, START), Ok(()));
        }
        let spent = Err(Spent { wait: Duration::from_secs(20) });
        assert_eq!(allowances.ask(&"a", THREE_A_MINUTE, START), spent);
        assert_eq!(allowances.take("a", THREE_A_MINUTE, START), spent);
        assert_eq!(allowances.take("b", THREE_A_MINUTE, START), Ok(()));
        let almost = allowances.take("a", THREE_A_MINUTE, later(19_999)).unwrap_err();
        assert_eq!((almost.wait, almost.wait_seconds()), (Duration::from_millis(1), 1));
        assert_eq!(allowances.take("a", THREE_A_MINUTE, later(20_000)), Ok(()));
        assert!(allowances.take("a", THREE_A_MINUTE, later(20_000)).is_err());
        for _ in 0..3 {
            assert_eq!(allowances.take("a", THREE_A_MINUTE, later(80_000)), Ok(()));
        }
        assert!(allowances.take("a", THREE_A_MINUTE, later(80_000)).is_err());
    }

    #[test]
    fn over_a_long_time_it_is_the_rate_and_no_more_than_one_window_beyond() {
        let allowances = Allowances::new(10);
        let rate = Rate { times: 7, window: Duration::from_secs(1) };
        let taken = (0..60_000).filter(|ms| allowances.take((), rate, later(*ms)).is_ok()).count();
        assert!((7 * 60..=7 * 61).contains(&taken), "{taken}");
    }

    #[test]
    fn a_rate_that_was_lowered_and_raised_again_counts_at_once() {
        let allowances = Allowances::new(10);
        let one_a_day = Rate { times: 1, window: Duration::from_secs(86_400) };
        assert_eq!(allowances.take("a", one_a_day, START), Ok(()));
        assert!(allowances.take("a", one_a_day, START).is_err());
        let wait = allowances.ask(&"a", THREE_A_MINUTE, START).unwrap_err().wait;
        assert_eq!(wait, Duration::from_secs(20));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_who_used_least_is_forgotten_first() {
        let allowances = Allowances::new(3);
        for name in 0..3 {
            for _ in 0..=name {
                allowances.take(name, THREE_A_MINUTE, START).unwrap();
            }
        }
        allowances.take(3, THREE_A_MINUTE, START).unwrap();
        assert_eq!(allowances.with(|full_at| full_at.len()), 3);
        assert!(allowances.with(|full_at| !full_at.contains_key(&0)));
        assert!(allowances.take(2, THREE_A_MINUTE, START).is_err());
        // A minute later all have all left: nothing is worth its memory.
        allowances.take(4, THREE_A_MINUTE, later(60_000)).unwrap();
        assert_eq!(allowances.with(|full_at| full_at.len()), 1);
    }
}
