//! What becomes of a delivery: its states, its place in the queue, and the rule that moves it when an attempt has ended.
//!
//! Pure: `store` keeps the codes and passes the counts in, `pipeline` acts on the answer. What an attempt *was* is in
//! `attempt`; here only the five ways that matter to the delivery are told apart.

use std::str::FromStr;
use std::time::Duration;

use crate::hook::Retries;
use crate::limits::RETRY_AFTER_MOST_SECONDS;

/// Pauses before a delivery is tried again whose last attempts never reached the receiver; the last one repeats.
const UNSENT_PAUSE_SECONDS: [u64; 5] = [1, 2, 4, 8, 10];

/// Pauses after the first failed request, the second and so on, where the hook wants retries: 5 s, 5 min, 30 min, 2 h, 5 h,
/// 10 h and 14 h. After the last one a failure is final.
const RETRY_PAUSE_SECONDS: [u64; 7] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400];

/// A retry's pause is longer or shorter by up to this many hundredths, so that what failed together does not come together.
const RETRY_JITTER_HUNDREDTHS: u64 = 10;

/// Where a delivery stands. Codes are kept in rows: they never change and are never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeliveryState {
    /// Owed, and due at its row's time.
    Waiting = 0,
    /// Leased: in a process's lane, or on the wire.
    Sending = 1,
    /// A receiver answered 2xx.
    Delivered = 2,
    /// It went out and failed, and is not tried again.
    Failed = 3,
    /// Its first attempt did not come in time.
    Expired = 4,
    /// Its hook, issue or project was disabled or deleted before it was sent.
    Cancelled = 5,
    /// Its hook's circuit was open, and the hook asks to skip then.
    Skipped = 6,
}

/// Which deliveries of a hook go first; the code sorts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// A rule fired.
    Alert = 0,
    /// The first event of its issue.
    FirstOfIssue = 1,
    /// One more event of a known issue.
    Repeat = 2,
}

/// A code or name that this release does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnknownCode {
    /// Of no delivery state.
    #[error("unknown delivery state")]
    State,
    /// Of no priority.
    #[error("unknown delivery priority")]
    Priority,
}

/// How an attempt ended, as far as its delivery is concerned. An attempt that was interrupted has not ended: it never settles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// A whole 2xx answer.
    Succeeded,
    /// At least a byte of the request was written, and no 2xx came back in time.
    WentOutAndFailed,
    /// Name, connection or TLS failed before a byte of the request was written: the receiver knows nothing of it.
    NeverWentOut,
    /// The egress policy forbids the address.
    Refused,
    /// The attempt's own task panicked.
    Panicked,
}

/// An attempt that has ended, with what its delivery went through so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// How it ended.
    pub ended: Ended,
    /// What the hook wants.
    pub retries: Retries,
    /// How many attempts went out or may have since the delivery was owed or sent again, this one included: 1 at the first.
    pub attempt: u32,
    /// How many attempts in a row never went out, this one included: 1 at the first.
    pub unsent_streak: u32,
    /// How long the receiver asked to be left alone.
    pub retry_after: Option<Duration>,
    /// Drawn anew for each attempt: spreads retries.
    pub chance: u32,
}

/// What an ended attempt makes of its delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Next {
    /// [`DeliveryState::Delivered`].
    Delivered,
    /// [`DeliveryState::Failed`].
    Failed,
    /// [`DeliveryState::Waiting`], due when this long has passed.
    Again(Duration),
}

/// The settle rule: what the delivery's next state is.
pub fn settle(tried: &Tried) -> Next {
    match tried.ended {
        Ended::Succeeded => Next::Delivered,
        Ended::WentOutAndFailed => match tried.retries {
            Retries::None => Next::Failed,
            Retries::Exponential => match retry_pause(tried.attempt, tried.chance) {
                Some(pause) => Next::Again(pause.max(asked_pause(tried.retry_after))),
                None => Next::Failed,
            },
        },
        Ended::NeverWentOut => Next::Again(unsent_pause(tried.unsent_streak)),
        Ended::Refused | Ended::Panicked => Next::Failed,
    }
}

/// How long a delivery waits after its request number `attempt` has failed, counted from 1; `None` where that was the last.
pub fn retry_pause(attempt: u32, chance: u32) -> Option<Duration> {
    let index = usize::try_from(attempt.saturating_sub(1)).ok()?;
    let millis = RETRY_PAUSE_SECONDS.get(index)? * 1_000;
    let reach = millis * RETRY_JITTER_HUNDREDTHS / 100;
    let moved = u64::from(chance) * (2 * reach) / u64::from(u32::MAX);
    Some(Duration::from_millis(millis - reach + moved))
}

/// The pause that a receiver may ask for with `Retry-After`: as long as it says, up to an hour.
pub fn asked_pause(retry_after: Option<Duration>) -> Duration {
    retry_after.unwrap_or_default().min(Duration::from_secs(RETRY_AFTER_MOST_SECONDS))
}

/// How long a delivery waits after so many attempts in a row that never went out.
pub fn unsent_pause(streak: u32) -> Duration {
    let last = UNSENT_PAUSE_SECONDS.len() - 1;
    let index = usize::try_from(streak.saturating_sub(1)).unwrap_or(last).min(last);
    Duration::from_secs(UNSENT_PAUSE_SECONDS[index])
}

impl Next {
    /// The state the delivery is in from now on.
    pub fn state(self) -> DeliveryState {
        match self {
            Next::Delivered => DeliveryState::Delivered,
            Next::Failed => DeliveryState::Failed,
            Next::Again(_) => DeliveryState::Waiting,
        }
    }
}

impl DeliveryState {
    /// Every state, by code.
    pub const ALL: [DeliveryState; 7] = [
        DeliveryState::Waiting,
        DeliveryState::Sending,
        DeliveryState::Delivered,
        DeliveryState::Failed,
        DeliveryState::Expired,
        DeliveryState::Cancelled,
        DeliveryState::Skipped,
    ];

    /// The code that rows keep.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The state with this code.
    pub fn from_code(code: i64) -> Result<Self, UnknownCode> {
        Self::ALL.into_iter().find(|state| i64::from(state.code()) == code).ok_or(UnknownCode::State)
    }

    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Waiting => "waiting",
            DeliveryState::Sending => "sending",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Failed => "failed",
            DeliveryState::Expired => "expired",
            DeliveryState::Cancelled => "cancelled",
            DeliveryState::Skipped => "skipped",
        }
    }

    /// Whether nothing more happens to the delivery by itself.
    pub const fn is_settled(self) -> bool {
        !matches!(self, DeliveryState::Waiting | DeliveryState::Sending)
    }
}

impl FromStr for DeliveryState {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(UnknownCode::State)
    }
}

impl Priority {
    /// Every priority, the most urgent first.
    pub const ALL: [Priority; 3] = [Priority::Alert, Priority::FirstOfIssue, Priority::Repeat];

    /// The code that rows keep and queues sort by.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The priority with this code.
    pub fn from_code(code: i64) -> Result<Self, UnknownCode> {
        Self::ALL.into_iter().find(|priority| i64::from(priority.code()) == code).ok_or(UnknownCode::Priority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(ended: Ended) -> Tried {
        let (attempt, unsent_streak, retry_after, chance) = (1, 1, None, u32::MAX / 2);
        Tried { ended, retries: Retries::None, attempt, unsent_streak, retry_after, chance }
    }

    fn retried(attempt: u32, retry_after: Option<Duration>) -> Next {
        let retries = Retries::Exponential;
        settle(&Tried { retries, attempt, retry_after, ..tried(Ended::WentOutAndFailed) })
    }

    #[test]
    fn with_retries_a_failed_request_is_repeated_on_the_schedule_and_then_final() {
        let seconds = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400];
        for (attempt, seconds) in (1..).zip(seconds) {
            let Next::Again(pause) = retried(attempt, None) else { panic!("attempt {attempt} is not the last") };
            assert_eq!(pause.as_secs_f64().round(), f64::from(seconds), "attempt {attempt}");
        }
        assert_eq!(retried(8, None), Next::Failed);
        assert_eq!(retried(u32::MAX, None), Next::Failed);
    }

    #[test]
    fn a_pause_moves_by_a_tenth_at_most() {
        assert_eq!(retry_pause(2, 0), Some(Duration::from_secs(270)));
        assert_eq!(retry_pause(2, u32::MAX), Some(Duration::from_secs(330)));
    }

    #[test]
    fn a_receiver_may_ask_for_a_longer_pause_up_to_an_hour_and_not_for_a_shorter_one() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(retried(1, seconds(60)), Next::Again(Duration::from_secs(60)));
        assert_eq!(retried(1, seconds(1_000_000)), Next::Again(Duration::from_secs(3_600)));
        assert_eq!(retried(2, seconds(1)), retried(2, None));
        assert_eq!(retried(8, seconds(60)), Next::Failed);
    }

    #[test]
    fn codes_and_names_are_pinned_because_rows_and_clients_keep_them() {
        let states = ["waiting", "sending", "delivered", "failed", "expired", "cancelled", "skipped"];
        for (code, name) in states.into_iter().enumerate() {
            let state: DeliveryState = name.parse().unwrap();
            assert_eq!(usize::from(state.code()), code);
            assert_eq!(DeliveryState::from_code(i64::from(state.code())), Ok(state));
            assert_eq!(state.is_settled(), code > 1);
        }
        assert_eq!(Priority::ALL.map(Priority::code), [0, 1, 2]);
        assert!(Priority::ALL.is_sorted());
        for priority in Priority::ALL {
            assert_eq!(Priority::from_code(i64::from(priority.code())), Ok(priority));
        }
    }

    #[test]
    fn an_unknown_code_or_name_is_an_error() {
        for code in [-1, 7, 256, i64::MAX] {
            assert_eq!(DeliveryState::from_code(code), Err(UnknownCode::State));
            assert_eq!(Priority::from_code(code), Err(UnknownCode::Priority));
        }
        assert_eq!("Waiting".parse::<DeliveryState>(), Err(UnknownCode::State));
    }

    #[test]
    fn without_retries_a_request_that_went_out_is_the_only_one() {
        for (ended, next) in [
            (Ended::Succeeded, Next::Delivered),
            (Ended::WentOutAndFailed, Next::Failed),
            (Ended::NeverWentOut, Next::Again(Duration::from_secs(1))),
            (Ended::Refused, Next::Failed),
            (Ended::Panicked, Next::Failed),
        ] {
            assert_eq!(settle(&tried(ended)), next, "{ended:?}");
        }
        assert_eq!(settle(&tried(Ended::NeverWentOut)).state(), DeliveryState::Waiting);
        assert_eq!(settle(&tried(Ended::WentOutAndFailed)).state(), DeliveryState::Failed);
        assert_eq!(settle(&tried(Ended::Succeeded)).state(), DeliveryState::Delivered);
    }

    #[test]
    fn what_never_went_out_waits_longer_each_time_up_to_ten_seconds() {
        let seconds = [0, 1, 2, 3, 4, 5, 6, 1000, u32::MAX].map(|streak| unsent_pause(streak).as_secs());
        assert_eq!(seconds, [1, 1, 2, 4, 8, 10, 10, 10, 10]);
    }

    #[test]
    fn what_never_went_out_uses_up_no_attempt_however_often_it_happens() {
        let tired = Tried { attempt: 0, unsent_streak: 5000, ..tried(Ended::NeverWentOut) };
        assert_eq!(settle(&tired), Next::Again(Duration::from_secs(10)));
    }
}
