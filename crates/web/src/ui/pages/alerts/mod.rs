//! Alert rules: listed, read, snoozed, written, deleted.

mod delete;
mod draft;
mod editor;
mod history;
mod kinds;
mod list;
mod preview;
mod rows;
mod rule;
mod show;
mod snooze;
mod state;

use axum::routing::{get, post};
use serde::Deserialize;

use crate::ui::Route;
use crate::ui::links::{Links, Place, part};
use crate::ui::project::OfProject;

/// `…/projects/{project}/alerts/{rule}/…`
#[derive(Debug, Deserialize)]
pub(super) struct OfRule {
    organization: String,
    project: String,
    rule: String,
}

impl OfRule {
    fn project(&self) -> OfProject {
        OfProject { organization: self.organization.clone(), project: self.project.clone() }
    }

    /// Where the API has the rule.
    fn api_path(&self) -> String {
        format!("{}rules/{}/", self.project().api_path(), part(&self.rule))
    }

    /// Where the rule's page is.
    fn place(&self, links: &Links) -> Place {
        self.project().place(links).one("alerts", &self.rule)
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        ("/settings/{organization}/projects/{project}/alerts/", get(list::list)),
        ("/settings/{organization}/projects/{project}/alerts/new/", get(editor::new).post(editor::create)),
        ("/settings/{organization}/projects/{project}/alerts/{rule}/", get(show::show)),
        ("/settings/{organization}/projects/{project}/alerts/{rule}/edit/", get(editor::edit).post(editor::update)),
        ("/settings/{organization}/projects/{project}/alerts/{rule}/delete/", post(delete::delete)),
        ("/settings/{organization}/projects/{project}/alerts/{rule}/snooze/", post(snooze::snooze)),
        ("/settings/{organization}/projects/{project}/alerts/{rule}/unsnooze/", post(snooze::unsnooze)),
    ]
}
