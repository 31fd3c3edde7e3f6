//! The floor's first part: gzip off, JSON validated without a tree, the event's value compressed for the store.
//!
//! Decoder and compressor are kept by each thread: making one for each request is waste that a floor should not contain.
//! Only the floor's request handler calls it.

use std::cell::RefCell;
use std::io::{self, Cursor, Read};

use bytes::Bytes;
use flate2::bufread::GzDecoder;
use memchr::memchr;
use serde::de::IgnoredAny;

use crate::event::EventId;
use crate::work::WorkPath;

/// Level 1, as the product stores events.
const ZSTD_LEVEL: i32 = 1;

/// Larger envelopes are cut, and then refused as broken JSON.
const ENVELOPE_BYTES_MAX: u64 = 1024 * 1024;

/// A payload's text from after the event id up to the event's value.
pub(super) const HEAD_AFTER_ID: &[u8] = concat!(
    r#"","project":"my-project","project_id":"1","project_name":"My Project","culprit":"__main__ in <module>","#,
    r#""message":"RuntimeError: could not parse amount","url":"http://127.0.0.1:9000/organizations/my-org/issues/1/","#,
    r#""level":"error","logger":"","datetime":"2024-01-01T00:00:00.000Z","event":"#
)
.as_bytes();

/// A payload's text after the event's value.
pub(super) const TAIL: &[u8] = br#","issue_id":"1"}"#;

/// A payload's text before the event id.
const HEAD_BEFORE_ID: &[u8] = br#"{"id":""#;

/// An event, unpacked and ready to be stored.
pub(super) struct Decoded {
    pub(super) id: EventId,
    /// The event's value, zstd.
    pub(super) compressed: Vec<u8>,
    /// The whole payload that the hook gets; empty when nothing is sent.
    pub(super) payload: Bytes,
}

/// Why a body is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum DecodeError {
    #[error("broken compression")]
    Compression(#[from] io::Error),
    #[error("broken envelope")]
    Envelope,
    #[error("broken JSON")]
    Json(#[from] serde_json::Error),
}

/// Unpacks, validates and compresses one request body.
pub(super) fn decode(body: Bytes, path: WorkPath) -> Result<Decoded, DecodeError> {
    thread_local! {
        static TOOLS: RefCell<Option<Tools>> = const { RefCell::new(None) };
    }
    TOOLS.with_borrow_mut(|slot| {
        let tools = match slot {
            Some(tools) => tools,
            None => slot.insert(Tools::new()?),
        };
        tools.decode(body, path)
    })
}

#[derive(serde::Deserialize)]
struct EnvelopeHeader<'a> {
    event_id: &'a str,
}

#[derive(serde::Deserialize)]
struct ItemHeader {
    length: usize,
}

struct Tools {
    gunzip: GzDecoder<Cursor<Bytes>>,
    compressor: zstd::bulk::Compressor<'static>,
    envelope: Vec<u8>,
}

impl Tools {
    fn new() -> Result<Self, DecodeError> {
        Ok(Self {
            gunzip: GzDecoder::new(Cursor::new(Bytes::new())),
            compressor: zstd::bulk::Compressor::new(ZSTD_LEVEL)?,
            envelope: Vec::new(),
        })
    }

    fn decode(&mut self, body: Bytes, path: WorkPath) -> Result<Decoded, DecodeError> {
        self.gunzip.reset(Cursor::new(body));
        self.envelope.clear();
        (&mut self.gunzip).take(ENVELOPE_BYTES_MAX).read_to_end(&mut self.envelope)?;
        let (header, rest) = line(&self.envelope)?;
        let (item_header, rest) = line(rest)?;
        let header: EnvelopeHeader<'_> = serde_json::from_slice(header)?;
        let item_header: ItemHeader = serde_json::from_slice(item_header)?;
        let event = rest.get(..item_header.length).ok_or(DecodeError::Envelope)?;
        serde_json::from_slice::<IgnoredAny>(event)?;
        let id = EventId::from_hex(header.event_id.as_bytes()).ok_or(DecodeError::Envelope)?;
        let compressed = self.compressor.compress(event)?;
        let payload = match path {
            WorkPath::Ingest | WorkPath::Ruled => Bytes::new(),
            WorkPath::Full => [HEAD_BEFORE_ID, header.event_id.as_bytes(), HEAD_AFTER_ID, event, TAIL].concat().into(),
        };
        Ok(Decoded { id, compressed, payload })
    }
}

fn line(text: &[u8]) -> Result<(&[u8], &[u8]), DecodeError> {
    let end = memchr(b'\n', text).ok_or(DecodeError::Envelope)?;
    Ok((&text[..end], &text[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Bodies;

    #[test]
    fn a_prepared_body_becomes_a_payload_that_holds_its_event() {
        let bodies = Bodies::prepare(2).unwrap();
        for index in [0, 1] {
            let decoded = decode(Bytes::copy_from_slice(bodies.body(index)), WorkPath::Full).unwrap();
            assert_eq!(decoded.id, bodies.id(index));
            let payload: serde_json::Value = serde_json::from_slice(&decoded.payload).unwrap();
            assert_eq!(payload["id"], payload["event"]["event_id"]);
            let stored = zstd::bulk::decompress(&decoded.compressed, 1 << 20).unwrap();
            assert_eq!(serde_json::from_slice::<serde_json::Value>(&stored).unwrap(), payload["event"]);
            let no_hook = decode(Bytes::copy_from_slice(bodies.body(index)), WorkPath::Ingest).unwrap();
            assert!(no_hook.payload.is_empty());
        }
    }

    #[test]
    fn what_is_not_gzip_or_not_json_is_refused() {
        assert!(matches!(decode(Bytes::from_static(b"{}"), WorkPath::Ingest), Err(DecodeError::Compression(_))));
        let mut broken = Bodies::prepare(1).unwrap().body(0).to_vec();
        broken.truncate(broken.len() / 2);
        assert!(decode(broken.into(), WorkPath::Ingest).is_err());
    }
}
