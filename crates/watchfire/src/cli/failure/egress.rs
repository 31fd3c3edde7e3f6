//! Why a hook's URL would not be sent to.

use model::egress::UrlRefusal;
use pipeline::egress::ResolveError;

use crate::cli::exit::Exit;

/// A URL that webhooks would not reach.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// Its text is refused.
    #[error("refused: the URL {0}: no hook may have it")]
    Url(UrlRefusal),
    /// An address of its host is refused.
    #[error(
        "refused: the host has an address that is not allowed: a hook may have the URL, and each attempt ends as refused_address"
    )]
    Address,
    /// Its host has no address now.
    #[error("{0}: a hook may have the URL, and each attempt ends as unreachable until there is one")]
    Resolve(ResolveError),
    /// The DNS keeps still.
    #[error("the DNS did not answer within {seconds} s: a hook may have the URL, and each attempt waits as long")]
    TimedOut {
        /// What was waited.
        seconds: u64,
    },
}

impl EgressError {
    /// The exit code that stands for it.
    pub(super) fn exit(&self) -> Exit {
        match self {
            EgressError::Url(_) | EgressError::Address => Exit::Refused,
            EgressError::Resolve(_) | EgressError::TimedOut { .. } => Exit::Failed,
        }
    }
}
