//! What an event owes, once the store has said what it knows of the issue: a pure function that the store calls inside its
//! own transaction. It refuses nothing: every input has an answer.

use webhook::Kind;

use crate::delivery::Priority;
use crate::ids::HookNumber;
use crate::matching::EventCandidates;

/// What the store knows of the event's issue inside the record transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssueState {
    /// Whether this event made the issue.
    pub is_new: bool,
}

/// One delivery that an event owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwedDelivery {
    /// To whom.
    pub hook: HookNumber,
    /// About what.
    pub kind: Kind,
    /// How urgent.
    pub priority: Priority,
}

/// Everything that an event owes, at most one delivery for each hook and kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use]
pub struct Owed {
    /// In the order of the candidates.
    pub deliveries: Vec<OwedDelivery>,
}

/// What the event owes. An event that webhooks have led to too often owes nothing, which ends the loop.
pub fn decide(candidates: &EventCandidates, issue: &IssueState) -> Owed {
    if candidates.hop.is_loop() {
        return Owed::default();
    }
    let priority = if issue.is_new { Priority::FirstOfIssue } else { Priority::Repeat };
    let created = candidates.created.iter();
    let deliveries = created.map(|&hook| OwedDelivery { hook, kind: Kind::EventCreated, priority }).collect();
    Owed { deliveries }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loops::{Hop, MAX_HOP};
    use crate::matching::{Subscription, Wants};

    fn candidates(hop: u8) -> EventCandidates {
        let subscription = |number, wants| Subscription { hook: HookNumber::new(number).unwrap(), wants };
        let hooks = [subscription(5, Wants::Created), subscription(2, Wants::Alerts), subscription(9, Wants::Both)];
        EventCandidates::new(Hop(hop), hooks)
    }

    #[test]
    fn every_hook_that_wants_created_events_is_owed_one_of_a_new_issue_and_of_a_known_one() {
        for (is_new, priority) in [(true, Priority::FirstOfIssue), (false, Priority::Repeat)] {
            let owed = decide(&candidates(0), &IssueState { is_new });
            let owed = owed.deliveries.iter().map(|owed| (owed.hook.get(), owed.kind, owed.priority));
            assert!(owed.eq([(5, Kind::EventCreated, priority), (9, Kind::EventCreated, priority)]));
        }
    }

    #[test]
    fn an_event_that_webhooks_led_to_three_times_owes_nothing() {
        for (hop, count) in [(1, 2), (MAX_HOP - 1, 2), (MAX_HOP, 0), (u8::MAX, 0)] {
            let owed = decide(&candidates(hop), &IssueState { is_new: true });
            assert_eq!(owed.deliveries.len(), count, "hop {hop}");
        }
    }

    #[test]
    fn nobody_listening_is_owed_nothing() {
        let nobody = EventCandidates::new(Hop::default(), []);
        assert_eq!(decide(&nobody, &IssueState { is_new: true }), Owed::default());
    }

    #[test]
    fn room_is_reserved_only_for_hooks_that_may_be_owed_something() {
        let most = [5, 2, 9, 1].map(|number| candidates(0).most_owed_to(HookNumber::new(number).unwrap()));
        assert_eq!(most, [1, 0, 1, 0]);
    }
}
