//! Finding what a path names: by id or by slug.
//!
//! Responsible for 404 and for the 302 of a renamed project. An all-digit part is an id, anything else a slug: slugs are
//! never all digits. Called by every handler below an organization, after the scope was checked: [`Call`] does both, in this order.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use http::Uri;
use http::request::Parts;
use model::delivery_key::{DeliveryId, DeliveryKey};
use model::ids::{HookGuid, OrganizationId, ReplayId, RuleId};
use model::role::Role;
use model::scope::Scope;
use protocol::{EventId, PublicKey};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use store::accounts::Membership;
use store::catalog::{Hook, Organization, Project, ProjectKey, Team};
use store::rules::RuleRow;

use super::ApiState;
use super::error::{Answer, ApiError, Moved};
use crate::auth::Caller;

/// Parts of a path by name. What cannot be one (not UTF-8, say) names nothing.
pub(super) struct Named<T>(pub(super) T);

/// A call on what its path names, by somebody known. Whether they may is asked when it is looked up, so that who may not learns
/// nothing of what there is.
pub(super) struct Call<P> {
    pub(super) api: Arc<ApiState>,
    pub(super) caller: Caller,
    pub(super) uri: Uri,
    pub(super) path: P,
}

/// `…/organizations/{organization}/…`
#[derive(Deserialize)]
pub(super) struct OrganizationPath {
    organization: String,
}

/// `…/organizations/{organization}/members/{member}/…`
#[derive(Deserialize)]
pub(super) struct MemberPath {
    organization: String,
    member: String,
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

/// `…/projects/{organization}/{project}/teams/{team}/…`
#[derive(Deserialize)]
pub(super) struct ProjectTeamPath {
    #[serde(flatten)]
    project: ProjectPath,
    team: String,
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

/// `…/projects/{organization}/{project}/events/{event}/…`
#[derive(Deserialize)]
pub(super) struct EventPath {
    #[serde(flatten)]
    project: ProjectPath,
    event: String,
}

/// `…/projects/{organization}/{project}/rules/{rule}/…`
#[derive(Deserialize)]
pub(super) struct RulePath {
    #[serde(flatten)]
    project: ProjectPath,
    rule: String,
}

/// `…/hooks/{hook}/deliveries/{delivery}/…`
#[derive(Deserialize)]
pub(super) struct DeliveryPath {
    #[serde(flatten)]
    hook: HookPath,
    delivery: String,
}

/// `…/hooks/{hook}/replays/{replay}/…`
#[derive(Deserialize)]
pub(super) struct ReplayPath {
    #[serde(flatten)]
    hook: HookPath,
    replay: String,
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

impl<P> FromRequestParts<Arc<ApiState>> for Call<P>
where
    P: DeserializeOwned + Send,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<ApiState>) -> Answer<Self> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let Named(path) = Named::from_request_parts(parts, state).await?;
        Ok(Self { api: Arc::clone(state), caller, uri: parts.uri.clone(), path })
    }
}

impl Call<OrganizationPath> {
    /// The organization, for a caller with one of these scopes.
    pub(super) async fn organization(&self, scopes: &'static [Scope]) -> Answer<Organization> {
        self.caller.needs(scopes)?;
        self.api.organization(&self.path).await
    }
}

impl Call<MemberPath> {
    /// The user whom the path names and the organization, for a caller with one of these scopes. Whether they belong to it is not
    /// said.
    pub(super) async fn membership(&self, scopes: &'static [Scope]) -> Answer<Membership> {
        self.caller.needs(scopes)?;
        let organization = self.api.organization_named(&self.path.organization).await?;
        let user = match (self.path.member.as_str(), self.caller.user) {
            ("me", Some(user)) => user,
            (id, _) => id.parse().map_err(|_| ApiError::NotFound)?,
        };
        Ok(Membership { organization: organization.id, user })
    }

    /// Whether the caller may do everything in this organization, which need not be that of the path.
    pub(super) async fn administers(&self, organization: OrganizationId) -> Answer<bool> {
        let Some(user) = self.caller.user else { return Ok(true) };
        Ok(self.api.store.memberships(user).await?.contains(&(organization, Role::Admin)))
    }
}

impl Call<TeamPath> {
    /// The team and its organization, for a caller with one of these scopes.
    pub(super) async fn team(&self, scopes: &'static [Scope]) -> Answer<(Organization, Team)> {
        self.caller.needs(scopes)?;
        self.api.team(&self.path).await
    }
}

impl Call<ProjectTeamPath> {
    /// The project and a team of its organization, whether it has the project or not, for a caller with one of these scopes.
    pub(super) async fn project_and_team(&self, scopes: &'static [Scope]) -> Answer<(Project, Team)> {
        self.caller.needs(scopes)?;
        let project = self.api.project(&self.path.project, &self.uri).await?;
        let team = self.api.team_of(project.organization, &self.path.team).await?;
        Ok((project, team))
    }
}

impl Call<ProjectPath> {
    /// The project, for a caller with one of these scopes.
    pub(super) async fn project(&self, scopes: &'static [Scope]) -> Answer<Project> {
        self.caller.needs(scopes)?;
        self.api.project(&self.path, &self.uri).await
    }
}

impl Call<KeyPath> {
    /// The key, of the project in the path only, for a caller with one of these scopes.
    pub(super) async fn key(&self, scopes: &'static [Scope]) -> Answer<ProjectKey> {
        self.caller.needs(scopes)?;
        let project = self.api.project(&self.path.project, &self.uri).await?;
        let public: PublicKey = self.path.key.parse().map_err(|_| ApiError::NotFound)?;
        let keys = self.api.store.keys(project.id).await?;
        keys.into_iter().find(|key| key.public == public).ok_or(ApiError::NotFound)
    }
}

impl Call<HookPath> {
    /// The hook, of the project in the path only, for a caller with one of these scopes.
    pub(super) async fn hook(&self, scopes: &'static [Scope]) -> Answer<Hook> {
        self.caller.needs(scopes)?;
        self.api.hook(&self.path, &self.uri).await
    }
}

impl Call<DeliveryPath> {
    /// The hook and a delivery's place in the store, if it is one of the hook's, for a caller with one of these scopes.
    pub(super) async fn delivery(&self, scopes: &'static [Scope]) -> Answer<(Hook, DeliveryKey)> {
        self.caller.needs(scopes)?;
        let hook = self.api.hook(&self.path.hook, &self.uri).await?;
        let id: DeliveryId = self.path.delivery.parse().map_err(|_| ApiError::NotFound)?;
        let key = id.key(hook.project);
        if key.hook != hook.number {
            return Err(ApiError::NotFound);
        }
        // The id says to the millisecond what the key says to the day.
        let rows = self.api.store.deliveries_at(vec![key]).await?;
        if rows.iter().any(|row| row.created == id.received()) { Ok((hook, key)) } else { Err(ApiError::NotFound) }
    }
}

impl Call<ReplayPath> {
    /// The hook and the id of a replay, for a caller with one of these scopes.
    pub(super) async fn replay(&self, scopes: &'static [Scope]) -> Answer<(Hook, ReplayId)> {
        self.caller.needs(scopes)?;
        let hook = self.api.hook(&self.path.hook, &self.uri).await?;
        let id = self.path.replay.parse().map_err(|_| ApiError::NotFound)?;
        Ok((hook, id))
    }
}

impl Call<EventPath> {
    /// The project in the path and the id of an event, for a caller with one of these scopes.
    pub(super) async fn event_id(&self, scopes: &'static [Scope]) -> Answer<(Project, EventId)> {
        self.caller.needs(scopes)?;
        let project = self.api.project(&self.path.project, &self.uri).await?;
        let event: EventId = self.path.event.parse().map_err(|_| ApiError::NotFound)?;
        Ok((project, event))
    }
}

impl Call<RulePath> {
    /// The rule and its project, the one in the path only, for a caller with one of these scopes.
    pub(super) async fn rule(&self, scopes: &'static [Scope]) -> Answer<(Project, RuleRow)> {
        self.caller.needs(scopes)?;
        let project = self.api.project(&self.path.project, &self.uri).await?;
        let id: RuleId = self.path.rule.parse().map_err(|_| ApiError::NotFound)?;
        let rules = self.api.store.rules(project.id).await?;
        let rule = rules.into_iter().find(|rule| rule.id == id).ok_or(ApiError::NotFound)?;
        Ok((project, rule))
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
        let team = self.team_of(organization.id, &path.team).await?;
        Ok((organization, team))
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

    /// The hook, of the project in the path only.
    async fn hook(&self, path: &HookPath, uri: &Uri) -> Answer<Hook> {
        let project = self.project(&path.project, uri).await?;
        let guid: HookGuid = path.hook.parse().map_err(|_| ApiError::NotFound)?;
        let hooks = self.store.hooks(project.id).await?;
        hooks.into_iter().find(|hook| hook.guid == guid).ok_or(ApiError::NotFound)
    }

    /// The team of an organization with this id or slug.
    async fn team_of(&self, organization: OrganizationId, name: &str) -> Answer<Team> {
        let name = Name::of(name);
        let teams = self.store.teams(organization).await?;
        teams.into_iter().find(|team| name.is(team.id.get(), &team.slug)).ok_or(ApiError::NotFound)
    }

    /// The organization with this id or slug.
    pub(super) async fn organization_named(&self, name: &str) -> Answer<Organization> {
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
