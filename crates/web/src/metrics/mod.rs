//! `GET /metrics`: what the server counts about itself, in Prometheus' text format.
//!
//! The list of series is on one page, `page`. Counts nothing itself and does not ask the store, so it may be read as often as one
//! likes. It shows no names of projects, keys or hooks. Mounted on a listener of its own, and with `--dev` by `web`'s router.

mod exposition;
mod page;
mod process;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use pipeline::{Budget, Gauges};

use self::exposition::Exposition;
use self::process::Begun;
use crate::auth::TokenThrottle;
use crate::ingest::Outcomes;
use crate::server::Figures;

/// Where every figure is counted.
pub struct Metrics {
    pipeline: Arc<pipeline::Metrics>,
    gauges: Arc<Gauges>,
    ingest: Arc<Outcomes>,
    intake: Budget,
    tokens: Arc<TokenThrottle>,
    connections: Arc<Figures>,
    begun: Begun,
}

/// What the figures are taken from.
pub struct Sources {
    /// What the pipeline counts.
    pub pipeline: Arc<pipeline::Metrics>,
    /// What is so in it at a moment.
    pub gauges: Arc<Gauges>,
    /// How requests of SDKs ended.
    pub ingest: Arc<Outcomes>,
    /// The budget of requests.
    pub intake: Budget,
    /// Who looks API tokens up.
    pub tokens: Arc<TokenThrottle>,
    /// Who is connected to the main address.
    pub connections: Arc<Figures>,
}

/// The one route.
pub fn router(metrics: Arc<Metrics>) -> Router {
    Router::new().route("/metrics", get(show)).with_state(metrics)
}

async fn show(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, exposition::CONTENT_TYPE)], metrics.text())
}

impl Metrics {
    /// Figures of a process that has just begun.
    pub fn new(sources: Sources) -> Metrics {
        let Sources { pipeline, gauges, ingest, intake, tokens, connections } = sources;
        Metrics { pipeline, gauges, ingest, intake, tokens, connections, begun: Begun::now() }
    }

    fn text(&self) -> String {
        let mut out = Exposition::default();
        let now = self.gauges.read();
        page::gate(&mut out, self);
        page::recording(&mut out, self, &now);
        page::delivering(&mut out, self);
        page::lanes(&mut out, self, &now);
        page::backlog(&mut out, self, &now);
        page::upkeep(&mut out, self);
        self.begun.show(&mut out);
        out.into_text()
    }
}
