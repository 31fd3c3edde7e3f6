//! The projects of an organization.

use askama::Template;
use serde::Deserialize;

use crate::ui::frame::{Frame, Here};
use crate::ui::links::{Place, part};
use crate::ui::page::{Page, Shown};

use super::OfOrganization;

/// What the page reads of a project.
#[derive(Deserialize)]
struct Project {
    slug: String,
    name: String,
    platform: Option<String>,
}

#[derive(Template)]
#[template(path = "projects/list.html")]
struct ProjectsPage {
    frame: Frame,
    /// Where one makes another.
    new: Place,
    rows: Vec<Row>,
}

struct Row {
    project: Project,
    settings: Place,
}

/// `GET /organizations/{organization}/projects/`
pub(super) async fn list(page: Page<OfOrganization>) -> Shown {
    let organization = &page.path.organization;
    let path = format!("/api/0/organizations/{}/projects/", part(organization));
    let projects = page.api().list::<Project>(&path).await?;
    let frame = page.frame(Here::Projects).await?;
    let row = |project: Project| Row { settings: frame.links.project(organization, &project.slug), project };
    let rows = projects.items.into_iter().map(row).collect();
    let new = frame.links.organization(organization).to("projects").to("new");
    page.show(&ProjectsPage { frame, new, rows })
}
