//! A disk that takes no more, by the limit on the size of this process's files. Alone in its program: the limit is the
//! process's.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;

use model::ids::Millis;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};
use watchfire_store::sqlite::Sqlite;
use watchfire_store::{Catalog, Ledger, StoreError};

const NOW: Millis = Millis(1_768_478_400_000);
/// Sent to a process that writes past the limit; its default action ends the process. The same on all Unix systems.
const SIGXFSZ: i32 = 25;

fn limit_files(bytes: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: bytes, maximum }).unwrap();
}

fn length(folder: &Path, file: &str) -> u64 {
    std::fs::metadata(folder.join(file)).unwrap().len()
}

#[tokio::test]
async fn a_full_disk_is_an_outage_that_keeps_nothing_and_ends_when_there_is_room() {
    let _handled = signal(SignalKind::from_raw(SIGXFSZ)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    let before = store.create_organization("before".into(), "Before".into(), NOW).await.unwrap();

    limit_files(Some(length(folder.path(), "watchfire.db-wal")));
    for size in [10, 40_000_000] {
        // The small one fails in its commit, the large one when the page cache spills.
        let refused = store.create_organization("refused".into(), "n".repeat(size), NOW).await.expect_err("full");
        assert!(refused.is_outage(), "{refused:?}");
        assert_eq!(matches!(refused, StoreError::UnknownCommit(_)), size == 10, "{refused:?}");
    }
    let refused = store.probe().await.expect_err("full");
    assert!(refused.is_outage(), "a probe writes: {refused:?}");
    assert_eq!(store.organizations().await.unwrap(), std::slice::from_ref(&before), "reading goes on");

    limit_files(None);
    store.probe().await.unwrap();
    let after = store.create_organization("refused".into(), "After".into(), NOW).await.unwrap();
    assert_eq!(store.organizations().await.unwrap(), [after.clone(), before.clone()]);

    let left = folder.path().join("left");
    std::fs::create_dir(&left).unwrap();
    for file in ["watchfire.db", "watchfire.db-wal"] {
        std::fs::copy(folder.path().join(file), left.join(file)).unwrap();
    }
    let reopened = Sqlite::open(&left).unwrap();
    assert_eq!(reopened.organizations().await.unwrap(), [after, before]);
}
