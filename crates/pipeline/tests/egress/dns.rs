//! The real resolver, asked through the client: a name server and a hosts file of this test's making.

use std::io;

use hickory_resolver::proto::op::ResponseCode;
use model::attempt::{Outcome, Unreachable};
use model::egress::{Policy, UrlRefusal};
use watchfire_pipeline::egress::{Attempt, Machine, SystemResolver};

use crate::name_server::{NameServer, Says};
use crate::support::{Client, SHORT, Sockets};

/// A client on a machine with this hosts file that asks this server, and what it dials.
fn client(hosts_file: &str, server: &NameServer) -> (Client, Sockets) {
    let sockets = Sockets::failing(io::ErrorKind::ConnectionRefused);
    let machine = Machine { hosts_file, name_servers: &[server.address()], search: &["corp.example"] };
    (Client::dialling(Policy::default(), SystemResolver::of(machine).unwrap(), &sockets), sockets)
}

async fn attempt(name: &str, says: fn(&str) -> Says) -> (Attempt, Vec<std::net::SocketAddr>) {
    let server = NameServer::start(says).await;
    let (client, sockets) = client("", &server);
    let attempt = client.post(&format!("https://{name}/")).await;
    (attempt, sockets.dialled())
}

fn addresses(texts: &[&str]) -> Says {
    Says::Addresses(texts.iter().map(|text| text.parse().unwrap()).collect())
}

#[tokio::test]
async fn a_private_address_does_not_hide_behind_a_public_one_of_the_other_family() {
    let (attempt, dialled) = attempt("hooks.example", |_| addresses(&["1.1.1.1", "fd00::1"])).await;
    assert_eq!((attempt.outcome, dialled.len()), (Outcome::RefusedAddress, 0));
    let (attempt, dialled) = self::attempt("hooks.example", |_| addresses(&["2606:4700::1111", "10.0.0.1"])).await;
    assert_eq!((attempt.outcome, dialled.len()), (Outcome::RefusedAddress, 0));
    let (attempt, dialled) = self::attempt("hooks.example", |_| addresses(&["2606:4700::1111", "1.1.1.1"])).await;
    assert_eq!((attempt.outcome, dialled.len()), (Outcome::Unreachable(Unreachable::Connect), 2));
}

#[tokio::test]
async fn an_alias_is_judged_by_the_addresses_that_it_leads_to() {
    let says = |name: &str| match name {
        "hooks.example" => Says::Alias("elsewhere.example."),
        _ => addresses(&["169.254.169.254"]),
    };
    let (attempt, dialled) = attempt("hooks.example", says).await;
    assert_eq!((attempt.outcome, dialled.len()), (Outcome::RefusedAddress, 0));
}

#[tokio::test]
pub(crate) async fn aliases_without_an_end_fail_at_once_and_after_few_questions() {
    let in_a_circle = |name: &str| match name {
        "a.example" => Says::Alias("b.example."),
        _ => Says::Alias("a.example."),
    };
    // Twenty names, each an alias of the next.
    let in_a_row = |name: &str| {
        const ROW: [&str; 20] = [
            "a.example.",
            "b.example.",
            "c.example.",
            "d.example.",
            "e.example.",
            "f.example.",
            "g.example.",
            "h.example.",
            "i.example.",
            "j.example.",
            "k.example.",
            "l.example.",
            "m.example.",
            "n.example.",
            "o.example.",
            "p.example.",
            "q.example.",
            "r.example.",
            "s.example.",
            "t.example.",
        ];
        match ROW.iter().position(|known| known.trim_end_matches('.') == name).and_then(|place| ROW.get(place + 1)) {
            Some(next) => Says::Alias(next),
            None => addresses(&["1.1.1.1"]),
        }
    };
    for says in [in_a_circle, in_a_row] {
        let server = NameServer::start(says).await;
        let (client, sockets) = client("", &server);
        let attempt = client.post("https://a.example/").await;
        assert_eq!(attempt.outcome, Outcome::Unreachable(Unreachable::Dns), "and not timed_out");
        assert_eq!((attempt.went_out, sockets.dialled().len()), (false, 0));
        assert!(server.questions() <= 40, "{} questions", server.questions());
    }
}

#[tokio::test]
pub(crate) async fn each_failure_of_the_dns_has_its_name_and_uses_nothing_up() {
    for (code, words) in [
        (ResponseCode::NXDomain, "has no address"),
        (ResponseCode::ServFail, "could not be resolved"),
        (ResponseCode::Refused, "could not be resolved"),
    ] {
        let says = match code {
            ResponseCode::NXDomain => |_: &str| Says::Code(ResponseCode::NXDomain),
            ResponseCode::ServFail => |_: &str| Says::Code(ResponseCode::ServFail),
            _ => |_: &str| Says::Code(ResponseCode::Refused),
        };
        let (attempt, _) = attempt("hooks.example", says).await;
        assert_eq!(attempt.outcome, Outcome::Unreachable(Unreachable::Dns), "{code}");
        assert!(!attempt.went_out, "{code}");
        assert!(attempt.error.as_deref().unwrap().contains(words), "{code}: {:?}", attempt.error);
    }
    let (attempt, _) = attempt("hooks.example", |_| addresses(&[])).await;
    assert_eq!(attempt.outcome, Outcome::Unreachable(Unreachable::Dns), "a name without addresses");
    let silent = NameServer::start(|_| Says::Nothing).await;
    let attempt = client("", &silent).0.post_within("https://hooks.example/", SHORT).await;
    assert_eq!((attempt.outcome, attempt.went_out), (Outcome::TimedOut, false));
    assert!(attempt.error.unwrap().contains("resolved"));
}

#[tokio::test]
pub(crate) async fn a_name_is_asked_for_as_it_is_written_and_no_search_list_is_tried() {
    let server = NameServer::start(|name| match name {
        "kubernetes.corp.example" | "hooks.example.corp.example" => addresses(&["10.0.0.1"]),
        _ => Says::Code(ResponseCode::NXDomain),
    })
    .await;
    let (client, _) = client("", &server);
    assert_eq!(client.egress.destination("https://kubernetes/").err(), Some(UrlRefusal::PrivateName));
    let attempt = client.post("https://hooks.example/").await;
    assert_eq!(attempt.outcome, Outcome::Unreachable(Unreachable::Dns));
    assert_eq!(server.asked(), ["hooks.example"]);
}

#[tokio::test]
async fn a_one_label_name_that_the_operator_allows_is_asked_for_alone_too() {
    let server = NameServer::start(|_| Says::Code(ResponseCode::NXDomain)).await;
    let mut policy = Policy::default();
    policy.allow("kubernetes").unwrap();
    let machine = Machine { name_servers: &[server.address()], search: &["corp.example"], ..Machine::default() };
    let sockets = Sockets::failing(io::ErrorKind::ConnectionRefused);
    let client = Client::dialling(policy, SystemResolver::of(machine).unwrap(), &sockets);
    assert_eq!(client.post("https://kubernetes/").await.outcome, Outcome::Unreachable(Unreachable::Dns));
    assert_eq!(server.asked(), ["kubernetes"]);
}

#[tokio::test]
pub(crate) async fn an_entry_of_the_hosts_file_is_judged_like_any_answer() {
    let server = NameServer::start(|_| addresses(&["1.1.1.1"])).await;
    let (client, sockets) = client("10.1.2.3 hooks.example\n1.0.0.1 other.example\n", &server);
    assert_eq!(client.post("https://hooks.example/").await.outcome, Outcome::RefusedAddress);
    assert_eq!(sockets.dialled(), []);
    assert_eq!(client.post("https://other.example/").await.outcome, Outcome::Unreachable(Unreachable::Connect));
    assert_eq!(sockets.dialled(), ["1.0.0.1:443".parse().unwrap()]);
    assert_eq!(server.questions(), 0);
}
