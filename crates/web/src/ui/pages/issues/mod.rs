//! Issues: searched and listed, changed, and each with its events, down to the line that failed and to why somebody was told.

mod event;
mod list;
mod raw;
mod show;
mod tags;
mod text;
mod trace;
mod why;

use std::fmt::{self, Display, Formatter};

use axum::routing::{get, post};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::ui::Route;
use crate::ui::links::part;
use crate::ui::words::count;

/// `/organizations/{organization}/issues/{issue}/…`
#[derive(Deserialize)]
struct OfIssue {
    organization: String,
    issue: String,
}

/// `/organizations/{organization}/issues/{issue}/events/{event}/…`
#[derive(Deserialize)]
struct OfEvent {
    organization: String,
    issue: String,
    event: String,
}

/// The pages of issues.
pub(super) fn routes() -> Vec<Route> {
    vec![
        ("/organizations/{organization}/issues/", get(list::list).post(list::change)),
        ("/organizations/{organization}/issues/{issue}/", get(show::latest).post(show::change)),
        ("/organizations/{organization}/issues/{issue}/events/{event}/", get(show::event)),
        ("/organizations/{organization}/issues/{issue}/events/{event}/json/", get(raw::json)),
        ("/organizations/{organization}/issues/{issue}/events/{event}/why/", get(why::why)),
        ("/organizations/{organization}/issues/{issue}/delete/", post(show::delete)),
    ]
}

/// How often an issue happened, which Sentry's API writes as a text.
struct Count(u64);

impl Display for Count {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&count(self.0))
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Count).map_err(D::Error::custom)
    }
}

/// Where the API has an issue.
fn api_path(organization: &str, issue: &str) -> String {
    format!("/api/0/organizations/{}/issues/{}/", part(organization), part(issue))
}
