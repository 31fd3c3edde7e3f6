//! How a request of an SDK ended: the one list of names, each with its status, and how often each was answered.
//!
//! `fault` says which outcome a refusal is; `metrics` shows the counts. A client that hung up before its answer is not counted.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;

/// Defines the outcomes and [`Outcome::ALL`] from one list, so that neither can lack what the other has.
macro_rules! outcomes {
    ($(#[doc = $meaning:literal] $variant:ident: $name:literal, $status:ident;)+) => {
        /// How a request ended.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Outcome {
            $(#[doc = $meaning] $variant,)+
        }

        impl Outcome {
            /// Every one, in the order of its number.
            const ALL: &[Outcome] = &[$(Outcome::$variant,)+];

            /// Its name in metrics.
            fn name(self) -> &'static str {
                match self { $(Outcome::$variant => $name,)+ }
            }

            /// What is answered.
            pub(super) fn status(self) -> StatusCode {
                match self { $(Outcome::$variant => StatusCode::$status,)+ }
            }
        }
    };
}

outcomes! {
    /// Everything that the request owed is on disk, or it owed nothing.
    Accepted: "accepted", OK;
    /// It cannot be read.
    Malformed: "malformed", BAD_REQUEST;
    /// It has no credentials, or too many.
    Unauthenticated: "unauthenticated", UNAUTHORIZED;
    /// Its credentials do not admit it.
    Forbidden: "forbidden", FORBIDDEN;
    /// Only POST is taken.
    WrongMethod: "wrong_method", METHOD_NOT_ALLOWED;
    /// It took too long to arrive.
    Slow: "slow", REQUEST_TIMEOUT;
    /// It is larger than is taken.
    TooLarge: "too_large", PAYLOAD_TOO_LARGE;
    /// Its key has brought in as many events as it may for now.
    RateLimited: "rate_limited", TOO_MANY_REQUESTS;
    /// It is of a type that is not taken there.
    WrongMediaType: "wrong_media_type", UNSUPPORTED_MEDIA_TYPE;
    /// The server had no memory left for it.
    Overloaded: "overloaded", SERVICE_UNAVAILABLE;
    /// Something was being done on every connection that the server takes; not only for SDKs, for what was asked is not looked at.
    Crowded: "crowded", SERVICE_UNAVAILABLE;
    /// The store did not take it in time.
    Unavailable: "unavailable", SERVICE_UNAVAILABLE;
    /// The fault was ours.
    Failed: "failed", INTERNAL_SERVER_ERROR;
}

/// How often each outcome was answered.
#[derive(Debug)]
pub struct Outcomes(Box<[AtomicU64]>);

impl Default for Outcomes {
    fn default() -> Self {
        Outcomes(Outcome::ALL.iter().map(|_| AtomicU64::new(0)).collect())
    }
}

impl Outcomes {
    /// Every outcome's name and how often it was answered.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Outcome::ALL.iter().zip(&self.0).map(|(outcome, count)| (outcome.name(), count.load(Ordering::Relaxed)))
    }

    /// Counts an answer.
    pub(super) fn count(&self, outcome: Outcome) {
        self.0[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_is_counted_under_a_name_of_its_own() {
        let outcomes = Outcomes::default();
        for (times, outcome) in Outcome::ALL.iter().enumerate() {
            for _ in 0..times {
                outcomes.count(*outcome);
            }
        }
        let counts: Vec<_> = outcomes.counts().collect();
        assert_eq!(counts[..3], [("accepted", 0), ("malformed", 1), ("unauthenticated", 2)]);
        assert!(counts.iter().enumerate().all(|(place, (_, count))| *count == place as u64));
        let names: std::collections::BTreeSet<_> = counts.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), Outcome::ALL.len());
    }
}
