//! The list of a project's service hooks: what state each is in, and how its deliveries went.

use askama::Template;

use super::hook::Hook;
use crate::ui::frame::{Frame, Here};
use crate::ui::links::Place;
use crate::ui::page::{Page, Shown};
use crate::ui::project::{OfProject, ProjectHead, Tab};
use crate::ui::words::Moment;

/// A hook's line.
struct Row {
    hook: Hook,
    place: Place,
    /// When something last came of an attempt.
    last: Option<Moment>,
}

#[derive(Template)]
#[template(path = "hooks/list.html")]
struct HooksPage {
    frame: Frame,
    project: ProjectHead,
    rows: Vec<Row>,
}

/// `GET /settings/{organization}/projects/{project}/hooks/`
pub(super) async fn list(page: Page<OfProject>) -> Shown {
    let api = page.api();
    let project = page.path.head(&api, &page.ui.links, Tab::Hooks).await?;
    let hooks = api.list::<Hook>(&format!("{}hooks/", page.path.api_path())).await?.items;
    let row = |hook: Hook| {
        let last = hook.health.last_success.iter().chain(&hook.health.last_failure).max().map(|iso| page.moment(iso));
        Row { place: project.place.one("hooks", &hook.id), last, hook }
    };
    let rows = hooks.into_iter().map(row).collect();
    let frame = page.frame(Here::Projects).await?;
    page.show(&HooksPage { frame, project, rows })
}
