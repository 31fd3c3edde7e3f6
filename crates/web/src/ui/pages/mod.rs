//! The pages, a file or folder for each, and all their paths.

mod above;
mod account;
mod alerts;
mod deliveries;
mod home;
mod hooks;
mod issues;
mod keys;
mod members;
mod overview;
mod projects;
mod sign_in;
mod theme;

use axum::routing::{get, post};

use super::Route;

pub(super) use above::no_page_of_its_own;

/// Every page.
pub(super) fn routes() -> Vec<Route> {
    let mut all: Vec<Route> = vec![
        ("/", get(home::show)),
        ("/organizations/{organization}/", get(overview::show)),
        ("/auth/login/", get(sign_in::show).post(sign_in::sign_in)),
        ("/auth/logout/", post(sign_in::sign_out)),
        ("/auth/theme/", post(theme::choose)),
    ];
    all.extend(account::routes());
    all.extend(alerts::routes());
    all.extend(deliveries::routes());
    all.extend(hooks::routes());
    all.extend(issues::routes());
    all.extend(keys::routes());
    all.extend(members::routes());
    all.extend(projects::routes());
    all
}
