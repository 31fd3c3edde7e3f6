//! Issues: searched, shown, changed, deleted, one or many at once; with Sentry's keys, query language and errors.

mod bulk;
mod change;
mod list;
mod one;
mod path;
mod short_ids;
mod view;

use std::sync::Arc;

use axum::routing::{MethodRouter, get};

use super::ApiState;

pub(super) use path::IssuePath;
pub(super) use view::{IssueView, Surroundings, short_id};

/// The routes of issues.
pub(super) fn routes() -> [(&'static str, MethodRouter<Arc<ApiState>>); 7] {
    let one = || get(one::show).put(one::update).delete(one::delete);
    [
        (
            "/api/0/projects/{organization}/{project}/issues",
            get(list::of_project).put(bulk::update).delete(bulk::delete),
        ),
        ("/api/0/organizations/{organization}/issues", get(list::of_organization)),
        ("/api/0/organizations/{organization}/issues/{issue}", one()),
        ("/api/0/issues/{issue}", one()),
        ("/api/0/organizations/{organization}/issues/{issue}/tags", get(one::tags)),
        ("/api/0/issues/{issue}/tags", get(one::tags)),
        ("/api/0/organizations/{organization}/shortids/{short_id}", get(short_ids::show)),
    ]
}
