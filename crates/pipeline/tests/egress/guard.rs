//! Names that lead where webhooks must not go.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use model::attempt::{Outcome, Unreachable};
use model::egress::{AddressClass, Origin, Policy, UrlRefusal};
use model::limits::CONNECTION_AGE_SECONDS;
use testkit::FakeReceiver;
use watchfire_pipeline::egress::{Attempt, Excerpt};

use crate::support::{Client, Names, Sockets, pass};

/// A policy that allows one address of this machine and no other.
fn one_address() -> Policy {
    let mut policy = Policy::default();
    policy.allow_http();
    policy.allow("127.0.0.1").unwrap();
    policy
}

#[tokio::test]
async fn one_refused_address_among_the_answers_refuses_the_attempt() {
    let receiver = FakeReceiver::start().await;
    for answers in [
        &["127.0.0.2"][..],
        &["10.0.0.1"],
        &["169.254.169.254"],
        &["127.0.0.1", "127.0.0.2"],
        &["127.0.0.1", "fd00::1"],
        &["127.0.0.1", "::ffff:169.254.169.254"],
        &["::ffff:127.0.0.1"],
        &["64:ff9b::7f00:1"],
        &["1.1.1.1", "1.0.0.1", "0.0.0.0"],
    ] {
        let client = Client::new(one_address(), Names::default().with("hooks.example", answers), None);
        let attempt = client.post(&format!("http://hooks.example:{}/", receiver.port())).await;
        assert_eq!(attempt.outcome, Outcome::RefusedAddress, "{answers:?}");
        assert!(!attempt.went_out);
        let words = attempt.error.unwrap();
        assert!(answers.iter().all(|address| !words.contains(address)), "{words} maps the network");
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_name_whose_every_address_is_allowed_is_reached() {
    let receiver = FakeReceiver::start().await;
    let client = Client::new(one_address(), Names::default().with("hooks.example", &["127.0.0.1"]), None);
    let attempt = client.post(&format!("http://hooks.example:{}/", receiver.port())).await;
    assert_eq!(attempt.outcome, Outcome::Succeeded);
    assert!(attempt.timings.resolve.is_some());
    let host = format!("hooks.example:{}", receiver.port());
    assert_eq!(receiver.wait_for(1).await[0].header("host"), Some(host.as_str()));
}

#[tokio::test]
async fn a_name_that_moves_to_a_refused_address_is_refused_from_then_on() {
    let receiver = FakeReceiver::start().await;
    let names = Names::default().with("hooks.example", &["127.0.0.1"]).with("hooks.example", &["127.0.0.2"]);
    let client = Client::new(one_address(), names, None);
    let url = format!("http://hooks.example:{}/", receiver.port());
    assert_eq!(client.post(&url).await.outcome, Outcome::Succeeded);
    pass(Duration::from_secs(5)).await;
    assert_eq!(client.post(&url).await.outcome, Outcome::RefusedAddress);
    assert_eq!(receiver.requests().len(), 1);
}

#[tokio::test]
pub(crate) async fn a_name_that_leads_inside_opens_no_socket_not_even_to_its_public_addresses() {
    for answers in [
        &["127.0.0.1"][..],
        &["1.1.1.1", "fd00::1"],
        &["1.1.1.1", "::ffff:169.254.169.254"],
        &["1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "149.112.112.112", "10.0.0.1"],
    ] {
        let sockets = Sockets::failing(io::ErrorKind::ConnectionRefused);
        let names = Names::default().with("hooks.example", answers);
        let attempt = Client::dialling(Policy::default(), names, &sockets).post("https://hooks.example/").await;
        assert_eq!((attempt.outcome, attempt.went_out), (Outcome::RefusedAddress, false), "{answers:?}");
        assert_eq!(sockets.dialled(), [], "{answers:?}");
    }
}

#[tokio::test]
pub(crate) async fn a_url_that_was_good_when_it_was_saved_is_judged_again_at_every_delivery() {
    let sockets = Sockets::failing(io::ErrorKind::ConnectionRefused);
    let names = Names::default().with("hooks.example", &["1.1.1.1"]).with("hooks.example", &["10.0.0.1"]);
    let client = Client::dialling(Policy::default(), names, &sockets);
    let destination = client.egress.destination("https://hooks.example/").unwrap();
    let judged = client.egress.judge_addresses(&destination).await.unwrap();
    assert!(judged.iter().all(|judged| judged.verdict.is_ok()));
    pass(Duration::from_secs(5)).await;
    assert_eq!(client.send_to(&destination).await.outcome, Outcome::RefusedAddress);
    assert_eq!(sockets.dialled(), []);
}

#[tokio::test]
pub(crate) async fn a_warm_connection_stays_with_the_judged_peer_and_ends_within_a_minute() {
    let receiver = FakeReceiver::start().await;
    let names = Names::default().with("hooks.example", &["127.0.0.1"]).with("hooks.example", &["127.0.0.2"]);
    let client = Client::new(one_address(), names, None);
    let url = format!("http://hooks.example:{}/", receiver.port());
    let mut seconds = 0;
    let mut last = client.post(&url).await;
    while last.outcome.is_success() && seconds <= CONNECTION_AGE_SECONDS {
        pass(Duration::from_secs(3)).await;
        seconds += 3;
        last = client.post(&url).await;
    }
    // The name moved long ago; what answered was the peer that had been judged, until its connection was too old.
    assert_eq!((last.outcome, seconds), (Outcome::RefusedAddress, CONNECTION_AGE_SECONDS));
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
pub(crate) async fn a_peer_other_than_the_judged_address_is_let_go_before_a_byte_is_written() {
    let receiver = FakeReceiver::start().await;
    let sockets = Sockets::leading_to((Ipv4Addr::LOCALHOST, receiver.port()).into());
    let names = Names::default().with("hooks.example", &["1.1.1.1"]);
    let mut policy = Policy::default();
    policy.allow_http();
    let client = Client::dialling(policy, names, &sockets);
    let attempt = client.post(&format!("http://hooks.example:{}/", receiver.port())).await;
    assert_eq!(attempt.outcome, Outcome::Unreachable(Unreachable::Connect));
    assert_eq!((attempt.went_out, attempt.peer, sockets.dialled().len()), (false, None, 1));
    assert!(receiver.requests().is_empty());
}

#[tokio::test]
pub(crate) async fn our_own_origin_has_no_destination() {
    let mut policy = Policy::default();
    policy.refuse_origin(Origin::of_own_url("https://watch.example.com").unwrap());
    let client = Client::new(policy, Names::default(), None);
    for url in ["https://watch.example.com/api/1/envelope/", "https://WATCH.example.com.:443/x"] {
        assert_eq!(client.egress.destination(url).err(), Some(UrlRefusal::OwnOrigin), "{url}");
    }
}

/// All that a hook's user sees of an attempt but its duration.
fn seen(attempt: &Attempt) -> (Outcome, Option<u16>, Option<AddressClass>, Option<String>, Excerpt) {
    let words = attempt.error.as_deref().map(str::to_owned);
    (attempt.outcome, attempt.status, attempt.peer, words, attempt.excerpt.clone())
}

#[tokio::test]
pub(crate) async fn what_is_inside_is_not_told_apart() {
    let mut refused = Vec::new();
    for address in
        ["127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0", "::1", "fd00::1", "::ffff:10.0.0.1", "ff02::1"]
    {
        let sockets = Sockets::failing(io::ErrorKind::ConnectionRefused);
        let names = Names::default().with("hooks.example", &[address]);
        let attempt = Client::dialling(Policy::default(), names, &sockets).post("https://hooks.example/").await;
        assert_eq!((attempt.timings.connect, sockets.dialled().len()), (None, 0), "{address} was asked");
        refused.push(seen(&attempt));
    }
    assert!(refused.windows(2).all(|two| two[0] == two[1]), "{refused:?}");

    let mut missing = Vec::new();
    for kind in [
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::HostUnreachable,
        io::ErrorKind::NetworkUnreachable,
        io::ErrorKind::TimedOut,
        io::ErrorKind::PermissionDenied,
    ] {
        let names = Names::default().with("hooks.example", &["1.1.1.1"]);
        let client = Client::dialling(Policy::default(), names, &Sockets::failing(kind));
        missing.push(seen(&client.post("https://hooks.example/").await));
    }
    assert!(missing.windows(2).all(|two| two[0] == two[1]), "{missing:?}");
}

#[tokio::test]
async fn the_class_of_the_peer_is_noted_on_new_and_on_kept_connections() {
    let receiver = FakeReceiver::start().await;
    let client = Client::dev();
    for reused in [false, true] {
        let attempt = client.post(&receiver.url("/")).await;
        assert_eq!((attempt.reused, attempt.peer), (reused, Some(AddressClass::Loopback)));
        assert_eq!(attempt.certificate_expires, None);
    }
}

#[tokio::test]
async fn a_named_host_still_needs_an_allowed_address() {
    let receiver = FakeReceiver::start().await;
    let mut policy = one_address();
    policy.allow("hooks.internal").unwrap();
    let names = Names::default().with("hooks.internal", &["127.0.0.1"]);
    let url = format!("http://hooks.internal:{}/", receiver.port());
    assert_eq!(Client::new(policy.clone(), names, None).post(&url).await.outcome, Outcome::Succeeded);
    let elsewhere = Names::default().with("hooks.internal", &["10.0.0.1"]);
    assert_eq!(Client::new(policy, elsewhere, None).post(&url).await.outcome, Outcome::RefusedAddress);
}

#[tokio::test]
async fn a_url_that_the_policy_refuses_has_no_destination() {
    let client = Client::new(Policy::default(), Names::default(), None);
    let refused = |url: &str| client.egress.destination(url).err();
    assert!(matches!(refused("https://127.0.0.1/"), Some(UrlRefusal::Address(_))));
    assert_eq!(refused("http://example.com/"), Some(UrlRefusal::PlainHttp));
    assert_eq!(refused("https://kubernetes/"), Some(UrlRefusal::PrivateName));
    let attempt = Attempt::refused("the URL starts with http://");
    assert_eq!((attempt.outcome, attempt.went_out), (Outcome::RefusedAddress, false));
}
