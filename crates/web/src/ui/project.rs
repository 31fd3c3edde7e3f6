//! What is around the pages of one project's settings: its name, and the tabs that lead from one to the next.

use serde::Deserialize;

use super::client::Client;
use super::links::{Links, Place, part};
use super::problem::Problem;

/// `…/projects/{project}/…` of an organization.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct OfProject {
    pub(super) organization: String,
    pub(super) project: String,
}

/// A project as its pages show it.
pub(super) struct ProjectHead {
    pub(super) slug: String,
    pub(super) name: String,
    /// The present tab.
    pub(super) tab: Tab,
    /// Where its settings are.
    pub(super) place: Place,
    /// Where the projects of its organization are.
    pub(super) projects: Place,
}

/// The parts of a project's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Setup,
    Hooks,
    Alerts,
    Keys,
    General,
}

#[derive(Deserialize)]
struct Name {
    slug: String,
    name: String,
}

impl OfProject {
    /// Where the API has the project.
    pub(super) fn api_path(&self) -> String {
        format!("/api/0/projects/{}/{}/", part(&self.organization), part(&self.project))
    }

    /// Where its settings are.
    pub(super) fn place(&self, links: &Links) -> Place {
        links.project(&self.organization, &self.project)
    }

    /// The project, for the page of this tab.
    pub(super) async fn head(&self, api: &Client, links: &Links, tab: Tab) -> Result<ProjectHead, Problem> {
        let Name { slug, name } = api.get(&self.api_path()).await?;
        let place = links.project(&self.organization, &slug);
        let projects = links.organization(&self.organization).to("projects");
        Ok(ProjectHead { slug, name, tab, place, projects })
    }
}

impl Tab {
    /// All of them, in the order of the bar: the tab, its place below the project's, what it is called.
    const ALL: [(Tab, &str, &str); 5] = [
        (Tab::Setup, "getting-started", "Set up"),
        (Tab::Hooks, "hooks", "Service Hooks"),
        (Tab::Alerts, "alerts", "Alert Rules"),
        (Tab::Keys, "keys", "Client Keys"),
        (Tab::General, "general", "General"),
    ];
}

impl ProjectHead {
    /// The bar of tabs: where each leads, what it is called, whether it is the present one.
    pub(super) fn tabs(&self) -> impl Iterator<Item = (Place, &'static str, bool)> + '_ {
        Tab::ALL.into_iter().map(|(tab, name, label)| (self.place.to(name), label, tab == self.tab))
    }
}
