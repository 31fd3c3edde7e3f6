//! The kinds of webhook.
//!
//! Responsible for the three kinds, their names and their stored numbers. Refuses unknown names and numbers. Called by
//! everything that names a kind: hooks, deliveries, the sender, receivers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a delivery reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// An error event was stored.
    #[serde(rename = "event.created")]
    EventCreated,
    /// At least one rule fired for this hook on an event.
    #[serde(rename = "event.alert")]
    EventAlert,
    /// A person asked to see a sample delivered.
    #[serde(rename = "test")]
    Test,
}

/// The text or number names no kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of webhook: expected event.created, event.alert or test")]
pub struct UnknownKind;

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 3] = [Kind::EventCreated, Kind::EventAlert, Kind::Test];

    /// The kind's name: `event.created`, `event.alert` or `test`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::EventCreated => "event.created",
            Kind::EventAlert => "event.alert",
            Kind::Test => "test",
        }
    }

    /// The value of the header [`EVENT`](crate::headers::EVENT): a test carries the sample of `event.created`.
    pub const fn event_header(self) -> &'static str {
        match self {
            Kind::EventCreated | Kind::Test => "event.created",
            Kind::EventAlert => "event.alert",
        }
    }

    /// The number that stands for the kind in delivery ids and tables; it never changes and fits four bits.
    pub const fn code(self) -> u8 {
        match self {
            Kind::EventCreated => 1,
            Kind::EventAlert => 2,
            Kind::Test => 3,
        }
    }

    /// The kind that a stored number stands for.
    ///
    /// # Errors
    ///
    /// [`UnknownKind`] for any number that [`code`](Self::code) does not give.
    pub const fn from_code(code: u8) -> Result<Kind, UnknownKind> {
        match code {
            1 => Ok(Kind::EventCreated),
            2 => Ok(Kind::EventAlert),
            3 => Ok(Kind::Test),
            _ => Err(UnknownKind),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownKind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_lead_back_to_their_kind() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(Kind::from_code(kind.code()), Ok(kind));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
            assert!(kind.code() < 16);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        assert_eq!("issue.created".parse::<Kind>(), Err(UnknownKind));
        assert_eq!("Event.Created".parse::<Kind>(), Err(UnknownKind));
        assert_eq!(Kind::from_code(0), Err(UnknownKind));
        assert_eq!(Kind::from_code(4), Err(UnknownKind));
    }
}
