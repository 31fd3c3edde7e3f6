//! How a receiver answers.
//!
//! Responsible for the list of good and hostile answers. Refuses to decide which: the test does. Played by the serving
//! loop.

use std::fmt::Write as _;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::StatusCode;
use tokio::sync::watch;

/// What a receiver does with one request, once it has read it.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// Answers.
    Reply(Reply),
    /// Answers when the gate opens.
    Hold(Gate, Reply),
    /// Never answers, and keeps the connection open.
    BlackHole,
    /// Closes the connection without a byte.
    Close,
    /// Answers the first request of a connection and closes it on the second without a byte: the race of every kept
    /// connection, made certain.
    CloseWhenReused(Reply),
    /// Sends these bytes, then closes the connection.
    Send(Vec<u8>),
    /// Sends these bytes, then nothing more, and keeps the connection open.
    SendAndHold(Vec<u8>),
    /// Sends these bytes, then resets the connection.
    SendAndReset(Vec<u8>),
    /// Sends these bytes once, then the others again and again.
    SendForever(Vec<u8>, Vec<u8>),
    /// Answers 200 and sends one byte of the body each time this has passed.
    Drip(Duration),
}

/// An answer with a length.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// Holds answers back until it is opened; clones are the same gate.
#[derive(Debug, Clone)]
pub struct Gate {
    open: Arc<watch::Sender<bool>>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Behaviour::status(200)
    }
}

impl Behaviour {
    /// Answers with this status and no body.
    pub fn status(status: u16) -> Self {
        Behaviour::Reply(Reply::new(status))
    }

    /// Answers with a redirect.
    pub fn redirect(status: u16, location: &str) -> Self {
        Behaviour::Reply(Reply::new(status).header("location", location))
    }

    /// Answers 200 with so many headers.
    pub fn many_headers(count: usize) -> Self {
        let reply = (0..count).fold(Reply::new(200), |reply, index| reply.header(&format!("x-{index}"), "1"));
        Behaviour::Reply(reply)
    }

    /// Agrees to another protocol.
    pub fn switch_protocols() -> Self {
        let bytes = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
        Behaviour::SendAndHold(bytes.to_vec())
    }

    /// Answers 200 with a body that has no end.
    pub fn endless_body() -> Self {
        let mut chunk = b"1000\r\n".to_vec();
        chunk.resize(chunk.len() + 0x1000, b'x');
        chunk.extend_from_slice(b"\r\n");
        Behaviour::SendForever(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(), chunk)
    }

    /// Answers 200 with a body of one-byte chunks, each with a long size, that has no end: much framing, little body.
    pub fn crumbs() -> Self {
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        Behaviour::SendForever(head, b"00000000000001\r\nx\r\n".repeat(256))
    }

    /// Answers 200 with an empty body and trailers that have no end.
    pub fn endless_trailers() -> Self {
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n".to_vec();
        Behaviour::SendForever(head, b"x: 1\r\n".repeat(256))
    }

    /// Answers 200 with a small body that says it is gzip and would be 32 MiB of zeros.
    pub fn gzip_bomb() -> Self {
        let mut deflated = GzEncoder::new(Vec::new(), Compression::best());
        // Writing to a `Vec` cannot fail.
        let _ = std::io::copy(&mut std::io::repeat(0).take(32 * 1024 * 1024), &mut deflated);
        let body = deflated.finish().unwrap_or_default();
        Behaviour::Reply(Reply::new(200).header("content-encoding", "gzip").body(body))
    }

    /// Sends informational answers without end.
    pub fn endless_informational() -> Self {
        Behaviour::SendForever(Vec::new(), b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".to_vec())
    }
}

impl Reply {
    /// An answer with this status, no headers but its length, and no body.
    pub fn new(status: u16) -> Self {
        Reply { status, headers: Vec::new(), body: Vec::new() }
    }

    /// With this header besides. `connection: close` closes the connection after the answer.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(super) fn closes(&self) -> bool {
        self.headers.iter().any(|(name, value)| name == "connection" && value == "close")
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let reason = StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason.unwrap_or("Unknown"));
        // Writing to a `String` cannot fail.
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        // RFC 9110, 8.6: no length on an answer that can have no body.
        if self.status != 204 && self.status != 304 {
            let _ = write!(head, "content-length: {}\r\n", self.body.len());
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

impl Gate {
    /// A closed gate.
    #[expect(clippy::new_without_default, reason = "each gate is another one, which a default value would hide")]
    pub fn new() -> Self {
        Gate { open: Arc::new(watch::Sender::new(false)) }
    }

    /// Lets everything through, now and later.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    pub(super) async fn pass(&self) {
        // The sender lives in this very value, so waiting can only end in an open gate.
        let _ = self.open.subscribe().wait_for(|open| *open).await;
    }
}
