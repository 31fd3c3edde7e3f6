//! `watchfire backup`: one consistent copy of the store, also while it is being served.

use std::path::PathBuf;

use clap::Args;

use super::failure::Failure;
use super::stores;
use crate::config::StoreFlags;

pub(super) const EXAMPLES: &str = "\
The copy holds everything: events, deliveries, hooks with their secrets. Keep it as safe as the data
folder. The file must not exist yet. Works beside a running `watchfire serve`.

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
        Ok(format!("wrote {}\n", copy.display()))
    })
    .await
}
