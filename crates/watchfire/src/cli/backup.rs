//! `watchfire backup`: one consistent copy of the store, also while it is being served.

use std::path::PathBuf;

use clap::Args;

use super::failure::Failure;
use super::stores;
use crate::config::StoreFlags;

pub(super) const EXAMPLES: &str = "\
The copy holds everything: events, deliveries, hooks with their secrets, which are sealed. The key that
opens them is not in it: keep a copy of its file elsewhere. The file must not exist yet. Works beside a
running `watchfire serve`.

Example:
  watchfire backup /var/backups/watchfire-$(date +%F).db";

/// What `backup` is told.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    store: StoreFlags,
    /// The file to make
    #[arg(value_name = "FILE")]
    copy: PathBuf,
}

/// Makes the copy.
pub(super) async fn run(arguments: Arguments) -> Result<String, Failure> {
    let Arguments { store, copy } = arguments;
    stores::with_existing(&store, async |store| {
        store.backup(&copy).map_err(|source| Failure::Copy {
            doing: "write the backup",
            path: copy.clone(),
            source,
        })?;
        let sealed = store.secret_key_id().await?.map_or_else(String::new, |key| {
            format!("Hooks' secrets in it are sealed with the secret key {key}, which is not in it: back that file up elsewhere.\n")
        });
        Ok(format!("wrote {}\n{sealed}", copy.display()))
    })
    .await
}
