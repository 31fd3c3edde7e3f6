//! Reads a request's body: decodes and parses as it arrives, within the intake budget and the limits.
//!
//! At any time a request holds one event and a little; everything else of an envelope is passed over as it streams. How fast it has
//! to arrive is the connection's business.

use std::io::{self, Write};
use std::time::Duration;

use axum::body::Body;
use axum::http::request;
use http_body_util::BodyExt;
use model::limits::{EVENT_BYTES, REFUSED_BODY_READ_SECONDS, REQUEST_COMPRESSED_BYTES, REQUEST_DECOMPRESSED_BYTES};
use pipeline::Held;
use protocol::envelope::{Envelope, EnvelopeLimits, EnvelopeParser, EventItem, EventItemKind};
use protocol::store_body;

use super::Fault;
use super::decode::{Decoder, Encoding};
use super::form::Form;
use crate::pace;

/// Taken from the budget before the body is read: what most requests need, decoder included.
pub(super) const FIRST_BYTES: usize = 32 * 1024;
/// Compressed bytes fed to a decoder at once; between two such pieces other requests get their turn.
const PIECE_BYTES: usize = 4 * 1024;
/// Decoded bytes after which other requests get their turn.
const TURN_BYTES: usize = 1024 * 1024;
/// How long a refused body is read on, so that the client sees the answer.
const THROW_AWAY: Duration = Duration::from_secs(REFUSED_BODY_READ_SECONDS);

/// Reads the whole body. `held` grows with what is kept of it.
pub(super) async fn read(
    form: Form,
    head: &request::Parts,
    body: &mut Body,
    held: &mut Held,
) -> Result<Envelope, Fault> {
    let encoding = Encoding::of(&head.headers)?;
    let mut decoder = Decoder::new(encoding, Sink::new(form, held))?;
    let mut received = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(unread)?.into_data() else { continue };
        received += data.len();
        if received > REQUEST_COMPRESSED_BYTES {
            return Err(Fault::TooLarge);
        }
        for piece in data.chunks(PIECE_BYTES) {
            if let Err(error) = decoder.push(piece) {
                return Err(decoder.sink().fault(error));
            }
            if std::mem::take(&mut decoder.sink().turn) {
                tokio::task::yield_now().await;
            }
        }
    }
    if received == 0 {
        return Err(Fault::Empty);
    }
    if let Err(error) = decoder.finish() {
        return Err(decoder.sink().fault(error));
    }
    decoder.sink().finish()
}

/// Reads on for a while what nobody wants, so that a client that is still sending sees the answer.
pub(super) async fn throw_away(body: &mut Body) {
    let rest = async { while let Some(Ok(_)) = body.frame().await {} };
    // The time being up is no failure: the answer goes out all the same.
    drop(tokio::time::timeout(THROW_AWAY, rest).await);
}

/// The connection's own clock ends a body that comes too slowly.
fn unread(error: axum::Error) -> Fault {
    if pace::is_too_slow(&error) { Fault::Slow } else { Fault::Read(error) }
}

/// Takes decoded pieces.
struct Sink<'h> {
    target: Target,
    held: &'h mut Held,
    decoded: usize,
    next_turn: usize,
    turn: bool,
    fault: Option<Fault>,
}

enum Target {
    Envelope(Box<EnvelopeParser>),
    /// A store body or a report, whole.
    Whole(EventItemKind, Vec<u8>),
    Taken,
}

impl<'h> Sink<'h> {
    fn new(form: Form, held: &'h mut Held) -> Sink<'h> {
        let target = match form {
            Form::Envelope => Target::Envelope(Box::new(EnvelopeParser::new(EnvelopeLimits::default()))),
            Form::Store => Target::Whole(EventItemKind::Event, Vec::new()),
            Form::Security => Target::Whole(EventItemKind::RawSecurity, Vec::new()),
        };
        Sink { target, held, decoded: 0, next_turn: TURN_BYTES, turn: false, fault: None }
    }

    fn take(&mut self, piece: &[u8]) -> Result<(), Fault> {
        self.decoded += piece.len();
        if self.decoded > REQUEST_DECOMPRESSED_BYTES {
            return Err(Fault::TooLarge);
        }
        if self.decoded >= self.next_turn {
            self.next_turn += TURN_BYTES;
            self.turn = true;
        }
        let kept = match &mut self.target {
            Target::Envelope(parser) => {
                parser.push(piece).map_err(Fault::Envelope)?;
                parser.held_bytes()
            }
            Target::Whole(_, bytes) => {
                // Base64 of a compressed event is longer than what it stands for, never by more than this.
                if bytes.len() + piece.len() > EVENT_BYTES * 4 / 3 + 4 {
                    return Err(Fault::TooLarge);
                }
                bytes.extend_from_slice(piece);
                bytes.capacity()
            }
            Target::Taken => 0,
        };
        // Twice: what is read, and what is made of it before it is dropped.
        let wanted = FIRST_BYTES + kept * 2;
        if wanted > self.held.bytes() && !self.held.grow(wanted - self.held.bytes()) {
            return Err(Fault::Overloaded);
        }
        Ok(())
    }

    /// What stopped the decoder: the sink's own reason, else damage.
    fn fault(&mut self, error: io::Error) -> Fault {
        self.fault.take().unwrap_or(Fault::Compression(error))
    }

    fn finish(&mut self) -> Result<Envelope, Fault> {
        match std::mem::replace(&mut self.target, Target::Taken) {
            Target::Envelope(parser) => parser.finish().map_err(Fault::Envelope),
            Target::Whole(EventItemKind::Event, bytes) => {
                let payload = store_body::event_json(&bytes).map_err(Fault::StoreBody)?.into_owned();
                Ok(envelope_of(EventItemKind::Event, payload))
            }
            Target::Whole(kind, bytes) => Ok(envelope_of(kind, bytes)),
            Target::Taken => Err(Fault::Empty),
        }
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        match self.take(piece) {
            Ok(()) => Ok(piece.len()),
            Err(fault) => {
                self.fault = Some(fault);
                Err(io::Error::other("the body was refused"))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A body that is one event, as an envelope that holds it.
fn envelope_of(kind: EventItemKind, payload: Vec<u8>) -> Envelope {
    let event = EventItem { kind, payload, release: None, environment: None };
    Envelope { header: Default::default(), event: Some(event), dropped: Default::default(), needs_id: true }
}
