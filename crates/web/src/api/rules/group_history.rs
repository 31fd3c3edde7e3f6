//! `GET …/rules/{rule}/group-history/`: the issues that a rule fired for.

use model::short_id::ShortId;
use serde::Serialize;
use store::catalog::Project;
use store::issues::Issue;
use store::rules::{FiredRange, RuleIssue};

use super::super::ApiState;
use super::super::error::Answer;
use super::super::lookup::{Call, RulePath};
use super::super::page::PageRequest;
use super::super::span::Span;
use super::super::time::iso;

/// An issue with what the rule did for it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HistoryView<'i> {
    group: GroupView<'i>,
    count: u64,
    last_triggered: String,
    event_id: Option<String>,
}

/// What is shown of the issue itself; its own call shows the rest.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupView<'i> {
    id: String,
    short_id: Option<String>,
    title: &'i str,
    culprit: &'i str,
    level: &'i str,
    count: String,
    first_seen: String,
    last_seen: String,
    permalink: String,
    project: ProjectReference<'i>,
}

#[derive(Serialize)]
struct ProjectReference<'p> {
    id: String,
    name: &'p str,
    slug: &'p str,
    platform: Option<&'p str>,
}

/// `GET …/rules/{rule}/group-history/`, of the last 14 days where the query does not say; the most frequent first.
pub(in super::super) async fn group_history(call: Call<RulePath>) -> Answer {
    let (project, rule) = call.rule(super::READ).await?;
    let Call { api, uri, .. } = call;
    let Span { since, until } = Span::of(&uri, api.clock.now())?;
    let request = PageRequest::of(&uri)?;
    let fired = api.store.rule_issues(rule.id, FiredRange { project: project.id, since, until }).await?;
    let mut issues = Vec::with_capacity(fired.len());
    for one in fired {
        // What is deleted meanwhile has no page to lead to.
        issues.extend(api.store.issue(one.issue).await?.map(|issue| (one, issue)));
    }
    let page = request.cut(issues, |(one, _)| i64::try_from(one.count).unwrap_or(i64::MAX));
    let organization = organization_slug(&api, &project).await?;
    Ok(page.answer(&api.base_url, &uri, |(one, issue)| {
        HistoryView::of(one, GroupView::of(issue, &project, &format!("{}/organizations/{organization}", api.base_url)))
    }))
}

async fn organization_slug(api: &ApiState, project: &Project) -> Answer<String> {
    let organizations = api.store.organizations().await?;
    let found = organizations.into_iter().find(|organization| organization.id == project.organization);
    Ok(found.map(|organization| organization.slug).unwrap_or_default())
}

impl<'i> HistoryView<'i> {
    fn of(one: &RuleIssue, group: GroupView<'i>) -> Self {
        HistoryView {
            group,
            count: one.count,
            last_triggered: iso(one.last_fired),
            event_id: one.event.map(|event| event.to_string()),
        }
    }
}

impl<'i> GroupView<'i> {
    fn of(issue: &'i Issue, project: &'i Project, organization_url: &str) -> Self {
        let slug = project.slug.parse().ok();
        let short_id = slug.map(|project| ShortId { project, number: issue.short_number }.to_string());
        GroupView {
            id: issue.id.to_string(),
            short_id,
            title: &issue.title,
            culprit: &issue.culprit,
            level: issue.level.as_str(),
            count: issue.count.to_string(),
            first_seen: iso(issue.first_seen),
            last_seen: iso(issue.last_seen),
            permalink: format!("{organization_url}/issues/{}/", issue.id),
            project: ProjectReference {
                id: project.id.to_string(),
                name: &project.name,
                slug: &project.slug,
                platform: project.platform.as_deref(),
            },
        }
    }
}
