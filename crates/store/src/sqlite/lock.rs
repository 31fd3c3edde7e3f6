//! The lock of a data folder: one `serve` at a time. Its holder stands for the beat of the process that leases deliveries.
//! `init`, `token` and `backup` do not take it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::make_folder;
use crate::error::StoreError;

/// Held for as long as this process serves the folder; the system frees it when the process ends, however it ends.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the folder's lock and writes this process's number into it.
    ///
    /// # Errors
    /// `Locked` with the holder's pid, or `Folder` where the lock file cannot be made.
    pub fn take(folder: &Path) -> Result<FolderLock, StoreError> {
        let failed = |source| StoreError::Folder { folder: folder.to_path_buf(), source };
        make_folder(folder)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join("lock"))
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder).map_err(failed)?;
                let pid = holder.trim().parse().unwrap_or(0);
                return Err(StoreError::Locked { folder: folder.to_path_buf(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        file.set_len(0).map_err(failed)?;
        file.rewind().map_err(failed)?;
        file.write_all(std::process::id().to_string().as_bytes()).map_err(failed)?;
        Ok(FolderLock { _file: file })
    }
}
