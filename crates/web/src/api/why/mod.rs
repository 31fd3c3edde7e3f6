//! `GET …/events/{event}/why/`: for one event, what became of each hook and each rule, and why.
//!
//! What fired is read from where it was kept when it fired. Everything else is looked at again, by [`super::hindsight`], with the
//! hooks and rules as they are now: one that was changed since is judged as it is, and one that is newer than the event says so.

mod hooks;
mod rules;

use axum::Json;
use model::scope::Scope;
use serde::Serialize;
use store::hindsight::KeptEvent;

use self::hooks::{DeliveryView, HookView};
use self::rules::RuleView;
use super::error::{Answer, ApiError};
use super::lookup::{Call, EventPath};
use super::time::iso;

/// Who may see an event's contents.
const READ: &[Scope] = &[Scope::EventRead, Scope::ProjectRead];

/// Everything that became of an event.
#[derive(Serialize)]
pub(super) struct Why {
    event: EventView,
    hooks: Vec<HookView>,
    rules: Vec<RuleView>,
    deliveries: Vec<DeliveryView>,
}

/// The event, and what it did to its issue.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventView {
    id: String,
    issue_id: String,
    date_received: String,
    turn: &'static str,
    environment: Option<String>,
    new_in_environment: bool,
    hop: u8,
}

/// `GET …/events/{event}/why/`
pub(super) async fn why(call: Call<EventPath>) -> Answer<Json<Why>> {
    let (project, id) = call.event_id(READ).await?;
    let api = &call.api;
    let event = api.store.kept_event(project.id, id).await?.ok_or(ApiError::NotFound)?;
    let mut all_hooks = api.store.hooks(project.id).await?;
    all_hooks.sort_by_key(|hook| hook.number);
    let judged = rules::judge_all(api, &project, &event, &all_hooks).await?;
    let deliveries = api.store.deliveries(project.id, id).await?;
    Ok(Json(Why {
        event: EventView::of(&event, judged.environment.clone()),
        hooks: hooks::views(&all_hooks, &judged, &deliveries),
        deliveries: deliveries.iter().filter_map(|delivery| DeliveryView::of(delivery, &all_hooks)).collect(),
        rules: judged.rules,
    }))
}

impl EventView {
    fn of(event: &KeptEvent, environment: Option<String>) -> EventView {
        EventView {
            id: event.id.to_string(),
            issue_id: event.issue.to_string(),
            date_received: iso(event.received),
            turn: event.turn.as_str(),
            environment,
            new_in_environment: event.is_new_in_environment,
            hop: event.hop,
        }
    }
}
