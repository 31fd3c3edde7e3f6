//! What normalisation works with beside its input: memory that is used again, and the reasons to refuse.

use crate::json::{Document, JsonError, Tape};

/// Memory that normalisation uses again for the next event.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(super) tape: Tape,
}

/// Why a payload is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// It is longer than [`super::MAX_EVENT_BYTES`].
    #[error("the event is too large")]
    TooLarge,
    /// It is not JSON.
    #[error("the event is not valid json")]
    Json(#[from] JsonError),
    /// It is JSON, but not an object.
    #[error("the event is not a json object")]
    NotAnObject,
    /// Its `event_id` is no UUID, and the envelope's header has none.
    #[error("the event has a malformed event_id")]
    Id,
    /// It is no report of a content security policy violation.
    #[error("the security report is invalid")]
    Report,
    /// It has more than [`super::MAX_REPORTS`] reports.
    #[error("too many security reports in one request")]
    TooManyReports,
}

impl Scratch {
    pub(super) fn parse<'t, 'a>(&'t mut self, text: &'a [u8]) -> Result<Document<'t, 'a>, JsonError> {
        self.tape.parse(text)
    }
}
