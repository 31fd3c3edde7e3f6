//! The envelope's grammar, its limits, and that the size of the pieces does not matter.

use proptest::prelude::*;
use watchfire_protocol::EventId;
use watchfire_protocol::envelope::{
    DataCategory, Envelope, EnvelopeError, EnvelopeLimits, EnvelopeParser, EventItemKind, MAX_HEADER_LINE_BYTES,
};
use watchfire_protocol::event::MAX_EVENT_BYTES;

use crate::support::{SDKS, body, envelope};

/// Header lines, one event and 128 KiB: what a parser may hold.
const MAX_HELD_BYTES: usize = MAX_EVENT_BYTES + 128 * 1024;

fn payload(body: &[u8]) -> Option<Vec<u8>> {
    envelope(body)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(body)))
        .event
        .map(|event| event.payload)
}

fn in_pieces<'p>(pieces: impl Iterator<Item = &'p [u8]>) -> Result<Envelope, EnvelopeError> {
    let mut parser = EnvelopeParser::new(EnvelopeLimits::default());
    for piece in pieces {
        parser.push(piece)?;
        assert!(parser.held_bytes() <= MAX_HELD_BYTES);
    }
    parser.finish()
}

#[test]
fn payloads_end_by_length_by_line_or_by_the_end() {
    for (body, expected) in [
        ("{}\n{\"type\":\"event\",\"length\":3}\nabc", Some("abc")),
        ("{}\n{\"type\":\"event\",\"length\":3}\nabc\n", Some("abc")),
        ("{}\n{\"type\":\"event\",\"length\":4}\na\r\nb\n", Some("a\r\nb")),
        ("{}\n{\"type\":\"event\",\"length\":3}\na\nb\n", Some("a\nb")),
        ("{}\n{\"type\":\"event\"}\nabc", Some("abc")),
        ("{}\n{\"type\":\"event\"}\nabc\n", Some("abc")),
        ("{}\n{\"type\":\"event\"}\nabc\r\n", Some("abc\r")),
        ("{}\n{\"type\":\"event\",\"length\":null}\nabc", Some("abc")),
        ("{}\n{\"type\":\"event\",\"length\":0}\n\n", Some("")),
        ("{}\n{\"type\":\"event\",\"length\":0}\n", Some("")),
        ("{}\n{\"type\":\"event\",\"length\":0}", Some("")),
        ("{}\n{\"type\":\"event\"}\n\n", Some("")),
        ("{}\n{\"type\":\"event\"}\n", Some("")),
        ("{}\n{\"type\":\"event\"}", Some("")),
        ("{}\n{\"type\":\"x\"}\nskipped\n{\"type\":\"event\"}\nabc\n", Some("abc")),
        ("{}\n{\"type\":\"x\",\"length\":2}\n{}\n{\"type\":\"event\"}\nabc\n\n", Some("abc")),
        ("{}\n{\"type\":\"x\",\"length\":0}\n\n{\"type\":\"event\"}\nabc", Some("abc")),
        ("{}\n{\"type\":\"event\",\"length\":3}\nabc\n\n", Some("abc")),
        ("{}\n{\"type\":\"event\",\"length\":3}\nabc\n\n{\"type\":\"session\"}\n{}", Some("abc")),
        (" {}\n  {\"type\":\"event\"}\nabc", Some("abc")),
        ("{}", None),
        ("{}\n", None),
        ("{}\n\n", None),
        ("{\"unknown\":[1,{\"a\":2}]}\n{\"type\":\"session\"}\n", None),
    ] {
        assert_eq!(payload(body.as_bytes()).as_deref(), expected.map(str::as_bytes), "{body:?}");
    }
}

#[test]
fn each_fault_is_named() {
    let event = "{\"type\":\"event\"}\n{}\n";
    for (body, error) in [
        ("", EnvelopeError::Empty),
        ("\n\n", EnvelopeError::Empty),
        ("[]", EnvelopeError::Header),
        ("{}\r\n", EnvelopeError::Header),
        ("{} \n", EnvelopeError::Header),
        ("{}{}\n", EnvelopeError::Header),
        ("{\n}", EnvelopeError::Header),
        ("{\"sent_at\":null,\"sent_at\":null}", EnvelopeError::RepeatedKey),
        ("{\"dsn\":1,\"event_id\":null,\"dsn\":null}", EnvelopeError::RepeatedKey),
        ("{\"event_id\":\"x\"}", EnvelopeError::EventId),
        ("{\"event_id\":1}", EnvelopeError::EventId),
        ("{\"dsn\":\"x\"}", EnvelopeError::Dsn),
        ("{}\nx", EnvelopeError::ItemHeader),
        ("{}\n{}", EnvelopeError::ItemHeader),
        ("{}\n{\"type\":1}", EnvelopeError::ItemHeader),
        ("{}\n{\"type\":\"event\",\"length\":-1}", EnvelopeError::ItemHeader),
        ("{}\n{\"type\":\"event\",\"length\":1.5}", EnvelopeError::ItemHeader),
        ("{}\n{\"type\":\"event\",\"length\":4294967296}", EnvelopeError::ItemHeader),
        ("{}\n{\"type\":\"event\",\"length\":\"3\"}", EnvelopeError::ItemHeader),
        ("{}\n{\"type\":\"event\",\"length\":2}\nabc", EnvelopeError::Length),
        ("{}\n{\"type\":\"x\",\"length\":2}\nab\r\n", EnvelopeError::Length),
        ("{}\n{\"type\":\"x\",\"length\":0}\nab", EnvelopeError::Length),
        ("{}\n{\"type\":\"event\",\"length\":4}\nabc", EnvelopeError::Truncated),
        ("{}\n{\"type\":\"x\",\"length\":1}\n", EnvelopeError::Truncated),
        ("{}\n{\"type\":\"integration\"}\n{}", EnvelopeError::ReservedType),
    ] {
        assert_eq!(envelope(body.as_bytes()), Err(error), "{body:?}");
    }
    let two = format!("{{}}\n{event}{}", event.replace("event", "raw_security"));
    assert_eq!(envelope(two.as_bytes()), Err(EnvelopeError::TooManyEvents));
}

#[test]
fn keys_that_do_not_matter_may_repeat() {
    assert!(envelope(b"{\"x\":1,\"x\":2}\n{\"type\":\"y\",\"type\":\"event\"}\n{}").unwrap().event.is_some());
}

#[test]
fn the_header_is_known_as_soon_as_its_line_is() {
    let id = "5fe979d329b14a4caa62b32455206cdd";
    let dsn = "https://0123456789abcdef0123456789abcdef@host/1";
    let line = format!(
        r#"{{"event_id":"{id}","dsn":"{dsn}","sent_at":"2026-11-23T06:45:00.5Z","sdk":{{"name":"a","version":"1"}},"trace":"bad"}}"#
    );
    let mut parser = EnvelopeParser::new(EnvelopeLimits::default());
    parser.push(line.as_bytes()).unwrap();
    assert!(parser.header().is_none());
    parser.push(b"\n").unwrap();
    let header = parser.header().unwrap();
    assert_eq!(header.event_id.unwrap().to_string(), id);
    assert_eq!(header.dsn.as_ref().unwrap().to_string(), dsn);
    assert_eq!(header.sent_at, Some(1_795_416_300_500_000));
    assert_eq!(header.client.as_deref(), Some("a/1"));
}

#[test]
fn a_time_that_cannot_be_read_is_no_time_and_nulls_are_absent() {
    let header = envelope(br#"{"sent_at":"yesterday","event_id":null,"dsn":null,"sdk":null}"#).unwrap().header;
    assert_eq!((header.sent_at, header.event_id, header.dsn, header.client), (None, None, None, None));
    let nil = envelope(br#"{"event_id":"00000000000000000000000000000000"}"#).unwrap();
    assert_eq!(nil.header.event_id, None);
}

#[test]
fn other_items_are_counted_by_category() {
    let types = [
        "attachment",
        "session",
        "sessions",
        "client_report",
        "transaction",
        "replay_recording",
        "check_in",
        "whatever",
    ];
    let items: String = types.iter().map(|kind| format!("{{\"type\":\"{kind}\",\"length\":2}}\n{{}}\n")).collect();
    let found = envelope(format!("{{}}\n{items}").as_bytes()).unwrap();
    let counts: Vec<_> = found.dropped.iter().collect();
    assert_eq!(found.dropped.total(), 8);
    for expected in [
        (DataCategory::Attachment, 1),
        (DataCategory::Session, 2),
        (DataCategory::Transaction, 1),
        (DataCategory::Replay, 1),
        (DataCategory::Monitor, 1),
        (DataCategory::Uncategorised, 2),
    ] {
        assert!(counts.contains(&expected), "{expected:?}");
    }
    assert_eq!(DataCategory::all().count(), 15);
    assert!(DataCategory::all().enumerate().all(|(index, category)| category as usize == index));
}

#[test]
fn the_answer_has_an_id_if_the_header_has_one_or_an_item_needs_one() {
    let (own, spare) = (EventId([1; 16]), EventId([2; 16]));
    for (header, kind, expected) in [
        ("{}", "event", Some(spare)),
        ("{}", "transaction", Some(spare)),
        ("{}", "attachment", Some(spare)),
        ("{}", "user_report", Some(spare)),
        ("{}", "feedback", Some(spare)),
        ("{}", "profile", Some(spare)),
        ("{}", "replay_event", Some(spare)),
        ("{}", "session", None),
        ("{}", "client_report", None),
        ("{}", "unknown", None),
        ("{\"event_id\":\"01010101010101010101010101010101\"}", "session", Some(own)),
        ("{\"event_id\":\"01010101010101010101010101010101\"}", "event", Some(own)),
    ] {
        let found = envelope(format!("{header}\n{{\"type\":\"{kind}\"}}\n{{}}").as_bytes()).unwrap();
        assert_eq!(found.response_id(None, spare), expected, "{header} {kind}");
    }
    let found = envelope(b"{}\n{\"type\":\"event\"}\n{}").unwrap();
    assert_eq!(found.response_id(Some(own), spare), Some(own));
}

#[test]
fn security_reports_are_kept_with_what_their_header_says() {
    let body =
        b"{}\n{\"type\":\"raw_security\",\"sentry_release\":\"1\",\"sentry_environment\":\"p\"}\n{\"csp-report\":{}}";
    let item = envelope(body).unwrap().event.unwrap();
    assert_eq!(
        (item.kind, item.release.as_deref(), item.environment.as_deref()),
        (EventItemKind::RawSecurity, Some("1"), Some("p"))
    );
    assert_eq!(envelope(b"{}\n{\"type\":\"security\"}\n{}").unwrap().event.unwrap().kind, EventItemKind::Security);
}

#[test]
fn an_event_past_the_limit_is_refused_as_soon_as_that_is_known() {
    for (kind, error) in [("event", EnvelopeError::EventTooLarge), ("raw_security", EnvelopeError::SecurityTooLarge)] {
        let mut parser = EnvelopeParser::new(EnvelopeLimits::default());
        let line = format!("{{}}\n{{\"type\":\"{kind}\",\"length\":{}}}\n", MAX_EVENT_BYTES + 1);
        assert_eq!(parser.push(line.as_bytes()), Err(error));
        assert_eq!(parser.push(b"x"), Err(error), "an error stays");
        assert_eq!(parser.finish(), Err(error));
        let mut parser = EnvelopeParser::new(EnvelopeLimits::default());
        parser.push(format!("{{}}\n{{\"type\":\"{kind}\"}}\n").as_bytes()).unwrap();
        parser.push(&vec![b'x'; MAX_EVENT_BYTES]).unwrap();
        assert!(parser.held_bytes() <= MAX_HELD_BYTES);
        assert_eq!(parser.push(b"x"), Err(error));
    }
    let largest = [b"{}\n{\"type\":\"event\"}\n", vec![b'x'; MAX_EVENT_BYTES].as_slice()].concat();
    assert_eq!(payload(&largest).unwrap().len(), MAX_EVENT_BYTES);
}

#[test]
fn a_large_attachment_is_passed_over_without_being_held() {
    let mut parser = EnvelopeParser::new(EnvelopeLimits::default());
    parser.push(b"{}\n{\"type\":\"attachment\",\"length\":50000000}\n").unwrap();
    let piece = vec![b'\n'; 1_000_000];
    for _ in 0..50 {
        parser.push(&piece).unwrap();
        assert!(parser.held_bytes() < 64 * 1024);
    }
    parser.push(b"\n{\"type\":\"event\"}\nabc").unwrap();
    assert_eq!(parser.finish().unwrap().event.unwrap().payload, b"abc");
}

#[test]
fn a_length_that_was_only_promised_takes_no_memory() {
    let mut parser = EnvelopeParser::new(EnvelopeLimits::default());
    parser.push(b"{}\n{\"type\":\"event\",\"length\":1000000}\nabc").unwrap();
    assert!(parser.held_bytes() < 64 * 1024);
}

#[test]
fn a_header_line_past_the_limit_is_refused_in_one_piece_and_in_many() {
    for kind in ["", "{}\n"] {
        let line = format!("{kind}{{\"type\":\"x\",\"filename\":\"{}\"}}", "x".repeat(MAX_HEADER_LINE_BYTES));
        assert_eq!(envelope(line.as_bytes()), Err(EnvelopeError::HeaderTooLong));
        assert_eq!(in_pieces(line.as_bytes().chunks(7)), Err(EnvelopeError::HeaderTooLong));
    }
    let deep = format!("{{\"x\":{}", "[".repeat(MAX_HEADER_LINE_BYTES - 10));
    assert_eq!(in_pieces(deep.as_bytes().chunks(1000)), Err(EnvelopeError::Header));
}

#[test]
fn captured_envelopes_read_the_same_in_two_pieces_split_anywhere() {
    for name in SDKS {
        let body = body(name);
        let whole = envelope(&body).unwrap();
        for at in 0..=body.len() {
            let (left, right) = body.split_at(at);
            assert_eq!(in_pieces([left, right].into_iter()).as_ref(), Ok(&whole), "{name} at {at}");
        }
        assert_eq!(in_pieces(body.chunks(1)).as_ref(), Ok(&whole), "{name} byte by byte");
    }
}

fn any_envelope() -> impl Strategy<Value = Vec<u8>> {
    let line = prop::sample::select(vec![
        "{}",
        "{\"sent_at\":null}",
        "{\"type\":\"event\"}",
        "{\"type\":\"event\",\"length\":3}",
        "{\"type\":\"x\",\"length\":0}",
        "{\"type\":\"attachment\",\"length\":2}",
        "{\"type\":\"session\"}",
        "abc",
        "ab",
        "",
        " ",
        "{\"a\":[]}",
        "\r",
        "{}x",
    ]);
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n").into_bytes())
}

proptest! {
    #[test]
    fn any_envelope_reads_the_same_in_pieces_of_any_size(body in any_envelope(), size in 1_usize..20) {
        let mut whole = EnvelopeParser::new(EnvelopeLimits::default());
        let whole = whole.push(&body).and_then(|()| whole.finish());
        prop_assert_eq!(in_pieces(body.chunks(size)), whole);
    }
}
