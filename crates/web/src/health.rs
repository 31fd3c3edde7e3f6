//! Whether the process lives, and whether it can accept durably. Neither writes anything.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::ingest::Ingest;

/// The process answers.
pub async fn live() -> (StatusCode, &'static str) {
    (StatusCode::OK, "ok")
}

/// An event sent now would be stored: 200, else 503.
pub async fn ready(State(ingest): State<Arc<Ingest>>) -> (StatusCode, &'static str) {
    if ingest.recorder.is_away() {
        (StatusCode::SERVICE_UNAVAILABLE, "the store does not take writes")
    } else {
        (StatusCode::OK, "ok")
    }
}
