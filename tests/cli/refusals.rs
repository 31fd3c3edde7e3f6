//! What is wrong is told with where it is and what to do, and with the right exit code.

use super::command::{Ended, command, holds, run, run_at};
use crate::support::http::Request;
use crate::support::receiver::Receiver;
use crate::support::server::{TestServer, free_address, init};

#[test]
fn who_and_where_are_checked_before_anything_else() {
    let server = TestServer::start();
    let (address, token) = (server.address(), server.account().token.clone());
    let nobody = Ended::of(command(&["hooks", "list"]).output().unwrap());
    holds(&nobody.said(2), &["no token", "WATCHFIRE_TOKEN", "--token-file", "watchfire token create"]);
    holds(&run_at(address, "no token", &["hooks", "list"]).said(2), &["WATCHFIRE_TOKEN", "no token"]);
    let wrong = run_at(address, "sntryu_0000", &["hooks", "list"]).said(3);
    holds(&wrong, &["does not know the token of WATCHFIRE_TOKEN", "watchfire token create"]);

    let away = free_address();
    let unreachable = run_at(away, &token, &["deliveries", "list", "4f1c"]).said(1);
    holds(&unreachable, &[&format!("http://{away} (of WATCHFIRE_URL)"), "is the server running"]);
    let receiver = Receiver::start();
    let other = run(&server, &["hooks", "list", "--url", &receiver.url()]).said(1);
    holds(&other, &["no Watchfire", "(of --url)"]);

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{token}\n")).unwrap();
    let path = file.path().to_str().unwrap();
    run_at(address, "sntryu_0000", &["hooks", "list", "--token-file", path]).done();
}

#[test]
fn who_guesses_tokens_is_told_that_it_was_too_often_and_when_to_come_again() {
    let server = TestServer::start();
    let guess = Request::get("/api/0/projects/").header("Authorization", "Bearer sntryu_0000");
    // A guess comes back every few seconds: where the command has waited long for its turn, it is the one.
    let mut tries = (0..20).map(|_| {
        while server.ask(&guess).status != 429 {}
        run_at(server.address(), "sntryu_0000", &["hooks", "list"])
    });
    let refused = tries.find(|ended| ended.code != 3).unwrap();
    holds(&refused.said(1), &["has had too many requests: ", "Limit is 20 requests", "try again in ", " s\n"]);
    run(&server, &["hooks", "list"]).done();
}

#[test]
fn a_token_that_may_only_read_is_told_which_scope_it_lacks_and_help_never_shows_it() {
    let server = TestServer::start();
    let folder = server.folder().to_str().unwrap();
    let made = command(&["token", "create", "--data", folder, "--scope", "project:read"]).output().unwrap();
    let reader = Ended::of(made).done();
    let reader = reader.trim();
    run_at(server.address(), reader, &["hooks", "list"]).done();
    let line = ["hooks", "create", "--hook-url", "http://127.0.0.1:9100/", "--event", "event.created"];
    holds(&run_at(server.address(), reader, &line).said(3), &["may not", "project:write", "--scope"]);
    for help in [&["hooks", "list", "--help"][..], &["hooks", "list", "--limit"], &["deliveries", "list", "--help"]] {
        let Ended { out, err, .. } = run_at(server.address(), reader, help);
        assert!(!out.contains(reader) && !err.contains(reader), "{out}{err}");
    }
}

#[test]
fn what_the_server_refuses_is_told_with_the_names_of_the_flags() {
    let server = TestServer::start();
    let line = ["hooks", "create", "--hook-url", "gopher://x", "--timeout", "99", "--header", "Host: x"];
    holds(&run(&server, &line).said(3), &["--hook-url: ", "--timeout: Ensure this value", "--header: "]);
    let unknown = "0123456789abcdef0123456789abcdef";
    holds(&run(&server, &["hooks", "test", unknown]).said(3), &["no hook 0123", "watchfire hooks list"]);
    let line = ["deliveries", "show", unknown, unknown];
    holds(&run(&server, &line).said(3), &["no delivery 0123", "watchfire deliveries list"]);
    holds(&run(&server, &["hooks", "update", unknown]).said(2), &["nothing to change"]);
    holds(&run(&server, &["deliveries", "replay", unknown, "--since", "yesterday"]).said(2), &["2h", "--since"]);
}

#[test]
fn of_several_projects_one_must_be_named() {
    let server = TestServer::start();
    init(server.folder(), &["--project", "app"]);
    let several = run(&server, &["hooks", "list"]).said(2);
    holds(&several, &["my-org/my-project", "my-org/app", "--project"]);
    run(&server, &["hooks", "list", "--project", "app"]).done();
    holds(&run(&server, &["hooks", "list", "--project", "nope"]).said(3), &["my-org/app"]);
}
