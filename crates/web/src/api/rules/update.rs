//! `PUT …/rules/{rule}/`.

use axum::Json;
use axum::response::IntoResponse as _;

use super::super::body::Unread;
use super::super::error::Answer;
use super::super::lookup::{Call, RulePath};
use super::note::note;
use super::view::Surroundings;
use super::{duplicates, fields};

/// `PUT …/rules/{rule}/`. As in Sentry, conditions, filters and environment that the body does not name are gone; frequency,
/// owner and whether the rule is active stay.
pub(in super::super) async fn update(call: Call<RulePath>, body: Unread) -> Answer {
    let (project, before) = call.rule(super::WRITE).await?;
    let Call { api, caller, .. } = call;
    let known = fields::Known::of(&api, &project).await?;
    let change = known.read(&body.json().await?, Some(&before), || api.random_bytes())?;
    let mut others = api.store.rules(project.id).await?;
    others.retain(|rule| rule.id != before.id);
    duplicates::refuse(&change, &others)?;
    let rule = api.store.update_rule(project.id, before.id, change).await?;
    api.changed().await;
    let hooks = api.store.hooks(project.id).await?;
    let surroundings = Surroundings::of(&api, &project, &caller).await?;
    Ok((note(&rule.actions, &hooks), Json(surroundings.view(&rule))).into_response())
}
