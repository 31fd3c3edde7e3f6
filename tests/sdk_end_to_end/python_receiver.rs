//! The receiver in Python (`tests/sdk/python/receiver.py`) as a process: its port, its secrets, and what it finds out.

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use tempfile::TempDir;

use super::programs::program;
use crate::support::server::Hook;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/sdk/python/receiver.py");
/// A wait this long has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// Lines that may wait to be read.
const LINES_MAX: usize = 1024;
/// The script reads its secrets when it starts, and there is no hook yet: nothing verifies with these.
const NO_SECRETS: &str = "unknown\nwhsec_dW5rbm93bg==\n";

/// A running receiver; it ends with this value.
pub(super) struct PythonReceiver {
    child: Child,
    folder: TempDir,
    port: u16,
    lines: Receiver<String>,
    seen: RefCell<Vec<Verdict>>,
}

/// What the receiver found out about one request.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Verdict {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) body: String,
    pub(super) signature_valid: bool,
    pub(super) standard_valid: bool,
    pub(super) utf8_valid: bool,
    pub(super) json_valid: bool,
    pub(super) error: Option<String>,
}

impl PythonReceiver {
    /// Starts it and reads its port.
    pub(super) fn start() -> PythonReceiver {
        let folder = TempDir::with_prefix("watchfire-receiver-").unwrap();
        let secrets = folder.path().join("secrets");
        fs::write(&secrets, NO_SECRETS).unwrap();
        let mut command = Command::new(program("WATCHFIRE_TEST_PYTHON"));
        // What it writes to the file comes through the same pipe as the port: as it happens, and without looking again and again.
        command.arg(SCRIPT).arg("--secret-file").arg(&secrets).args(["--out", "/dev/stdout"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = sync_channel(LINES_MAX);
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let port = lines.recv_timeout(PATIENCE).unwrap().parse().unwrap();
        PythonReceiver { child, folder, port, lines, seen: RefCell::default() }
    }

    /// Where a hook should send.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// The secrets of the hook that sends here.
    pub(super) fn trust(&self, hook: &Hook) {
        let secrets = self.folder.path().join("secrets");
        fs::write(secrets, format!("{}\n{}\n", hook.secret, hook.signing_secret)).unwrap();
    }

    /// Waits for the webhook of an event, and takes it.
    pub(super) fn wait_for(&self, event_id: &str) -> Verdict {
        let begin = format!("{{\"id\":\"{event_id}\"");
        let mut seen = self.seen.borrow_mut();
        loop {
            if let Some(place) = seen.iter().position(|verdict| verdict.body.starts_with(&begin)) {
                return seen.remove(place);
            }
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|error| panic!("the webhook of {event_id} did not come: {error}"));
            seen.push(serde_json::from_str(&line).unwrap());
        }
    }

    /// How many webhooks came that nobody waited for.
    pub(super) fn rest(&self) -> usize {
        self.seen.borrow().len() + self.lines.try_iter().count()
    }
}

impl Drop for PythonReceiver {
    fn drop(&mut self) {
        // It ends with this process too.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
