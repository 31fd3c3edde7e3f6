//! One issue: shown, changed, deleted; under its organization or at its older path.

use axum::Json;
use axum::response::IntoResponse as _;
use http::StatusCode;
use model::scope::Scope;
use serde::Serialize;
use serde_json::{Value, json};
use store::issues::{IssueTag, IssuesOf, Release};

use super::super::ApiState;
use super::super::body::Unread;
use super::super::error::{Answer, ApiError};
use super::super::lookup::Call;
use super::super::time::iso;
use super::change::Wanted;
use super::path::{Found, IssuePath};
use super::view::{Graph, IssueView, Surroundings};

/// An issue with what only its own page shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IssueDetail<'i> {
    #[serde(flatten)]
    issue: IssueView<'i>,
    activity: [(); 0],
    seen_by: [(); 0],
    participants: [(); 0],
    plugin_actions: [(); 0],
    plugin_contexts: [(); 0],
    plugin_issues: [(); 0],
    user_report_count: u32,
    first_release: Option<ReleaseView<'i>>,
    last_release: Option<ReleaseView<'i>>,
    tags: Vec<TagView<'i>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReleaseView<'r> {
    version: &'r str,
    short_version: &'r str,
    first_event: Option<String>,
    date_created: Option<String>,
}

/// A tag of an issue. Values are kept, how often each came is not.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TagView<'t> {
    key: &'t str,
    name: &'t str,
    unique_values: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_values: Option<Vec<Value>>,
}

/// `GET …/issues/{issue}/`
pub(in super::super) async fn show(call: Call<IssuePath>) -> Answer {
    let found = call.issue(&[Scope::EventRead]).await?;
    detail(&call.api, &found).await
}

/// `PUT …/issues/{issue}/`
pub(in super::super) async fn update(call: Call<IssuePath>, body: Unread) -> Answer {
    let found = call.issue(&[Scope::EventWrite]).await?;
    let api = &call.api;
    let now = api.clock.now();
    let wanted = Wanted::read(&body.json().await?, now)?;
    let update = wanted.of_project(api.store.as_ref(), &found.project).await?;
    let of = IssuesOf { project: found.project.id, issues: vec![found.issue.id] };
    let mut changed = api.store.update_issues(of, update, now).await?;
    // It was deleted meanwhile.
    let issue = changed.pop().ok_or(ApiError::NotFound)?;
    detail(api, &Found { issue, ..found }).await
}

/// `DELETE …/issues/{issue}/`
pub(in super::super) async fn delete(call: Call<IssuePath>) -> Answer<StatusCode> {
    let found = call.issue(&[Scope::EventAdmin]).await?;
    let of = IssuesOf { project: found.project.id, issues: vec![found.issue.id] };
    call.api.store.delete_issues(of).await?;
    call.api.directory.wake_upkeep();
    Ok(StatusCode::ACCEPTED)
}

/// `GET …/issues/{issue}/tags/`
pub(in super::super) async fn tags(call: Call<IssuePath>) -> Answer {
    let found = call.issue(&[Scope::EventRead]).await?;
    let tags = call.api.store.issue_tags(found.issue.id).await?;
    let views: Vec<_> = tags.iter().map(|tag| TagView { top_values: Some(values(tag)), ..TagView::of(tag) }).collect();
    Ok(Json(views).into_response())
}

async fn detail(api: &ApiState, found: &Found) -> Answer {
    let (now, issue) = (api.clock.now(), &found.issue);
    let mut hours = api.store.issue_hours(vec![issue.id], Graph::Month.since(now)).await?;
    let hours = hours.pop().unwrap_or_default();
    let tags = api.store.issue_tags(issue.id).await?;
    let release = async |version: &Option<String>| match version {
        Some(version) => api.store.release(found.project.id, version.clone()).await,
        None => Ok(None),
    };
    let (first, last) = (release(&issue.first_release).await?, release(&issue.last_release).await?);
    let around = found.surroundings(&api.base_url, now);
    let view = IssueView::of(issue, around).with_graph(Graph::Day, &hours, now).with_graph(Graph::Month, &hours, now);
    let detail = IssueDetail {
        issue: view,
        activity: [],
        seen_by: [],
        participants: [],
        plugin_actions: [],
        plugin_contexts: [],
        plugin_issues: [],
        user_report_count: 0,
        first_release: ReleaseView::of(issue.first_release.as_deref(), first.as_ref()),
        last_release: ReleaseView::of(issue.last_release.as_deref(), last.as_ref()),
        tags: tags.iter().map(TagView::of).collect(),
    };
    Ok(Json(detail).into_response())
}

impl Found {
    /// What is shown beside the issue's row.
    pub(in super::super) fn surroundings<'s>(&'s self, base_url: &'s str, now: model::ids::Millis) -> Surroundings<'s> {
        Surroundings { organization: &self.organization, project: &self.project, base_url, now }
    }
}

impl<'r> ReleaseView<'r> {
    fn of(version: Option<&'r str>, release: Option<&Release>) -> Option<Self> {
        let version = version?;
        let seen = release.map(|release| iso(release.first_seen));
        let short_version = version.rsplit('@').next().unwrap_or(version);
        Some(ReleaseView { version, short_version, first_event: seen.clone(), date_created: seen })
    }
}

impl<'t> TagView<'t> {
    fn of(tag: &'t IssueTag) -> Self {
        TagView { key: &tag.key, name: &tag.key, unique_values: tag.values.len(), top_values: None }
    }
}

fn values(tag: &IssueTag) -> Vec<Value> {
    tag.values.iter().map(|value| json!({"key": tag.key, "name": value, "value": value})).collect()
}
