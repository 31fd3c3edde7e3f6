//! The list of issues: searched in Sentry's language, of one project or all, and changed many at a time.

use askama::Template;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::{Count, api_path};
use crate::ui::chart::{Svg, sparkline};
use crate::ui::client::Listed;
use crate::ui::form::Form;
use crate::ui::frame::{Flash, Frame, Here};
use crate::ui::links::{Place, part};
use crate::ui::organization::OfOrganization;
use crate::ui::page::{Page, Shown};
use crate::ui::problem::Problem;
use crate::ui::refusal::Refusal;
use crate::ui::words::{Moment, count};

/// What is searched for where nothing is.
const QUERY_DEFAULT: &str = "is:unresolved";
/// The API's orders, and what they are called.
const SORTS: [(&str, &str); 4] = [("date", "last seen"), ("new", "first seen"), ("freq", "events"), ("user", "users")];
/// Within which time an issue was last seen, as the API says it, and what that is called.
const PERIODS: [(&str, &str); 5] = [
    ("", "at any time"),
    ("1h", "in the last hour"),
    ("24h", "in 24 hours"),
    ("7d", "in 7 days"),
    ("30d", "in 30 days"),
];
/// What is said where nothing is selected.
const NOTHING_SELECTED: &str = "Select the issues first: nothing was changed.";

/// What the page reads of an issue.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issue {
    id: String,
    short_id: String,
    title: String,
    culprit: String,
    level: String,
    status: String,
    substatus: Option<String>,
    count: Count,
    user_count: u64,
    first_seen: String,
    last_seen: String,
    project: Project,
    stats: Stats,
}

#[derive(Deserialize)]
struct Project {
    id: String,
    slug: String,
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Stats {
    #[serde(rename = "24h")]
    day: Vec<(i64, u64)>,
}

struct Row {
    issue: Issue,
    place: Place,
    graph: Svg,
    first_seen: Moment,
    last_seen: Moment,
}

#[derive(Template)]
#[template(path = "issues/list.html")]
struct ListPage {
    frame: Frame,
    place: Place,
    wanted: Wanted,
    projects: Vec<Project>,
    rows: Vec<Row>,
    newer: Option<String>,
    older: Option<String>,
    /// What the list may lack.
    note: Option<String>,
    /// Why there is no list: what was searched for is not understood.
    refusal: Option<Refusal>,
    /// Why those that are ticked were not changed.
    complaint: Option<String>,
}

/// What the query asks for.
struct Wanted {
    query: String,
    project: String,
    sort: String,
    period: String,
    cursor: Option<String>,
}

impl ListPage {
    fn sorts(&self) -> [(&'static str, &'static str); 4] {
        SORTS
    }

    /// The periods to choose from, with the one of the address if it is none of them.
    fn periods(&self) -> Vec<(&str, &str)> {
        let own = self.wanted.period.as_str();
        let is_known = PERIODS.iter().any(|(code, _)| *code == own);
        PERIODS.into_iter().chain((!is_known).then_some((own, own))).collect()
    }

    fn is_default(&self) -> bool {
        let Wanted { query, project, period, .. } = &self.wanted;
        query == QUERY_DEFAULT && project.is_empty() && period.is_empty()
    }

    /// The way to this page of the list.
    fn here(&self) -> String {
        self.wanted.at(&self.place)
    }
}

impl Row {
    fn of(issue: Issue, page: &Page<OfOrganization>, issues: &Place) -> Row {
        let counts: Vec<u64> = issue.stats.day.iter().map(|(_, count)| *count).collect();
        let said = format!("{} events in 24 hours", count(counts.iter().sum()));
        Row {
            place: issues.to(&issue.id),
            graph: sparkline(&counts, &said),
            first_seen: page.moment(&issue.first_seen),
            last_seen: page.moment(&issue.last_seen),
            issue,
        }
    }

    fn users(&self) -> String {
        count(self.issue.user_count)
    }

    /// The colour and the word for what is special about it, if anything is.
    fn mark(&self) -> Option<(&'static str, &str)> {
        match (self.issue.status.as_str(), self.issue.substatus.as_deref()) {
            ("resolved", _) => Some(("good", "resolved")),
            ("ignored", _) => Some(("", "ignored")),
            (_, Some("new")) => Some(("calm", "new")),
            (_, Some("regressed")) => Some(("warn", "regressed")),
            _ => None,
        }
    }
}

impl Wanted {
    fn of(page: &Page<OfOrganization>) -> Wanted {
        // An empty search is one for everything.
        let query = page.has_query("query").then(|| page.query("query").unwrap_or_default());
        Wanted {
            query: query.unwrap_or_else(|| QUERY_DEFAULT.to_owned()),
            project: page.query("project").unwrap_or_default(),
            sort: page.query("sort").unwrap_or_else(|| "date".to_owned()),
            period: page.query("statsPeriod").unwrap_or_default(),
            cursor: page.query("cursor"),
        }
    }

    fn query(&self, cursor: Option<&str>) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("query", &self.query).append_pair("sort", &self.sort);
        if !self.project.is_empty() {
            query.append_pair("project", &self.project);
        }
        if !self.period.is_empty() {
            query.append_pair("statsPeriod", &self.period);
        }
        if let Some(cursor) = cursor {
            query.append_pair("cursor", cursor);
        }
        query.finish()
    }

    /// The address of this page of the list.
    fn at(&self, place: &Place) -> String {
        format!("{place}?{}", self.query(self.cursor.as_deref()))
    }
}

/// `GET /organizations/{organization}/issues/`
pub(super) async fn list(page: Page<OfOrganization>) -> Shown {
    shown(&page, (StatusCode::OK, None)).await
}

/// `POST /organizations/{organization}/issues/`: does the same to each of those that are ticked.
pub(super) async fn change(page: Page<OfOrganization>, form: Form) -> Shown {
    let form = form.checked(&page.visitor)?;
    let issues = form.all("issue");
    if issues.is_empty() {
        return shown(&page, (StatusCode::BAD_REQUEST, Some(NOTHING_SELECTED.to_owned()))).await;
    }
    let (method, body, flash) = match form.trimmed("action") {
        "delete" => (Method::DELETE, json!({}), Flash::IssuesDeleted),
        status => (Method::PUT, json!({ "status": status }), Flash::IssuesChanged),
    };
    let api = page.api();
    let mut done = 0_usize;
    for issue in &issues {
        let path = api_path(&page.path.organization, issue);
        let why = match api.send::<Value>(method.clone(), &path, &body).await {
            Ok(Ok(_)) => {
                done += 1;
                continue;
            }
            // One that is gone by now is no reason not to change the others.
            Err(Problem::Refused(Refusal { status: StatusCode::NOT_FOUND, .. })) => continue,
            Ok(Err(refusal)) => refusal.beside(&[]).unwrap_or_default(),
            Err(problem) if done == 0 => return Err(problem),
            Err(_) => "Something went wrong.".to_owned(),
        };
        let complaint = format!("{why} {done} of {} issues were changed before that.", issues.len());
        return shown(&page, (StatusCode::BAD_REQUEST, Some(complaint))).await;
    }
    // The form was sent to the very page of the list that showed it.
    let place = page.ui.links.organization(&page.path.organization).to("issues");
    page.done(Wanted::of(&page).at(&place), flash)
}

async fn shown(page: &Page<OfOrganization>, (status, complaint): (StatusCode, Option<String>)) -> Shown {
    let wanted = Wanted::of(page);
    let organization = part(&page.path.organization);
    let api = page.api();
    let projects: Vec<Project> = api.list(&format!("/api/0/organizations/{organization}/projects/")).await?.items;
    let query = wanted.query(wanted.cursor.as_deref());
    let path =
        format!("/api/0/organizations/{organization}/issues/?per_page=25&groupStatsPeriod=24h&shortIdLookup=1&{query}");
    let (listed, refusal) = match api.list::<Issue>(&path).await {
        Ok(listed) => (listed, None),
        // What was searched for is not understood: said under the search, above an empty list.
        Err(Problem::Refused(refusal)) if refusal.status == StatusCode::BAD_REQUEST => {
            (Listed { items: Vec::new(), previous: None, next: None, note: None }, Some(refusal))
        }
        Err(problem) => return Err(problem),
    };
    let place = page.ui.links.organization(&page.path.organization).to("issues");
    let to = |cursor: &String| format!("{place}?{}", wanted.query(Some(cursor)));
    let (newer, older) = (listed.previous.as_ref().map(to), listed.next.as_ref().map(to));
    let note = listed.note;
    let rows = listed.items.into_iter().map(|issue| Row::of(issue, page, &place)).collect();
    let frame = page.frame(Here::Issues).await?;
    page.show_with(status, &ListPage { frame, place, wanted, projects, rows, newer, older, note, refusal, complaint })
}
