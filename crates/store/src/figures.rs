//! Figures for people: events of projects and attempts of hooks, by the hour.

use async_trait::async_trait;
use model::ids::{HookNumber, Millis, ProjectId};

use crate::error::StoreError;

/// Reading figures. What is asked for is named, and what is not there is zero.
#[async_trait]
pub trait Figures: Send + Sync + 'static {
    /// Events of these projects by the hour in which they were received, from the hour of `since` on, in the order of projects and
    /// hours; hours without any are left out.
    async fn project_hours(&self, projects: Vec<ProjectId>, since: Millis) -> Result<Vec<ProjectHour>, StoreError>;

    /// Attempts of these hooks, tests aside, that began in the hour of `since` or later.
    async fn attempts_since(&self, hooks: Vec<HookNumber>, since: Millis) -> Result<Vec<Attempts>, StoreError>;

    /// Attempts of a hook, tests aside, from the hour of `since` on, in the order of hours.
    async fn outcomes(&self, hook: HookNumber, since: Millis) -> Result<Vec<OutcomeCount>, StoreError>;
}

/// Events of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProjectHour {
    /// Whose.
    pub project: ProjectId,
    /// When the hour began.
    pub hour: Millis,
    /// How many.
    pub events: u64,
}

/// Attempts of a hook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attempts {
    /// All of them.
    pub all: u64,
    /// Those that succeeded.
    pub succeeded: u64,
}

/// Attempts of an hour that ended alike and took as long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutcomeCount {
    /// When the hour began.
    pub hour: Millis,
    /// The code of what came of them: see [`Outcome::code`](model::attempt::Outcome::code).
    pub outcome: u8,
    /// How long they took: see [`model::latency`].
    pub bucket: u8,
    /// How many.
    pub attempts: u64,
}
