//! An answer of the API: its JSON as it came, or read.

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap};
use hyper::body::Bytes;
use serde::de::DeserializeOwned;

use crate::cli::failure::ApiError;
use crate::cli::layout::{Layout, lay_out};
use crate::cli::report::tame;

/// What Watchfire says beside an answer that is a success.
const NOTE: &str = "x-watchfire-note";

/// What came back.
#[derive(Debug)]
pub(in crate::cli) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The server, for error texts.
    pub(super) place: String,
}

impl Answer {
    /// The JSON, read.
    pub(in crate::cli) fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_slice(&self.body).map_err(|_| self.is_strange())
    }

    /// The API's own JSON in one line, for programs.
    pub(in crate::cli) fn line(&self) -> Result<String, ApiError> {
        lay_out(&self.body, Layout::Compact).map(|line| line + "\n").ok_or_else(|| self.is_strange())
    }

    /// What the server remarks beside its answer.
    pub(in crate::cli) fn note(&self) -> Option<String> {
        self.headers.get(NOTE).and_then(|note| note.to_str().ok()).map(tame)
    }

    /// Nothing that a Watchfire would answer.
    pub(super) fn is_strange(&self) -> ApiError {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("no content type");
        ApiError::Stranger { place: self.place.clone(), answered: tame(&format!("{}, {kind}", self.status.as_u16())) }
    }
}
