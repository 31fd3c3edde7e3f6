//! Moves committed pages from the write-ahead log into the database file, on a connection and a thread of its own.
//!
//! A passive checkpoint never makes the writer wait. It may never catch up with a busy writer either, so once the log
//! passes [`WAL_LIMIT_BYTES`] the writer itself does one passive pass between two batches.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use crate::error::StoreError;

/// The log's length at which the checkpointer is woken.
const WAL_WAKE_BYTES: u64 = 4 * 1024 * 1024;
/// The log's length at which the writer does a pass itself.
const WAL_LIMIT_BYTES: u64 = 64 * 1024 * 1024;
/// Commits between two looks at the log's length.
const COMMITS_PER_LOOK: u32 = 16;

/// Watches the log's length for the writer.
#[derive(Debug)]
pub(super) struct Checkpointer {
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    wal: PathBuf,
    commits: u32,
}

impl Checkpointer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection, database: &Path) -> Result<Checkpointer, StoreError> {
        let (wake, woken) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("checkpoint".into())
            .spawn(move || run(&connection, &woken))
            .map_err(|source| StoreError::Folder { folder: database.to_path_buf(), source })?;
        let mut wal = database.as_os_str().to_owned();
        wal.push("-wal");
        Ok(Checkpointer { wake: Some(wake), thread: Some(thread), wal: wal.into(), commits: 0 })
    }

    /// Called by the writer after each commit, outside any transaction.
    pub(super) fn committed(&mut self, writer: &Connection) {
        self.commits += 1;
        if !self.commits.is_multiple_of(COMMITS_PER_LOOK) {
            return;
        }
        let length = std::fs::metadata(&self.wal).map_or(0, |file| file.len());
        if length >= WAL_LIMIT_BYTES {
            pass(writer);
        } else if length >= WAL_WAKE_BYTES
            && let Some(wake) = &self.wake
            && let Err(TrySendError::Disconnected(())) = wake.try_send(())
        {
            pass(writer);
        }
    }

    /// Ends the thread.
    pub(super) fn stop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the checkpointer panicked");
        }
    }
}

fn run(connection: &Connection, woken: &Receiver<()>) {
    while woken.recv().is_ok() {
        pass(connection);
    }
}

/// One passive pass. A failure is left to the next one: the log only grows meanwhile.
fn pass(connection: &Connection) {
    let result = connection.query_row("pragma wal_checkpoint(passive)", [], |row| row.get::<_, i64>(0));
    if let Err(error) = result {
        tracing::warn!(error = %error, "a checkpoint failed");
    }
}
