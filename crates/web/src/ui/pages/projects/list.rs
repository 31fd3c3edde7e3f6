//! The projects of an organization, with what came in and how their deliveries go.

use askama::Template;

use crate::ui::chart::{Svg, sparkline};
use crate::ui::frame::{Frame, Here};
use crate::ui::links::Place;
use crate::ui::organization::OfOrganization;
use crate::ui::overview::{Overview, Project};
use crate::ui::page::{Page, Shown};
use crate::ui::words::count;

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
    graph: Svg,
}

impl Row {
    fn events(&self) -> String {
        count(self.project.events())
    }
}

/// `GET /organizations/{organization}/projects/`
pub(super) async fn list(page: Page<OfOrganization>) -> Shown {
    let organization = &page.path.organization;
    let overview = Overview::of(&page.api(), organization).await?;
    let frame = page.frame(Here::Projects).await?;
    let row = |project: Project| Row {
        settings: frame.links.project(organization, &project.slug),
        graph: sparkline(&project.counts(), &format!("{} events in 24 hours", count(project.events()))),
        project,
    };
    let rows = overview.projects.into_iter().map(row).collect();
    let new = frame.links.organization(organization).to("projects").to("new");
    page.show(&ProjectsPage { frame, new, rows })
}
