//! A real `watchfire serve` in a data folder of its own: started, killed, stopped, started again, and gone at the end.
//!
//! Tests speak to it as users do: over HTTP and with signals. The waits that poll are those for a server that does not take
//! events yet, because nothing notifies of that; they are bounded.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::http::{Answer, Request};
use super::receiver::Receiver;

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_watchfire");
/// How long a start may take before the test has failed.
const START_PATIENCE: Duration = Duration::from_secs(30);
/// How long a graceful stop may take before the test has failed.
const STOP_PATIENCE: Duration = Duration::from_secs(45);
/// Between two tries to reach a server that is starting.
const POLL_PAUSE: Duration = Duration::from_millis(5);
/// Ports below those that the system gives to outgoing connections: a port stays ours while its server is down.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A server, its data folder and what `init` said.
pub(crate) struct TestServer {
    folder: TempDir,
    address: SocketAddr,
    account: Account,
    /// Beside those that say where.
    flags: &'static [&'static str],
    environment: Vec<(String, String)>,
    running: Option<Running>,
    /// What earlier processes on the folder said.
    said: Vec<String>,
}

/// What `watchfire init --json` printed.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) organization: String,
    pub(crate) project: String,
    pub(crate) project_id: String,
    pub(crate) token: String,
    /// With which one signs in.
    pub(crate) user: String,
    pub(crate) password: String,
    /// The public half of the project's key.
    pub(crate) key: String,
}

/// A hook as the API made it.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) signing_secret: String,
}

struct Running {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    reading: Vec<JoinHandle<()>>,
}

impl TestServer {
    /// Makes a data folder and serves it.
    pub(crate) fn start() -> TestServer {
        TestServer::start_with(&[])
    }

    /// The same with more environment variables for the server.
    pub(crate) fn start_with(environment: &[(&str, &str)]) -> TestServer {
        TestServer::start_in(TempDir::with_prefix("watchfire-test-").unwrap(), environment)
    }

    /// The same as it is run for others: hooks may not go to this machine.
    pub(crate) fn start_without_dev(environment: &[(&str, &str)]) -> TestServer {
        TestServer::start_as(TempDir::with_prefix("watchfire-test-").unwrap(), &[], environment)
    }

    /// The same with `--dev` in a folder that is prepared already; it is removed in the end.
    pub(crate) fn start_in(folder: TempDir, environment: &[(&str, &str)]) -> TestServer {
        TestServer::start_as(folder, &["--dev"], environment)
    }

    fn start_as(folder: TempDir, flags: &'static [&'static str], environment: &[(&str, &str)]) -> TestServer {
        let account = init(folder.path(), &[]);
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut server = TestServer {
            folder,
            address: free_address(),
            account,
            flags,
            environment,
            running: None,
            said: Vec::new(),
        };
        server.restart();
        server
    }

    /// Starts the server on the same folder and port, and waits until it takes events.
    pub(crate) fn restart(&mut self) {
        assert!(self.running.is_none(), "the server is still running");
        self.running = Some(Running::start(self.serve_command(self.address)));
        self.wait_until_healthy();
    }

    /// `watchfire serve` on this folder, not started. It is started by a shell that has file-size signals ignored: a limit
    /// on the size of files then shows as an error of the write, as a full disk does.
    pub(crate) fn serve_command(&self, listen: SocketAddr) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh", BINARY, "serve"]).args(self.flags);
        command.arg("--data").arg(self.folder.path()).args(["--listen", &listen.to_string()]);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Ends the process at once, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        let mut running = self.running.take().unwrap();
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        self.said.push(running.join());
    }

    /// Asks the process to stop and waits until it has.
    pub(crate) fn stop(&mut self) {
        self.ask_to_stop();
        self.wait_until_stopped();
    }

    /// Sends SIGTERM.
    pub(crate) fn ask_to_stop(&self) {
        kill_process(self.pid(), Signal::TERM).unwrap();
    }

    /// Waits for the end that was asked for.
    pub(crate) fn wait_until_stopped(&mut self) {
        let mut running = self.running.take().unwrap();
        let status = running.wait(STOP_PATIENCE);
        let log = running.join();
        assert!(status.is_some_and(|status| status.success()), "a graceful stop ended with {status:?}:\n{log}");
        self.said.push(log);
    }

    /// The process's number.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.running.as_ref().unwrap().child)
    }

    /// What the present process has said so far.
    pub(crate) fn log(&self) -> String {
        self.running.as_ref().unwrap().log()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// What an SDK is configured with.
    pub(crate) fn dsn(&self) -> String {
        format!("http://{}@{}/{}", self.account.key, self.address, self.account.project_id)
    }

    /// The value of `X-Sentry-Auth`.
    pub(crate) fn auth(&self) -> String {
        format!("Sentry sentry_version=7, sentry_client=test/1.0, sentry_key={}", self.account.key)
    }

    /// A request to a path of the project, such as `envelope`, with its credentials.
    pub(crate) fn ingest(&self, door: &str) -> Request {
        Request::post(format!("/api/{}/{door}/", self.account.project_id)).header("X-Sentry-Auth", self.auth())
    }

    /// Sends a request on a connection of its own.
    pub(crate) fn ask(&self, request: &Request) -> Answer {
        request.send(self.address).unwrap_or_else(|error| panic!("{error} for {:.200?}", request))
    }

    /// A request to the management API; the path is what follows `/api/0/`.
    pub(crate) fn manage(&self, method: &'static str, path: &str) -> Request {
        Request::new(method, format!("/api/0/{path}"))
            .header("Authorization", format!("Bearer {}", self.account.token))
            .header("Content-Type", "application/json")
    }

    /// The path of the project in the management API.
    pub(crate) fn project_path(&self) -> String {
        format!("projects/{}/{}", self.account.organization, self.account.project)
    }

    /// Adds a hook that sends every event to the receiver, which then knows its secret.
    pub(crate) fn add_hook(&self, receiver: &Receiver) -> Hook {
        self.add_hook_on(receiver, &["event.created"])
    }

    /// The same on these kinds.
    pub(crate) fn add_hook_on(&self, receiver: &Receiver, kinds: &[&str]) -> Hook {
        let hook = self.add_hook_of(&json!({ "url": receiver.url(), "events": kinds }));
        receiver.trust(&hook.secret);
        hook
    }

    /// Adds a hook that sends every event to a URL.
    pub(crate) fn add_hook_to(&self, url: &str) -> Hook {
        self.add_hook_of(&json!({ "url": url, "events": ["event.created"] }))
    }

    /// Adds a hook.
    pub(crate) fn add_hook_of(&self, body: &Value) -> Hook {
        let hook = self.managed("POST", &format!("{}/hooks/", self.project_path()), body);
        Hook { id: text(&hook, "id"), secret: text(&hook, "secret"), signing_secret: text(&hook, "signingSecret") }
    }

    /// What the management API answers to a request that must succeed; null where it says nothing.
    pub(crate) fn managed(&self, method: &'static str, path: &str, body: &Value) -> Value {
        let answer = self.ask(&self.manage(method, path).body(body.to_string()));
        assert!((200..300).contains(&answer.status), "{method} {path} {body}: {} {}", answer.status, answer.text());
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    /// What the processes on the folder have said, the running one so far.
    pub(crate) fn said(&self) -> String {
        let running = self.running.as_ref().map(Running::log);
        self.said.iter().cloned().chain(running).collect::<Vec<_>>().join("\n")
    }

    /// Whether the server would take an event now.
    pub(crate) fn is_healthy(&self) -> bool {
        Request::get("/_health/").send(self.address).is_ok_and(|answer| answer.status == 200)
    }

    /// Waits until a running server that refused events would take one again.
    pub(crate) fn wait_until_recovered(&self) {
        let deadline = Instant::now() + START_PATIENCE;
        while !self.is_healthy() {
            assert!(Instant::now() < deadline, "the server does not recover");
            // sleep allowed: the server tells nobody that it takes events again, it has to be asked
            thread::sleep(POLL_PAUSE);
        }
    }

    fn wait_until_healthy(&mut self) {
        let deadline = Instant::now() + START_PATIENCE;
        while !self.is_healthy() {
            let running = self.running.as_mut().unwrap();
            let ended = running.child.try_wait().unwrap();
            assert!(ended.is_none(), "serve ended with {ended:?}:\n{}", running.log());
            assert!(Instant::now() < deadline, "serve is not healthy:\n{}", running.log());
            // sleep allowed: nothing can notify of a socket that is not there yet
            thread::sleep(POLL_PAUSE);
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            // It may have ended by itself, which the test has then noticed.
            drop(running.child.kill());
            drop(running.child.wait());
            self.said.push(running.join());
        }
        if thread::panicking() {
            eprintln!("the server said:\n{}", self.said.join("\n(the next process)\n"));
        }
    }
}

impl Running {
    fn start(mut command: Command) -> Running {
        let mut child = command.spawn().unwrap();
        let log = Arc::default();
        let reading = vec![
            keep_lines(child.stdout.take().unwrap(), Arc::clone(&log)),
            keep_lines(child.stderr.take().unwrap(), Arc::clone(&log)),
        ];
        Running { child, log, reading }
    }

    fn wait(&mut self, patience: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            if Instant::now() > deadline {
                return None;
            }
            // sleep allowed: the standard library waits for a process without end or not at all
            thread::sleep(POLL_PAUSE);
        }
    }

    fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Everything the process said, once it is gone.
    fn join(mut self) -> String {
        for reading in self.reading.drain(..) {
            reading.join().unwrap();
        }
        self.log()
    }
}

/// `watchfire init` in a data folder.
pub(crate) fn init(folder: &Path, arguments: &[&str]) -> Account {
    let mut command = Command::new(BINARY);
    command.args(["init", "--json", "--data"]).arg(folder).args(arguments);
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    assert!(status.success(), "init ended with {status}: {}", String::from_utf8_lossy(&stderr));
    let said: Value = serde_json::from_slice(&stdout).unwrap();
    let dsn = text(&said, "dsn");
    let key = dsn.split_once("://").and_then(|(_, rest)| rest.get(..32)).unwrap_or_else(|| panic!("no key: {dsn}"));
    // Another project of a folder that has a user and a token is no reason for new ones.
    let first = |name: &str| said.get(name).map(|_| text(&said, name)).unwrap_or_default();
    Account {
        organization: text(&said, "organization"),
        project: text(&said, "project"),
        project_id: text(&said, "project_id"),
        token: first("token"),
        user: text(&said, "user"),
        password: first("password"),
        key: key.to_owned(),
    }
}

/// An address of the loopback interface that nobody listens on.
pub(crate) fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let ports = PORTS.end - PORTS.start;
    // Two test processes at a time begin at different places.
    let begin = u16::try_from(std::process::id() % u32::from(ports)).unwrap();
    for _ in 0..ports {
        let port = PORTS.start + (begin + NEXT.fetch_add(1, Ordering::Relaxed)) % ports;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no free port between {} and {}", PORTS.start, PORTS.end);
}

fn text(object: &Value, name: &str) -> String {
    match &object[name] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => panic!("{name} is {other} in {object}"),
    }
}

fn keep_lines(stream: impl std::io::Read + Send + 'static, log: Arc<Mutex<Vec<String>>>) -> JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            log.lock().unwrap().push(line);
        }
    })
}
