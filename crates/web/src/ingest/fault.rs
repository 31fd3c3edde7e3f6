//! Why a request is refused, and the one translation to an answer.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use pipeline::RecordError;
use protocol::auth::AuthError;
use protocol::envelope::EnvelopeError;
use protocol::event::EventError;
use protocol::store_body::StoreBodyError;
use serde_json::json;

use super::answer::{RATE_LIMITS, with_cors};
use super::key_rate::LimitReached;
use super::outcome::Outcome;

/// A refused request.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("only POST is allowed here")]
    Method,
    #[error("the project id in the path is not a positive number")]
    ProjectId,
    #[error("the request is not authenticated")]
    Auth(#[source] AuthError),
    #[error("the project key is unknown or disabled")]
    UnknownKey,
    #[error("the project key belongs to another project")]
    WrongProject,
    #[error("the project does not accept events from this origin")]
    Origin,
    #[error("the content encoding is not supported: send gzip, deflate, br, zstd or identity")]
    Encoding,
    #[error("the media type is not supported here")]
    MediaType,
    #[error("the compressed body is damaged")]
    Compression(#[source] std::io::Error),
    #[error("the request's body could not be read")]
    Read(#[source] axum::Error),
    #[error("the body came too slowly")]
    Slow,
    #[error("the body is too large")]
    TooLarge,
    #[error("the body is empty")]
    Empty,
    #[error("the envelope is malformed")]
    Envelope(#[source] EnvelopeError),
    #[error("the body is not an event")]
    StoreBody(#[source] StoreBodyError),
    #[error("the event is malformed")]
    Event(#[source] EventError),
    #[error("the project key's rate limit is reached")]
    RateLimited(#[from] LimitReached),
    #[error("the server is at its limit: try again")]
    Overloaded,
    #[error("the server has as many connections as it takes: try again")]
    Crowded,
    #[error("the event could not be compressed")]
    Compressor(#[source] std::io::Error),
    #[error("the event could not be stored")]
    Record(#[from] RecordError),
}

/// Seconds after which an SDK may try again.
const RETRY_AFTER_S: &str = "5";

impl Fault {
    /// What kind of end this is; the status follows from it.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Fault::Method => Outcome::WrongMethod,
            Fault::Auth(AuthError::Missing | AuthError::Multiple | AuthError::MissingKey) => Outcome::Unauthenticated,
            Fault::UnknownKey | Fault::WrongProject | Fault::Origin | Fault::Record(RecordError::Gone) => {
                Outcome::Forbidden
            }
            Fault::MediaType => Outcome::WrongMediaType,
            Fault::TooLarge
            | Fault::Envelope(
                EnvelopeError::EventTooLarge | EnvelopeError::SecurityTooLarge | EnvelopeError::TooManyEvents,
            )
            | Fault::StoreBody(StoreBodyError::TooLarge) => Outcome::TooLarge,
            Fault::Slow => Outcome::Slow,
            Fault::RateLimited(_) => Outcome::RateLimited,
            Fault::Overloaded => Outcome::Overloaded,
            Fault::Crowded => Outcome::Crowded,
            Fault::Record(RecordError::Unavailable) => Outcome::Unavailable,
            Fault::Compressor(_) | Fault::Record(RecordError::Refused(_)) => Outcome::Failed,
            Fault::ProjectId
            | Fault::Auth(_)
            | Fault::Encoding
            | Fault::Compression(_)
            | Fault::Read(_)
            | Fault::Empty
            | Fault::Envelope(_)
            | Fault::StoreBody(_)
            | Fault::Event(_) => Outcome::Malformed,
        }
    }

    /// The answer: Sentry's `detail` and `causes`, outermost first, and the same text in `X-Sentry-Error`.
    pub(super) fn answer(&self) -> Response<Body> {
        let status = self.outcome().status();
        let detail = self.to_string();
        let mut causes = Vec::new();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        let body = match (status, causes.is_empty()) {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, _) => String::new(),
            (_, true) => json!({ "detail": detail }).to_string(),
            (_, false) => json!({ "detail": detail, "causes": causes }).to_string(),
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(text) = HeaderValue::from_str(&detail) {
            headers.insert("x-sentry-error", text);
        }
        if let Fault::RateLimited(reached) = self {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(reached.retry_after_seconds));
            if let Ok(announcement) = HeaderValue::from_str(&reached.announcement()) {
                headers.insert(RATE_LIMITS, announcement);
            }
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
        }
        with_cors(response)
    }
}
