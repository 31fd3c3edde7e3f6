//! A live stream of a hook's deliveries: what tells a test that something has happened to them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::http::read_head;
use super::server::{Hook, TestServer};

/// A quiet stream says sooner that it is alive; one that is silent for so long is dead.
const PATIENCE: Duration = Duration::from_secs(60);

/// A stream under way.
pub(crate) struct LiveStream {
    stream: BufReader<TcpStream>,
    /// What came and is no whole event yet.
    text: String,
}

impl LiveStream {
    /// Watches a hook from now on.
    pub(crate) fn open(server: &TestServer, hook: &Hook) -> LiveStream {
        let path = format!("{}/hooks/{}/live/", server.project_path(), hook.id);
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut stream = BufReader::new(stream);
        stream.get_mut().write_all(&server.manage("GET", &path).bytes()).unwrap();
        let head = read_head(&mut stream).unwrap().unwrap();
        assert!(head.start.starts_with("HTTP/1.1 200 "), "{}", head.start);
        let mut live = LiveStream { stream, text: String::new() };
        let greeting = live.piece().unwrap();
        assert!(greeting.ends_with(": listening"), "{greeting}");
        live
    }

    /// Waits for the next event: its name and its data. Nothing at the end of the stream.
    pub(crate) fn next(&mut self) -> Option<(String, Value)> {
        loop {
            let piece = self.piece()?;
            let Some((name, data)) = piece.split_once("\ndata: ") else { continue };
            let name = name.strip_prefix("event: ").unwrap().to_owned();
            return Some((name, serde_json::from_str(data).unwrap()));
        }
    }

    /// Waits until a delivery is as it should be.
    pub(crate) fn wait_until(&mut self, mut is_so: impl FnMut(&Value) -> bool) -> Value {
        loop {
            let (name, data) = self.next().unwrap_or_else(|| panic!("the stream has ended"));
            assert_eq!(name, "delivery", "{data}");
            if is_so(&data) {
                return data;
            }
        }
    }

    /// The next part of the stream up to an empty line.
    fn piece(&mut self) -> Option<String> {
        loop {
            if let Some((piece, rest)) = self.text.split_once("\n\n") {
                let piece = piece.to_owned();
                self.text = rest.to_owned();
                return Some(piece);
            }
            let chunk = self.chunk()?;
            self.text.push_str(&chunk);
        }
    }

    fn chunk(&mut self) -> Option<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        let length =
            usize::from_str_radix(line.trim(), 16).unwrap_or_else(|_| panic!("no length of a chunk: {line:?}"));
        // With the line end after it.
        let mut chunk = vec![0; length + 2];
        self.stream.read_exact(&mut chunk).unwrap();
        chunk.truncate(length);
        (length > 0).then(|| String::from_utf8(chunk).unwrap())
    }
}
