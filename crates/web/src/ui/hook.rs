//! A hook as paths name it.

use serde::Deserialize;

use super::links::{Place, part};
use super::project::{OfProject, ProjectHead};

/// `…/projects/{project}/hooks/{hook}/…`
#[derive(Debug, Deserialize)]
pub(super) struct OfHook {
    pub(super) organization: String,
    pub(super) project: String,
    pub(super) hook: String,
}

impl OfHook {
    /// The project that it is of.
    pub(super) fn of_project(&self) -> OfProject {
        OfProject { organization: self.organization.clone(), project: self.project.clone() }
    }

    /// Where the API has the hook.
    pub(super) fn api_path(&self) -> String {
        format!("{}hooks/{}/", self.of_project().api_path(), part(&self.hook))
    }

    /// Where its page is.
    pub(super) fn place(&self, project: &ProjectHead) -> Place {
        project.place.one("hooks", &self.hook)
    }
}
