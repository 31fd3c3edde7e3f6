//! Which part of the path a run takes, and where its folders go: the words that floor, target and commands share.

use std::path::PathBuf;

/// The part of the path that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WorkPath {
    /// No hook: a request in, recorded, answered.
    Ingest,
    /// One hook: also signed, sent, answered with 2xx, settled.
    Full,
    /// As `Ingest`, in a project with many rules and many hooks that wait for their alerts.
    #[value(skip)]
    Ruled,
}

/// What every run needs to know of its surroundings.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    /// The server's program.
    pub(crate) server: PathBuf,
    /// Where data folders are made; on a real disk, or `synchronous=FULL` costs nothing.
    pub(crate) work_folder: PathBuf,
}

impl WorkPath {
    /// The word for tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Full => "full",
            Self::Ruled => "ruled",
        }
    }
}
