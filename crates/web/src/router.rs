//! Every route, on one page.

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get};

use crate::api::{self, ApiState};
use crate::health;
use crate::ingest::{self, Ingest};
use crate::metrics::{self, Metrics};

/// What the handlers share.
pub struct App {
    /// Takes events.
    pub ingest: Arc<Ingest>,
    /// Manages.
    pub api: Arc<ApiState>,
    /// Figures, where they are shown on this address too.
    pub metrics: Option<Arc<Metrics>>,
}

/// All of it.
pub fn router(app: App) -> Router {
    Router::new()
        .merge(ingest_routes(Arc::clone(&app.ingest)))
        .route("/_health/", get(health::ready))
        .route("/_health", get(health::ready))
        .route("/api/relay/healthcheck/live/", get(health::live))
        .route("/api/relay/healthcheck/ready/", get(health::ready))
        .with_state(app.ingest)
        .merge(api::router(app.api))
        .merge(app.metrics.map(metrics::router).unwrap_or_default())
}

fn ingest_routes(state: Arc<Ingest>) -> Router<Arc<Ingest>> {
    Router::new()
        .route("/api/{project_id}/envelope/", any(ingest::envelope))
        .route("/api/{project_id}/envelope", any(ingest::envelope))
        .route("/api/{project_id}/store/", any(ingest::store))
        .route("/api/{project_id}/store", any(ingest::store))
        .route("/api/{project_id}/security/", any(ingest::security))
        .route("/api/{project_id}/security", any(ingest::security))
        .route("/api/store/", any(ingest::store_of_key))
        .route("/api/store", any(ingest::store_of_key))
        .with_state(state)
}
