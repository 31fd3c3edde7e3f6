//! Members of an organization: listed, added with a password that is shown once, given another role or password, removed.
//!
//! The shapes are Sentry's as far as they go. Sentry sends invitations by mail; here whoever adds a member gets a password that holds
//! until its owner has signed in and chosen another.

use axum::Json;
use axum::response::IntoResponse as _;
use http::StatusCode;
use model::email::{BadEmail, EMAIL_CHARACTERS_MAX};
use model::ids::UserId;
use model::role::Role;
use model::scope::Scope;
use serde::Serialize;
use serde_json::Value;
use store::accounts::{Member, Membership, NewPassword};

use super::ApiState;
use super::body::Unread;
use super::error::{Answer, ApiError};
use super::fields::{Complaint, FieldErrors, Fields, Read, quoted, text};
use super::lookup::{Call, MemberPath, OrganizationPath};
use super::page::PageRequest;
use super::time::iso;
use crate::auth::password::Password;

/// A member, with what Sentry's clients read.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberView<'m> {
    id: String,
    email: &'m str,
    name: &'m str,
    org_role: &'static str,
    role: &'static str,
    role_name: &'static str,
    date_created: String,
    pending: bool,
    expired: bool,
    /// Whether they have still to replace a password that somebody else has seen.
    password_is_temporary: bool,
    user: UserView<'m>,
    /// Of one who was just added, or whose password was just replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    one_time_password: Option<&'m str>,
}

#[derive(Serialize)]
struct UserView<'m> {
    id: String,
    email: &'m str,
    name: &'m str,
    username: &'m str,
}

/// `GET /organizations/{organization}/members/`
pub(super) async fn list(call: Call<OrganizationPath>) -> Answer {
    let organization = call.organization(&[Scope::MemberRead]).await?;
    let members = call.api.store.members(organization.id).await?;
    let page = PageRequest::of(&call.uri)?.cut(members, |member| member.user.id.get());
    Ok(page.answer(&call.api.base_url, &call.uri, |member| MemberView::of(member, None)))
}

/// `POST /organizations/{organization}/members/`: adds somebody, who may have an account here already.
pub(super) async fn create(call: Call<OrganizationPath>, body: Unread) -> Answer {
    let organization = call.organization(&[Scope::MemberWrite]).await?;
    let body = body.json().await?;
    let mut fields = Fields::of(&body)?;
    let (email, role) = (fields.required("email", email), read_role(&mut fields));
    let (email, role) = fields.finish(email.zip(Some(role)))?;
    let (api, role) = (&call.api, role.unwrap_or(Role::Member));
    may_give(&call, role)?;
    let known = api.store.user_by_email(email.clone()).await?;
    let (user, password) = match known {
        Some(user) => (user, None),
        None => {
            let (password, hash) = new_password(api).await?;
            let user = api.store.create_user(email, hash.clone(), api.clock.now()).await?;
            set_temporary(api, user.id, hash).await?;
            (user, Some(password))
        }
    };
    let of = Membership { organization: organization.id, user: user.id };
    if api.store.members(organization.id).await?.iter().any(|member| member.user.id == user.id) {
        let words = format!("The user {} is already a member.", user.email);
        return Err(FieldErrors::about("email", words).into());
    }
    api.store.set_role(of, role, api.clock.now()).await?;
    let member = member(api, of).await?;
    let view = MemberView::of(&member, password.as_ref().map(Password::expose));
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// `GET /organizations/{organization}/members/{member}/`
pub(super) async fn show(call: Call<MemberPath>) -> Answer {
    let of = call.membership(&[Scope::MemberRead]).await?;
    let member = member(&call.api, of).await?;
    Ok(Json(MemberView::of(&member, None)).into_response())
}

/// `PUT /organizations/{organization}/members/{member}/`: another role.
pub(super) async fn update(call: Call<MemberPath>, body: Unread) -> Answer {
    let of = call.membership(&[Scope::MemberWrite]).await?;
    let body = body.json().await?;
    let mut fields = Fields::of(&body)?;
    let role = read_role(&mut fields);
    let before = member(&call.api, of).await?;
    if let Some(role) = fields.finish(Some(role))? {
        may_give(&call, role.max(before.role))?;
        call.api.store.set_role(of, role, call.api.clock.now()).await?;
    }
    let member = member(&call.api, of).await?;
    Ok(Json(MemberView::of(&member, None)).into_response())
}

/// `DELETE /organizations/{organization}/members/{member}/`
pub(super) async fn delete(call: Call<MemberPath>) -> Answer<StatusCode> {
    let of = call.membership(&[Scope::MemberAdmin]).await?;
    call.api.store.remove_member(of).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /organizations/{organization}/members/{member}/reset-password/`: ends their sessions.
pub(super) async fn reset_password(call: Call<MemberPath>) -> Answer {
    let of = call.membership(&[Scope::MemberAdmin]).await?;
    let before = member(&call.api, of).await?;
    // A password opens every organization of its owner: whoever gives one must be trusted in all of them.
    for (organization, _) in call.api.store.memberships(of.user).await? {
        if !call.administers(organization).await? {
            let words = "This member belongs to an organization that you do not administer. \
                 `watchfire user password` on the server can do it.";
            return Err(FieldErrors::about_all(words).into());
        }
    }
    let (password, hash) = new_password(&call.api).await?;
    set_temporary(&call.api, before.user.id, hash).await?;
    let member = member(&call.api, of).await?;
    Ok(Json(MemberView::of(&member, Some(password.expose()))).into_response())
}

async fn member(api: &ApiState, of: Membership) -> Answer<Member> {
    let members = api.store.members(of.organization).await?;
    members.into_iter().find(|member| member.user.id == of.user).ok_or(ApiError::NotFound)
}

async fn new_password(api: &ApiState) -> Answer<(Password, String)> {
    let password = Password::from_random(api.random_bytes());
    let hash = password.clone().hash_in_turn(api.random_bytes()).await.map_err(ApiError::Password)?;
    Ok((password, hash))
}

async fn set_temporary(api: &ApiState, user: UserId, hash: String) -> Answer<()> {
    Ok(api.store.set_password(user, NewPassword { hash, is_temporary: true, kept_session: None }).await?)
}

/// Nobody gives a role, nor takes one away, that may do more than they may themselves.
fn may_give<P>(call: &Call<P>, role: Role) -> Answer<()> {
    if call.caller.scopes().cover(role.scopes()) {
        return Ok(());
    }
    let words = format!("You may not do what the role {} may, so you cannot give it or take it away.", role.as_str());
    Err(FieldErrors::about("orgRole", words).into())
}

/// Sentry's field is `orgRole`; `role` is its older name.
fn read_role(fields: &mut Fields<'_>) -> Option<Role> {
    let older = fields.optional("role", role);
    fields.optional("orgRole", role).or(older)
}

fn role(value: &Value) -> Read<Role> {
    let known = value.as_str().and_then(|name| name.parse().ok());
    known.ok_or_else(|| Complaint::new(format!("\"{}\" is not a valid choice.", quoted(value))))
}

fn email(value: &Value) -> Read<String> {
    let email = text(EMAIL_CHARACTERS_MAX)(value)?;
    model::email::email(&email).map_err(|BadEmail| Complaint::new("Enter a valid email address."))
}

impl<'m> MemberView<'m> {
    fn of(member: &'m Member, one_time_password: Option<&'m str>) -> Self {
        let email = member.user.email.as_str();
        let id = member.user.id.to_string();
        let role_name = match member.role {
            Role::Admin => "Admin",
            Role::Member => "Member",
            Role::ReadOnly => "Read-only",
        };
        Self {
            user: UserView { id: id.clone(), email, name: email, username: email },
            id,
            email,
            name: email,
            org_role: member.role.as_str(),
            role: member.role.as_str(),
            role_name,
            date_created: iso(member.created),
            pending: false,
            expired: false,
            password_is_temporary: member.user.password_is_temporary,
            one_time_password,
        }
    }
}
