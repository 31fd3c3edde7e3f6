//! The example receivers, each started as its users start it: they take what a real Watchfire sends, once, and nothing else.

mod own;
mod process;

use std::time::{SystemTime, UNIX_EPOCH};

use webhook::{Secret, Signer};

use self::process::{Example, Language, Scheme};
use crate::support::event::{message_envelope, new_id};
use crate::support::http::{Connection, Request};
use crate::support::ledger::Ledger;
use crate::support::scene::accepted;
use crate::support::server::{TestServer, free_address};

const BODY: &str = r#"{"id":"9f0c","message":"the till is öpen","event":{"timestamp":1704067200.0}}"#;
/// The receivers' own limit.
const BODY_MAX_BYTES: usize = 4 * 1024 * 1024;
const TOLERANCE_SECONDS: u64 = 300;
/// The stored number of the delivery state `delivered`.
const DELIVERED: i64 = 2;

fn secret(byte: u8) -> Secret {
    Secret::from_random([byte; 32])
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A webhook as Watchfire sends it, as far as receivers look at it; `by` signs.
fn webhook(delivery: &str, by: &Secret, time: u64) -> Request {
    webhook_of(BODY, delivery, by, time)
}

fn webhook_of(body: &str, delivery: &str, by: &Secret, time: u64) -> Request {
    let (signer, time, body) = (Signer::new(by), time.to_string(), body.as_bytes());
    let text = |signature: &[u8]| String::from_utf8(signature.to_vec()).unwrap();
    Request::post("/hook")
        .header("Content-Type", "application/json")
        .header("X-Sentry-Hook-Signature", text(&signer.hex(body)))
        .header("X-Sentry-Hook-Event", "event.created")
        .header("X-Sentry-Hook-Delivery", delivery)
        .header("webhook-id", delivery)
        .header("webhook-timestamp", &time)
        .header("webhook-signature", text(&signer.standard(delivery, &time, body)))
        .body(body)
}

/// What the receiver answers, and the line that it prints about it.
fn tell(example: &mut Example, request: &Request) -> (u16, String) {
    let status = request.send(example.address()).unwrap_or_else(|error| panic!("{example:?}: {error}")).status;
    (status, example.line())
}

#[track_caller]
fn refuses(example: &mut Example, request: &Request, expected: u16) {
    let (status, line) = tell(example, request);
    assert_eq!(status, expected, "{example:?}: {line}");
    assert!(line.starts_with(&format!("refused {expected} ")), "{example:?}: {line}");
}

#[track_caller]
fn takes(example: &mut Example, request: &Request) {
    let (status, line) = tell(example, request);
    assert_eq!(status, 204, "{example:?}: {line}");
    assert!(line.starts_with("accepted event.created ") && line.contains("the till is öpen"), "{example:?}: {line}");
}

#[test]
#[ignore = "needs Python, Node, Go and the example in Rust: run by scripts/test"]
fn each_example_takes_what_a_real_server_sends_and_every_delivery_ends_delivered() {
    for (language, scheme) in Language::in_each_scheme() {
        let mut server = TestServer::start();
        // The secret is known only once the hook is there, and the hook wants the address.
        let address = free_address();
        let hook = server.add_hook_to(&format!("http://{address}/hook"));
        let mut example = Example::start(language, scheme, &hook.secret, address.port());
        assert_eq!(example.address(), address);
        let ids: Vec<String> = std::iter::repeat_with(new_id).take(8).collect();
        for id in &ids {
            accepted(&server.ask(&server.ingest("envelope").body(message_envelope(id))), id);
        }
        for _ in &ids {
            let line = example.line();
            assert!(
                line.starts_with("accepted event.created ") && line.contains("the till is open"),
                "{example:?}: {line}"
            );
        }
        server.stop();
        let states = Ledger::open(server.folder()).states();
        assert_eq!(states.into_iter().collect::<Vec<_>>(), [(DELIVERED, 8)], "{example:?}");
    }
}

#[test]
#[ignore = "needs Python, Node, Go and the example in Rust: run by scripts/test"]
fn each_example_refuses_a_changed_body_a_wrong_secret_and_a_missing_signature() {
    for (language, scheme) in Language::in_each_scheme() {
        let mut example = Example::start(language, scheme, &secret(1).expose(), 0);
        let right = webhook("d1", &secret(1), now());
        refuses(&mut example, &right.clone().body(BODY.replace("öpen", "shut")), 401);
        refuses(&mut example, &right.clone().body(format!("{BODY}\n")), 401);
        refuses(&mut example, &right.clone().body(""), 401);
        refuses(&mut example, &webhook("d1", &secret(2), now()), 401);
        refuses(&mut example, &Request::post("/hook").header("X-Sentry-Hook-Delivery", "d1").body(BODY), 401);
        // None of this was remembered.
        takes(&mut example, &right);
    }
}

#[test]
#[ignore = "needs Python, Node, Go and the example in Rust: run by scripts/test"]
fn each_example_refuses_a_standard_signature_that_is_old_ahead_or_of_another_id() {
    for language in Language::ALL {
        let mut example = Example::start(language, Scheme::Standard, &secret(1).expose(), 0);
        // Seconds of patience: the receiver looks at its clock later than this does.
        for time in [now() - TOLERANCE_SECONDS - 1, now() + TOLERANCE_SECONDS + 30] {
            refuses(&mut example, &webhook("d1", &secret(1), time), 401);
        }
        let again = webhook("d1", &secret(1), now() - TOLERANCE_SECONDS - 1);
        let newer = Request::post("/hook")
            .header("webhook-id", "d1")
            .header("webhook-timestamp", now().to_string())
            .header("webhook-signature", again.value("webhook-signature"))
            .body(BODY);
        refuses(&mut example, &newer, 401);
        for time in ["", "soon", "-1", "99999999999999999999999"] {
            let request = Request::post("/hook")
                .header("webhook-id", "d1")
                .header("webhook-timestamp", time)
                .header("webhook-signature", again.value("webhook-signature"))
                .body(BODY);
            refuses(&mut example, &request, 401);
        }
        let id = Request::post("/hook")
            .header("webhook-id", "d2")
            .header("webhook-timestamp", again.value("webhook-timestamp"))
            .header("webhook-signature", again.value("webhook-signature"))
            .body(BODY);
        refuses(&mut example, &id, 401);
        takes(&mut example, &webhook("d1", &secret(1), now() - TOLERANCE_SECONDS + 60));
    }
}

#[test]
#[ignore = "needs Python, Node, Go and the example in Rust: run by scripts/test"]
fn each_example_takes_both_secrets_of_a_rotation_and_handles_a_delivery_once() {
    for (language, scheme) in Language::in_each_scheme() {
        let secrets = format!("{} {}", secret(2).expose(), secret(1).expose());
        let mut example = Example::start(language, scheme, &secrets, 0);
        takes(&mut example, &webhook("d1", &secret(1), now()));
        takes(&mut example, &webhook("d2", &secret(2), now()));
        let (status, line) = tell(&mut example, &webhook("d1", &secret(2), now()));
        assert_eq!(
            (status, line.as_str()),
            (204, "repeated \"d1\"".replace('"', example.quote()).as_str()),
            "{example:?}"
        );
        refuses(&mut example, &webhook("d3", &secret(3), now()), 401);
    }
}

#[test]
#[ignore = "needs Python, Node, Go and the example in Rust: run by scripts/test"]
fn what_an_example_could_not_handle_is_new_when_it_comes_again() {
    for (language, scheme) in Language::in_each_scheme() {
        let mut example = Example::start(language, scheme, &secret(1).expose(), 0);
        let unreadable = webhook_of("no JSON", "d1", &secret(1), now());
        for _ in 0..2 {
            let (status, line) = tell(&mut example, &unreadable);
            assert!(status == 500 && line.starts_with("failed "), "{example:?}: {status} {line}");
        }
        takes(&mut example, &webhook("d1", &secret(1), now()));
    }
}

/// Sends it and does not wait for the answer.
fn begin(example: &mut Example, request: &Request) -> Connection {
    let mut connection = Connection::open(example.address()).unwrap();
    connection.write(&request.bytes()).unwrap();
    assert_eq!(example.line(), "handling", "{example:?}");
    connection
}

#[test]
#[ignore = "needs Python, Node, Go and the example in Rust: run by scripts/test"]
fn what_comes_again_while_it_is_handled_is_no_success_until_the_first_one_is() {
    for language in Language::ALL {
        let mut example = Example::start_with_own_handle(language, Scheme::Hex, &secret(1).expose());
        let request = webhook("d1", &secret(1), now());
        let sender = begin(&mut example, &request);
        refuses(&mut example, &request, 409);
        // At its timeout a sender hangs up. The handling goes on all the same, and how it ends is what counts.
        drop(sender);
        refuses(&mut example, &request, 409);
        example.say("fail");
        let line = example.line();
        assert!(line.starts_with("failed ") && line.ends_with("told to"), "{example:?}: {line}");

        let mut sender = begin(&mut example, &request);
        refuses(&mut example, &request, 409);
        example.say("succeed");
        let line = example.line();
        assert!(line.starts_with("accepted event.created "), "{example:?}: {line}");
        assert_eq!(sender.read_answer("POST").unwrap().status, 204, "{example:?}");
        let (status, line) = tell(&mut example, &request);
        assert!(status == 204 && line.starts_with("repeated "), "{example:?}: {status} {line}");
    }
}

#[test]
#[ignore = "needs Python, Node, Go and the example in Rust: run by scripts/test"]
fn each_example_bounds_what_it_reads_and_takes_posts_alone() {
    for language in Language::ALL {
        let mut example = Example::start(language, Scheme::Hex, &secret(1).expose(), 0);
        refuses(&mut example, &Request::get("/hook"), 405);
        let large = "a".repeat(BODY_MAX_BYTES + 1);
        refuses(&mut example, &webhook("d1", &secret(1), now()).body(large), 413);
        let without_id = Request::post("/hook")
            .header("X-Sentry-Hook-Signature", webhook("", &secret(1), now()).value("X-Sentry-Hook-Signature"))
            .body(BODY);
        refuses(&mut example, &without_id, 400);
        takes(&mut example, &webhook("d1", &secret(1), now()));
        let said = Example::refusal(language, "nonsense");
        assert!(said.contains("WATCHFIRE_SECRET must hold the hook's `secret`"), "{language:?}: {said}");
    }
}
