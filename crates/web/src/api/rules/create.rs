//! `POST …/rules/`.

use axum::Json;
use axum::response::IntoResponse as _;
use http::StatusCode;
use store::StoreError;
use store::rules::NewRule;

use super::super::body::Unread;
use super::super::error::{Answer, ApiError};
use super::super::fields::FieldErrors;
use super::super::lookup::{Call, ProjectPath};
use super::note::note;
use super::view::Surroundings;
use super::{duplicates, fields};

/// `POST …/rules/`
pub(in super::super) async fn create(call: Call<ProjectPath>, body: Unread) -> Answer {
    let project = call.project(super::WRITE).await?;
    let Call { api, caller, .. } = call;
    let known = fields::Known::of(&api, &project).await?;
    let rule = known.read(&body.json().await?, None, || api.random_bytes())?;
    let others = api.store.rules(project.id).await?;
    duplicates::refuse(&rule, &others)?;
    let new = NewRule { project: project.id, rule, created_by: caller.user, now: api.clock.now() };
    let rule = api.store.create_rule(new).await.map_err(|error| match error {
        StoreError::TooMany { most, .. } => {
            FieldErrors::about("conditions", format!("You may not exceed {most} rules per project")).into()
        }
        other => ApiError::from(other),
    })?;
    api.changed().await;
    let hooks = api.store.hooks(project.id).await?;
    let surroundings = Surroundings::of(&api, &project, &caller).await?;
    Ok((StatusCode::CREATED, note(&rule.actions, &hooks), Json(surroundings.view(&rule))).into_response())
}
