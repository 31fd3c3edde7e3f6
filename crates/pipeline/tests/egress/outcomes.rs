//! Every way a receiver can answer, and the name of each.

use std::time::Duration;

use bytes::Bytes;
use model::attempt::{BadResponse, Outcome, Unreachable};
use model::egress::Policy;
use model::limits::ANSWER_BODY_BYTES;
use testkit::{Behaviour, FakeReceiver, Reply};
use watchfire_pipeline::egress::{Attempt, RESPONSE_HEADERS_MAX, Request, ResolveError, RetryAfter};

use crate::support::{AMPLE, Client, Names, SHORT};

/// One attempt at a receiver that behaves like this.
async fn attempt(behaviour: Behaviour) -> Attempt {
    let receiver = FakeReceiver::start().await;
    receiver.answer(behaviour);
    let attempt = Client::dev().post(&receiver.url("/")).await;
    assert_eq!(receiver.requests().len(), 1, "one attempt is one request");
    attempt
}

/// One attempt at a receiver that never finishes.
async fn attempt_in_vain(behaviour: Behaviour) -> Attempt {
    let receiver = FakeReceiver::start().await;
    receiver.answer(behaviour);
    Client::dev().post_within(&receiver.url("/"), SHORT).await
}

fn sends(text: &str) -> Behaviour {
    Behaviour::Send(text.as_bytes().to_vec())
}

#[tokio::test]
pub(crate) async fn every_2xx_is_a_success() {
    for behaviour in [
        Behaviour::status(200),
        Behaviour::status(204),
        Behaviour::status(299),
        Behaviour::Reply(Reply::new(201).body("ok")),
        sends("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-trailer: 1\r\n\r\n"),
        sends("HTTP/1.1 200 OK\r\n\r\nuntil the end"),
        sends("HTTP/1.0 200 OK\r\n\r\n"),
        sends(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        ),
    ] {
        let attempt = attempt(behaviour.clone()).await;
        assert_eq!(attempt.outcome, Outcome::Succeeded, "{behaviour:?}: {attempt:?}");
        assert!(attempt.went_out && attempt.error.is_none() && !attempt.reused && !attempt.resent);
        assert!(attempt.timings.connect.is_some() && attempt.timings.first_byte.is_some());
    }
}

#[tokio::test]
async fn any_other_status_is_an_http_error_with_what_the_receiver_said() {
    for status in [400, 404, 410, 429, 500, 503, 599] {
        let attempt = attempt(Behaviour::Reply(Reply::new(status).header("x-why", "because").body("no"))).await;
        assert_eq!((attempt.outcome, attempt.status), (Outcome::HttpError, Some(status)));
        assert!(attempt.excerpt.headers.contains("x-why: because"));
        assert_eq!(attempt.excerpt.body, "no");
        assert!(attempt.error.unwrap().contains(&status.to_string()));
    }
}

#[tokio::test]
pub(crate) async fn a_redirect_is_an_error_and_is_not_followed() {
    let elsewhere = FakeReceiver::start().await;
    for status in [301, 302, 303, 307, 308] {
        let attempt = attempt(Behaviour::redirect(status, &elsewhere.url("/stolen"))).await;
        assert_eq!((attempt.outcome, attempt.status), (Outcome::HttpError, Some(status)));
        assert!(attempt.excerpt.headers.contains("/stolen"), "the user sees where it would have led");
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
pub(crate) async fn headers_that_ask_for_another_request_are_ignored() {
    let elsewhere = FakeReceiver::start().await;
    let url = elsewhere.url("/");
    let reply = Reply::new(200)
        .header("refresh", &format!("0;url={url}"))
        .header("link", &format!("<{url}>; rel=preload"))
        .header("alt-svc", &format!("http/1.1=\"127.0.0.1:{}\"", elsewhere.port()))
        .header("content-type", "text/html")
        .body(format!("<meta http-equiv='refresh' content='0;url={url}'>"));
    assert_eq!(attempt(Behaviour::Reply(reply)).await.outcome, Outcome::Succeeded);
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
pub(crate) async fn what_is_no_answer_is_named_for_what_it_is() {
    use BadResponse::{BrokenOff, NotHttp, OversizedHead, Upgrade};
    let long_line = format!("HTTP/1.1 200 OK\r\nx-long: {}\r\n\r\n", "x".repeat(1024 * 1024));
    for (behaviour, cause) in [
        (sends("SSH-2.0-OpenSSH_9.6\r\n"), NotHttp),
        (sends("HTTP/2.0 200 OK\r\n\r\n"), NotHttp),
        (sends("HTTP/1.1 2000 OK\r\n\r\n"), NotHttp),
        (sends("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), NotHttp),
        (sends("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx"), NotHttp),
        (Behaviour::many_headers(10_000), OversizedHead),
        (Behaviour::many_headers(RESPONSE_HEADERS_MAX), OversizedHead),
        (sends(&long_line), OversizedHead),
        (Behaviour::switch_protocols(), Upgrade),
        (sends("HTTP/1.1 200 OK\r\n"), BrokenOff),
        (sends("H"), BrokenOff),
        (sends("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort"), BrokenOff),
        (sends("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab"), BrokenOff),
    ] {
        let attempt = attempt(behaviour.clone()).await;
        assert_eq!(attempt.outcome, Outcome::BadResponse(cause), "{behaviour:?}");
        assert!(attempt.went_out && attempt.error.is_some());
    }
}

#[tokio::test]
async fn as_many_headers_as_the_limit_says_are_read() {
    // The receiver adds the length.
    let attempt = attempt(Behaviour::many_headers(RESPONSE_HEADERS_MAX - 1)).await;
    assert_eq!(attempt.outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn a_connection_that_breaks_before_an_answer_is_a_reset_and_is_not_tried_again() {
    for behaviour in [Behaviour::Close, Behaviour::SendAndReset(Vec::new())] {
        let attempt = attempt(behaviour).await;
        assert_eq!(attempt.outcome, Outcome::Unreachable(Unreachable::Reset));
        assert!(attempt.went_out && !attempt.resent && attempt.status.is_none());
    }
}

#[tokio::test]
async fn a_reset_after_the_status_line_never_counts_as_an_answer() {
    let attempt = attempt(Behaviour::SendAndReset(b"HTTP/1.1 200 OK\r\n".to_vec())).await;
    // A reset may overtake the bytes before it.
    let named = [Outcome::BadResponse(BadResponse::BrokenOff), Outcome::Unreachable(Unreachable::Reset)];
    assert!(named.contains(&attempt.outcome), "{attempt:?}");
}

#[tokio::test]
async fn an_answer_counts_though_the_request_was_not_read_to_its_end() {
    let impatient = FakeReceiver::start_saying(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno".to_vec()).await;
    let client = Client::dev();
    let destination = client.egress.destination(&impatient.url("/")).unwrap();
    let body = Bytes::from(vec![b'x'; 32 * 1024 * 1024]);
    let request = Request { destination: &destination, headers: &[], body };
    let attempt = client.egress.send(&client.connections, request, AMPLE).await;
    assert_eq!((attempt.outcome, attempt.status), (Outcome::HttpError, Some(413)));
    assert_eq!(attempt.excerpt.body, "no");
    assert!(client.connections.is_empty(), "half a request still waits in it");
}

#[tokio::test]
async fn an_error_whose_body_breaks_off_is_still_that_error() {
    let attempt = attempt(sends("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 9\r\n\r\nshort")).await;
    assert_eq!((attempt.outcome, attempt.status), (Outcome::HttpError, Some(503)));
    assert_eq!(attempt.excerpt.body, "short");
}

#[tokio::test]
pub(crate) async fn a_receiver_that_never_answers_is_given_up_at_the_deadline() {
    let partial_head = Behaviour::SendAndHold(b"HTTP/1.1 200 OK\r\nx-".to_vec());
    for behaviour in [Behaviour::BlackHole, partial_head, Behaviour::endless_informational()] {
        let attempt = attempt_in_vain(behaviour.clone()).await;
        assert_eq!(attempt.outcome, Outcome::TimedOut, "{behaviour:?}");
        assert!(attempt.went_out && attempt.status.is_none(), "{behaviour:?}");
        let words = attempt.error.unwrap();
        assert!(
            words.contains("the answer was awaited") || words.contains("the answer was too long to be read"),
            "{words}"
        );
    }
}

#[tokio::test]
pub(crate) async fn a_success_whose_body_outlasts_the_deadline_timed_out() {
    let stalled = Behaviour::SendAndHold(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort".to_vec());
    for behaviour in [Behaviour::Drip(Duration::from_millis(5)), stalled] {
        let attempt = attempt_in_vain(behaviour).await;
        assert_eq!((attempt.outcome, attempt.status), (Outcome::TimedOut, Some(200)));
        assert!(attempt.error.unwrap().contains("body"));
    }
}

#[tokio::test]
async fn an_error_whose_body_outlasts_the_deadline_is_still_that_error() {
    let stalled = Behaviour::SendAndHold(b"HTTP/1.1 500 Oh\r\ncontent-length: 9\r\n\r\nshort".to_vec());
    let attempt = attempt_in_vain(stalled).await;
    assert_eq!((attempt.outcome, attempt.status), (Outcome::HttpError, Some(500)));
    assert_eq!(attempt.excerpt.body, "short");
}

#[tokio::test]
async fn a_body_without_end_is_cut_and_its_status_stands() {
    let attempt_200 = attempt(Behaviour::endless_body()).await;
    assert_eq!(attempt_200.outcome, Outcome::Succeeded);
    assert_eq!(attempt_200.excerpt.body, "x".repeat(256));
    let endless_500 = Behaviour::SendForever(b"HTTP/1.1 500 Oh\r\n\r\n".to_vec(), vec![b'x'; 4096]);
    let attempt_500 = attempt(endless_500).await;
    assert_eq!((attempt_500.outcome, attempt_500.status), (Outcome::HttpError, Some(500)));
    assert_eq!(attempt_500.excerpt.body, "x".repeat(4096));
}

#[tokio::test]
async fn a_body_up_to_the_limit_keeps_the_connection_and_a_longer_one_does_not() {
    for (bytes, kept) in [(ANSWER_BODY_BYTES, 1), (ANSWER_BODY_BYTES + 1, 0)] {
        let receiver = FakeReceiver::start().await;
        receiver.answer(Behaviour::Reply(Reply::new(200).body(vec![b'x'; bytes])));
        let client = Client::dev();
        assert_eq!(client.post(&receiver.url("/")).await.outcome, Outcome::Succeeded);
        assert_eq!(client.connections.len(), kept, "{bytes} bytes");
    }
}

#[tokio::test]
pub(crate) async fn bytes_that_are_no_text_are_kept_as_text() {
    let bytes = b"HTTP/1.1 500 Oh\r\nx-name: caf\xe9\r\ncontent-length: 4\r\n\r\n\x00\xff\xc3\xa9";
    let attempt = attempt(Behaviour::Send(bytes.to_vec())).await;
    assert_eq!(attempt.excerpt.body, "\u{fffd}\u{fffd}é");
    assert!(attempt.excerpt.headers.contains("x-name: caf\u{fffd}"));
}

#[tokio::test]
async fn a_receiver_can_ask_for_patience() {
    let busy = |value: &str| Behaviour::Reply(Reply::new(429).header("retry-after", value));
    assert_eq!(attempt(busy("120")).await.retry_after, Some(RetryAfter::In(Duration::from_secs(120))));
    assert!(matches!(attempt(busy("Mon, 01 Jan 2024 00:00:00 GMT")).await.retry_after, Some(RetryAfter::At(_))));
    assert_eq!(attempt(busy("garbage")).await.retry_after, None);
    let content = Behaviour::Reply(Reply::new(200).header("retry-after", "120"));
    assert_eq!(attempt(content).await.retry_after, None);
}

#[tokio::test]
async fn a_closed_port_is_no_connection_and_nothing_went_out() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let attempt = Client::dev().post(&format!("http://{closed}/")).await;
    assert_eq!(attempt.outcome, Outcome::Unreachable(Unreachable::Connect));
    assert!(!attempt.went_out);
}

#[tokio::test]
async fn a_name_without_addresses_is_a_dns_failure_and_nothing_went_out() {
    let names = Names::default()
        .with_error("gone.example", ResolveError::NoSuchName)
        .with_error("broken.example", ResolveError::Failed)
        .with("empty.example", &[]);
    let client = Client::new(Policy::default(), names, None);
    for (name, words) in [("gone", "has no address"), ("broken", "could not be resolved"), ("empty", "has no address")]
    {
        let attempt = client.post(&format!("https://{name}.example/")).await;
        assert_eq!(attempt.outcome, Outcome::Unreachable(Unreachable::Dns));
        assert!(!attempt.went_out && attempt.error.unwrap().contains(words));
        assert!(attempt.timings.resolve.is_some() && attempt.timings.connect.is_none());
    }
}

#[tokio::test]
async fn the_deadline_covers_the_dns_question() {
    let client = Client::new(Policy::default(), Names::default().with_silence("slow.example"), None);
    let attempt = client.post_within("https://slow.example/", SHORT).await;
    assert_eq!(attempt.outcome, Outcome::TimedOut);
    assert!(!attempt.went_out && attempt.error.unwrap().contains("resolved"));
}
