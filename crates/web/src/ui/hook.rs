//! A hook as paths name it, and its state as pages show it.

use serde::Deserialize;

use super::links::{Links, Place, part};
use super::project::OfProject;

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
    pub(super) fn place(&self, links: &Links) -> Place {
        self.of_project().place(links).one("hooks", &self.hook)
    }
}

/// The colour and the word of a hook's state, which the API names.
pub(super) fn state_badge(state: &str) -> (&'static str, &str) {
    match state {
        "healthy" => ("good", "Healthy"),
        "failing" => ("bad", "Failing"),
        "open" => ("bad", "Receiver down"),
        "paused" => ("warn", "Paused by receiver"),
        "disabled" => ("", "Disabled"),
        "unreadable" => ("bad", "Secret unreadable"),
        "unknown" => ("calm", "Not tried yet"),
        other => ("", other),
    }
}
