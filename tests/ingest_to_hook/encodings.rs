//! The same event in every form in which SDKs, old and new, wrap it.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::support::event::{envelope, message, message_envelope, new_id};
use crate::support::fixture::gzip;
use crate::support::http::Request;
use crate::support::scene::Scene;
use crate::support::server::TestServer;

/// The largest piece of a Brotli stream that is kept as it is.
const BROTLI_PIECE_BYTES: usize = 65_536;

/// Encodes a body.
type Encode = fn(&[u8]) -> Vec<u8>;
/// Makes the body for an event id.
type Body = fn(&TestServer, &str) -> Vec<u8>;

#[test]
fn every_content_encoding_arrives_whole_and_chunked() {
    let scene = Scene::start();
    let encodings: [(Option<&str>, Encode); 9] = [
        (None, <[u8]>::to_vec),
        (Some("identity"), <[u8]>::to_vec),
        (Some(""), <[u8]>::to_vec),
        (Some("UTF-8"), <[u8]>::to_vec),
        (Some("utf-8"), <[u8]>::to_vec),
        (Some("gzip"), gzip),
        (Some("deflate"), zlib),
        (Some("br"), brotli),
        (Some("zstd"), zstd),
    ];
    for (name, encode) in encodings {
        for frame in [|request: Request| request, Request::chunked] {
            let id = new_id();
            let mut request = scene.server.ingest("envelope");
            if let Some(name) = name {
                request = request.header("Content-Encoding", name);
            }
            let webhook = scene.deliver(&frame(request.body(encode(&large_envelope(&id)))), &id);
            assert_eq!(webhook.json()["event"]["extra"]["note"], long_text(), "{name:?}");
        }
    }
}

#[test]
fn envelopes_do_not_depend_on_the_content_type_that_a_browser_chose() {
    let scene = Scene::start();
    for content_type in [
        "application/x-sentry-envelope",
        "text/plain;charset=UTF-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/octet-stream",
        "application/json",
    ] {
        let id = new_id();
        let request = scene.server.ingest("envelope").header("Content-Type", content_type).body(message_envelope(&id));
        scene.deliver(&request, &id);
    }
}

#[test]
fn a_store_body_is_json_or_base64_of_json_or_base64_of_compressed_json() {
    let scene = Scene::start();
    let forms: [fn(String) -> Vec<u8>; 3] = [
        String::into_bytes,
        |json| STANDARD.encode(json).into_bytes(),
        |json| STANDARD.encode(zlib(json.as_bytes())).into_bytes(),
    ];
    for form in forms {
        let id = new_id();
        let request = scene.server.ingest("store").body(form(message(&id).to_string()));
        scene.deliver(&request, &id);
    }
}

#[test]
fn a_store_body_may_hold_bare_nan_and_infinity() {
    let scene = Scene::start();
    let id = new_id();
    let body = format!(r#"{{"event_id":"{id}","message":"odd","extra":{{"a":NaN,"b":-Infinity,"c":[Infinity,1]}}}}"#);
    let webhook = scene.deliver(&scene.server.ingest("store").body(body), &id);
    assert_eq!(webhook.json()["event"]["extra"], json!({ "a": null, "b": null, "c": [null, 1] }));
}

#[test]
fn an_envelope_may_come_in_at_the_door_of_the_store() {
    let scene = Scene::start();
    let id = new_id();
    let request = scene.server.ingest("store").header("Content-Type", "application/x-sentry-envelope");
    scene.deliver(&request.body(message_envelope(&id)), &id);
}

#[test]
fn the_store_of_the_key_alone_knows_the_project() {
    let scene = Scene::start();
    let id = new_id();
    let request = Request::post("/api/store/").header("X-Sentry-Auth", scene.server.auth());
    let webhook = scene.deliver(&request.body(message(&id).to_string()), &id);
    assert_eq!(webhook.json()["project_id"], scene.server.account().project_id.as_str());
}

#[test]
fn credentials_may_be_in_either_header_in_the_query_or_in_the_envelope() {
    let scene = Scene::start();
    let server = &scene.server;
    let key = server.account().key.clone();
    let door = format!("/api/{}/envelope", server.account().project_id);
    let basic = format!("Basic {}", STANDARD.encode(format!("{key}:")));
    let requests: [(Body, Request); 6] = [
        (|_, id| message_envelope(id), Request::post(format!("{door}/")).header("X-Sentry-Auth", server.auth())),
        (|_, id| message_envelope(id), Request::post(format!("{door}/")).header("Authorization", server.auth())),
        (|_, id| message_envelope(id), Request::post(format!("{door}/")).header("Authorization", basic)),
        (|_, id| message_envelope(id), Request::post(format!("{door}/?sentry_version=7&sentry_key={key}"))),
        (
            |_, id| message_envelope(id),
            Request::post(format!("{door}?sentry_key={key}&sentry_client=raven-node%2F2.6")),
        ),
        (envelope_with_dsn, Request::post(format!("{door}/"))),
    ];
    for (body, request) in requests {
        let id = new_id();
        scene.deliver(&request.body(body(server, &id)), &id);
    }
}

#[test]
fn envelopes_of_many_items_keep_the_event_and_pass_over_the_rest() {
    let scene = Scene::start();
    let id = new_id();
    let event = message(&id).to_string();
    let body = [
        format!("{{\"event_id\":\"{id}\"}}\n"),
        "{\"type\":\"attachment\",\"length\":5,\"filename\":\"a.bin\"}\n\n\n\n\n\n\n".to_owned(),
        "{\"type\":\"something_new\"}\nunknown payload\n".to_owned(),
        format!("{{\"type\":\"event\"}}\n{event}\n"),
        "{\"type\":\"client_report\",\"length\":2}\n{}\n".to_owned(),
        // The blank line at the end is what some clients send.
        "{\"type\":\"session\",\"length\":0}\n\n\n".to_owned(),
    ]
    .concat();
    scene.deliver(&scene.server.ingest("envelope").body(body), &id);
    scene.ends_with([id.as_str()]);
}

fn envelope_with_dsn(server: &TestServer, id: &str) -> Vec<u8> {
    let dsn = server.dsn();
    let event = message(id);
    format!("{{\"event_id\":\"{id}\",\"dsn\":\"{dsn}\"}}\n{{\"type\":\"event\"}}\n{event}\n").into_bytes()
}

/// Long enough that no decoder can hand it over in one piece.
fn long_text() -> String {
    (0..4_000).map(|number| format!("line {number}; ")).collect::<String>()[..16_000].to_owned()
}

fn large_envelope(id: &str) -> Vec<u8> {
    let mut event = message(id);
    event["extra"] = json!({ "note": long_text() });
    envelope(id, event.to_string())
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 3).unwrap()
}

/// A Brotli stream of pieces that are kept as they are; real ones come from the SDKs.
fn brotli(bytes: &[u8]) -> Vec<u8> {
    // The first bit asks for a window of 64 KiB; before a piece, from the lowest bit: not the last one (1 bit), its length has
    // 16 bits (2 bits), the length less one (16 bits), not compressed (1 bit), nothing up to the next byte.
    let mut stream = Vec::new();
    for (index, piece) in bytes.chunks(BROTLI_PIECE_BYTES).enumerate() {
        let length = u32::try_from(piece.len() - 1).unwrap();
        let header = length << 3 | 1 << 19;
        let header = if index == 0 { header << 1 } else { header };
        stream.extend(&header.to_le_bytes()[..3]);
        stream.extend(piece);
    }
    // The last piece, an empty one.
    stream.push(0b11);
    stream
}
