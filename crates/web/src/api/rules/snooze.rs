//! `POST` and `DELETE …/rules/{rule}/snooze/`.

use axum::Json;
use axum::response::IntoResponse as _;
use http::{HeaderMap, StatusCode};
use model::ids::Millis;
use serde::Serialize;
use serde_json::{Value, json};
use store::rules::{RuleRow, RuleSnooze};

use super::super::body::Unread;
use super::super::error::{Answer, ApiError};
use super::super::fields::{Complaint, FieldErrors, Fields, Read, quoted};
use super::super::lookup::{Call, RulePath};
use super::super::note::said;
use super::super::time::{iso, moment};

/// Whom a snooze is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Me,
    Everyone,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SnoozeView {
    owner_id: Option<i64>,
    user_id: Value,
    until: String,
    date_added: String,
    rule_id: i64,
    alert_rule_id: Option<i64>,
}

/// `POST …/rules/{rule}/snooze/`. For everyone it silences the rule. For oneself it changes nothing, and a note says so:
/// hooks are nobody's own.
pub(in super::super) async fn snooze(call: Call<RulePath>, body: Unread) -> Answer {
    let (project, rule) = call.rule(super::WRITE).await?;
    let Call { api, caller, .. } = call;
    let now = api.clock.now();
    let (target, until) = read(&body.json().await?, now)?;
    let snooze = RuleSnooze { since: now, until, by: caller.user };
    let mut notes = HeaderMap::new();
    match target {
        Target::Everyone if is_snoozed(&rule, now) => return Err(ApiError::Snoozed),
        Target::Everyone => {
            api.store.snooze_rule(project.id, rule.id, Some(snooze)).await?;
            api.changed().await;
        }
        Target::Me => notes = said("a snooze for one person changes nothing here, service hooks are nobody's own"),
    }
    Ok((StatusCode::CREATED, notes, Json(SnoozeView::of(&rule, target, snooze))).into_response())
}

/// `DELETE …/rules/{rule}/snooze/`
pub(in super::super) async fn unsnooze(call: Call<RulePath>) -> Answer<StatusCode> {
    let (project, rule) = call.rule(super::WRITE).await?;
    let Call { api, .. } = call;
    if !is_snoozed(&rule, api.clock.now()) {
        return Err(ApiError::NotFound);
    }
    api.store.snooze_rule(project.id, rule.id, None).await?;
    api.changed().await;
    Ok(StatusCode::NO_CONTENT)
}

fn is_snoozed(rule: &RuleRow, now: Millis) -> bool {
    rule.snooze.is_some_and(|snooze| snooze.holds(now))
}

fn read(body: &Value, now: Millis) -> Result<(Target, Option<Millis>), FieldErrors> {
    let mut fields = Fields::of(body)?;
    let target = fields.required("target", target);
    let until = fields.nullable("until", |value| until(value, now)).flatten();
    Ok((fields.finish(target)?, until))
}

fn target(value: &Value) -> Read<Target> {
    match value.as_str() {
        Some("me") => Ok(Target::Me),
        Some("everyone") => Ok(Target::Everyone),
        _ => Err(Complaint::new(format!("\"{}\" is not a valid choice.", quoted(value)))),
    }
}

/// A moment that is still to come.
fn until(value: &Value, now: Millis) -> Read<Millis> {
    let moment = value.as_str().and_then(moment).ok_or(Complaint::new("Enter a date and time in ISO 8601."))?;
    if moment > now { Ok(moment) } else { Err(Complaint::new("The time has passed already.")) }
}

impl SnoozeView {
    fn of(rule: &RuleRow, target: Target, snooze: RuleSnooze) -> Self {
        let user = snooze.by.map(|user| user.get());
        SnoozeView {
            owner_id: user,
            user_id: if target == Target::Everyone { json!("everyone") } else { json!(user) },
            until: snooze.until.map_or("forever".to_owned(), iso),
            date_added: iso(snooze.since),
            rule_id: rule.id.get(),
            alert_rule_id: None,
        }
    }
}
