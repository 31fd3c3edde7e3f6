//! Why a command ended without doing what was asked. Each text says what is wrong, where, and what to do.

mod api;
mod connect;
mod egress;
mod forward;
mod listen;
mod send;
mod verify;

use std::path::PathBuf;

use store::StoreError;

use super::exit::Exit;
use crate::config::ConfigError;
use web::auth::password::PasswordError;

use crate::credentials::CredentialError;
use crate::provision::ProvisionError;
use crate::secret_key::UnlockError;
use crate::wiring::StartError;

pub(super) use api::{ApiError, Complaint};
pub(super) use connect::{ConnectError, TrustError};
pub(super) use egress::EgressError;
pub(super) use forward::ForwardError;
pub(super) use listen::ListenError;
pub(super) use send::{BadEvent, SendError};
pub(super) use verify::VerifyError;

/// A command that did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line cannot be read, or asks for help.
    #[error(transparent)]
    CommandLine(#[from] clap::Error),
    /// A variable or the configuration file is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The folder holds no store.
    #[error("there is no store in the folder {}: make one with `watchfire init`, or name the right folder with --data", folder.display())]
    NoStore {
        /// The folder.
        folder: PathBuf,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The first organization, project, user and token could not be made.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// A secret could not be made, or was not one.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// Nothing of that name is there.
    #[error("there is no {kind} {name}: `{list}` shows which there are")]
    Missing {
        /// What kind of thing.
        kind: &'static str,
        /// Its name as given.
        name: String,
        /// The command that lists them.
        list: &'static str,
    },
    /// Something of that name is there already.
    #[error("there is a {kind} {name} already")]
    Exists {
        /// What kind of thing.
        kind: &'static str,
        /// Its name as given.
        name: String,
    },
    /// A file that was named cannot be used.
    #[error("cannot {doing} {}", path.display())]
    File {
        /// What was to be done with it.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The backup cannot be written or read.
    #[error("cannot {doing} {}", path.display())]
    Copy {
        /// What was to be done with it.
        doing: &'static str,
        /// The backup's file.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// Standard input or output failed.
    #[error("cannot {doing}")]
    Standard {
        /// What was to be done.
        doing: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// The event was not taken.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The file of `--ca` cannot be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The API did not do what was asked.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Webhooks would not reach the URL.
    #[error(transparent)]
    Egress(#[from] EgressError),
    /// The local receiver does not start.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The signature does not hold, or cannot be checked.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The store stays locked.
    #[error(transparent)]
    Unlock(#[from] UnlockError),
    /// The server does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The process cannot have threads or timers.
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
    /// What is to be printed cannot be written as JSON.
    #[error("cannot write JSON")]
    Json(#[source] serde_json::Error),
}

impl Failure {
    /// The exit code that stands for it.
    pub fn exit(&self) -> Exit {
        match self {
            Failure::CommandLine(error) if !error.use_stderr() => Exit::Done,
            Failure::CommandLine(_) | Failure::Config(_) => Exit::Usage,
            Failure::Missing { .. } | Failure::Exists { .. } => Exit::Refused,
            Failure::Send(error) => error.exit(),
            Failure::Api(error) => error.exit(),
            Failure::Egress(error) => error.exit(),
            Failure::Listen(error) => error.exit(),
            Failure::Verify(error) => error.exit(),
            Failure::Credential(CredentialError::Password(PasswordError::TooShort | PasswordError::TooLong)) => {
                Exit::Usage
            }
            Failure::NoStore { .. }
            | Failure::Store(_)
            | Failure::Provision(_)
            | Failure::Credential(_)
            | Failure::File { .. }
            | Failure::Copy { .. }
            | Failure::Standard { .. }
            | Failure::Trust(_)
            | Failure::Unlock(_)
            | Failure::Start(_)
            | Failure::Runtime(_)
            | Failure::Json(_) => Exit::Failed,
        }
    }
}
