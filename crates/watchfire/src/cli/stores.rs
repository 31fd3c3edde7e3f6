//! Opening the store for one command, also beside a running `serve`: the folder's lock is not taken.

use store::sqlite::Sqlite;

use super::failure::Failure;
use crate::config::StoreFlags;

/// The store's file in the data folder.
const STORE_FILE: &str = "watchfire.db";

/// Opens the store that is there, hands it to `work` and closes it. A slip in `--data` must not make a new one.
pub(super) async fn with_existing(
    flags: &StoreFlags,
    work: impl AsyncFnOnce(&Sqlite) -> Result<String, Failure>,
) -> Result<String, Failure> {
    if !flags.data.join(STORE_FILE).exists() {
        return Err(Failure::NoStore { folder: flags.data.clone() });
    }
    with(flags, work).await
}

/// Opens the store, makes it where there is none, hands it to `work` and closes it.
pub(super) async fn with(
    flags: &StoreFlags,
    work: impl AsyncFnOnce(&Sqlite) -> Result<String, Failure>,
) -> Result<String, Failure> {
    let store = Sqlite::open(&flags.data)?;
    let done = work(&store).await;
    store.close().await;
    done
}
