//! Why the local receiver does not start.

use std::net::SocketAddr;

use crate::cli::exit::Exit;

/// A receiver that does not start.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The port is taken, or not ours to take.
    #[error("cannot listen on {address}: choose another port with --port")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Each webhook would come back for ever.
    #[error("--forward leads back to this receiver on {address}: name the URL of another one")]
    ForwardToItself {
        /// The receiver's own address.
        address: SocketAddr,
    },
}

impl ListenError {
    /// The exit code that stands for it.
    pub(super) fn exit(&self) -> Exit {
        match self {
            ListenError::Listen { .. } => Exit::Failed,
            ListenError::ForwardToItself { .. } => Exit::Usage,
        }
    }
}
