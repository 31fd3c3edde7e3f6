//! Answers to SDKs: ids, CORS, and the limits that keep them from sending what we drop.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use protocol::EventId;

use super::form::Form;

/// Categories that are dropped here: SDKs stop sending them for an hour.
const UNSUPPORTED: &str = "3600:transaction;span;profile;profile_chunk;replay;session;monitor;log_item;log_byte;\
                           trace_metric;trace_metric_byte;metric_bucket:organization:unsupported";
/// Which categories an SDK is not to send for how long.
pub(super) const RATE_LIMITS: HeaderName = HeaderName::from_static("x-sentry-rate-limits");

/// A 200: everything that the request owed is on disk.
pub(super) fn accepted(form: Form, id: Option<EventId>) -> Response<Body> {
    let body = match (form, id) {
        (Form::Security, _) => Body::empty(),
        (_, Some(id)) => Body::from(format!("{{\"id\":\"{id}\"}}")),
        (_, None) => Body::from("{}"),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(RATE_LIMITS, HeaderValue::from_static(UNSUPPORTED));
    with_cors(response)
}

/// A browser asks before it sends. It has no credentials at that point.
pub(super) fn preflight() -> Response<Body> {
    let mut response = with_cors(Response::new(Body::empty()));
    let headers = response.headers_mut();
    add(headers, header::ACCESS_CONTROL_ALLOW_METHODS, "POST");
    add(headers, header::ACCESS_CONTROL_MAX_AGE, "3600");
    add(
        headers,
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        "x-sentry-auth, x-requested-with, x-forwarded-for, origin, referer, accept, content-type, authentication, \
         authorization, content-encoding, transfer-encoding",
    );
    response
}

/// Ingest is open to every origin, also when it refuses.
pub(super) fn with_cors(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    add(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    add(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, "x-sentry-error, x-sentry-rate-limits, retry-after");
    add(headers, HeaderName::from_static("cross-origin-resource-policy"), "cross-origin");
    response
}

fn add(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}
