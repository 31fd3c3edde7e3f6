//! Identifiers as SDKs write them: event ids and public keys, both 32 hex digits on the wire.

use std::fmt;
use std::str::FromStr;

/// An event's id, made by the SDK: a UUID, written as 32 lower-case hex digits without dashes.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub [u8; 16]);

/// The public half of a project key: the user part of a DSN, 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicKey(pub [u8; 16]);

/// The text was not a UUID: 32 hex digits of either case, with the four usual dashes or without any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an event id: expected 32 hex digits, dashes allowed")]
pub struct BadEventId;

/// The text was not 32 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a public key: expected 32 hex digits")]
pub struct BadPublicKey;

impl EventId {
    /// Whether it is the nil UUID, with which SDKs say "no event": as the id of events it would make all of them one.
    pub fn is_nil(&self) -> bool {
        self.0 == [0; 16]
    }
}

impl FromStr for EventId {
    type Err = BadEventId;

    fn from_str(text: &str) -> Result<Self, BadEventId> {
        let bytes = text.as_bytes();
        match bytes.len() {
            32 => decode_hex(bytes).map(EventId).ok_or(BadEventId),
            36 => {
                let mut digits = [0; 32];
                let mut count = 0;
                for (index, &byte) in bytes.iter().enumerate() {
                    match (index, byte) {
                        (8 | 13 | 18 | 23, b'-') => {}
                        (8 | 13 | 18 | 23, _) => return Err(BadEventId),
                        _ => {
                            digits[count] = byte;
                            count += 1;
                        }
                    }
                }
                decode_hex(&digits).map(EventId).ok_or(BadEventId)
            }
            _ => Err(BadEventId),
        }
    }
}

impl FromStr for PublicKey {
    type Err = BadPublicKey;

    fn from_str(text: &str) -> Result<Self, BadPublicKey> {
        decode_hex(text.as_bytes()).map(PublicKey).ok_or(BadPublicKey)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(hex(&self.0, &mut [0; 32]))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(hex(&self.0, &mut [0; 32]))
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "EventId({self})")
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PublicKey({self})")
    }
}

/// Exactly 32 hex digits of either case, as 16 bytes.
fn decode_hex(digits: &[u8]) -> Option<[u8; 16]> {
    if digits.len() != 32 {
        return None;
    }
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high << 4 | low).ok()?;
    }
    Some(bytes)
}

/// Lower-case hex of 16 bytes, written into `digits`.
fn hex<'d>(bytes: &[u8; 16], digits: &'d mut [u8; 32]) -> &'d str {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    std::str::from_utf8(digits).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_id_is_read_with_and_without_dashes_and_written_without() {
        let plain: EventId = "5fe979d329b14a4caa62b32455206cdd".parse().unwrap();
        let dashed: EventId = "5FE979D3-29B1-4A4C-AA62-B32455206CDD".parse().unwrap();
        assert_eq!(plain, dashed);
        assert_eq!(dashed.to_string(), "5fe979d329b14a4caa62b32455206cdd");
    }

    #[test]
    fn misplaced_dashes_and_other_lengths_are_no_event_id() {
        for text in ["", "5fe979d3", "5fe979d329b1-4a4c-aa62-b32455206cdd0000", "zfe979d329b14a4caa62b32455206cdd"] {
            assert_eq!(text.parse::<EventId>(), Err(BadEventId), "{text}");
        }
    }
}
