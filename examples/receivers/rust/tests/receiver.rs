//! The receiver as a process. `tests/receivers` lets a real Watchfire send to it and to those in other languages.

#![expect(clippy::unwrap_used, reason = "in a test, what is not there is a failure")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use webhook::{Secret, Signer};

const BINARY: &str = env!("CARGO_BIN_EXE_watchfire-receiver");

struct Receiver {
    child: Child,
    lines: BufReader<ChildStdout>,
    address: String,
}

impl Receiver {
    fn start(secret: &Secret, environment: &[(&str, &str)]) -> Receiver {
        let mut command = Command::new(BINARY);
        command
            .env_clear()
            .envs(environment.iter().copied())
            .env("WATCHFIRE_SECRET", secret.expose())
            .env("PORT", "0")
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        lines.read_line(&mut first).unwrap();
        let address = first.trim().strip_prefix("listening on http://").and_then(|rest| rest.strip_suffix('/'));
        Receiver { child, lines, address: address.unwrap_or_else(|| panic!("{first}")).to_owned() }
    }

    /// The status, and the line that was printed.
    fn send(&mut self, body: &str, signature: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n");
        let of_webhook = format!("X-Sentry-Hook-Delivery: d1\r\nX-Sentry-Hook-Signature: {signature}\r\n\r\n");
        stream.write_all(format!("{head}{of_webhook}{body}").as_bytes()).unwrap();
        let (mut answer, mut line) = (String::new(), String::new());
        stream.read_to_string(&mut answer).unwrap();
        self.lines.read_line(&mut line).unwrap();
        (answer[9..12].to_owned(), line)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn what_is_signed_is_taken_once_and_what_is_not_is_refused() {
    let secret = Secret::from_random([7; 32]);
    let mut receiver = Receiver::start(&secret, &[]);
    let body = r#"{"message":"red \u001b[31m"}"#;
    let signature = String::from_utf8(Signer::new(&secret).hex(body.as_bytes()).to_vec()).unwrap();
    let refused = ("401".to_owned(), "refused 401 X-Sentry-Hook-Signature does not match\n".to_owned());
    assert_eq!(receiver.send(&format!("{body}\n"), &signature), refused);
    let (status, line) = receiver.send(body, &signature);
    assert_eq!(status, "204");
    assert!(line.contains("accepted") && !line.contains('\u{1b}'), "{line:?}");
    assert_eq!(receiver.send(body, &signature), ("204".to_owned(), "repeated \"d1\"\n".to_owned()));
}

#[test]
fn what_is_refused_is_explained_in_the_doctors_words_where_that_is_asked_for() {
    let secret = Secret::from_random([7; 32]);
    let mut receiver = Receiver::start(&secret, &[("WATCHFIRE_EXPLAIN", "true")]);
    let signature = String::from_utf8(Signer::new(&secret).hex(b"{}").to_vec()).unwrap();
    let (status, line) = receiver.send("{}\n", &signature);
    assert_eq!(status, "401");
    assert!(line.contains("does not match: ") && line.contains("without the newline at the end"), "{line}");
}

#[test]
fn it_does_not_start_without_a_secret() {
    for (secret, said) in [("", "64 hex digits"), ("nonsense", "got 8 bytes")] {
        let mut command = Command::new(BINARY);
        let Output { status, stderr, .. } =
            command.env_clear().env("WATCHFIRE_SECRET", secret).env("PORT", "0").output().unwrap();
        let text = String::from_utf8(stderr).unwrap();
        assert!(!status.success() && text.contains(said), "{text}");
    }
}
