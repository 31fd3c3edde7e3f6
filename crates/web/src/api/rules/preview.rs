//! `POST …/rules/preview/`: on which of the last events a rule would have fired.

use std::collections::HashMap;

use axum::Json;
use model::ids::{IssueId, Millis, RuleId};
use model::limits::PREVIEW_DAYS;
use serde::Serialize;
use serde_json::{Value, json};
use store::rules::NOTIFY_EVENT;

use super::super::body::Unread;
use super::super::error::Answer;
use super::super::fields::FieldErrors;
use super::super::hindsight::{
    History, Judged, Look, Lookers, NodeName, NodeView, Outcome, Part, Releases, Scope, Standings, gather, judge,
    node_names, node_views, releases_for,
};
use super::super::lookup::{Call, ProjectPath};
use super::super::time::{DAY_MILLIS, iso};
use super::fields;

/// Minutes between two alerts where the body does not say.
const FREQUENCY_DEFAULT_MINUTES: u32 = 30;

/// What a rule would have done.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Preview {
    since: String,
    until: String,
    /// Why no older events were looked at: `days`, `start`, `events`, `time`.
    stopped: &'static str,
    /// The time of the oldest one that was.
    stopped_at: Option<String>,
    looked: usize,
    fires: usize,
    events: Vec<EventView>,
}

/// What it would have done on one event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventView {
    event_id: String,
    issue_id: String,
    date_received: String,
    turn: &'static str,
    environment: Option<String>,
    fires: bool,
    outcome: &'static str,
    why: String,
    /// What is not known any more: `issueStatus`, `counts`.
    assumed: Vec<&'static str>,
    filters: Vec<NodeView>,
    conditions: Vec<NodeView>,
}

/// What the nodes of the rule are called.
struct Names {
    filters: Vec<NodeName>,
    conditions: Vec<NodeName>,
}

/// `POST …/rules/preview/`, the newest event first. Nothing is kept or sent.
pub(in super::super) async fn preview(call: Call<ProjectPath>, body: Unread) -> Answer<Json<Preview>> {
    let project = call.project(super::WRITE).await?;
    let api = &call.api;
    let known = fields::Known::of(api, &project).await?;
    let rule = known.read(&with_defaults(body.json().await?), None, || api.random_bytes())?;
    let compiled = known.compile(&rule).map_err(|error| FieldErrors::about("conditions", error.to_string()))?;
    let lookers = Lookers::new(vec![compiled], Vec::new());
    let now = api.clock.now();
    let since = Millis(now.0.saturating_sub(i64::from(PREVIEW_DAYS) * DAY_MILLIS));
    let scope = Scope { project: project.id, issue: None, below: None, since };
    let gathered = gather(api, scope, |event| lookers.look(event)).await?;
    let standings = Standings::of(api, gathered.events.iter().map(|look| look.issue)).await?;
    let releases = releases_for(api, project.id, &lookers).await?;
    let history = History::of(gathered.events.iter().map(|look| &look.past), gathered.horizon);
    let names = Names { filters: node_names(&rule.filters), conditions: node_names(&rule.conditions) };
    let events = look_back((&names, &lookers), &gathered.events, (&history, &standings, &releases)).await;
    Ok(Json(Preview {
        since: iso(since),
        until: iso(now),
        stopped: gathered.stop.as_str(),
        stopped_at: gathered.events.last().map(|look| iso(look.received)),
        looked: events.len(),
        fires: events.iter().filter(|event| event.fires).count(),
        events,
    }))
}

/// The events in the order in which they came, each after what the rule would have done before; then the newest first.
async fn look_back(
    (names, lookers): (&Names, &Lookers),
    looks: &[Look],
    (history, standings, releases): (&History, &Standings, &Releases),
) -> Vec<EventView> {
    let later = later_events(looks);
    let mut fired = HashMap::<IssueId, HashMap<RuleId, Millis>>::new();
    let mut events = Vec::with_capacity(looks.len());
    for (look, later) in looks.iter().zip(later).rev() {
        let of_issue = fired.entry(look.issue).or_default();
        let facts = history.facts(look, releases, of_issue);
        let judged = judge(lookers, look, (standings, later), facts);
        let Some(judged) = judged.into_iter().next() else { continue };
        events.push(EventView::of(names, look, &judged));
        if judged.outcome == Outcome::Fires {
            of_issue.insert(judged.rule, look.received);
        }
        // A rule of many counts takes a while: others get their turn between two events.
        tokio::task::yield_now().await;
    }
    events.reverse();
    events
}

/// How many of these events, the newest first, came after each in its issue.
fn later_events(looks: &[Look]) -> Vec<u64> {
    let mut seen = HashMap::<IssueId, u64>::new();
    let later = looks.iter().map(|look| {
        let count = seen.entry(look.issue).or_default();
        *count += 1;
        *count - 1
    });
    later.collect()
}

/// What a rule must say to be made, but not to be tried.
fn with_defaults(mut body: Value) -> Value {
    if let Value::Object(object) = &mut body {
        let defaults = [
            ("name", json!("Preview")),
            ("actionMatch", json!("all")),
            ("filterMatch", json!("all")),
            ("frequency", json!(FREQUENCY_DEFAULT_MINUTES)),
            ("actions", json!([{"id": NOTIFY_EVENT}])),
        ];
        for (name, default) in defaults {
            object.entry(name).or_insert(default);
        }
    }
    body
}

impl EventView {
    fn of(names: &Names, look: &Look, judged: &Judged<'_>) -> EventView {
        let explanation = judged.explanation;
        EventView {
            event_id: look.id.to_string(),
            issue_id: look.issue.to_string(),
            date_received: iso(look.received),
            turn: look.turn.as_str(),
            environment: look.environment.clone(),
            fires: judged.outcome == Outcome::Fires,
            outcome: judged.outcome.as_str(),
            why: judged.outcome.sentence(),
            assumed: judged.assumed.clone(),
            filters: node_views(&names.filters, &explanation.filters, (Part::Filters, &judged.because)),
            conditions: node_views(&names.conditions, &explanation.conditions, (Part::Conditions, &judged.because)),
        }
    }
}
