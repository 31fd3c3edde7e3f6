//! A seeded, bounded mutator over captured requests: whatever arrives, nothing panics and what comes out is strict.

use watchfire_protocol::auth::{Sources, credentials};
use watchfire_protocol::dsn::Dsn;
use watchfire_protocol::envelope::{EnvelopeLimits, EnvelopeParser};
use watchfire_protocol::event::{Context, ReportSource, Scratch, events_from_reports, normalise};
use watchfire_protocol::json::{Tape, write_value};
use watchfire_protocol::store_body;

use crate::chance::Chance;
use crate::support::{SDKS, body, context, depth, envelope, stored};

fn payloads() -> Vec<Vec<u8>> {
    let mut found: Vec<_> =
        SDKS.iter().filter_map(|name| Some(envelope(&body(name)).unwrap().event?.payload)).collect();
    found.push(
        br#"{"message":{"message":"a %s {0}","params":["b",{"c":1}]},"level":30,"tags":[["a","b"],["environment","e"]],
        "request":{"url":"http://h/?token=x","headers":[["Cookie","c"]],"env":{"REMOTE_ADDR":"{{auto}}"},"data":"{\"password\":1}"},
        "exception":{"type":"E","mechanism":{"handled":false}},"stacktrace":{"frames":[{"abs_path":"http://h/a.js","vars":["x"]}]},
        "threads":[{"stacktrace":{"frames":[{}]}}],"contexts":{"os":{"name":"n"}},"extra":{"card":"4111 1111 1111 1111"},"csp":{},
        "user":{"ip_address":"{{auto}}"},"fingerprint":["a",1],"errors":[{}],"_meta":{},"timestamp":1795416330,"dist":"d"}"#
            .to_vec(),
    );
    found
}

#[test]
fn mutated_events_come_out_strict_or_not_at_all() {
    let payloads = payloads();
    let mut chance = Chance(1);
    let mut scratch = Scratch::default();
    let mut accepted = 0;
    for round in 0..2500 {
        let mut payload = payloads[round % payloads.len()].clone();
        chance.mutate(&mut payload);
        let context = Context { scrub: round % 2 == 0, sent_at: (round % 5 == 0).then_some(0), ..context() };
        let Ok(event) = normalise(&payload, &context, &mut scratch) else { continue };
        accepted += 1;
        assert!(depth(&stored(&event)) <= 66);
        assert!(event.tags.is_sorted_by(|left, right| left.0 < right.0));
        assert!(event.derived_tags.is_sorted_by(|left, right| left.0 < right.0));
    }
    assert!(accepted > 500, "{accepted} mutants were accepted: the mutator destroys too much to test anything");
}

#[test]
fn mutated_json_reads_as_a_strict_parser_reads_it() {
    let payloads = payloads();
    let mut chance = Chance(2);
    let mut tape = Tape::new();
    let mut agreed = 0;
    for round in 0..2500 {
        let mut text = payloads[round % payloads.len()].clone();
        chance.mutate(&mut text);
        let strict = serde_json::from_slice::<serde_json::Value>(&text);
        let Ok(document) = tape.parse(&text) else {
            assert!(strict.is_err(), "{}", String::from_utf8_lossy(&text));
            continue;
        };
        let mut out = Vec::new();
        write_value(&mut out, document.root());
        let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
        if let Ok(strict) =
            strict.as_ref().map_err(|_| ()).and_then(|strict| if depth(strict) <= 64 { Ok(strict) } else { Err(()) })
        {
            assert_eq!(*strict, read);
            agreed += 1;
        }
    }
    assert!(agreed > 300, "{agreed}");
}

#[test]
fn mutated_envelopes_read_the_same_whole_and_in_pieces() {
    let bodies: Vec<_> = SDKS.iter().map(|name| body(name)).collect();
    let mut chance = Chance(3);
    let mut accepted = 0;
    for round in 0..2500 {
        let mut body = bodies[round % bodies.len()].clone();
        // Headers are short beside payloads: most changes are made there.
        let mut start: Vec<u8> = body.drain(..body.len().min(400)).collect();
        chance.mutate(if round % 4 == 0 { &mut body } else { &mut start });
        start.append(&mut body);
        let whole = envelope(&start);
        let mut pieces = EnvelopeParser::new(EnvelopeLimits::default());
        let at = chance.below(start.len() + 1);
        let pushed = pieces.push(&start[..at]).and_then(|()| pieces.push(&start[at..]));
        assert_eq!(pushed.and_then(|()| pieces.finish()), whole);
        accepted += usize::from(whole.is_ok());
    }
    assert!(accepted > 100, "{accepted}");
}

#[test]
fn mutated_credentials_dsns_reports_and_store_bodies_never_panic() {
    let key = "0123456789abcdef0123456789abcdef";
    let seeds = [
        format!("Sentry sentry_key={key}, sentry_version=7, sentry_client=sentry.python/2"),
        format!("Basic {}", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY6"),
        format!("sentry_key={key}&sentry_version=7.0&sentry_client=a%2Fb+c"),
        format!("https://{key}:secret@[::1]:9000/prefix/1"),
        "sentry_data=eJyrVspNLS5OTE9VslJQSlSqBQApsAS%2B".to_owned(),
        r#"{"csp-report":{"effective-directive":"img-src","violated-directive":"img-src https://a b","blocked-uri":"data:x"}}"#.to_owned(),
    ];
    let mut chance = Chance(4);
    let mut scratch = Scratch::default();
    for round in 0..3000 {
        let mut text = seeds[round % seeds.len()].clone().into_bytes();
        chance.mutate(&mut text);
        let lossy = String::from_utf8_lossy(&text);
        let sources = Sources { x_sentry_auth: Some(&text), authorization: None, query: None };
        let _ = credentials(&sources);
        let _ = credentials(&Sources { x_sentry_auth: None, authorization: Some(&text), query: Some(&lossy) });
        if let Ok(dsn) = lossy.parse::<Dsn>() {
            assert_eq!(dsn.to_string().parse::<Dsn>(), Ok(dsn), "{lossy}");
        }
        let _ = store_body::event_json(&text);
        for payload in events_from_reports(&text, &ReportSource::default(), &mut scratch).into_iter().flatten() {
            let event = normalise(&payload, &context(), &mut scratch).unwrap();
            stored(&event);
        }
    }
}
