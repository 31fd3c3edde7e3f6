//! Finding what a path names: by id or by slug.
//!
//! Responsible for 404 and for the 302 of a renamed project. An all-digit part is an id, anything else a slug: slugs are
//! never all digits. Called by every handler below an organization, after the scope was checked.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use http::Uri;
use http::request::Parts;
use model::ids::HookGuid;
use protocol::PublicKey;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use store::catalog::{Hook, Organization, Project, ProjectKey, Team};

use super::ApiState;
use super::error::{Answer, ApiError, Moved};

/// Parts of a path by name. What cannot be one (not UTF-8, say) names nothing.
pub(super) struct Named<T>(pub(super) T);

/// `…/organizations/{organization}/…`
#[derive(Deserialize)]
pub(super) struct OrganizationPath {
    organization: String,
}

/// `…/teams/{organization}/{team}/…`
#[derive(Deserialize)]
pub(super) struct TeamPath {
    organization: String,
    team: String,
}

/// `…/projects/{organization}/{project}/…`
#[derive(Deserialize)]
pub(super) struct ProjectPath {
    organization: String,
    project: String,
}

/// `…/projects/{organization}/{project}/keys/{key}/…`
#[derive(Deserialize)]
pub(super) struct KeyPath {
    #[serde(flatten)]
    project: ProjectPath,
    key: String,
}

/// `…/projects/{organization}/{project}/hooks/{hook}/…`
#[derive(Deserialize)]
pub(super) struct HookPath {
    #[serde(flatten)]
    project: ProjectPath,
    hook: String,
}

impl<S, T> FromRequestParts<S> for Named<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        let named = Path::from_request_parts(parts, state).await;
        named.map(|Path(named)| Named(named)).map_err(|_: PathRejection| ApiError::NotFound)
    }
}

impl ApiState {
    /// The organization.
    pub(super) async fn organization(&self, path: &OrganizationPath) -> Answer<Organization> {
        self.organization_named(&path.organization).await
    }

    /// The team.
    pub(super) async fn team(&self, path: &TeamPath) -> Answer<(Organization, Team)> {
        let organization = self.organization_named(&path.organization).await?;
        let teams = self.store.teams(organization.id).await?;
        let team = teams.into_iter().find(|team| Name::of(&path.team).is(team.id.get(), &team.slug));
        Ok((organization, team.ok_or(ApiError::NotFound)?))
    }

    /// The project; where it has another slug by now, the way there.
    pub(super) async fn project(&self, path: &ProjectPath, uri: &Uri) -> Answer<Project> {
        let organization = self.organization_named(&path.organization).await?;
        let name = Name::of(&path.project);
        let projects = self.store.projects().await?;
        let of_organization = projects.into_iter().filter(|project| project.organization == organization.id);
        let found = of_organization.into_iter().find(|project| name.is(project.id.get(), &project.slug));
        match (found, name) {
            (Some(project), _) => Ok(project),
            (None, Name::Id(_)) => Err(ApiError::NotFound),
            (None, Name::Slug(slug)) => {
                let present = self.store.former_slug(organization.id, slug.to_owned()).await?;
                let slug = present.ok_or(ApiError::NotFound)?;
                Err(ApiError::Moved(Moved { path: renamed(uri, &slug), slug }))
            }
        }
    }

    /// The key, of this project only.
    pub(super) async fn key(&self, path: &KeyPath, uri: &Uri) -> Answer<(Project, ProjectKey)> {
        let project = self.project(&path.project, uri).await?;
        let public: PublicKey = path.key.parse().map_err(|_| ApiError::NotFound)?;
        let keys = self.store.keys(project.id).await?;
        let key = keys.into_iter().find(|key| key.public == public).ok_or(ApiError::NotFound)?;
        Ok((project, key))
    }

    /// The hook, of this project only.
    pub(super) async fn hook(&self, path: &HookPath, uri: &Uri) -> Answer<(Project, Hook)> {
        let project = self.project(&path.project, uri).await?;
        let guid: HookGuid = path.hook.parse().map_err(|_| ApiError::NotFound)?;
        let hooks = self.store.hooks(project.id).await?;
        let hook = hooks.into_iter().find(|hook| hook.guid == guid).ok_or(ApiError::NotFound)?;
        Ok((project, hook))
    }

    async fn organization_named(&self, name: &str) -> Answer<Organization> {
        let name = Name::of(name);
        let organizations = self.store.organizations().await?;
        organizations.into_iter().find(|it| name.is(it.id.get(), &it.slug)).ok_or(ApiError::NotFound)
    }
}

/// What a part of a path can be.
#[derive(Clone, Copy)]
enum Name<'p> {
    /// `None` where the digits are no id that was ever given.
    Id(Option<i64>),
    Slug(&'p str),
}

impl<'p> Name<'p> {
    fn of(part: &'p str) -> Self {
        let is_id = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if is_id { Name::Id(part.parse().ok()) } else { Name::Slug(part) }
    }

    fn is(self, id: i64, slug: &str) -> bool {
        match self {
            Name::Id(asked) => asked == Some(id),
            Name::Slug(asked) => asked == slug,
        }
    }
}

/// The same path and query with another project slug: `/api/0/projects/{organization}/{project}/…`.
fn renamed(uri: &Uri, slug: &str) -> String {
    const PROJECT_PART: usize = 5;
    let parts = uri.path().split('/').enumerate();
    let path: Vec<&str> = parts.map(|(index, part)| if index == PROJECT_PART { slug } else { part }).collect();
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}{query}", path.join("/"))
}
