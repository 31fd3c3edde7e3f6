//! Teams of an organization. Everybody belongs to every team: there are no memberships.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse as _;
use http::{StatusCode, Uri};
use model::scope::Scope;
use model::slug::Slug;
use serde::Serialize;
use serde_json::Value;
use store::StoreError;
use store::catalog::{Organization, Project, Team, TeamChange};

use super::ApiState;
use super::body::Unread;
use super::error::{Answer, ApiError, Taken};
use super::fields::{FieldErrors, Fields, text};
use super::lookup::{Call, Named, OrganizationPath, TeamPath};
use super::names::{NAME_CHARACTERS_MAX, free_slug, slug};
use super::organizations::{Avatar, OrganizationView};
use super::page::PageRequest;
use super::projects::ProjectSummary;
use super::time::iso;
use crate::auth::Caller;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TeamView<'t> {
    id: String,
    slug: &'t str,
    name: &'t str,
    date_created: String,
    is_member: bool,
    team_role: Option<&'static str>,
    has_access: bool,
    is_pending: bool,
    member_count: usize,
    avatar: Avatar,
    organization: OrganizationView<'t>,
    projects: Vec<ProjectSummary<'t>>,
}

/// What is shown of every team of an organization.
struct Surroundings {
    organization: Organization,
    projects: Vec<Project>,
    member_count: usize,
}

/// What a new team is to be called.
struct TeamFields {
    name: String,
    slug: Option<Slug>,
}

/// `GET /organizations/{organization}/teams/`
pub(super) async fn list(
    State(api): State<Arc<ApiState>>,
    caller: Caller,
    Named(path): Named<OrganizationPath>,
    uri: Uri,
) -> Answer {
    caller.needs(&[Scope::OrgRead, Scope::TeamRead])?;
    let organization = api.organization(&path).await?;
    let page = PageRequest::of(&uri)?.cut(api.store.teams(organization.id).await?, |team| team.id.get());
    let surroundings = Surroundings::of(&api, organization).await?;
    Ok(page.answer(&api.base_url, &uri, |team| surroundings.view(team)))
}

/// `POST /organizations/{organization}/teams/`
pub(super) async fn create(
    State(api): State<Arc<ApiState>>,
    caller: Caller,
    Named(path): Named<OrganizationPath>,
    body: Unread,
) -> Answer {
    caller.needs(&[Scope::OrgWrite, Scope::TeamWrite])?;
    let organization = api.organization(&path).await?;
    let fields = TeamFields::read(&body.json().await?)?;
    let slug = match fields.slug {
        Some(slug) => slug,
        None => {
            let teams = api.store.teams(organization.id).await?;
            free_slug(Slug::of_name(&fields.name, "team"), teams.iter().map(|team| team.slug.as_str()))
        }
    };
    let made = api.store.create_team(organization.id, slug.to_string(), fields.name, api.clock.now()).await;
    let team = made.map_err(|error| match error {
        StoreError::Taken { .. } => ApiError::Taken(Taken::TeamSlug),
        other => other.into(),
    })?;
    api.changed().await;
    let surroundings = Surroundings::of(&api, organization).await?;
    Ok((StatusCode::CREATED, Json(surroundings.view(&team))).into_response())
}

/// `GET /teams/{organization}/{team}/`
pub(super) async fn show(call: Call<TeamPath>) -> Answer {
    let (organization, team) = call.team(&[Scope::TeamRead]).await?;
    let surroundings = Surroundings::of(&call.api, organization).await?;
    Ok(Json(surroundings.view(&team)).into_response())
}

/// `PUT /teams/{organization}/{team}/`
pub(super) async fn update(call: Call<TeamPath>, body: Unread) -> Answer {
    let (organization, team) = call.team(&[Scope::TeamWrite]).await?;
    let Call { api, .. } = call;
    let change = read_change(&body.json().await?)?;
    let team = api.store.update_team(team.id, change).await.map_err(|error| match error {
        StoreError::Taken { .. } => {
            FieldErrors::about("slug", "Another team of this organization has this slug.").into()
        }
        other => ApiError::from(other),
    })?;
    api.changed().await;
    let surroundings = Surroundings::of(&api, organization).await?;
    Ok(Json(surroundings.view(&team)).into_response())
}

/// `DELETE /teams/{organization}/{team}/`: its projects stay, maybe without any team.
pub(super) async fn delete(call: Call<TeamPath>) -> Answer<StatusCode> {
    let (_, team) = call.team(&[Scope::TeamAdmin]).await?;
    call.api.store.delete_team(team.id).await?;
    call.api.changed().await;
    Ok(StatusCode::NO_CONTENT)
}

impl TeamFields {
    /// A name or a slug is enough; each can stand for the other.
    fn read(body: &Value) -> Result<Self, FieldErrors> {
        let mut fields = Fields::of(body)?;
        let name = fields.nullable("name", text(NAME_CHARACTERS_MAX));
        let slug = fields.nullable("slug", slug);
        let (name, slug) = fields.finish(Some((name.flatten(), slug.flatten())))?;
        match (name, slug) {
            (Some(name), slug) => Ok(Self { name, slug }),
            (None, Some(slug)) => Ok(Self { name: slug.to_string(), slug: Some(slug) }),
            (None, None) => Err(FieldErrors::about_all("Name or slug is required")),
        }
    }
}

impl Surroundings {
    async fn of(api: &ApiState, organization: Organization) -> Answer<Self> {
        let mut projects = api.store.projects().await?;
        projects.retain(|project| project.organization == organization.id);
        Ok(Self { organization, projects, member_count: api.store.users().await?.len() })
    }

    fn view<'t>(&'t self, team: &'t Team) -> TeamView<'t> {
        let projects = self.projects.iter().filter(|project| project.teams.contains(&team.id));
        TeamView {
            id: team.id.to_string(),
            slug: &team.slug,
            name: &team.name,
            date_created: iso(team.created),
            is_member: true,
            team_role: None,
            has_access: true,
            is_pending: false,
            member_count: self.member_count,
            avatar: Avatar::LETTER,
            organization: OrganizationView::of(&self.organization),
            projects: projects.map(ProjectSummary::of).collect(),
        }
    }
}

fn read_change(body: &Value) -> Result<TeamChange, FieldErrors> {
    let mut fields = Fields::of(body)?;
    let change = TeamChange {
        slug: fields.optional("slug", slug).map(|slug| slug.to_string()),
        name: fields.optional("name", text(NAME_CHARACTERS_MAX)),
    };
    fields.finish(Some(change))
}
