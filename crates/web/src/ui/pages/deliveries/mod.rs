//! The delivery log of a hook: listed live, each with everything that is known of it, sent again one by one or all at once.

mod chart;
mod list;
mod replays;
mod row;
mod show;

use axum::routing::{get, post};
use serde::Deserialize;

use crate::ui::Route;
use crate::ui::hook::OfHook;

pub(super) use row::{Rows, colour, newest};

/// `…/hooks/{hook}/deliveries/{delivery}/…`
#[derive(Debug, Deserialize)]
struct OfDelivery {
    #[serde(flatten)]
    hook: OfHook,
    delivery: String,
}

/// `…/hooks/{hook}/replays/{replay}/…`
#[derive(Debug, Deserialize)]
struct OfReplay {
    #[serde(flatten)]
    hook: OfHook,
    replay: String,
}

/// The pages of deliveries.
pub(super) fn routes() -> Vec<Route> {
    vec![
        ("/settings/{organization}/projects/{project}/hooks/{hook}/deliveries/", get(list::list)),
        ("/settings/{organization}/projects/{project}/hooks/{hook}/live/", get(list::live)),
        ("/settings/{organization}/projects/{project}/hooks/{hook}/deliveries/{delivery}/", get(show::show)),
        (
            "/settings/{organization}/projects/{project}/hooks/{hook}/deliveries/{delivery}/redeliver/",
            post(show::redeliver),
        ),
        ("/settings/{organization}/projects/{project}/hooks/{hook}/replays/", get(replays::list).post(replays::create)),
        ("/settings/{organization}/projects/{project}/hooks/{hook}/replays/{replay}/", get(replays::progress)),
        ("/settings/{organization}/projects/{project}/hooks/{hook}/replays/{replay}/stop/", post(replays::stop)),
    ]
}
