//! Short ids: which issue people mean by one.

use axum::Json;
use axum::response::IntoResponse as _;
use model::scope::Scope;
use serde_json::json;

use super::super::error::Answer;
use super::super::lookup::Call;
use super::path::ShortIdPath;
use super::view::{IssueView, short_id};

/// `GET /organizations/{organization}/shortids/{short_id}/`
pub(in super::super) async fn show(call: Call<ShortIdPath>) -> Answer {
    call.caller.needs(&[Scope::EventRead])?;
    let organization = call.api.organization_named(&call.path.organization).await?;
    let found = call.api.issue_named(organization, &call.path.short_id).await?;
    let around = found.surroundings(&call.api.base_url, call.api.clock.now());
    Ok(Json(json!({
        "organizationSlug": found.organization.slug,
        "projectSlug": found.project.slug,
        "groupId": found.issue.id.to_string(),
        "group": IssueView::of(&found.issue, around),
        "shortId": short_id(&found.project.slug, found.issue.short_number),
    }))
    .into_response())
}
