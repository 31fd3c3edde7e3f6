//! What guessing at tokens comes to, and that it comes to nothing for those who do not guess.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use http::Request;
use serde_json::json;
use store::catalog::Catalog as _;
use watchfire_web::client::Peer;

use crate::harness::{Answer, Api};

/// As often as one client may be wrong in a minute.
const FAILURES: usize = 20;
const THROTTLED: &str = "You are attempting to use this endpoint too frequently. Limit is 20 requests in 60 seconds";

/// A call from an address, in front of which there may be a proxy.
async fn call(api: &Api, from: (&str, Option<&str>), token: &str) -> Answer {
    let (peer, forwarded) = from;
    let mut request = Request::get("/api/0/projects/").header("authorization", format!("Bearer {token}"));
    if let Some(client) = forwarded {
        request = request.header("x-forwarded-for", client);
    }
    let peer = Peer(SocketAddr::new(peer.parse().unwrap(), 40_000));
    api.send(request.extension(peer).body(Body::empty()).unwrap()).await
}

fn guess(number: usize) -> String {
    format!("sntryu_{number:064x}")
}

#[tokio::test]
async fn unknown_tokens_are_throttled_after_some_and_known_ones_never() {
    let api = Api::start().await;
    let token = api.token("project:read").await;
    let here = ("192.0.2.1", None);
    for number in 0..FAILURES {
        assert_eq!(call(&api, here, &guess(number)).await.with_status(401), json!({"detail": "Invalid token"}));
    }
    for number in 0..3 {
        let answer = call(&api, here, &guess(number)).await;
        assert_eq!(answer.with_status(429), json!(THROTTLED));
        assert_eq!(answer.header("retry-after"), Some("3"));
        call(&api, here, &token).await.with_status(200);
    }
    // Who is known but may not is told so, as ever.
    let other = api.token("org:read").await;
    call(&api, here, &other).await.with_status(403);
    call(&api, ("192.0.2.2", None), &guess(0)).await.with_status(401);
    api.clock.advance(Duration::from_secs(3));
    call(&api, here, &guess(0)).await.with_status(401);
    call(&api, here, &guess(0)).await.with_status(429);
    assert_eq!(api.tokens.counts(), [("unknown", FAILURES as u64 + 2), ("throttled", 4)]);
}

#[tokio::test]
async fn a_client_is_whom_a_trusted_proxy_saw_and_an_ipv6_network_is_one() {
    let api = Api::start().await;
    for number in 0..FAILURES {
        let own = format!("2001:db8:1:2::{number:x}");
        call(&api, ("10.0.0.1", Some(&own)), &guess(number)).await.with_status(401);
    }
    call(&api, ("10.0.0.1", Some("2001:db8:1:2:ffff::1")), &guess(0)).await.with_status(429);
    call(&api, ("2001:db8:1:2::abcd", None), &guess(0)).await.with_status(429);
    call(&api, ("10.0.0.1", Some("2001:db8:1:3::1")), &guess(0)).await.with_status(401);
    // Nobody is believed who is no proxy of ours.
    call(&api, ("2001:db8:1:2::1", Some("198.51.100.1")), &guess(0)).await.with_status(429);
    call(&api, ("10.0.0.1", Some("198.51.100.1")), &guess(0)).await.with_status(401);
}

#[tokio::test]
async fn many_guesses_at_once_are_each_answered_and_a_known_token_among_them_gets_in() {
    let api = Api::start().await;
    let token = api.token("project:read").await;
    let here = ("192.0.2.1", None);
    let guesses = (0..60).map(guess).collect::<Vec<_>>();
    let answers = futures_util::future::join_all(guesses.iter().map(|guess| call(&api, here, guess)));
    let (answers, known) = tokio::join!(answers, call(&api, here, &token));
    known.with_status(200);
    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), FAILURES);
    assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 60 - FAILURES);
}

#[tokio::test]
async fn a_token_that_was_right_before_is_never_told_to_come_again_until_it_is_revoked() {
    let api = Api::start().await;
    let known = api.token("project:read").await;
    let here = ("192.0.2.1", None);
    call(&api, here, &known).await.with_status(200);
    for number in 0..FAILURES {
        call(&api, here, &guess(number)).await.with_status(401);
    }
    // More at once than may wait.
    let guesses = (0..200).map(guess).collect::<Vec<_>>();
    let flood = futures_util::future::join_all(guesses.iter().map(|guess| call(&api, here, guess)));
    let right = futures_util::future::join_all((0..100).map(|_| call(&api, here, &known)));
    let (_, right) = tokio::join!(flood, right);
    assert_eq!(right.iter().filter(|answer| answer.status != 200).count(), 0);
    let id = api.store.tokens().await.unwrap().into_iter().map(|token| token.id).max().unwrap();
    api.store.revoke_token(id).await.unwrap();
    call(&api, here, &known).await.with_status(429);
}
