//! The data folder: its lock, backup and restore, and what a close leaves.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use model::delivery_key::DeliveryKey;
use model::ids::{Day, HookNumber, Millis, ProjectId, Seq};
use rusqlite::Connection;
use watchfire_store::conformance;
use watchfire_store::sqlite::{FolderLock, Sqlite};
use watchfire_store::{Catalog, Ledger, StoreError};
use webhook::Kind;

const NOW: Millis = Millis(1_768_478_400_000);

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Organizations are counted by the version of the directory: a copy that tears them apart is found out.
async fn organizations_and_version(store: &Sqlite) -> (i64, i64) {
    let directory = store.directory().await.unwrap();
    (i64::try_from(directory.organizations.len()).unwrap(), directory.version)
}

#[test]
fn a_second_lock_is_refused_with_the_pid_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let first = FolderLock::take(&data).unwrap();
    let refusal = FolderLock::take(&data).expect_err("it is locked");
    assert!(matches!(refusal, StoreError::Locked { pid, .. } if pid == std::process::id()), "{refusal}");
    assert!(refusal.to_string().contains(&std::process::id().to_string()));
    drop(first);
    FolderLock::take(&data).unwrap();
}

#[tokio::test]
async fn other_commands_work_beside_the_process_that_has_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let _serving = FolderLock::take(folder.path()).unwrap();
    let serve = Sqlite::open(folder.path()).unwrap();
    let init = Sqlite::open(folder.path()).unwrap();
    let made = init.create_organization("org".into(), "Org".into(), NOW).await.unwrap();
    assert_eq!(serve.organizations().await.unwrap(), [made]);
}

#[test]
fn nobody_else_can_read_the_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let _store = Sqlite::open(&data).unwrap();
    assert_eq!(mode(&data), 0o700);
}

#[tokio::test]
async fn a_backup_beside_a_busy_writer_is_one_moment_and_can_be_restored() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Sqlite::open(&folder.path().join("data")).unwrap());
    store.unlock(conformance::secret_key()).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn({
        let (store, stop) = (Arc::clone(&store), Arc::clone(&stop));
        async move {
            let mut made = 0;
            while !stop.load(Ordering::Relaxed) {
                // Large rows, so that the copy takes many steps.
                let name = "n".repeat(10_000);
                store.create_organization(format!("org-{made}"), name, NOW).await.unwrap();
                made += 1;
            }
            made
        }
    });
    while organizations_and_version(&store).await.0 < 200 {}
    let file = folder.path().join("backup.db");
    tokio::task::spawn_blocking({
        let (store, file) = (Arc::clone(&store), file.clone());
        move || store.backup(&file).unwrap()
    })
    .await
    .unwrap();
    stop.store(true, Ordering::Relaxed);
    let made = writing.await.unwrap();
    assert_eq!(mode(&file), 0o600);
    assert!(!folder.path().join("backup.db-wal").exists() && !folder.path().join("backup.db-shm").exists());

    let restored = folder.path().join("restored");
    let needed = Sqlite::restore(&restored, &file).unwrap();
    assert_eq!(needed, Some(conformance::secret_key().id()));
    let copy = Sqlite::open(&restored).unwrap();
    copy.unlock(conformance::secret_key()).await.unwrap();
    let (organizations, version) = organizations_and_version(&copy).await;
    assert!((200..=made).contains(&organizations), "{organizations} of {made}");
    assert_eq!(version, organizations + 1, "every commit moves both");
    copy.create_organization("after".into(), "After".into(), NOW).await.unwrap();
    copy.register(NOW).await.unwrap();
}

#[test]
fn a_backup_never_overwrites_and_a_failed_one_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("data")).unwrap();
    let file = folder.path().join("backup.db");
    std::fs::write(&file, "precious").unwrap();
    assert!(matches!(store.backup(&file), Err(StoreError::Folder { .. })));
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");
    let nowhere = folder.path().join("no-such-folder/backup.db");
    assert!(matches!(store.backup(&nowhere), Err(StoreError::Folder { .. })));
}

#[test]
fn a_restore_takes_only_a_store_and_only_into_a_folder_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let (data, empty) = (folder.path().join("data"), folder.path().join("empty"));
    let store = Sqlite::open(&data).unwrap();
    let file = folder.path().join("backup.db");
    store.backup(&file).unwrap();
    assert!(matches!(Sqlite::restore(&data, &file), Err(StoreError::Folder { .. })));

    let text = folder.path().join("text");
    std::fs::write(&text, "not a database, but long enough to have a header".repeat(100)).unwrap();
    Sqlite::restore(&empty, &text).expect_err("text is no store");
    Sqlite::restore(&empty, &folder.path().join("absent")).expect_err("nothing there");
    let foreign = folder.path().join("foreign.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("create table t (a)").unwrap();
    Sqlite::restore(&empty, &foreign).expect_err("another program's database");
    rusqlite::Connection::open(&file).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Sqlite::restore(&empty, &file), Err(StoreError::SchemaTooNew { found: 99, .. })));
    assert!(!empty.join("watchfire.db").exists());
}

#[tokio::test]
async fn a_closed_store_says_so_and_leaves_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    store.create_organization("org".into(), "Org".into(), NOW).await.unwrap();
    store.organizations().await.unwrap();
    store.close().await;
    assert!(matches!(store.probe().await, Err(StoreError::Closed)));
    assert!(matches!(store.organizations().await, Err(StoreError::Closed)));
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["watchfire.db"]);
    store.close().await;
}

#[tokio::test]
async fn a_damaged_body_does_not_keep_those_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    let rows = Connection::open(folder.path().join("watchfire.db")).unwrap();
    let value = zstd::bulk::compress(b"{}", 1).unwrap();
    for (seq, value) in [(1_i64, &b"not zstd"[..]), (2, &value)] {
        rows.execute(
            "insert into event (seq, project_id, issue_id, day, event_id, received_ms, timestamp_ms, level, hop, head, value,
                                tail)
             values (?1, 1, 1, 0, zeroblob(16), 0, 0, 3, 0, x'7b2261223a', ?2, x'7d')",
            rusqlite::params![seq, value],
        )
        .unwrap();
    }
    let key = |seq| DeliveryKey {
        project: ProjectId::new(1).unwrap(),
        hook: HookNumber::new(1).unwrap(),
        day: Day(0),
        seq: Seq::new(seq).unwrap(),
        kind: Kind::EventCreated,
    };
    let bodies = store.bodies(vec![key(1), key(2), key(3)], 1_000).await.unwrap();
    let bytes: Vec<_> = bodies.found.iter().map(|body| body.as_ref().map(|body| &body.bytes[..])).collect();
    assert_eq!(bytes, [None, Some(&b"{\"a\":{}}"[..]), None]);
}
