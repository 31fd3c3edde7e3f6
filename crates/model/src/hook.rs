//! What a hook asks of its deliveries: how long, how often, how many at once, and which headers beside ours.
//!
//! Responsible for the settings' types, defaults and limits, and for which custom headers there may be. Refuses to know
//! URLs (`egress` judges them) and filters (`rules`). Read by the API, kept by `store`, obeyed by `pipeline`.

mod headers;

use std::str::FromStr;
use std::time::Duration;

pub use headers::{CustomHeader, CustomHeaders, HeaderRefusal};

use crate::limits::{
    ATTEMPT_TIMEOUT_LEAST_SECONDS, ATTEMPT_TIMEOUT_MOST_SECONDS, ATTEMPT_TIMEOUT_SECONDS, HOOK_CONCURRENCY,
    HOOK_CONCURRENCY_MOST, MAX_AGE_LEAST_SECONDS, MAX_AGE_SECONDS,
};

/// The settings of a hook that its deliveries obey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookSettings {
    /// The whole of one attempt, from the DNS question to the last byte read.
    pub timeout: Duration,
    /// Whether what failed is sent again by itself.
    pub retries: Retries,
    /// Requests at once, in each process.
    pub concurrency: usize,
    /// How long a delivery may be due for its first attempt.
    pub max_age: Duration,
    /// What becomes of deliveries while the circuit is open.
    pub when_open: WhenOpen,
    /// Headers that each request has beside ours.
    pub headers: CustomHeaders,
}

/// What is to change of a hook's settings; `None` leaves one as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HookSettingsChange {
    /// See [`HookSettings::timeout`].
    pub timeout: Option<Duration>,
    /// See [`HookSettings::retries`].
    pub retries: Option<Retries>,
    /// See [`HookSettings::concurrency`].
    pub concurrency: Option<usize>,
    /// See [`HookSettings::max_age`].
    pub max_age: Option<Duration>,
    /// See [`HookSettings::when_open`].
    pub when_open: Option<WhenOpen>,
    /// See [`HookSettings::headers`].
    pub headers: Option<CustomHeaders>,
}

/// Whether a hook wants its failed deliveries sent again. Codes are kept in rows: they never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Retries {
    /// One request only, whatever the answer, as Sentry's documentation says.
    #[default]
    None = 0,
    /// On the schedule of [`retry_pause`](crate::delivery::retry_pause).
    Exponential = 1,
}

/// What becomes of a hook's deliveries while its circuit is open. Codes are kept in rows: they never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenOpen {
    /// They wait in the ledger, for [`HookSettings::max_age`] at most.
    #[default]
    Wait = 0,
    /// They are settled as skipped, but for the one that the next probe sends.
    Skip = 1,
}

/// Who disabled a hook. Codes are kept in rows: they never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisabledBy {
    /// Somebody, over the API or a page.
    Person = 1,
    /// Its receiver, which answered 410 Gone twice.
    Gone = 2,
}

/// A code or a name that stands for no setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown setting of a hook")]
pub struct UnknownSetting;

impl Default for HookSettings {
    fn default() -> Self {
        HookSettings {
            timeout: Duration::from_secs(ATTEMPT_TIMEOUT_SECONDS),
            retries: Retries::default(),
            concurrency: HOOK_CONCURRENCY,
            max_age: Duration::from_secs(MAX_AGE_SECONDS),
            when_open: WhenOpen::default(),
            headers: CustomHeaders::default(),
        }
    }
}

impl HookSettings {
    /// The seconds that a timeout may have.
    pub const TIMEOUT_SECONDS: std::ops::RangeInclusive<u64> =
        ATTEMPT_TIMEOUT_LEAST_SECONDS..=ATTEMPT_TIMEOUT_MOST_SECONDS;
    /// The requests at once that there may be.
    pub const CONCURRENCY: std::ops::RangeInclusive<u64> = 1..=HOOK_CONCURRENCY_MOST as u64;
    /// The seconds that a maximal age may have.
    pub const MAX_AGE: std::ops::RangeInclusive<u64> = MAX_AGE_LEAST_SECONDS..=MAX_AGE_SECONDS;
}

/// The code, the name and the way back of an enum of settings.
macro_rules! named {
    ($type:ty { $($variant:ident => $name:literal),+ $(,)? }) => {
        impl $type {
            /// The code that rows keep.
            pub const fn code(self) -> u8 {
                self as u8
            }

            /// The name in the API.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// The setting with this code.
            ///
            /// # Errors
            /// [`UnknownSetting`] where there is none.
            pub fn from_code(code: i64) -> Result<Self, UnknownSetting> {
                [$(Self::$variant),+].into_iter().find(|known| i64::from(known.code()) == code).ok_or(UnknownSetting)
            }
        }

        impl FromStr for $type {
            type Err = UnknownSetting;

            fn from_str(text: &str) -> Result<Self, UnknownSetting> {
                [$(Self::$variant),+].into_iter().find(|known| known.as_str() == text).ok_or(UnknownSetting)
            }
        }
    };
}

named!(Retries { None => "none", Exponential => "exponential" });
named!(WhenOpen { Wait => "wait", Skip => "skip" });
named!(DisabledBy { Person => "person", Gone => "gone" });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_are_pinned_because_rows_and_clients_keep_them() {
        for (code, name) in [(0, "none"), (1, "exponential")] {
            assert_eq!(Retries::from_code(code).map(Retries::as_str), Ok(name));
            assert_eq!(name.parse::<Retries>().map(|known| i64::from(known.code())), Ok(code));
        }
        for (code, name) in [(0, "wait"), (1, "skip")] {
            assert_eq!(WhenOpen::from_code(code).map(WhenOpen::as_str), Ok(name));
            assert_eq!(name.parse::<WhenOpen>().map(|known| i64::from(known.code())), Ok(code));
        }
        for (code, name) in [(1, "person"), (2, "gone")] {
            assert_eq!(DisabledBy::from_code(code).map(DisabledBy::as_str), Ok(name));
            assert_eq!(name.parse::<DisabledBy>().map(|known| i64::from(known.code())), Ok(code));
        }
        assert_eq!(Retries::from_code(2), Err(UnknownSetting));
        assert_eq!("Wait".parse::<WhenOpen>(), Err(UnknownSetting));
        assert_eq!(DisabledBy::from_code(0), Err(UnknownSetting));
    }

    #[test]
    fn a_hook_that_says_nothing_has_the_settings_of_the_contract() {
        let settings = HookSettings::default();
        assert_eq!((settings.timeout.as_secs(), settings.concurrency), (5, 16));
        assert_eq!((settings.retries, settings.when_open), (Retries::None, WhenOpen::Wait));
        assert_eq!(settings.max_age.as_secs(), 86_400);
        assert!(settings.headers.is_empty());
    }
}
