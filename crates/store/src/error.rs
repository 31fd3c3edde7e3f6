//! What can go wrong in a store, by kind: callers decide on the kind, people read the text and its source.

use std::path::PathBuf;

use model::ids::Millis;

use crate::hook_secrets::Unopened;
use crate::secret_key::{NotSealed, SecretKeyId};

/// A store call that did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk or the quota is full. Nothing of the call was kept.
    #[error("no space left for the store")]
    Full(#[source] rusqlite::Error),
    /// The database cannot be read or written now: the disk failed, memory ran out, the file is damaged, or another process
    /// (a `token` command, say) held its lock for longer than a statement waits. Nothing of the call was kept.
    #[error("the store cannot be used at the moment")]
    Io(#[source] rusqlite::Error),
    /// The commit itself failed: the call may or may not have been kept.
    #[error("the outcome of a commit is unknown")]
    UnknownCommit(#[source] rusqlite::Error),
    /// A value that must be unique exists already.
    #[error("{what} is taken")]
    Taken {
        /// The field, as the API calls it.
        what: &'static str,
    },
    /// A project has as many of them as it may have.
    #[error("a project has at most {most} {what}")]
    TooMany {
        /// The kind of things, as the API calls them.
        what: &'static str,
        /// How many there may be.
        most: usize,
    },
    /// Somebody has changed it since it was read.
    #[error("{what} changed meanwhile")]
    Changed {
        /// What, as the API calls it.
        what: &'static str,
    },
    /// The only admin of an organization would be none any more.
    #[error("an organization keeps at least one admin")]
    LastAdmin,
    /// The overlap of an earlier rotation has not ended.
    #[error("the secret was rotated already, and both are valid until then")]
    Rotating {
        /// When it ends.
        until: Millis,
    },
    /// A part of the hook that the call needs does not open.
    #[error(transparent)]
    Unopened(Unopened),
    /// The call needs secrets, and the store was not unlocked with its secret key.
    #[error("the store is not unlocked: its secrets cannot be read")]
    NotUnlocked,
    /// The store's secrets are sealed with another key.
    #[error("the store's secrets are sealed with the secret key {needed}, and this is the key {given}")]
    WrongSecretKey {
        /// The id of the store's key.
        needed: SecretKeyId,
        /// The id of the key that was given.
        given: SecretKeyId,
    },
    /// The cipher refused to seal a value.
    #[error(transparent)]
    Sealing(#[from] NotSealed),
    /// The row that the call names is not there (any more).
    #[error("no such {what}")]
    Missing {
        /// The kind of thing, as the API calls it.
        what: &'static str,
    },
    /// A stored value that this version does not know.
    #[error("a stored {what} has the unknown value {value}")]
    UnknownValue {
        /// The column.
        what: &'static str,
        /// Its value.
        value: i64,
    },
    /// A stored value that cannot be read.
    #[error("a stored {what} is damaged")]
    Damaged {
        /// The column.
        what: &'static str,
    },
    /// An id that cannot be one: the store is damaged, or full beyond its numbers.
    #[error(transparent)]
    Id(#[from] model::ids::IdOutOfRange),
    /// A stored state or priority that this version does not know.
    #[error(transparent)]
    Code(#[from] model::delivery::UnknownCode),
    /// A stored setting of a hook that this version does not know.
    #[error(transparent)]
    Setting(#[from] model::hook::UnknownSetting),
    /// A stored kind that this version does not know.
    #[error(transparent)]
    Kind(#[from] webhook::UnknownKind),
    /// A stored outcome that this version does not know.
    #[error(transparent)]
    Outcome(#[from] model::attempt::UnknownOutcome),
    /// The data folder is served by another process.
    #[error(
        "the data folder {} is in use by the process with pid {pid}: stop it first, or choose another folder with --data",
        folder.display()
    )]
    Locked {
        /// The folder.
        folder: PathBuf,
        /// The other process, 0 where it left no number.
        pid: u32,
    },
    /// The store was written by a newer Watchfire.
    #[error(
        "the store has schema {found}, this Watchfire knows up to {known}: use a newer Watchfire, it is never downgraded"
    )]
    SchemaTooNew {
        /// What the store says.
        found: u32,
        /// What this binary can read.
        known: u32,
    },
    /// The data folder cannot be made or opened.
    #[error("cannot use the data folder {}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The store has been closed: the process is stopping.
    #[error("the store is closed")]
    Closed,
    /// Anything else that the database refused.
    #[error("the store refused a statement")]
    Database(#[source] rusqlite::Error),
}

impl StoreError {
    /// Whether the same call may succeed later without any change to it.
    pub fn is_outage(&self) -> bool {
        match self {
            StoreError::Full(_) | StoreError::Io(_) | StoreError::UnknownCommit(_) | StoreError::Closed => true,
            StoreError::Taken { .. }
            | StoreError::TooMany { .. }
            | StoreError::Changed { .. }
            | StoreError::Rotating { .. }
            | StoreError::LastAdmin
            | StoreError::Unopened(_)
            | StoreError::NotUnlocked
            | StoreError::WrongSecretKey { .. }
            | StoreError::Sealing(_)
            | StoreError::Setting(_)
            | StoreError::Missing { .. }
            | StoreError::UnknownValue { .. }
            | StoreError::Damaged { .. }
            | StoreError::Id(_)
            | StoreError::Code(_)
            | StoreError::Kind(_)
            | StoreError::Outcome(_)
            | StoreError::Locked { .. }
            | StoreError::SchemaTooNew { .. }
            | StoreError::Folder { .. }
            | StoreError::Database(_) => false,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full(error),
            // None of these is the fault of what was asked for: the same call may succeed later. A lock that is not free
            // after the busy timeout is among them, so that a request is answered 503 rather than refused.
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::OutOfMemory
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::PermissionDenied
                | ErrorCode::NoLargeFileSupport
                | ErrorCode::OperationAborted
                | ErrorCode::OperationInterrupted,
            ) => StoreError::Io(error),
            _ => StoreError::Database(error),
        }
    }
}
