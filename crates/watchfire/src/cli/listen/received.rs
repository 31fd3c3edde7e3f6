//! A webhook as it came: headers and bytes, unread. Bounded in size and time. Made by `receive`.

use axum::extract::Request;
use http::{HeaderMap, Method};
use hyper::body::Bytes;
use model::clock::Clock;
use model::ids::Millis;
use web::pace::is_too_slow;

use crate::wiring::SystemClock;

/// What is read of a body: several times the largest webhook.
const BODY_MAX_BYTES: usize = 4 * 1024 * 1024;

/// A webhook as it came.
pub(super) struct Received {
    pub(super) at: Millis,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Why a request is not taken for a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoWebhook {
    /// Another method.
    #[error("a webhook is a POST")]
    NotPosted,
    /// More than is read.
    #[error("its body is larger than {BODY_MAX_BYTES} bytes, or broke off")]
    TooLarge,
    /// Its sender stalls.
    #[error("its body did not come at the pace that every sender keeps")]
    Slow,
}

impl Received {
    /// Takes a request in.
    pub(super) async fn read(request: Request) -> Result<Received, NoWebhook> {
        if request.method() != Method::POST {
            return Err(NoWebhook::NotPosted);
        }
        let (head, body) = request.into_parts();
        // The connection sees to it that a body comes at a pace.
        let body = axum::body::to_bytes(body, BODY_MAX_BYTES)
            .await
            .map_err(|error| if is_too_slow(&error) { NoWebhook::Slow } else { NoWebhook::TooLarge })?;
        Ok(Received { at: SystemClock::default().wall(), headers: head.headers, body })
    }
}
