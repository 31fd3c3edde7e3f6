//! The ids of deliveries: one that comes again, after a retry or a crash of the sender, is not handled again.
//!
//! Remembered are those that are being handled, as many as there are requests, and the last ones that were.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const HANDLED_MAX: usize = 10_000;

/// Bounded: the oldest of those that were handled gives way.
#[derive(Default)]
pub(crate) struct Deliveries(Arc<Mutex<Known>>);

/// Whether a delivery is to be handled.
pub(crate) enum Begun {
    /// Now, for the first time or because it failed before.
    Now(Handling),
    /// It is being handled, and nobody knows yet how that ends.
    Before,
    /// It was.
    Ended,
}

/// A delivery that is being handled. Dropped, however that comes about, it is as if it had not come.
pub(crate) struct Handling {
    id: String,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    handling: HashSet<String>,
    handled: HashSet<String>,
    order: VecDeque<String>,
}

impl Deliveries {
    /// Begins to handle a delivery, if it is to be.
    pub(crate) fn begin(&self, id: &str) -> Begun {
        let mut known = lock(&self.0);
        if known.handled.contains(id) {
            return Begun::Ended;
        }
        if !known.handling.insert(id.to_owned()) {
            return Begun::Before;
        }
        Begun::Now(Handling { id: id.to_owned(), known: Arc::clone(&self.0) })
    }
}

impl Handling {
    /// From now on it is known.
    pub(crate) fn succeeded(self) {
        let mut known = lock(&self.known);
        if known.handled.insert(self.id.clone()) {
            known.order.push_back(self.id.clone());
        }
        if known.order.len() > HANDLED_MAX
            && let Some(oldest) = known.order.pop_front()
        {
            known.handled.remove(&oldest);
        }
    }
}

impl Drop for Handling {
    fn drop(&mut self) {
        lock(&self.known).handling.remove(&self.id);
    }
}

/// A panic elsewhere leaves it whole.
fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn now(deliveries: &Deliveries, id: &str) -> Handling {
        match deliveries.begin(id) {
            Begun::Now(handling) => handling,
            Begun::Before | Begun::Ended => panic!("{id} is known"),
        }
    }

    #[test]
    fn a_delivery_is_known_once_it_was_handled_and_new_where_that_failed() {
        let deliveries = Deliveries::default();
        let handling = now(&deliveries, "a");
        assert!(matches!(deliveries.begin("a"), Begun::Before));
        drop(handling);
        now(&deliveries, "a").succeeded();
        assert!(matches!(deliveries.begin("a"), Begun::Ended));
    }

    #[test]
    fn the_oldest_gives_way_and_nothing_that_is_being_handled_does() {
        let deliveries = Deliveries::default();
        let _held = now(&deliveries, "held");
        for id in 0..=HANDLED_MAX {
            now(&deliveries, &id.to_string()).succeeded();
        }
        assert!(matches!(deliveries.begin("0"), Begun::Now(_)));
        assert!(matches!(deliveries.begin("1"), Begun::Ended));
        assert!(matches!(deliveries.begin("held"), Begun::Before));
        let known = lock(&deliveries.0);
        assert_eq!((known.handled.len(), known.order.len()), (HANDLED_MAX, HANDLED_MAX));
    }
}
