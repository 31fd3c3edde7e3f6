//! The push parser: takes the body in pieces of any size, keeps at most one event and one header line.

use memchr::memchr;

use super::header::EnvelopeHeader;
use super::item::{Dropped, ItemHeader, ItemKind};
use super::{Envelope, EnvelopeError, EnvelopeLimits, EventItem, EventItemKind};
use crate::json::Tape;

/// Reads one envelope. After an error it must not be pushed to again: it answers the same error.
#[derive(Debug)]
pub struct EnvelopeParser {
    limits: EnvelopeLimits,
    state: State,
    /// The part of a header line that earlier pieces held.
    line: Vec<u8>,
    tape: Tape,
    header: Option<EnvelopeHeader>,
    event: Option<EventItem>,
    dropped: Dropped,
    needs_id: bool,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The envelope's header line, or the rest of it.
    Header,
    /// An item's header line, or the rest of it, or the end.
    ItemHeader,
    /// A payload of which so many bytes are missing.
    Sized { fate: Fate, left: usize },
    /// The line feed after a payload whose length was given, or the end.
    AfterSized,
    /// A payload that ends with the line.
    Line { fate: Fate },
    /// Nothing: it was refused.
    Failed(EnvelopeError),
}

/// What becomes of a payload's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Keep,
    Skip,
}

/// A payload grows by at least this much, so that small pieces do not move it often.
const MIN_GROWTH_BYTES: usize = 16 * 1024;

impl EnvelopeParser {
    /// A parser at the start of an envelope.
    pub fn new(limits: EnvelopeLimits) -> Self {
        EnvelopeParser {
            limits,
            state: State::Header,
            line: Vec::new(),
            tape: Tape::new(),
            header: None,
            event: None,
            dropped: Dropped::default(),
            needs_id: false,
        }
    }

    /// Takes the next piece of the body.
    ///
    /// # Errors
    /// The envelope is refused, and why.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), EnvelopeError> {
        let mut rest = piece;
        while !rest.is_empty() {
            match self.step(rest) {
                Ok(after) => rest = after,
                Err(error) => {
                    self.state = State::Failed(error);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Ends the body.
    ///
    /// # Errors
    /// The envelope is refused, and why: what was pushed is not a whole one.
    pub fn finish(mut self) -> Result<Envelope, EnvelopeError> {
        match self.state {
            State::Failed(error) => return Err(error),
            State::Header | State::ItemHeader if !is_blank(&self.line) => {
                let line = std::mem::take(&mut self.line);
                self.header_line(&line)?;
            }
            _ => {}
        }
        match self.state {
            State::Header => Err(EnvelopeError::Empty),
            State::Sized { left: 1.., .. } => Err(EnvelopeError::Truncated),
            State::Failed(error) => Err(error),
            State::ItemHeader | State::Sized { .. } | State::AfterSized | State::Line { .. } => Ok(Envelope {
                header: self.header.unwrap_or_default(),
                event: self.event,
                dropped: self.dropped,
                needs_id: self.needs_id,
            }),
        }
    }

    /// The envelope's header, as soon as its line is complete.
    pub fn header(&self) -> Option<&EnvelopeHeader> {
        self.header.as_ref()
    }

    /// Bytes of memory that the parser holds: at most one event and 128 KiB.
    pub fn held_bytes(&self) -> usize {
        let payload = self.event.as_ref().map_or(0, |event| event.payload.capacity());
        payload + self.line.capacity() + self.tape.held_bytes()
    }

    /// Takes as much of the piece as one state can; gives the rest.
    fn step<'p>(&mut self, piece: &'p [u8]) -> Result<&'p [u8], EnvelopeError> {
        match self.state {
            State::Header | State::ItemHeader => self.take_header_line(piece),
            State::Sized { fate, left } => {
                let (payload, rest) = piece.split_at(left.min(piece.len()));
                self.take(fate, payload, left)?;
                let left = left - payload.len();
                self.state = if left == 0 { State::AfterSized } else { State::Sized { fate, left } };
                Ok(rest)
            }
            State::AfterSized => {
                self.state = State::ItemHeader;
                piece.strip_prefix(b"\n").ok_or(EnvelopeError::Length)
            }
            State::Line { fate } => {
                let end = memchr(b'\n', piece);
                let payload = &piece[..end.unwrap_or(piece.len())];
                self.take(fate, payload, payload.len())?;
                let Some(end) = end else { return Ok(&[]) };
                self.state = State::ItemHeader;
                Ok(&piece[end + 1..])
            }
            State::Failed(error) => Err(error),
        }
    }

    /// Collects a header line; a line that one piece holds whole is not copied.
    fn take_header_line<'p>(&mut self, piece: &'p [u8]) -> Result<&'p [u8], EnvelopeError> {
        let end = memchr(b'\n', piece);
        let part = &piece[..end.unwrap_or(piece.len())];
        if self.line.len() + part.len() > self.limits.header_line_bytes {
            return Err(EnvelopeError::HeaderTooLong);
        }
        let Some(end) = end else {
            self.line.reserve_exact(self.line_growth(part.len()));
            self.line.extend_from_slice(part);
            return Ok(&[]);
        };
        if self.line.is_empty() {
            self.header_line(part)?;
        } else {
            let mut line = std::mem::take(&mut self.line);
            line.extend_from_slice(part);
            self.header_line(&line)?;
        }
        Ok(&piece[end + 1..])
    }

    /// Room for a part of a line, so that a line of many pieces is not moved for each and never exceeds the limit.
    fn line_growth(&self, part: usize) -> usize {
        let needed = self.line.len() + part;
        if needed <= self.line.capacity() {
            return 0;
        }
        needed.max(2 * self.line.capacity()).min(self.limits.header_line_bytes) - self.line.len()
    }

    /// A complete line without its line feed. Blank lines, also between items, are passed over.
    fn header_line(&mut self, line: &[u8]) -> Result<(), EnvelopeError> {
        if is_blank(line) {
            return Ok(());
        }
        if self.header.is_none() {
            self.header = Some(EnvelopeHeader::parse(line, &mut self.tape)?);
            self.state = State::ItemHeader;
            return Ok(());
        }
        let item = ItemHeader::parse(line, &mut self.tape)?;
        let fate = match item.kind {
            ItemKind::Kept(kind) => {
                self.begin_event(kind, &item)?;
                Fate::Keep
            }
            ItemKind::Dropped { category, belongs_to_event } => {
                self.needs_id |= belongs_to_event;
                self.dropped.count(category);
                Fate::Skip
            }
        };
        self.state = match item.length {
            Some(0) => State::AfterSized,
            Some(left) => State::Sized { fate, left },
            None => State::Line { fate },
        };
        Ok(())
    }

    fn begin_event(&mut self, kind: EventItemKind, item: &ItemHeader) -> Result<(), EnvelopeError> {
        if self.event.is_some() {
            return Err(EnvelopeError::TooManyEvents);
        }
        if item.length.is_some_and(|length| length > self.limits.event_bytes) {
            return Err(too_large(kind));
        }
        self.needs_id = true;
        let (release, environment) = (item.release.clone(), item.environment.clone());
        self.event = Some(EventItem { kind, payload: Vec::new(), release, environment });
        Ok(())
    }

    /// Appends to the event's payload, of which `expected` bytes are still to come as far as is known.
    fn take(&mut self, fate: Fate, part: &[u8], expected: usize) -> Result<(), EnvelopeError> {
        let Some(event) = self.event.as_mut().filter(|_| fate == Fate::Keep) else { return Ok(()) };
        let needed = event.payload.len() + part.len();
        if needed > self.limits.event_bytes {
            return Err(too_large(event.kind));
        }
        if needed > event.payload.capacity() {
            let at_most = if expected > part.len() { event.payload.len() + expected } else { self.limits.event_bytes };
            let step = needed.max(2 * event.payload.capacity()).max(MIN_GROWTH_BYTES).min(at_most);
            let room = if expected == part.len() && event.payload.is_empty() { needed } else { step };
            event.payload.reserve_exact(room - event.payload.len());
        }
        event.payload.extend_from_slice(part);
        Ok(())
    }
}

fn too_large(kind: EventItemKind) -> EnvelopeError {
    match kind {
        EventItemKind::Event => EnvelopeError::EventTooLarge,
        EventItemKind::Security | EventItemKind::RawSecurity => EnvelopeError::SecurityTooLarge,
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}
