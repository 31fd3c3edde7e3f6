//! Headers as text.

use axum::http::HeaderMap;
use webhook::headers::HeaderName;

/// A header's text, where it is there and is text.
pub(crate) fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name.wire)?.to_str().ok()
}

/// The same; nothing is an empty text.
pub(crate) fn value(headers: &HeaderMap, name: HeaderName) -> &str {
    text(headers, name).unwrap_or_default()
}
