//! HTML on its way out: with the headers that every page has, and compressed.

use askama::Template;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use flate2::Compression;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, StatusCode};

use super::assets::{gzip, takes_gzip};

/// Nothing runs, loads or frames a page that is not ours, and no script or style is in a page itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const CONTENT_SECURITY_POLICY: HeaderName = HeaderName::from_static("content-security-policy");
const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
/// The smallest page that is worth compressing, in bytes.
const COMPRESSED_FROM_BYTES: usize = 860;

/// A page with the headers that every page has.
pub(super) fn html(status: StatusCode, asked: &HeaderMap, template: &impl Template) -> Result<Response, askama::Error> {
    let text = template.render()?;
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        (CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
        (CACHE_CONTROL, "no-store"),
        (VARY, "accept-encoding, hx-request"),
    ];
    let mut answer = (status, headers).into_response();
    if text.len() >= COMPRESSED_FROM_BYTES && takes_gzip(asked) {
        answer.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        *answer.body_mut() = Body::from(gzip(text.as_bytes(), Compression::fast()));
    } else {
        *answer.body_mut() = Body::from(text);
    }
    Ok(answer)
}
