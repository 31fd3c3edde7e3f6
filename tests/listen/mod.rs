//! `watchfire listen`: a newcomer sees the first webhook, checked and in words, without a line of code.

mod process;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use serde_json::Value;
use testkit::{Authority, FakeReceiver};
use webhook::{Secret, Signer};

use self::process::{Listener, secret_file};
use crate::support::event::{message_envelope, new_id};
use crate::support::http::{Answer, Connection, Request};
use crate::support::receiver::Receiver;
use crate::support::scene::accepted;
use crate::support::server::{TestServer, free_address};

const BODY: &str = r#"{"message":"red \u001b[31m","level":"error","url":"http://w/1","project":"p"}"#;

fn send_event(server: &TestServer) -> String {
    let id = new_id();
    accepted(&server.ask(&server.ingest("envelope").body(message_envelope(&id))), &id);
    id
}

fn secret() -> Secret {
    Secret::from_random([7; 32])
}

fn signed(by: &Secret, body: &str) -> Request {
    let signature = String::from_utf8(Signer::new(by).hex(body.as_bytes()).to_vec()).unwrap();
    Request::post("/any/path")
        .header("X-Sentry-Hook-Event", "event.created")
        .header("X-Sentry-Hook-Delivery", "d1")
        .header("X-Sentry-Hook-Attempt", "1")
        .header("X-Sentry-Hook-Signature", signature)
        .body(body)
}

fn ask(listener: &Listener, request: &Request) -> Answer {
    request.send(listener.address()).unwrap()
}

fn one(lines: &[&str], part: &str) -> String {
    let found: Vec<&&str> = lines.iter().filter(|line| line.contains(part)).collect();
    assert_eq!(found.len(), 1, "{part} in {lines:?}");
    (*found[0]).to_owned()
}

#[test]
fn a_webhook_of_a_real_server_is_printed_and_valid_by_every_header() {
    let server = TestServer::start();
    // The secret is known only once the hook is there, and the hook wants the address.
    let address = free_address();
    let hook = server.add_hook_to(&format!("http://{address}/"));
    let file = secret_file(&hook.secret);
    let path = file.path().to_str().unwrap();
    let mut listener = Listener::start(&["--port", &address.port().to_string(), "--secret-file", path], &[]);
    assert!(listener.banner().contains(&format!("checked with the secret in {path}.")), "{}", listener.banner());
    send_event(&server);
    let block = listener.block();
    let lines: Vec<&str> = block.lines().collect();
    assert!(lines[0].contains("  event.created  "), "{block}");
    one(&lines, "  project    my-project");
    assert!(one(&lines, "  issue  ").contains("/organizations/my-org/issues/1/"), "{block}");
    assert!(one(&lines, "  delivery  ").ends_with(", attempt 1"), "{block}");
    let by = "  signature  valid, by X-Sentry-Hook-Signature, X-ServiceHook-Signature, webhook-signature";
    assert_eq!(one(&lines, "  signature  "), by);
    assert_eq!(*lines.last().unwrap(), "  answered   200");
    listener.interrupt();
}

#[test]
fn programs_get_one_line_with_the_body_as_it_was_sent() {
    let server = TestServer::start();
    let mut listener = Listener::start(&["--port", "0", "--json"], &[]);
    server.add_hook_to(&format!("http://{}/", listener.address()));
    let id = send_event(&server);
    let line = listener.line();
    let shown: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&shown["kind"], &shown["answered"]), (&"event.created".into(), &200.into()));
    assert_eq!((&shown["signature"]["state"], &shown["body"]["id"]), (&"not checked".into(), &id.into()));
    assert_eq!(shown["title"], shown["body"]["message"]);
    listener.interrupt();
}

#[test]
fn without_a_secret_it_says_that_nothing_is_checked_and_how_to_add_a_hook() {
    let mut listener = Listener::start(&["--port", "0"], &[]);
    let banner = listener.banner();
    for part in ["Signatures are not checked", "--secret-file", "curl -X POST", "\"Authorization: Bearer $TOKEN\""] {
        assert!(banner.contains(part), "{part} in {banner}");
    }
    assert!(banner.contains(&format!("\"url\": \"http://{}/\"", listener.address())), "{banner}");
    let answer = ask(&listener, &signed(&secret(), BODY));
    assert_eq!((answer.status, answer.text()), (200, r#"{"received":true}"#));
    let block = listener.block();
    assert!(block.contains("  signature  not checked: no secret was given\n"), "{block}");
    assert!(!block.contains('\u{1b}'), "a terminal would obey: {block:?}");
    listener.interrupt();
}

#[test]
fn a_wrong_signature_is_answered_401_and_explained_as_verify_does() {
    let mut listener = Listener::start(&["--port", "0"], &[("WATCHFIRE_SECRET", &secret().expose())]);
    assert!(listener.banner().contains("checked with the secret in WATCHFIRE_SECRET."), "{}", listener.banner());
    assert_eq!(ask(&listener, &signed(&secret(), BODY)).status, 200);
    assert!(listener.block().contains("  signature  valid, by X-Sentry-Hook-Signature\n"));
    let tampered = signed(&secret(), BODY).body(format!("{BODY}\n"));
    assert_eq!(ask(&listener, &tampered).status, 401);
    let block = listener.block();
    assert!(block.contains("  signature  not valid\n"), "{block}");
    assert!(block.contains("X-Sentry-Hook-Signature: the signature does not match"), "{block}");
    assert!(block.contains("hint: it matches without the newline at the end"), "{block}");
    assert!(block.contains("  answered   401\n"), "{block}");
    assert_eq!(ask(&listener, &Request::post("/").body(BODY)).status, 401);
    assert!(listener.block().contains("not valid: no header holds a signature"));
    listener.interrupt();
}

#[test]
fn a_status_that_was_asked_for_is_answered_and_the_body_is_printed() {
    let mut listener = Listener::start(&["--port", "0", "--body"], &[("WATCHFIRE_STATUS", "503")]);
    assert_eq!(ask(&listener, &signed(&secret(), r#"{"b":1.10,"a":[]}"#)).status, 503);
    let block = listener.block();
    assert!(block.ends_with("  answered   503\n{\n  \"b\": 1.10,\n  \"a\": []\n}\n"), "{block}");
    listener.interrupt();
}

#[test]
fn what_is_posted_on_is_the_same_webhook_and_its_answer_comes_back() {
    let server = TestServer::start();
    let receiver = Receiver::start();
    let mut listener = Listener::start(&["--port", "0", "--forward", &receiver.url()], &[]);
    let hook = server.add_hook_to(&format!("http://{}/", listener.address()));
    receiver.trust(&hook.secret);
    receiver.answer(418);
    let id = send_event(&server);
    // It fails on a signature that does not hold for the bytes and headers that came.
    let webhook = receiver.wait_for_event(&id);
    assert_eq!(webhook.start, "POST /hook HTTP/1.1");
    assert_eq!(format!("http://{}/hook", webhook.header("host")), receiver.url());
    assert!(webhook.header("user-agent").starts_with("Watchfire/"));
    assert!(listener.block().contains("  answered   418\n"));
    listener.interrupt();
}

#[test]
fn what_is_posted_on_goes_to_a_private_authority_where_it_is_named() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let authority = Authority::new();
    let receiver = runtime.block_on(FakeReceiver::start_tls(authority.issue(&["localhost"])));
    let url = format!("https://localhost:{}/hook", receiver.port());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), authority.root_pem()).unwrap();
    let ca = [("WATCHFIRE_CA", file.path().to_str().unwrap())];
    for (environment, status) in [(&ca[..0], 502), (&ca[..], 200)] {
        let mut listener = Listener::start(&["--port", "0", "--forward", &url], environment);
        assert_eq!(ask(&listener, &signed(&secret(), BODY)).status, status);
        let block = listener.block();
        assert_eq!(block.contains("no trusted authority signed the certificate"), status == 502, "{block}");
        listener.interrupt();
    }
    assert_eq!(receiver.requests().len(), 1);
}

#[test]
fn a_webhook_that_cannot_be_posted_on_is_answered_502_and_says_why() {
    // Port 1 is reserved, and nobody listens there.
    let mut listener = Listener::start(&["--port", "0", "--forward", "http://127.0.0.1:1/"], &[]);
    assert_eq!(ask(&listener, &signed(&secret(), BODY)).status, 502);
    let block = listener.block();
    assert!(block.contains("  forward    cannot connect to 127.0.0.1:1: is the server running"), "{block}");
    listener.interrupt();
}

/// A server for one connection, which it answers with these bytes and then holds open until the other side closes it.
fn one_answer(answer: Vec<u8>) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // An answer that comes before its request is none.
        stream.read_exact(&mut [0]).unwrap();
        // Whoever has read enough hangs up: then neither writing nor reading on is a fault.
        drop(stream.write_all(&answer));
        drop(stream.read_to_end(&mut Vec::new()));
    });
    (url, serving)
}

#[test]
fn an_answer_without_end_is_cut_off_and_is_none() {
    let endless = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 64 * 1024 + 1]].concat();
    let (url, serving) = one_answer(endless);
    let mut listener = Listener::start(&["--port", "0", "--forward", &url], &[]);
    assert_eq!(ask(&listener, &signed(&secret(), BODY)).status, 502);
    let block = listener.block();
    assert!(block.contains("did not end its answer within 65536 bytes"), "{block}");
    serving.join().unwrap();
    listener.interrupt();
}

#[test]
fn ctrl_c_does_not_wait_for_a_receiver_that_keeps_still() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let mut listener = Listener::start(&["--port", "0", "--forward", &url], &[]);
    let mut asking = Connection::open(listener.address()).unwrap();
    asking.write(&signed(&secret(), BODY).bytes()).unwrap();
    let _posted_on = silent.accept().unwrap();
    listener.interrupt();
}

#[test]
fn a_reader_that_goes_away_ends_it_well() {
    let mut listener = Listener::start_unread(&["--port", "0"]);
    assert_eq!(ask(&listener, &signed(&secret(), BODY)).status, 200);
    listener.ends_well();
}

#[test]
fn a_webhook_with_a_wrong_signature_is_not_posted_on() {
    let receiver = Receiver::start();
    let environment = [("WATCHFIRE_SECRET", secret().expose()), ("WATCHFIRE_FORWARD", receiver.url())];
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut listener = Listener::start(&["--port", "0"], &environment);
    assert_eq!(ask(&listener, &signed(&Secret::from_random([8; 32]), BODY)).status, 401);
    assert!(listener.block().contains("  answered   401\n"));
    assert_eq!(receiver.webhooks().len(), 0);
    listener.interrupt();
}

#[test]
fn what_is_no_webhook_is_refused_and_named_beside_the_output() {
    let mut listener = Listener::start(&["--port", "0"], &[]);
    assert_eq!(ask(&listener, &Request::get("/favicon.ico")).status, 405);
    assert_eq!(ask(&listener, &signed(&secret(), &"x".repeat(4 * 1024 * 1024 + 1))).status, 413);
    assert_eq!(ask(&listener, &signed(&secret(), "not JSON")).status, 200);
    assert!(listener.block().contains("event.created  -  -\n"));
    let said = listener.interrupt();
    assert!(said.contains("GET /favicon.ico is no webhook: a webhook is a POST (answered 405)"), "{said}");
    assert!(said.contains("is larger than 4194304 bytes, or broke off (answered 413)"), "{said}");
}

#[test]
fn settings_that_cannot_be_meant_are_refused_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let free = free_address().port().to_string();
    let itself = format!("http://localhost:{free}/x");
    for (line, code, part) in [
        (&["--port", port.as_str()][..], 1, "choose another port with --port"),
        (&["--forward", &itself, "--port", &free], 2, "--forward leads back to this receiver"),
        (&["--forward", "127.0.0.1:3000"], 2, "expected a URL that begins with http:// or https://"),
        (&["--status", "100"], 2, "200..=599"),
        (&["--secret-file", "nowhere"], 1, "cannot read the secret nowhere"),
    ] {
        let (status, said) = process::refusal(line);
        assert!(status == Some(code) && said.contains(part), "{line:?}: {status:?} {said}");
    }
}

#[test]
fn the_table_of_the_file_is_called_receiver_and_stands_beside_the_address_of_serve() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("watchfire.toml");
    std::fs::write(&file, "listen = '127.0.0.1:9000'\n[receiver]\nport = 0\nstatus = 204\n").unwrap();
    let mut listener = Listener::start(&["--config", file.to_str().unwrap()], &[]);
    assert_eq!(ask(&listener, &signed(&secret(), BODY)).status, 204);
    assert!(listener.block().contains("  answered   204\n"));
    listener.interrupt();
}
