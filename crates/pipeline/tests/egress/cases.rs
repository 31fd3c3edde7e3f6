//! Every line of the table of known tricks, by its id.
//!
//! What text decides is run here, line by line, with an eye on the sockets. What must be seen on the wire has a test for each
//! line elsewhere; the list below says which, and a line without one is a failure.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};

use model::attempt::{Outcome, Unreachable};
use model::egress::{Cases, Expected, Host, Policy, Target, TextCase};

use crate::support::{Client, Names, Sockets};
use crate::{connections, dns, guard, hostile, outcomes, requests, tls};

/// The tests of this target that prove a line each: the id, and the test's name. That it is a function without arguments is
/// seen by the compiler, that it is a test by the list of tests.
macro_rules! proofs {
    ($($id:literal $test:path,)+) => {
        [$({
            let _: fn() = $test;
            ($id, stringify!($test))
        }),+]
    };
}

const PROOFS: [(&str, &str); 26] = proofs! {
    "B001" guard::a_name_that_leads_inside_opens_no_socket_not_even_to_its_public_addresses,
    "B003" guard::a_name_that_leads_inside_opens_no_socket_not_even_to_its_public_addresses,
    "B004" guard::a_name_that_leads_inside_opens_no_socket_not_even_to_its_public_addresses,
    "B006" guard::a_url_that_was_good_when_it_was_saved_is_judged_again_at_every_delivery,
    "B007" guard::a_warm_connection_stays_with_the_judged_peer_and_ends_within_a_minute,
    "B009" dns::aliases_without_an_end_fail_at_once_and_after_few_questions,
    "B010" dns::each_failure_of_the_dns_has_its_name_and_uses_nothing_up,
    "B012" dns::a_name_is_asked_for_as_it_is_written_and_no_search_list_is_tried,
    "B013" dns::an_entry_of_the_hosts_file_is_judged_like_any_answer,
    "B015" outcomes::a_redirect_is_an_error_and_is_not_followed,
    "B016" outcomes::a_redirect_is_an_error_and_is_not_followed,
    "B018" outcomes::headers_that_ask_for_another_request_are_ignored,
    "B019" requests::an_ambient_proxy_is_ignored,
    "B021" guard::a_peer_other_than_the_judged_address_is_let_go_before_a_byte_is_written,
    "B022" guard::our_own_origin_has_no_destination,
    "B024" tls::every_other_certificate_is_refused_with_the_reason,
    "B025" tls::a_server_without_tls_that_we_accept_is_named_as_such,
    "B027" outcomes::a_success_whose_body_outlasts_the_deadline_timed_out,
    "B028" hostile::no_answer_makes_us_read_more_than_its_share,
    "B030" outcomes::what_is_no_answer_is_named_for_what_it_is,
    "B031" outcomes::a_receiver_that_never_answers_is_given_up_at_the_deadline,
    "B033" outcomes::bytes_that_are_no_text_are_kept_as_text,
    "B034" outcomes::every_2xx_is_a_success,
    "B036" connections::a_request_on_a_reused_connection_that_closes_is_sent_again_at_once,
    "B037" requests::a_header_with_a_line_end_cannot_be_sent,
    "B039" guard::what_is_inside_is_not_told_apart,
};

/// What the tests of another crate prove: the id, the file, and the test's name.
const PROVED_ELSEWHERE: [(&str, &str, &str); 3] = [
    ("B022", "crates/web/tests/api/hook_fields.rs", "a_url_that_the_policy_refuses_says_why"),
    ("B037", "crates/web/tests/api/hook_settings.rs", "every_setting_that_cannot_be_is_refused_with_what_is_wrong"),
    ("B040", "xtask/src/tidy/reach.rs", "only_egress_connects"),
];

/// Where the public names of the table lead.
const PUBLIC: &str = "93.184.215.14";

fn with_http() -> Policy {
    let mut policy = Policy::default();
    policy.allow_http();
    policy
}

/// Everything that a policy can allow.
fn wide_open() -> Policy {
    let mut policy = with_http();
    policy.allow("0.0.0.0/0").unwrap();
    policy.allow("::/0").unwrap();
    policy.allow_nat64();
    policy
}

fn sockets() -> Sockets {
    Sockets::failing(io::ErrorKind::ConnectionRefused)
}

/// A client for which the names of the table lead where they lead, and every other name is an error of the test.
fn client(policy: Policy, sockets: &Sockets) -> Client {
    let names = Names::default()
        .with("example.com", &[PUBLIC])
        .with("10.0.0.1.nip.io", &["10.0.0.1"])
        .with("169.254.169.254.nip.io", &["169.254.169.254"]);
    Client::dialling(policy, names, sockets)
}

fn socket_of(target: &Target) -> SocketAddr {
    let address = match target.host() {
        Host::Address(address) => *address,
        Host::Name(_) => PUBLIC.parse::<IpAddr>().unwrap(),
    };
    SocketAddr::new(address, target.port())
}

#[test]
fn every_line_about_conduct_has_a_test() {
    let lines: Vec<&str> = Cases::built_in().unwrap().conduct.iter().map(|case| case.id).collect();
    let here = PROOFS.iter().map(|(id, _)| *id);
    let proved: BTreeSet<&str> = here.chain(PROVED_ELSEWHERE.iter().map(|(id, _, _)| *id)).collect();
    assert_eq!(proved.into_iter().collect::<Vec<_>>(), lines);

    let listing = std::process::Command::new(std::env::current_exe().unwrap()).arg("--list").output().unwrap();
    let listing = String::from_utf8(listing.stdout).unwrap();
    for (id, test) in PROOFS {
        assert!(listing.lines().any(|line| line == format!("{test}: test")), "{id}: no test `{test}`");
    }
    for (id, file, test) in PROVED_ELSEWHERE {
        let path = format!("{}/../../{file}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let before = text.split(&format!("fn {test}()")).next().filter(|before| before.len() < text.len());
        let is_test = before.is_some_and(|before| before.trim_end_matches("async ").trim_end().ends_with("test]"));
        assert!(is_test, "{id}: no test `{test}` in {file}");
    }
}

#[tokio::test]
async fn every_text_is_judged_and_no_refused_address_reaches_a_socket() {
    for case in Cases::built_in().unwrap().text {
        let sockets = sockets();
        let client = client(with_http(), &sockets);
        let destination = client.egress.destination(&case.url);
        let verdict = destination.as_ref().map(|found| found.target().clone()).map_err(|refusal| *refusal);
        assert!(case.is_met(&verdict, &Policy::default()), "{} {}: {verdict:?}", case.id, case.url);
        let Ok(destination) = destination else {
            assert_eq!(sockets.dialled(), [], "{}", case.id);
            continue;
        };
        let outcome = client.send_to(&destination).await.outcome;
        if case.expected == Expected::Allowed {
            assert_eq!(outcome, Outcome::Unreachable(Unreachable::Connect), "{}: the sockets refuse all", case.id);
            assert_eq!(sockets.dialled(), [socket_of(destination.target())], "{}", case.id);
        } else {
            assert_eq!(outcome, Outcome::RefusedAddress, "{}", case.id);
            assert_eq!(sockets.dialled(), [], "{}", case.id);
        }
    }
}

/// The lines whose host is a refused address, each with what an open policy reads in it.
fn refused_addresses() -> Vec<(TextCase, Target)> {
    let all = Cases::built_in().unwrap().text.into_iter();
    all.filter(|case| matches!(case.expected, Expected::Blocked | Expected::BlockedUnlessNat64))
        .map(|case| {
            let target = case.judge(&wide_open()).unwrap();
            (case, target)
        })
        .collect()
}

#[tokio::test]
async fn a_url_that_an_older_policy_let_through_is_stopped_at_the_connection() {
    let refused = refused_addresses();
    assert_eq!(refused.len(), 67);
    for (case, _) in refused {
        let (seen, unseen) = (sockets(), sockets());
        let open = client(wide_open(), &seen);
        let destination = open.egress.destination(&case.url).unwrap();
        open.send_to(&destination).await;
        assert_eq!(seen.dialled(), [socket_of(destination.target())], "{}: these sockets do see", case.id);
        let attempt = client(with_http(), &unseen).send_to(&destination).await;
        assert_eq!(attempt.outcome, Outcome::RefusedAddress, "{}", case.id);
        assert_eq!(unseen.dialled(), [], "{}", case.id);
    }
}

#[tokio::test]
async fn a_refused_address_among_the_answers_of_a_name_reaches_no_socket_and_nor_do_those_beside_it() {
    for (case, target) in refused_addresses() {
        let Host::Address(address) = target.host() else { panic!("{} is no address", case.id) };
        let address = address.to_string();
        for answers in [&[address.as_str()][..], &[PUBLIC, &address], &[&address, PUBLIC]] {
            let sockets = sockets();
            let client = Client::dialling(with_http(), Names::default().with("hooks.example", answers), &sockets);
            let attempt = client.post("https://hooks.example/").await;
            assert_eq!(attempt.outcome, Outcome::RefusedAddress, "{} {answers:?}", case.id);
            assert_eq!(sockets.dialled(), [], "{} {answers:?}", case.id);
        }
    }
}
