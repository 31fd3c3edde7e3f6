//! Service hooks: Sentry's five calls and its counters, with its bodies, checks and errors.

mod fields;
mod stats;
mod view;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse as _;
use http::{StatusCode, Uri};
use model::ids::HookGuid;
use model::limits::HOOKS_PER_PROJECT;
use model::scope::Scope;
use store::catalog::NewHook;
use webhook::Secret;

use self::view::{HookView, status};
use super::ApiState;
use super::body::Unread;
use super::error::Answer;
use super::fields::FieldErrors;
use super::lookup::{HookPath, Named, ProjectPath};
use super::page::{PageRequest, query_value};
use crate::auth::Caller;

pub(super) use self::stats::stats;

/// `GET …/hooks/`, of one status where the query says so.
pub(super) async fn list(
    State(api): State<Arc<ApiState>>,
    caller: Caller,
    Named(path): Named<ProjectPath>,
    uri: Uri,
) -> Answer {
    caller.needs(&[Scope::ProjectRead])?;
    let project = api.project(&path, &uri).await?;
    let request = PageRequest::of(&uri)?;
    let mut hooks = api.store.hooks(project.id).await?;
    if let Some(wanted) = query_value(&uri, "status").filter(|wanted| !wanted.is_empty()) {
        hooks.retain(|hook| status(hook) == wanted);
    }
    let page = request.cut(hooks, |hook| i64::from(hook.number.get()));
    Ok(page.answer(&api.base_url, &uri, |hook| HookView::of(hook, &caller)))
}

/// `POST …/hooks/`
pub(super) async fn create(
    State(api): State<Arc<ApiState>>,
    caller: Caller,
    Named(path): Named<ProjectPath>,
    uri: Uri,
    body: Unread,
) -> Answer {
    caller.needs(&[Scope::ProjectWrite])?;
    let project = api.project(&path, &uri).await?;
    let wanted = fields::read_new(&body.json().await?, &api.policy)?;
    if api.store.hooks(project.id).await?.len() >= HOOKS_PER_PROJECT {
        let text = format!("A project has at most {HOOKS_PER_PROJECT} service hooks. Delete one first.");
        return Err(FieldErrors::about_all(text).into());
    }
    let new = NewHook {
        guid: HookGuid(api.random_bytes()),
        project: project.id,
        url: wanted.url,
        secret: Secret::from_random(api.random_bytes()),
        kinds: wanted.others.kinds.unwrap_or_default(),
        filters: wanted.others.filters.unwrap_or_default(),
        filter_match: wanted.others.filter_match.unwrap_or_default(),
        active: wanted.others.active.unwrap_or(true),
        now: api.clock.now(),
    };
    let hook = api.store.create_hook(new).await?;
    api.changed().await;
    Ok((StatusCode::CREATED, Json(HookView::of(&hook, &caller))).into_response())
}

/// `GET …/hooks/{hook}/`
pub(super) async fn show(
    State(api): State<Arc<ApiState>>,
    caller: Caller,
    Named(path): Named<HookPath>,
    uri: Uri,
) -> Answer {
    caller.needs(&[Scope::ProjectRead])?;
    let (_, hook) = api.hook(&path, &uri).await?;
    Ok(Json(HookView::of(&hook, &caller)).into_response())
}

/// `PUT …/hooks/{hook}/`
pub(super) async fn update(
    State(api): State<Arc<ApiState>>,
    caller: Caller,
    Named(path): Named<HookPath>,
    uri: Uri,
    body: Unread,
) -> Answer {
    caller.needs(&[Scope::ProjectWrite])?;
    let (project, hook) = api.hook(&path, &uri).await?;
    let change = fields::read_change(&body.json().await?, &api.policy)?;
    let hook = api.store.update_hook(project.id, hook.guid, change).await?;
    api.changed().await;
    Ok(Json(HookView::of(&hook, &caller)).into_response())
}

/// `DELETE …/hooks/{hook}/`
pub(super) async fn delete(
    State(api): State<Arc<ApiState>>,
    caller: Caller,
    Named(path): Named<HookPath>,
    uri: Uri,
) -> Answer<StatusCode> {
    caller.needs(&[Scope::ProjectAdmin])?;
    let (project, hook) = api.hook(&path, &uri).await?;
    api.store.delete_hook(project.id, hook.guid).await?;
    api.changed().await;
    Ok(StatusCode::NO_CONTENT)
}
