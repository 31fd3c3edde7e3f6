//! Why a webhook could not be posted on.

use super::connect::ConnectError;

/// A webhook that was not answered where it was posted on to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ForwardError {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The URL makes no request.
    #[error("the URL makes no valid request")]
    Request(#[source] http::Error),
    /// The connection broke.
    #[error("{authority} did not answer")]
    Broken {
        /// Host and port.
        authority: String,
        /// Why.
        source: hyper::Error,
    },
    /// The answer broke off, or has no end.
    #[error("{authority} did not end its answer within {limit_bytes} bytes")]
    Endless {
        /// Host and port.
        authority: String,
        /// What is read.
        limit_bytes: usize,
    },
    /// It took too long.
    #[error("{authority} did not answer within {seconds} s")]
    TimedOut {
        /// Host and port.
        authority: String,
        /// What was waited.
        seconds: u64,
    },
}
