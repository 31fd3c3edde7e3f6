//! *Decide*: what an event owes once the store has said what it knows of the issue. A pure function that the store calls
//! inside its own transaction; what it needs to know it asks for, one fact at a time, and no more than it must.
//!
//! It refuses nothing: every input has an answer. What it does not know is how facts are kept.

mod rules;

#[cfg(test)]
mod tests;

use webhook::Kind;

use crate::delivery::Priority;
use crate::ids::{HookNumber, Millis, RuleId};
use crate::issue::{IssuePriority, IssueStatus, Turn};
use crate::matching::EventCandidates;
use crate::rules::{BucketWindow, CounterKey};

pub use rules::{Decided, Fired, Part, RuleOutcome, RuleVerdict, verdicts};

/// What the store knows of the event's issue inside the record transaction, this event included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssueState {
    /// What the event did to the issue.
    pub turn: Turn,
    /// Whether it is the issue's first event in its environment; of an event without one, the first without.
    pub is_new_in_environment: bool,
    /// Where the issue stands after the event.
    pub status: IssueStatus,
    /// How urgent the issue is.
    pub priority: IssuePriority,
    /// The earliest of its events' times.
    pub first_seen: Millis,
    /// How many events it has had.
    pub times_seen: u64,
    /// When the event was received: the present.
    pub now: Millis,
}

/// What decide asks the store, about the issue and the event at hand.
pub trait StoreFacts {
    /// Why the store could not say.
    type Error;

    /// When the rule last fired for the issue.
    fn last_fired(&mut self, rule: RuleId) -> Result<Option<Millis>, Self::Error>;

    /// What a counter has counted for the issue in a window, this event included.
    fn count(&mut self, asked: Asked) -> Result<u64, Self::Error>;

    /// Whether the event's release is the newest of its project, or of those seen in an environment.
    fn has_latest_release(&mut self, environment: Option<&str>) -> Result<bool, Self::Error>;
}

/// A count that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asked {
    /// Of which counter.
    pub key: CounterKey,
    /// Whether it counts users: distinct ones over the window.
    pub counts_users: bool,
    /// Over which buckets.
    pub window: BucketWindow,
}

/// One delivery that an event owes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedDelivery {
    /// To whom.
    pub hook: HookNumber,
    /// About what.
    pub kind: Kind,
    /// How urgent.
    pub priority: Priority,
    /// For an alert, the rules that fired for this hook: indices of [`Owed::fired`].
    pub rules: Vec<usize>,
}

/// Everything that an event owes, at most one delivery for each hook and kind, and the rules that fired.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use]
pub struct Owed {
    /// In the order of the candidates; alerts last.
    pub deliveries: Vec<OwedDelivery>,
    /// By rule id.
    pub fired: Vec<Fired>,
}

/// What the event owes. An event that webhooks have led to too often owes nothing, which ends the loop; an issue that is
/// resolved or ignored fires no rule.
///
/// # Errors
/// The first fact that the store could not tell.
pub fn decide<F: StoreFacts>(
    candidates: &EventCandidates,
    issue: &IssueState,
    facts: &mut F,
) -> Result<Owed, F::Error> {
    if candidates.hop.is_loop() {
        return Ok(Owed::default());
    }
    let fired = match issue.status {
        IssueStatus::Unresolved => rules::fire(&candidates.rules, issue, facts)?,
        IssueStatus::Resolved | IssueStatus::Ignored => Vec::new(),
    };
    let priority = if issue.turn == Turn::New { Priority::FirstOfIssue } else { Priority::Repeat };
    let created = candidates.created.iter();
    let mut deliveries: Vec<_> =
        created.map(|&hook| OwedDelivery { hook, kind: Kind::EventCreated, priority, rules: Vec::new() }).collect();
    if !fired.is_empty() {
        deliveries.extend(candidates.alerted.iter().filter_map(|&hook| alert(candidates, hook, &fired)));
    }
    Ok(Owed { deliveries, fired })
}

/// The alert of one hook, if any of the rules that fired is for it.
fn alert(candidates: &EventCandidates, hook: HookNumber, fired: &[Fired]) -> Option<OwedDelivery> {
    let is_for = |fired: &Fired| candidates.rules.rule(fired.index).is_some_and(|rule| rule.targets.contains(hook));
    let rules: Vec<usize> = (0..fired.len()).filter(|&index| is_for(&fired[index])).collect();
    let has_any = !rules.is_empty();
    has_any.then_some(OwedDelivery { hook, kind: Kind::EventAlert, priority: Priority::Alert, rules })
}

impl Owed {
    /// Ids and names of the rules that an alert lists.
    pub fn triggering<'c>(&self, delivery: &OwedDelivery, candidates: &'c EventCandidates) -> Vec<(RuleId, &'c str)> {
        let rule = |index: &usize| candidates.rules.rule(self.fired.get(*index)?.index);
        delivery.rules.iter().filter_map(rule).map(|rule| (rule.id, rule.name.as_str())).collect()
    }
}
