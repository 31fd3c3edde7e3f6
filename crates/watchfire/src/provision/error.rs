//! Why provisioning stopped.

use protocol::dsn::DsnError;
use store::StoreError;

use crate::config::BadBaseUrl;
use crate::credentials::CredentialError;

/// Provisioning that could not be finished. What was made before stays; the next run goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A secret could not be made.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// No SDK could read a DSN with this URL.
    #[error("the URL cannot be part of a DSN")]
    Dsn(#[from] DsnError),
    /// The stored URL is none.
    #[error("the stored URL `{url}` is not usable: store another one with `watchfire init --url`")]
    StoredUrl {
        /// What is stored.
        url: String,
        /// What is wrong with it.
        source: BadBaseUrl,
    },
    /// All keys of the project are deleted or disabled.
    #[error("the project `{project}` has no active key and so no DSN: make or enable one over the API")]
    NoKey {
        /// The project's slug.
        project: String,
    },
    /// All teams of the organization are deleted.
    #[error("the organization `{organization}` has no team that could own a project: make one over the API")]
    NoTeam {
        /// The organization's slug.
        organization: String,
    },
}
