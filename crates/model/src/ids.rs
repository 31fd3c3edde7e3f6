//! Names of things: one type for each, so that swapped arguments do not compile.
//!
//! Row ids are positive integers, written as decimal text in URLs and JSON. What is out of range is refused where it enters,
//! so whoever holds an id may rely on it. Delivery ids are in [`crate::delivery_key`].

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use protocol::EventId;
use protocol::event::Micros;

/// Milliseconds in a UTC day.
const DAY_MILLIS: i64 = 86_400_000;

/// A number that cannot be an id: zero, negative or too large for its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the id is out of range")]
pub struct IdOutOfRange;

/// A text that is not an id of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadId {
    /// Not a positive decimal number without sign, blanks or leading zeros.
    #[error("not an id: expected a positive decimal number")]
    NotDecimal,
    /// Not 32 hex digits (dashes allowed).
    #[error("not an id: expected 32 hex digits")]
    NotHex,
}

/// Defines ids that are keys of rows: positive `i64`, decimal in text.
macro_rules! row_ids {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// The id with this number, which must be positive.
            pub const fn new(number: i64) -> Result<Self, IdOutOfRange> {
                if number > 0 { Ok(Self(number)) } else { Err(IdOutOfRange) }
            }

            /// The number, as the store keeps it.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                positive_decimal(text).map(Self).ok_or(BadId::NotDecimal)
            }
        }

        impl TryFrom<i64> for $name {
            type Error = IdOutOfRange;

            fn try_from(number: i64) -> Result<Self, IdOutOfRange> {
                Self::new(number)
            }
        }
    )+};
}

row_ids! {
    /// An organization.
    OrganizationId;
    /// A project.
    ProjectId;
    /// An issue.
    IssueId;
    /// An issue alert rule.
    RuleId;
    /// A team.
    TeamId;
    /// A person who signs in.
    UserId;
    /// An API token.
    TokenId;
    /// A project key (a DSN).
    KeyId;
    /// A run of the program on this store: the owner of leases.
    ProcessId;
    /// A replay of a period's deliveries.
    ReplayId;
}

/// A hook's number, unique over the store: 1 to 2^28 - 1, because it has 28 bits of a delivery's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HookNumber(NonZeroU32);

/// A hook's id as the API and the `X-ServiceHook-GUID` header show it: 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HookGuid(pub [u8; 16]);

/// An event's place in the whole store, counted from 1; 0 stands before the first. 42 bits, because it has as many in a
/// delivery's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(u64);

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub i64);

/// A UTC day: days since 1970-01-01. Always the day of *receipt*, never that of the event's own timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

/// The version of a project's part of the directory; grows with each change of its keys, hooks, rules or settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Generation(pub i64);

impl HookNumber {
    /// How many bits it has in a delivery's id.
    pub const BITS: u32 = 28;
    /// The largest hook number.
    pub const MAX: u32 = (1 << Self::BITS) - 1;

    /// The hook with this number.
    pub fn new(number: u32) -> Result<Self, IdOutOfRange> {
        match NonZeroU32::new(number) {
            Some(number) if number.get() <= Self::MAX => Ok(Self(number)),
            _ => Err(IdOutOfRange),
        }
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl TryFrom<i64> for HookNumber {
    type Error = IdOutOfRange;

    fn try_from(number: i64) -> Result<Self, IdOutOfRange> {
        Self::new(u32::try_from(number).map_err(|_| IdOutOfRange)?)
    }
}

impl fmt::Display for HookNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl Seq {
    /// How many bits it has in a delivery's id.
    pub const BITS: u32 = 42;
    /// The largest sequence number: 4.4 million million events.
    pub const MAX: u64 = (1 << Self::BITS) - 1;
    /// Before the first event.
    pub const START: Self = Self(0);

    /// The place with this number.
    pub const fn new(number: u64) -> Result<Self, IdOutOfRange> {
        if number <= Self::MAX { Ok(Self(number)) } else { Err(IdOutOfRange) }
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The place after this one.
    pub const fn next(self) -> Result<Self, IdOutOfRange> {
        Self::new(self.0 + 1)
    }
}

impl TryFrom<i64> for Seq {
    type Error = IdOutOfRange;

    fn try_from(number: i64) -> Result<Self, IdOutOfRange> {
        Self::new(u64::try_from(number).map_err(|_| IdOutOfRange)?)
    }
}

impl From<Seq> for i64 {
    /// As the store keeps it: 42 bits always fit.
    fn from(seq: Seq) -> i64 {
        seq.0.cast_signed()
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl Millis {
    /// The UTC day that holds this moment; moments further than a `Day` reaches count for the last day it has.
    pub fn day(self) -> Day {
        let day = self.0.div_euclid(DAY_MILLIS);
        Day(i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX }))
    }

    /// The millisecond that holds this microsecond: cut, not rounded, on both sides of 1970.
    pub fn of_micros(moment: Micros) -> Self {
        Self(moment.div_euclid(1000))
    }

    /// This moment and `duration` on, stopping at the end of time.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero where it is not after it.
    pub fn since(self, earlier: Millis) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl Day {
    /// The first moment of the day.
    pub fn start(self) -> Millis {
        Millis(i64::from(self.0) * DAY_MILLIS)
    }

    /// The day so many days before; the first day there is where that would be earlier still.
    #[must_use]
    pub fn minus(self, days: u32) -> Self {
        Self(self.0.saturating_sub_unsigned(days))
    }
}

impl Generation {
    /// The version after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl FromStr for HookGuid {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        sixteen_bytes(text).map(Self)
    }
}

impl fmt::Display for HookGuid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        EventId(self.0).fmt(out)
    }
}

impl fmt::Debug for HookGuid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "HookGuid({self})")
    }
}

/// 32 hex digits, as every 16-byte id here is written: the same text as an event id, so the same code reads it.
pub(crate) fn sixteen_bytes(text: &str) -> Result<[u8; 16], BadId> {
    text.parse::<EventId>().map(|id| id.0).map_err(|_| BadId::NotHex)
}

/// The number, if the text is exactly how `Display` would write it and it is positive.
fn positive_decimal(text: &str) -> Option<i64> {
    let canonical = matches!(text.as_bytes(), [b'1'..=b'9', ..]) && text.bytes().all(|byte| byte.is_ascii_digit());
    if canonical { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_row_id_is_read_only_from_the_text_it_is_written_as() {
        assert_eq!("12345".parse::<IssueId>(), Ok(IssueId(12345)));
        assert_eq!(i64::MAX.to_string().parse::<IssueId>(), Ok(IssueId(i64::MAX)));
        for text in ["", "0", "-1", "+1", "01", " 1", "1 ", "1.0", "0x1", "９", "9223372036854775808"] {
            assert_eq!(text.parse::<IssueId>(), Err(BadId::NotDecimal), "{text:?}");
        }
    }

    #[test]
    fn numbers_that_cannot_be_ids_are_refused() {
        assert_eq!(ProjectId::new(0), Err(IdOutOfRange));
        assert_eq!(ProjectId::try_from(-7), Err(IdOutOfRange));
        assert_eq!(HookNumber::new(0), Err(IdOutOfRange));
        assert_eq!(HookNumber::new(1 << 28), Err(IdOutOfRange));
        assert_eq!(HookNumber::try_from(1_i64 << 32 | 1), Err(IdOutOfRange));
        assert_eq!(Seq::new(1 << 42), Err(IdOutOfRange));
        assert_eq!(Seq::try_from(-1), Err(IdOutOfRange));
        assert_eq!(Seq(Seq::MAX).next(), Err(IdOutOfRange));
        assert_eq!(HookNumber::new(HookNumber::MAX).map(HookNumber::get), Ok(268_435_455));
    }

    #[test]
    fn a_day_begins_at_midnight_utc_on_both_sides_of_1970() {
        for (millis, day) in [(0, 0), (86_399_999, 0), (86_400_000, 1), (-1, -1), (-86_400_000, -1), (-86_400_001, -2)]
        {
            assert_eq!(Millis(millis).day(), Day(day), "{millis}");
        }
        assert_eq!(Millis(1_704_067_200_000).day().start(), Millis(1_704_067_200_000));
        assert_eq!(Millis(i64::MAX).day(), Day(i32::MAX));
        assert_eq!(Millis(i64::MIN).day(), Day(i32::MIN));
    }

    #[test]
    fn time_arithmetic_stops_at_its_ends() {
        assert_eq!(Millis(i64::MAX - 1).plus(Duration::from_secs(9)), Millis(i64::MAX));
        assert_eq!(Millis(0).plus(Duration::MAX), Millis(i64::MAX));
        assert_eq!([1_999, 0, -1].map(Millis::of_micros), [Millis(1), Millis(0), Millis(-1)]);
        assert_eq!(Millis(5).since(Millis(9)), Duration::ZERO);
        assert_eq!(Millis(1500).since(Millis(500)), Duration::from_secs(1));
        assert_eq!(Day(i32::MIN).minus(1), Day(i32::MIN));
    }

    #[test]
    fn a_hook_guid_is_32_lower_case_hex_digits() {
        let guid: HookGuid = "5FE979D329B14A4CAA62B32455206CDD".parse().unwrap();
        assert_eq!(guid.to_string(), "5fe979d329b14a4caa62b32455206cdd");
        assert_eq!("5fe979d3".parse::<HookGuid>(), Err(BadId::NotHex));
    }

    proptest! {
        #[test]
        fn every_row_id_survives_its_text(number in 1..=i64::MAX) {
            let id = TeamId::new(number).unwrap();
            prop_assert_eq!(id.to_string().parse::<TeamId>(), Ok(id));
        }
    }
}
