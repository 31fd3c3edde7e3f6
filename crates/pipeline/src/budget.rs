//! Byte budgets: what may be held in memory at once, over all requests or all lanes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A number of bytes that many holders share.
#[derive(Debug, Clone)]
pub struct Budget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    limit_bytes: usize,
    held_bytes: AtomicUsize,
}

/// Bytes taken from a budget; given back when dropped.
#[derive(Debug)]
pub struct Held {
    shared: Arc<Shared>,
    bytes: usize,
}

impl Budget {
    /// A budget of so many bytes.
    pub fn new(limit_bytes: usize) -> Budget {
        Budget { shared: Arc::new(Shared { limit_bytes, held_bytes: AtomicUsize::new(0) }) }
    }

    /// Takes `bytes`, or nothing where they are not there.
    pub fn take(&self, bytes: usize) -> Option<Held> {
        let mut held = Held { shared: Arc::clone(&self.shared), bytes: 0 };
        held.grow(bytes).then_some(held)
    }

    /// How many bytes are held now.
    pub fn held_bytes(&self) -> usize {
        self.shared.held_bytes.load(Ordering::Relaxed)
    }
}

impl Held {
    /// Takes `bytes` more. False, and nothing taken, where they are not there.
    pub fn grow(&mut self, bytes: usize) -> bool {
        let taken = self.shared.held_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
            held.checked_add(bytes).filter(|sum| *sum <= self.shared.limit_bytes)
        });
        if taken.is_ok() {
            self.bytes += bytes;
        }
        taken.is_ok()
    }

    /// Gives back all but `bytes`.
    pub fn shrink_to(&mut self, bytes: usize) {
        let surplus = self.bytes.saturating_sub(bytes);
        self.shared.held_bytes.fetch_sub(surplus, Ordering::Relaxed);
        self.bytes -= surplus;
    }

    /// How many bytes this holds.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_gives_no_more_than_it_has_and_takes_back_what_is_dropped() {
        let budget = Budget::new(100);
        let mut first = budget.take(60).unwrap();
        assert!(budget.take(41).is_none());
        assert!(!first.grow(41));
        assert!(first.grow(40));
        first.shrink_to(10);
        let second = budget.take(90).unwrap();
        assert_eq!(budget.held_bytes(), 100);
        drop((first, second));
        assert_eq!(budget.held_bytes(), 0);
    }
}
