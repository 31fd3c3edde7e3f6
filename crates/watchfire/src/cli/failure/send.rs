//! Why an event could not be sent to a DSN.

use std::path::PathBuf;

use super::connect::ConnectError;
use crate::cli::exit::Exit;

/// An event that was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The file does not hold an event.
    #[error("{place} cannot be sent")]
    Event {
        /// The file.
        place: String,
        /// What is wrong with it.
        source: BadEvent,
    },
    /// The file is larger than any event.
    #[error("{} is larger than {limit_bytes} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What is read.
        limit_bytes: u64,
    },
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The DSN makes no request.
    #[error("the DSN makes no valid request")]
    Request(#[source] http::Error),
    /// The connection broke.
    #[error("{authority} did not answer")]
    Broken {
        /// Host and port.
        authority: String,
        /// Why.
        source: hyper::Error,
    },
    /// It took too long.
    #[error("{authority} did not answer within {seconds} s")]
    TimedOut {
        /// Host and port.
        authority: String,
        /// What was waited.
        seconds: u64,
    },
    /// The server said no.
    #[error("{authority} answered {status}{}", detail.as_deref().map_or_else(|| advice(*status).to_owned(), told))]
    Refused {
        /// Host and port.
        authority: String,
        /// The status.
        status: u16,
        /// The server's own reason.
        detail: Option<String>,
    },
}

/// What is wrong with an event in a file.
#[derive(Debug, thiserror::Error)]
pub enum BadEvent {
    /// Not a JSON object.
    #[error("expected one JSON object")]
    NotAnObject(#[source] serde_json::Error),
    /// The id is no event id.
    #[error("`event_id` must be 32 hex digits")]
    Id,
    /// The tags are in neither of their two forms.
    #[error("`tags` must be an object or a list of pairs")]
    Tags,
}

impl SendError {
    /// The exit code that stands for it.
    pub(super) fn exit(&self) -> Exit {
        match self {
            SendError::Refused { .. } => Exit::Refused,
            SendError::Event { .. } | SendError::TooLarge { .. } => Exit::Usage,
            SendError::Connect(_) | SendError::Request(_) | SendError::Broken { .. } | SendError::TimedOut { .. } => {
                Exit::Failed
            }
        }
    }
}

fn told(detail: &str) -> String {
    format!(": {detail}")
}

/// What a status most likely means, for a server that gives no reason.
fn advice(status: u16) -> &'static str {
    match status {
        301 | 302 | 307 | 308 => " (the DSN must name the server itself: redirects are not followed)",
        401 | 403 => " (is the DSN's key the project's, and active?)",
        404 => " (is that a server for Sentry SDKs?)",
        413 => " (the event is too large)",
        429 => " (the key's rate limit: try later)",
        500.. => " (try later)",
        _ => "",
    }
}
