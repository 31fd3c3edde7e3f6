//! One stored event as rules and hook filters see it.

use std::sync::Arc;

use model::ids::{IssueId, Millis, Seq};
use model::issue::Turn;
use model::loops::Hop;
use model::matching::EventCandidates;
use model::rules::{CounterHit, EventView, Explanation, HookFilter, Matcher, NodeVerdict, Rule, Verdict};
use model::title::Title;
use protocol::EventId;
use protocol::event::{EventError, Scratch, stored};
use protocol::json::Tape;
use store::hindsight::KeptEvent;
use store::marks::UserMark;

/// Who looks at events: rules and hook filters, compiled together.
pub(in super::super) struct Lookers {
    matcher: Arc<Matcher>,
    hooks: Vec<HookFilter>,
}

/// What was kept of an event, and what the event alone says of each rule and hook filter.
pub(in super::super) struct Look {
    pub(in super::super) seq: Seq,
    pub(in super::super) id: EventId,
    pub(in super::super) issue: IssueId,
    pub(in super::super) received: Millis,
    pub(in super::super) hop: Hop,
    pub(in super::super) turn: Turn,
    pub(in super::super) is_new_in_environment: bool,
    pub(in super::super) environment: Option<String>,
    pub(super) release: Option<String>,
    pub(super) user: Option<UserMark>,
    pub(super) counters: Vec<CounterHit>,
    pub(super) candidates: EventCandidates,
    /// In the order of [`Lookers::rules`].
    pub(super) explanations: Vec<Explanation>,
    /// In the order of the hooks that look.
    pub(in super::super) hooks: Vec<(Vec<NodeVerdict>, Verdict)>,
}

impl Lookers {
    /// These rules and hook filters.
    pub(in super::super) fn new(rules: Vec<Rule>, hooks: Vec<HookFilter>) -> Lookers {
        Lookers { matcher: Arc::new(Matcher::new(rules, hooks.clone())), hooks }
    }

    /// The rules, by id.
    pub(in super::super) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.matcher.rules()
    }

    /// How far back the rules' counts reach, in seconds; 0 where none counts.
    pub(in super::super) fn reach_seconds(&self) -> i64 {
        self.rules().flat_map(Rule::counters).map(|counter| counter.reach_seconds).max().unwrap_or(0)
    }

    /// Looks at an event.
    ///
    /// # Errors
    /// Where what is stored is no event.
    pub(super) fn look(&self, event: &KeptEvent) -> Result<Look, EventError> {
        let (mut scratch, mut tape) = (Scratch::default(), Tape::new());
        let read = stored(&event.value, event.received.0.saturating_mul(1_000), &mut scratch)?;
        let title = Title::of(&read);
        let document = if self.matcher.needs_document() { tape.parse(&event.value).ok() } else { None };
        let view = EventView::new(&read, title.as_str(), document.as_ref());
        let tags = read.tags.iter().chain(&read.derived_tags);
        Ok(Look {
            seq: event.seq,
            id: event.id,
            issue: event.issue,
            received: event.received,
            hop: Hop(event.hop),
            turn: event.turn,
            is_new_in_environment: event.is_new_in_environment,
            environment: read.environment.as_deref().map(str::to_owned),
            release: read.release.as_deref().map(str::to_owned),
            user: tags.filter(|(key, _)| key == "user").map(|(_, value)| UserMark::of(value)).next_back(),
            counters: self.matcher.counters(&view),
            candidates: self.matcher.candidates(Hop(event.hop), &view),
            explanations: self.rules().map(|rule| rule.explain(&view)).collect(),
            hooks: self.hooks.iter().map(|hook| hook.explain(&view)).collect(),
        })
    }
}
