//! Looks API tokens up, slowly for those who present tokens that nobody has.
//!
//! Responsible for the limit on unknown tokens of one client. Refuses to lock anybody out: a token that was right before is let
//! in, however many from its address were wrong, and one that nobody has seen yet waits its turn. Called by the API for each call.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use model::ids::Millis;
use model::limits::{THROTTLED_CLIENTS, TOKEN_FAILURES, TOKEN_FAILURES_SECONDS};
use store::Store;
use tokio::sync::Semaphore;

use super::caller::{AuthError, Caller};
use super::throttle::Throttle;
use crate::client::ClientNetwork;
use crate::rate::Rate;

/// Throttled lookups that may wait for their turn.
const WAITING_LOOKUPS: usize = 64;
/// Tokens that were right, of which this process remembers the hashes.
const REMEMBERED_TOKENS: usize = 4096;

/// Looks API tokens up, for clients that may be guessing.
///
/// A token is 256 random bits, so what is protected is not the token but the store's readers: each guess is a read. A client past
/// its failures has its tokens looked up one at a time, together with all others who are past theirs; but for those that were right
/// before, which are looked up at once like anybody's.
pub struct TokenThrottle {
    unknown: Throttle<ClientNetwork>,
    right: Mutex<Remembered>,
    waiting: Semaphore,
    turn: Semaphore,
    refused: AtomicU64,
    throttled: AtomicU64,
}

/// Hashes of tokens that were right, the oldest first to go. Whether they still are is for the store to say.
#[derive(Default)]
struct Remembered {
    hashes: HashSet<[u8; 32]>,
    oldest_first: VecDeque<[u8; 32]>,
}

/// Who presents a token, and when.
pub(crate) struct Presented<'h> {
    pub(crate) headers: &'h HeaderMap,
    pub(crate) client: ClientNetwork,
    pub(crate) now: Millis,
}

impl Default for TokenThrottle {
    fn default() -> Self {
        let rate = Rate { times: TOKEN_FAILURES, window: Duration::from_secs(TOKEN_FAILURES_SECONDS) };
        TokenThrottle {
            unknown: Throttle::new(rate, THROTTLED_CLIENTS),
            right: Mutex::default(),
            waiting: Semaphore::new(WAITING_LOOKUPS),
            turn: Semaphore::new(1),
            refused: AtomicU64::new(0),
            throttled: AtomicU64::new(0),
        }
    }
}

impl TokenThrottle {
    /// How many unknown tokens were refused as such, and how many calls were throttled.
    pub fn counts(&self) -> [(&'static str, u64); 2] {
        let shown = |count: &AtomicU64| count.load(Ordering::Relaxed);
        [("unknown", shown(&self.refused)), ("throttled", shown(&self.throttled))]
    }

    /// The caller whose token this is.
    ///
    /// # Errors
    /// Those of [`Caller::identify`], and `Throttled` for an unknown token after too many of them.
    pub(crate) async fn identify(&self, presented: Presented<'_>, store: &dyn Store) -> Result<Caller, AuthError> {
        let identified = self.look_up(&presented, store).await;
        match &identified {
            Err(AuthError::UnknownToken) => self.refused.fetch_add(1, Ordering::Relaxed),
            Err(AuthError::Throttled(_)) => self.throttled.fetch_add(1, Ordering::Relaxed),
            Ok(_) | Err(_) => 0,
        };
        identified
    }

    async fn look_up(&self, presented: &Presented<'_>, store: &dyn Store) -> Result<Caller, AuthError> {
        let Presented { headers, client, now } = *presented;
        let hash = Caller::token_hash(headers)?;
        let identified = match self.unknown.check(&client, now) {
            Ok(()) => Caller::identify(hash, store).await,
            Err(_) if self.remembered().hashes.contains(&hash) => Caller::identify(hash, store).await,
            Err(throttled) => {
                let _place = self.waiting.try_acquire().map_err(|_| throttled)?;
                // Nobody closes the semaphore.
                let _turn = self.turn.acquire().await.map_err(|_| throttled)?;
                Caller::identify(hash, store).await
            }
        };
        match &identified {
            Ok(_) => self.remembered().add(hash),
            Err(AuthError::UnknownToken) => self.unknown.failed(client, now)?,
            Err(_) => {}
        }
        identified
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.right.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remembered {
    fn add(&mut self, hash: [u8; 32]) {
        if !self.hashes.insert(hash) {
            return;
        }
        self.oldest_first.push_back(hash);
        if self.oldest_first.len() > REMEMBERED_TOKENS
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.hashes.remove(&oldest);
        }
    }
}
