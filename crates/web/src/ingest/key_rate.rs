//! How many events a project key may bring in.
//!
//! Responsible for the limits that keys were given over the API, and for what an SDK is told that has reached one. It is asked twice:
//! before the body is read, so that a refused event costs little, and when there is an event, which then counts. Transactions, sessions
//! and the like are dropped and do not count. Counted in this process's memory: each process on a store allows as much.

use std::time::Duration;

use model::ids::Millis;
use model::limits::LIMITED_KEYS;
use protocol::PublicKey;
use store::catalog::RateLimit;

use crate::rate::{Allowances, Rate, Spent};

/// What each limited key has left.
pub struct KeyRates(Allowances<PublicKey>);

/// A key, with its limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limited {
    key: PublicKey,
    rate: Option<Rate>,
}

/// The key has nothing left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("one event more may be sent in {retry_after_seconds} s")]
pub(super) struct LimitReached {
    /// When an event is taken again.
    pub(super) retry_after_seconds: u64,
}

impl Limited {
    pub(super) fn new(key: PublicKey, limit: Option<RateLimit>) -> Limited {
        let rate =
            |limit: RateLimit| Rate { times: limit.count, window: Duration::from_secs(limit.window_seconds.into()) };
        Limited { key, rate: limit.map(rate) }
    }
}

impl Default for KeyRates {
    fn default() -> Self {
        KeyRates(Allowances::new(LIMITED_KEYS))
    }
}

impl KeyRates {
    /// Whether an event would be taken.
    pub(super) fn ask(&self, limited: &Limited, now: Millis) -> Result<(), LimitReached> {
        limited.rate.map_or(Ok(()), |rate| self.0.ask(&limited.key, rate, now)).map_err(LimitReached::of)
    }

    /// Takes an event.
    pub(super) fn take(&self, limited: &Limited, now: Millis) -> Result<(), LimitReached> {
        limited.rate.map_or(Ok(()), |rate| self.0.take(limited.key, rate, now)).map_err(LimitReached::of)
    }
}

impl LimitReached {
    fn of(spent: Spent) -> LimitReached {
        LimitReached { retry_after_seconds: spent.wait_seconds() }
    }

    /// The value of `X-Sentry-Rate-Limits`: what SDKs are not to send for a while, and why.
    pub(super) fn announcement(self) -> String {
        format!("{}:default;error;security:key:key_quota", self.retry_after_seconds)
    }
}
