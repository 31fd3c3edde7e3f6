//! What an event alone decides: which hooks want it, and (once there are rules) which rules may fire.
//!
//! Called on the request's task, outside the writer, with the project's hooks from the directory. What the store's state must
//! decide is left to [`crate::decide`].

use crate::ids::HookNumber;
use crate::loops::Hop;

/// What a hook listens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscription {
    /// The hook; only enabled hooks are asked.
    pub hook: HookNumber,
    /// The kinds it wants.
    pub wants: Wants,
}

/// The kinds that a hook wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// `event.created` only.
    Created,
    /// `event.alert` only.
    Alerts,
    /// Both.
    Both,
}

/// What may be owed for an event, as far as the event alone can tell. Travels to the writer with it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventCandidates {
    /// How many webhooks led to the event.
    pub hop: Hop,
    /// Hooks that are owed an `event.created`.
    pub created: Vec<HookNumber>,
    /// Rules that may fire: always empty, as there are no rules yet.
    pub rules: Vec<RuleCandidate>,
}

/// A rule that the event alone did not rule out. Has no values until there are rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleCandidate {}

impl EventCandidates {
    /// What an event that took `hop` webhooks to come about may owe to these hooks, in their order.
    pub fn new(hop: Hop, subscriptions: impl IntoIterator<Item = Subscription>) -> Self {
        let wants_created = |subscription: &Subscription| subscription.wants != Wants::Alerts;
        let created = subscriptions.into_iter().filter(wants_created).map(|subscription| subscription.hook).collect();
        Self { hop, created, rules: Vec::new() }
    }

    /// The most deliveries the event can owe to this hook: what a lane reserves room for.
    pub fn most_owed_to(&self, hook: HookNumber) -> usize {
        self.created.iter().filter(|&&wants| wants == hook).count()
    }
}
