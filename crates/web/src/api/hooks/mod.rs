//! Service hooks: Sentry's five calls and its counters, with its bodies, checks and errors; and what is ours.

mod deliveries;
mod fields;
mod health;
mod live;
mod outcomes;
mod replays;
mod rotate;
mod settings;
mod stats;
mod test;
mod verify;
mod view;

use std::sync::Arc;

use axum::Json;
use axum::response::IntoResponse as _;
use axum::routing::{MethodRouter, get, post};
use http::{HeaderMap, StatusCode};
use model::ids::HookGuid;
use model::scope::Scope;
use store::StoreError;
use store::catalog::{Hook, HookChange, NewHook, Unopened};
use webhook::Secret;

use self::health::Health;
use self::view::{HookView, status};
use super::ApiState;
use super::body::Unread;
use super::error::{Answer, ApiError};
use super::fields::FieldErrors;
use super::lookup::{Call, HookPath, ProjectPath};
use super::note::said;
use super::page::{PageRequest, query_value};

pub(super) use self::health::{last_day, standing_of, state_of};
pub(super) use self::rotate::rotate;
pub(super) use self::stats::stats;
pub(super) use self::test::test;
pub use self::verify::DoctorPlaces;
pub(super) use self::verify::verify;

/// What there is below a hook about its deliveries.
pub(super) fn delivery_routes() -> [(&'static str, MethodRouter<Arc<ApiState>>); 7] {
    [
        ("/api/0/projects/{organization}/{project}/hooks/{hook}/deliveries", get(deliveries::list)),
        ("/api/0/projects/{organization}/{project}/hooks/{hook}/outcomes", get(outcomes::outcomes)),
        ("/api/0/projects/{organization}/{project}/hooks/{hook}/deliveries/{delivery}", get(deliveries::show)),
        (
            "/api/0/projects/{organization}/{project}/hooks/{hook}/deliveries/{delivery}/redeliver",
            post(deliveries::redeliver),
        ),
        ("/api/0/projects/{organization}/{project}/hooks/{hook}/replays", get(replays::list).post(replays::create)),
        (
            "/api/0/projects/{organization}/{project}/hooks/{hook}/replays/{replay}",
            get(replays::show).delete(replays::stop),
        ),
        ("/api/0/projects/{organization}/{project}/hooks/{hook}/live", get(live::live)),
    ]
}

/// `GET …/hooks/`, of one status where the query says so.
pub(super) async fn list(call: Call<ProjectPath>) -> Answer {
    let project = call.project(&[Scope::ProjectRead]).await?;
    let Call { api, caller, uri, .. } = call;
    let request = PageRequest::of(&uri)?;
    let mut hooks = api.store.hooks(project.id).await?;
    if let Some(wanted) = query_value(&uri, "status").filter(|wanted| !wanted.is_empty()) {
        hooks.retain(|hook| status(hook) == wanted);
    }
    let page = request.cut(hooks, |hook| i64::from(hook.number.get()));
    let on_page: Vec<&Hook> = page.items().iter().collect();
    let health = Health::of_all(&api, &on_page).await?;
    let now = api.clock.now();
    let shown = on_page.iter().zip(health).map(|(hook, health)| HookView::of(hook, Some(health), &caller, now));
    Ok(page.answer_with(&api.base_url, &uri, shown.collect()))
}

/// `POST …/hooks/`
pub(super) async fn create(call: Call<ProjectPath>, body: Unread) -> Answer {
    let project = call.project(&[Scope::ProjectWrite]).await?;
    let Call { api, caller, .. } = call;
    let wanted = fields::read_new(&body.json().await?, &api.policy)?;
    let new = NewHook {
        guid: HookGuid(api.random_bytes()),
        project: project.id,
        url: wanted.url,
        secret: Secret::from_random(api.random_bytes()),
        kinds: wanted.others.kinds.unwrap_or_default(),
        filters: wanted.others.filters.unwrap_or_default(),
        filter_match: wanted.others.filter_match.unwrap_or_default(),
        settings: settings::of_new(wanted.others.settings),
        active: wanted.others.active.unwrap_or(true),
        now: api.clock.now(),
    };
    let hook = api.store.create_hook(new).await.map_err(|error| match error {
        StoreError::TooMany { what, most } => {
            FieldErrors::about_all(format!("A project has at most {most} {what}. Delete one first.")).into()
        }
        other => ApiError::from(other),
    })?;
    api.changed().await;
    let health = Health::of_one(&api, &hook).await?;
    let view = HookView::of(&hook, health, &caller, api.clock.now());
    Ok((StatusCode::CREATED, note(&hook), Json(view)).into_response())
}

/// `GET …/hooks/{hook}/`
pub(super) async fn show(call: Call<HookPath>) -> Answer {
    let hook = call.hook(&[Scope::ProjectRead]).await?;
    shown(&call, &hook).await
}

/// `PUT …/hooks/{hook}/`
pub(super) async fn update(call: Call<HookPath>, body: Unread) -> Answer {
    let hook = call.hook(&[Scope::ProjectWrite]).await?;
    let (body, mut before) = (body.json().await?, hook);
    let hook = loop {
        let change = fields::read_change(&body, &before, &call.api.policy)?;
        let change = HookChange { now: Some(call.api.clock.now()), ..change };
        match call.api.store.update_hook(before.project, before.guid, change).await {
            // The values that masks stand for are those of now.
            Err(StoreError::Changed { .. }) => before = call.hook(&[Scope::ProjectWrite]).await?,
            changed => break changed?,
        }
    };
    call.api.changed().await;
    if hook.active != before.active {
        call.api.sending.starts_anew(hook.number);
    }
    shown(&call, &hook).await
}

/// `DELETE …/hooks/{hook}/`
pub(super) async fn delete(call: Call<HookPath>) -> Answer<StatusCode> {
    let hook = call.hook(&[Scope::ProjectAdmin]).await?;
    call.api.store.delete_hook(hook.project, hook.guid).await?;
    call.api.changed().await;
    Ok(StatusCode::NO_CONTENT)
}

/// The hook as it is now.
async fn shown(call: &Call<HookPath>, hook: &Hook) -> Answer {
    let health = Health::of_one(&call.api, hook).await?;
    let view = HookView::of(hook, health, &call.caller, call.api.clock.now());
    Ok((note(hook), Json(view)).into_response())
}

/// Why nothing is sent to an active hook: its row is damaged, or it has no events, with which it may be made as in Sentry.
fn note(hook: &Hook) -> HeaderMap {
    match hook.secrets {
        Err(Unopened::Headers) => said("gets nothing: its stored headers are damaged; set them again"),
        Err(Unopened::Secret | Unopened::PreviousSecret) => {
            said("gets nothing: its stored secret is damaged; rotate it with an overlap of 0")
        }
        Ok(_) if hook.kinds.is_empty() => said("gets nothing until it has events: event.alert, event.created or both"),
        Ok(_) => HeaderMap::new(),
    }
}
