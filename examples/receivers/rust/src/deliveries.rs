//! The ids of the last deliveries: one that comes again, after a retry or a crash of the sender, is not handled again.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

const REMEMBERED_MAX: usize = 10_000;

/// Bounded: the oldest gives way.
#[derive(Default)]
pub(crate) struct Deliveries(Mutex<Known>);

#[derive(Default)]
struct Known {
    ids: HashSet<String>,
    order: VecDeque<String>,
}

impl Deliveries {
    /// Whether it comes for the first time. From now on it is known.
    pub(crate) fn is_new(&self, id: &str) -> bool {
        let mut known = self.lock();
        if !known.ids.insert(id.to_owned()) {
            return false;
        }
        known.order.push_back(id.to_owned());
        if known.order.len() > REMEMBERED_MAX
            && let Some(oldest) = known.order.pop_front()
        {
            known.ids.remove(&oldest);
        }
        true
    }

    /// As if it had not come.
    pub(crate) fn forget(&self, id: &str) {
        let mut known = self.lock();
        known.ids.remove(id);
        known.order.retain(|known| known != id);
    }

    /// A panic elsewhere leaves it whole.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_new_once_until_it_is_forgotten_or_gives_way() {
        let deliveries = Deliveries::default();
        assert!(deliveries.is_new("a"));
        assert!(!deliveries.is_new("a"));
        deliveries.forget("a");
        assert!(deliveries.is_new("a"));
        for id in 1..REMEMBERED_MAX {
            assert!(deliveries.is_new(&id.to_string()));
        }
        assert!(!deliveries.is_new("a"));
        assert!(deliveries.is_new("one more"));
        assert!(deliveries.is_new("a"));
        assert_eq!(deliveries.lock().order.len(), REMEMBERED_MAX);
    }
}
