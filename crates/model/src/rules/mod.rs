//! Issue alert rules, in two halves: what the event alone decides, and what the store's state decides.
//!
//! A rule is read once, from Sentry's JSON ([`Node::read`]), and compiled with all rules and hook filters of its project into
//! a [`Matcher`]. [`Matcher::ask`] is *match*: it runs outside the writer, on the request's task, and rules out what
//! the event rules out. [`crate::decide`] is the rest, inside the record transaction. Both are pure and total, and both
//! say why: [`Rule::explain`] here, [`Fired`](crate::decide::Fired) there.
//!
//! Refuses what needs data that nobody keeps: such a node is an error when it is read, never a rule that is silently false.

mod attribute;
mod comparison;
mod counter;
mod explain;
mod label;
mod matcher;
mod node;
mod read;
mod subscription;
mod view;
mod window;

#[cfg(test)]
mod tests;

pub use attribute::{Attribute, Source, UserField};
pub use comparison::{Comparison, MatchCode};
pub use counter::{Counter, CounterKey, Restriction};
pub use explain::{Explanation, NodeVerdict, Verdict};
pub use label::label;
pub(crate) use matcher::{CompiledRule, StateTest, Tests};
pub use matcher::{CounterHit, Half, HookFilter, LeftToDecide, Matcher, RuleCandidates};
pub use node::{Age, Clause, CountedThing, EventNode, Frequency, LevelOrder, Node, Over, Quantifier, StateNode};
pub use read::{NodeError, NodePlace};
pub use subscription::{Subscription, Wants};
pub use view::{EventView, Values};
pub use window::{BucketWindow, Interval, bucket_start};

use std::time::Duration;

use crate::ids::{HookNumber, Millis, RuleId};

/// The shortest time between two alerts of a rule about one issue, in minutes.
pub const FREQUENCY_MINUTES_LEAST: u32 = 5;
/// The longest time between two alerts of a rule about one issue, in minutes: 30 days.
pub const FREQUENCY_MINUTES_MOST: u32 = 43_200;

/// An active rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// Its name for people; alerts carry it.
    pub name: String,
    /// Only events of this environment, if set.
    pub environment: Option<String>,
    /// When it fires: Sentry's conditions.
    pub conditions: Clause,
    /// What must hold besides: Sentry's filters.
    pub filters: Clause,
    /// The least time between two alerts about one issue.
    pub frequency: Duration,
    /// Which hooks get the alert.
    pub targets: Targets,
    /// Snoozed until then: it counts on, but does not fire.
    pub silent_until: Option<Millis>,
}

/// Which of the project's hooks on `event.alert` a rule alerts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Targets {
    /// All of them.
    #[default]
    EveryHook,
    /// Those that its actions name.
    Only(Vec<HookNumber>),
}

impl Rule {
    /// Whether it is snoozed at a moment.
    pub fn is_silent(&self, now: Millis) -> bool {
        self.silent_until.is_some_and(|until| now < until)
    }
}

impl Targets {
    /// Whether this hook gets the alert.
    pub fn contains(&self, hook: HookNumber) -> bool {
        match self {
            Targets::EveryHook => true,
            Targets::Only(hooks) => hooks.contains(&hook),
        }
    }
}
