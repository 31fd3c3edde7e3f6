//! Events: whatever an SDK sends, what is stored is JSON that a strict parser reads, with its tags sorted and each once.

#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::EventId;
use protocol::event::{Context, Event, Scratch, normalise};

/// 2026-11-23T06:45:30Z
const RECEIVED: i64 = 1_795_416_330_000_000;

fuzz_target!(|payload: &[u8]| {
    let context = Context {
        received: RECEIVED,
        sent_at: None,
        header_event_id: None,
        spare_event_id: EventId([0xab; 16]),
        client_ip: Some([203, 0, 113, 9].into()),
        scrub: true,
    };
    let mut scratch = Scratch::default();
    let Ok(event) = normalise(payload, &context, &mut scratch) else { return };
    assert!(!event.id.is_nil());
    for tags in [&event.tags, &event.derived_tags] {
        assert!(tags.is_sorted_by(|one, next| one.0 < next.0), "{tags:?}");
    }
    let stored = stored(&event);
    serde_json::from_slice::<serde_json::Value>(&stored).expect("what is stored is strict JSON");
});

fn stored(event: &Event<'_>) -> Vec<u8> {
    let mut json = b"{\"exception\":".to_vec();
    json.extend_from_slice(&event.exception_json);
    json.extend_from_slice(&event.attributes_json);
    json.push(b'}');
    json
}
