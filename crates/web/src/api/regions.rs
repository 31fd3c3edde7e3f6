//! `/api/0/users/me/regions/`: where organizations live. There is one place, this one.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::ApiState;
use crate::auth::Caller;

/// `GET`. Any token will do: sentry-cli asks before it knows what it may see.
pub(super) async fn list(State(api): State<Arc<ApiState>>, _: Caller) -> Json<Value> {
    Json(json!({"regions": [{"name": "watchfire", "url": api.base_url}]}))
}
