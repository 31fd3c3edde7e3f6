//! A delivery as lists show it.

use askama::Template;
use askama::filters::HtmlSafe;
use serde::Deserialize;

use crate::ui::client::Listed;
use crate::ui::hook::OfHook;
use crate::ui::links::Place;
use crate::ui::page::Page;
use crate::ui::problem::Problem;
use crate::ui::words::{Moment, latency};

/// What a page reads of a delivery in a list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delivery {
    pub(super) id: Option<String>,
    pub(super) kind: String,
    pub(super) state: String,
    pub(super) event: Option<String>,
    pub(super) issue: Option<String>,
    pub(super) issue_short_id: Option<String>,
    pub(super) issue_title: Option<String>,
    pub(super) created: String,
    pub(super) due: Option<String>,
    pub(super) settled: Option<String>,
    pub(super) sent_again: Option<String>,
    pub(super) attempts: u32,
    pub(super) last_attempt: Option<LastAttempt>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LastAttempt {
    pub(super) status: Option<u16>,
    pub(super) duration_ms: f64,
    pub(super) error: Option<String>,
}

/// A line.
struct Row {
    delivery: Delivery,
    /// `None` where it has no id, and so no page.
    place: Option<Place>,
    issue: Option<Place>,
    created: Moment,
}

/// Some deliveries, as a table.
#[derive(Template, Default)]
#[template(path = "deliveries/rows.html")]
pub(in crate::ui::pages) struct Rows {
    rows: Vec<Row>,
}

/// It escapes what it shows itself.
impl HtmlSafe for Rows {}

impl Rows {
    pub(in crate::ui::pages) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// The colour of a delivery's state.
pub(in crate::ui::pages) fn colour(state: &str) -> &'static str {
    match state {
        "delivered" => "good",
        "failed" | "expired" => "bad",
        "sending" => "ember",
        "waiting" => "calm",
        _ => "",
    }
}

impl Delivery {
    pub(super) fn colour(&self) -> &'static str {
        colour(&self.state)
    }

    /// What people call its issue.
    pub(super) fn issue_name(&self) -> &str {
        self.issue_short_id.as_deref().or(self.issue.as_deref()).unwrap_or_default()
    }
}

impl LastAttempt {
    pub(super) fn took(&self) -> String {
        latency(self.duration_ms)
    }
}

impl Row {
    fn of<P>(page: &Page<P>, (issues, hook): (&Place, &Place), delivery: Delivery) -> Row {
        Row {
            place: delivery.id.as_ref().map(|id| hook.one("deliveries", id)),
            issue: delivery.issue.as_ref().map(|issue| issues.to(issue)),
            created: page.moment(&delivery.created),
            delivery,
        }
    }
}

/// A page of the list, with the cursors that lead on.
#[derive(Default)]
pub(super) struct Found {
    pub(super) rows: Rows,
    pub(super) newer: Option<String>,
    pub(super) older: Option<String>,
}

/// The page of the list that the query asks for.
pub(super) async fn listed(page: &Page<OfHook>, hook: &Place, query: &str) -> Result<Found, Problem> {
    let path = format!("{}deliveries/?{query}", page.path.api_path());
    let Listed { items, previous, next, .. } = page.api().list::<Delivery>(&path).await?;
    let issues = page.ui.links.organization(&page.path.organization).to("issues");
    let row = |delivery| Row::of(page, (&issues, hook), delivery);
    Ok(Found { rows: Rows { rows: items.into_iter().map(row).collect() }, newer: previous, older: next })
}

/// The newest deliveries of a hook.
pub(in crate::ui::pages) async fn newest(page: &Page<OfHook>, hook: &Place, count: usize) -> Result<Rows, Problem> {
    Ok(listed(page, hook, &format!("per_page={count}")).await?.rows)
}
