//! Envelopes: what modern SDKs post. A header line, then items, each a header line and a payload.
//!
//! [`EnvelopeParser`] takes the body piece by piece as it is decoded and keeps only what Watchfire stores: one event, or one
//! security report. Every other payload is passed over as it streams and counted by data category. It does not look into the
//! event, and does not decide whom to let in. `web` pushes request bodies into it.

mod header;
mod item;
mod parser;

use crate::ids::EventId;

pub use header::EnvelopeHeader;
pub use item::{DataCategory, Dropped};
pub use parser::EnvelopeParser;

/// Longest header line, of the envelope and of an item.
pub const MAX_HEADER_LINE_BYTES: usize = 8 * 1024;

/// What a parser may keep.
#[derive(Debug, Clone, Copy)]
pub struct EnvelopeLimits {
    /// Longest payload of an event or a security report.
    pub event_bytes: usize,
    /// Longest header line.
    pub header_line_bytes: usize,
}

/// An envelope after its last byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The first line.
    pub header: EnvelopeHeader,
    /// The event, if there is one.
    pub event: Option<EventItem>,
    /// How many other items there were, by data category.
    pub dropped: Dropped,
    /// Whether an item of any kind belongs to an event, so that the answer has an id.
    pub needs_id: bool,
}

/// The item that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventItem {
    /// What the payload is.
    pub kind: EventItemKind,
    /// The payload as sent.
    pub payload: Vec<u8>,
    /// `sentry_release` of a raw security report's item header.
    pub release: Option<String>,
    /// `sentry_environment` of a raw security report's item header.
    pub environment: Option<String>,
}

/// What a kept payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventItemKind {
    /// `event`: for [`crate::event::normalise`].
    Event,
    /// `security`: an event made from a report; for [`crate::event::normalise`].
    Security,
    /// `raw_security`: a browser's report; for [`crate::event::events_from_reports`].
    RawSecurity,
}

/// Why an envelope is refused. The first fault ends the parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// There is no header line.
    #[error("the envelope is empty")]
    Empty,
    /// A header line is longer than the limit.
    #[error("the envelope has a header line that is too long")]
    HeaderTooLong,
    /// The envelope's header is not one JSON object on one line.
    #[error("the envelope's header is malformed")]
    Header,
    /// The envelope's header repeats a key that matters.
    #[error("the envelope's header repeats a key")]
    RepeatedKey,
    /// The header's `event_id` is no UUID.
    #[error("the envelope's event_id is malformed")]
    EventId,
    /// The header's `dsn` is no DSN.
    #[error("the envelope's dsn is malformed")]
    Dsn,
    /// An item's header is not one JSON object on one line, or has no `type`.
    #[error("the envelope has a malformed item header")]
    ItemHeader,
    /// The item type is reserved.
    #[error("the envelope has an item of a reserved type")]
    ReservedType,
    /// A payload is not followed by a line feed or the end.
    #[error("the envelope has an item whose length does not fit its payload")]
    Length,
    /// The body ends inside a payload whose length was given.
    #[error("the envelope ends inside an item")]
    Truncated,
    /// The payload of an event is longer than the limit.
    #[error("the envelope's event is too large")]
    EventTooLarge,
    /// The payload of a security report is longer than the limit.
    #[error("the envelope's security report is too large")]
    SecurityTooLarge,
    /// There is more than one event or security report.
    #[error("the envelope has more than one event")]
    TooManyEvents,
}

impl Default for EnvelopeLimits {
    fn default() -> Self {
        EnvelopeLimits { event_bytes: crate::event::MAX_EVENT_BYTES, header_line_bytes: MAX_HEADER_LINE_BYTES }
    }
}

impl Envelope {
    /// The id of the answer: the normalised event's, else the header's, else `spare` where an item belongs to an event.
    pub fn response_id(&self, event: Option<EventId>, spare: EventId) -> Option<EventId> {
        event.or(self.header.event_id).or(self.needs_id.then_some(spare))
    }
}
