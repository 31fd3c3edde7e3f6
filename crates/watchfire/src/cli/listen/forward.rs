//! Posting a webhook on: the same bytes and headers to another URL, and its answer back. Called by `receive`.
//!
//! Bounded in time and in what is read of an answer. Follows no redirect and repeats nothing: what the other receiver
//! answers is the answer.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use model::egress::Scheme;

use crate::cli::connect::Trust;
use crate::cli::failure::ForwardError;

/// From the first byte to the last: the longest that a hook waits itself.
const DEADLINE_SECONDS: u64 = 30;
/// What is read of an answer: as much as Watchfire reads.
const ANSWER_MAX_BYTES: usize = 64 * 1024;
/// What speaks of one connection and not of the webhook; the length is that of the bytes, which are the same.
const OF_ONE_CONNECTION: [HeaderName; 10] = [
    CONNECTION,
    CONTENT_LENGTH,
    HOST,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Where to.
#[derive(Debug, Clone)]
pub(super) struct ForwardUrl {
    scheme: Scheme,
    authority: String,
    path_and_query: String,
}

/// Where to, and whom to believe that it is there.
pub(super) struct Forward {
    pub(super) url: ForwardUrl,
    pub(super) trust: Trust,
}

/// A text that is no URL to post to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a URL that begins with http:// or https://, without a user, such as http://127.0.0.1:3000/hook")]
pub(super) struct BadForwardUrl;

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Forward {
    /// Posts, and waits for the whole answer.
    pub(super) async fn post(&self, headers: &HeaderMap, body: Bytes) -> Result<Answer, ForwardError> {
        let timed_out = |_| ForwardError::TimedOut { authority: self.url.authority.clone(), seconds: DEADLINE_SECONDS };
        tokio::time::timeout(Duration::from_secs(DEADLINE_SECONDS), self.exchange(headers, body))
            .await
            .map_err(timed_out)?
    }

    async fn exchange(&self, headers: &HeaderMap, body: Bytes) -> Result<Answer, ForwardError> {
        let broken = |source| ForwardError::Broken { authority: self.url.authority.clone(), source };
        let stream = self.trust.connect(self.url.scheme, &self.url.authority).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // The connection's own errors come back through the request; it ends with this function.
        let mut connecting = tokio::task::JoinSet::new();
        connecting.spawn(connection);
        let answer = sender.send_request(self.url.request(headers, body)?).await.map_err(broken)?;
        let (head, body) = answer.into_parts();
        let endless =
            |_| ForwardError::Endless { authority: self.url.authority.clone(), limit_bytes: ANSWER_MAX_BYTES };
        let body = Limited::new(body, ANSWER_MAX_BYTES).collect().await.map_err(endless)?.to_bytes();
        Ok(Answer { status: head.status, headers: of_the_message(&head.headers), body })
    }
}

impl ForwardUrl {
    /// Whether this is a URL of the receiver on `address` itself.
    pub(super) fn leads_to(&self, address: SocketAddr) -> bool {
        let (host, port) = self.authority.rsplit_once(':').unwrap_or((&self.authority, ""));
        let is_here = host == "localhost" || host.parse() == Ok(address.ip());
        is_here && port.parse().unwrap_or(self.scheme.default_port()) == address.port()
    }

    fn request(&self, headers: &HeaderMap, body: Bytes) -> Result<Request<Full<Bytes>>, ForwardError> {
        let mut request = Request::post(&self.path_and_query)
            .header(HOST, &self.authority)
            .body(Full::new(body))
            .map_err(ForwardError::Request)?;
        request.headers_mut().extend(of_the_message(headers));
        Ok(request)
    }
}

fn of_the_message(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    for name in &OF_ONE_CONNECTION {
        kept.remove(name);
    }
    kept
}

impl FromStr for ForwardUrl {
    type Err = BadForwardUrl;

    fn from_str(text: &str) -> Result<Self, BadForwardUrl> {
        let url = url::Url::parse(text).map_err(|_| BadForwardUrl)?;
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(BadForwardUrl),
        };
        let host = url.host_str().filter(|_| url.username().is_empty() && url.password().is_none());
        let host = host.ok_or(BadForwardUrl)?;
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let path_and_query = url[url::Position::BeforePath..url::Position::AfterQuery].to_owned();
        Ok(ForwardUrl { scheme, authority, path_and_query })
    }
}

impl fmt::Display for ForwardUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}{}", self.scheme.as_str(), self.authority, self.path_and_query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_that_can_be_posted_to_are_taken() {
        for (text, shown) in [
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000/"),
            ("https://Example.com/a?b=c#d", "https://example.com/a?b=c"),
            ("http://[::1]:80/x", "http://[::1]/x"),
        ] {
            assert_eq!(text.parse::<ForwardUrl>().unwrap().to_string(), shown);
        }
        for text in ["127.0.0.1:3000", "ftp://example.com", "http://user@example.com", ""] {
            assert!(text.parse::<ForwardUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_url_of_the_receiver_itself_is_known() {
        let here = "127.0.0.1:9100".parse().unwrap();
        let leads = |text: &str| text.parse::<ForwardUrl>().unwrap().leads_to(here);
        assert!(leads("http://127.0.0.1:9100/x") && leads("http://localhost:9100"));
        assert!(!leads("http://127.0.0.1:9101/") && !leads("http://example.com:9100/") && !leads("http://localhost/"));
    }

    #[test]
    fn headers_of_the_webhook_are_passed_on_and_those_of_the_connection_are_not() {
        let url: ForwardUrl = "http://127.0.0.1:3000/hook".parse().unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in [("x-sentry-hook-attempt", "2"), ("host", "127.0.0.1:9100"), ("connection", "close")] {
            headers.insert(name, value.parse().unwrap());
        }
        let request = url.request(&headers, Bytes::from_static(b"{}")).unwrap();
        assert_eq!(request.headers()["x-sentry-hook-attempt"], "2");
        assert_eq!(request.headers()[HOST], "127.0.0.1:3000");
        assert_eq!((request.headers().len(), request.uri().path()), (2, "/hook"));
    }
}
