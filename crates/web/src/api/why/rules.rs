//! Each rule, on one event.

use std::collections::HashMap;

use model::ids::{HookNumber, Millis, RuleId};
use model::loops::Hop;
use model::rules::{HookFilter, NodeVerdict, Rule, Subscription, Targets, Verdict, Wants};
use serde::Serialize;
use serde_json::Value;
use store::catalog::{Hook, Project};
use store::hindsight::{FiringBefore, KeptEvent};
use store::rules::{FiredRow, RuleRow};

use super::super::ApiState;
use super::super::error::Answer;
use super::super::hindsight::{
    History, Judged, Look, Lookers, NodeView, Outcome, Part, Scope, Standings, gather, judge, node_names, node_views,
    releases_for,
};
use super::super::nodes::label_of;
use super::super::time::iso;

/// What became of a rule.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RuleView {
    id: String,
    /// `null` where it is deleted.
    name: Option<String>,
    status: &'static str,
    /// Whether it fired: kept when it did.
    fired: bool,
    date_fired: Option<String>,
    /// What the store's state had then.
    because: Vec<Value>,
    /// What is said of it now: `fired`, or what held it back.
    outcome: &'static str,
    why: String,
    /// What is not known any more: `issueStatus`, `counts`.
    assumed: Vec<&'static str>,
    environment: Option<String>,
    action_match: &'static str,
    conditions: Vec<NodeView>,
    filter_match: &'static str,
    filters: Vec<NodeView>,
}

/// All rules, judged.
pub(super) struct AllJudged {
    pub(super) rules: Vec<RuleView>,
    /// Whom the rules that fired were for.
    pub(super) alerted: Vec<Targets>,
    pub(super) received: Millis,
    /// Of the event.
    pub(super) environment: Option<String>,
    pub(super) hop: Hop,
    /// What the filters of each hook say, where they can be read.
    pub(super) hooks: HashMap<HookNumber, (Vec<NodeVerdict>, Verdict)>,
}

/// Judges the rules of a project on an event, and asks the filters of its hooks.
pub(super) async fn judge_all(
    api: &ApiState,
    project: &Project,
    event: &KeptEvent,
    hooks: &[Hook],
) -> Answer<AllJudged> {
    let rows = api.store.rules(project.id).await?;
    let number = |guid| hooks.iter().find(|hook| hook.guid == guid).map(|hook| hook.number);
    let compiled: Vec<Rule> = rows.iter().filter_map(|row| row.compile(number).ok()).collect();
    let targets: HashMap<RuleId, Targets> = compiled.iter().map(|rule| (rule.id, rule.targets.clone())).collect();
    let filters: Vec<HookFilter> = hooks.iter().filter_map(filter_of).collect();
    let numbers: Vec<HookNumber> = filters.iter().map(|filter| filter.subscription.hook).collect();
    let lookers = Lookers::new(compiled, filters);
    let fired = api.store.fired_on(project.id, event.seq).await?;
    let since = Millis(event.received.0.saturating_sub(lookers.reach_seconds().saturating_mul(1_000)));
    let scope = Scope { project: project.id, issue: Some(event.issue), below: event.seq.next().ok(), since };
    let gathered = gather(api, scope, |event| lookers.past(event)).await?;
    let standings = Standings::of(api, std::iter::once(event.issue)).await?;
    let releases = releases_for(api, project.id, &lookers).await?;
    let later = api.store.events_after(project.id, event.issue, event.seq).await?;
    let (history, nothing) = (History::of(gathered.events.iter(), gathered.horizon), HashMap::new());
    // One that cannot be read any more is in the log by now.
    let look = lookers.look(event).ok();
    let judged =
        look.as_ref().map(|look| judge(&lookers, look, (&standings, later), history.facts(look, &releases, &nothing)));
    let mut judged = judged.unwrap_or_default();
    throttle(api, &lookers, (project, event, &fired), &mut judged).await?;
    let now = api.clock.now();
    Ok(AllJudged {
        rules: views(&rows, judged, &fired, (event, now)),
        alerted: fired.iter().filter_map(|fired| targets.get(&fired.rule).cloned()).collect(),
        received: event.received,
        environment: look.as_ref().and_then(|look: &Look| look.environment.clone()),
        hop: Hop(event.hop),
        hooks: numbers
            .into_iter()
            .zip(look.as_ref().map(|look: &Look| look.hooks.clone()).unwrap_or_default())
            .collect(),
    })
}

/// Holds back what had fired for the event's issue within its frequency. That is asked only of what has not fired and would
/// otherwise.
async fn throttle(
    api: &ApiState,
    lookers: &Lookers,
    (project, event, fired): (&Project, &KeptEvent, &[FiredRow]),
    judged: &mut [Judged<'_>],
) -> Answer<()> {
    let has_fired = |rule: RuleId| fired.iter().any(|fired| fired.rule == rule);
    let would_fire = |(_, one): &(&Rule, &mut Judged<'_>)| one.outcome == Outcome::Fires && !has_fired(one.rule);
    for (rule, one) in lookers.rules().zip(judged).filter(would_fire) {
        let frequency = i64::try_from(rule.frequency.as_millis()).unwrap_or(i64::MAX);
        // At its very end the rule is free again.
        let since = Millis(event.received.0.saturating_sub(frequency).saturating_add(1));
        let firing = FiringBefore { project: project.id, rule: rule.id, issue: event.issue, event: event.seq, since };
        if let Some(last) = api.store.fired_before(firing).await? {
            one.outcome = Outcome::Throttled(last);
        }
    }
    Ok(())
}

/// The filters of a hook, whatever it is on.
fn filter_of(hook: &Hook) -> Option<HookFilter> {
    let subscription = Subscription { hook: hook.number, wants: Wants::Both };
    Some(HookFilter { subscription, filters: hook.clause().ok()? })
}

/// The newest rule first; then those that fired and are deleted.
fn views(
    rows: &[RuleRow],
    judged: Vec<Judged<'_>>,
    fired: &[FiredRow],
    (event, now): (&KeptEvent, Millis),
) -> Vec<RuleView> {
    let mut judged: HashMap<RuleId, Judged<'_>> = judged.into_iter().map(|one| (one.rule, one)).collect();
    let firing = |rule: RuleId| fired.iter().find(|fired| fired.rule == rule);
    let present = rows.iter().map(|row| {
        let judged = judged.remove(&row.id);
        let (outcome, why) = said(row, judged.as_ref(), firing(row.id), (event, now));
        RuleView::of(row, judged.as_ref(), firing(row.id), (outcome, why))
    });
    let mut views: Vec<RuleView> = present.collect();
    let is_deleted = |fired: &&FiredRow| rows.iter().all(|row| row.id != fired.rule);
    views.extend(fired.iter().filter(is_deleted).map(RuleView::of_deleted));
    views
}

/// What is said of a rule. What fired has fired; a rule that holds now and did not fire then was another, or none.
fn said(
    row: &RuleRow,
    judged: Option<&Judged<'_>>,
    fired: Option<&FiredRow>,
    (event, now): (&KeptEvent, Millis),
) -> (&'static str, String) {
    let Some(judged) = judged else {
        return ("unreadable", "The rule, or the event, cannot be read by this version.".to_owned());
    };
    if fired.is_some() {
        return ("fired", "The rule fired on this event.".to_owned());
    }
    if row.created > event.received {
        return ("newer", "The rule was made after this event.".to_owned());
    }
    if !row.active {
        return ("disabled", "The rule is disabled.".to_owned());
    }
    if row.snooze.is_some_and(|snooze| snooze.since <= event.received && snooze.holds(now)) {
        return (Outcome::Snoozed.as_str(), Outcome::Snoozed.sentence());
    }
    match judged.outcome {
        Outcome::Fires => (
            "changed",
            "Everything matches now, but the rule did not fire: it, the issue or a snooze has been changed since."
                .to_owned(),
        ),
        outcome => (outcome.as_str(), outcome.sentence()),
    }
}

impl RuleView {
    fn of(
        row: &RuleRow,
        judged: Option<&Judged<'_>>,
        fired: Option<&FiredRow>,
        (outcome, why): (&'static str, String),
    ) -> RuleView {
        let nodes = |written: &[Value], part: Part| match judged {
            Some(judged) => {
                let verdicts = match part {
                    Part::Filters => &judged.explanation.filters,
                    Part::Conditions => &judged.explanation.conditions,
                };
                node_views(&node_names(written), verdicts, (part, &judged.because))
            }
            None => Vec::new(),
        };
        RuleView {
            id: row.id.to_string(),
            name: Some(row.name.clone()),
            status: if row.active { "active" } else { "disabled" },
            fired: fired.is_some(),
            date_fired: fired.map(|fired| iso(fired.fired)),
            because: fired.map(|fired| with_names(&fired.because, row)).unwrap_or_default(),
            outcome,
            why,
            assumed: judged.map(|judged| judged.assumed.clone()).filter(|_| fired.is_none()).unwrap_or_default(),
            environment: row.environment.clone(),
            action_match: row.action_match.as_str(),
            conditions: nodes(&row.conditions, Part::Conditions),
            filter_match: row.filter_match.as_str(),
            filters: nodes(&row.filters, Part::Filters),
        }
    }

    fn of_deleted(fired: &FiredRow) -> RuleView {
        RuleView {
            id: fired.rule.to_string(),
            name: None,
            status: "deleted",
            fired: true,
            date_fired: Some(iso(fired.fired)),
            because: fired.because.as_array().cloned().unwrap_or_default(),
            outcome: "fired",
            why: "The rule fired on this event, and has been deleted since.".to_owned(),
            assumed: Vec::new(),
            environment: None,
            action_match: "all",
            conditions: Vec::new(),
            filter_match: "all",
            filters: Vec::new(),
        }
    }
}

/// What was kept of a firing, with the names of the nodes that stand in these places now.
fn with_names(because: &Value, row: &RuleRow) -> Vec<Value> {
    let mut kept = because.as_array().cloned().unwrap_or_default();
    for decided in &mut kept {
        let nodes = if decided["part"] == "filters" { &row.filters } else { &row.conditions };
        let place = decided["node"].as_u64().and_then(|place| usize::try_from(place).ok());
        if let Some(node) = place.and_then(|place| nodes.get(place)) {
            decided["name"] = Value::String(label_of(node));
        }
    }
    kept
}
