//! What people and Prometheus are told about the metrics, compared with the page of a server: the documentation, the alerts and the
//! dashboard.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::page::{Page, matchers};
use crate::support::event::{message_envelope, new_id};
use crate::support::server::TestServer;

const RULES: &str = "deploy/prometheus/watchfire.rules.yml";
const DASHBOARD: &str = "deploy/grafana/watchfire.json";

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(name)
}

fn file(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A name, and what stands between braces behind it.
fn named(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for prefix in ["watchfire_", "process_"] {
        for (at, _) in text.match_indices(prefix) {
            let is_inside = text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            let rest = &text[at..];
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            let labels = rest[end..].strip_prefix('{').and_then(|labels| labels.split_once('}'));
            if !is_inside {
                found.push((&rest[..end], labels.map_or("", |(labels, _)| labels)));
            }
        }
    }
    found
}

/// What a file names must be on the page, labels and their values included.
fn check_names(text: &str, page: &Page) -> usize {
    let found = named(text);
    for (name, labels) in &found {
        let series = page.series_of(name).unwrap_or_else(|| panic!("{name} is no series of a server"));
        for (label, values) in matchers(labels) {
            // Those two are given by Prometheus.
            if ["instance", "job"].contains(&label.as_str()) {
                continue;
            }
            let known = series.labels.get(&label).unwrap_or_else(|| panic!("{name} has no label {label}"));
            for value in values.split('|') {
                assert!(known.contains(value), "{name} has no {label} {value}: {known:?}");
            }
        }
    }
    found.len()
}

#[test]
fn the_documentation_lists_every_series_and_no_other_with_its_type_and_all_values_of_its_labels() {
    let server = TestServer::start();
    let page = Page::of(server.address());
    let text = file("docs/metrics.md");
    let mut documented = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, name, kind, labels, meaning, _] = cells[..] else { panic!("not four cells: {line}") };
        let labels: BTreeSet<_> = labels.split('`').filter(|part| !part.trim_matches([',', ' ']).is_empty()).collect();
        assert!(documented.insert(name.trim_matches('`'), (kind, labels, meaning)).is_none(), "{name} is there twice");
    }
    for (name, series) in &page.series {
        let (kind, labels, meaning) =
            documented.remove(name.as_str()).unwrap_or_else(|| panic!("docs/metrics.md lacks {name}"));
        assert_eq!(kind, series.kind, "{name}");
        assert_eq!(labels, series.labels.keys().map(String::as_str).collect(), "{name}");
        for value in series.labels.values().flatten().filter(|value| !value.is_empty()) {
            assert!(
                meaning.contains(&format!("`{value}`")),
                "docs/metrics.md does not say what `{value}` of {name} is"
            );
        }
    }
    assert!(documented.is_empty(), "docs/metrics.md has what no server has: {:?}", documented.keys());
}

#[test]
fn alerts_and_dashboard_name_series_labels_and_values_that_a_server_has() {
    let server = TestServer::start();
    let page = Page::of(server.address());
    assert!(check_names(&file(RULES), &page) > 20);
    let dashboard: serde_json::Value = serde_json::from_str(&file(DASHBOARD)).unwrap();
    let targets =
        dashboard["panels"].as_array().unwrap().iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let mut panels = 0;
    for target in targets {
        assert!(check_names(target["expr"].as_str().unwrap(), &page) > 0, "{target}");
        panels += 1;
    }
    assert!(panels > 30);
    check_names(&dashboard["templating"].to_string(), &page);
}

#[test]
#[should_panic(expected = "has no outcome faild")]
fn a_value_with_a_slip_in_it_is_found() {
    let server = TestServer::start();
    check_names("rate(watchfire_ingest_requests_total{outcome=~\"failed|faild\"}[5m])", &Page::of(server.address()));
}

fn promtool(arguments: &[&str], input: &str) {
    let tool = std::env::var("WATCHFIRE_TEST_PROMTOOL").expect("WATCHFIRE_TEST_PROMTOOL is not set: run scripts/test");
    let mut child = Command::new(tool)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "promtool {arguments:?}: {}", String::from_utf8_lossy(&said));
}

#[test]
#[ignore = "needs promtool: run by scripts/test"]
fn prometheus_own_tool_finds_nothing_wrong_with_the_page_and_the_alerts() {
    let server = TestServer::start();
    assert_eq!(server.ask(&server.ingest("envelope").body(message_envelope(&new_id()))).status, 200);
    promtool(&["check", "metrics"], &Page::of(server.address()).text);
    promtool(&["check", "rules", path(RULES).to_str().unwrap()], "");
}
