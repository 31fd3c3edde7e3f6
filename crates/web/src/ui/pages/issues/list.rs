//! The list of issues: searched in Sentry's language, of one project or all, and changed many at a time.

use askama::Template;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::OfOrganization;
use crate::ui::chart::{Svg, sparkline};
use crate::ui::client::Listed;
use crate::ui::form::Form;
use crate::ui::frame::{Flash, Frame, Here};
use crate::ui::links::{Place, part};
use crate::ui::page::{Page, Shown};
use crate::ui::problem::Problem;
use crate::ui::refusal::Refusal;
use crate::ui::words::{Moment, count};

/// What is searched for where nothing is.
const QUERY_DEFAULT: &str = "is:unresolved";
/// The API's orders, and what they are called.
const SORTS: [(&str, &str); 4] = [("date", "last seen"), ("new", "first seen"), ("freq", "events"), ("user", "users")];

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
    count: String,
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
    refusal: Option<Refusal>,
}

/// What the query asks for.
struct Wanted {
    query: String,
    project: String,
    sort: String,
    cursor: Option<String>,
}

impl ListPage {
    fn sorts(&self) -> [(&'static str, &'static str); 4] {
        SORTS
    }

    fn is_default(&self) -> bool {
        self.wanted.query == QUERY_DEFAULT && self.wanted.project.is_empty()
    }

    /// The way to this page of the list.
    fn here(&self) -> String {
        format!("{}?{}", self.place, self.wanted.query(self.wanted.cursor.as_deref()))
    }
}

impl Row {
    fn count(&self) -> String {
        self.issue.count.parse().map_or_else(|_| self.issue.count.clone(), count)
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
            cursor: page.query("cursor"),
        }
    }

    fn query(&self, cursor: Option<&str>) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("query", &self.query).append_pair("sort", &self.sort);
        if !self.project.is_empty() {
            query.append_pair("project", &self.project);
        }
        if let Some(cursor) = cursor {
            query.append_pair("cursor", cursor);
        }
        query.finish()
    }
}

/// `GET /organizations/{organization}/issues/`
pub(super) async fn list(page: Page<OfOrganization>) -> Shown {
    let wanted = Wanted::of(&page);
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
            (Listed { items: Vec::new(), previous: None, next: None }, Some(refusal))
        }
        Err(problem) => return Err(problem),
    };
    let place = page.ui.links.organization(&page.path.organization).to("issues");
    let row = |issue: Issue| {
        let counts: Vec<u64> = issue.stats.day.iter().map(|(_, count)| *count).collect();
        let said = format!("{} events in 24 hours", counts.iter().sum::<u64>());
        Row {
            place: place.to(&issue.id),
            graph: sparkline(&counts, &said),
            first_seen: page.moment(&issue.first_seen),
            last_seen: page.moment(&issue.last_seen),
            issue,
        }
    };
    let to = |cursor: &String| format!("{place}?{}", wanted.query(Some(cursor)));
    let (newer, older) = (listed.previous.as_ref().map(to), listed.next.as_ref().map(to));
    let rows = listed.items.into_iter().map(row).collect();
    let frame = page.frame(Here::Issues).await?;
    page.show(&ListPage { frame, place, wanted, projects, rows, newer, older, refusal })
}

/// `POST /organizations/{organization}/issues/`: does the same to each of those that are ticked.
pub(super) async fn change(page: Page<OfOrganization>, form: Form) -> Shown {
    let form = form.checked(&page.visitor)?;
    let api = page.api();
    let action = form.trimmed("action");
    let (method, body, flash) = match action {
        "delete" => (Method::DELETE, json!({}), Flash::IssuesDeleted),
        status => (Method::PUT, json!({ "status": status }), Flash::IssuesChanged),
    };
    for issue in form.all("issue") {
        let path = super::api_path(&page.path.organization, issue);
        match api.send::<Value>(method.clone(), &path, &body).await {
            // One that is gone by now is no reason not to change the others.
            Ok(Ok(_)) | Err(Problem::Refused(Refusal { status: StatusCode::NOT_FOUND, .. })) => {}
            Ok(Err(refusal)) => return Err(Problem::Refused(refusal)),
            Err(problem) => return Err(problem),
        }
    }
    let back = form.trimmed("back");
    // As the page wrote it, with the path under which a proxy has us; anything else leads home.
    page.done(page.ui.links.own_as_shown(back), flash)
}
