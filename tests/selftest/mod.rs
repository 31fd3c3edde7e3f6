//! `watchfire egress selftest`: whether the guard holds where it runs.
//!
//! What the DNS of the machine says is the machine's: the one row about it decides nothing here.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_watchfire");

struct Tested {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn selftest(arguments: &[&str], environment: &[(&str, &str)]) -> Tested {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(BINARY);
    command.args(["egress", "selftest"]).args(arguments).env_clear().envs(environment.iter().copied());
    let Output { status, stdout, stderr } = command.current_dir(&folder).stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Tested { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

fn rows(tested: &Tested) -> Vec<(String, String, String)> {
    let report: Value = serde_json::from_str(&tested.stdout).unwrap();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let rows = report["rows"].as_array().unwrap().iter();
    rows.map(|row| (text(row, "check"), text(row, "subject"), text(row, "verdict"))).collect()
}

#[test]
fn nothing_of_this_machine_is_reached_without_settings() {
    let tested = selftest(&["--json"], &[]);
    let rows = rows(&tested);
    for (check, subject, verdict) in rows.iter().filter(|(check, ..)| check != "dns") {
        assert!(["held", "public", "not_checked"].contains(&verdict.as_str()), "{check} {subject}: {verdict}");
    }
    for (check, subject) in [("table", "135 URLs"), ("metadata", "169.254.169.254"), ("name", "localhost")] {
        assert!(rows.contains(&(check.into(), subject.into(), "held".into())), "{check} {subject} in {rows:?}");
    }
    let dns_failed = rows.iter().any(|(check, _, verdict)| check == "dns" && verdict == "failed");
    assert_eq!(tested.code, Some(if dns_failed { 3 } else { 0 }), "{}", tested.stderr);
    let report: Value = serde_json::from_str(&tested.stdout).unwrap();
    assert_eq!(
        (&report["verdict"], &report["cases"]),
        (&if dns_failed { "does_not_hold" } else { "holds" }.into(), &135.into())
    );
}

#[test]
fn what_the_settings_open_is_listed_and_ends_with_3() {
    let tested = selftest(&["--egress-allow", "169.254.169.254"], &[]);
    assert_eq!(tested.code, Some(3));
    let line =
        |start: &str| tested.stdout.lines().find(|line| line.starts_with(start)).map(str::to_owned).unwrap_or_default();
    assert!(line("metadata     169.254.169.254").contains("OPEN"), "{}", tested.stdout);
    assert!(line("metadata     169.254.170.2").contains("held"), "{}", tested.stdout);
    assert!(tested.stdout.contains("U104 http://169.254.169.254/latest/meta-data/"), "{}", tested.stdout);
    assert!(tested.stderr.contains("the guard does not hold here: "), "{}", tested.stderr);
}

#[test]
fn a_proxy_in_the_environment_is_named_and_ignored() {
    let tested = selftest(&["--json"], &[("HTTPS_PROXY", "http://127.0.0.1:9"), ("all_proxy", "socks5://127.0.0.1:9")]);
    let proxy = ("proxy".to_owned(), "HTTPS_PROXY, all_proxy".to_owned(), "held".to_owned());
    assert!(rows(&tested).contains(&proxy), "{}", tested.stdout);
}

#[test]
fn a_wrong_setting_is_refused_before_anything_is_tried() {
    let tested = selftest(&["--egress-allow", "10.1.2.3/8"], &[]);
    assert_eq!((tested.code, tested.stdout.as_str()), (Some(2), ""));
    assert!(tested.stderr.contains("10.1.2.3/8"), "{}", tested.stderr);
}
