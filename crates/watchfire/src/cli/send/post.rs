//! One POST of an envelope to a DSN's server. Follows no redirect and repeats nothing.

use std::time::Duration;

use http::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderMap, USER_AGENT};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use model::egress::Scheme;
use protocol::dsn::Dsn;
use serde::Deserialize;

use crate::cli::connect::Trust;
use crate::cli::failure::SendError;
use crate::cli::report;

/// From the first byte to the last.
const DEADLINE_SECONDS: u64 = 30;
/// What is read of an answer.
const ANSWER_MAX_BYTES: usize = 64 * 1024;
const CLIENT: &str = concat!("watchfire-send/", env!("CARGO_PKG_VERSION"));

/// The reason in an answer that is a refusal.
#[derive(Deserialize)]
struct Answer {
    detail: Option<String>,
    #[serde(default)]
    causes: Vec<String>,
}

/// Posts; comes back once the server has taken the event.
pub(super) async fn post(dsn: &Dsn, trust: &Trust, envelope: Vec<u8>) -> Result<(), SendError> {
    let timed_out = |_| SendError::TimedOut { authority: dsn.authority().to_owned(), seconds: DEADLINE_SECONDS };
    tokio::time::timeout(Duration::from_secs(DEADLINE_SECONDS), exchange(dsn, trust, envelope))
        .await
        .map_err(timed_out)?
}

async fn exchange(dsn: &Dsn, trust: &Trust, envelope: Vec<u8>) -> Result<(), SendError> {
    let scheme = if dsn.base_url().starts_with("https") { Scheme::Https } else { Scheme::Http };
    let authority = dsn.authority();
    let broken = |source| SendError::Broken { authority: authority.to_owned(), source };
    let stream = trust.connect(scheme, authority).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // The connection's own errors come back through the request.
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request(dsn, envelope)?).await.map_err(broken)?;
    let status = answer.status();
    let said = answer.headers().clone();
    let body = Limited::new(answer.into_body(), ANSWER_MAX_BYTES).collect().await.map(|body| body.to_bytes());
    connection.abort();
    if status.is_success() {
        return Ok(());
    }
    let detail = detail(&said, body.unwrap_or_default().as_ref());
    Err(SendError::Refused { authority: authority.to_owned(), status: status.as_u16(), detail })
}

fn request(dsn: &Dsn, envelope: Vec<u8>) -> Result<http::Request<Full<Bytes>>, SendError> {
    let url = dsn.envelope_url();
    let path = url.split_once(dsn.authority()).map_or("/", |(_, path)| path);
    let key = dsn.public_key();
    http::Request::post(path)
        .header(HOST, dsn.authority())
        .header(CONTENT_TYPE, "application/x-sentry-envelope")
        .header(USER_AGENT, CLIENT)
        .header(CONNECTION, "close")
        .header("x-sentry-auth", format!("Sentry sentry_version=7, sentry_client={CLIENT}, sentry_key={key}"))
        .body(Full::new(Bytes::from(envelope)))
        .map_err(SendError::Request)
}

/// The server's reason: in the body as Sentry's servers write it, else in the header that says it too.
fn detail(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let said = match serde_json::from_slice(body) {
        Ok(Answer { detail: Some(detail), causes }) => {
            Some(std::iter::once(detail).chain(causes).collect::<Vec<_>>().join(": "))
        }
        _ => headers.get("x-sentry-error").and_then(|value| value.to_str().ok()).map(str::to_owned),
    };
    said.as_deref().map(report::tame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_reason_is_in_its_body_or_its_header() {
        let mut headers = HeaderMap::new();
        assert_eq!(detail(&headers, b"<html>"), None);
        headers.insert("x-sentry-error", "bad key".parse().unwrap());
        assert_eq!(detail(&headers, b"<html>").as_deref(), Some("bad key"));
        let body = br#"{"detail":"event submission rejected with_reason: ProjectId","causes":["no such project"]}"#;
        assert_eq!(
            detail(&headers, body).as_deref(),
            Some("event submission rejected with_reason: ProjectId: no such project")
        );
        assert_eq!(detail(&headers, br#"{"detail":"red \u001b[31m"}"#).as_deref(), Some("red  [31m"));
    }

    #[test]
    fn the_request_goes_to_the_path_below_the_dsns_prefix() {
        let dsn: Dsn = "https://0123456789abcdef0123456789abcdef@example.com/watch/1".parse().unwrap();
        let request = request(&dsn, Vec::new()).unwrap();
        assert_eq!(request.uri(), "/watch/api/1/envelope/");
        assert_eq!(request.headers()[HOST], "example.com");
    }
}
