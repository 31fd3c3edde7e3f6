//! An organization's figures as pages read them from the API.

use serde::Deserialize;

use super::client::Client;
use super::links::part;
use super::problem::Problem;
use super::words::{count, share, share_of};

/// The figures.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Overview {
    pub(super) projects: Vec<Project>,
    pub(super) failing_hooks: Vec<FailingHook>,
    pub(super) process: Option<Process>,
}

#[derive(Deserialize)]
pub(super) struct Project {
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) platform: Option<String>,
    events: Vec<(i64, u64)>,
    pub(super) attempts: Attempts,
    pub(super) hooks: Hooks,
}

#[derive(Deserialize, Default, Clone, Copy)]
pub(super) struct Attempts {
    pub(super) total: u64,
    pub(super) succeeded: u64,
}

#[derive(Deserialize)]
pub(super) struct Hooks {
    pub(super) total: u64,
    pub(super) active: u64,
    pub(super) failing: u64,
}

#[derive(Deserialize)]
pub(super) struct FailingHook {
    pub(super) id: String,
    pub(super) url: String,
    pub(super) project: String,
    pub(super) state: String,
    pub(super) since: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Process {
    pub(super) waiting_deliveries: u64,
    /// In seconds.
    pub(super) backlog_age: i64,
    pub(super) lane_bytes: Used,
    pub(super) connections: Used,
    pub(super) waiting_events: u64,
    pub(super) store_is_away: bool,
}

/// Part of a budget.
#[derive(Deserialize)]
pub(super) struct Used {
    pub(super) used: u64,
    pub(super) limit: u64,
}

impl Overview {
    /// The figures of an organization.
    pub(super) async fn of(api: &Client, organization: &str) -> Result<Overview, Problem> {
        api.get(&format!("/api/0/organizations/{}/overview/", part(organization))).await
    }

    /// Events of all projects by the hour: when it began, in seconds, and how many.
    pub(super) fn events_by_hour(&self) -> Vec<(i64, u64)> {
        let Some(first) = self.projects.first() else { return Vec::new() };
        let sum =
            |index: usize| self.projects.iter().filter_map(|project| project.events.get(index)).map(|it| it.1).sum();
        first.events.iter().enumerate().map(|(index, (start, _))| (*start, sum(index))).collect()
    }

    /// Attempts of all projects.
    pub(super) fn attempts(&self) -> Attempts {
        self.projects.iter().fold(Attempts::default(), |all, project| Attempts {
            total: all.total + project.attempts.total,
            succeeded: all.succeeded + project.attempts.succeeded,
        })
    }
}

impl Project {
    /// How many events came in each hour.
    pub(super) fn counts(&self) -> Vec<u64> {
        self.events.iter().map(|(_, count)| *count).collect()
    }

    /// How many events came.
    pub(super) fn events(&self) -> u64 {
        self.events.iter().map(|(_, count)| *count).sum()
    }
}

impl Attempts {
    /// How many succeeded of how many; nothing where there was none.
    pub(super) fn in_words(&self) -> Option<String> {
        share_of(self.succeeded, self.total)
    }

    /// `99.9 %`; nothing where there was none.
    pub(super) fn share(&self) -> Option<String> {
        share(self.succeeded, self.total)
    }

    /// `of 12 345 attempts`
    pub(super) fn of_all(&self) -> String {
        format!("of {} attempts", count(self.total))
    }

    /// The colour of how it went.
    pub(super) fn colour(&self) -> &'static str {
        match self.succeeded.saturating_mul(100).checked_div(self.total) {
            None => "",
            Some(99..) => "good",
            Some(90..) => "warn",
            Some(_) => "bad",
        }
    }
}
