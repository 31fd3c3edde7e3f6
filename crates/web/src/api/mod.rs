//! The management API: a file per resource.

use std::sync::Arc;

use axum::Router;
use model::clock::StoreClock;
use pipeline::DirectoryHandle;
use pipeline::egress::Egress;
use store::Store;

/// What the management API needs.
pub struct ApiState {
    /// Everything durable.
    pub store: Arc<dyn Store>,
    /// Refreshed before a change is answered.
    pub directory: Arc<DirectoryHandle>,
    /// The store's time.
    pub clock: Arc<StoreClock>,
    /// Judges the URLs of hooks.
    pub egress: Arc<Egress>,
    /// The origin of our URLs, without a final slash.
    pub base_url: String,
    /// Random bytes.
    pub random: fn(&mut [u8]),
}

/// Every route under `/api/0/`.
pub fn router(_state: Arc<ApiState>) -> Router {
    Router::new()
}
