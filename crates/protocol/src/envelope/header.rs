//! The envelope's first line.

use std::borrow::Cow;

use super::EnvelopeError;
use crate::dsn::Dsn;
use crate::event::{Micros, parse_timestamp};
use crate::ids::EventId;
use crate::json::{Kind, Tape, Value};

/// What the first line says. Keys that Watchfire does not use are passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnvelopeHeader {
    /// The event's id, never the nil one; it wins over the payload's.
    pub event_id: Option<EventId>,
    /// Where the SDK meant to send, for requests without other credentials.
    pub dsn: Option<Dsn>,
    /// The SDK's clock when it sent; none where it cannot be read.
    pub sent_at: Option<Micros>,
    /// `sdk.name` and `sdk.version` as `name/version`, for statistics.
    pub client: Option<String>,
}

/// Keys that must not come twice.
const KNOWN_KEYS: [&str; 5] = ["event_id", "dsn", "sent_at", "sdk", "trace"];

impl EnvelopeHeader {
    /// Reads the line, without its line feed.
    pub(super) fn parse(line: &[u8], tape: &mut Tape) -> Result<Self, EnvelopeError> {
        let document = tape.parse(line).map_err(|_| EnvelopeError::Header)?;
        let root = document.root();
        if root.kind() != Kind::Object || root.end() != line.len() {
            return Err(EnvelopeError::Header);
        }
        let mut header = EnvelopeHeader::default();
        for member in root.all_members() {
            let name = member.name();
            if member.is_dropped() {
                if KNOWN_KEYS.contains(&&*name) {
                    return Err(EnvelopeError::RepeatedKey);
                }
                continue;
            }
            match &*name {
                "event_id" => header.event_id = event_id(member.value)?,
                "dsn" => header.dsn = parsed(member.value, EnvelopeError::Dsn)?,
                "sent_at" => header.sent_at = parse_timestamp(member.value),
                "sdk" => header.client = client(member.value),
                _ => {}
            }
        }
        Ok(header)
    }
}

/// An id; the nil one is none.
fn event_id(value: Value<'_, '_>) -> Result<Option<EventId>, EnvelopeError> {
    Ok(parsed(value, EnvelopeError::EventId)?.filter(|id: &EventId| !id.is_nil()))
}

/// A string that must be parsed, or null.
fn parsed<T: std::str::FromStr>(value: Value<'_, '_>, error: EnvelopeError) -> Result<Option<T>, EnvelopeError> {
    if value.is_null() {
        return Ok(None);
    }
    let text = value.text().ok_or(error)?;
    text.parse().map(Some).map_err(|_| error)
}

fn client(sdk: Value<'_, '_>) -> Option<String> {
    let part = |name| sdk.get(name).and_then(|value| value.text()).filter(|text: &Cow<'_, str>| !text.is_empty());
    match (part("name")?, part("version")) {
        (name, Some(version)) => Some(format!("{name}/{version}")),
        (name, None) => Some(name.into_owned()),
    }
}
