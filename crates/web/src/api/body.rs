//! Reading a request's JSON, bounded.
//!
//! Responsible for media type, size and syntax. Refuses to look at what the JSON says: that is `fields`' part. It reads
//! nothing until a handler asks, so that who may not write is told so before what they wrote is looked at.

use std::convert::Infallible;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{FromRequest, Request};
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::Value;

use crate::pace;

/// The longest JSON body that the API reads, in bytes, where a call has no limit of its own.
pub const JSON_BODY_BYTES_MAX: usize = 256 * 1024;

/// A request's body, not read yet.
pub(super) struct Unread {
    media_type: String,
    body: Body,
}

/// Why a body was not understood.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadBody {
    /// Not JSON.
    #[error("JSON parse error - {0}")]
    NotJson(#[source] serde_json::Error),
    /// The client stopped in the middle.
    #[error("The request body broke off.")]
    BrokenOff,
    /// The connection's clock for bodies ran out.
    #[error("The request body arrived too slowly.")]
    TooSlow,
    /// Longer than the call takes.
    #[error("The request body is longer than {bytes_max} bytes.")]
    TooLarge {
        /// What it takes.
        bytes_max: usize,
    },
    /// Said to be something other than JSON.
    #[error("Unsupported media type \"{media_type}\" in request.")]
    MediaType {
        /// What it is said to be.
        media_type: String,
    },
}

impl<S: Sync> FromRequest<S> for Unread {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        let media_type = request.headers().get(CONTENT_TYPE);
        let media_type = media_type.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        Ok(Self { media_type: media_type.unwrap_or_default(), body: request.into_body() })
    }
}

impl Unread {
    /// Reads the body. An empty one says as much as `{}`.
    ///
    /// # Errors
    /// Any of [`BadBody`].
    pub(super) async fn json(self) -> Result<Value, BadBody> {
        serde_json::from_slice(&self.text_within(JSON_BODY_BYTES_MAX).await?).map_err(BadBody::NotJson)
    }

    /// Whether the body is as short as those of other calls: it says so itself.
    pub(super) fn is_short(&self) -> bool {
        self.body.size_hint().upper().is_some_and(|bytes| bytes <= JSON_BODY_BYTES_MAX as u64)
    }

    /// The JSON as it arrived, not parsed, for a call that takes longer bodies than others: as a tree it can be thirty times as
    /// large.
    ///
    /// # Errors
    /// Any of [`BadBody`] but `NotJson`.
    pub(super) async fn text_within(self, bytes_max: usize) -> Result<Bytes, BadBody> {
        let bytes = collect(self.body, bytes_max).await?;
        if bytes.is_empty() {
            return Ok(Bytes::from_static(b"{}"));
        }
        let essence = self.media_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(BadBody::MediaType { media_type: self.media_type });
        }
        Ok(bytes)
    }
}

async fn collect(body: Body, bytes_max: usize) -> Result<Bytes, BadBody> {
    match Limited::new(body, bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(BadBody::TooLarge { bytes_max }),
        Err(error) if pace::is_too_slow(error.as_ref()) => Err(BadBody::TooSlow),
        Err(_) => Err(BadBody::BrokenOff),
    }
}
