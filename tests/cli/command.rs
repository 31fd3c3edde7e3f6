//! A command over the API, as a person or a script runs it: the real binary, its output and its exit code.

use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::server::TestServer;

const BINARY: &str = env!("CARGO_BIN_EXE_watchfire");

/// How one ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

/// Runs one against a server, with a token of every scope in the environment and nothing else of this machine.
pub(super) fn run(server: &TestServer, line: &[&str]) -> Ended {
    run_at(server.address(), &server.account().token, line)
}

/// The same with another server or another token.
pub(super) fn run_at(address: SocketAddr, token: &str, line: &[&str]) -> Ended {
    let mut command = command(line);
    command.env("WATCHFIRE_URL", format!("http://{address}")).env("WATCHFIRE_TOKEN", token);
    Ended::of(command.output().unwrap())
}

/// A command that knows neither server nor token.
pub(super) fn command(line: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(line).env_clear().current_dir(std::env::temp_dir());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Ended {
    pub(super) fn of(output: Output) -> Ended {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// What it printed; it must have done what was asked.
    pub(super) fn done(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// What it said on standard error; it must have ended with this code.
    pub(super) fn said(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        self.err
    }

    /// Its output as JSON, an object in each line; it must have done what was asked.
    pub(super) fn objects(self) -> Vec<Value> {
        let out = self.done();
        out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    }

    /// The one object that it printed.
    pub(super) fn object(self) -> Value {
        let mut objects = self.objects();
        assert_eq!(objects.len(), 1, "{objects:?}");
        objects.remove(0)
    }
}

/// The value beside a name in a page such as `hooks show` prints.
pub(super) fn value<'p>(page: &'p str, name: &str) -> &'p str {
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix("  "));
    line.unwrap_or_else(|| panic!("no {name} in\n{page}")).trim()
}

/// Checks that a text has all of these.
pub(super) fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}
