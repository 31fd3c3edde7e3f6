//! Envelopes: what is read must not depend on where the network cuts the body, and stays within its limits.

#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::envelope::{Envelope, EnvelopeError, EnvelopeLimits, EnvelopeParser};

/// Small, so that the limits are met by small inputs too.
const LIMITS: EnvelopeLimits = EnvelopeLimits { event_bytes: 4 * 1024, header_line_bytes: 512 };

fn read<'b>(pieces: impl Iterator<Item = &'b [u8]>) -> Result<Envelope, EnvelopeError> {
    let mut parser = EnvelopeParser::new(LIMITS);
    for piece in pieces {
        parser.push(piece)?;
    }
    parser.finish()
}

fuzz_target!(|input: &[u8]| {
    let Some((size, body)) = input.split_first() else { return };
    let whole = read(std::iter::once(body));
    let pieces = read(body.chunks(usize::from(*size).max(1)));
    assert_eq!(whole, pieces);
    if let Ok(Envelope { event: Some(item), .. }) = whole {
        assert!(item.payload.len() <= LIMITS.event_bytes);
    }
});
