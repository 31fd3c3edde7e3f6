//! Names that lead where webhooks must not go.

use std::time::Duration;

use model::attempt::Outcome;
use model::egress::{Policy, UrlRefusal};
use testkit::FakeReceiver;
use watchfire_pipeline::egress::Attempt;

use crate::support::{Client, Names, pass};

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
async fn names_of_the_table_that_resolve_inside_are_refused_at_the_connection() {
    let names =
        Names::default().with("10.0.0.1.nip.io", &["10.0.0.1"]).with("169.254.169.254.nip.io", &["169.254.169.254"]);
    let mut policy = Policy::default();
    policy.allow_http();
    let client = Client::new(policy, names, None);
    for url in ["http://10.0.0.1.nip.io/", "http://169.254.169.254.nip.io/"] {
        assert_eq!(client.post(url).await.outcome, Outcome::RefusedAddress, "{url}");
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
