//! Lists of issues: of a project, and of an organization.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, Uri};
use model::ids::Millis;
use model::scope::Scope;
use store::catalog::{Organization, Project};
use store::issues::{Bound, Issue, IssueSearch, IssueSort, IssueTest};

use super::super::ApiState;
use super::super::error::{Answer, ApiError};
use super::super::lookup::{Call, OrganizationPath, ProjectPath};
use super::super::note::said;
use super::super::page::{PageRequest, query_value, query_values};
use super::super::search::{self, BadSearch, VALUES_MAX, times};
use super::super::time;
use super::path::says_yes;
use super::view::{Graph, IssueView, Surroundings};

/// What is searched for where the client does not say.
pub(super) const QUERY_DEFAULT: &str = "is:unresolved";

/// Says that the only issue of the answer is the one that was named.
const DIRECT_HIT: HeaderName = HeaderName::from_static("x-sentry-direct-hit");

/// What is said of a search for users, which may find less than was meant.
const OF_USERS: &str = "A user is found by one form alone: the first that an SDK sent of id, username, email and IP address; \
    and an issue keeps its first 100 users.";

/// What is asked, and of which projects.
struct Question {
    organization: Organization,
    projects: Vec<Project>,
    tests: Vec<IssueTest>,
    graph: Option<Graph>,
}

/// `GET /projects/{organization}/{project}/issues/`
pub(in super::super) async fn of_project(call: Call<ProjectPath>) -> Answer {
    let project = call.project(&[Scope::EventRead]).await?;
    let Call { api, uri, .. } = call;
    let organizations = api.store.organizations().await?;
    let organization = organizations.into_iter().find(|it| it.id == project.organization);
    let organization = organization.ok_or(ApiError::NotFound)?;
    let graph = graph(&uri, "statsPeriod")?;
    let projects = vec![project];
    let tests = tests(&uri, &projects, api.clock.now())?;
    answer(&api, &uri, Question { organization, projects, tests, graph }).await
}

/// `GET /organizations/{organization}/issues/`
pub(in super::super) async fn of_organization(call: Call<OrganizationPath>) -> Answer {
    let organization = call.organization(&[Scope::EventRead]).await?;
    let Call { api, uri, .. } = call;
    let mut projects = api.store.projects().await?;
    projects.retain(|project| project.organization == organization.id);
    let projects = chosen(projects, &uri)?;
    let graph = graph(&uri, "groupStatsPeriod")?;
    let now = api.clock.now();
    let mut tests = tests(&uri, &projects, now)?;
    tests.extend(window(&uri, now)?);
    answer(&api, &uri, Question { organization, projects, tests, graph }).await
}

async fn answer(api: &ApiState, uri: &Uri, question: Question) -> Answer {
    if let Some(hit) = direct_hit(api, uri, &question).await? {
        return Ok(hit);
    }
    let (request, sort) = (PageRequest::with_limit(uri)?, sort(uri)?);
    let search = IssueSearch {
        projects: question.projects.iter().map(|project| project.id).collect(),
        tests: question.tests.clone(),
        sort,
        cut: request.of_store(),
    };
    let listed = api.store.search_issues(search).await?;
    let page = request.listed(listed, |issue| issue.place(sort));
    let views = question.views(api, page.items()).await?;
    let mut answer = page.answer_with(&api.base_url, uri, views);
    if question.tests.iter().any(asks_for_user) {
        answer.headers_mut().extend(said(OF_USERS));
    }
    Ok(answer)
}

/// Whether a test looks at the tag that stands for users.
fn asks_for_user(test: &IssueTest) -> bool {
    match test {
        IssueTest::Tag(key, _) => key == "user",
        IssueTest::Not(test) => asks_for_user(test),
        IssueTest::Any(tests) => tests.iter().any(asks_for_user),
        _ => false,
    }
}

/// Where the query is nothing but a short id, and the client wants it so: that issue, whatever its status.
async fn direct_hit(api: &ApiState, uri: &Uri, question: &Question) -> Answer<Option<Response>> {
    let Some(text) = query_value(uri, "query").filter(|_| says_yes(uri, "shortIdLookup")) else { return Ok(None) };
    let issue = match api.issue_named(question.organization.clone(), text.trim()).await {
        Ok(found) if question.projects.iter().any(|project| project.id == found.project.id) => found.issue,
        Ok(_) | Err(ApiError::NotFound) => return Ok(None),
        Err(error) => return Err(error),
    };
    let issues = [issue];
    let views = question.views(api, &issues).await?;
    Ok(Some(([(DIRECT_HIT, HeaderValue::from_static("1"))], axum::Json(views)).into_response()))
}

impl Question {
    async fn views<'v>(&'v self, api: &'v ApiState, issues: &'v [Issue]) -> Answer<Vec<IssueView<'v>>> {
        let now = api.clock.now();
        let mut hours = match self.graph {
            Some(graph) => {
                let ids = issues.iter().map(|issue| issue.id).collect();
                api.store.issue_hours(ids, graph.since(now)).await?
            }
            None => Vec::new(),
        }
        .into_iter();
        let mut views = Vec::with_capacity(issues.len());
        for issue in issues {
            let hours = hours.next().unwrap_or_default();
            let Some(project) = self.projects.iter().find(|project| project.id == issue.project) else { continue };
            let around = Surroundings { organization: &self.organization, project, base_url: &api.base_url, now };
            let view = IssueView::of(issue, around);
            views.push(match self.graph {
                Some(graph) => view.with_graph(graph, &hours, now),
                None => view,
            });
        }
        Ok(views)
    }
}

/// The tests of `query` and `environment`.
pub(super) fn tests(uri: &Uri, projects: &[Project], now: Millis) -> Result<Vec<IssueTest>, BadSearch> {
    let text = query_value(uri, "query");
    let mut tests = search::read(text.as_deref().unwrap_or(QUERY_DEFAULT), projects, now)?;
    let environments = query_values(uri, "environment");
    if environments.len() > VALUES_MAX {
        return Err(BadSearch::TooLong { most: VALUES_MAX });
    }
    if !environments.is_empty() {
        let exact = |name| IssueTest::Environment(store::issues::Pattern::Exact(name));
        tests.push(IssueTest::Any(environments.into_iter().map(exact).collect()));
    }
    Ok(tests)
}

/// The projects that `project` names by id, or by slug; all of them where it is -1 or absent.
fn chosen(projects: Vec<Project>, uri: &Uri) -> Answer<Vec<Project>> {
    let mut names = query_values(uri, "project");
    names.extend(query_values(uri, "projectSlug"));
    if names.is_empty() || names.iter().any(|name| name == "-1") {
        return Ok(projects);
    }
    let is_named = |project: &Project, name: &String| project.id.to_string() == *name || project.slug == *name;
    if names.iter().any(|name| !projects.iter().any(|project| is_named(project, name))) {
        return Err(ApiError::NotFound);
    }
    Ok(projects.into_iter().filter(|project| names.iter().any(|name| is_named(project, name))).collect())
}

/// Issues that were seen within `statsPeriod`, or between `start` and `end`.
fn window(uri: &Uri, now: Millis) -> Result<Vec<IssueTest>, BadSearch> {
    let mut tests = Vec::new();
    if let Some(period) = query_value(uri, "statsPeriod").filter(|period| !period.is_empty()) {
        let length = time::period(&period).ok_or(BadSearch::Period { period })?;
        tests.push(IssueTest::LastSeen(Bound { least: now.0.saturating_sub(length), most: i64::MAX }));
    }
    let at = |name| {
        let text = query_value(uri, name).filter(|text| !text.is_empty());
        text.map(|time| times::moment(&time).ok_or(BadSearch::Time { name, time })).transpose()
    };
    if let Some(start) = at("start")? {
        tests.push(IssueTest::LastSeen(Bound { least: start.from, most: i64::MAX }));
    }
    if let Some(end) = at("end")? {
        tests.push(IssueTest::FirstSeen(Bound { least: i64::MIN, most: end.to }));
    }
    Ok(tests)
}

fn sort(uri: &Uri) -> Result<IssueSort, BadSearch> {
    match query_value(uri, "sort").as_deref() {
        None | Some("" | "date") => Ok(IssueSort::LastSeen),
        Some("new") => Ok(IssueSort::FirstSeen),
        Some("freq") => Ok(IssueSort::Events),
        Some("user") => Ok(IssueSort::Users),
        Some(other) => Err(BadSearch::Sort { sort: other.to_owned() }),
    }
}

/// The graph that is wanted; none where the parameter is there and empty.
fn graph(uri: &Uri, name: &str) -> Result<Option<Graph>, BadSearch> {
    match query_value(uri, name).as_deref() {
        None | Some("24h" | "auto") => Ok(Some(Graph::Day)),
        Some("14d") => Ok(Some(Graph::Fortnight)),
        Some("") => Ok(None),
        Some(_) => Err(BadSearch::StatsPeriod),
    }
}
