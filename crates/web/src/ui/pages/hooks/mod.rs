//! A project's service hooks: listed, made, shown, changed, tested, and why a signature does not hold.

mod doctor;
mod form;
mod hook;
mod list;
mod secret;
mod show;
mod verification;

use axum::routing::{get, post};

use crate::ui::Route;

/// The pages of hooks.
pub(super) fn routes() -> Vec<Route> {
    vec![
        ("/settings/{organization}/projects/{project}/hooks/", get(list::list)),
        ("/settings/{organization}/projects/{project}/hooks/new/", get(form::new).post(form::create)),
        ("/settings/{organization}/projects/{project}/hooks/{hook}/", get(show::show)),
        ("/settings/{organization}/projects/{project}/hooks/{hook}/edit/", get(form::edit).post(form::update)),
        ("/settings/{organization}/projects/{project}/hooks/{hook}/enable/", post(show::enable)),
        ("/settings/{organization}/projects/{project}/hooks/{hook}/disable/", post(show::disable)),
        ("/settings/{organization}/projects/{project}/hooks/{hook}/delete/", post(show::delete)),
        ("/settings/{organization}/projects/{project}/hooks/{hook}/test/", post(show::test)),
        ("/settings/{organization}/projects/{project}/hooks/{hook}/rotate/", post(secret::rotate)),
        ("/settings/{organization}/projects/{project}/hooks/{hook}/finish-rotation/", post(secret::finish)),
        ("/settings/{organization}/projects/{project}/hooks/{hook}/doctor/", get(doctor::show).post(doctor::examine)),
    ]
}
