//! A request as it arrived.
//!
//! Responsible for reading one from a socket and for its parts. Refuses what a strict server refuses. Called by the
//! serving loop; tests read the result.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::Signatures;

/// One recorded request.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its place in the order of arrival at this receiver, from zero.
    pub index: usize,
    /// The connection it came on, from zero in the order of acceptance.
    pub connection: usize,
    /// `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case and values, in the order in which they were sent.
    pub headers: Vec<(String, String)>,
    /// The raw body.
    pub body: Vec<u8>,
    /// What its signatures came to, where the receiver was given secrets.
    pub signatures: Option<Signatures>,
}

const HEAD_BYTES_MAX: usize = 64 * 1024;
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

impl Received {
    /// The value of a header, by its lower-case name; the first, if there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The next request of a connection; `None` once the client has closed it between requests. `buffer` keeps what
    /// arrived of the one after.
    pub(super) async fn read(
        stream: &mut (impl AsyncRead + Unpin),
        buffer: &mut Vec<u8>,
        connection: usize,
    ) -> io::Result<Option<Self>> {
        let head_bytes = loop {
            if let Some(place) = buffer.windows(END_OF_HEAD.len()).position(|window| window == END_OF_HEAD) {
                break place;
            }
            if buffer.len() > HEAD_BYTES_MAX {
                return Err(malformed("the head is too long"));
            }
            if buffer.first().is_some_and(|byte| !byte.is_ascii_uppercase()) {
                return Err(malformed("not the beginning of a method"));
            }
            if stream.read_buf(buffer).await? == 0 {
                return if buffer.is_empty() { Ok(None) } else { Err(malformed("closed in the head")) };
            }
        };
        let head: Vec<u8> = buffer.drain(..head_bytes + END_OF_HEAD.len()).collect();
        let head = str::from_utf8(&head[..head_bytes]).map_err(|_| malformed("the head is not UTF-8"))?;
        let mut request = Self::parse_head(head, connection)?;
        let length = request.body_length()?;
        while buffer.len() < length {
            if stream.read_buf(buffer).await? == 0 {
                return Err(malformed("closed in the body"));
            }
        }
        request.body = buffer.drain(..length).collect();
        Ok(Some(request))
    }

    fn parse_head(head: &str, connection: usize) -> io::Result<Self> {
        let mut lines = head.split("\r\n");
        let mut request_line = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(path), Some("HTTP/1.1"), None) =
            (request_line.next(), request_line.next(), request_line.next(), request_line.next())
        else {
            return Err(malformed("not a request line of HTTP/1.1"));
        };
        let headers = lines
            .map(|line| line.split_once(':').ok_or_else(|| malformed("a header without a colon")))
            .map(|header| header.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())))
            .collect::<io::Result<Vec<_>>>()?;
        let (method, path) = (method.to_owned(), path.to_owned());
        Ok(Received { index: 0, connection, method, path, headers, body: Vec::new(), signatures: None })
    }

    fn body_length(&self) -> io::Result<usize> {
        if self.header("transfer-encoding").is_some() {
            return Err(malformed("a body without a length"));
        }
        let length = self.header("content-length").unwrap_or("0");
        let length = length.parse().map_err(|_| malformed("not a content length"))?;
        if length <= BODY_BYTES_MAX { Ok(length) } else { Err(malformed("the body is too long")) }
    }
}

fn malformed(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
