//! What is measured, started fresh for each run: the server through its command line and HTTP alone, or the floor.
//!
//! Both listen on a free loopback port, with a new data folder that goes when the target does. Every `WATCHFIRE_` variable is taken
//! from the server's environment, so that two machines measure the same settings. `measure`, `idle` and `overload` start targets;
//! `isolation` makes a server's data folder once and starts copies of it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;

use crate::api::Api;
use crate::child::Child;
use crate::error::BenchError;
use crate::event::EventId;
use crate::floor::{self, Batch};
use crate::load::Ingest;
use crate::metrics::{self, Batches, Commits};
use crate::receiver::Receiver;
use crate::rules;
use crate::work::{Surroundings, WorkPath};

/// The server's data folder, in the folder of its run.
pub(crate) const DATA_FOLDER: &str = "data";

/// The server's database, in its data folder.
const SERVER_DATABASE_FILE: &str = "watchfire.db";

/// The id of every stored event, 16 bytes each; the same in the server and in the floor.
const EVENT_IDS_SQL: &str = "SELECT event_id FROM event_key";

/// Asked until it answers 200.
const READY_PATH: &str = "/api/relay/healthcheck/ready/";

/// A start that takes longer has failed.
const START_PATIENCE: Duration = Duration::from_secs(20);

/// Which program is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The floor, with transactions of this size.
    Floor(Batch),
    /// `watchfire serve`.
    Server,
}

/// A running program with an empty database, ready for events.
pub(crate) struct Target {
    child: Child,
    ingest: Ingest,
    database: PathBuf,
    _folder: TempDir,
}

impl Target {
    /// Starts the program; on the full path with one hook that points at the receiver.
    ///
    /// # Errors
    /// When it does not start, or its API does not answer as the design says.
    pub(crate) fn start(
        subject: Subject,
        path: WorkPath,
        receiver: &Receiver,
        surroundings: &Surroundings,
    ) -> Result<Self, BenchError> {
        let folder = new_folder(surroundings)?;
        match subject {
            Subject::Floor(batch) => start_floor(batch, path, receiver, folder),
            Subject::Server => start_server(&surroundings.server, path, receiver, folder),
        }
    }

    /// Starts the server on a copy of a data folder.
    ///
    /// # Errors
    /// When the folder cannot be copied, or the server does not start.
    pub(crate) fn start_copy(data: &Path, ingest: &Ingest, surroundings: &Surroundings) -> Result<Self, BenchError> {
        let folder = new_folder(surroundings)?;
        let copy = folder.path().join(DATA_FOLDER);
        copy_files(data, &copy).map_err(|source| BenchError::Folder { source })?;
        let address = free_address()?;
        let child = serve(&surroundings.server, &copy, address)?;
        let ingest = Ingest { address, ..ingest.clone() };
        Ok(Self { child, ingest, database: copy.join(SERVER_DATABASE_FILE), _folder: folder })
    }

    /// Where events go.
    pub(crate) fn ingest(&self) -> &Ingest {
        &self.ingest
    }

    /// The process whose CPU and memory count.
    pub(crate) fn process_id(&self) -> u32 {
        self.child.process_id()
    }

    /// The batches that it has committed; `None` when it does not show them.
    pub(crate) fn batches(&self) -> Option<Batches> {
        let text = Api::new(self.ingest.address, None).get(metrics::PATH).ok()?;
        metrics::parse(&text)
    }

    /// The time that its writer has taken; `None` when it does not show it.
    pub(crate) fn commits(&self) -> Option<Commits> {
        let text = Api::new(self.ingest.address, None).get(metrics::PATH).ok()?;
        metrics::parse_commits(&text)
    }

    /// Gives the first user another password, which is what signs in.
    ///
    /// # Errors
    /// When `watchfire user password` fails.
    pub(crate) fn new_password(&self, program: &Path) -> Result<String, BenchError> {
        let data = self.database.parent().unwrap_or(&self.database);
        let mut command = watchfire(program);
        command.arg("user").arg("password").arg("admin@localhost").arg("--data").arg(data);
        let shown = program.display().to_string();
        let output = command.output().map_err(|source| BenchError::Spawn { program: shown.clone(), source })?;
        let text = String::from_utf8_lossy(&output.stdout);
        let password = text.lines().find_map(|line| line.trim().strip_prefix("password")).map(str::trim);
        let last_words = || String::from_utf8_lossy(&output.stderr).into_owned();
        let failed = || BenchError::Exited { program: shown.clone(), status: output.status, last_words: last_words() };
        password.map(str::to_owned).ok_or_else(failed)
    }

    /// Ends the program and reads from its database which events it kept.
    ///
    /// # Errors
    /// When it had ended before, or the database cannot be read.
    pub(crate) fn stop(self) -> Result<Vec<EventId>, BenchError> {
        self.child.stop()?;
        let connection = Connection::open_with_flags(&self.database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut statement = connection.prepare(EVENT_IDS_SQL)?;
        let ids = statement.query_map([], |row| row.get::<_, [u8; 16]>(0).map(EventId::from_bytes))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }
}

impl Ingest {
    /// Takes a DSN with a literal loopback address apart.
    ///
    /// # Errors
    /// When it is of another form.
    pub(crate) fn from_dsn(dsn: &str) -> Result<Self, BenchError> {
        let parse = || {
            let (public_key, rest) = dsn.strip_prefix("http://")?.split_once('@')?;
            let (address, project_id) = rest.rsplit_once('/')?;
            let public_key = public_key.split(':').next()?.to_owned();
            let address: SocketAddr = address.parse().ok()?;
            // A load is for one's own machine alone.
            address.ip().is_loopback().then_some(())?;
            Some(Self { address, project_id: project_id.to_owned(), public_key })
        };
        parse().ok_or(BenchError::Dsn)
    }
}

/// What `init --json` prints, as far as it is needed here.
#[derive(Deserialize)]
pub(crate) struct Provisioned {
    /// The organization's slug.
    pub(crate) organization: String,
    /// The first project's slug.
    pub(crate) project: String,
    /// The first project's DSN.
    pub(crate) dsn: String,
    /// A token with every scope.
    pub(crate) token: String,
}

/// A created hook, as far as it is needed here.
#[derive(Deserialize)]
struct Hook {
    secret: String,
}

fn start_floor(batch: Batch, path: WorkPath, receiver: &Receiver, folder: TempDir) -> Result<Target, BenchError> {
    /// 64 digits, like a hook's secret.
    const SECRET: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let address = free_address()?;
    let program = std::env::current_exe().map_err(|source| BenchError::Folder { source })?;
    let mut command = Command::new(program);
    command.arg("floor-server").arg("--data").arg(folder.path()).arg("--listen").arg(address.to_string());
    match batch {
        Batch::Events(events) => command.arg("--batch").arg(events.to_string()),
        Batch::WhatWaits => &mut command,
    };
    if path == WorkPath::Full {
        receiver.expect_secret(SECRET)?;
        command.arg("--hook").arg(receiver.url()).arg("--secret").arg(SECRET);
    }
    let child = start_and_wait(&mut command, address, folder.path())?;
    let ingest = Ingest { address, project_id: "1".into(), public_key: crate::event::CAPTURED_KEY.into() };
    let database = folder.path().join(floor::DATABASE_FILE);
    Ok(Target { child, ingest, database, _folder: folder })
}

fn start_server(program: &Path, path: WorkPath, receiver: &Receiver, folder: TempDir) -> Result<Target, BenchError> {
    let address = free_address()?;
    let data = folder.path().join(DATA_FOLDER);
    let provisioned = init_server(program, &data, address)?;
    let child = serve(program, &data, address)?;
    let Provisioned { organization, project, token, .. } = &provisioned;
    let (api, project) = (Api::new(address, Some(token.clone())), format!("/api/0/projects/{organization}/{project}"));
    match path {
        WorkPath::Ingest => {}
        WorkPath::Full => {
            let body = json!({"url": receiver.url(), "events": ["event.created"]});
            let hook: Hook = api.post(&format!("{project}/hooks/"), &body)?;
            receiver.expect_secret(&hook.secret)?;
        }
        WorkPath::Ruled => rules::provision(&api, &project, &receiver.alerts_url())?,
    }
    let ingest = Ingest { address, ..Ingest::from_dsn(&provisioned.dsn)? };
    Ok(Target { child, ingest, database: data.join(SERVER_DATABASE_FILE), _folder: folder })
}

/// Starts the server on a data folder and waits until it is ready; its output goes to a file beside the folder.
///
/// # Errors
/// When it does not become ready.
pub(crate) fn serve(program: &Path, data: &Path, address: SocketAddr) -> Result<Child, BenchError> {
    let mut command = watchfire(program);
    command.arg("serve").arg("--dev").arg("--data").arg(data).arg("--listen").arg(address.to_string());
    start_and_wait(&mut command, address, data.parent().unwrap_or(data))
}

/// Makes a data folder with an organization, a project and a token.
///
/// # Errors
/// When `watchfire init` fails.
pub(crate) fn init_server(program: &Path, data: &Path, address: SocketAddr) -> Result<Provisioned, BenchError> {
    let mut command = watchfire(program);
    command.arg("init").arg("--json").arg("--data").arg(data).arg("--url").arg(format!("http://{address}"));
    let shown = program.display().to_string();
    let output = command.output().map_err(|source| BenchError::Spawn { program: shown.clone(), source })?;
    if !output.status.success() {
        let last_words = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BenchError::Exited { program: shown, status: output.status, last_words });
    }
    let parsed = serde_json::from_slice(&output.stdout);
    parsed.map_err(|source| BenchError::ApiShape { request: "init --json".into(), source })
}

fn watchfire(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("WATCHFIRE_")) {
        command.env_remove(name);
    }
    command
}

fn start_and_wait(command: &mut Command, address: SocketAddr, folder: &Path) -> Result<Child, BenchError> {
    let mut child = Child::spawn(command, folder.join("output.log"))?;
    child.wait_until(START_PATIENCE, || Api::new(address, None).get(READY_PATH).is_ok())?;
    Ok(child)
}

/// A new folder for one run.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn new_folder(surroundings: &Surroundings) -> Result<TempDir, BenchError> {
    tempfile::Builder::new()
        .prefix("watchfire-bench-")
        .tempdir_in(&surroundings.work_folder)
        .map_err(|source| BenchError::Folder { source })
}

/// The files of a folder without folders in it.
fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// The port is free when asked for; another process could take it in the instant before the program does.
///
/// # Errors
/// When no port can be had.
pub(crate) fn free_address() -> Result<SocketAddr, BenchError> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|source| BenchError::Listen { source })?;
    listener.local_addr().map_err(|source| BenchError::Listen { source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dsn_gives_address_project_and_key() {
        let ingest = Ingest::from_dsn("http://abc123@127.0.0.1:9000/7").unwrap();
        assert_eq!(ingest.address, "127.0.0.1:9000".parse().unwrap());
        assert_eq!((ingest.public_key.as_str(), ingest.project_id.as_str()), ("abc123", "7"));
        assert!(matches!(Ingest::from_dsn("https://abc@127.0.0.1:9000/7"), Err(BenchError::Dsn)));
        assert!(matches!(Ingest::from_dsn("http://abc@192.0.2.1:9000/7"), Err(BenchError::Dsn)));
        assert!(matches!(Ingest::from_dsn("http://abc@localhost/7"), Err(BenchError::Dsn)));
    }
}
