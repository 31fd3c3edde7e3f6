//! Finding the issue that a path names, with where it belongs.

use http::Uri;
use model::ids::IssueId;
use model::scope::Scope;
use model::short_id::ShortId;
use serde::Deserialize;
use store::catalog::{Organization, Project};
use store::issues::Issue;

use super::super::ApiState;
use super::super::error::{Answer, ApiError};
use super::super::lookup::Call;
use crate::auth::Caller;

/// `…/organizations/{organization}/issues/{issue}/…`, or the older `/api/0/issues/{issue}/…`.
#[derive(Deserialize)]
pub(in super::super) struct IssuePath {
    pub(in super::super) organization: Option<String>,
    pub(in super::super) issue: String,
}

/// `…/organizations/{organization}/shortids/{short_id}/`
#[derive(Deserialize)]
pub(in super::super) struct ShortIdPath {
    pub(super) organization: String,
    pub(super) short_id: String,
}

/// An issue in its place.
pub(in super::super) struct Found {
    pub(in super::super) organization: Organization,
    pub(in super::super) project: Project,
    pub(in super::super) issue: Issue,
}

impl Call<IssuePath> {
    /// The issue, for a caller with one of these scopes.
    pub(in super::super) async fn issue(&self, scopes: &'static [Scope]) -> Answer<Found> {
        self.api.issue_for(&self.caller, scopes, &self.path).await
    }
}

impl ApiState {
    /// The issue, for a caller with one of these scopes where it belongs: the older paths do not say where that is.
    pub(in super::super) async fn issue_for(
        &self,
        caller: &Caller,
        scopes: &'static [Scope],
        path: &IssuePath,
    ) -> Answer<Found> {
        caller.needs(scopes)?;
        let found = self.issue_at(path).await?;
        caller.within(found.organization.id).ok_or(ApiError::NotFound)?.needs(scopes)?;
        Ok(found)
    }

    /// The issue by its id or its short id, of the organization in the path if there is one.
    async fn issue_at(&self, path: &IssuePath) -> Answer<Found> {
        let organization = match &path.organization {
            Some(name) => Some(self.organization_named(name).await?),
            None => None,
        };
        let is_id = path.issue.bytes().all(|byte| byte.is_ascii_digit());
        match (path.issue.parse::<IssueId>(), organization) {
            (Ok(id), organization) => {
                let issue = self.store.issue(id).await?.ok_or(ApiError::NotFound)?;
                let found = self.place_of(issue).await?;
                let is_here = organization.is_none_or(|organization| organization.id == found.organization.id);
                if is_here { Ok(found) } else { Err(ApiError::NotFound) }
            }
            (Err(_), Some(organization)) if !is_id => self.issue_named(organization, &path.issue).await,
            (Err(_), _) => Err(ApiError::NotFound),
        }
    }

    /// The issue that people call so in an organization.
    pub(super) async fn issue_named(&self, organization: Organization, short_id: &str) -> Answer<Found> {
        let id: ShortId = short_id.parse().map_err(|_| ApiError::NotFound)?;
        let mut projects = self.store.projects().await?;
        projects.retain(|project| project.organization == organization.id);
        let named = projects.into_iter().find(|project| project.slug == id.project.as_str());
        let project = named.ok_or(ApiError::NotFound)?;
        let issue = self.store.issue_by_number(project.id, id.number).await?.ok_or(ApiError::NotFound)?;
        Ok(Found { organization, project, issue })
    }

    /// Where an issue belongs. One of a deleted project is nowhere.
    async fn place_of(&self, issue: Issue) -> Answer<Found> {
        let projects = self.store.projects().await?;
        let project = projects.into_iter().find(|project| project.id == issue.project).ok_or(ApiError::NotFound)?;
        let organizations = self.store.organizations().await?;
        let organization = organizations.into_iter().find(|it| it.id == project.organization);
        Ok(Found { organization: organization.ok_or(ApiError::NotFound)?, project, issue })
    }
}

/// Whether a parameter says yes.
pub(super) fn says_yes(uri: &Uri, name: &str) -> bool {
    let value = super::super::page::query_value(uri, name);
    value.is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on"))
}
