//! Projects: listed, made, set up, changed, deleted.

mod general;
mod getting_started;
mod list;
mod new;
mod snippets;

use axum::routing::{get, post};

use crate::ui::Route;

pub(super) fn routes() -> Vec<Route> {
    vec![
        ("/organizations/{organization}/projects/", get(list::list)),
        ("/organizations/{organization}/projects/new/", get(new::show).post(new::create)),
        ("/settings/{organization}/projects/{project}/", get(getting_started::show)),
        ("/settings/{organization}/projects/{project}/getting-started/", get(getting_started::show)),
        ("/settings/{organization}/projects/{project}/getting-started/newest/", get(getting_started::newest)),
        (
            "/settings/{organization}/projects/{project}/getting-started/test-event/",
            post(getting_started::send_test_event),
        ),
        ("/settings/{organization}/projects/{project}/general/", get(general::show).post(general::update)),
        ("/settings/{organization}/projects/{project}/general/delete/", post(general::delete)),
    ]
}
