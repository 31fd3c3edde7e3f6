//! An example receiver as a process: its program, its environment, the address and the lines that it prints.

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::own;

/// The folder of the examples.
pub(super) const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/receivers");
/// A wait this long has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// Lines that may wait to be read.
const LINES_MAX: usize = 1024;

/// A language that there is an example in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Python,
    Node,
    Go,
    Rust,
}

/// Which signature is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Hex,
    Standard,
}

/// A receiver that runs; it ends with this value.
pub(super) struct Example {
    language: Language,
    scheme: Scheme,
    child: Child,
    address: SocketAddr,
    lines: Receiver<String>,
    /// What its own handling reads; and what it consists of, which goes with it.
    own: Option<(ChildStdin, TempDir)>,
}

impl Language {
    pub(super) const ALL: [Language; 4] = [Language::Python, Language::Node, Language::Go, Language::Rust];

    pub(super) fn in_each_scheme() -> impl Iterator<Item = (Language, Scheme)> {
        Language::ALL.into_iter().flat_map(|language| [(language, Scheme::Hex), (language, Scheme::Standard)])
    }

    fn command(self) -> Command {
        let interpreted = |variable: &str, script: &str| {
            let mut command = Command::new(named_by(variable));
            command.arg(format!("{FOLDER}/{script}"));
            command
        };
        match self {
            Language::Python => interpreted("WATCHFIRE_TEST_PYTHON", "python/receiver.py"),
            Language::Node => interpreted("WATCHFIRE_TEST_NODE", "node/receiver.mjs"),
            Language::Go => Command::new(named_by("WATCHFIRE_TEST_GO")),
            Language::Rust => binary("watchfire-receiver"),
        }
    }
}

impl Scheme {
    fn word(self) -> &'static str {
        match self {
            Scheme::Hex => "hex",
            Scheme::Standard => "standard",
        }
    }
}

impl Example {
    /// Starts it and reads its address. Port 0 is any.
    pub(super) fn start(language: Language, scheme: Scheme, secrets: &str, port: u16) -> Example {
        let mut command = language.command();
        command.env("PORT", port.to_string()).stdin(Stdio::null());
        Example::of(language, scheme, secrets, command)
    }

    /// The same with a `handle` of our own, on any port.
    pub(super) fn start_with_own_handle(language: Language, scheme: Scheme, secrets: &str) -> Example {
        let folder = TempDir::with_prefix("watchfire-test-").unwrap();
        let mut command = own::program(language, &folder);
        command.env("PORT", "0").stdin(Stdio::piped());
        let mut example = Example::of(language, scheme, secrets, command);
        example.own = Some((example.child.stdin.take().unwrap(), folder));
        example
    }

    fn of(language: Language, scheme: Scheme, secrets: &str, mut command: Command) -> Example {
        command.env("WATCHFIRE_SECRET", secrets).env("WATCHFIRE_VERIFY", scheme.word()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = sync_channel(LINES_MAX);
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let first = lines.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let address = first.strip_prefix("listening on http://").and_then(|rest| rest.strip_suffix('/'));
        let address = address.and_then(|address| address.parse().ok()).unwrap_or_else(|| panic!("no address: {first}"));
        Example { language, scheme, child, address, lines, own: None }
    }

    /// What one says on standard error that must not start.
    pub(super) fn refusal(language: Language, secrets: &str) -> String {
        let mut command = language.command();
        command.env("WATCHFIRE_SECRET", secrets).env("PORT", "0").stdin(Stdio::null());
        let output = command.output().unwrap();
        assert!(!output.status.success(), "{language:?} starts");
        String::from_utf8(output.stderr).unwrap()
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next line that it prints.
    pub(super) fn line(&mut self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{self:?} prints nothing: {error}"))
    }

    /// Says a word to its own handling.
    pub(super) fn say(&mut self, word: &str) {
        let (stdin, _) = self.own.as_mut().unwrap();
        writeln!(stdin, "{word}").unwrap();
    }

    /// What its language puts around a text.
    pub(super) fn quote(&self) -> &'static str {
        match self.language {
            Language::Python => "'",
            Language::Node | Language::Go | Language::Rust => "\"",
        }
    }
}

impl fmt::Debug for Example {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?} {}", self.language, self.scheme.word())
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has then noticed.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A program of the example in Rust. Its own tests make cargo build it into the same folder as ours.
pub(super) fn binary(name: &str) -> Command {
    let binary = Path::new(env!("CARGO_BIN_EXE_watchfire")).with_file_name(name);
    assert!(binary.exists(), "{} is not built: run scripts/test", binary.display());
    Command::new(binary)
}

pub(super) fn named_by(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run scripts/test"))
}
