//! A real `watchfire listen`: started, read, ended by Ctrl-C.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::NamedTempFile;

const BINARY: &str = env!("CARGO_BIN_EXE_watchfire");
/// How long a line may take before the test has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Lines that wait to be looked at.
const LINES_MAX: usize = 1024;
/// The banner's last line.
const BANNER_ENDS: &str = "The answer holds the hook's secret.";

/// A receiver that runs.
pub(super) struct Listener {
    child: Child,
    address: SocketAddr,
    banner: String,
    printed: Receiver<String>,
    noted: Receiver<String>,
    reading: Vec<JoinHandle<()>>,
}

impl Listener {
    /// Starts it and waits until it listens. No variable of this machine reaches it.
    pub(super) fn start(flags: &[&str], environment: &[(&str, &str)]) -> Listener {
        let mut child = command(flags).envs(environment.iter().copied()).spawn().unwrap();
        let output = child.stdout.take().unwrap();
        Listener::of(child, output)
    }

    /// The same where nobody reads its output, as behind `| head` that has had enough.
    pub(super) fn start_unread(flags: &[&str]) -> Listener {
        let mut child = command(flags).spawn().unwrap();
        drop(child.stdout.take());
        Listener::of(child, std::io::empty())
    }

    fn of(mut child: Child, output: impl Read + Send + 'static) -> Listener {
        let (printed, reading_printed) = lines(output);
        let (noted, reading_noted) = lines(child.stderr.take().unwrap());
        let mut banner = String::new();
        while !banner.contains(BANNER_ENDS) {
            banner += &noted.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{error} after: {banner}"));
            banner.push('\n');
        }
        let (_, rest) = banner.split_once("Listening for webhooks on http://").unwrap();
        let address = rest.split('/').next().unwrap().parse().unwrap();
        Listener { child, address, banner, printed, noted, reading: vec![reading_printed, reading_noted] }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn banner(&self) -> &str {
        &self.banner
    }

    /// The next line of its output.
    pub(super) fn line(&mut self) -> String {
        self.printed.recv_timeout(PATIENCE).unwrap()
    }

    /// The next lines of its output up to an empty one.
    pub(super) fn block(&mut self) -> String {
        let mut block = String::new();
        loop {
            let line = self.line();
            if line.is_empty() {
                return block;
            }
            block += &line;
            block.push('\n');
        }
    }

    /// Ctrl-C, which must end it well; gives what it said on standard error since its banner.
    pub(super) fn interrupt(&mut self) -> String {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        self.ends_well()
    }

    /// Waits for its end, which must be a good one; gives what it said on standard error since its banner.
    pub(super) fn ends_well(&mut self) -> String {
        let status = self.child.wait().unwrap();
        for reading in self.reading.drain(..) {
            reading.join().unwrap();
        }
        assert_eq!(status.code(), Some(0));
        self.noted.try_iter().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // After an interrupt it is gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Exit code and standard error of one that must not start.
pub(super) fn refusal(flags: &[&str]) -> (Option<i32>, String) {
    let output = command(flags).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// A file with a secret, as an editor leaves it.
pub(super) fn secret_file(secret: &str) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{secret}\n")).unwrap();
    file
}

fn command(flags: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.arg("listen").args(flags).env_clear().current_dir(std::env::temp_dir());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn lines(stream: impl Read + Send + 'static) -> (Receiver<String>, JoinHandle<()>) {
    let (sender, receiver) = sync_channel(LINES_MAX);
    let reading = thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            // A test that has ended reads no more.
            drop(sender.send(line));
        }
    });
    (receiver, reading)
}
