//! `watchfire verify`: yes, or why not.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use webhook::Signer;

use crate::{Shell, said, with_stdin};

const SECRET: &str = "8fcac28aaa4c4f5fa572b61d40a8e084364db25fd37449c299e5a41c0504cbc2";
const SIGNATURE_OF_BRACES: &str = "7399600edfeb77014917d19b57555cd9b4b39b78cb08b63a0d3b3a1e9ba39390";

fn now_unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn verify_says_valid_or_why_not() {
    let shell = Shell::new();
    shell.write("secret", &format!("{SECRET}\n"));
    shell.write("body", "{}");
    shell.write("body-with-newline", "{}\n");
    let line = |body| ["verify", "--secret-file", "secret", "--signature", SIGNATURE_OF_BRACES, body];
    assert_eq!(shell.done(&line("body")), "valid\n");
    let error = shell.refused(&line("body-with-newline"), 3);
    assert!(error.contains("not valid") && error.contains("without the newline at the end"), "{error}");
    assert!(shell.refused(&line("nowhere"), 1).contains("cannot read the body nowhere"));
}

#[test]
fn verify_takes_the_secret_from_the_environment_and_the_body_from_standard_input() {
    let shell = Shell::new();
    let command = || shell.command(&["verify", "--signature", SIGNATURE_OF_BRACES]);
    let mut with_secret = command();
    with_secret.env("WATCHFIRE_SECRET", SECRET);
    assert_eq!(said(&with_stdin(with_secret, b"{}"), 0), "valid\n");
    let mut with_nonsense = command();
    with_nonsense.env("WATCHFIRE_SECRET", "nonsense");
    let output = with_stdin(with_nonsense, b"{}");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && error.contains("expected 64 hex digits"), "{error}");
    assert!(!error.contains("nonsense"), "{error}");
    assert_eq!(with_stdin(command(), b"{}").status.code(), Some(2));
}

#[test]
fn verify_takes_a_webhook_signature_with_the_two_headers_that_it_signs_too() {
    let shell = Shell::new();
    shell.write("secret", SECRET);
    shell.write("body", "{}");
    let (time, signer) = (now_unix_seconds().to_string(), Signer::new(&SECRET.parse().unwrap()));
    let signature = String::from_utf8(signer.standard("d1", &time, b"{}").to_vec()).unwrap();
    let line = ["verify", "--secret-file", "secret", "--signature", &signature, "body"];
    assert_eq!(shell.done(&[&line[..], &["--id", "d1", "--timestamp", &time]].concat()), "valid\n");
    let error = shell.refused(&[&line[..], &["--id", "d2", "--timestamp", &time]].concat(), 3);
    assert!(error.contains("not valid: the signature does not match") && error.contains("hint: none of"), "{error}");
    let error = shell.refused(&[&line[..], &["--id", "d1"]].concat(), 2);
    assert!(error.contains("with --id and webhook-timestamp with --timestamp"), "{error}");
    let error = shell.refused(&["verify", "--secret-file", "secret", "body"], 2);
    assert!(error.contains("--signature SIGNATURE, or the headers that arrived with --headers FILE"), "{error}");
}

#[test]
fn verify_judges_every_signature_in_a_file_of_headers() {
    let shell = Shell::new();
    shell.write("secret", SECRET);
    shell.write("old-secret", &"0".repeat(64));
    shell.write("body", "{}");
    shell.write("body-written-again", "{ }");
    let (time, text) = (now_unix_seconds(), |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap());
    let standard = text(&Signer::new(&SECRET.parse().unwrap()).standard("d1", &time.to_string(), b"{}"));
    let previous = text(&Signer::new(&"0".repeat(64).parse().unwrap()).hex(b"{}"));
    let headers = format!(
        "POST / HTTP/1.1\r\nx-sentry-hook-signature: {previous}\r\nX-ServiceHook-Signature: {previous}\r\n\
         webhook-id: d1\r\nwebhook-timestamp: {time}\r\nwebhook-signature: {standard}\r\n\r\n"
    );
    shell.write("headers", &headers);
    let line = |body| ["verify", "--secret-file", "secret", "--headers", "headers", body];
    let said = shell.done(&line("body"));
    assert!(
        said.starts_with("valid, by webhook-signature\n  X-Sentry-Hook-Signature, X-ServiceHook-Signature: "),
        "{said}"
    );
    let rotating = [&line("body")[..], &["--previous-secret-file", "old-secret"]].concat();
    let said = shell.done(&rotating);
    assert!(
        said.starts_with("valid, by X-Sentry-Hook-Signature, X-ServiceHook-Signature, webhook-signature\n"),
        "{said}"
    );
    assert!(said.contains("made with the secret before the rotation"), "{said}");
    let error = shell.refused(&line("body-written-again"), 3);
    assert!(
        error.contains("webhook-signature: the signature does not match") && error.contains("wrote it again"),
        "{error}"
    );
    shell.write("headers", "Content-Type: application/json\n");
    assert!(shell.refused(&line("body"), 3).contains("not valid: no header holds a signature"));
    let both = [&line("body")[..], &["--signature", SIGNATURE_OF_BRACES]].concat();
    assert!(shell.refused(&both, 2).contains("leave one out"));
}

#[test]
fn verify_tells_programs_what_it_found_before_it_fails() {
    let shell = Shell::new();
    shell.write("secret", SECRET);
    shell.write("body", "{}\n");
    let line = ["verify", "--json", "--secret-file", "secret", "--signature", SIGNATURE_OF_BRACES, "body"];
    let output = shell.run(&line);
    let told: Value = serde_json::from_str(&said(&output, 3)).unwrap();
    assert_eq!((&told["valid"], &told["signatures"][0]["finding"]), (&false.into(), &"newline_added".into()));
    shell.write("body", "{}");
    let told: Value = serde_json::from_str(&shell.done(&line)).unwrap();
    assert_eq!((&told["valid"], &told["signatures"][0]["advice"]), (&true.into(), &Value::Null));
}
