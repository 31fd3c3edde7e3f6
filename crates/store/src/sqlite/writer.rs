//! The writer thread: runs one transaction after the other, in the order of arrival.
//!
//! A panic on it ends the process: what it held is in an unknown state, and the next start is the recovery.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::checkpoint::Checkpointer;
use crate::error::StoreError;

/// Jobs that may wait for the writer; a caller past that waits to hand its job in.
const QUEUED_JOBS: usize = 256;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The handle of the writer thread.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Ends the process when its thread unwinds.
struct EndsWithAPanic;

impl Drop for EndsWithAPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("the writer panicked: the process ends, the next start recovers");
            std::process::abort();
        }
    }
}

impl Writer {
    /// Starts the thread on `connection`, and the checkpointer on the other.
    pub(super) fn start(connection: Connection, checkpoints: Connection, path: PathBuf) -> Result<Writer, StoreError> {
        let (jobs, queue) = mpsc::channel(QUEUED_JOBS);
        let checkpointer = Checkpointer::start(checkpoints, &path)?;
        let thread = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || {
                let _ending = EndsWithAPanic;
                run(connection, queue, checkpointer);
            })
            .map_err(|source| StoreError::Folder { folder: path, source })?;
        Ok(Writer { jobs: Mutex::new(Some(jobs)), thread: Mutex::new(Some(thread)) })
    }

    /// Runs `work` in an immediate transaction and commits it; rolls back where `work` fails.
    pub(super) async fn transaction<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.run(move |connection| in_transaction(connection, work)).await
    }

    /// Runs `work` on the writer's connection, outside any transaction.
    pub(super) async fn run<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let jobs = lock(&self.jobs).clone().ok_or(StoreError::Closed)?;
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // Here too, so that no caller is told anything before the process ends.
            let _ending = EndsWithAPanic;
            let done = work(connection);
            // A caller that has gone away does not undo what it asked for.
            drop(answer.send(done));
        });
        jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Lets the queue run empty, then ends the thread.
    pub(super) async fn close(&self) {
        drop(lock(&self.jobs).take());
        let thread = lock(&self.thread).take();
        if let Some(thread) = thread {
            // It never panics: that ends the process.
            drop(tokio::task::spawn_blocking(move || thread.join()).await);
        }
    }
}

/// Runs `work` between `begin immediate` and `commit`.
pub(super) fn in_transaction<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    if !connection.is_autocommit() {
        // The rollback after a failed commit failed too: nothing else can begin before it is done.
        connection.execute_batch("rollback")?;
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = work(&transaction)?;
    transaction.commit().map_err(|error| match StoreError::from(error) {
        // The commit's frame may be whole in the log though flushing it failed. On a full disk it is not.
        StoreError::Io(cause) => StoreError::UnknownCommit(cause),
        other => other,
    })?;
    Ok(value)
}

/// What the mutex guards is replaced whole, so a panic elsewhere leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run(mut connection: Connection, mut queue: mpsc::Receiver<Job>, mut checkpointer: Checkpointer) {
    while let Some(job) = queue.blocking_recv() {
        job(&mut connection);
        checkpointer.committed(&connection);
    }
    checkpointer.stop();
}
