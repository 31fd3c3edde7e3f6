//! Events: of an issue, of a project, or one by its id; with Sentry's keys.
//!
//! What is stored is the body that hooks get; what is shown is made of it on demand.

mod entries;
mod frames;
mod list;
mod one;
mod stored;
mod view;

use std::sync::Arc;

use axum::routing::{MethodRouter, get};

use super::ApiState;

/// The routes of events.
pub(super) fn routes() -> [(&'static str, MethodRouter<Arc<ApiState>>); 7] {
    [
        ("/api/0/organizations/{organization}/issues/{issue}/events", get(list::of_issue)),
        ("/api/0/issues/{issue}/events", get(list::of_issue)),
        ("/api/0/organizations/{organization}/issues/{issue}/events/{event}", get(one::of_issue)),
        ("/api/0/issues/{issue}/events/{event}", get(one::of_issue)),
        ("/api/0/projects/{organization}/{project}/events", get(list::of_project)),
        ("/api/0/projects/{organization}/{project}/events/{event}", get(one::of_project)),
        ("/api/0/organizations/{organization}/eventids/{event}", get(one::by_id)),
    ]
}
