//! Why an event was sent to whom it was, and not to others: each hook, each rule, and the node that held it back.

use askama::Template;
use serde::Deserialize;

use super::{OfEvent, api_path};
use crate::ui::frame::{Frame, Here};
use crate::ui::links::{Place, part};
use crate::ui::page::{Page, Shown};

/// What the page reads of the answer.
#[derive(Deserialize)]
struct Why {
    hooks: Vec<Hook>,
    rules: Vec<Rule>,
    deliveries: Vec<Delivery>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hook {
    id: String,
    url: String,
    outcome: String,
    why: String,
    filter_match: String,
    filters: Vec<Node>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    name: Option<String>,
    fired: bool,
    why: String,
    action_match: String,
    conditions: Vec<Node>,
    filter_match: String,
    filters: Vec<Node>,
}

/// A condition or a filter, and what was there.
#[derive(Deserialize)]
struct Node {
    name: String,
    holds: Option<bool>,
    found: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delivery {
    id: String,
    hook_id: Option<String>,
    event: String,
    status: String,
    attempts: u32,
}

#[derive(Deserialize)]
struct Issue {
    #[serde(rename = "shortId")]
    short_id: String,
    project: Project,
}

#[derive(Deserialize)]
struct Project {
    slug: String,
}

#[derive(Template)]
#[template(path = "issues/why.html")]
struct WhyPage {
    frame: Frame,
    issues: Place,
    issue: Place,
    short_id: String,
    event: String,
    event_place: Place,
    /// The project's settings.
    settings: Place,
    why: Why,
}

impl WhyPage {
    /// What a hook was owed of this event.
    fn deliveries_of<'w>(&'w self, hook: &'w Hook) -> impl Iterator<Item = &'w Delivery> {
        self.why.deliveries.iter().filter(move |delivery| delivery.hook_id.as_deref() == Some(hook.id.as_str()))
    }

    fn delivery_place(&self, hook: &Hook, delivery: &Delivery) -> Place {
        self.settings.one("hooks", &hook.id).one("deliveries", &delivery.id)
    }
}

impl Delivery {
    fn colour(&self) -> &'static str {
        crate::ui::pages::deliveries::colour(&self.status)
    }
}

impl Rule {
    fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("Rule {}, which is deleted", self.id))
    }
}

impl Node {
    fn found(&self) -> String {
        self.found.join(", ")
    }

    /// The colour and the word for what it says.
    fn verdict(&self) -> (&'static str, &'static str) {
        match self.holds {
            Some(true) => ("good", "holds"),
            Some(false) => ("bad", "does not hold"),
            None => ("", "not asked"),
        }
    }
}

/// `GET …/issues/{issue}/events/{event}/why/`
pub(super) async fn why(page: Page<OfEvent>) -> Shown {
    let OfEvent { organization, issue, event } = &page.path;
    let api = page.api();
    let found: Issue = api.get(&api_path(organization, issue)).await?;
    let project = &found.project.slug;
    let path = format!("/api/0/projects/{}/{}/events/{}/why/", part(organization), part(project), part(event));
    let why: Why = api.get(&path).await?;
    let issues = page.ui.links.organization(organization).to("issues");
    let place = issues.to(issue);
    let shown = WhyPage {
        frame: page.frame(Here::Issues).await?,
        event_place: place.one("events", event),
        settings: page.ui.links.project(organization, project),
        issue: place,
        issues,
        short_id: found.short_id,
        event: event.clone(),
        why,
    };
    page.show(&shown)
}
