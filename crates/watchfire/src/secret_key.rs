//! Unlocking a store: the file of its secret key is read, or made where the store has no key yet.
//!
//! Refuses to make a key for a store that has one: what is sealed would be lost without a word. Called by `serve` and `init`;
//! commands that read no hook work without the key.

use std::path::{Path, PathBuf};

use store::secret_key::{KeyFileError, make_key_file, read_key_file};
use store::sqlite::Sqlite;
use store::{SecretKey, SecretKeyId, StoreError};

use crate::wiring::random;

/// Why a store stays locked. Each text names the file, and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum UnlockError {
    /// The file cannot be used.
    #[error(transparent)]
    KeyFile(KeyFileError),
    /// The store has a key, and its file is not there.
    #[error(
        "the store's secrets are sealed with the secret key {needed}, and its file {} is not there: put it back, or name it \
         with --secret-key-file. Where it is lost, `watchfire init --replace-lost-secret-key` makes another, and each hook needs \
         a new secret", file.display()
    )]
    Missing {
        /// Where it was looked for.
        file: PathBuf,
        /// The id of the store's key.
        needed: SecretKeyId,
    },
    /// The file holds the key of another store.
    #[error(
        "{} holds the secret key {given}, and the store's secrets are sealed with the key {needed}: put that key's file \
         there, or name it with --secret-key-file", file.display()
    )]
    Wrong {
        /// The file.
        file: PathBuf,
        /// The id of the store's key.
        needed: SecretKeyId,
        /// The id of the file's key.
        given: SecretKeyId,
    },
    /// What the store says.
    #[error(transparent)]
    Store(StoreError),
}

/// Unlocks the store with the key in `file`. The file is made, and on the disk, before the first secret is sealed with its key.
///
/// # Errors
/// See [`UnlockError`]; then nothing about hooks can be read or sent.
pub async fn unlock(store: &Sqlite, file: &Path) -> Result<SecretKeyId, UnlockError> {
    let key = match store.secret_key_id().await.map_err(UnlockError::Store)? {
        Some(needed) => read_key_file(file, random).map_err(|error| match error {
            KeyFileError::Missing { file } => UnlockError::Missing { file, needed },
            other => UnlockError::KeyFile(other),
        })?,
        None => read_or_make(file).map_err(UnlockError::KeyFile)?,
    };
    let id = key.id();
    store.unlock(key).await.map_err(|error| match error {
        StoreError::WrongSecretKey { needed, given } => UnlockError::Wrong { file: file.to_path_buf(), needed, given },
        other => UnlockError::Store(other),
    })?;
    Ok(id)
}

/// Gives a store whose key is lost another one: the one in `file`, or a new one. Nobody may serve the store meanwhile.
///
/// # Errors
/// See [`UnlockError`].
pub async fn replace(store: &Sqlite, file: &Path) -> Result<(), UnlockError> {
    let key = read_or_make(file).map_err(UnlockError::KeyFile)?;
    if store.secret_key_id().await.map_err(UnlockError::Store)?.is_some() {
        store.replace_secret_key(&key).await.map_err(UnlockError::Store)?;
    }
    Ok(())
}

/// For a store without a key, or with a lost one: the file may be there, made for several stores or by a run that was cut short.
fn read_or_make(file: &Path) -> Result<SecretKey, KeyFileError> {
    match read_key_file(file, random) {
        Err(KeyFileError::Missing { .. }) => {}
        answer => return answer,
    }
    match make_key_file(file, random) {
        // Another process was faster; its file is whole.
        Err(KeyFileError::Exists { .. }) => read_key_file(file, random),
        Ok(key) => {
            tracing::info!(
                file = %file.display(),
                secret_key.id = %key.id(),
                "made the secret key: back its file up, apart from the store"
            );
            Ok(key)
        }
        Err(other) => Err(other),
    }
}
