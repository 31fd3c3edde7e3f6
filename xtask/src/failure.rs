//! Why a command of xtask did not do its work: one enum for all of them.
//!
//! Findings of a rule are no failure of xtask; they are counted here so that the process exits with 1.

use std::{fmt, io, path::PathBuf, process::ExitStatus};

/// Why a command of xtask stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The words after `cargo xtask` are not a command.
    Usage { problem: &'static str },
    /// A file could not be read or written.
    File { path: PathBuf, source: io::Error },
    /// A program could not be started.
    Start { command: String, source: io::Error },
    /// A program ran and said no.
    Exit { command: String, status: ExitStatus },
    /// `cargo metadata` printed something else than its documented JSON.
    Metadata { source: serde_json::Error },
    /// A field that `cargo metadata` documents is missing.
    MetadataField { field: &'static str },
    /// Rules were broken; each was printed.
    Findings { count: usize },
    /// Generated files were stale. They are fresh now.
    Stale { paths: Vec<&'static str> },
    /// Tests failed, or none ran.
    Tests { problem: &'static str },
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage { problem } => write!(formatter, "{problem}"),
            Failure::File { path, source } => write!(formatter, "{}: {source}", path.display()),
            Failure::Start { command, source } => write!(formatter, "could not start `{command}`: {source}"),
            Failure::Exit { command, status } => write!(formatter, "`{command}` ended with {status}"),
            Failure::Metadata { source } => {
                write!(formatter, "could not read the output of `cargo metadata`: {source}")
            }
            Failure::MetadataField { field } => write!(formatter, "`cargo metadata` printed no `{field}`"),
            Failure::Findings { count: 1 } => write!(formatter, "one finding, printed above"),
            Failure::Findings { count } => write!(formatter, "{count} findings, printed above"),
            Failure::Stale { paths } => {
                write!(
                    formatter,
                    "generated files were stale and have been made again, commit them: {}",
                    paths.join(", ")
                )
            }
            Failure::Tests { problem } => write!(formatter, "{problem}"),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Failure::File { source, .. } | Failure::Start { source, .. } => Some(source),
            Failure::Metadata { source } => Some(source),
            Failure::Usage { .. }
            | Failure::Exit { .. }
            | Failure::MetadataField { .. }
            | Failure::Findings { .. }
            | Failure::Stale { .. }
            | Failure::Tests { .. } => None,
        }
    }
}
