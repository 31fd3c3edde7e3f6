//! A server whose certificate a company's own authority signed, as most are that are not on the internet.

use std::process::Command;

use tempfile::TempDir;
use testkit::{Authority, Behaviour, FakeReceiver, Reply};
use tokio::runtime::Runtime;

use super::command::{Ended, command, holds};

/// What stands for the server: it speaks TLS as `localhost` and says what Watchfire would.
struct Server {
    runtime: Runtime,
    receiver: FakeReceiver,
    /// `ca.pem` in it is its authority.
    folder: TempDir,
}

impl Server {
    fn start() -> Server {
        let runtime = Runtime::new().unwrap();
        let authority = Authority::new();
        let receiver = runtime.block_on(FakeReceiver::start_tls(authority.issue(&["localhost"])));
        let folder = TempDir::with_prefix("watchfire-test-").unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.root_pem()).unwrap();
        Server { runtime, receiver, folder }
    }

    fn answers(&self, body: &str) {
        self.receiver.answer(Behaviour::Reply(Reply::new(200).header("connection", "close").body(body)));
    }

    fn command(&self, line: &[&str]) -> Command {
        let mut command = command(line);
        command.env("WATCHFIRE_URL", format!("https://localhost:{}", self.receiver.port()));
        command.env("WATCHFIRE_TOKEN", "t").current_dir(self.folder.path());
        command
    }
}

fn ended(command: &mut Command) -> Ended {
    Ended::of(command.output().unwrap())
}

#[test]
fn a_private_authority_is_trusted_where_flag_variable_or_file_names_it_and_else_refused_with_the_flag() {
    let server = Server::start();
    server.answers("[]");
    let list = ["hooks", "list", "--org", "o", "--project", "p"];
    holds(&ended(&mut server.command(&list)).said(1), &["no trusted authority signed", "--ca"]);
    assert!(server.receiver.requests().is_empty(), "the token was told to a stranger");

    ended(&mut server.command(&[&list[..], &["--ca", "ca.pem"]].concat())).done();
    ended(server.command(&list).env("WATCHFIRE_CA", "ca.pem")).done();
    std::fs::write(server.folder.path().join("watchfire.toml"), "[hooks]\nca = 'ca.pem'\n").unwrap();
    ended(&mut server.command(&list)).done();
    assert_eq!(server.runtime.block_on(server.receiver.wait_for(3)).len(), 3);

    let unusable = ended(&mut server.command(&[&list[..], &["--ca", "watchfire.toml"]].concat()));
    holds(&unusable.said(1), &["no certificate in PEM form in watchfire.toml"]);
}

#[test]
fn an_event_is_sent_to_a_server_with_a_private_authority() {
    let server = Server::start();
    server.answers("{}");
    let dsn = format!("https://0123456789abcdef0123456789abcdef@localhost:{}/1", server.receiver.port());
    holds(&ended(&mut server.command(&["send", "--dsn", &dsn])).said(1), &["no trusted authority signed", "--ca"]);
    ended(&mut server.command(&["send", "--dsn", &dsn, "--ca", "ca.pem"])).done();
    let requests = server.runtime.block_on(server.receiver.wait_for(1));
    assert_eq!(requests[0].path, "/api/1/envelope/");
}
