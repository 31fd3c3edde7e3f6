//! `watchfire hooks`: the whole life of a hook.

use super::command::{holds, run, value};
use crate::support::receiver::Receiver;
use crate::support::server::TestServer;

#[test]
fn a_hook_is_made_tested_changed_rotated_and_deleted_from_the_command_line() {
    let (server, receiver) = (TestServer::start(), Receiver::start());
    let hooks = |line: &[&str]| run(&server, &[&["hooks"], line].concat());
    holds(&hooks(&["list"]).err, &["my-org/my-project has no hook", "hooks create"]);

    let url = receiver.url();
    let made = hooks(&["create", "--hook-url", &url, "--event", "event.created", "--header", "X-Team: payments"]);
    holds(&made.err, &["X-Sentry-Hook-Signature", "watchfire hooks test"]);
    let made = made.done();
    let (id, secret) = (value(&made, "id").to_owned(), value(&made, "secret").to_owned());
    receiver.trust(&secret);

    let table = hooks(&["list"]).done();
    let row = table.lines().nth(1).unwrap();
    holds(row, &[&id, "active", "unknown", "event.created", &url]);
    assert!(!table.contains(&secret), "{table}");

    let tested = hooks(&["test", &id]).done();
    assert_eq!((value(&tested, "status"), value(&tested, "outcome")), ("204", "succeeded"));
    let webhook = receiver.wait_for(1).remove(0);
    assert_eq!((webhook.header("X-Team"), webhook.delivery()), ("payments", value(&tested, "delivery")));

    let changed = hooks(&["update", &id, "--timeout", "9", "--retries", "exponential", "--no-header"]).done();
    assert_eq!((value(&changed, "timeout"), value(&changed, "retries")), ("9 s", "exponential"));
    assert_eq!((value(&changed, "headers"), value(&changed, "events")), ("none", "event.created"));
    let shown = hooks(&["show", &id]).done();
    assert_eq!(value(&shown, "url"), url);
    assert!(!shown.contains(&secret), "{shown}");
    assert_eq!(hooks(&["show", &id, "--json"]).object()["secret"], secret.as_str());

    holds(&hooks(&["disable", &id]).done(), &["is disabled"]);
    holds(&hooks(&["test", &id]).said(3), &["The hook is disabled", "409"]);
    holds(&hooks(&["enable", &id]).done(), &["is active"]);

    let rotated = hooks(&["rotate-secret", &id, "--overlap", "600"]);
    holds(&rotated.err, &["both secrets until"]);
    let fresh = value(&rotated.done(), "secret").to_owned();
    assert_ne!(fresh, secret);
    value(&hooks(&["show", &id]).done(), "old secret");
    holds(&hooks(&["rotate-secret", &id]).said(3), &["rotated already"]);
    let finished = hooks(&["rotate-secret", &id, "--finish", "--json"]).object();
    assert_eq!((&finished["secret"], finished["previousSecretUntil"].is_null()), (&fresh.as_str().into(), true));

    // Nobody can be asked here.
    holds(&hooks(&["delete", &id]).said(2), &["--yes"]);
    assert_eq!(hooks(&["list", "--json"]).objects().len(), 1);
    assert_eq!(hooks(&["delete", &id, "--yes"]).done(), format!("deleted {id}\n"));
    holds(&hooks(&["show", &id]).said(3), &[&format!("no hook {id}"), "my-org/my-project", "watchfire hooks list"]);
}

#[test]
fn a_test_that_fails_is_shown_with_the_receivers_answer_and_ends_with_code_3() {
    let (server, receiver) = (TestServer::start(), Receiver::start());
    let hook = server.add_hook(&receiver);
    receiver.answer(503);
    let failed = run(&server, &["hooks", "test", &hook.id]);
    holds(&failed.out, &["status    503", "outcome   http_error"]);
    holds(&failed.said(3), &["the test of the hook", "503"]);
    let failed = run(&server, &["hooks", "test", &hook.id, "--json"]);
    let outcome: serde_json::Value = serde_json::from_str(&failed.out).unwrap();
    assert_eq!((failed.code, &outcome["status"], &outcome["succeeded"]), (3, &503.into(), &false.into()));
}
