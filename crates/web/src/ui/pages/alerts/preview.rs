//! What a rule that is being written would have done of late.

use std::collections::BTreeMap;

use http::Method;
use jiff::Timestamp;
use serde::Deserialize;

use super::draft::Draft;
use super::kinds::Kinds;
use crate::ui::client::Client;
use crate::ui::links::{Place, part};
use crate::ui::page::Page;
use crate::ui::problem::Problem;
use crate::ui::project::OfProject;
use crate::ui::refusal::Refusal;
use crate::ui::words::{Moment, count};

/// Events that are shown.
const EVENTS: usize = 20;
const DAY_MILLIS: i64 = 86_400_000;

/// What the page reads of a preview.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    until: String,
    stopped: String,
    stopped_at: Option<String>,
    looked: usize,
    fires: usize,
    events: Vec<Event>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    event_id: String,
    issue_id: String,
    date_received: String,
    environment: Option<String>,
    fires: bool,
    outcome: String,
    assumed: Vec<String>,
}

#[derive(Deserialize)]
struct Issue {
    title: String,
}

/// A preview as it is shown.
pub(super) struct Preview {
    /// How often it would have fired in the last 24 hours, where all of them were looked at.
    pub(super) fires_of_day: Option<String>,
    /// `3 times`
    pub(super) fires: String,
    /// `200 events`
    pub(super) looked: String,
    /// The time of the oldest event that was looked at.
    pub(super) since: Option<Moment>,
    /// Why no older ones were.
    pub(super) stopped: &'static str,
    pub(super) rows: Vec<Row>,
    /// How many of those on which it would have fired are not shown.
    pub(super) more: usize,
    /// Why it would not have fired on the others, with how many they are.
    pub(super) others: Vec<(&'static str, String)>,
    pub(super) is_assumed: bool,
}

/// An event on which it would have fired.
pub(super) struct Row {
    pub(super) title: String,
    pub(super) place: Place,
    pub(super) environment: Option<String>,
    pub(super) received: Moment,
}

/// Tries the draft; a refusal of it is a value.
pub(super) async fn preview<P>(
    page: &Page<P>,
    project: &OfProject,
    draft: &Draft,
    kinds: &Kinds,
) -> Result<Result<Preview, Refusal>, Problem> {
    let api = page.api();
    let path = format!("{}rules/preview/", project.api_path());
    let told = match api.send::<Told>(Method::POST, &path, &draft.body_to_try(kinds)).await? {
        Ok(told) => told,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let shown: Vec<&Event> = told.events.iter().filter(|event| event.fires).take(EVENTS).collect();
    let titles = titles(&api, &project.organization, &shown).await?;
    let row = |event: &&Event| {
        let issue = page.ui.links.organization(&project.organization).one("issues", &event.issue_id);
        Row {
            title: titles.get(&event.issue_id).cloned().unwrap_or_else(|| event.event_id.clone()),
            place: issue.one("events", &event.event_id),
            environment: event.environment.clone(),
            received: page.moment(&event.date_received),
        }
    };
    let rows: Vec<Row> = shown.iter().map(row).collect();
    Ok(Ok(Preview {
        fires_of_day: told.fires_of_day().map(|fires| counted(fires, "time")),
        fires: counted(told.fires, "time"),
        looked: counted(told.looked, "event"),
        since: told.stopped_at.as_deref().map(|iso| page.moment(iso)),
        stopped: why_stopped(&told.stopped),
        more: told.fires - rows.len(),
        rows,
        others: told.others(),
        is_assumed: told.events.iter().any(|event| !event.assumed.is_empty()),
    }))
}

/// The titles of the issues of these events, by id.
async fn titles(api: &Client, organization: &str, events: &[&Event]) -> Result<BTreeMap<String, String>, Problem> {
    let mut titles = BTreeMap::new();
    for event in events {
        if titles.contains_key(&event.issue_id) {
            continue;
        }
        let path = format!("/api/0/organizations/{}/issues/{}/", part(organization), part(&event.issue_id));
        match api.get::<Issue>(&path).await {
            Ok(issue) => {
                titles.insert(event.issue_id.clone(), issue.title);
            }
            // Deleted meanwhile: the event's id has to do.
            Err(Problem::Refused(refusal)) if refusal.status == http::StatusCode::NOT_FOUND => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(titles)
}

impl Told {
    /// Of the last 24 hours, if every event of them was looked at.
    fn fires_of_day(&self) -> Option<usize> {
        let millis = |iso: &str| iso.parse::<Timestamp>().ok().map(|time| time.as_millisecond());
        let since = millis(&self.until)? - DAY_MILLIS;
        let is_cut = matches!(self.stopped.as_str(), "events" | "time");
        let is_whole = !is_cut || self.stopped_at.as_deref().and_then(millis).is_some_and(|oldest| oldest <= since);
        let is_of_day = |event: &&Event| event.fires && millis(&event.date_received).is_some_and(|at| at >= since);
        is_whole.then(|| self.events.iter().filter(is_of_day).count())
    }

    fn others(&self) -> Vec<(&'static str, String)> {
        let mut counts = BTreeMap::<&str, u64>::new();
        for event in self.events.iter().filter(|event| !event.fires) {
            *counts.entry(&event.outcome).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
        counts.into_iter().map(|(outcome, number)| (why_not(outcome), count(number))).collect()
    }
}

/// `1 time`, `2 times`
fn counted(number: usize, what: &str) -> String {
    format!("{} {what}{}", count(number as u64), if number == 1 { "" } else { "s" })
}

fn why_not(outcome: &str) -> &'static str {
    match outcome {
        "environment" => "Another environment",
        "filters" => "The filters do not match",
        "conditions" => "The conditions do not match",
        "frequency" => "Too soon after an alert for the same issue",
        "issueStatus" => "The issue was resolved or ignored",
        "loop" => "Webhooks have led to it too often",
        "hooks" => "The hooks' own filters turn it away",
        "gone" => "The issue is gone",
        _ => "Another reason",
    }
}

fn why_stopped(stopped: &str) -> &'static str {
    match stopped {
        "start" => "Those are all that are kept.",
        "days" => "A preview looks back 14 days.",
        "events" => "A preview looks at so many events at most.",
        "time" => "Older ones would have taken too long to look at.",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told(stopped: &str, events: &[(&str, &str)]) -> Told {
        let event = |(at, outcome): &(&str, &str)| {
            json!({"eventId": "e", "issueId": "1", "dateReceived": at, "environment": null, "fires": *outcome == "fires",
                   "outcome": outcome, "assumed": []})
        };
        let events: Vec<Value> = events.iter().map(event).collect();
        let stopped_at = events.last().map(|event| event["dateReceived"].clone());
        serde_json::from_value(json!({
            "until": "2018-11-06T21:00:00.000Z", "stopped": stopped, "stoppedAt": stopped_at, "looked": events.len(),
            "fires": 1, "events": events,
        }))
        .unwrap()
    }

    #[test]
    fn a_day_is_counted_only_where_all_of_it_was_looked_at() {
        let today = [("2018-11-06T20:00:00.000Z", "fires"), ("2018-11-06T19:00:00.000Z", "filters")];
        assert_eq!(told("start", &today).fires_of_day(), Some(1));
        assert_eq!(told("events", &today).fires_of_day(), None);
        let longer = [today[0], ("2018-11-05T20:00:00.000Z", "fires")];
        assert_eq!(told("events", &longer).fires_of_day(), Some(1));
        assert_eq!(told("start", &[]).fires_of_day(), Some(0));
    }

    #[test]
    fn reasons_are_counted_the_most_frequent_first() {
        let events = [("a", "filters"), ("b", "frequency"), ("c", "frequency"), ("d", "fires")];
        let reasons: Vec<String> = told("start", &events).others().into_iter().map(|(_, number)| number).collect();
        assert_eq!(reasons, ["2", "1"]);
    }
}
