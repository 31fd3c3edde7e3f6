//! The embedded store: SQLite, one writer thread, a pool of readers, a checkpointer.
//!
//! Every change runs on the writer thread, one transaction after the other, so no statement ever meets a lock of its own
//! process. Readers see committed states and hold no transaction for long. `synchronous=FULL`: a commit that returned is on
//! the disk. Other processes (`init`, `token`, `backup`) may work on the same file meanwhile; only `serve` takes the lock.

mod accounts;
mod attempts;
mod backup;
mod catalog;
mod checkpoint;
mod codes;
mod counters;
mod counts;
mod deliveries;
mod figures;
mod filling;
mod hindsight;
mod history;
mod hooks;
mod issue_rows;
mod issues;
mod keys;
mod leases;
mod ledger;
mod lock;
mod migrate;
mod place;
mod projects;
mod reading;
mod record;
mod retention;
mod rows;
mod rules;
mod savepoint;
mod secrets;
mod settle;
mod standings;
mod sweep;
mod teams;
mod tokens;
mod unlock;
mod writer;

#[cfg(test)]
mod tests;

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use self::unlock::Unlocked;
use crate::error::StoreError;

pub use lock::FolderLock;

/// The store's file in its folder.
const DATABASE_FILE: &str = "watchfire.db";
/// Connections that read, at most.
const READERS: usize = 4;
/// Pages that a connection of the writer keeps, in KiB.
const WRITER_CACHE_KIB: i64 = 16 * 1024;
/// Pages that a reader keeps, in KiB.
const READER_CACHE_KIB: i64 = 2 * 1024;
/// The write-ahead log's file is cut to this when it starts anew.
const JOURNAL_SIZE_LIMIT_BYTES: i64 = 64 * 1024 * 1024;
/// Statements that a connection keeps prepared: more than recording, settling and upkeep have together.
const STATEMENTS: usize = 160;
/// How long a statement waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Between two tries where SQLite does not wait by itself.
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// A store in one file of a data folder.
#[derive(Debug)]
pub struct Sqlite {
    writer: writer::Writer,
    readers: Readers,
    /// Where the next slice of upkeep goes on.
    sweep_from: Mutex<sweep::Progress>,
    /// Opens hooks' secrets, once the store is unlocked.
    secret_key: OnceLock<Unlocked>,
    /// What the record transaction knows to be in the tables; only the writer uses it.
    seen: Arc<Mutex<record::Seen>>,
    path: PathBuf,
}

#[derive(Debug)]
struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

/// How a connection will be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Write,
    Read,
}

impl Sqlite {
    /// Opens the store in a folder, makes it where there is none, and migrates an older schema. What needs hooks' secrets
    /// answers `NotUnlocked` until it is unlocked.
    ///
    /// # Errors
    /// `Folder` where the folder cannot be made, `SchemaTooNew`, or what the database says.
    pub fn open(folder: &Path) -> Result<Sqlite, StoreError> {
        make_folder(folder)?;
        let path = folder.join(DATABASE_FILE);
        let mut connection = connect(&path, Access::Write)?;
        migrate::migrate(&mut connection)?;
        let checkpoints = connect(&path, Access::Write)?;
        let writer = writer::Writer::start(connection, checkpoints, path.clone())?;
        let readers = Readers { idle: Arc::default(), permits: Arc::new(Semaphore::new(READERS)) };
        Ok(Sqlite {
            writer,
            readers,
            sweep_from: Mutex::default(),
            secret_key: OnceLock::new(),
            seen: Arc::default(),
            path,
        })
    }

    /// Finishes what is queued, then closes the file. Calls after it answer `Closed`.
    pub async fn close(&self) {
        self.writer.close().await;
        self.readers.permits.close();
        lock(&self.readers.idle).clear();
    }

    fn sweeping(&self) -> MutexGuard<'_, sweep::Progress> {
        lock(&self.sweep_from)
    }

    /// Runs `work` in a transaction of the writer.
    async fn write<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&rusqlite::Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.writer.transaction(work).await
    }

    /// The same for changes of rules, with which counters begin anew: the record transaction remembers some of them.
    async fn write_rules<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&rusqlite::Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let seen = Arc::clone(&self.seen);
        let forgetting = move |transaction: &rusqlite::Transaction<'_>| {
            lock(&seen).forget_windows();
            work(transaction)
        };
        self.writer.transaction(forgetting).await
    }

    /// Runs `work` on a reader, off the async threads. A connection that failed is not used again.
    async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let permits = Arc::clone(&self.readers.permits);
        let permit = permits.acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let (idle, path) = (Arc::clone(&self.readers.idle), self.path.clone());
        let reading = tokio::task::spawn_blocking(move || {
            let connection = match lock(&idle).pop() {
                Some(connection) => connection,
                None => connect(&path, Access::Read)?,
            };
            let answer = work(&connection)?;
            // Before the permit: whoever gets it finds the connection.
            lock(&idle).push(connection);
            drop(permit);
            Ok(answer)
        });
        match reading.await {
            Ok(answer) => answer,
            Err(failure) => match failure.try_into_panic() {
                // A bug shows where it was called, not as a store that is closed.
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(StoreError::Closed),
            },
        }
    }
}

/// A panic elsewhere leaves what these mutexes guard whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a data folder that nobody else can read: events, and by default the secret key, are in it.
fn make_folder(folder: &Path) -> Result<(), StoreError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| StoreError::Folder { folder: folder.to_path_buf(), source })
}

/// Turns the write-ahead log on. Who finds another process in the middle of that is told at once, busy timeout or not: SQLite does
/// not wait for the exclusive lock that the first connection of a new file needs.
fn keep_a_log(connection: &Connection) -> Result<(), StoreError> {
    let begun = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "wal") {
            Err(error) if is_busy(&error) && begun.elapsed() < BUSY_TIMEOUT => std::thread::sleep(BUSY_PAUSE),
            ended => return Ok(ended?),
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
}

/// Opens a connection with the settings that its use needs.
fn connect(path: &Path, access: Access) -> Result<Connection, StoreError> {
    let flags = match access {
        Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Access::Read => OpenFlags::SQLITE_OPEN_READ_WRITE,
    } | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // Else a statement whose plan could depend on a bound value, a limit for one, is prepared again each time it is run.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    keep_a_log(&connection)?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "temp_store", "memory")?;
    // Checkpoints run on a connection of their own; a commit never pays for one.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    // A log that grew behind a long backup gives the room back.
    connection.pragma_update(None, "journal_size_limit", JOURNAL_SIZE_LIMIT_BYTES)?;
    let cache = match access {
        Access::Write => WRITER_CACHE_KIB,
        Access::Read => READER_CACHE_KIB,
    };
    connection.pragma_update(None, "cache_size", -cache)?;
    if access == Access::Read {
        connection.pragma_update(None, "query_only", true)?;
    }
    // Plans do not depend on what is bound: otherwise a range makes SQLite prepare its statement again for each value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}
