//! An issue with one of its events: the latest, unless another is asked for; and what people do with it.

use askama::Template;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::event::EventView;
use super::tags::Tags;
use super::{Count, OfEvent, OfIssue, api_path};
use crate::ui::chart::{Svg, sparkline};
use crate::ui::form::Form;
use crate::ui::frame::{Flash, Frame, Here};
use crate::ui::links::{Place, part};
use crate::ui::page::{Page, Shown};
use crate::ui::problem::Problem;
use crate::ui::refusal::Refusal;
use crate::ui::words::{Moment, count};

/// How many of the newest events are listed.
const EVENTS: usize = 10;
/// What an issue may be ignored until: what the form sends, and what it is called.
const IGNORED_UNTIL: [(&str, &str); 10] = [
    ("", "until it is reopened"),
    ("ignoreDuration:60", "for an hour"),
    ("ignoreDuration:1440", "for a day"),
    ("ignoreDuration:10080", "for a week"),
    ("ignoreDuration:43200", "for 30 days"),
    ("ignoreCount:10", "until 10 more events"),
    ("ignoreCount:100", "until 100 more events"),
    ("ignoreCount:1000", "until 1000 more events"),
    ("ignoreUserCount:10", "until 10 more users"),
    ("ignoreUserCount:100", "until 100 more users"),
];

/// What the page reads of an issue.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issue {
    short_id: String,
    title: String,
    culprit: String,
    level: String,
    status: String,
    substatus: Option<String>,
    status_details: Value,
    is_unhandled: bool,
    count: Count,
    user_count: u64,
    first_seen: String,
    last_seen: String,
    project: Project,
    first_release: Option<Release>,
    last_release: Option<Release>,
    stats: Stats,
}

/// Events by hour and by day, oldest first.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Stats {
    #[serde(rename = "24h")]
    day: Vec<(i64, u64)>,
    #[serde(rename = "30d")]
    month: Vec<(i64, u64)>,
}

#[derive(Deserialize)]
struct Project {
    slug: String,
    name: String,
}

#[derive(Deserialize)]
struct Release {
    version: String,
}

/// What the list beside an event reads of the others.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Other {
    #[serde(rename = "eventID")]
    id: String,
    date_created: String,
}

struct OtherRow {
    id: String,
    place: Place,
    created: Moment,
    is_here: bool,
}

#[derive(Template)]
#[template(path = "issues/show.html")]
struct IssuePage {
    frame: Frame,
    issues: Place,
    place: Place,
    settings: Place,
    issue: Issue,
    first_seen: Moment,
    last_seen: Moment,
    event: Option<EventView>,
    received: Option<Moment>,
    others: Vec<OtherRow>,
    tags: Tags,
    graphs: [Graph; 2],
    refusal: Option<Refusal>,
}

impl OtherRow {
    /// The beginning of its id, by which people tell events apart.
    fn short_id(&self) -> &str {
        self.id.get(..8).unwrap_or(&self.id)
    }
}

/// How often the issue happened in a while.
struct Graph {
    name: &'static str,
    events: String,
    picture: Svg,
}

impl Graph {
    fn of(name: &'static str, points: &[(i64, u64)]) -> Graph {
        let counts: Vec<u64> = points.iter().map(|(_, count)| *count).collect();
        let events = count(counts.iter().sum());
        let picture = sparkline(&counts, &format!("{events} events in {name}"));
        Graph { name, events, picture }
    }
}

impl IssuePage {
    fn state(&self) -> (&'static str, String) {
        let details = &self.issue.status_details;
        let release = details["inRelease"].as_str();
        match (self.issue.status.as_str(), self.issue.substatus.as_deref()) {
            ("resolved", _) if details["inNextRelease"] == true => ("good", "resolved in the next release".to_owned()),
            ("resolved", _) => ("good", release.map_or("resolved".to_owned(), |it| format!("resolved in {it}"))),
            ("ignored", _) => ("", ignored(details)),
            (_, Some("regressed")) => ("warn", "regressed".to_owned()),
            (_, Some("new")) => ("calm", "new".to_owned()),
            _ => ("ember", "unresolved".to_owned()),
        }
    }

    fn ignored_until(&self) -> [(&'static str, &'static str); 10] {
        IGNORED_UNTIL
    }

    fn users(&self) -> String {
        count(self.issue.user_count)
    }
}

/// What ends that an issue is ignored.
fn ignored(details: &Value) -> String {
    if let Some(until) = details["ignoreUntil"].as_str() {
        return format!("ignored until {}", until.get(..16).unwrap_or(until).replace('T', " "));
    }
    match (details["ignoreCount"].as_u64(), details["ignoreUserCount"].as_u64()) {
        (Some(events), _) => format!("ignored for {events} more events"),
        (_, Some(users)) => format!("ignored for {users} more users"),
        _ => "ignored".to_owned(),
    }
}

/// `GET /organizations/{organization}/issues/{issue}/`
pub(super) async fn latest(page: Page<OfIssue>) -> Shown {
    let of = (page.path.organization.as_str(), page.path.issue.as_str());
    shown(&page, of, "latest", (StatusCode::OK, None)).await
}

/// `GET /organizations/{organization}/issues/{issue}/events/{event}/`
pub(super) async fn event(page: Page<OfEvent>) -> Shown {
    let of = (page.path.organization.as_str(), page.path.issue.as_str());
    shown(&page, of, &page.path.event, (StatusCode::OK, None)).await
}

/// `POST /organizations/{organization}/issues/{issue}/`
pub(super) async fn change(page: Page<OfIssue>, form: Form) -> Shown {
    let form = form.checked(&page.visitor)?;
    let change = match form.trimmed("action") {
        "resolveInNext" => json!({"status": "resolved", "statusDetails": {"inNextRelease": true}}),
        "ignored" => match form.trimmed("until").split_once(':') {
            Some((what, number)) => json!({"status": "ignored", "statusDetails": {what: number}}),
            None => json!({"status": "ignored"}),
        },
        status => json!({ "status": status }),
    };
    let OfIssue { organization, issue } = &page.path;
    match page.api().send::<Value>(Method::PUT, &api_path(organization, issue), &change).await? {
        Ok(_) => page.done(page.ui.links.organization(organization).one("issues", issue), Flash::Saved),
        Err(refusal) => {
            let of = (organization.as_str(), issue.as_str());
            shown(&page, of, "latest", (StatusCode::BAD_REQUEST, Some(refusal))).await
        }
    }
}

/// `POST /organizations/{organization}/issues/{issue}/delete/`
pub(super) async fn delete(page: Page<OfIssue>, form: Form) -> Shown {
    form.checked(&page.visitor)?;
    let OfIssue { organization, issue } = &page.path;
    let path = api_path(organization, issue);
    page.act(
        (Method::DELETE, &path, json!({})),
        page.ui.links.organization(organization).to("issues"),
        Flash::IssuesDeleted,
    )
    .await
}

async fn shown<P>(
    page: &Page<P>,
    (organization, issue): (&str, &str),
    event: &str,
    (status, refusal): (StatusCode, Option<Refusal>),
) -> Shown {
    let api = page.api();
    let path = api_path(organization, issue);
    let issues = page.ui.links.organization(organization).to("issues");
    let found: Issue = api.get(&path).await?;
    let event = match api.get::<Value>(&format!("{path}events/{}/", part(event))).await {
        Ok(event) => Some(EventView::of(&event)),
        // All events of an issue may be older than what is kept.
        Err(Problem::Refused(refused)) if refused.status == StatusCode::NOT_FOUND && event == "latest" => None,
        Err(problem) => return Err(problem),
    };
    let place = issues.to(issue);
    let others = api.list::<Other>(&format!("{path}events/?per_page={EVENTS}")).await?.items;
    let row = |other: Other| OtherRow {
        place: place.one("events", &other.id),
        created: page.moment(&other.date_created),
        is_here: event.as_ref().is_some_and(|event| event.id == other.id),
        id: other.id,
    };
    let others = others.into_iter().map(row).collect();
    let graphs = [Graph::of("24 hours", &found.stats.day), Graph::of("30 days", &found.stats.month)];
    let own = event.as_ref().map(|event| &event.tags);
    let tags = Tags::of(&api, &path, (&issues, own)).await?;
    let shown = IssuePage {
        frame: page.frame(Here::Issues).await?,
        settings: page.ui.links.project(organization, &found.project.slug),
        first_seen: page.moment(&found.first_seen),
        last_seen: page.moment(&found.last_seen),
        received: event.as_ref().map(|event| page.moment(&event.received)),
        issues,
        place,
        issue: found,
        event,
        others,
        tags,
        graphs,
        refusal,
    };
    page.show_with(status, &shown)
}
