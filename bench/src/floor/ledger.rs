//! The floor's second part: bare prepared statements into SQLite, one transaction for each batch, checkpoints on another connection.
//!
//! Rows: one event, its three lookup rows, one delivery, one update of that delivery. No issue, no counter, no attempt, no lease
//! beyond the columns that the partial indexes need. The settings are the product's: WAL, `synchronous=FULL`, event table by rowid,
//! narrow tables `WITHOUT ROWID`. `floor` runs it on a thread of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, params};

use super::decode::{HEAD_AFTER_ID, TAIL};
use super::inbox::{Inbox, Owed, Settled, Taken};
use super::post::{Delivery, Lane};
use crate::error::BenchError;
use crate::work::WorkPath;

/// Past this the writer itself does one passive pass, as the product does.
const LOG_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How often the other connection copies the log into the file.
const CHECKPOINT_STEP: Duration = Duration::from_millis(250);

/// Statements kept prepared.
const STATEMENTS_MAX: usize = 16;

/// Enough that a run's indexes stay in memory.
const CACHE_KIB: i64 = 16 * 1024;

const PAGE_BYTES: u64 = 4_096;

/// The one project, issue, hook and process of the floor.
const PROJECT_ID: i64 = 1;
const ISSUE_ID: i64 = 1;
const HOOK_ID: i64 = 1;
const OWNER_ID: i64 = 1;

/// `event.created`.
const KIND: i64 = 0;

/// A repeat of a known issue.
const PRIORITY: i64 = 2;

/// Delivery states, as small numbers.
const SENDING: i64 = 1;
const DELIVERED: i64 = 2;

const SCHEMA: &str = r"
    CREATE TABLE event (
        seq INTEGER PRIMARY KEY,
        project_id INTEGER NOT NULL,
        issue_id INTEGER NOT NULL,
        received_ms INTEGER NOT NULL,
        head BLOB NOT NULL,
        body BLOB NOT NULL,
        tail BLOB NOT NULL
    ) STRICT;
    CREATE TABLE event_key (
        project_id INTEGER NOT NULL,
        day INTEGER NOT NULL,
        event_id BLOB NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (project_id, day, event_id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE event_by_issue (
        project_id INTEGER NOT NULL,
        issue_id INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (project_id, issue_id, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE event_by_project (
        project_id INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (project_id, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE delivery (
        project_id INTEGER NOT NULL,
        hook_id INTEGER NOT NULL,
        day INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        state INTEGER NOT NULL,
        priority INTEGER NOT NULL,
        owner_id INTEGER,
        due_ms INTEGER NOT NULL,
        PRIMARY KEY (project_id, hook_id, day, seq, kind)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX delivery_leased ON delivery (owner_id) WHERE owner_id IS NOT NULL;
    CREATE INDEX delivery_waiting ON delivery (hook_id, priority, due_ms) WHERE state = 0 AND owner_id IS NULL;
    CREATE INDEX delivery_unhappy ON delivery (hook_id, seq) WHERE state > 2;
";

/// The writer's connection.
pub(super) struct Ledger {
    connection: Connection,
    file: PathBuf,
    path: WorkPath,
    next_seq: i64,
    log_bytes: Arc<AtomicU64>,
}

/// The other connection, which copies the log into the file.
pub(super) struct Checkpointer {
    connection: Connection,
    log_bytes: Arc<AtomicU64>,
}

/// Takes and writes batches until one fails.
pub(super) fn write_batches(mut ledger: Ledger, inbox: &Inbox, mut lane: Option<Lane>) -> Result<(), BenchError> {
    loop {
        let taken = inbox.take();
        if taken.events.is_empty() && taken.settled.is_empty() {
            continue;
        }
        let first_seq = ledger.next_seq;
        ledger.write(&taken)?;
        for (seq, owed) in (first_seq..).zip(taken.events) {
            let settled = Settled { day: owed.day(), seq };
            let received_ms = owed.received_ms;
            let payload = owed.commit().payload;
            if let Some(lane) = &mut lane {
                lane.hand_over(Delivery { settled, received_ms, payload })?;
            }
        }
        ledger.keep_log_short()?;
    }
}

impl Ledger {
    /// Makes the database.
    pub(super) fn create(file: &Path, path: WorkPath) -> Result<Self, BenchError> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(|source| BenchError::Folder { source })?;
        }
        let connection = open(file)?;
        connection.execute_batch(SCHEMA)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        Ok(Self { connection, file: file.to_owned(), path, next_seq: 1, log_bytes: Arc::default() })
    }

    /// The connection for checkpoints.
    pub(super) fn checkpointer(&self) -> Result<Checkpointer, BenchError> {
        Ok(Checkpointer { connection: open(&self.file)?, log_bytes: Arc::clone(&self.log_bytes) })
    }

    fn write(&mut self, taken: &Taken) -> Result<(), BenchError> {
        let transaction = self.connection.transaction()?;
        insert_events(&transaction, self.next_seq, &taken.events)?;
        if self.path == WorkPath::Full {
            insert_deliveries(&transaction, self.next_seq, &taken.events)?;
        }
        settle_deliveries(&transaction, &taken.settled)?;
        transaction.commit()?;
        self.next_seq += taken.events.len() as i64;
        Ok(())
    }

    fn keep_log_short(&self) -> Result<(), BenchError> {
        if self.log_bytes.load(Relaxed) > LOG_BYTES_MAX {
            checkpoint(&self.connection)?;
            // The next write starts the log anew; its length is news again when the other connection has looked.
            self.log_bytes.store(0, Relaxed);
        }
        Ok(())
    }
}

impl Checkpointer {
    /// Copies the log into the file, a step at a time, until it fails.
    pub(super) fn run(self) -> Result<(), BenchError> {
        loop {
            std::thread::sleep(CHECKPOINT_STEP);
            self.log_bytes.store(checkpoint(&self.connection)?, Relaxed);
        }
    }
}

fn insert_events(transaction: &Transaction<'_>, first_seq: i64, events: &[Owed]) -> Result<(), BenchError> {
    let mut event = transaction.prepare_cached(
        r"INSERT INTO event (seq, project_id, issue_id, received_ms, head, body, tail)
          VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let mut key = transaction.prepare_cached(
        r"INSERT INTO event_key (project_id, day, event_id, seq)
          VALUES (?1, ?2, ?3, ?4)",
    )?;
    let mut by_issue = transaction.prepare_cached(
        r"INSERT INTO event_by_issue (project_id, issue_id, seq)
          VALUES (?1, ?2, ?3)",
    )?;
    let mut by_project = transaction.prepare_cached(
        r"INSERT INTO event_by_project (project_id, seq)
          VALUES (?1, ?2)",
    )?;
    for (seq, owed) in (first_seq..).zip(events) {
        let compressed = &owed.event.compressed;
        event.execute(params![seq, PROJECT_ID, ISSUE_ID, owed.received_ms, HEAD_AFTER_ID, compressed, TAIL])?;
        key.execute(params![PROJECT_ID, owed.day(), owed.event.id.bytes(), seq])?;
        by_issue.execute(params![PROJECT_ID, ISSUE_ID, seq])?;
        by_project.execute(params![PROJECT_ID, seq])?;
    }
    Ok(())
}

fn insert_deliveries(transaction: &Transaction<'_>, first_seq: i64, events: &[Owed]) -> Result<(), BenchError> {
    let mut delivery = transaction.prepare_cached(
        r"INSERT INTO delivery (project_id, hook_id, day, seq, kind, state, priority, owner_id, due_ms)
          VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for (seq, owed) in (first_seq..).zip(events) {
        let due_ms = owed.received_ms;
        delivery.execute(params![PROJECT_ID, HOOK_ID, owed.day(), seq, KIND, SENDING, PRIORITY, OWNER_ID, due_ms])?;
    }
    Ok(())
}

fn settle_deliveries(transaction: &Transaction<'_>, settled: &[Settled]) -> Result<(), BenchError> {
    let mut delivery = transaction.prepare_cached(
        r"UPDATE delivery
          SET state = ?1, owner_id = NULL
          WHERE project_id = ?2 AND hook_id = ?3 AND day = ?4 AND seq = ?5 AND kind = ?6 AND owner_id = ?7",
    )?;
    for delivered in settled {
        delivery.execute(params![DELIVERED, PROJECT_ID, HOOK_ID, delivered.day, delivered.seq, KIND, OWNER_ID])?;
    }
    Ok(())
}

fn open(file: &Path) -> Result<Connection, BenchError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    Ok(connection)
}

/// One passive pass; returns the length of the log that it could not start anew, in bytes.
fn checkpoint(connection: &Connection) -> Result<u64, BenchError> {
    let read = |row: &rusqlite::Row<'_>| -> rusqlite::Result<i64> { row.get(1) };
    let frames = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], read)?;
    Ok(u64::try_from(frames).unwrap_or(0) * PAGE_BYTES)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::event::EventId;
    use crate::floor::decode::Decoded;

    fn owed(index: u32) -> Owed {
        let event = Decoded { id: EventId::new(3, index), compressed: vec![1; 900], payload: Bytes::new() };
        Owed::new(event, 86_400_000 * 20_000 + i64::from(index)).0
    }

    fn count(ledger: &Ledger, sql: &str) -> i64 {
        ledger.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn each_event_has_its_lookup_rows_and_its_delivery_is_updated_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::create(&folder.path().join("floor.db"), WorkPath::Full).unwrap();
        ledger.write(&Taken { events: (0..3).map(owed).collect(), settled: Vec::new() }).unwrap();
        assert_eq!(count(&ledger, "SELECT count(*) FROM delivery WHERE owner_id = 1 AND state = 1"), 3);
        let settled = vec![Settled { day: 20_000, seq: 1 }, Settled { day: 20_000, seq: 2 }];
        ledger.write(&Taken { events: vec![owed(3)], settled }).unwrap();
        for table in ["event", "event_key", "event_by_issue", "event_by_project", "delivery"] {
            assert_eq!(count(&ledger, &format!("SELECT count(*) FROM {table}")), 4, "{table}");
        }
        assert_eq!(count(&ledger, "SELECT count(*) FROM delivery WHERE owner_id IS NULL AND state = 2"), 2);
        assert!(ledger.write(&Taken { events: vec![owed(0)], settled: Vec::new() }).is_err(), "a duplicate is refused");
    }

    #[test]
    fn without_a_hook_nothing_is_owed() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::create(&folder.path().join("floor.db"), WorkPath::Ingest).unwrap();
        ledger.write(&Taken { events: (0..3).map(owed).collect(), settled: Vec::new() }).unwrap();
        assert_eq!(count(&ledger, "SELECT count(*) FROM delivery"), 0);
        assert!(checkpoint(&ledger.connection).unwrap() > 0);
    }
}
