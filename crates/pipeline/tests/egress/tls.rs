//! TLS: whom we believe, and how it is named when we do not.

use model::attempt::{Outcome, Unreachable};
use model::egress::{AddressClass, Policy};
use testkit::{Authority, Behaviour, Certificate, FakeReceiver, Reply};
use watchfire_pipeline::egress::Attempt;

use crate::support::{Client, Names, SHORT};

const NAME: &str = "hooks.localhost";

fn client(trusted: &Authority) -> Client {
    let names = Names::default().with(NAME, &["127.0.0.1"]);
    Client::new(Policy::dev(), names, Some(trusted.root_pem()))
}

fn url(receiver: &FakeReceiver) -> String {
    format!("https://{NAME}:{}/", receiver.port())
}

async fn attempt(trusted: &Authority, certificate: Certificate) -> (Attempt, FakeReceiver) {
    let receiver = FakeReceiver::start_tls(certificate).await;
    let attempt = client(trusted).post(&url(&receiver)).await;
    (attempt, receiver)
}

#[tokio::test]
async fn a_certificate_of_a_trusted_authority_is_believed() {
    let authority = Authority::new();
    let (attempt, receiver) = attempt(&authority, authority.issue(&[NAME])).await;
    assert_eq!(attempt.outcome, Outcome::Succeeded, "{attempt:?}");
    assert!(attempt.timings.tls.is_some());
    assert_eq!(receiver.requests().len(), 1);
}

#[tokio::test]
async fn the_end_of_the_certificate_is_noted_on_new_and_on_kept_and_on_resumed_connections() {
    let authority = Authority::new();
    let receiver = FakeReceiver::start_tls(authority.issue(&[NAME])).await;
    let client = client(&authority);
    for reused in [false, true, false] {
        let attempt = client.post(&url(&receiver)).await;
        assert_eq!((attempt.reused, attempt.certificate_expires), (reused, Some(Authority::EXPIRES_AT)));
        if reused {
            client.connections.close_all();
        }
    }
}

#[tokio::test]
async fn an_address_is_believed_for_a_certificate_that_names_it() {
    let authority = Authority::new();
    let receiver = FakeReceiver::start_tls(authority.issue(&["127.0.0.1"])).await;
    assert_eq!(client(&authority).post(&receiver.url("/")).await.outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn a_kept_connection_over_tls_is_used_again_and_sent_again_when_stale() {
    let authority = Authority::new();
    let receiver = FakeReceiver::start_tls(authority.issue(&[NAME])).await;
    let client = client(&authority);
    client.post(&url(&receiver)).await;
    assert!(client.post(&url(&receiver)).await.reused);
    receiver.answer(Behaviour::CloseWhenReused(Reply::new(200)));
    let third = client.post(&url(&receiver)).await;
    assert!(third.outcome.is_success() && third.resent);
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
pub(crate) async fn every_other_certificate_is_refused_with_the_reason() {
    let trusted = Authority::new();
    let stranger = Authority::new();
    for (certificate, words, expires) in [
        (trusted.issue_expired(&[NAME]), "has expired", Some(Authority::EXPIRED_AT)),
        (trusted.issue_not_yet_valid(&[NAME]), "is not valid yet", None),
        (trusted.issue(&["other.localhost"]), "is for another host name", None),
        (stranger.issue(&[NAME]), "is not signed by a known authority", None),
        (Authority::self_signed(&[NAME]), "is not signed by a known authority", None),
    ] {
        let (attempt, receiver) = attempt(&trusted, certificate).await;
        assert_eq!(attempt.outcome, Outcome::Unreachable(Unreachable::TlsCertificate), "{words}");
        assert!(!attempt.went_out);
        assert_eq!((attempt.peer, attempt.certificate_expires), (Some(AddressClass::Loopback), expires), "{words}");
        let error = attempt.error.unwrap();
        assert!(error.contains(words), "{error}");
        assert!(receiver.requests().is_empty());
    }
}

#[tokio::test]
pub(crate) async fn a_server_without_tls_that_we_accept_is_named_as_such() {
    // An alert of TLS 1.0: fatal, protocol version. And a server that says hello in TLS 1.0 (its version, its random number,
    // no session, a cipher, no compression).
    let old = FakeReceiver::start_saying([0x15, 3, 1, 0, 2, 2, 70]).await;
    let hello = [&[0x16, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1][..], &[7; 32], &[0, 0, 0x2f, 0]].concat();
    let stubborn = FakeReceiver::start_saying(hello).await;
    let clear = FakeReceiver::start().await;
    let needed = "TLS 1.2 or 1.3 is needed";
    for (receiver, words) in [(old, needed), (stubborn, needed), (clear, "does not speak TLS")] {
        let attempt = client(&Authority::new()).post(&url(&receiver)).await;
        assert_eq!(attempt.outcome, Outcome::Unreachable(Unreachable::TlsHandshake));
        assert!(!attempt.went_out);
        let error = attempt.error.unwrap();
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn the_deadline_covers_the_handshake_and_nothing_went_out() {
    let silent = FakeReceiver::start_saying([]).await;
    let attempt = client(&Authority::new()).post_within(&url(&silent), SHORT).await;
    assert_eq!(attempt.outcome, Outcome::TimedOut);
    assert!(!attempt.went_out && attempt.error.unwrap().contains("handshake"));
}
