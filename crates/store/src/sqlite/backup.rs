//! Backup and restore of the whole store as one file, beside a running `serve`.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use super::{Access, DATABASE_FILE, Sqlite, connect, make_folder, migrate, unlock};
use crate::error::StoreError;
use crate::secret_key::SecretKeyId;

/// Pages copied in one step.
const PAGES_PER_STEP: i32 = 256;
/// What a restore writes before it is whole.
const RESTORING_FILE: &str = "watchfire.db.restoring";

impl Sqlite {
    /// Writes a consistent copy of the store to `file`, which must not exist. Only its owner can read it: events are in
    /// it, and hooks' secrets, sealed.
    ///
    /// # Errors
    /// `Folder` where the file exists or cannot be made, or what the database says; then no file is left.
    pub fn backup(&self, file: &Path) -> Result<(), StoreError> {
        create_private(file)?;
        self.copy_to(file).inspect_err(|_| drop(std::fs::remove_file(file)))
    }

    fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        let source = connect(&self.path, Access::Read)?;
        // One snapshot for all steps: without it every commit of `serve` would start the copy anew.
        let snapshot = source.unchecked_transaction()?;
        snapshot.query_row("select count(*) from meta", [], |_| Ok(()))?;
        let mut target = Connection::open(file)?;
        Backup::new(&snapshot, &mut target)?.run_to_completion(PAGES_PER_STEP, Duration::ZERO, None)?;
        snapshot.finish()?;
        // One file that can be read where nothing can be written.
        target.pragma_update(None, "journal_mode", "delete")?;
        Ok(())
    }

    /// Puts a backup into a data folder without a store. The caller holds the folder's lock. Gives the id of the secret key that
    /// the backup's secrets are sealed with, if any are: the key is not in it.
    ///
    /// # Errors
    /// `Folder` where the folder already holds a store, `SchemaTooNew`, or what the database says of the file; then the
    /// folder holds none.
    pub fn restore(folder: &Path, file: &Path) -> Result<Option<SecretKeyId>, StoreError> {
        let refused = |source| StoreError::Folder { folder: folder.to_path_buf(), source };
        let path = folder.join(DATABASE_FILE);
        if path.exists() {
            let source = std::io::Error::new(std::io::ErrorKind::AlreadyExists, "it already holds a store");
            return Err(refused(source));
        }
        let source = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        migrate::check(&source)?;
        let key = unlock::key_id(&source)?;
        make_folder(folder)?;
        let unfinished = folder.join(RESTORING_FILE);
        if unfinished.exists() {
            std::fs::remove_file(&unfinished).map_err(refused)?;
        }
        create_private(&unfinished)?;
        let mut target = Connection::open(&unfinished)?;
        Backup::new(&source, &mut target)?.run_to_completion(PAGES_PER_STEP, Duration::ZERO, None)?;
        target.close().map_err(|(_, error)| error)?;
        std::fs::rename(&unfinished, &path).map_err(refused)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(refused)?;
        Ok(key)
    }
}

fn create_private(file: &Path) -> Result<(), StoreError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .map(drop)
        .map_err(|source| StoreError::Folder { folder: file.to_path_buf(), source })
}
