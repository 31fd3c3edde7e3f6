//! What a receiver sees.

use std::time::{SystemTime, UNIX_EPOCH};

use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};
use testkit::{FakeReceiver, Received};
use watchfire_pipeline::egress::Attempt;
use webhook::{Secret, Signer, headers, verify::SignatureError};

use crate::support::{AMPLE, BODY, Client};

fn value(bytes: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(bytes).unwrap()
}

fn signed_headers(secret: &Secret, body: &[u8]) -> Vec<(HeaderName, HeaderValue)> {
    let signer = Signer::new(secret);
    let id = "018cc251f40070000000000000000011";
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().to_string();
    let hex = value(&signer.hex(body));
    [
        (headers::SIGNATURE, hex.clone()),
        (headers::SERVICE_HOOK_SIGNATURE, hex),
        (headers::WEBHOOK_ID, value(id.as_bytes())),
        (headers::WEBHOOK_TIMESTAMP, value(time.as_bytes())),
        (headers::WEBHOOK_SIGNATURE, value(&signer.standard(id, &time, body))),
    ]
    .map(|(name, value)| (HeaderName::from_static(name.wire), value))
    .to_vec()
}

async fn send_signed(body_that_is_signed: &[u8]) -> (FakeReceiver, Attempt) {
    let secret = Secret::from_random([7; 32]);
    let receiver = FakeReceiver::start().await;
    receiver.expect_secrets(&[Secret::from_random([8; 32]), secret.clone()]);
    let headers = signed_headers(&secret, body_that_is_signed);
    let attempt = Client::dev().post_with(&receiver.url("/hook"), &headers, AMPLE).await;
    (receiver, attempt)
}

#[tokio::test]
async fn a_receiver_gets_exactly_the_documented_request() {
    let receiver = FakeReceiver::start().await;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (HeaderName::from_static("x-custom"), HeaderValue::from_static("first")),
        (HeaderName::from_static("x-custom"), HeaderValue::from_static("last")),
    ];
    Client::dev().post_with(&receiver.url("/hook?a=b%20c"), &headers, AMPLE).await;
    let [Received { method, path, mut headers, body, .. }] = <[_; 1]>::try_from(receiver.wait_for(1).await).unwrap();
    assert_eq!((method.as_str(), path.as_str(), body.as_slice()), ("POST", "/hook?a=b%20c", BODY));
    headers.sort();
    let version = concat!("Watchfire/", env!("CARGO_PKG_VERSION"));
    let host = format!("127.0.0.1:{}", receiver.port());
    let expected = [
        ("accept-encoding", "identity"),
        ("content-length", "10"),
        ("content-type", "application/json"),
        ("host", &host),
        ("user-agent", version),
        ("x-custom", "last"),
    ];
    assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[tokio::test]
async fn signatures_arrive_as_they_were_made() {
    let (receiver, attempt) = send_signed(BODY).await;
    assert!(attempt.outcome.is_success());
    receiver.assert_all_signed();
}

#[tokio::test]
async fn the_receiver_notices_signatures_of_other_bytes() {
    let (receiver, attempt) = send_signed(b"other bytes").await;
    assert!(attempt.outcome.is_success(), "the receiver records and does not judge");
    let signatures = receiver.requests()[0].signatures.unwrap();
    assert_eq!(signatures.hook, Err(SignatureError::Mismatch));
    assert_eq!(signatures.service_hook, Err(SignatureError::Mismatch));
    assert_eq!(signatures.standard, Err(SignatureError::Mismatch));
}

#[tokio::test]
pub(crate) async fn a_header_with_a_line_end_cannot_be_sent() {
    // A request is made of these types alone, and they cannot be made of such texts.
    for text in ["a\r\nx-injected: 1", "a\nb", "a\rb", "a\0b", "\r\n\r\nPOST / HTTP/1.1"] {
        assert!(HeaderValue::from_str(text).is_err() && HeaderValue::from_bytes(text.as_bytes()).is_err(), "{text:?}");
        assert!(HeaderName::from_bytes(text.as_bytes()).is_err(), "{text:?}");
    }
    let receiver = FakeReceiver::start().await;
    let headers = [(HeaderName::from_static("x-custom"), HeaderValue::from_static("a\tb"))];
    Client::dev().post_with(&receiver.url("/"), &headers, AMPLE).await;
    assert_eq!(receiver.wait_for(1).await[0].header("x-custom"), Some("a\tb"));
}

#[test]
pub(crate) fn an_ambient_proxy_is_ignored() {
    // The environment cannot be changed inside this process, so one of the tests runs again in another.
    let proxied = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "requests::signatures_arrive_as_they_were_made"])
        .envs(
            ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"]
                .map(|name| (name, "http://127.0.0.1:9")),
        )
        .env_remove("NO_PROXY")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&proxied.stdout);
    assert!(proxied.status.success() && printed.contains("1 passed"), "{printed}");
}
