//! What an event may owe, as far as the event alone can tell: which hooks want it, and which rules may fire.
//!
//! Made on the request's task by the project's [`Matcher`], outside the writer. What the store's state
//! must decide is left to [`crate::decide`].

use std::sync::Arc;

use crate::ids::HookNumber;
use crate::loops::Hop;
use crate::rules::{EventView, Matcher, RuleCandidates};

pub use crate::rules::{Subscription, Wants};

/// What may be owed for an event, as far as the event alone can tell. Travels to the writer with it.
#[derive(Debug, Clone, Default)]
pub struct EventCandidates {
    /// How many webhooks led to the event.
    pub hop: Hop,
    /// Hooks that are owed an `event.created`.
    pub created: Vec<HookNumber>,
    /// Hooks that are owed an `event.alert` if a rule fires for them.
    pub alerted: Vec<HookNumber>,
    /// Rules that may fire.
    pub rules: RuleCandidates,
}

impl Matcher {
    /// What this event may owe, after `hop` webhooks led to it.
    pub fn candidates(self: &Arc<Self>, hop: Hop, view: &EventView<'_, '_>) -> EventCandidates {
        let (subscriptions, rules) = self.ask(view);
        EventCandidates { rules, ..EventCandidates::new(hop, subscriptions) }
    }
}

impl EventCandidates {
    /// What an event that took `hop` webhooks to come about may owe to these hooks, in their order, where there are no rules.
    pub fn new(hop: Hop, subscriptions: impl IntoIterator<Item = Subscription>) -> Self {
        let mut candidates = Self { hop, ..Self::default() };
        subscriptions.into_iter().for_each(|subscription| candidates.add(subscription));
        candidates
    }

    /// Adds a hook that wants the event.
    fn add(&mut self, subscription: Subscription) {
        if subscription.wants != Wants::Alerts {
            self.created.push(subscription.hook);
        }
        if subscription.wants != Wants::Created {
            self.alerted.push(subscription.hook);
        }
    }

    /// Hooks that may be owed an `event.alert`: none where no rule is left to fire.
    pub fn may_alert(&self) -> &[HookNumber] {
        if self.rules.is_empty() || self.hop.is_loop() { &[] } else { &self.alerted }
    }
}
