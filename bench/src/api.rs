//! A very small blocking HTTP client for what happens outside the measured time: provisioning, readiness, metrics.
//!
//! One request on one connection, loopback only, answers with a length or up to the end of the connection. `target` uses it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::error::BenchError;

/// Longer answers are cut, and then fail to parse.
const ANSWER_BYTES_MAX: u64 = 4 * 1024 * 1024;

const TIMEOUT: Duration = Duration::from_secs(10);

/// Where the API is, and the token for it.
pub(crate) struct Api {
    address: SocketAddr,
    token: Option<String>,
}

impl Api {
    /// Without a token only what is public can be asked for.
    pub(crate) fn new(address: SocketAddr, token: Option<String>) -> Self {
        Self { address, token }
    }

    /// The body of a 2xx answer.
    ///
    /// # Errors
    /// When there is no answer, or it has another status.
    pub(crate) fn get(&self, path: &str) -> Result<String, BenchError> {
        self.send("GET", path, None)
    }

    /// Posts JSON; the body of a 2xx answer, parsed.
    ///
    /// # Errors
    /// When there is no answer, or it has another status, or another shape.
    pub(crate) fn post<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<T, BenchError> {
        let text = self.send("POST", path, Some(&body.to_string()))?;
        serde_json::from_str(&text).map_err(|source| BenchError::ApiShape { request: format!("POST {path}"), source })
    }

    fn send(&self, method: &str, path: &str, body: Option<&str>) -> Result<String, BenchError> {
        let request = || format!("{method} {path}");
        let answer =
            self.exchange(method, path, body).map_err(|source| BenchError::Api { request: request(), source })?;
        let (status, body) = parse_answer(&answer)
            .ok_or_else(|| BenchError::Api { request: request(), source: io::ErrorKind::InvalidData.into() })?;
        match status {
            200..=299 => Ok(body.to_owned()),
            _ => Err(BenchError::ApiStatus { request: request(), status, body: body.to_owned() }),
        }
    }

    fn exchange(&self, method: &str, path: &str, body: Option<&str>) -> io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&self.address, TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        if let Some(token) = &self.token {
            request.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        if let Some(body) = body {
            request.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        request.push_str(body.unwrap_or_default());
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
        Ok(answer)
    }
}

/// Status and body; `None` for what is not HTTP/1.1, or comes in chunks.
fn parse_answer(answer: &str) -> Option<(u16, &str)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let is_chunked = head.lines().any(|line| line.to_ascii_lowercase().starts_with("transfer-encoding:"));
    (!is_chunked).then_some((status, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_its_status_and_its_body() {
        let answer = "HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(parse_answer(answer), Some((201, "{}")));
        assert_eq!(parse_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"), None);
        assert_eq!(parse_answer("HTTP/1.1 200 OK\r\n"), None);
    }
}
