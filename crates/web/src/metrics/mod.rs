//! `GET /metrics`: what the server counts about itself, in Prometheus' text format.
//!
//! The list of series is here, on one page: a new one is a field where it is counted and a line in `Metrics::text`. Counts
//! nothing itself and asks neither the store nor a lock, so it may be read as often as one likes. It shows no names of projects,
//! keys or hooks. Mounted on a listener of its own, and with `--dev` by `web`'s router.

mod exposition;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;

use self::exposition::{Exposition, Series, Unit};
use crate::ingest::Outcomes;
use crate::server::Figures;

/// Where every figure is counted.
pub struct Metrics {
    /// By the pipeline.
    pub pipeline: Arc<pipeline::Metrics>,
    /// By ingest: how its requests ended.
    pub ingest: Arc<Outcomes>,
    /// By the door for everybody: who is connected.
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
    fn text(&self) -> String {
        let mut out = Exposition::default();
        out.counters(
            Series {
                name: "watchfire_ingest_requests_total",
                help: "Requests of SDKs that were answered, by how they ended.",
            },
            "outcome",
            self.ingest.counts(),
        );
        out.histogram(
            Series {
                name: "watchfire_record_batch_events",
                help: "Events in each committed record transaction that had any, duplicates included.",
            },
            Unit::Count,
            &self.pipeline.record_batch_events.distribution(),
        );
        out.histogram(
            Series {
                name: "watchfire_record_commit_seconds",
                help: "Time from giving the store a record transaction to its answer, failures included.",
            },
            Unit::Micros,
            &self.pipeline.record_commit_micros.distribution(),
        );
        out.into_text()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_series_is_shown_also_before_anything_was_counted() {
        let metrics = Metrics { pipeline: Arc::default(), ingest: Arc::default(), connections: Arc::default() };
        let text = metrics.text();
        for line in [
            "watchfire_ingest_requests_total{outcome=\"accepted\"} 0",
            "watchfire_ingest_requests_total{outcome=\"too_large\"} 0",
            "watchfire_record_batch_events_bucket{le=\"512\"} 0",
            "watchfire_record_batch_events_count 0",
            "watchfire_record_commit_seconds_sum 0",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn what_the_pipeline_counts_is_shown_in_events_and_seconds() {
        let metrics = Metrics { pipeline: Arc::default(), ingest: Arc::default(), connections: Arc::default() };
        metrics.pipeline.record_batch_events.observe(3);
        metrics.pipeline.record_batch_events.observe(512);
        metrics.pipeline.record_commit_micros.observe_micros(Duration::from_micros(2_400));
        let text = metrics.text();
        for line in [
            "watchfire_record_batch_events_bucket{le=\"2\"} 0",
            "watchfire_record_batch_events_bucket{le=\"4\"} 1",
            "watchfire_record_batch_events_bucket{le=\"+Inf\"} 2",
            "watchfire_record_batch_events_sum 515",
            "watchfire_record_commit_seconds_bucket{le=\"0.001\"} 0",
            "watchfire_record_commit_seconds_bucket{le=\"0.0025\"} 1",
            "watchfire_record_commit_seconds_sum 0.0024",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} is not in\n{text}");
        }
    }
}
