//! HTTP/1.1 on blocking sockets: as much of it as a test's client and a test's receiver need, and nothing that is lenient
//! on our behalf. What the server sends is read strictly, so that a malformed answer fails the test that got it.

use std::io::{self, BufRead, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any answer may take; a test that waits this long has failed.
const SOCKET_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes in one piece of a chunked body: odd, so that pieces never end where lines do.
const CHUNK_BYTES: usize = 4_093;

/// The first line and the headers of a message, as sent.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) start: String,
    pub(crate) headers: Headers,
}

/// Headers in the order and spelling in which they were sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Headers(pub(crate) Vec<(String, String)>);

/// What a client sends.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: &'static str,
    path: String,
    headers: Headers,
    body: Vec<u8>,
    framing: Framing,
}

/// How a receiver learns where a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length,
    Chunked,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

/// One kept-alive connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: io::BufReader<TcpStream>,
}

impl Headers {
    /// The value of a header that may be there once at most.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "the header {name} was sent twice");
        value
    }

    /// The names in lower case, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.0.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        names.sort();
        names
    }
}

impl Request {
    pub(crate) fn new(method: &'static str, path: impl Into<String>) -> Request {
        let headers = Headers::default();
        Request { method, path: path.into(), headers, body: Vec::new(), framing: Framing::Length }
    }

    pub(crate) fn get(path: impl Into<String>) -> Request {
        Request::new("GET", path)
    }

    pub(crate) fn post(path: impl Into<String>) -> Request {
        Request::new("POST", path)
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Request {
        self.headers.0.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Request {
        self.body = body.into();
        self
    }

    /// A header's value, which must be there.
    pub(crate) fn value(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no header {name}"))
    }

    /// Sends the body in pieces, without saying how long it is.
    pub(crate) fn chunked(mut self) -> Request {
        self.framing = Framing::Chunked;
        self
    }

    /// The request's bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\n", self.method, self.path).into_bytes();
        for (name, value) in &self.headers.0 {
            bytes.extend(format!("{name}: {value}\r\n").bytes());
        }
        match self.framing {
            Framing::Length => {
                bytes.extend(format!("Content-Length: {}\r\n\r\n", self.body.len()).bytes());
                bytes.extend(&self.body);
            }
            Framing::Chunked => {
                bytes.extend(b"Transfer-Encoding: chunked\r\n\r\n");
                for piece in self.body.chunks(CHUNK_BYTES) {
                    bytes.extend(format!("{:x}\r\n", piece.len()).bytes());
                    bytes.extend(piece);
                    bytes.extend(b"\r\n");
                }
                bytes.extend(b"0\r\n\r\n");
            }
        }
        bytes
    }

    /// Sends it on a connection of its own.
    pub(crate) fn send(&self, server: SocketAddr) -> io::Result<Answer> {
        Connection::open(server)?.send(self)
    }
}

impl Answer {
    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.text()))
    }
}

impl Connection {
    pub(crate) fn open(server: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect(server)?;
        stream.set_read_timeout(Some(SOCKET_TIMEOUT))?;
        stream.set_write_timeout(Some(SOCKET_TIMEOUT))?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream: io::BufReader::new(stream) })
    }

    /// Sends a request and reads the answer. An answer that comes while the body is still being sent counts, too.
    pub(crate) fn send(&mut self, request: &Request) -> io::Result<Answer> {
        let written = self.write(&request.bytes());
        match self.read_answer(request.method) {
            Ok(answer) => Ok(answer),
            Err(error) => Err(written.err().unwrap_or(error)),
        }
    }

    /// Writes bytes as they are.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Reads the answer to what was written.
    pub(crate) fn read_answer(&mut self, method: &str) -> io::Result<Answer> {
        let head = read_head(&mut self.stream)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let status = head
            .start
            .strip_prefix("HTTP/1.1 ")
            // So answers the example receiver in Python.
            .or_else(|| head.start.strip_prefix("HTTP/1.0 "))
            .and_then(|rest| rest.get(..3)?.parse().ok())
            .unwrap_or_else(|| panic!("no status line: {:?}", head.start));
        let body = if method == "HEAD" || status == 204 { Vec::new() } else { read_body(&mut self.stream, &head)? };
        Ok(Answer { status, headers: head.headers, body })
    }
}

/// Reads a start line and headers; nothing where the other side closed the connection instead.
pub(crate) fn read_head(stream: &mut impl BufRead) -> io::Result<Option<Head>> {
    let mut start = String::new();
    if stream.read_line(&mut start)? == 0 {
        return Ok(None);
    }
    let mut headers = Headers::default();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let line = line.strip_suffix("\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
        if line.is_empty() {
            return Ok(Some(Head { start: start.trim_end().to_owned(), headers }));
        }
        let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no header: {line:?}"));
        headers.0.push((name.to_owned(), value.trim().to_owned()));
    }
}

/// Reads a body to its end.
pub(crate) fn read_body(stream: &mut impl BufRead, head: &Head) -> io::Result<Vec<u8>> {
    if head.headers.get("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        return read_chunks(stream);
    }
    let length = head.headers.get("content-length").unwrap_or("0").parse().map_err(io::Error::other)?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(body)
}

fn read_chunks(stream: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let length = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
        let begin = body.len();
        // The piece and the line end after it.
        body.resize(begin + length + 2, 0);
        stream.read_exact(&mut body[begin..])?;
        body.truncate(begin + length);
        if length == 0 {
            return Ok(body);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reread(request: &Request) -> (Head, Vec<u8>) {
        let bytes = request.bytes();
        let mut stream = io::Cursor::new(bytes);
        let head = read_head(&mut stream).unwrap().unwrap();
        let body = read_body(&mut stream, &head).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"");
        (head, body)
    }

    #[test]
    fn a_request_is_read_as_it_was_written_in_both_framings() {
        let body: Vec<u8> = (0..10_000_u32).flat_map(u32::to_le_bytes).collect();
        let request = Request::post("/a?b=c").header("X-One", "1").body(body.clone());
        for request in [request.clone(), request.chunked()] {
            let (head, read) = reread(&request);
            assert_eq!(head.start, "POST /a?b=c HTTP/1.1");
            assert_eq!(head.headers.get("x-one"), Some("1"));
            assert_eq!(read, body);
        }
    }
}
