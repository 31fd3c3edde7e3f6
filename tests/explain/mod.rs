//! `watchfire egress explain`: what `serve` would do with a hook's URL, without doing it.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_watchfire");

/// Exit code, standard output, standard error.
fn explain(arguments: &[&str]) -> (Option<i32>, String, String) {
    explain_in(&tempfile::tempdir().unwrap(), arguments, &[])
}

fn explain_in(folder: &TempDir, arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let mut command = Command::new(BINARY);
    command.args(["egress", "explain"]).args(arguments).env_clear().envs(environment.iter().copied());
    let Output { status, stdout, stderr } = command.current_dir(folder).stdin(Stdio::null()).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn row(table: &str, step: &str, part: &str) -> bool {
    table.lines().any(|line| line.starts_with(step) && line.contains(part))
}

#[test]
fn a_public_address_is_allowed_step_by_step() {
    let (code, table, said) = explain(&["https://1.1.1.1:8443/hook"]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    for (step, part) in [
        ("text", "passed   understood as https://1.1.1.1:8443/hook"),
        ("scheme", "passed   https"),
        ("port", "passed   8443"),
        ("host", "passed   1.1.1.1 is a literal address"),
        ("own origin", "passed   another server than http://127.0.0.1:9000"),
        ("address", "passed   1.1.1.1: public"),
    ] {
        assert!(row(&table, step, part), "{step} {part} in\n{table}");
    }
    assert!(table.ends_with("\nallowed: webhooks are sent to https://1.1.1.1:8443/hook\n"), "{table}");
}

#[test]
fn a_refused_text_ends_with_3_and_names_the_flag_that_would_change_it() {
    let (code, table, said) = explain(&["http://10.0.0.1/"]);
    assert_eq!(code, Some(3));
    assert!(row(&table, "scheme", "refused     starts with http://, and only https:// is allowed"), "{table}");
    assert!(row(&table, "scheme", "(--egress-allow-http allows it, --dev too)"), "{table}");
    assert!(row(&table, "host", "not judged"), "{table}");
    assert_eq!(
        said,
        "watchfire: refused: the URL starts with http://, and only https:// is allowed: no hook may have it\n"
    );
}

#[test]
fn a_name_is_resolved_and_each_address_judged_as_for_a_connection() {
    let (code, table, said) = explain(&["https://localhost/", "--egress-allow", "localhost"]);
    assert_eq!(code, Some(3));
    assert!(row(&table, "host", "localhost is not a public name, allowed by the settings"), "{table}");
    for address in ["127.0.0.1: loopback; --dev", "::1: loopback; --dev"] {
        assert!(row(&table, "address", address), "{table}");
    }
    assert!(said.contains("a hook may have the URL, and each attempt ends as refused_address"), "{said}");
    let (code, table, _) = explain(&["http://localhost:9100/", "--dev"]);
    assert_eq!(code, Some(0));
    assert!(row(&table, "address", "passed   127.0.0.1: loopback, allowed by the settings"), "{table}");
}

#[test]
fn a_name_without_an_address_is_no_refusal() {
    let (code, table, said) = explain(&["https://nothing.invalid/", "--egress-allow", "nothing.invalid"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(row(&table, "host", "passed") && row(&table, "address", "not judged"), "{table}");
}

#[test]
fn the_settings_of_serve_count_wherever_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let url = "https://10.1.2.3/";
    assert_eq!(explain_in(&folder, &[url], &[]).0, Some(3));
    assert_eq!(explain_in(&folder, &[url], &[("WATCHFIRE_EGRESS_ALLOW", "10.0.0.0/8")]).0, Some(0));
    std::fs::write(folder.path().join("watchfire.toml"), "egress-allow = ['10.0.0.0/8']\nurl = 'https://10.1.2.3'\n")
        .unwrap();
    let (code, table, _) = explain_in(&folder, &[url], &[]);
    assert_eq!(code, Some(3));
    assert!(row(&table, "own origin", "refused     leads back to this server (https://10.1.2.3;"), "{table}");
    assert_eq!(explain_in(&folder, &[url, "--url", "https://watch.example.com"], &[]).0, Some(0));
}

#[test]
fn programs_get_one_object() {
    let (code, object, said) = explain(&["https://192.168.0.1/", "--json"]);
    let object: Value = serde_json::from_str(&object).unwrap();
    assert_eq!((code, &object["verdict"]), (Some(3), &"refused".into()));
    assert!(said.contains(object["reason"].as_str().unwrap()), "{said}");
    let steps = object["steps"].as_array().unwrap();
    assert_eq!((&steps[3]["step"], &steps[3]["verdict"]), (&"host".into(), &"refused".into()));
    let (code, object, _) = explain(&["https://1.1.1.1/", "--json"]);
    let object: Value = serde_json::from_str(&object).unwrap();
    assert_eq!((code, &object["verdict"], &object["reason"]), (Some(0), &"allowed".into(), &Value::Null));
}

#[test]
fn nothing_is_sent_to_the_receiver() {
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    receiver.set_nonblocking(true).unwrap();
    let url = format!("http://{}/", receiver.local_addr().unwrap());
    assert_eq!(explain(&[&url, "--dev"]).0, Some(0));
    assert_eq!(receiver.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}
