//! Organizations: listed and shown. They are made by the command line.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse as _;
use http::Uri;
use model::scope::Scope;
use serde::Serialize;
use store::catalog::Organization;

use super::ApiState;
use super::error::Answer;
use super::lookup::{Named, OrganizationPath};
use super::page::PageRequest;
use super::time::iso;
use crate::auth::Caller;

/// An organization, with all that sentry-cli insists on.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrganizationView<'o> {
    id: String,
    slug: &'o str,
    name: &'o str,
    date_created: String,
    status: Status,
    avatar: Avatar,
    is_early_adopter: bool,
    #[serde(rename = "require2FA")]
    require_2fa: bool,
    require_email_verification: bool,
    features: [&'static str; 0],
}

#[derive(Serialize)]
struct Status {
    id: &'static str,
    name: &'static str,
}

/// The picture that stands for something: its first letter.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Avatar {
    avatar_type: &'static str,
    avatar_uuid: Option<String>,
}

/// `GET /organizations/`
pub(super) async fn list(State(api): State<Arc<ApiState>>, caller: Caller, uri: Uri) -> Answer {
    caller.needs(&[Scope::OrgRead])?;
    let mut organizations = api.store.organizations().await?;
    organizations.retain(|organization| caller.reaches(organization.id));
    let page = PageRequest::of(&uri)?.cut(organizations, |organization| organization.id.get());
    Ok(page.answer(&api.base_url, &uri, OrganizationView::of))
}

/// `GET /organizations/{organization}/`
pub(super) async fn show(
    State(api): State<Arc<ApiState>>,
    caller: Caller,
    Named(path): Named<OrganizationPath>,
) -> Answer {
    caller.needs(&[Scope::OrgRead])?;
    let organization = api.organization(&path).await?;
    Ok(Json(OrganizationView::of(&organization)).into_response())
}

impl<'o> OrganizationView<'o> {
    /// What is shown of an organization.
    pub(super) fn of(organization: &'o Organization) -> Self {
        Self {
            id: organization.id.to_string(),
            slug: &organization.slug,
            name: &organization.name,
            date_created: iso(organization.created),
            status: Status { id: "active", name: "active" },
            avatar: Avatar::LETTER,
            is_early_adopter: false,
            require_2fa: false,
            require_email_verification: false,
            features: [],
        }
    }
}

impl Avatar {
    /// The only one there is.
    pub(super) const LETTER: Avatar = Avatar { avatar_type: "letter_avatar", avatar_uuid: None };
}
