//! `GET …/rules/{rule}/`.

use axum::Json;
use axum::response::IntoResponse as _;

use super::super::error::Answer;
use super::super::lookup::{Call, RulePath};
use super::note::note;
use super::view::Surroundings;

/// `GET …/rules/{rule}/`
pub(in super::super) async fn show(call: Call<RulePath>) -> Answer {
    let (project, rule) = call.rule(super::READ).await?;
    let Call { api, caller, .. } = call;
    let hooks = api.store.hooks(project.id).await?;
    let surroundings = Surroundings::of(&api, &project, &caller).await?;
    Ok((note(&rule.actions, &hooks), Json(surroundings.view(&rule))).into_response())
}
