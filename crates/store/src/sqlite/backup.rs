//! Backup and restore of the whole store as one file, beside a running `serve`.

use std::path::Path;
use std::time::Duration;

use rusqlite::backup::Backup;

use super::{Access, Sqlite, connect, migrate};
use crate::error::StoreError;

/// Pages copied in one step: the writer waits for no more than one.
const PAGES_PER_STEP: i32 = 256;

impl Sqlite {
    /// Writes a consistent copy of the store to `file`, which must not exist.
    ///
    /// # Errors
    /// `Folder` where the file exists or cannot be made, or what the database says.
    pub fn backup(&self, file: &Path) -> Result<(), StoreError> {
        let refused = |source| StoreError::Folder { folder: file.to_path_buf(), source };
        std::fs::OpenOptions::new().write(true).create_new(true).open(file).map_err(refused)?;
        let source = connect(&self.path, Access::Read)?;
        // One snapshot for all steps: without it every commit of `serve` would start the copy anew.
        let snapshot = source.unchecked_transaction()?;
        snapshot.query_row("select count(*) from meta", [], |_| Ok(()))?;
        let mut target = rusqlite::Connection::open(file)?;
        Backup::new(&snapshot, &mut target)?.run_to_completion(PAGES_PER_STEP, Duration::ZERO, None)?;
        snapshot.finish()?;
        Ok(())
    }

    /// Puts a backup into an empty data folder.
    ///
    /// # Errors
    /// `Folder` where the folder already holds a store, `SchemaTooNew`, or what the database says of the file.
    pub fn restore(folder: &Path, file: &Path) -> Result<(), StoreError> {
        let path = folder.join("watchfire.db");
        if path.exists() {
            let source = std::io::Error::new(std::io::ErrorKind::AlreadyExists, "it already holds a store");
            return Err(StoreError::Folder { folder: folder.to_path_buf(), source });
        }
        std::fs::create_dir_all(folder)
            .map_err(|source| StoreError::Folder { folder: folder.to_path_buf(), source })?;
        let source = rusqlite::Connection::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        migrate::check(&source)?;
        let mut target = rusqlite::Connection::open(&path)?;
        Backup::new(&source, &mut target)?.run_to_completion(PAGES_PER_STEP, Duration::ZERO, None)?;
        Ok(())
    }
}
