//! One event: of an issue by a word or its id, of a project by its id, or wherever it is.

use axum::Json;
use axum::response::IntoResponse as _;
use model::scope::Scope;
use protocol::EventId;
use serde::Deserialize;
use serde_json::json;
use store::catalog::Project;
use store::issues::{EventInIssue, WantedEvent};

use super::super::error::{Answer, ApiError};
use super::super::issues::IssuePath;
use super::super::lookup::{Call, ProjectPath};
use super::stored::Stored;
use super::view;

/// `…/issues/{issue}/events/{event}/`
#[derive(Deserialize)]
pub(super) struct EventOfIssuePath {
    organization: Option<String>,
    issue: String,
    event: String,
}

/// `…/projects/{organization}/{project}/events/{event}/`
#[derive(Deserialize)]
pub(super) struct EventOfProjectPath {
    #[serde(flatten)]
    project: ProjectPath,
    event: String,
}

/// `…/organizations/{organization}/eventids/{event}/`
#[derive(Deserialize)]
pub(super) struct EventIdPath {
    organization: String,
    event: String,
}

/// `GET …/issues/{issue}/events/{event}/`: `latest`, `oldest`, `recommended` (the latest), or an id.
pub(super) async fn of_issue(call: Call<EventOfIssuePath>) -> Answer {
    let EventOfIssuePath { organization, issue, event } = call.path;
    let path = IssuePath { organization, issue };
    let found = call.api.issue_for(&call.caller, &[Scope::EventRead], &path).await?;
    let issue = found.issue.id;
    let wanted = match event.as_str() {
        "latest" | "recommended" => WantedEvent::Latest(issue),
        "oldest" => WantedEvent::Oldest(issue),
        id => WantedEvent::OfIssue(issue, event_id(id)?),
    };
    detail(call.api.store.find_event(wanted).await?)
}

/// `GET /projects/{organization}/{project}/events/{event}/`
pub(super) async fn of_project(call: Call<EventOfProjectPath>) -> Answer {
    call.caller.needs(&[Scope::EventRead])?;
    let project = call.api.project(&call.path.project, &call.uri).await?;
    let wanted = WantedEvent::OfProject(project.id, event_id(&call.path.event)?);
    detail(call.api.store.find_event(wanted).await?)
}

/// `GET /organizations/{organization}/eventids/{event}/`: where an event is. The newest project that has one of this id.
pub(super) async fn by_id(call: Call<EventIdPath>) -> Answer {
    call.caller.needs(&[Scope::EventRead])?;
    let organization = call.api.organization_named(&call.path.organization).await?;
    let id = event_id(&call.path.event)?;
    let is_here = |project: &Project| project.organization == organization.id;
    for project in call.api.store.projects().await?.into_iter().filter(is_here) {
        let Some(found) = call.api.store.find_event(WantedEvent::OfProject(project.id, id)).await? else { continue };
        let answer = json!({
            "organizationSlug": organization.slug,
            "projectSlug": project.slug,
            "groupId": found.event.issue.to_string(),
            "eventId": id.to_string(),
            "event": view::listed(&Stored::read(&found.event)?),
        });
        return Ok(Json(answer).into_response());
    }
    Err(ApiError::NotFound)
}

fn detail(found: Option<EventInIssue>) -> Answer {
    let found = found.ok_or(ApiError::NotFound)?;
    let stored = Stored::read(&found.event)?;
    Ok(Json(view::detail(&stored, &found)).into_response())
}

fn event_id(text: &str) -> Answer<EventId> {
    text.parse().map_err(|_| ApiError::NotFound)
}
