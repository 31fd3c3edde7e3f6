//! Small integers in the tables, and the types they stand for. An unknown one is an error, never a default.

use model::issue::{IssuePriority, IssueStatus, Substatus, Turn};
use model::rules::Quantifier;
use protocol::event::{EventKind, Level};
use webhook::Kind;

use crate::error::StoreError;

/// What a type's value is called in a table.
pub(super) trait Code: Sized {
    /// The column's name in errors.
    const WHAT: &'static str;
    /// The stored integer.
    fn code(&self) -> i64;
    /// The value that an integer stands for.
    fn known(code: i64) -> Option<Self>;

    /// The value that a stored integer stands for.
    fn from_code(code: i64) -> Result<Self, StoreError> {
        Self::known(code).ok_or(StoreError::UnknownValue { what: Self::WHAT, value: code })
    }
}

impl Code for Level {
    const WHAT: &'static str = "level";

    fn code(&self) -> i64 {
        match self {
            Level::Debug => 0,
            Level::Info => 1,
            Level::Warning => 2,
            Level::Error => 3,
            Level::Fatal => 4,
        }
    }

    fn known(code: i64) -> Option<Self> {
        [Level::Debug, Level::Info, Level::Warning, Level::Error, Level::Fatal].into_iter().find(|it| it.code() == code)
    }
}

impl Code for EventKind {
    const WHAT: &'static str = "event type";

    fn code(&self) -> i64 {
        match self {
            EventKind::Error => 0,
            EventKind::Default => 1,
            EventKind::Csp => 2,
        }
    }

    fn known(code: i64) -> Option<Self> {
        [EventKind::Error, EventKind::Default, EventKind::Csp].into_iter().find(|it| it.code() == code)
    }
}

impl Code for IssueStatus {
    const WHAT: &'static str = "issue status";

    fn code(&self) -> i64 {
        *self as i64
    }

    fn known(code: i64) -> Option<Self> {
        IssueStatus::ALL.into_iter().find(|it| it.code() == code)
    }
}

impl Code for Substatus {
    const WHAT: &'static str = "issue substatus";

    fn code(&self) -> i64 {
        *self as i64
    }

    fn known(code: i64) -> Option<Self> {
        Substatus::ALL.into_iter().find(|it| it.code() == code)
    }
}

impl Code for IssuePriority {
    const WHAT: &'static str = "issue priority";

    fn code(&self) -> i64 {
        *self as i64
    }

    fn known(code: i64) -> Option<Self> {
        IssuePriority::ALL.into_iter().find(|it| it.code() == code)
    }
}

impl Code for Turn {
    const WHAT: &'static str = "turn of an issue";

    fn code(&self) -> i64 {
        *self as i64
    }

    fn known(code: i64) -> Option<Self> {
        Turn::ALL.into_iter().find(|it| it.code() == code)
    }
}

impl Code for Quantifier {
    const WHAT: &'static str = "match";

    fn code(&self) -> i64 {
        match self {
            Quantifier::All => 0,
            Quantifier::Any => 1,
            Quantifier::None => 2,
        }
    }

    fn known(code: i64) -> Option<Self> {
        [Quantifier::All, Quantifier::Any, Quantifier::None].into_iter().find(|it| it.code() == code)
    }
}

/// A hook's kinds as a set of bits: 1 `event.created`, 2 `event.alert`.
pub(super) fn kinds_to_bits(kinds: &[Kind]) -> i64 {
    kinds.iter().fold(0, |bits, kind| bits | kind_bit(*kind))
}

/// The kinds of a set of bits, in the order in which Sentry lists them.
pub(super) fn kinds_from_bits(bits: i64) -> Vec<Kind> {
    [Kind::EventAlert, Kind::EventCreated].into_iter().filter(|kind| bits & kind_bit(*kind) != 0).collect()
}

fn kind_bit(kind: Kind) -> i64 {
    match kind {
        Kind::EventCreated => 1,
        Kind::EventAlert => 2,
        // Nobody subscribes to tests: they are sent on demand.
        Kind::Test => 0,
    }
}

/// Shorthands for the states that statements name.
pub(super) const WAITING: i64 = 0;
/// Leased.
pub(super) const SENDING: i64 = 1;
