//! What the tests share: payloads of real SDKs, mutants of them, and how an event is normalised.

use std::io::Read as _;

use flate2::read::GzDecoder;
use protocol::EventId;
use protocol::envelope::{EnvelopeLimits, EnvelopeParser};
use protocol::event::{Context, Micros};
use serde_json::Value;

use crate::chance::Chance;

/// 2026-11-23T06:45:30Z, shortly after the fixtures were captured.
pub(crate) const RECEIVED: Micros = 1_795_416_330_000_000;

/// Payloads with what the captured ones lack.
const MADE_UP: [&str; 4] = [
    r#"{"message":{"message":"a %s {0}","params":["b",{"c":1}]},"level":30,"tags":[["a","b"],["environment","e"]],
    "request":{"url":"http://h/?token=x","headers":[["Cookie","c"]],"env":{"REMOTE_ADDR":"{{auto}}"},"method":"GET"},
    "exception":{"type":"E","mechanism":{"handled":false}},"stacktrace":{"frames":[{"abs_path":"http://h/a.js","vars":["x"]}]},
    "threads":[{"stacktrace":{"frames":[{}]}}],"contexts":{"os":{"name":"n"}},"extra":{"card":"4111 1111 1111 1111"},"csp":{},
    "user":{"ip_address":"{{auto}}"},"fingerprint":["a",1],"errors":[{}],"_meta":{},"timestamp":1795416330,"dist":"d"}"#,
    r#"{"platform":"javascript","message":"slow","logger":"shop","server_name":"web-1","site":"s","release":"1.0.0",
    "stacktrace":{"frames":[{"filename":"/a.js","abs_path":"http://h/a.js","function":"f","in_app":true}]},
    "contexts":{"browser":{"name":"Firefox","version":"1"},"mine":{"type":"device","model":"m"},"response":{"status_code":500}},
    "tags":{"tenant":"acme","user":"no","big number":12},"user":{"username":"ada"},"transaction":"/cart"}"#,
    r#"{"csp":{"effective_directive":"script-src","blocked_uri":"https://evil.example/x.js","document_uri":"https://h/"},
    "logger":" ","message":"Blocked 'script' from 'evil.example'","request":{"url":"https://h/"},"environment":"prod"}"#,
    r#"{"exception":{"values":[{"type":"A","value":"order 17","mechanism":{"exception_id":1,"parent_id":0,"synthetic":true}},
    {"value":{"a":1},"module":"m","thread_id":1,"mechanism":{"exception_id":0,"is_exception_group":true},
    "stacktrace":{"frames":[{"module":"m","lineno":1,"context_line":"x","package":"p","in_app":false},null]}}]},
    "threads":{"values":[{"id":1,"main":true,"stacktrace":{"frames":[{"function":"g"}]}},{"id":2}]},"message":"beside",
    "fingerprint":["{{ default }}","{{ message }}"],"platform":"java","level":"fatal"}"#,
];

/// Values that are often not expected where they stand.
const ODD: [&str; 14] = [
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1.5",
    "1e300",
    "\"\"",
    "\" \"",
    "\"a\\nb\"",
    "\"4111 1111 1111 1111\"",
    "{}",
    "[]",
    "[[\"a\",1],null,{\"type\":\"E\"}]",
];

pub(crate) fn context() -> Context {
    Context {
        received: RECEIVED,
        sent_at: None,
        header_event_id: None,
        spare_event_id: EventId([0xab; 16]),
        client_ip: Some("203.0.113.9".parse().unwrap()),
        scrub: true,
    }
}

/// The payload of each event that the captured requests of real SDKs hold, with the request's name.
pub(crate) fn captured() -> Vec<(String, Vec<u8>)> {
    let root = format!("{}/../../tests/fixtures/sdk", env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for sdk in std::fs::read_dir(root).unwrap() {
        for file in std::fs::read_dir(sdk.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "body") {
                let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
                found.extend(payload(&std::fs::read(&path).unwrap()).map(|payload| (name, payload)));
            }
        }
    }
    found.sort();
    assert!(found.len() > 9, "{} captured events", found.len());
    found
}

/// Calls `check` with payloads that a mutator made of captured and made-up ones.
pub(crate) fn each_mutant(seed: u64, rounds: usize, mut check: impl FnMut(usize, &[u8])) {
    let made_up = MADE_UP.iter().map(|text| text.as_bytes().to_vec());
    let payloads: Vec<_> = captured().into_iter().map(|(_, payload)| payload).chain(made_up).collect();
    let mut chance = Chance(seed);
    for round in 0..rounds {
        // Every second one is made up: they are small, so that a change is seldom in a place that nobody reads.
        let from = if round % 2 == 0 { payloads.len() - 1 - round / 2 % MADE_UP.len() } else { round % payloads.len() };
        let mut payload = payloads[from].clone();
        match round % 3 {
            _ if round < 2 * payloads.len() => {}
            0 => chance.mutate(&mut payload),
            _ => payload = varied(&mut chance, &payload),
        }
        check(round, &payload);
    }
}

/// The payload with one to three of its values replaced, by another of its own or by one that is odd.
fn varied(chance: &mut Chance, payload: &[u8]) -> Vec<u8> {
    let mut json: Value = serde_json::from_slice(payload).unwrap();
    for _ in 0..=chance.below(3) {
        let mut donor = json.clone();
        let odd = ODD[chance.below(ODD.len())];
        let new = match chance.below(2) {
            0 => serde_json::from_str(odd).unwrap(),
            _ => pick(chance, &mut donor).take(),
        };
        *pick(chance, &mut json) = new;
    }
    serde_json::to_vec(&json).unwrap()
}

/// A value somewhere below this one.
fn pick<'v>(chance: &mut Chance, value: &'v mut Value) -> &'v mut Value {
    let count = match value {
        Value::Array(elements) => elements.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    };
    if count == 0 {
        return value;
    }
    let index = chance.below(count);
    let below = match value {
        Value::Array(elements) => elements.get_mut(index),
        Value::Object(members) => members.values_mut().nth(index),
        _ => None,
    };
    let below = below.unwrap();
    if chance.below(4) == 0 { below } else { pick(chance, below) }
}

fn payload(body: &[u8]) -> Option<Vec<u8>> {
    let mut envelope = body.to_vec();
    if body.starts_with(&[0x1f, 0x8b]) {
        envelope.clear();
        GzDecoder::new(body).read_to_end(&mut envelope).unwrap();
    }
    let mut parser = EnvelopeParser::new(EnvelopeLimits::default());
    parser.push(&envelope).unwrap();
    Some(parser.finish().unwrap().event?.payload)
}
