//! How long the steps of accepting one event take: `cargo run --release -p watchfire-protocol --example normalise_speed`.

use std::hint::black_box;
use std::io::Read as _;
use std::time::Instant;

use flate2::read::GzDecoder;
use watchfire_protocol::EventId;
use watchfire_protocol::envelope::{EnvelopeLimits, EnvelopeParser};
use watchfire_protocol::event::{Context, Scratch, normalise};
use watchfire_protocol::json::Tape;

const ROUNDS: u32 = 200;
const REPEATS: usize = 1000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/sdk/python/python-02.body").to_owned();
    let file = std::env::args().nth(1).unwrap_or(default);
    let sent = std::fs::read(&file)?;
    let mut body = Vec::new();
    if sent.starts_with(&[0x1f, 0x8b]) {
        GzDecoder::new(&*sent).read_to_end(&mut body)?;
    } else {
        body = sent;
    }
    let mut parser = EnvelopeParser::new(EnvelopeLimits::default());
    parser.push(&body)?;
    let payload = parser.finish()?.event.ok_or("the envelope has no event")?.payload;
    let context = Context {
        received: 1_795_416_301_000_000,
        sent_at: Some(1_795_416_300_017_692),
        header_event_id: None,
        spare_event_id: EventId::default(),
        client_ip: None,
        scrub: true,
    };
    println!("{file}: envelope {} bytes, event {} bytes", body.len(), payload.len());
    let mut tape = Tape::new();
    measure("parse the json", || tape.parse(black_box(&payload)).is_ok());
    let mut scratch = Scratch::default();
    measure("normalise", || normalise(black_box(&payload), &context, &mut scratch).is_ok());
    measure("parse the envelope", || {
        let mut parser = EnvelopeParser::new(EnvelopeLimits::default());
        parser.push(black_box(&body)).is_ok() && parser.finish().is_ok()
    });
    Ok(())
}

/// Prints the median and the best of many short repeats, so that a busy machine shows in the first and not in the second.
fn measure(name: &str, mut work: impl FnMut() -> bool) {
    let mut times: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..ROUNDS {
                assert!(black_box(work()));
            }
            start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("{name}: median {:.2} µs, best {:.2} µs", times[REPEATS / 2], times[0]);
}
