//! Replays: what a hook was not delivered in a period, sent again as a job.

use axum::Json;
use axum::response::IntoResponse as _;
use http::StatusCode;
use model::delivery::DeliveryState;
use model::ids::Millis;
use model::scope::Scope;
use serde::Serialize;
use serde_json::Value;
use store::deliveries::{NewReplay, REPLAYED_STATES, Replay, ReplayBegun, ReplayStates};
use store::issues::Place;

use super::super::body::Unread;
use super::super::error::{Answer, ApiError};
use super::super::fields::{Complaint, FieldErrors, Fields, Read, list as list_of, quoted};
use super::super::lookup::{Call, HookPath, ReplayPath};
use super::super::page::PageRequest;
use super::super::refusal::Refusal;
use super::super::time::{iso, moment_or_seconds};

/// A replay.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReplayView {
    id: String,
    state: &'static str,
    since: String,
    until: String,
    status: Vec<&'static str>,
    found: u64,
    sent_again: u64,
    created: String,
    ended: Option<String>,
}

/// `GET …/hooks/{hook}/replays/`
pub(in super::super) async fn list(call: Call<HookPath>) -> Answer {
    let hook = call.hook(&[Scope::ProjectRead]).await?;
    let Call { api, uri, .. } = call;
    let request = PageRequest::of(&uri)?;
    let replays = api.store.replays(hook.number, request.of_store()).await?;
    let page = request.listed(replays, |replay| Place { key: replay.id.get(), id: 0 });
    Ok(page.answer(&api.base_url, &uri, ReplayView::of))
}

/// `POST …/hooks/{hook}/replays/`
pub(in super::super) async fn create(call: Call<HookPath>, body: Unread) -> Answer {
    let hook = call.hook(&[Scope::ProjectWrite]).await?;
    let now = call.api.clock.now();
    let (since, until, states) = read(&body.json().await?, now)?;
    let new = NewReplay { project: hook.project, hook: hook.number, since, until, states, now };
    match call.api.store.create_replay(new).await? {
        ReplayBegun::Runs(replay) => Ok((StatusCode::CREATED, Json(ReplayView::of(&replay))).into_response()),
        ReplayBegun::Running(replay) => Err(Refusal::Replaying(replay.id).into()),
        ReplayBegun::HookDisabled => Err(Refusal::HookDisabled.into()),
    }
}

/// `GET …/replays/{replay}/`
pub(in super::super) async fn show(call: Call<ReplayPath>) -> Answer {
    let (hook, id) = call.replay(&[Scope::ProjectRead]).await?;
    let replay = call.api.store.replay(hook.number, id).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(ReplayView::of(&replay)).into_response())
}

/// `DELETE …/replays/{replay}/`: stops it if it runs, and shows it as it ended.
pub(in super::super) async fn stop(call: Call<ReplayPath>) -> Answer {
    let (hook, id) = call.replay(&[Scope::ProjectWrite]).await?;
    let stopped = call.api.store.stop_replay(hook.number, id, call.api.clock.now()).await?;
    Ok(Json(ReplayView::of(&stopped.ok_or(ApiError::NotFound)?)).into_response())
}

impl ReplayView {
    fn of(replay: &Replay) -> ReplayView {
        ReplayView {
            id: replay.id.to_string(),
            state: replay.state.as_str(),
            since: iso(replay.since),
            until: iso(replay.until),
            status: replay.states.as_slice().iter().map(|state| state.as_str()).collect(),
            found: replay.found,
            sent_again: replay.sent_again,
            created: iso(replay.created),
            ended: replay.ended.map(iso),
        }
    }
}

/// `since` is required; `until` is now and no later; `status` is all that a replay may take.
fn read(body: &Value, now: Millis) -> Result<(Millis, Millis, ReplayStates), FieldErrors> {
    let mut fields = Fields::of(body)?;
    let since = fields.required("since", time);
    let until = fields.optional("until", time).map_or(now, |until| until.min(now));
    let states = fields.optional("status", states).unwrap_or_else(ReplayStates::every);
    if !fields.has_complaint("until") && since.is_some_and(|since| since > until) {
        fields.complain("since", "since must be before or equal to until, and not in the future.");
    }
    fields.finish(since).map(|since| (since, until, states))
}

fn time(value: &Value) -> Read<Millis> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    };
    let wrong = "Datetime has wrong format. Use one of these formats instead: \
                 YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";
    moment_or_seconds(&text).ok_or(Complaint::new(wrong))
}

/// One state, or a list of them.
fn states(value: &Value) -> Read<ReplayStates> {
    let states = match value {
        Value::Array(_) => list_of(state)(value)?,
        one => vec![state(one)?],
    };
    ReplayStates::new(states).ok_or(Complaint::new("This list may not be empty."))
}

fn state(value: &Value) -> Read<DeliveryState> {
    let known = REPLAYED_STATES.into_iter().find(|state| Some(state.as_str()) == value.as_str());
    known.ok_or_else(|| {
        let text = quoted(value);
        Complaint::new(format!("\"{text}\" is not a valid choice: failed, expired, cancelled or skipped."))
    })
}
