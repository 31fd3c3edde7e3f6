//! The kinds of webhook.

use std::str::FromStr;

/// What a delivery tells its receiver about. Four bits of a delivery's id, so codes end at 15.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An event was stored.
    EventCreated = 1,
    /// At least one rule fired on an event for this hook.
    EventAlert = 2,
    /// A person asked for a sample. Never subscribed to.
    Test = 3,
}

/// A code or name that no kind has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of webhook")]
pub struct UnknownKind;

impl Kind {
    /// How many bits it has in a delivery's id.
    pub const BITS: u32 = 4;
    /// Every kind, by code.
    pub const ALL: [Kind; 3] = [Kind::EventCreated, Kind::EventAlert, Kind::Test];

    /// The code that rows and delivery ids keep.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind with this code.
    pub fn from_code(code: impl TryInto<u8>) -> Result<Self, UnknownKind> {
        let code: u8 = code.try_into().map_err(|_| UnknownKind)?;
        Self::ALL.into_iter().find(|kind| kind.code() == code).ok_or(UnknownKind)
    }

    /// The name in the `X-Sentry-Hook-Event` header, in a hook's `events` and in our API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::EventCreated => "event.created",
            Kind::EventAlert => "event.alert",
            Kind::Test => "test",
        }
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownKind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_are_pinned_because_rows_and_receivers_keep_them() {
        for (kind, code, name) in
            [(Kind::EventCreated, 1, "event.created"), (Kind::EventAlert, 2, "event.alert"), (Kind::Test, 3, "test")]
        {
            assert_eq!((kind.code(), kind.as_str()), (code, name));
            assert_eq!(Kind::from_code(i64::from(code)), Ok(kind));
            assert_eq!(name.parse(), Ok(kind));
            assert!(code < 1 << Kind::BITS);
        }
    }

    #[test]
    fn an_unknown_code_or_name_is_an_error() {
        for code in [0, 4, 15, 257, -1] {
            assert_eq!(Kind::from_code(code), Err(UnknownKind), "{code}");
        }
        assert_eq!("Event.Created".parse::<Kind>(), Err(UnknownKind));
    }
}
