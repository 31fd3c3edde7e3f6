//! Changes of many issues of a project at once: those that `id`, `status` or `query` name.

use axum::Json;
use axum::response::IntoResponse as _;
use http::{StatusCode, Uri};
use model::ids::{IssueId, Millis};
use model::issue::IssueStatus;
use model::scope::Scope;
use serde_json::{Map, json};
use store::Store;
use store::catalog::Project;
use store::issues::{Cut, CutFrom, Issue, IssueSearch, IssueSort, IssueTest, IssuesOf};

use super::super::body::Unread;
use super::super::error::Answer;
use super::super::lookup::{Call, ProjectPath};
use super::super::page::{query_value, query_values};
use super::super::search::BadSearch;
use super::change::Wanted;
use super::list;
use super::view::status_details;

/// Issues that one call changes at most: they are one transaction.
const ISSUES_MAX: usize = 1_000;

/// `PUT …/issues/`. Without a word on which, those that a list shows without a word on which: the unresolved ones.
pub(in super::super) async fn update(call: Call<ProjectPath>, body: Unread) -> Answer {
    let project = call.project(&[Scope::EventWrite]).await?;
    let Call { api, uri, .. } = call;
    let now = api.clock.now();
    let wanted = Wanted::read(&body.json().await?, now)?;
    let issues = named(api.store.as_ref(), &project, &uri, now).await?;
    let update = wanted.of_project(api.store.as_ref(), &project).await?;
    let changed = api.store.update_issues(IssuesOf { project: project.id, issues }, update.clone(), now).await?;
    let Some(first) = changed.first() else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    let mut answer = Map::new();
    if update.standing.is_some() {
        answer.insert("status".to_owned(), json!(first.status.as_str()));
        answer.insert("statusDetails".to_owned(), json!(status_details(first)));
        let substatus = (first.status != IssueStatus::Resolved).then(|| first.substatus.shown(first.changed, now));
        answer.insert("substatus".to_owned(), json!(substatus));
    }
    if update.priority.is_some() {
        answer.insert("priority".to_owned(), json!(first.priority.as_str()));
    }
    Ok(Json(answer).into_response())
}

/// `DELETE …/issues/`
pub(in super::super) async fn delete(call: Call<ProjectPath>) -> Answer<StatusCode> {
    let project = call.project(&[Scope::EventAdmin]).await?;
    let Call { api, uri, .. } = call;
    let names_some = ["id", "status"].iter().any(|name| !query_values(&uri, name).is_empty());
    // An empty query asks for all: a script with a variable that is not set does not mean that.
    if !names_some && query_value(&uri, "query").is_none_or(|query| query.trim().is_empty()) {
        return Err(BadSearch::NoIssues.into());
    }
    let issues = named(api.store.as_ref(), &project, &uri, api.clock.now()).await?;
    let deleted = api.store.delete_issues(IssuesOf { project: project.id, issues }).await?;
    api.directory.wake_upkeep();
    Ok(if deleted == 0 { StatusCode::NO_CONTENT } else { StatusCode::ACCEPTED })
}

/// The issues that the query string names.
async fn named(store: &dyn Store, project: &Project, uri: &Uri, now: Millis) -> Answer<Vec<IssueId>> {
    let ids = query_values(uri, "id");
    if ids.len() > ISSUES_MAX {
        return Err(BadSearch::TooMany { most: ISSUES_MAX }.into());
    }
    if !ids.is_empty() {
        let read = |id: &String| id.parse().map_err(|_| BadSearch::Id { id: id.clone() });
        return Ok(ids.iter().map(read).collect::<Result<_, _>>()?);
    }
    let statuses = query_values(uri, "status");
    let tests = if statuses.is_empty() {
        list::tests(uri, std::slice::from_ref(project), now)?
    } else {
        let read = |status: &String| {
            let known = IssueStatus::named(status).map(IssueTest::Status);
            known.ok_or_else(|| BadSearch::Status { status: status.clone() })
        };
        vec![IssueTest::Any(statuses.iter().map(read).collect::<Result<_, _>>()?)]
    };
    let cut = Cut { from: CutFrom::Start, limit: ISSUES_MAX };
    let search = IssueSearch { projects: vec![project.id], tests, sort: IssueSort::LastSeen, cut };
    let found = store.search_issues(search).await?;
    if found.more {
        return Err(BadSearch::TooMany { most: ISSUES_MAX }.into());
    }
    Ok(found.items.iter().map(|issue: &Issue| issue.id).collect())
}
