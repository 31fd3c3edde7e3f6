//! An organization at a glance: what came in, how deliveries go, which hooks fail, and how the process stands.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use model::ids::{HookNumber, Millis, ProjectId};
use model::limits::SOCKET_BUDGET;
use model::scope::Scope;
use model::standing::Standing;
use pipeline::Gauges;
use pipeline::directory::{HookEntry, ProjectEntry};
use serde::Serialize;
use store::catalog::{Hook, Project};
use store::figures::{Attempts, ProjectHour};

use super::error::Answer;
use super::hooks::{last_day, standing_of, state_of};
use super::lookup::{Call, OrganizationPath};
use super::time::iso;

/// How far back figures go.
const HOURS: i64 = 24;
const HOUR_SECONDS: i64 = 3_600;
/// Failing hooks that are named; how many there are is counted for each project.
const FAILING_NAMED: usize = 50;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Overview {
    projects: Vec<ProjectView>,
    /// At most 50, those that have failed longest first.
    failing_hooks: Vec<HookView>,
    /// Of the process that answers, for all organizations; `null` where it sends nothing.
    process: Option<ProcessView>,
}

#[derive(Serialize)]
struct ProjectView {
    slug: String,
    name: String,
    platform: Option<String>,
    /// `[start, count]` of each of the last 24 hours, oldest first.
    events: Vec<(i64, u64)>,
    /// Of the same hours, tests aside.
    attempts: AttemptsView,
    hooks: HooksView,
}

#[derive(Serialize)]
pub(super) struct AttemptsView {
    total: u64,
    succeeded: u64,
}

#[derive(Default, Serialize)]
struct HooksView {
    total: u64,
    active: u64,
    failing: u64,
}

#[derive(Serialize)]
struct HookView {
    id: String,
    url: String,
    /// The project's slug.
    project: String,
    /// As in the hook's `health`.
    state: &'static str,
    since: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProcessView {
    waiting_deliveries: u64,
    /// How long the oldest has been waiting for its first attempt, in seconds.
    backlog_age: u64,
    /// Bodies that are held in memory to be sent, in bytes.
    lane_bytes: Used,
    /// Connections to receivers.
    connections: Used,
    /// Events that wait for a transaction.
    waiting_events: usize,
    /// Whether the store takes no writes.
    store_is_away: bool,
}

#[derive(Serialize)]
struct Used {
    used: u64,
    limit: u64,
}

/// A hook of a project, and how it stands.
struct FoundHook<'h> {
    hook: &'h Hook,
    project: &'h Project,
    state: &'static str,
    since: Option<Millis>,
}

/// `GET /organizations/{organization}/overview/`
pub(super) async fn show(call: Call<OrganizationPath>) -> Answer<Json<Overview>> {
    let organization = call.organization(&[Scope::OrgRead, Scope::ProjectRead]).await?;
    let (api, now) = (&call.api, call.api.clock.now());
    let directory = api.directory.current();
    let mut projects: Vec<&ProjectEntry> = directory.projects_of(organization.id).collect();
    projects.sort_by_key(|entry| entry.project.id);
    let since = last_day(now);
    let hours = api.store.project_hours(projects.iter().map(|entry| entry.project.id).collect(), since).await?;
    let stored: HashMap<HookNumber, Standing> = api.store.standings().await?.into_iter().collect();
    let numbers = projects.iter().flat_map(|entry| &entry.hooks).map(|entry| entry.hook.number).collect();
    let mut attempts = api.store.attempts_since(numbers, since).await?.into_iter();
    let (mut views, mut failing) = (Vec::with_capacity(projects.len()), Vec::new());
    for ProjectEntry { project, hooks, .. } in projects {
        let attempts: Vec<Attempts> = attempts.by_ref().take(hooks.len()).collect();
        let mut counts = HooksView::default();
        for HookEntry { hook, .. } in hooks.iter().map(Arc::as_ref) {
            let (state, since) = state_of(hook, &standing_of(api, hook.number, &stored), now);
            let is_failing = matches!(state, "failing" | "open" | "unreadable");
            counts.total += 1;
            counts.active += u64::from(hook.active);
            counts.failing += u64::from(is_failing);
            if is_failing {
                failing.push(FoundHook { hook, project, state, since });
            }
        }
        views.push(ProjectView::of(project, events_of(project.id, &hours, now), &attempts, counts));
    }
    failing.sort_by_key(|standing| standing.since.unwrap_or(now));
    failing.truncate(FAILING_NAMED);
    let failing_hooks = failing.into_iter().map(HookView::of).collect();
    let process = api.gauges.as_deref().map(ProcessView::of);
    Ok(Json(Overview { projects: views, failing_hooks, process }))
}

/// A point for each hour, zero where nothing came.
fn events_of(project: ProjectId, hours: &[ProjectHour], now: Millis) -> Vec<(i64, u64)> {
    let last = now.0.div_euclid(HOUR_SECONDS * 1_000) * HOUR_SECONDS;
    let starts = (0..HOURS).rev().map(|back| last - back * HOUR_SECONDS);
    let count = |start: i64| {
        let found = hours.iter().find(|hour| hour.project == project && hour.hour.0 == start * 1_000);
        (start, found.map_or(0, |hour| hour.events))
    };
    starts.map(count).collect()
}

impl ProjectView {
    fn of(project: &Project, events: Vec<(i64, u64)>, attempts: &[Attempts], hooks: HooksView) -> Self {
        Self {
            slug: project.slug.clone(),
            name: project.name.clone(),
            platform: project.platform.clone(),
            events,
            attempts: AttemptsView {
                total: attempts.iter().map(|it| it.all).sum(),
                succeeded: attempts.iter().map(|it| it.succeeded).sum(),
            },
            hooks,
        }
    }
}

impl HookView {
    fn of(standing: FoundHook<'_>) -> Self {
        Self {
            id: standing.hook.guid.to_string(),
            url: standing.hook.url.clone(),
            project: standing.project.slug.clone(),
            state: standing.state,
            since: standing.since.map(iso),
        }
    }
}

impl ProcessView {
    fn of(gauges: &Gauges) -> Self {
        let now = gauges.read();
        let used = |used: usize, limit: usize| Used { used: used as u64, limit: limit as u64 };
        Self {
            waiting_deliveries: now.waiting_deliveries,
            backlog_age: now.backlog_age.as_secs(),
            lane_bytes: used(now.lane_held_bytes, now.lane_limit_bytes),
            connections: Used { used: now.connections, limit: SOCKET_BUDGET as u64 },
            waiting_events: now.waiting_events,
            store_is_away: now.store_is_away,
        }
    }
}
