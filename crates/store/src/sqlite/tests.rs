//! What only the inside of the SQLite store can bring about: failures of the database, of a reader, of the writer.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use model::ids::Millis;
use rusqlite::Connection;

use super::{DATABASE_FILE, READERS, Sqlite, lock};
use crate::error::StoreError;
use crate::{Catalog, Ledger};

const NOW: Millis = Millis(1_768_478_400_000);
/// Set in the process that is to panic.
const PANIC_HERE: &str = "WATCHFIRE_STORE_TEST_PANIC";
/// How a process ends that calls `abort`.
const SIGABRT: i32 = 6;

fn store() -> (tempfile::TempDir, Sqlite) {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    (folder, store)
}

async fn create(store: &Sqlite, slug: &str, name: String) -> Result<(), StoreError> {
    store.create_organization(slug.to_owned(), name, NOW).await.map(drop)
}

#[tokio::test]
async fn a_full_store_is_an_outage_and_keeps_nothing() {
    let (_folder, store) = store();
    let limit_pages = async |pages: Option<i64>| {
        store
            .writer
            .run(move |connection| {
                let present = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
                connection.pragma_update(None, "max_page_count", pages.unwrap_or(present))?;
                Ok(())
            })
            .await
            .unwrap();
    };
    limit_pages(None).await;
    let refusal = create(&store, "large", "n".repeat(100_000)).await.expect_err("no room");
    assert!(matches!(refusal, StoreError::Full(_)) && refusal.is_outage(), "{refusal:?}");
    assert!(store.organizations().await.unwrap().is_empty());
    create(&store, "small", String::new()).await.unwrap();
    limit_pages(Some(1_000_000)).await;
    create(&store, "large", "n".repeat(100_000)).await.unwrap();
    assert_eq!(store.organizations().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_lock_held_elsewhere_is_an_outage_until_it_is_free() {
    let (folder, store) = store();
    store.writer.run(|connection| Ok(connection.busy_timeout(Duration::ZERO)?)).await.unwrap();
    let other = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    other.execute_batch("begin immediate").unwrap();
    let refusal = store.probe().await.expect_err("locked");
    assert!(matches!(refusal, StoreError::Io(_)) && refusal.is_outage(), "{refusal:?}");
    other.execute_batch("commit").unwrap();
    store.probe().await.unwrap();
}

#[tokio::test]
async fn a_transaction_that_could_not_be_rolled_back_does_not_block_the_writer() {
    let (_folder, store) = store();
    let left_open = "begin immediate; insert into organization (slug, name, created_ms) values ('torn', '', 0)";
    store.writer.run(move |connection| Ok(connection.execute_batch(left_open)?)).await.unwrap();
    create(&store, "org", String::new()).await.unwrap();
    let slugs: Vec<_> = store.organizations().await.unwrap().into_iter().map(|found| found.slug).collect();
    assert_eq!(slugs, ["org"]);
}

#[tokio::test]
async fn a_probe_writes() {
    let (folder, store) = store();
    let length = || std::fs::metadata(folder.path().join("watchfire.db-wal")).unwrap().len();
    let before = length();
    store.probe().await.unwrap();
    assert!(length() > before, "a disk that takes nothing would not be noticed");
}

#[tokio::test]
async fn what_was_asked_is_done_though_nobody_waits_for_the_answer() {
    let (_folder, store) = store();
    let (begun, may_begin) = std::sync::mpsc::sync_channel::<()>(1);
    let blocked = store.writer.run(move |_| {
        let _ = may_begin.recv();
        Ok(())
    });
    let asked = create(&store, "org", String::new());
    tokio::select! {
        biased;
        _ = blocked => panic!("it is blocked"),
        _ = asked => panic!("it waits behind"),
        () = tokio::task::yield_now() => {}
    }
    drop(begun);
    store.probe().await.unwrap();
    assert_eq!(store.organizations().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_reader_that_failed_is_not_used_again() {
    let (_folder, store) = store();
    store.organizations().await.unwrap();
    assert_eq!(lock(&store.readers.idle).len(), 1);
    let failed = store.read(|_| Err::<(), _>(StoreError::Damaged { what: "row" })).await;
    assert!(matches!(failed, Err(StoreError::Damaged { .. })));
    assert_eq!(lock(&store.readers.idle).len(), 0);
    store.organizations().await.unwrap();
    assert_eq!(lock(&store.readers.idle).len(), 1);
}

#[tokio::test]
async fn a_panic_in_a_reader_is_the_callers_and_costs_no_reader() {
    let (_folder, store) = store();
    let store = std::sync::Arc::new(store);
    for _ in 0..=READERS {
        let reading = std::sync::Arc::clone(&store);
        let task = tokio::spawn(async move { reading.read(|_| -> Result<(), _> { panic!("a bug") }).await });
        assert!(task.await.expect_err("it panicked").is_panic());
    }
    store.organizations().await.unwrap();
}

#[tokio::test]
async fn readers_cannot_write() {
    let (_folder, store) = store();
    let write = store.read(|connection| Ok(connection.execute("update meta set value = 9", [])?)).await;
    assert!(write.is_err());
}

#[tokio::test]
async fn a_panic_in_the_writer_ends_the_process() {
    if std::env::var_os(PANIC_HERE).is_some() {
        let (_folder, store) = store();
        let _ = store.writer.run(|_| -> Result<(), _> { panic!("a bug") }).await;
        return;
    }
    let this_test = ["--exact", "sqlite::tests::a_panic_in_the_writer_ends_the_process"];
    let program = std::env::current_exe().unwrap();
    let child = std::process::Command::new(program).args(this_test).env(PANIC_HERE, "1").output().unwrap();
    assert_eq!(child.status.signal(), Some(SIGABRT), "{child:?}");
}
