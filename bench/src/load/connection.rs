//! One kept-alive HTTP/1.1 connection of the load generator: writes a request whole, reads a response that has a length.
//!
//! Refuses chunked answers and answers over [`RESPONSE_BYTES_MAX`]; opens itself again after a fault or when the peer said it
//! would close. Only `load` uses it.

use std::io;
use std::net::SocketAddr;

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Head and body of an answer to an SDK are a few hundred bytes.
const RESPONSE_BYTES_MAX: usize = 64 * 1024;

/// A connection, open or about to be opened again.
pub(super) struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    request: Vec<u8>,
    response: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub(super) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = Some(connect(address).await?);
        Ok(Self { address, stream, request: Vec::new(), response: Vec::new() })
    }

    /// Sends one request and reads the whole answer; returns its status. `head` is the request up to the value of its
    /// `Content-Length`, its last header. After an error the next call connects anew.
    pub(super) async fn exchange(&mut self, head: &[u8], body: &[u8]) -> io::Result<u16> {
        // The stream is out of its place meanwhile: an exchange that is dropped halfway leaves no half-read connection behind.
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.address).await?,
        };
        self.request.clear();
        self.request.extend_from_slice(head);
        self.request.extend_from_slice(itoa::Buffer::new().format(body.len()).as_bytes());
        self.request.extend_from_slice(b"\r\n\r\n");
        self.request.extend_from_slice(body);
        stream.write_all(&self.request).await?;
        let answer = read_answer(&mut stream, &mut self.response).await?;
        if !answer.closes {
            self.stream = Some(stream);
        }
        Ok(answer.status)
    }
}

/// What the load generator wants to know of a response head.
#[derive(Debug, PartialEq, Eq)]
struct AnswerHead {
    status: u16,
    body_bytes: usize,
    closes: bool,
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn read_answer(stream: &mut TcpStream, response: &mut Vec<u8>) -> io::Result<AnswerHead> {
    response.clear();
    let (head_bytes, answer) = loop {
        read_more(stream, response).await?;
        if let Some(end) = memmem::find(response, b"\r\n\r\n") {
            let answer = parse_head(&response[..end]).ok_or(io::ErrorKind::InvalidData)?;
            break (end + 4, answer);
        }
    };
    while response.len() < head_bytes + answer.body_bytes {
        read_more(stream, response).await?;
    }
    Ok(answer)
}

async fn read_more(stream: &mut TcpStream, response: &mut Vec<u8>) -> io::Result<()> {
    if response.len() >= RESPONSE_BYTES_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    match stream.read_buf(response).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// `None` for what is not HTTP/1.1 with a length.
fn parse_head(head: &[u8]) -> Option<AnswerHead> {
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let mut answer = AnswerHead { status, body_bytes: 0, closes: false };
    let mut has_length = status == 204;
    for line in lines {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            answer.body_bytes = value.trim().parse().ok()?;
            has_length = true;
        } else if name.eq_ignore_ascii_case("connection") {
            answer.closes = value.trim().eq_ignore_ascii_case("close");
        }
    }
    has_length.then_some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_gives_status_length_and_whether_the_peer_closes() {
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nContent-Length: 41";
        assert_eq!(parse_head(head), Some(AnswerHead { status: 200, body_bytes: 41, closes: false }));
        let head = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nConnection: close";
        assert_eq!(parse_head(head), Some(AnswerHead { status: 503, body_bytes: 0, closes: true }));
        assert_eq!(parse_head(b"HTTP/1.1 204 No Content").map(|answer| answer.status), Some(204));
    }

    #[test]
    fn an_answer_without_a_length_is_refused() {
        assert_eq!(parse_head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked"), None);
        assert_eq!(parse_head(b"HTTP/2 200"), None);
        assert_eq!(parse_head(b"HTTP/1.1 abc\r\ncontent-length: 0"), None);
    }
}
