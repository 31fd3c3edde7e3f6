//! The header that says of an answer what its body, which is Sentry's, has no place for.
//!
//! Called where something was done as asked and may not have the effect that was meant: it is no error, and no client of
//! Sentry's looks at it.

use http::header::HeaderMap;
use http::{HeaderName, HeaderValue};

const X_WATCHFIRE_NOTE: HeaderName = HeaderName::from_static("x-watchfire-note");

/// A note with this text, which must be ASCII.
pub(super) fn said(text: &str) -> HeaderMap {
    HeaderValue::from_str(text).map(|value| HeaderMap::from_iter([(X_WATCHFIRE_NOTE, value)])).unwrap_or_default()
}
