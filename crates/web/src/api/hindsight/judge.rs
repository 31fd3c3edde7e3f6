//! What becomes of each rule on one stored event.

use std::collections::HashMap;

use model::decide::{Decided, IssueState, Part, RuleOutcome, verdicts};
use model::ids::{IssueId, Millis, RuleId};
use model::issue::{IssueStatus, Turn};
use model::rules::{Explanation, Verdict};
use store::hindsight::IssueStanding;

use super::super::ApiState;
use super::super::error::Answer;
use super::super::time::iso;
use super::history::Facts;
use super::look::{Look, Lookers};

/// What became of a rule, or would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Outcome {
    /// It fires.
    Fires,
    /// The event is of another environment.
    Environment,
    /// Its filters do not hold.
    Filters,
    /// Its conditions do not hold.
    Conditions,
    /// All of it holds, but it had fired for the issue already.
    Throttled(Millis),
    /// It is snoozed.
    Snoozed,
    /// The issue is resolved or ignored.
    Issue(IssueStatus),
    /// Webhooks have led to the event too often.
    Loop,
    /// The filters of every hook that it alerts have turned the event away.
    Hooks,
    /// The issue is gone: nobody can say.
    Gone,
}

/// What became of a rule, and why.
pub(in super::super) struct Judged<'l> {
    pub(in super::super) rule: RuleId,
    pub(in super::super) outcome: Outcome,
    /// What the event alone says.
    pub(in super::super) explanation: &'l Explanation,
    /// What the store's state says, as far as it came to that.
    pub(in super::super) because: Vec<Decided>,
    /// What is not known any more.
    pub(in super::super) assumed: Vec<&'static str>,
}

/// Where issues stand now.
pub(in super::super) struct Standings(HashMap<IssueId, IssueStanding>);

impl Standings {
    /// Those of these issues, which may come several times.
    pub(in super::super) async fn of(api: &ApiState, issues: impl Iterator<Item = IssueId>) -> Answer<Standings> {
        let mut issues: Vec<IssueId> = issues.collect();
        issues.sort_unstable();
        issues.dedup();
        let found = api.store.issue_standings(issues).await?;
        Ok(Standings(found.into_iter().map(|standing| (standing.id, standing)).collect()))
    }
}

/// Judges each rule on an event that so many events of its issue came after.
pub(in super::super) fn judge<'l>(
    lookers: &Lookers,
    look: &'l Look,
    (standings, later): (&Standings, u64),
    mut facts: Facts<'_>,
) -> Vec<Judged<'l>> {
    let state = standings.0.get(&look.issue).map(|standing| state_at(look, standing, later));
    let mut told = HashMap::new();
    if let Some((state, _)) = &state {
        let Ok(verdicts) = verdicts(&look.candidates.rules, state, &mut facts);
        told.extend(verdicts.into_iter().map(|verdict| (verdict.rule, verdict)));
    }
    let judged = lookers.rules().zip(&look.explanations).map(|(rule, explanation)| {
        let verdict = told.remove(&rule.id);
        let outcome = match (&state, &verdict) {
            _ if look.hop.is_loop() => Outcome::Loop,
            (None, _) => Outcome::Gone,
            (Some((state, _)), _) if state.status != IssueStatus::Unresolved => Outcome::Issue(state.status),
            (_, Some(verdict)) => Outcome::of(verdict.outcome),
            (_, None) => Outcome::refuted_by_the_event(explanation),
        };
        let is_status_known = state.as_ref().is_none_or(|(_, is_known)| *is_known);
        let because = verdict.map(|verdict| verdict.because).unwrap_or_default();
        let assumed = [(!is_status_known, "issueStatus"), (facts.is_cut && !because.is_empty(), "counts")];
        let assumed = assumed.into_iter().filter(|(is_assumed, _)| *is_assumed).map(|(_, what)| what).collect();
        Judged { rule: rule.id, outcome, explanation, because, assumed }
    });
    judged.collect()
}

/// What the store knew of the issue when the event came, and whether its status then is known. A status that was changed since is
/// taken for unresolved.
fn state_at(look: &Look, standing: &IssueStanding, later: u64) -> (IssueState, bool) {
    let (status, is_known) = match look.turn {
        Turn::New | Turn::Regressed | Turn::Reappeared => (IssueStatus::Unresolved, true),
        Turn::Repeated if standing.changed <= look.received => (standing.status, true),
        Turn::Repeated => (IssueStatus::Unresolved, false),
    };
    let state = IssueState {
        turn: look.turn,
        is_new_in_environment: look.is_new_in_environment,
        status,
        priority: standing.priority,
        first_seen: standing.first_seen,
        times_seen: standing.times_seen.saturating_sub(later).max(1),
        now: look.received,
    };
    (state, is_known)
}

impl Outcome {
    fn of(outcome: RuleOutcome) -> Outcome {
        match outcome {
            RuleOutcome::Fires => Outcome::Fires,
            RuleOutcome::Silent => Outcome::Snoozed,
            RuleOutcome::Refuted(Part::Filters) => Outcome::Filters,
            RuleOutcome::Refuted(Part::Conditions) => Outcome::Conditions,
            RuleOutcome::Throttled { last } => Outcome::Throttled(last),
        }
    }

    fn refuted_by_the_event(explanation: &Explanation) -> Outcome {
        match (explanation.environment, explanation.filters_hold) {
            (Verdict::Fails, _) => Outcome::Environment,
            (_, Verdict::Fails) => Outcome::Filters,
            _ if explanation.conditions_hold == Verdict::Fails => Outcome::Conditions,
            _ => Outcome::Hooks,
        }
    }

    /// The name in answers.
    pub(in super::super) fn as_str(self) -> &'static str {
        match self {
            Outcome::Fires => "fires",
            Outcome::Environment => "environment",
            Outcome::Filters => "filters",
            Outcome::Conditions => "conditions",
            Outcome::Throttled(_) => "frequency",
            Outcome::Snoozed => "snoozed",
            Outcome::Issue(_) => "issueStatus",
            Outcome::Loop => "loop",
            Outcome::Hooks => "hooks",
            Outcome::Gone => "gone",
        }
    }

    /// For people.
    pub(in super::super) fn sentence(self) -> String {
        match self {
            Outcome::Fires => "Everything matches.".to_owned(),
            Outcome::Environment => "The event is of another environment.".to_owned(),
            Outcome::Filters => "The filters do not match.".to_owned(),
            Outcome::Conditions => "The conditions do not match.".to_owned(),
            Outcome::Throttled(last) => {
                format!("The rule had fired for this issue at {}, within its frequency.", iso(last))
            }
            Outcome::Snoozed => "The rule is snoozed.".to_owned(),
            Outcome::Issue(status) => format!("The issue is {}: only unresolved issues alert.", status.as_str()),
            Outcome::Loop => "Webhooks have led to this event too often: it alerts nobody, to end the loop.".to_owned(),
            Outcome::Hooks => "No hook that the rule alerts wants this event: see their filters.".to_owned(),
            Outcome::Gone => "The issue is gone: its state is not known any more.".to_owned(),
        }
    }
}
