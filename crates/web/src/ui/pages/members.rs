//! Members of an organization: who may do what here. A password that was just made is shown once.

use askama::Template;
use axum::routing::{get, post};
use http::{Method, StatusCode};
use model::role::Role;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ui::Route;
use crate::ui::form::Form;
use crate::ui::frame::{Flash, Frame, Here};
use crate::ui::links::{Place, part};
use crate::ui::organization::OfOrganization;
use crate::ui::page::{Page, Shown};
use crate::ui::refusal::Refusal;
use crate::ui::words::Moment;

/// `/settings/{organization}/members/{member}/…`
#[derive(Deserialize)]
struct OfMember {
    organization: String,
    member: String,
}

/// What the page reads of a member.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Member {
    id: String,
    email: String,
    org_role: String,
    date_created: String,
    password_is_temporary: bool,
    one_time_password: Option<String>,
}

struct Line {
    member: Member,
    place: Place,
    since: Moment,
}

/// What came of a form.
#[derive(Default)]
struct Outcome<'p> {
    /// Who was just added, or got another password.
    made: Option<Member>,
    refusal: Option<Refusal>,
    email: &'p str,
    role: &'p str,
}

#[derive(Template)]
#[template(path = "members.html")]
struct MembersPage<'p> {
    frame: Frame,
    place: Place,
    lines: Vec<Line>,
    outcome: Outcome<'p>,
}

impl MembersPage<'_> {
    /// Each role, and what it may do.
    fn roles(&self) -> [(&'static str, &'static str); 3] {
        [
            (Role::Member.as_str(), "works on projects, hooks, rules and issues"),
            (Role::ReadOnly.as_str(), "sees everything but secrets"),
            (Role::Admin.as_str(), "does everything, manages members too"),
        ]
    }

    fn about(&self, field: &str) -> Option<String> {
        self.outcome.refusal.as_ref().and_then(|refusal| refusal.about(field))
    }

    fn about_all(&self) -> Option<String> {
        self.outcome.refusal.as_ref().and_then(|refusal| refusal.beside(&["email", "orgRole"]))
    }
}

/// The page of members.
pub(super) fn routes() -> Vec<Route> {
    vec![
        ("/settings/{organization}/members/", get(list).post(add)),
        ("/settings/{organization}/members/{member}/role/", post(set_role)),
        ("/settings/{organization}/members/{member}/reset-password/", post(reset_password)),
        ("/settings/{organization}/members/{member}/remove/", post(remove)),
    ]
}

/// `GET /settings/{organization}/members/`
async fn list(page: Page<OfOrganization>) -> Shown {
    shown(&page, &page.path.organization, StatusCode::OK, Outcome::default()).await
}

/// `POST /settings/{organization}/members/`. The answer is the page itself: a password that is shown once is in no address.
async fn add(page: Page<OfOrganization>, form: Form) -> Shown {
    let form = form.checked(&page.visitor)?;
    let (email, role) = (form.trimmed("email"), form.trimmed("orgRole"));
    let body = json!({"email": email, "orgRole": role});
    match page.api().send::<Member>(Method::POST, &members(&page.path.organization), &body).await? {
        Ok(made) => {
            let outcome = Outcome { made: Some(made), ..Outcome::default() };
            shown(&page, &page.path.organization, StatusCode::OK, outcome).await
        }
        Err(refusal) => {
            let outcome = Outcome { refusal: Some(refusal), email, role, made: None };
            shown(&page, &page.path.organization, StatusCode::BAD_REQUEST, outcome).await
        }
    }
}

/// `POST /settings/{organization}/members/{member}/role/`
async fn set_role(page: Page<OfMember>, form: Form) -> Shown {
    let form = form.checked(&page.visitor)?;
    let body = json!({"orgRole": form.trimmed("orgRole")});
    match page.api().send::<Value>(Method::PUT, &page.path.api_path(), &body).await? {
        Ok(_) => page.done(place(&page, &page.path.organization), Flash::MemberChanged),
        Err(refusal) => refused(&page, refusal).await,
    }
}

/// `POST /settings/{organization}/members/{member}/reset-password/`
async fn reset_password(page: Page<OfMember>, form: Form) -> Shown {
    form.checked(&page.visitor)?;
    let path = format!("{}reset-password/", page.path.api_path());
    match page.api().send::<Member>(Method::POST, &path, &json!({})).await? {
        Ok(made) => {
            let outcome = Outcome { made: Some(made), ..Outcome::default() };
            shown(&page, &page.path.organization, StatusCode::OK, outcome).await
        }
        Err(refusal) => refused(&page, refusal).await,
    }
}

/// `POST /settings/{organization}/members/{member}/remove/`
async fn remove(page: Page<OfMember>, form: Form) -> Shown {
    form.checked(&page.visitor)?;
    match page.api().send::<Value>(Method::DELETE, &page.path.api_path(), &json!({})).await? {
        Ok(_) => page.done(place(&page, &page.path.organization), Flash::MemberRemoved),
        Err(refusal) => refused(&page, refusal).await,
    }
}

impl OfMember {
    fn api_path(&self) -> String {
        format!("{}{}/", members(&self.organization), part(&self.member))
    }
}

/// Where the API has an organization's members.
fn members(organization: &str) -> String {
    format!("/api/0/organizations/{}/members/", part(organization))
}

fn place<P>(page: &Page<P>, organization: &str) -> Place {
    page.ui.links.settings(organization).to("members")
}

/// The page, with what was refused above it: it is about a member, and no field of the form.
async fn refused(page: &Page<OfMember>, refusal: Refusal) -> Shown {
    let said = refusal.beside(&[]).unwrap_or_default();
    let refusal = Refusal { status: refusal.status, said: json!({ "detail": said }) };
    let outcome = Outcome { refusal: Some(refusal), ..Outcome::default() };
    shown(page, &page.path.organization, StatusCode::BAD_REQUEST, outcome).await
}

async fn shown<P>(page: &Page<P>, organization: &str, status: StatusCode, outcome: Outcome<'_>) -> Shown {
    let listed = page.api().list::<Member>(&members(organization)).await?.items;
    let place = place(page, organization);
    let line = |member: Member| Line { place: place.to(&member.id), since: page.moment(&member.date_created), member };
    let lines = listed.into_iter().map(line).collect();
    let frame = page.frame(Here::Members).await?;
    page.show_with(status, &MembersPage { frame, place, lines, outcome })
}
