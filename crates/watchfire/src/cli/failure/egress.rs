//! Why a hook's URL would not be sent to, or the guard does not hold.

use model::egress::{BadCase, UrlRefusal};
use pipeline::egress::ResolveError;

use crate::cli::exit::Exit;

/// A URL that webhooks would not reach, or a guard with a gap.
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
    /// The built-in cases cannot be read.
    #[error(transparent)]
    Table(BadCase),
    /// The self-test found something.
    #[error(
        "the guard does not hold here: {open} OPEN, {failed} FAILED; what is OPEN is allowed by --egress-allow or --dev: narrow it"
    )]
    DoesNotHold {
        /// Rows of this machine's network that the settings let webhooks reach.
        open: usize,
        /// Rows that are not as they must be.
        failed: usize,
    },
}

impl EgressError {
    /// The exit code that stands for it.
    pub(super) fn exit(&self) -> Exit {
        match self {
            EgressError::Url(_) | EgressError::Address | EgressError::DoesNotHold { .. } => Exit::Refused,
            EgressError::Resolve(_) | EgressError::TimedOut { .. } | EgressError::Table(_) => Exit::Failed,
        }
    }
}
