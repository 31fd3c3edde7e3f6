//! The real `sentry-cli` as people use it on issues: what it prints is what the server says.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::programs::{program, send_event};
use crate::support::event::{message_envelope, new_id};
use crate::support::scene::accepted;
use crate::support::server::TestServer;

/// A line of a table that the program prints, cell by cell.
type Row = Vec<String>;

/// What the program prints on a server, and whether it succeeded.
struct Said {
    text: String,
    is_success: bool,
}

fn sentry_cli(server: &TestServer, arguments: &[&str]) -> Said {
    let account = server.account();
    let mut command = Command::new(program("WATCHFIRE_TEST_SENTRY_CLI"));
    command.env_clear().env("SENTRY_URL", format!("http://{}/", server.address()));
    command.env("SENTRY_AUTH_TOKEN", &account.token).env("SENTRY_DISABLE_UPDATE_CHECK", "1");
    command.env("SENTRY_ORG", &account.organization).env("SENTRY_PROJECT", &account.project);
    // Its own settings are not the tests' business.
    command.env("HOME", server.folder()).current_dir(server.folder());
    let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    Said { text: String::from_utf8(text).unwrap(), is_success: output.status.success() }
}

impl Said {
    #[track_caller]
    fn success(self) -> String {
        assert!(self.is_success, "{}", self.text);
        self.text
    }

    /// The rows of the table, its head first.
    #[track_caller]
    fn table(self) -> Vec<Row> {
        let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        self.success().lines().filter(|line| line.starts_with('|')).map(cells).collect()
    }
}

/// Numbers and statuses of the issues that a list shows.
#[track_caller]
fn issues(server: &TestServer, arguments: &[&str]) -> Vec<(String, String)> {
    let rows = sentry_cli(server, &[&["issues", "list"], arguments].concat()).table();
    rows.into_iter().skip(1).map(|row| (row[1].clone(), row[4].clone())).collect()
}

fn issue(number: u32, status: &str) -> (String, String) {
    (format!("MY-PROJECT-{number}"), status.to_owned())
}

#[test]
#[ignore = "needs sentry-cli: run by scripts/test"]
fn sentry_cli_knows_where_it_is_logged_in() {
    let server = TestServer::start();
    let info = sentry_cli(&server, &["info"]).success();
    assert!(info.contains("Method: Auth Token") && info.contains("User: admin@localhost"), "{info}");
    for scope in ["- event:admin", "- project:write", "- org:read"] {
        assert!(info.contains(scope), "{scope}: {info}");
    }
    let status: Value =
        serde_json::from_str(&sentry_cli(&server, &["info", "--config-status-json"]).success()).unwrap();
    assert_eq!(status["auth"]["successful"], true);
    let wrong = sentry_cli(&server, &["--auth-token", &format!("sntryu_{}", "0".repeat(64)), "info"]);
    assert!(!wrong.is_success && wrong.text.contains("Invalid token"), "{}", wrong.text);
}

#[test]
#[ignore = "needs sentry-cli: run by scripts/test"]
fn sentry_cli_lists_organizations_and_projects() {
    let server = TestServer::start();
    let organizations = sentry_cli(&server, &["organizations", "list"]).table();
    assert_eq!(organizations[0], ["ID", "Name", "Slug", "Date Created", "Early Adopter", "Requires 2FA"]);
    assert_eq!(organizations[1][..3], ["1", "my-org", "my-org"]);
    assert_eq!(organizations[1][4..], ["false", "false"]);
    let projects = sentry_cli(&server, &["projects", "list"]).table();
    let expected = [["ID", "Slug", "Team", "Name"], ["1", "my-project", "my-org", "my-project"]];
    assert_eq!(projects, expected);
}

#[test]
#[ignore = "needs sentry-cli: run by scripts/test"]
fn sentry_cli_lists_resolves_mutes_and_reopens_issues() {
    let server = TestServer::start();
    send_event(&server.dsn());
    let id = new_id();
    accepted(&server.ask(&server.ingest("envelope").body(message_envelope(&id))), &id);
    let list = sentry_cli(&server, &["issues", "list"]).table();
    assert_eq!(list[0], ["Issue ID", "Short ID", "Title", "Last seen", "Status", "Level"]);
    let warning = list.iter().find(|row| row[1] == "MY-PROJECT-1").unwrap();
    assert_eq!((warning[2].as_str(), warning[5].as_str()), ("deploy 1.4.0 of shop failed", "warning"));
    let both = |first, second| vec![issue(2, second), issue(1, first)];
    assert_eq!(issues(&server, &[]), both("unresolved", "unresolved"));
    for (query, found) in [("level:warning plan:gold", vec![issue(1, "unresolved")]), ("is:resolved", vec![])] {
        assert_eq!(issues(&server, &["--query", query]), found, "{query}");
    }
    let first = warning[0].as_str();
    for (arguments, status, after) in [
        (vec!["issues", "resolve", "-i", first], "resolved", both("resolved", "unresolved")),
        (vec!["issues", "mute", "-s", "unresolved"], "muted", both("resolved", "ignored")),
        (vec!["issues", "unresolve", "-i", first], "unresolved", both("unresolved", "ignored")),
        (vec!["issues", "resolve", "--all"], "resolved", both("resolved", "ignored")),
    ] {
        let said = sentry_cli(&server, &arguments).success();
        assert!(said.contains("Updated matching issues.") && said.contains(&format!("new status: {status}")), "{said}");
        assert_eq!(issues(&server, &[]), after, "{arguments:?}");
    }
    let refused = sentry_cli(&server, &["issues", "list", "--query", "assigned:me"]);
    assert!(
        !refused.is_success && refused.text.contains("Watchfire cannot search for `assigned:me`"),
        "{}",
        refused.text
    );
}

#[test]
#[ignore = "needs sentry-cli: run by scripts/test"]
fn sentry_cli_lists_events_with_users_and_tags_page_after_page() {
    let server = TestServer::start();
    let full = send_event(&server.dsn());
    let events = sentry_cli(&server, &["events", "list", "--show-user", "--show-tags"]).table();
    assert_eq!(events[0], ["Event ID", "Date", "Title", "User", "Tags"]);
    assert_eq!(events[1][0].replace('-', ""), full);
    assert_eq!(events[1][2], "deploy 1.4.0 of shop failed");
    assert!(events[1][3].contains("u-17") && events[1][3].contains("zoe@example.com"), "{}", events[1][3]);
    let tags: Vec<_> = events[1..].iter().map(|row| row[4].as_str()).collect();
    for tag in ["plan: gold", "environment: staging", "release: shop@1.4.0", "level: warning"] {
        assert!(tags.contains(&tag), "{tag}: {tags:?}");
    }
    let mut sent = vec![full];
    for _ in 0..120 {
        let id = new_id();
        accepted(&server.ask(&server.ingest("envelope").body(message_envelope(&id))), &id);
        sent.push(id);
    }
    let events = sentry_cli(&server, &["events", "list"]).table();
    let mut listed: Vec<_> = events[1..].iter().map(|row| row[0].replace('-', "")).collect();
    listed.reverse();
    assert_eq!(listed, sent, "two pages, newest first");
}
