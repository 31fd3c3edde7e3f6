//! Making a project.

use askama::Template;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::snippets::PLATFORMS;
use crate::ui::form::Form;
use crate::ui::frame::{Flash, Frame, Here};
use crate::ui::links::{Place, part};
use crate::ui::organization::OfOrganization;
use crate::ui::page::{Page, Shown};
use crate::ui::problem::Problem;
use crate::ui::refusal::Refusal;

#[derive(Template)]
#[template(path = "projects/new.html")]
struct NewPage<'p> {
    frame: Frame,
    projects: Place,
    platforms: &'static [(&'static str, &'static str)],
    name: &'p str,
    platform: String,
    name_complaint: Option<String>,
    complaint: Option<String>,
}

/// What the page reads of a team, and of a project that was made.
#[derive(Deserialize)]
struct Named {
    slug: String,
}

/// `GET /organizations/{organization}/projects/new/`
pub(super) async fn show(page: Page<OfOrganization>) -> Shown {
    form(&page, StatusCode::OK, ("", ""), None).await
}

/// `POST /organizations/{organization}/projects/new/`
pub(super) async fn create(page: Page<OfOrganization>, form: Form) -> Shown {
    let form = form.checked(&page.visitor)?;
    let (name, platform) = (form.trimmed("name"), form.trimmed("platform"));
    let organization = &page.path.organization;
    let teams = page.api().list::<Named>(&format!("/api/0/organizations/{}/teams/", part(organization))).await?;
    // Lists come newest first: the last one is the team that the organization was made with.
    let team = teams.items.last().ok_or(Problem::NotFound)?;
    let path = format!("/api/0/teams/{}/{}/projects/", part(organization), part(&team.slug));
    let made = page.api().send::<Named>(Method::POST, &path, &json!({"name": name, "platform": platform})).await?;
    match made {
        Ok(project) => {
            let place = page.ui.links.project(organization, &project.slug);
            page.done(place.to("getting-started"), Flash::ProjectCreated)
        }
        Err(refusal) => self::form(&page, StatusCode::BAD_REQUEST, (name, platform), Some(&refusal)).await,
    }
}

async fn form(
    page: &Page<OfOrganization>,
    status: StatusCode,
    (name, platform): (&str, &str),
    refusal: Option<&Refusal>,
) -> Shown {
    let frame = page.frame(Here::Projects).await?;
    let shown = NewPage {
        projects: frame.links.organization(&page.path.organization).to("projects"),
        frame,
        platforms: PLATFORMS,
        name,
        platform: platform.to_owned(),
        name_complaint: refusal.and_then(|refusal| refusal.about("name")),
        complaint: refusal.and_then(|refusal| refusal.beside(&["name"])),
    };
    page.show_with(status, &shown)
}
