//! The event of every measurement: one request that a real Python SDK sent, made new for each send.
//!
//! Bodies are made ahead of a run, so that compressing them costs the measurement nothing. Each differs from the capture in its
//! event id (in the envelope's header and in the event) and in its times (`sent_at` and every `timestamp`), which are set to the
//! moment of preparation: a real SDK sends fresh times, and old ones would send the server down its clock-drift path. Every
//! replacement has the length of what it replaces. Nothing else changes, and nothing here talks to a server.
//! `measure` and the commands of `load` call it.

use std::io::{Read, Write};
use std::ops::Range;

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use memchr::memmem;

use crate::error::BenchError;
use crate::hex;

/// The captured body: gzip of an envelope with one error event of two chained exceptions.
const CAPTURED_BODY: &[u8] = include_bytes!("../../tests/fixtures/sdk/python/python-02.body");

/// The captured request without its body: method, path and headers.
const CAPTURED_REQUEST: &str = include_str!("../../tests/fixtures/sdk/python/python-02.request.json");

/// The key under which the capture authenticates; a run puts its target's key in its place.
pub(crate) const CAPTURED_KEY: &str = "0123456789abcdef0123456789abcdef";

/// An event id as the wire has it: 32 hexadecimal digits.
pub(crate) const EVENT_ID_HEX_BYTES: usize = 32;

/// `2026-11-23T06:45:00.017190Z`, as the Python SDK writes times.
const TIMESTAMP_BYTES: usize = 27;

/// More bodies than this are refused rather than held in memory: at 1.6 kB each they are about 1.6 GB.
pub(crate) const PREPARED_EVENTS_MAX: u32 = 1_000_000;

/// A 16-byte event id that looks random to an index and yet tells which event of the run it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EventId([u8; 16]);

impl EventId {
    /// The id of the event at `index` in a run that began with `seed`.
    pub(crate) fn new(seed: u64, index: u32) -> Self {
        let high = scramble(seed.wrapping_add(u64::from(index)));
        let low = high.rotate_left(32) ^ u64::from(index);
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&high.to_be_bytes());
        bytes[8..].copy_from_slice(&low.to_be_bytes());
        Self(bytes)
    }

    /// Reads 32 hexadecimal digits; `None` for anything else.
    pub(crate) fn from_hex(text: &[u8]) -> Option<Self> {
        hex::decode(text).map(Self)
    }

    /// Takes the 16 bytes as a database keeps them.
    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes, as a database keeps them.
    pub(crate) fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The 32 lower-case digits that go on the wire.
    pub(crate) fn hex(&self) -> [u8; EVENT_ID_HEX_BYTES] {
        let mut text = [0; EVENT_ID_HEX_BYTES];
        hex::encode_into(&self.0, &mut text);
        text
    }

    /// Which event of its run this is, or `None` for an id that no run made.
    pub(crate) fn index(&self) -> Option<u32> {
        let (high, low) = self.0.split_at(8);
        let high = u64::from_be_bytes(high.try_into().ok()?);
        let low = u64::from_be_bytes(low.try_into().ok()?);
        u32::try_from(low ^ high.rotate_left(32)).ok()
    }
}

/// Request bodies made ahead, one for each event of a run, in one block of memory.
pub(crate) struct Bodies {
    seed: u64,
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Bodies {
    /// Makes `count` bodies, on every core.
    ///
    /// # Errors
    /// When `count` is over [`PREPARED_EVENTS_MAX`] or the capture is not what this module expects.
    pub(crate) fn prepare(count: u32) -> Result<Self, BenchError> {
        if count > PREPARED_EVENTS_MAX {
            return Err(BenchError::TooManyEvents { asked: count, most: PREPARED_EVENTS_MAX });
        }
        let now = jiff::Timestamp::now();
        let template = Template::captured(&format!("{now:.6}"))?;
        let seed = now.as_microsecond().unsigned_abs();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let share = count.div_ceil(u32::try_from(threads).unwrap_or(1)).max(1);
        let ranges = (0..count).step_by(share as usize).map(|first| first..(first + share).min(count));
        let parts = std::thread::scope(|scope| {
            let workers: Vec<_> = ranges.map(|range| scope.spawn(|| template.compress(seed, range))).collect();
            workers.into_iter().map(|worker| worker.join().map_err(|_| BenchError::WorkerPanicked)).collect::<Vec<_>>()
        });
        let mut bodies = Self { seed, bytes: Vec::new(), ends: Vec::with_capacity(count as usize) };
        for part in parts {
            let (bytes, lengths) = part??;
            bodies.bytes.extend_from_slice(&bytes);
            for length in lengths {
                bodies.ends.push(bodies.ends.last().copied().unwrap_or(0) + length);
            }
        }
        Ok(bodies)
    }

    /// How many bodies there are.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.ends.len()).unwrap_or(PREPARED_EVENTS_MAX)
    }

    /// The compressed body of the event at `index`; empty when there is no such event.
    pub(crate) fn body(&self, index: u32) -> &[u8] {
        let index = index as usize;
        let start = index.checked_sub(1).map_or(0, |before| self.ends.get(before).copied().unwrap_or(0));
        let end = self.ends.get(index).copied().unwrap_or(start);
        &self.bytes[start..end]
    }

    /// The id of the event at `index`.
    pub(crate) fn id(&self, index: u32) -> EventId {
        EventId::new(self.seed, index)
    }
}

/// The captured request's method, path and headers.
#[derive(serde::Deserialize)]
pub(crate) struct CapturedRequest {
    /// `POST`.
    pub(crate) method: String,
    /// The path with the capture's project id, `/api/1/envelope/`.
    pub(crate) path: String,
    /// Names and values in the order in which they were sent.
    pub(crate) headers: Vec<(String, String)>,
}

impl CapturedRequest {
    /// Parses the capture that belongs to the bodies.
    ///
    /// # Errors
    /// When the fixture is not the JSON that the capture tool writes.
    pub(crate) fn load() -> Result<Self, BenchError> {
        serde_json::from_str(CAPTURED_REQUEST).map_err(|source| BenchError::CapturedRequest { source })
    }
}

/// The capture, unpacked, with the places that change from event to event.
struct Template {
    envelope: Vec<u8>,
    id_at: Vec<usize>,
}

impl Template {
    fn captured(now: &str) -> Result<Self, BenchError> {
        let mut envelope = Vec::new();
        GzDecoder::new(CAPTURED_BODY)
            .read_to_end(&mut envelope)
            .map_err(|source| BenchError::CapturedBody { source })?;
        let id_key = b"\"event_id\":\"";
        let id_at: Vec<usize> = memmem::find_iter(&envelope, id_key).map(|at| at + id_key.len()).collect();
        let [first, .., last] = id_at.as_slice() else { return Err(BenchError::CaptureWithoutIds) };
        if envelope[*first..*first + EVENT_ID_HEX_BYTES] != envelope[*last..*last + EVENT_ID_HEX_BYTES] {
            return Err(BenchError::CaptureWithoutIds);
        }
        for key in ["\"sent_at\":\"", "\"timestamp\":\""] {
            let places: Vec<usize> = memmem::find_iter(&envelope, key).map(|at| at + key.len()).collect();
            for at in places {
                if now.len() != TIMESTAMP_BYTES || envelope.get(at + TIMESTAMP_BYTES) != Some(&b'"') {
                    return Err(BenchError::CapturedTimes);
                }
                envelope[at..at + TIMESTAMP_BYTES].copy_from_slice(now.as_bytes());
            }
        }
        Ok(Self { envelope, id_at })
    }

    /// The gzip bodies of a range of events, one after the other, and the length of each.
    fn compress(&self, seed: u64, range: Range<u32>) -> Result<(Vec<u8>, Vec<usize>), BenchError> {
        let mut envelope = self.envelope.clone();
        let mut bytes = Vec::with_capacity(range.len() * CAPTURED_BODY.len() * 11 / 10);
        let mut lengths = Vec::with_capacity(range.len());
        for index in range {
            let hex = EventId::new(seed, index).hex();
            for at in &self.id_at {
                envelope[*at..*at + EVENT_ID_HEX_BYTES].copy_from_slice(&hex);
            }
            let before = bytes.len();
            // Level 9 and "Unix" are what the captured header says.
            let mut encoder: GzEncoder<&mut Vec<u8>> =
                flate2::GzBuilder::new().operating_system(3).write(&mut bytes, Compression::best());
            encoder.write_all(&envelope).map_err(|source| BenchError::CapturedBody { source })?;
            encoder.finish().map_err(|source| BenchError::CapturedBody { source })?;
            lengths.push(bytes.len() - before);
        }
        Ok((bytes, lengths))
    }
}

/// SplitMix64's output function: a bijection, so different events never share an id.
fn scramble(value: u64) -> u64 {
    let value = value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpack(body: &[u8]) -> String {
        let mut text = String::new();
        GzDecoder::new(body).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn an_event_id_tells_its_index_and_survives_hex() {
        for index in [0, 1, 31, 65_535, u32::MAX] {
            let id = EventId::new(7_777, index);
            assert_eq!(id.index(), Some(index));
            assert_eq!(EventId::from_hex(&id.hex()), Some(id));
        }
        assert_eq!(EventId::from_hex(b"7dab7c8fd96047a892bc41aa5a35dbf7").unwrap().index(), None);
        assert_eq!(EventId::from_hex(b"short"), None);
        assert_eq!(EventId::from_hex(&[b'z'; 32]), None);
    }

    #[test]
    fn bodies_differ_from_the_capture_only_in_ids_and_times() {
        let bodies = Bodies::prepare(5).unwrap();
        assert_eq!(bodies.count(), 5);
        let captured = unpack(CAPTURED_BODY);
        for index in 0..5 {
            let body = unpack(bodies.body(index));
            assert_eq!(body.len(), captured.len());
            let hex = String::from_utf8(bodies.id(index).hex().to_vec()).unwrap();
            assert_eq!(body.matches(hex.as_str()).count(), 2);
            let changed = body.bytes().zip(captured.bytes()).filter(|(ours, theirs)| ours != theirs).count();
            assert!(changed <= 2 * EVENT_ID_HEX_BYTES + 3 * TIMESTAMP_BYTES, "{changed} bytes changed");
            let payload = body.split('\n').nth(2).unwrap();
            let event: serde_json::Value = serde_json::from_str(payload).unwrap();
            assert_eq!(event["event_id"], hex.as_str());
            let sent: jiff::Timestamp = event["timestamp"].as_str().unwrap().parse().unwrap();
            assert!(sent.duration_since("2026-11-23T06:45:01Z".parse().unwrap()).is_positive());
        }
        assert!(bodies.body(5).is_empty());
    }

    #[test]
    fn a_prepared_body_has_the_size_and_the_header_of_the_capture() {
        let bodies = Bodies::prepare(1).unwrap();
        let body = bodies.body(0);
        assert_eq!(body[..10], CAPTURED_BODY[..10]);
        assert!(body.len().abs_diff(CAPTURED_BODY.len()) * 20 < CAPTURED_BODY.len(), "{} bytes", body.len());
    }

    #[test]
    fn more_bodies_than_memory_should_hold_are_refused() {
        assert!(matches!(Bodies::prepare(PREPARED_EVENTS_MAX + 1), Err(BenchError::TooManyEvents { .. })));
    }

    #[test]
    fn the_captured_request_is_an_envelope_with_the_captured_key() {
        let request = CapturedRequest::load().unwrap();
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/api/1/envelope/"));
        let auth = request.headers.iter().find(|(name, _)| name == "X-Sentry-Auth").unwrap();
        assert!(auth.1.contains(CAPTURED_KEY));
    }
}
