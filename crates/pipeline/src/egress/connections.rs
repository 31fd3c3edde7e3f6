//! The idle connections of one lane.
//!
//! Responsible for keeping them for a short while, the last used on top, and for handing out only what can still be used.
//! Refuses to share between lanes, and to run a timer: the lane calls [`Connections::close_expired`] when it is quiet.
//! Owned by the lane, used by the client.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::limits::{CONNECTION_AGE_SECONDS, IDLE_CONNECTION_SECONDS};
use tokio::time::Instant;

use super::connection::Connection;

/// An idle connection is closed after this long: sooner than common servers and balancers close theirs.
const IDLE_MAX: Duration = Duration::from_secs(IDLE_CONNECTION_SECONDS);
/// A connection serves no request begun later than this after it was made, so that a changed DNS is followed.
const CONNECTION_LIFE_MAX: Duration = Duration::from_secs(CONNECTION_AGE_SECONDS);
/// How much sooner than the receiver says we give its connection up, for the time that packets travel.
const KEEP_ALIVE_MARGIN: Duration = Duration::from_secs(1);

/// The idle connections of one lane.
pub struct Connections {
    idle: Mutex<Vec<Idle>>,
    idle_max: usize,
}

struct Idle {
    connection: Box<Connection>,
    expires: Instant,
}

impl Connections {
    /// Keeps up to `idle_max` connections: the lane's concurrency.
    pub fn new(idle_max: usize) -> Self {
        Connections { idle: Mutex::default(), idle_max }
    }

    /// How many connections are kept.
    pub fn len(&self) -> usize {
        self.idle().len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.idle().is_empty()
    }

    /// Closes the connections whose time has passed. Returns when the next one's will: the lane calls again then.
    pub fn close_expired(&self) -> Option<Instant> {
        let now = Instant::now();
        let (expired, next) = {
            let mut idle = self.idle();
            let expired: Vec<Idle> = idle.extract_if(.., |kept| kept.expires <= now).collect();
            (expired, idle.iter().map(|kept| kept.expires).min())
        };
        // Sockets are closed outside the lock.
        drop(expired);
        next
    }

    /// Closes all: the hook was disabled, or has moved.
    pub fn close_all(&self) {
        let all = std::mem::take(&mut *self.idle());
        drop(all);
    }

    /// The last used connection that leads to this origin and can still be used.
    pub(super) fn take(&self, origin: &Arc<str>) -> Option<Box<Connection>> {
        let now = Instant::now();
        loop {
            let Idle { mut connection, expires } = self.idle().pop()?;
            if expires > now && connection.origin() == origin && connection.is_usable() {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection whose exchange is over, if it can serve another.
    pub(super) fn put(&self, mut connection: Box<Connection>, keep_alive: Option<Duration>) {
        let idle_for = keep_alive.map_or(IDLE_MAX, |said| said.saturating_sub(KEEP_ALIVE_MARGIN).min(IDLE_MAX));
        let now = Instant::now();
        let expires = (now + idle_for).min(connection.opened() + CONNECTION_LIFE_MAX);
        if self.idle_max == 0 || expires <= now || !connection.is_usable() {
            return;
        }
        let replaced = {
            let mut idle = self.idle();
            let replaced = (idle.len() >= self.idle_max).then(|| idle.remove(0));
            idle.push(Idle { connection, expires });
            replaced
        };
        drop(replaced);
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
