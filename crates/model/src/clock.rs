//! Time, passed in. The system's clock is made in `wiring`, a manual one in `testkit`.

use std::sync::Arc;
use std::time::Duration;

use crate::ids::Millis;

/// Two clocks: one that people set, one that only goes forward.
pub trait Clock: Send + Sync {
    /// The wall clock: may jump both ways.
    fn wall(&self) -> Millis;

    /// Time since some fixed moment in this process's life: never goes back, counts time asleep.
    fn monotonic(&self) -> Duration;
}

/// The embedded store's clock: the wall clock as it was at start, carried on by the monotonic one. Due times by it neither
/// stall nor stampede when somebody sets the wall clock.
#[derive(Clone)]
pub struct StoreClock {
    clock: Arc<dyn Clock>,
    wall_at_start: Millis,
    monotonic_at_start: Duration,
}

impl StoreClock {
    /// Starts at the wall clock's present time.
    pub fn start(clock: Arc<dyn Clock>) -> Self {
        let (wall_at_start, monotonic_at_start) = (clock.wall(), clock.monotonic());
        Self { clock, wall_at_start, monotonic_at_start }
    }

    /// The store's present time.
    pub fn now(&self) -> Millis {
        self.wall_at_start.plus(self.clock.monotonic().saturating_sub(self.monotonic_at_start))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    struct Hands(Mutex<(Millis, Duration)>);

    impl Clock for Hands {
        fn wall(&self) -> Millis {
            self.0.lock().unwrap().0
        }

        fn monotonic(&self) -> Duration {
            self.0.lock().unwrap().1
        }
    }

    #[test]
    fn the_store_clock_goes_on_evenly_when_the_wall_clock_jumps() {
        let hands = Arc::new(Hands(Mutex::new((Millis(1_000_000), Duration::from_secs(50)))));
        let store = StoreClock::start(hands.clone());
        assert_eq!(store.now(), Millis(1_000_000));
        for wall in [1_000_000 + 3_600_000, 1_000_000 - 3_600_000] {
            *hands.0.lock().unwrap() = (Millis(wall), Duration::from_millis(50_250));
            assert_eq!(store.now(), Millis(1_000_250));
        }
    }
}
