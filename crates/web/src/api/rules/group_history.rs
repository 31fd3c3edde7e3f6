//! `GET …/rules/{rule}/group-history/`: the issues that a rule fired for.

use serde::Serialize;
use store::rules::{FiredRange, RuleIssue};

use super::super::error::{Answer, ApiError};
use super::super::issues::{IssueView, Surroundings};
use super::super::lookup::{Call, RulePath};
use super::super::page::PageRequest;
use super::super::span::Span;
use super::super::time::iso;

/// An issue with what the rule did for it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HistoryView<'i> {
    group: IssueView<'i>,
    count: u64,
    last_triggered: String,
    event_id: Option<String>,
}

/// `GET …/rules/{rule}/group-history/`, of the last 14 days where the query does not say; the most frequent first.
pub(in super::super) async fn group_history(call: Call<RulePath>) -> Answer {
    let (project, rule) = call.rule(super::READ).await?;
    let Call { api, uri, .. } = call;
    let now = api.clock.now();
    let Span { since, until } = Span::of(&uri, now)?;
    let request = PageRequest::of(&uri)?;
    let fired = api.store.rule_issues(rule.id, FiredRange { project: project.id, since, until }).await?;
    let page = request.cut(fired, |one| i64::try_from(one.count).unwrap_or(i64::MAX));
    let mut issues = Vec::with_capacity(page.items().len());
    for one in page.items() {
        // What is deleted meanwhile has no page to lead to.
        issues.extend(api.store.issue(one.issue).await?.map(|issue| (one, issue)));
    }
    let organizations = api.store.organizations().await?;
    let organization = organizations.iter().find(|organization| organization.id == project.organization);
    let organization = organization.ok_or(ApiError::NotFound)?;
    let around = Surroundings { organization, project: &project, base_url: &api.base_url, now };
    let views = issues.iter().map(|(one, issue)| HistoryView::of(one, IssueView::of(issue, around))).collect();
    Ok(page.answer_with(&api.base_url, &uri, views))
}

impl<'i> HistoryView<'i> {
    fn of(one: &RuleIssue, group: IssueView<'i>) -> Self {
        HistoryView {
            group,
            count: one.count,
            last_triggered: iso(one.last_fired),
            event_id: one.event.map(|event| event.to_string()),
        }
    }
}
