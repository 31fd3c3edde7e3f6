//! The seats of a door: how many clients may be connected at once, and who has to leave where one more wants in.
//!
//! Only a client that nothing is being done for has to leave, the one first for whom nothing was done longest: a kept-alive connection
//! between two requests, and one that has not sent a whole head yet, are alike in this. So whoever connects and stays silent keeps
//! nobody out. Called by the server's loop, one newcomer at a time, and by each connection.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::Figures;

/// In `idle_since`: a request is being answered.
const BUSY: u64 = 0;
/// In `idle_since`: was idle, and has to leave unless a request comes first.
const LEAVING: u64 = u64::MAX;

/// All seats of one kind.
pub(super) struct Seats {
    free: Arc<Semaphore>,
    most: usize,
    taken: Mutex<HashMap<u64, Arc<Sitting>>>,
    next: AtomicU64,
    begun: Instant,
    /// Rung when a client who had to leave has asked for something in time.
    stayed: Notify,
    figures: Arc<Figures>,
}

/// A client's seat; free again when dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    number: u64,
    sitting: Arc<Sitting>,
    _permit: OwnedSemaphorePermit,
}

/// What is known of a client who is connected.
pub(super) struct Sitting {
    /// Microseconds from the beginning of [`Seats`], or `BUSY`, or `LEAVING`.
    idle_since: AtomicU64,
    /// Whether bytes of an answer wait for the client to read.
    is_writing: AtomicBool,
    leave: Notify,
}

impl Seats {
    pub(super) fn new(most: usize, figures: Arc<Figures>) -> Arc<Seats> {
        Arc::new(Seats {
            free: Arc::new(Semaphore::new(most)),
            most,
            taken: Mutex::default(),
            next: AtomicU64::new(0),
            begun: Instant::now(),
            stayed: Notify::new(),
            figures,
        })
    }

    /// A seat, where there is one or someone can leave; `None` where a request is being answered on each.
    pub(super) async fn take(self: &Arc<Self>) -> Option<Seat> {
        loop {
            if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
                return Some(self.seat(permit));
            }
            let mut stayed = std::pin::pin!(self.stayed.notified());
            stayed.as_mut().enable();
            if !self.ask_one_to_leave() {
                return None;
            }
            tokio::select! {
                freed = Arc::clone(&self.free).acquire_owned() => {
                    // Nobody closes the semaphore.
                    let seat = self.seat(freed.ok()?);
                    self.figures.closed_for_others.fetch_add(1, Ordering::Relaxed);
                    return Some(seat);
                }
                () = stayed => {}
            }
        }
    }

    /// Returns when nobody sits here any more.
    pub(super) async fn all_free(&self) {
        let all = u32::try_from(self.most).unwrap_or(u32::MAX);
        // Nobody closes the semaphore.
        drop(self.free.acquire_many(all).await);
    }

    fn seat(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Seat {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let sitting = Arc::new(Sitting {
            idle_since: AtomicU64::new(self.now()),
            is_writing: AtomicBool::new(false),
            leave: Notify::new(),
        });
        self.with(|taken| taken.insert(number, Arc::clone(&sitting)));
        self.figures.open.fetch_add(1, Ordering::Relaxed);
        Seat { seats: Arc::clone(self), number, sitting, _permit: permit }
    }

    /// False where there is nobody to ask.
    fn ask_one_to_leave(&self) -> bool {
        loop {
            let longest = self.with(|taken| {
                let idle = taken.values().filter_map(|sitting| Some((sitting.idle_since()?, Arc::clone(sitting))));
                idle.min_by_key(|(since, _)| *since)
            });
            let Some((since, sitting)) = longest else { return false };
            // Otherwise it has asked for something just now.
            if sitting.idle_since.compare_exchange(since, LEAVING, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                sitting.leave.notify_one();
                return true;
            }
        }
    }

    fn now(&self) -> u64 {
        let micros = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(LEAVING);
        micros.clamp(BUSY + 1, LEAVING - 1)
    }

    fn with<T>(&self, change: impl FnOnce(&mut HashMap<u64, Arc<Sitting>>) -> T) -> T {
        // A poisoned lock means that an insertion panicked: the map itself is whole.
        change(&mut self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Seat {
    /// What the connection's parts share.
    pub(super) fn sitting(&self) -> Arc<Sitting> {
        Arc::clone(&self.sitting)
    }

    /// A request has come.
    pub(super) fn begin_request(&self) {
        if self.sitting.idle_since.swap(BUSY, Ordering::AcqRel) == LEAVING {
            self.seats.stayed.notify_waiters();
        }
    }

    /// Its answer has been handed to the connection.
    pub(super) fn end_request(&self) {
        self.sitting.idle_since.store(self.seats.now(), Ordering::Release);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.with(|taken| taken.remove(&self.number));
        self.seats.figures.open.fetch_sub(1, Ordering::Relaxed);
        // One that had to leave and went: who waits for it gets the permit.
    }
}

impl Sitting {
    /// Returns when the client has to leave and nothing is being done for it.
    pub(super) async fn has_to_leave(&self) {
        loop {
            self.leave.notified().await;
            if self.idle_since.load(Ordering::Acquire) == LEAVING {
                return;
            }
        }
    }

    /// Whether nothing is being done for the client.
    pub(super) fn is_idle(&self) -> bool {
        self.idle_since.load(Ordering::Acquire) != BUSY && !self.is_writing.load(Ordering::Acquire)
    }

    /// Bytes of an answer wait, or do not any more.
    pub(super) fn set_writing(&self, state: Writing) {
        self.is_writing.store(state == Writing::Waits, Ordering::Release);
    }

    /// Since when, where it can be asked to leave.
    fn idle_since(&self) -> Option<u64> {
        let since = self.idle_since.load(Ordering::Acquire);
        (since != BUSY && since != LEAVING && !self.is_writing.load(Ordering::Acquire)).then_some(since)
    }
}

/// Whether the client has read what was sent so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// The system took all.
    Done,
    /// It takes no more until the client reads.
    Waits,
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn seats(most: usize) -> Arc<Seats> {
        Seats::new(most, Arc::default())
    }

    #[tokio::test]
    async fn the_one_for_whom_nothing_was_done_longest_has_to_leave() {
        let seats = seats(2);
        let (first, second) = (seats.take().await.unwrap(), seats.take().await.unwrap());
        // The first was active last.
        first.begin_request();
        first.sitting.idle_since.store(seats.now() + 1_000_000, Ordering::Release);
        let mut third = std::pin::pin!(seats.take());
        assert!(third.as_mut().now_or_never().is_none());
        assert!(second.sitting().has_to_leave().now_or_never().is_some());
        assert!(first.sitting().has_to_leave().now_or_never().is_none());
        drop(second);
        assert!(third.await.is_some());
        assert_eq!(seats.figures.closed_for_others.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn who_asks_for_something_in_time_stays_and_the_next_has_to_leave() {
        let seats = seats(2);
        let (first, second) = (seats.take().await.unwrap(), seats.take().await.unwrap());
        second.sitting.idle_since.store(seats.now() + 1_000_000, Ordering::Release);
        let mut third = std::pin::pin!(seats.take());
        assert!(third.as_mut().now_or_never().is_none());
        first.begin_request();
        assert!(third.as_mut().now_or_never().is_none());
        assert!(first.sitting().has_to_leave().now_or_never().is_none());
        assert!(second.sitting().has_to_leave().now_or_never().is_some());
        drop(second);
        assert!(third.await.is_some());
    }

    #[tokio::test]
    async fn nobody_has_to_leave_for_whom_something_is_being_done() {
        let seats = seats(2);
        let (first, second) = (seats.take().await.unwrap(), seats.take().await.unwrap());
        first.begin_request();
        second.sitting().set_writing(Writing::Waits);
        assert!(!first.sitting().is_idle() && !second.sitting().is_idle());
        assert!(seats.take().await.is_none());
        second.sitting().set_writing(Writing::Done);
        let mut third = std::pin::pin!(seats.take());
        assert!(third.as_mut().now_or_never().is_none());
        drop(first);
        assert!(third.await.is_some());
    }
}
