//! The list of a hook's deliveries, which shows what happens as it happens.

use askama::Template;
use http::StatusCode;
use url::form_urlencoded::Serializer;

use super::chart::{self, ChartCard};
use super::row::{Found, Rows, listed};
use crate::ui::frame::{Frame, Here};
use crate::ui::hook::OfHook;
use crate::ui::links::Place;
use crate::ui::page::{Page, Shown};
use crate::ui::problem::Problem;
use crate::ui::project::{ProjectHead, Tab};
use crate::ui::refusal::Refusal;

/// What the list can be narrowed by, as the API calls it; `since` is counted back from now here.
const FILTERS: [&str; 4] = ["status", "event", "outcome", "issue"];
const STATES: [&str; 7] = ["waiting", "sending", "delivered", "failed", "expired", "cancelled", "skipped"];
const KINDS: [&str; 3] = ["event.alert", "event.created", "test"];
/// Spans, in hours.
const PERIODS: [(&str, &str); 4] =
    [("", "Any time"), ("1", "Last hour"), ("24", "Last 24 hours"), ("168", "Last 7 days")];

#[derive(Template)]
#[template(path = "deliveries/list.html")]
struct ListPage {
    frame: Frame,
    project: ProjectHead,
    hook: Place,
    wanted: Wanted,
    chart: Option<ChartCard>,
    part: ListPart,
}

/// The part that asks for itself again when something has happened.
#[derive(Template)]
#[template(path = "deliveries/list_part.html")]
struct ListPart {
    rows: Rows,
    /// The way to this page of the list.
    here: String,
    newer: Option<String>,
    older: Option<String>,
    /// Whether nothing narrows the list.
    is_whole: bool,
    refusal: Option<Refusal>,
}

impl askama::filters::HtmlSafe for ListPart {}

/// What the query asks for.
struct Wanted {
    filters: Vec<(&'static str, String)>,
    hours: String,
    cursor: Option<String>,
}

impl ListPage {
    fn states(&self) -> [&'static str; 7] {
        STATES
    }

    fn kinds(&self) -> [&'static str; 3] {
        KINDS
    }

    fn periods(&self) -> [(&'static str, &'static str); 4] {
        PERIODS
    }
}

impl Wanted {
    fn of(page: &Page<OfHook>) -> Wanted {
        let filters = FILTERS.into_iter().filter_map(|name| Some((name, page.query(name)?)));
        let hours = page.query("hours").unwrap_or_default();
        Wanted { filters: filters.collect(), hours, cursor: page.query("cursor") }
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.filters.iter().any(|(known, wanted)| *known == name && wanted == value)
    }

    fn value(&self, name: &str) -> &str {
        self.filters.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// The query of this page of the list, for a person's address.
    fn query(&self, cursor: Option<&str>) -> String {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(self.filters.iter().map(|(name, value)| (*name, value.as_str())));
        if !self.hours.is_empty() {
            query.append_pair("hours", &self.hours);
        }
        if let Some(cursor) = cursor {
            query.append_pair("cursor", cursor);
        }
        query.finish()
    }

    /// The same for the API.
    fn api_query(&self, now_ms: i64) -> String {
        let mut query = Serializer::new(String::from("per_page=50"));
        query.extend_pairs(self.filters.iter().map(|(name, value)| (*name, value.as_str())));
        match self.hours.parse::<i64>() {
            Ok(hours) => query.append_pair("since", &(now_ms / 1_000 - hours.saturating_mul(3_600)).to_string()),
            Err(_) => &mut query,
        };
        if let Some(cursor) = &self.cursor {
            query.append_pair("cursor", cursor);
        }
        query.finish()
    }
}

/// `GET …/hooks/{hook}/deliveries/`
pub(super) async fn list(page: Page<OfHook>) -> Shown {
    let project = page.path.of_project().head(&page.api(), &page.ui.links, Tab::Hooks).await?;
    let hook = page.path.place(&page.ui.links);
    let wanted = Wanted::of(&page);
    let place = hook.to("deliveries");
    let (listed, refusal) = match listed(&page, &hook, &wanted.api_query(page.ui.state.clock.now().0)).await {
        Ok(listed) => (listed, None),
        // What was typed to narrow the list is no such thing: said above an empty one.
        Err(Problem::Refused(refusal)) if refusal.status == StatusCode::BAD_REQUEST => {
            (Found::default(), Some(refusal))
        }
        Err(problem) => return Err(problem),
    };
    let to = |cursor: &String| format!("{place}?{}", wanted.query(Some(cursor)));
    let part = ListPart {
        here: format!("{place}?{}", wanted.query(wanted.cursor.as_deref())),
        newer: listed.newer.as_ref().map(to),
        older: listed.older.as_ref().map(to),
        rows: listed.rows,
        is_whole: wanted.filters.is_empty() && wanted.hours.is_empty() && wanted.cursor.is_none(),
        refusal,
    };
    if page.wants_part() {
        return page.show(&part);
    }
    let frame = page.frame(Here::Projects).await?;
    let chart = chart::card(&page).await?;
    page.show(&ListPage { frame, project, hook, wanted, chart, part })
}

/// `GET …/hooks/{hook}/live/`: the API's stream, for the page.
pub(super) async fn live(page: Page<OfHook>) -> Shown {
    page.api().open(&format!("{}live/", page.path.api_path())).await
}
