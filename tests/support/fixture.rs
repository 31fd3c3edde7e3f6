//! Requests that real SDKs sent, captured byte for byte (`tests/fixtures/sdk`), aimed at the server under test.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::http::{Headers, Request};
use super::server::TestServer;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/sdk");
/// The key in the captured requests; the one of a server under test is as long.
const CAPTURED_KEY: &str = "0123456789abcdef0123456789abcdef";

/// A captured request.
pub(crate) struct Fixture {
    /// Such as `python-01`.
    pub(crate) name: String,
    captured: Captured,
    /// The body before compression.
    plain: Vec<u8>,
}

#[derive(Deserialize)]
struct Captured {
    path: String,
    headers: Vec<(String, String)>,
}

impl Fixture {
    /// Every captured request, by name.
    pub(crate) fn all() -> Vec<Fixture> {
        let mut bodies: Vec<PathBuf> = ["python", "node", "cli"]
            .iter()
            .flat_map(|sdk| fs::read_dir(Path::new(FOLDER).join(sdk)).unwrap())
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "body"))
            .collect();
        bodies.sort();
        bodies.iter().map(|body| Fixture::read(body)).collect()
    }

    /// The one of this name.
    pub(crate) fn named(name: &str) -> Fixture {
        Fixture::all().into_iter().find(|fixture| fixture.name == name).unwrap_or_else(|| panic!("no fixture {name}"))
    }

    fn read(body: &Path) -> Fixture {
        let captured: Captured =
            serde_json::from_slice(&fs::read(body.with_extension("request.json")).unwrap()).unwrap();
        let sent = fs::read(body).unwrap();
        let plain = if is_gzip(&captured) { gunzip(&sent) } else { sent };
        Fixture { name: body.file_stem().unwrap().to_string_lossy().into_owned(), captured, plain }
    }

    /// The request as the SDK would send it to this server: other than the key, the project and the host nothing is changed.
    pub(crate) fn request(&self, server: &TestServer) -> Request {
        let key = &server.account().key;
        let path = self.captured.path.replace(CAPTURED_KEY, key).replace("/api/1/", &api_path(server));
        let mut body = replace(&self.plain, CAPTURED_KEY, key);
        if is_gzip(&self.captured) {
            body = gzip(&body);
        }
        let mut request = Request::post(path).body(body);
        for (name, value) in &self.captured.headers {
            match name.to_ascii_lowercase().as_str() {
                // The client's own business.
                "host" | "content-length" => {}
                "transfer-encoding" => request = request.chunked(),
                _ => request = request.header(name, value.replace(CAPTURED_KEY, key)),
            }
        }
        request
    }

    /// The event as the SDK would write it for this server, where the request holds one.
    pub(crate) fn event(&self, server: &TestServer) -> Option<Value> {
        let body = replace(&self.plain, CAPTURED_KEY, &server.account().key);
        let mut lines = body.split(|byte| *byte == b'\n').skip(1);
        let item: Value = serde_json::from_slice(lines.next()?).unwrap();
        (item["type"] == "event").then(|| serde_json::from_slice(lines.next().unwrap()).unwrap())
    }
}

/// Compresses as gzip does.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

fn is_gzip(captured: &Captured) -> bool {
    Headers(captured.headers.clone()).get("content-encoding") == Some("gzip")
}

fn api_path(server: &TestServer) -> String {
    format!("/api/{}/", server.account().project_id)
}

fn replace(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
    assert_eq!(old.len(), new.len(), "lengths in the envelope would not fit any more");
    // The captured bodies are JSON lines: text.
    std::str::from_utf8(bytes).unwrap().replace(old, new).into_bytes()
}
