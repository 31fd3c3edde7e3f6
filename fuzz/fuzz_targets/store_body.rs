//! The store endpoint's body: what comes out is something and within the limit, however it was packed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::event::MAX_EVENT_BYTES;
use protocol::store_body::{event_json, event_json_of_field};

fuzz_target!(|body: &[u8]| {
    let field = std::str::from_utf8(body).ok().map(event_json_of_field);
    for json in [Some(event_json(body)), field].into_iter().flatten().flatten() {
        assert!((1..=MAX_EVENT_BYTES).contains(&json.len()));
    }
});
