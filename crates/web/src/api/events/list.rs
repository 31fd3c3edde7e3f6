//! Lists of events, newest first.

use axum::response::Response;
use http::Uri;
use model::scope::Scope;
use store::issues::EventsOf;

use super::super::ApiState;
use super::super::error::Answer;
use super::super::issues::IssuePath;
use super::super::lookup::{Call, ProjectPath};
use super::super::page::{PageRequest, query_value, query_values};
use super::super::search::BadSearch;
use super::stored::Stored;
use super::view;

/// `GET …/issues/{issue}/events/`
pub(super) async fn of_issue(call: Call<IssuePath>) -> Answer {
    let found = call.issue(&[Scope::EventRead]).await?;
    answer(&call.api, &call.uri, EventsOf::Issue(found.issue.id)).await
}

/// `GET /projects/{organization}/{project}/events/`
pub(super) async fn of_project(call: Call<ProjectPath>) -> Answer {
    let project = call.project(&[Scope::EventRead]).await?;
    answer(&call.api, &call.uri, EventsOf::Project(project.id)).await
}

async fn answer(api: &ApiState, uri: &Uri, of: EventsOf) -> Answer<Response> {
    refuse_filters(uri)?;
    let request = PageRequest::with_limit(uri)?;
    let listed = api.store.events(of, request.of_store()).await?;
    let page = request.listed(listed, store::ledger::StoredEvent::place);
    let mut views = Vec::with_capacity(page.items().len());
    for event in page.items() {
        views.push(view::listed(&Stored::read(event)?));
        // A large event takes a while to read: others get their turn between two.
        tokio::task::yield_now().await;
    }
    Ok(page.answer_with(&api.base_url, uri, views))
}

/// A list that is longer than what was asked for would say something else.
fn refuse_filters(uri: &Uri) -> Result<(), BadSearch> {
    let query = query_value(uri, "query").filter(|query| !query.trim().is_empty());
    let environment = query_values(uri, "environment").into_iter().next().map(|name| format!("environment={name}"));
    match query.or(environment) {
        Some(term) => Err(BadSearch::NotKept { term }),
        None => Ok(()),
    }
}
