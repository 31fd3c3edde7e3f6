//! Projects: listed, made by a team, shown, changed, given to teams and taken from them, deleted.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse as _;
use http::{StatusCode, Uri};
use model::scope::Scope;
use model::slug::Slug;
use protocol::PublicKey;
use serde::Serialize;
use serde_json::Value;
use store::StoreError;
use store::catalog::{NewProject, Organization, Project, ProjectChange, Team};

use super::ApiState;
use super::body::Unread;
use super::error::{Answer, ApiError, Taken};
use super::fields::{Complaint, FieldErrors, Fields, Read, boolean, list as list_of, text};
use super::lookup::{Call, Named, OrganizationPath, ProjectPath, ProjectTeamPath, TeamPath};
use super::names::{NAME_CHARACTERS_MAX, free_slug, slug};
use super::organizations::{Avatar, OrganizationView};
use super::page::PageRequest;
use super::time::iso;
use crate::auth::Caller;

/// The longest platform, in characters.
const PLATFORM_CHARACTERS_MAX: usize = 64;
/// The longest entry of `allowedDomains`, in characters.
const DOMAIN_CHARACTERS_MAX: usize = 255;
/// The most entries of `allowedDomains`.
const DOMAINS_MAX: usize = 200;

/// A project, as lists and details show it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProjectView<'p> {
    #[serde(flatten)]
    itself: ProjectSummary<'p>,
    team: Option<TeamReference<'p>>,
    teams: Vec<TeamReference<'p>>,
    organization: Option<OrganizationView<'p>>,
    allowed_domains: &'p [String],
    data_scrubber: bool,
    resolve_age: u32,
    options: serde_json::Map<String, Value>,
}

/// A project without what it belongs to, as its teams show it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProjectSummary<'p> {
    id: String,
    slug: &'p str,
    name: &'p str,
    platform: Option<&'p str>,
    date_created: String,
    status: &'static str,
    features: [&'static str; 0],
    has_access: bool,
    is_member: bool,
    is_bookmarked: bool,
    is_public: bool,
    avatar: Avatar,
}

#[derive(Serialize, Clone, Copy)]
struct TeamReference<'t> {
    #[serde(serialize_with = "as_text")]
    id: i64,
    slug: &'t str,
    name: &'t str,
}

/// The organizations and teams that projects belong to.
struct Surroundings {
    organizations: Vec<Organization>,
    teams: Vec<Team>,
}

/// What a new project is to be.
struct ProjectFields {
    name: String,
    slug: Option<Slug>,
    platform: Option<String>,
}

/// `GET /projects/`
pub(super) async fn list(State(api): State<Arc<ApiState>>, caller: Caller, uri: Uri) -> Answer {
    caller.needs(&[Scope::ProjectRead])?;
    let mut projects = api.store.projects().await?;
    projects.retain(|project| caller.reaches(project.organization));
    let page = PageRequest::of(&uri)?.cut(projects, |project| project.id.get());
    let surroundings = Surroundings::all(&api).await?;
    Ok(page.answer(&api.base_url, &uri, |project| surroundings.view(project)))
}

/// `GET /organizations/{organization}/projects/`
pub(super) async fn list_of_organization(
    State(api): State<Arc<ApiState>>,
    caller: Caller,
    Named(path): Named<OrganizationPath>,
    uri: Uri,
) -> Answer {
    caller.needs(&[Scope::OrgRead, Scope::ProjectRead])?;
    let organization = api.organization(&path).await?;
    let request = PageRequest::of(&uri)?;
    let mut projects = api.store.projects().await?;
    projects.retain(|project| project.organization == organization.id);
    let surroundings = Surroundings::of_organization(&api, organization).await?;
    let page = request.cut(projects, |project| project.id.get());
    Ok(page.answer(&api.base_url, &uri, |project| surroundings.view(project)))
}

/// `POST /teams/{organization}/{team}/projects/`
pub(super) async fn create(
    State(api): State<Arc<ApiState>>,
    caller: Caller,
    Named(path): Named<TeamPath>,
    body: Unread,
) -> Answer {
    caller.needs(&[Scope::ProjectWrite])?;
    let (organization, team) = api.team(&path).await?;
    let fields = ProjectFields::read(&body.json().await?)?;
    let slug = match fields.slug {
        Some(slug) => slug,
        None => {
            let projects = api.store.projects().await?;
            let of_organization = projects.iter().filter(|project| project.organization == organization.id);
            free_slug(Slug::of_name(&fields.name, "project"), of_organization.map(|project| project.slug.as_str()))
        }
    };
    let new = NewProject {
        organization: organization.id,
        team: team.id,
        slug: slug.to_string(),
        name: fields.name,
        platform: fields.platform,
        key: PublicKey(api.random_bytes()),
        key_secret: PublicKey(api.random_bytes()),
        now: api.clock.now(),
    };
    let project = api.store.create_project(new).await.map_err(|error| match error {
        StoreError::Taken { .. } => ApiError::Taken(Taken::ProjectSlug),
        other => other.into(),
    })?;
    api.changed().await;
    let surroundings = Surroundings::of_organization(&api, organization).await?;
    Ok((StatusCode::CREATED, Json(surroundings.view(&project))).into_response())
}

/// `GET /projects/{organization}/{project}/`
pub(super) async fn show(call: Call<ProjectPath>) -> Answer {
    let project = call.project(&[Scope::ProjectRead]).await?;
    let surroundings = Surroundings::all(&call.api).await?;
    Ok(Json(surroundings.view(&project)).into_response())
}

/// `PUT /projects/{organization}/{project}/`
pub(super) async fn update(call: Call<ProjectPath>, body: Unread) -> Answer {
    let project = call.project(&[Scope::ProjectWrite]).await?;
    let Call { api, .. } = call;
    let change = read_change(&body.json().await?)?;
    let project = api.store.update_project(project.id, change).await.map_err(|error| match error {
        StoreError::Taken { .. } => {
            FieldErrors::about("slug", "Another project of this organization has this slug.").into()
        }
        other => ApiError::from(other),
    })?;
    api.changed().await;
    let surroundings = Surroundings::all(&api).await?;
    Ok(Json(surroundings.view(&project)).into_response())
}

/// `DELETE /projects/{organization}/{project}/`
pub(super) async fn delete(call: Call<ProjectPath>) -> Answer<StatusCode> {
    let project = call.project(&[Scope::ProjectAdmin]).await?;
    call.api.store.delete_project(project.id).await?;
    call.api.changed().await;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /projects/{organization}/{project}/teams/{team}/`: 201 also where the team has the project already.
pub(super) async fn add_team(call: Call<ProjectTeamPath>) -> Answer {
    let (project, team) = call.project_and_team(&[Scope::ProjectWrite]).await?;
    let project = call.api.store.add_team(project.id, team.id).await?;
    call.api.changed().await;
    let surroundings = Surroundings::all(&call.api).await?;
    Ok((StatusCode::CREATED, Json(surroundings.view(&project))).into_response())
}

/// `DELETE /projects/{organization}/{project}/teams/{team}/`: 200 also where the team does not have the project. The last one
/// may be taken away too: the project is as before, and any team may be given it.
pub(super) async fn remove_team(call: Call<ProjectTeamPath>) -> Answer {
    let (project, team) = call.project_and_team(&[Scope::ProjectWrite]).await?;
    let project = call.api.store.remove_team(project.id, team.id).await?;
    call.api.changed().await;
    let surroundings = Surroundings::all(&call.api).await?;
    Ok(Json(surroundings.view(&project)).into_response())
}

impl<'p> ProjectSummary<'p> {
    /// What is shown of a project anywhere.
    pub(super) fn of(project: &'p Project) -> Self {
        Self {
            id: project.id.to_string(),
            slug: &project.slug,
            name: &project.name,
            platform: project.platform.as_deref(),
            date_created: iso(project.created),
            status: "active",
            features: [],
            has_access: true,
            is_member: true,
            is_bookmarked: false,
            is_public: false,
            avatar: Avatar::LETTER,
        }
    }
}

impl Surroundings {
    /// One organization with its teams.
    async fn of_organization(api: &ApiState, organization: Organization) -> Answer<Self> {
        let teams = api.store.teams(organization.id).await?;
        Ok(Self { organizations: vec![organization], teams })
    }

    /// What is shown of a project.
    fn view<'p>(&'p self, project: &'p Project) -> ProjectView<'p> {
        let known = project.teams.iter().filter_map(|id| self.teams.iter().find(|team| team.id == *id));
        let teams: Vec<_> =
            known.map(|team| TeamReference { id: team.id.get(), slug: &team.slug, name: &team.name }).collect();
        let organization = self.organizations.iter().find(|organization| organization.id == project.organization);
        ProjectView {
            itself: ProjectSummary::of(project),
            team: teams.first().copied(),
            teams,
            organization: organization.map(OrganizationView::of),
            allowed_domains: &project.allowed_domains,
            data_scrubber: project.scrub,
            resolve_age: 0,
            options: serde_json::Map::new(),
        }
    }

    async fn all(api: &ApiState) -> Answer<Self> {
        let organizations = api.store.organizations().await?;
        let mut teams = Vec::new();
        for organization in &organizations {
            teams.extend(api.store.teams(organization.id).await?);
        }
        Ok(Self { organizations, teams })
    }
}

impl ProjectFields {
    fn read(body: &Value) -> Result<Self, FieldErrors> {
        let mut fields = Fields::of(body)?;
        let name = fields.required("name", text(NAME_CHARACTERS_MAX));
        let slug = fields.nullable("slug", slug).flatten();
        let platform = fields.nullable("platform", platform).flatten().flatten();
        let name = fields.finish(name)?;
        Ok(Self { name, slug, platform })
    }
}

fn read_change(body: &Value) -> Result<ProjectChange, FieldErrors> {
    let mut fields = Fields::of(body)?;
    let change = ProjectChange {
        slug: fields.optional("slug", slug).map(|slug| slug.to_string()),
        name: fields.optional("name", text(NAME_CHARACTERS_MAX)),
        platform: fields.nullable("platform", platform).map(Option::flatten),
        scrub: fields.optional("dataScrubber", boolean),
        allowed_domains: fields.optional("allowedDomains", domains),
    };
    fields.finish(Some(change))
}

/// An empty platform is none.
fn platform(value: &Value) -> Read<Option<String>> {
    match value {
        Value::String(text) if text.trim().is_empty() => Ok(None),
        _ => text(PLATFORM_CHARACTERS_MAX)(value).map(Some),
    }
}

fn domains(value: &Value) -> Read<Vec<String>> {
    let domains = list_of(|item| {
        let domain = text(DOMAIN_CHARACTERS_MAX)(item)?;
        if domain.contains(|character: char| character.is_whitespace() || character.is_control()) {
            return Err(Complaint::new("An origin has no blanks."));
        }
        Ok(domain)
    })(value)?;
    if domains.len() > DOMAINS_MAX {
        return Err(Complaint::new(format!("Ensure this field has no more than {DOMAINS_MAX} elements.")));
    }
    Ok(domains)
}

fn as_text<S: serde::Serializer>(id: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}
