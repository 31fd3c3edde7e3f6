//! Every route, on one page.

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get};

use crate::api::{self, ApiState};
use crate::health;
use crate::ingest::{self, Ingest};
use crate::metrics::{self, Metrics};
use crate::ui;

/// What the handlers share.
pub struct App {
    /// Takes events.
    pub ingest: Arc<Ingest>,
    /// Manages; the pages ask it.
    pub api: Arc<ApiState>,
    /// Figures, where they are shown on this address too.
    pub metrics: Option<Arc<Metrics>>,
}

/// All of it.
pub fn router(app: App) -> Router {
    let ingest = ingest_routes(Arc::clone(&app.ingest)).with_state(Arc::clone(&app.ingest));
    Router::new()
        .merge(health_routes())
        .with_state(app.ingest)
        .merge(ingest.clone())
        .merge(api::router(Arc::clone(&app.api)))
        .merge(ui::router(app.api, ingest))
        .merge(app.metrics.map(metrics::router).unwrap_or_default())
}

/// What is answered to the first request of a connection that finds no seat: who asks for our health learns it, all others are told
/// to come back.
pub fn refusals(ingest: Arc<Ingest>) -> Router {
    Router::new().merge(health_routes()).fallback(ingest::refuse).with_state(ingest)
}

fn health_routes() -> Router<Arc<Ingest>> {
    Router::new()
        .route("/_health/", get(health::ready))
        .route("/_health", get(health::ready))
        .route("/api/relay/healthcheck/live/", get(health::live))
        .route("/api/relay/healthcheck/ready/", get(health::ready))
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
