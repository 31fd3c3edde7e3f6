//! Moves committed pages from the write-ahead log into the database file, on a connection and a thread of its own.
//!
//! A passive checkpoint never makes the writer wait. It may never catch up with a busy writer either, so once the log holds
//! [`LOG_LIMIT_BYTES`] the writer itself does one passive pass between two batches; the log then starts anew.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use crate::error::StoreError;

/// What is not in the database file yet when the checkpointer is woken. The same page is often written again soon, above all
/// those of the random event ids: 16 MiB costs a tenth less than 4 MiB, and 32 MiB saves no more.
const WAKE_BYTES: i64 = 16 * 1024 * 1024;
/// What the log holds when the writer does a pass itself.
const LOG_LIMIT_BYTES: i64 = 64 * 1024 * 1024;
/// Commits between two looks at the log.
const COMMITS_PER_LOOK: u32 = 16;

/// Watches the log's length for the writer.
#[derive(Debug)]
pub(super) struct Checkpointer {
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    page_bytes: i64,
    commits: u32,
}

/// The log's length, in pages.
struct Log {
    pages: i64,
    checkpointed: i64,
}

impl Checkpointer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection, database: &Path) -> Result<Checkpointer, StoreError> {
        let (wake, woken) = sync_channel(1);
        let page_bytes = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let thread = std::thread::Builder::new()
            .name("checkpoint".into())
            .spawn(move || run(&connection, &woken))
            .map_err(|source| StoreError::Folder { folder: database.to_path_buf(), source })?;
        Ok(Checkpointer { wake: Some(wake), thread: Some(thread), page_bytes, commits: 0 })
    }

    /// Called by the writer after each commit, outside any transaction.
    pub(super) fn committed(&mut self, writer: &Connection) {
        self.commits += 1;
        if !self.commits.is_multiple_of(COMMITS_PER_LOOK) {
            return;
        }
        let log = match look(writer) {
            Ok(log) => log,
            Err(error) => {
                tracing::warn!(error = %error, "the length of the write-ahead log is unknown");
                return;
            }
        };
        if log.pages * self.page_bytes >= LOG_LIMIT_BYTES {
            pass(writer);
        } else if (log.pages - log.checkpointed) * self.page_bytes >= WAKE_BYTES
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

fn look(connection: &Connection) -> rusqlite::Result<Log> {
    connection
        .prepare_cached("pragma wal_checkpoint(noop)")?
        .query_row([], |row| Ok(Log { pages: row.get(1)?, checkpointed: row.get(2)? }))
}

/// One passive pass. A failure is left to the next one: the log only grows meanwhile.
fn pass(connection: &Connection) {
    let result = connection.query_row("pragma wal_checkpoint(passive)", [], |row| row.get::<_, i64>(0));
    if let Err(error) = result {
        tracing::warn!(error = %error, "a checkpoint failed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::{Access, connect};

    fn database(folder: &tempfile::TempDir) -> (std::path::PathBuf, Connection) {
        let path = folder.path().join("test.db");
        let writer = connect(&path, Access::Write).unwrap();
        writer.execute_batch("create table t (a)").unwrap();
        (path, writer)
    }

    #[test]
    fn a_pass_moves_all_that_is_committed() {
        let folder = tempfile::tempdir().unwrap();
        let (_, writer) = database(&folder);
        let log = look(&writer).unwrap();
        assert!(log.pages > 0 && log.checkpointed == 0);
        pass(&writer);
        let log = look(&writer).unwrap();
        assert_eq!(log.checkpointed, log.pages);
    }

    #[test]
    fn the_checkpointer_is_woken_by_a_long_log_only() {
        let folder = tempfile::tempdir().unwrap();
        let (path, writer) = database(&folder);
        for (blob_bytes, moved) in [(WAKE_BYTES / 2, false), (WAKE_BYTES, true)] {
            let mut checkpointer = Checkpointer::start(connect(&path, Access::Write).unwrap(), &path).unwrap();
            writer.execute("insert into t values (zeroblob(?))", [blob_bytes]).unwrap();
            for _ in 0..COMMITS_PER_LOOK {
                checkpointer.committed(&writer);
            }
            checkpointer.stop();
            let log = look(&writer).unwrap();
            assert_eq!(log.checkpointed == log.pages, moved, "{blob_bytes}");
        }
    }

    #[test]
    fn the_writer_itself_ends_a_log_that_is_too_long() {
        let folder = tempfile::tempdir().unwrap();
        let (path, writer) = database(&folder);
        let mut checkpointer = Checkpointer::start(connect(&path, Access::Write).unwrap(), &path).unwrap();
        checkpointer.stop();
        writer.execute("insert into t values (zeroblob(?))", [LOG_LIMIT_BYTES]).unwrap();
        for _ in 0..COMMITS_PER_LOOK {
            checkpointer.committed(&writer);
        }
        writer.execute("insert into t values (1)", []).unwrap();
        assert!(look(&writer).unwrap().pages < 10, "the next commit starts the log anew");
    }
}
