//! Why an event was sent to whom it was, and not to others: each hook, each rule, and the node that held it back.

use askama::Template;
use serde::Deserialize;

use super::{OfEvent, api_path};
use crate::ui::frame::{Frame, Here};
use crate::ui::links::{Place, part};
use crate::ui::page::{Page, Shown};
use crate::ui::words::Moment;

/// What the page reads of the answer.
#[derive(Deserialize)]
struct Why {
    event: Event,
    hooks: Vec<Hook>,
    rules: Vec<Rule>,
    deliveries: Vec<Delivery>,
}

/// The event, and what it did to its issue.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    date_received: String,
    turn: String,
    environment: Option<String>,
    new_in_environment: bool,
    hop: u8,
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
    because: Vec<Kept>,
    outcome: String,
    why: String,
    assumed: Vec<String>,
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

/// What the store's state had when a rule fired.
#[derive(Deserialize)]
struct Kept {
    part: String,
    /// Its place in the part, from 0.
    node: u64,
    /// Known where the rule still is.
    name: Option<String>,
    holds: bool,
    found: String,
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
    received: Moment,
    /// The project's settings.
    settings: Place,
    why: Why,
}

impl WhyPage {
    /// What this event did to its issue.
    fn turn(&self) -> &str {
        match self.why.event.turn.as_str() {
            "new" => "the first of its issue",
            "regressed" => "its issue was resolved, and is back",
            "reappeared" => "its issue was ignored, and is back",
            "repeated" => "its issue was known",
            other => other,
        }
    }

    /// What hooks were owed that are deleted.
    fn deliveries_of_deleted(&self) -> Vec<&Delivery> {
        self.why.deliveries.iter().filter(|delivery| delivery.hook_id.is_none()).collect()
    }

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

impl Hook {
    fn is_owed(&self) -> bool {
        self.outcome == "owed"
    }

    /// The filters that held it back, in words.
    fn stopped_by(&self) -> Option<String> {
        if self.outcome == "filters" { stopped_by(&self.filter_match, &self.filters) } else { None }
    }
}

/// The nodes for which such a part of a rule does not hold, in words.
fn stopped_by(quantifier: &str, nodes: &[Node]) -> Option<String> {
    // Where none may hold, the one that does is in the way.
    let in_the_way = quantifier == "none";
    let names = nodes.iter().filter(|node| node.holds == Some(in_the_way)).map(|node| format!("“{}”", node.name));
    let names: Vec<_> = names.collect();
    let verb = match (names.len(), in_the_way) {
        (0, _) => return None,
        (1, true) => "matches, and must not",
        (_, true) => "match, and must not",
        (1, false) => "does not match",
        (_, false) => "do not match",
    };
    Some(format!("{} {verb}.", names.join(", ")))
}

impl Kept {
    fn name(&self) -> String {
        let part = if self.part == "filters" { "Filter" } else { "Condition" };
        self.name.clone().unwrap_or_else(|| format!("{part} {}", self.node + 1))
    }

    fn verdict(&self) -> (&'static str, &'static str) {
        verdict(Some(self.holds))
    }
}

/// The colour and the word for what a node says.
fn verdict(holds: Option<bool>) -> (&'static str, &'static str) {
    match holds {
        Some(true) => ("good", "matches"),
        Some(false) => ("bad", "does not match"),
        None => ("", "not asked"),
    }
}

impl Rule {
    /// The conditions or filters that held it back, in words.
    fn stopped_by(&self) -> Option<String> {
        match self.outcome.as_str() {
            "conditions" => stopped_by(&self.action_match, &self.conditions),
            "filters" => stopped_by(&self.filter_match, &self.filters),
            _ => None,
        }
    }

    /// What is not known any more and taken for something, in words.
    fn assumptions(&self) -> impl Iterator<Item = &str> {
        self.assumed.iter().map(|what| match what.as_str() {
            "issueStatus" => "The issue's status at that time is not known any more; it is taken for unresolved.",
            "counts" => "Some of the events that counted are not kept any more; the counts may have been higher.",
            other => other,
        })
    }

    fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("Rule {}, which is deleted", self.id))
    }
}

impl Node {
    fn found(&self) -> String {
        self.found.join(", ")
    }

    fn verdict(&self) -> (&'static str, &'static str) {
        verdict(self.holds)
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
        received: page.moment(&why.event.date_received),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, holds: Option<bool>) -> Node {
        Node { name: name.to_owned(), holds, found: Vec::new() }
    }

    #[test]
    fn what_stops_a_rule_depends_on_how_many_must_hold() {
        let nodes = [node("a", Some(true)), node("b", Some(false)), node("c", None), node("d", Some(false))];
        assert_eq!(stopped_by("all", &nodes).as_deref(), Some("“b”, “d” do not match."));
        assert_eq!(stopped_by("any", &nodes[1..2]).as_deref(), Some("“b” does not match."));
        assert_eq!(stopped_by("none", &nodes).as_deref(), Some("“a” matches, and must not."));
        assert_eq!(stopped_by("all", &[]), None);
    }
}
