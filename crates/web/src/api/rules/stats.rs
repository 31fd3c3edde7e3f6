//! `GET …/rules/{rule}/stats/`: how often a rule fired, hour by hour.

use axum::Json;
use model::ids::Millis;
use serde::Serialize;
use store::rules::FiredRange;

use super::super::error::Answer;
use super::super::lookup::{Call, RulePath};
use super::super::span::Span;
use super::super::time::iso;

const HOUR_MILLIS: i64 = 3_600_000;

/// One hour.
#[derive(Serialize)]
pub(in super::super) struct Hour {
    /// Its start.
    date: String,
    /// Alerts in it, each about one event.
    count: u64,
}

/// `GET …/rules/{rule}/stats/`, of the last 14 days where the query does not say.
pub(in super::super) async fn stats(call: Call<RulePath>) -> Answer<Json<Vec<Hour>>> {
    let (project, rule) = call.rule(super::READ).await?;
    let Call { api, uri, .. } = call;
    let Span { since, until } = Span::of(&uri, api.clock.now())?;
    let counted = api.store.rule_hours(rule.id, FiredRange { project: project.id, since, until }).await?;
    let first = since.0 - since.0.rem_euclid(HOUR_MILLIS);
    let starts = (0..).map(|hour| first + hour * HOUR_MILLIS).take_while(|start| *start < until.0);
    let count = |start: i64| counted.iter().find(|(hour, _)| hour.0 == start).map_or(0, |(_, count)| *count);
    Ok(Json(starts.map(|start| Hour { date: iso(Millis(start)), count: count(start) }).collect()))
}
