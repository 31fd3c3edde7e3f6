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
use store::catalog::Team;

use super::ApiState;
use super::body::Unread;
use super::error::{Answer, ApiError, Taken};
use super::fields::{FieldErrors, Fields, text};
use super::lookup::{Named, OrganizationPath, TeamPath};
use super::names::{NAME_CHARACTERS_MAX, free_slug, slug};
use super::organizations::Avatar;
use super::page::PageRequest;
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
    member_count: usize,
    avatar: Avatar,
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
    let members = api.store.users().await?.len();
    Ok(page.answer(&api.base_url, &uri, |team| TeamView::of(team, members)))
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
    let members = api.store.users().await?.len();
    Ok((StatusCode::CREATED, Json(TeamView::of(&team, members))).into_response())
}

/// `GET /teams/{organization}/{team}/`
pub(super) async fn show(State(api): State<Arc<ApiState>>, caller: Caller, Named(path): Named<TeamPath>) -> Answer {
    caller.needs(&[Scope::TeamRead])?;
    let (_, team) = api.team(&path).await?;
    let members = api.store.users().await?.len();
    Ok(Json(TeamView::of(&team, members)).into_response())
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

impl<'t> TeamView<'t> {
    fn of(team: &'t Team, member_count: usize) -> Self {
        Self {
            id: team.id.to_string(),
            slug: &team.slug,
            name: &team.name,
            date_created: iso(team.created),
            is_member: true,
            member_count,
            avatar: Avatar::LETTER,
        }
    }
}
