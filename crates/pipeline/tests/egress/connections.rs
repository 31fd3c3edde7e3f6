//! Connections that outlive a delivery.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use model::attempt::{BadResponse, Outcome, Unreachable};
use model::egress::Policy;
use model::limits::{CONNECTION_AGE_SECONDS, IDLE_CONNECTION_SECONDS};
use testkit::{Behaviour, FakeReceiver, Gate, Reply};
use watchfire_pipeline::egress::Request;

use crate::support::{AMPLE, Client, Names, SHORT, pass};

const IDLE: Duration = Duration::from_secs(IDLE_CONNECTION_SECONDS);
const SECOND: Duration = Duration::from_secs(1);

fn keeps_alive_for(seconds: u32) -> Behaviour {
    Behaviour::Reply(Reply::new(200).header("keep-alive", &format!("timeout={seconds}")))
}

#[tokio::test]
async fn a_second_delivery_uses_the_first_ones_connection() {
    let receiver = FakeReceiver::start().await;
    let client = Client::dev();
    let first = client.post(&receiver.url("/1")).await;
    let second = client.post(&receiver.url("/2")).await;
    assert_eq!((first.reused, second.reused), (false, true));
    assert_eq!(second.outcome, Outcome::Succeeded);
    assert_eq!((second.timings.resolve, second.timings.connect), (None, None));
    assert_eq!(receiver.connections(), 1);
    assert_eq!(receiver.wait_for(2).await[1].path, "/2");
}

#[tokio::test]
async fn an_error_answer_keeps_the_connection_too() {
    let receiver = FakeReceiver::start().await;
    receiver.answer_next(Behaviour::Reply(Reply::new(500).body("no")));
    let client = Client::dev();
    client.post(&receiver.url("/")).await;
    assert!(client.post(&receiver.url("/")).await.reused);
}

#[tokio::test]
pub(crate) async fn a_request_on_a_reused_connection_that_closes_is_sent_again_at_once() {
    let receiver = FakeReceiver::start().await;
    receiver.answer(Behaviour::CloseWhenReused(Reply::new(200)));
    let client = Client::dev();
    client.post(&receiver.url("/1")).await;
    let second = client.post(&receiver.url("/2")).await;
    assert_eq!(second.outcome, Outcome::Succeeded);
    assert!(second.resent && second.went_out && !second.reused);
    let requests = receiver.wait_for(3).await;
    let seen: Vec<(&str, usize)> = requests.iter().map(|request| (request.path.as_str(), request.connection)).collect();
    assert_eq!(seen, [("/1", 0), ("/2", 0), ("/2", 1)]);
    assert_eq!(requests[1].body, requests[2].body);
}

#[tokio::test]
async fn it_is_sent_again_only_once() {
    let receiver = FakeReceiver::start().await;
    let client = Client::dev();
    client.post(&receiver.url("/1")).await;
    receiver.answer(Behaviour::Close);
    let second = client.post(&receiver.url("/2")).await;
    assert_eq!(second.outcome, Outcome::Unreachable(Unreachable::Reset));
    assert!(second.resent && second.went_out);
    assert_eq!(receiver.requests().len(), 3);
}

#[tokio::test]
async fn it_is_not_sent_again_once_an_answer_has_begun() {
    let receiver = FakeReceiver::start().await;
    let client = Client::dev();
    client.post(&receiver.url("/1")).await;
    receiver.answer(Behaviour::Send(b"HTTP".to_vec()));
    let second = client.post(&receiver.url("/2")).await;
    assert_eq!(second.outcome, Outcome::BadResponse(BadResponse::BrokenOff));
    assert!(second.reused && !second.resent);
    assert_eq!(receiver.requests().len(), 2);
}

#[tokio::test]
async fn it_is_not_sent_again_after_a_deadline() {
    let receiver = FakeReceiver::start().await;
    let client = Client::dev();
    client.post(&receiver.url("/1")).await;
    receiver.answer(Behaviour::BlackHole);
    let second = client.post_within(&receiver.url("/2"), SHORT).await;
    assert_eq!(second.outcome, Outcome::TimedOut);
    assert!(second.went_out && second.reused && !second.resent);
    assert_eq!(receiver.requests().len(), 2);
    assert!(client.connections.is_empty());
}

#[tokio::test]
async fn a_connection_that_the_receiver_closes_is_not_kept() {
    let receiver = FakeReceiver::start().await;
    receiver.answer(Behaviour::Reply(Reply::new(200).header("connection", "close")));
    let client = Client::dev();
    for _ in 0..2 {
        let attempt = client.post(&receiver.url("/")).await;
        assert!(attempt.outcome.is_success() && !attempt.reused && !attempt.resent);
        assert!(client.connections.is_empty());
    }
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
async fn a_connection_that_gives_more_than_was_asked_for_is_not_used_again() {
    let receiver = FakeReceiver::start().await;
    let two_answers = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    receiver.answer_next(Behaviour::SendAndHold(two_answers.as_bytes().to_vec()));
    let client = Client::dev();
    assert!(client.post(&receiver.url("/")).await.outcome.is_success());
    let second = client.post(&receiver.url("/")).await;
    assert!(second.outcome.is_success() && !second.reused);
}

#[tokio::test]
async fn an_idle_connection_is_used_for_four_seconds() {
    let receiver = FakeReceiver::start().await;
    let client = Client::dev();
    client.post(&receiver.url("/")).await;
    pass(IDLE - SECOND).await;
    assert!(client.post(&receiver.url("/")).await.reused);
    pass(IDLE).await;
    assert!(!client.post(&receiver.url("/")).await.reused);
}

#[tokio::test]
async fn a_receiver_that_keeps_connections_shorter_is_believed() {
    let receiver = FakeReceiver::start().await;
    let client = Client::dev();
    for (seconds, used_after, given_up_after) in [(4, 2, 3), (60, 3, 4)] {
        client.connections.close_all();
        receiver.answer(keeps_alive_for(seconds));
        client.post(&receiver.url("/")).await;
        pass(SECOND * used_after).await;
        assert!(client.post(&receiver.url("/")).await.reused, "timeout={seconds}");
        pass(SECOND * given_up_after).await;
        assert!(!client.post(&receiver.url("/")).await.reused, "timeout={seconds}");
    }
    client.connections.close_all();
    receiver.answer(keeps_alive_for(1));
    client.post(&receiver.url("/")).await;
    assert!(client.connections.is_empty(), "a second is too short to be safe");
}

#[tokio::test]
async fn no_connection_lives_longer_than_a_minute() {
    let receiver = FakeReceiver::start().await;
    let client = Client::dev();
    client.post(&receiver.url("/")).await;
    let mut seconds = 0;
    loop {
        pass(SECOND * 3).await;
        seconds += 3;
        if !client.post(&receiver.url("/")).await.reused {
            break;
        }
    }
    assert_eq!(seconds, CONNECTION_AGE_SECONDS);
}

#[tokio::test]
async fn a_quiet_lane_can_close_what_has_expired_and_knows_when_to_look_again() {
    let receiver = FakeReceiver::start().await;
    let client = Client::dev();
    client.post(&receiver.url("/")).await;
    let next = client.connections.close_expired().unwrap();
    assert_eq!(client.connections.len(), 1);
    pass(IDLE).await;
    assert!(next <= tokio::time::Instant::now());
    assert_eq!(client.connections.close_expired(), None);
    assert!(client.connections.is_empty());
}

#[tokio::test]
async fn connections_to_one_receiver_do_not_serve_another() {
    let (one, other) = (FakeReceiver::start().await, FakeReceiver::start().await);
    let client = Client::dev();
    client.post(&one.url("/")).await;
    assert!(!client.post(&other.url("/")).await.reused);
    assert_eq!((one.requests().len(), other.requests().len()), (1, 1));
}

#[tokio::test]
async fn a_hook_whose_url_has_another_origin_gets_another_connection_though_the_receiver_is_the_same() {
    let receiver = FakeReceiver::start().await;
    let names = Names::default().with("localhost", &["127.0.0.1"]);
    let client = Client::new(Policy::dev(), names, None);
    client.post(&receiver.url("/")).await;
    let moved = client.post(&format!("http://localhost:{}/", receiver.port())).await;
    assert!(moved.outcome.is_success() && !moved.reused && moved.timings.resolve.is_some());
    assert_eq!(client.connections.len(), 1, "the old one is not kept");
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
async fn parallel_deliveries_have_connections_of_their_own_and_no_more_are_kept_than_allowed() {
    let receiver = FakeReceiver::start().await;
    let gate = Gate::new();
    receiver.answer(Behaviour::Hold(gate.clone(), Reply::new(200)));
    let client = Client::dev();
    let destination = client.egress.destination(&receiver.url("/")).unwrap();
    let deliveries = (0..20).map(|_| {
        let request = Request { destination: &destination, headers: &[], body: Bytes::from_static(b"{}") };
        client.egress.send(&client.connections, request, AMPLE)
    });
    let (attempts, ()) = tokio::join!(join_all(deliveries), async {
        receiver.wait_for(20).await;
        gate.open();
    });
    assert!(attempts.iter().all(|attempt| attempt.outcome.is_success()));
    assert_eq!(receiver.connections(), 20);
    assert_eq!(client.connections.len(), 4);
}
