//! `watchfire restore`: a backup becomes the store of an empty data folder.

use std::path::PathBuf;

use clap::Args;
use store::StoreError;
use store::secret_key::SECRET_KEY_FILE;
use store::sqlite::Sqlite;

use super::failure::Failure;
use crate::config::StoreFlags;

pub(super) const EXAMPLES: &str = "\
Nothing is overwritten: a folder that holds a store is refused. The backup has no secret key in it: this
says which one it needs.

Example:
  watchfire restore /var/backups/watchfire-2026-05-01.db --data /var/lib/watchfire";

/// What `restore` is told.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    store: StoreFlags,
    /// A file that `watchfire backup` made
    #[arg(value_name = "FILE")]
    copy: PathBuf,
}

/// Fills the folder.
pub(super) fn run(arguments: &Arguments) -> Result<String, Failure> {
    let Arguments { store, copy } = arguments;
    // The database's own words for a missing file would not name it.
    std::fs::File::open(copy).map_err(|source| Failure::File {
        doing: "read the backup",
        path: copy.clone(),
        source,
    })?;
    let key = Sqlite::restore(&store.data, copy).map_err(|source| match source {
        StoreError::Folder { .. } | StoreError::SchemaTooNew { .. } => Failure::Store(source),
        source => Failure::Copy { doing: "restore", path: copy.clone(), source },
    })?;
    let needed = key.map_or_else(String::new, |key| {
        let file = store.data.join(SECRET_KEY_FILE);
        let file = file.display();
        format!("Its secrets are sealed with the secret key {key}: put that key's file at {file}, or name it with --secret-key-file.\n")
    });
    Ok(format!("restored {} into {}\n{needed}", copy.display(), store.data.display()))
}
