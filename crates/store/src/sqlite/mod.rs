//! The embedded store: SQLite, one writer thread, a pool of readers, a checkpointer.
//!
//! Every change runs on the writer thread, one transaction after the other, so no statement ever meets a lock of its own
//! process. Readers see committed states and hold no transaction for long. `synchronous=FULL`: a commit that returned is on
//! the disk. Other processes (`init`, `token`, `backup`) may work on the same file meanwhile; only `serve` takes the lock.

mod backup;
mod catalog;
mod checkpoint;
mod codes;
mod hooks;
mod ledger;
mod lock;
mod migrate;
mod reading;
mod record;
mod settle;
mod sweep;
mod tokens;
mod writer;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use crate::error::StoreError;

pub use lock::FolderLock;

/// Connections that read, at most.
const READERS: usize = 4;
/// Pages that a connection of the writer keeps, in KiB.
const WRITER_CACHE_KIB: i64 = 16 * 1024;
/// Pages that a reader keeps, in KiB.
const READER_CACHE_KIB: i64 = 2 * 1024;
/// How long a statement waits for another process's lock.
const BUSY_TIMEOUT_MS: u32 = 5_000;

/// A store in one file of a data folder.
#[derive(Debug)]
pub struct Sqlite {
    writer: writer::Writer,
    readers: Readers,
    path: PathBuf,
}

#[derive(Debug)]
struct Readers {
    idle: std::sync::Mutex<Vec<Connection>>,
    permits: Semaphore,
}

/// How a connection will be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Write,
    Read,
}

impl Sqlite {
    /// Opens the store in a folder, makes it where there is none, and migrates an older schema.
    ///
    /// # Errors
    /// `Folder` where the folder cannot be made, `SchemaTooNew`, or what the database says.
    pub fn open(folder: &Path) -> Result<Sqlite, StoreError> {
        std::fs::create_dir_all(folder)
            .map_err(|source| StoreError::Folder { folder: folder.to_path_buf(), source })?;
        let path = folder.join("watchfire.db");
        let mut connection = connect(&path, Access::Write)?;
        migrate::migrate(&mut connection)?;
        let checkpoints = connect(&path, Access::Write)?;
        let writer = writer::Writer::start(connection, checkpoints, path.clone())?;
        let readers = Readers { idle: std::sync::Mutex::new(Vec::new()), permits: Semaphore::new(READERS) };
        Ok(Sqlite { writer, readers, path })
    }

    /// Finishes what is queued, then closes the file. Calls after it answer `Closed`.
    pub async fn close(&self) {
        self.writer.close().await;
    }

    /// Runs `work` in a transaction of the writer.
    async fn write<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&rusqlite::Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.writer.transaction(work).await
    }

    /// Runs `work` on a reader, off the async threads.
    async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let _permit = self.readers.permits.acquire().await.map_err(|_| StoreError::Closed)?;
        let idle = self.readers.idle.lock().map_err(|_| StoreError::Closed)?.pop();
        let path = self.path.clone();
        let (connection, answer) = tokio::task::spawn_blocking(move || {
            let connection = match idle {
                Some(connection) => connection,
                None => connect(&path, Access::Read)?,
            };
            let answer = work(&connection);
            Ok::<_, StoreError>((connection, answer))
        })
        .await
        .map_err(|_| StoreError::Closed)
        .flatten()?;
        self.readers.idle.lock().map_err(|_| StoreError::Closed)?.push(connection);
        answer
    }
}

/// Opens a connection with the settings that its use needs.
fn connect(path: &Path, access: Access) -> Result<Connection, StoreError> {
    let flags = match access {
        Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Access::Read => OpenFlags::SQLITE_OPEN_READ_WRITE,
    } | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_TIMEOUT_MS.into()))?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "temp_store", "memory")?;
    // Checkpoints run on a connection of their own; a commit never pays for one.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    let cache = match access {
        Access::Write => WRITER_CACHE_KIB,
        Access::Read => READER_CACHE_KIB,
    };
    connection.pragma_update(None, "cache_size", -cache)?;
    if access == Access::Read {
        connection.pragma_update(None, "query_only", true)?;
    }
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}
