//! *Match*: all rules and hook filters of one project, compiled together, against one event.
//!
//! What several nodes ask of an event is looked up once. The answer is three-valued: a rule that the event rules out is
//! gone, the others are candidates, each half either settled or left for [`crate::decide`].

use std::sync::Arc;

use protocol::event::{Event, EventError, Scratch, stored};
use protocol::json::Tape;

use super::{
    Clause, Comparison, CountedThing, CounterKey, EventNode, EventView, Frequency, LevelOrder, Node, Quantifier, Rule,
    Source, StateNode, Subscription, Values, Wants,
};
use crate::ids::Millis;
use crate::title::Title;

/// Rules and hook filters of a project, ready to be asked. Replaced whole when any of them changes.
#[derive(Debug, Default)]
pub struct Matcher {
    sources: Vec<Source>,
    needs_document: bool,
    rules: Vec<CompiledRule>,
    hooks: Vec<CompiledHook>,
    counters: Vec<CompiledCounter>,
}

/// A hook with its filters.
#[derive(Debug, Clone, PartialEq)]
pub struct HookFilter {
    /// The hook and what it wants.
    pub subscription: Subscription,
    /// Which events it wants: event nodes only.
    pub filters: Clause,
}

/// The rules that an event has not ruled out, and the counters that it counts for.
#[derive(Debug, Clone, Default)]
pub struct RuleCandidates {
    /// Where the indices lead; none where there are no rules.
    pub(crate) matcher: Option<Arc<Matcher>>,
    /// In the order of rule ids.
    pub(crate) left: Vec<LeftToDecide>,
    counters: Vec<CounterHit>,
}

/// A rule that is left to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftToDecide {
    /// Its index in the matcher.
    pub(crate) rule: usize,
    /// Its filters.
    pub(crate) filters: Half,
    /// Its conditions.
    pub(crate) conditions: Half,
}

/// What the event alone says of a clause that it does not refute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// It holds.
    Holds,
    /// The state nodes decide.
    LeftToDecide,
}

/// A counter that an event counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterHit {
    /// Which.
    pub key: CounterKey,
    /// Whether it counts users.
    pub counts_users: bool,
    /// The length of its buckets, in seconds.
    pub bucket_seconds: i64,
}

#[derive(Debug)]
pub(crate) struct CompiledRule {
    pub(crate) rule: Rule,
    pub(crate) filters: Tests,
    pub(crate) conditions: Tests,
}

/// A clause with its nodes apart: those of the event first, they cost nothing of the writer.
#[derive(Debug)]
pub(crate) struct Tests {
    pub(crate) quantifier: Quantifier,
    events: Vec<EventTest>,
    pub(crate) states: Vec<StateTest>,
}

#[derive(Debug)]
enum EventTest {
    Always,
    Level { order: LevelOrder, number: u8 },
    Text { source: usize, comparison: Comparison },
}

/// A state node, by its place among the clause's nodes.
#[derive(Debug)]
pub(crate) struct StateTest {
    pub(crate) place: usize,
    pub(crate) node: StateNode,
    /// What answers it, where it is a frequency.
    pub(crate) counter: Option<CounterKey>,
}

#[derive(Debug)]
struct CompiledHook {
    subscription: Subscription,
    filters: Tests,
}

#[derive(Debug)]
struct CompiledCounter {
    hit: CounterHit,
    environment: Option<String>,
    restriction: Option<Tests>,
}

/// An event's texts under each source, looked up when first asked for.
struct Memo<'m, 'v, 'e> {
    view: &'m EventView<'v, 'e>,
    sources: &'m [Source],
    values: Vec<Option<Values<'v>>>,
}

impl Matcher {
    /// Compiles the active rules of a project and the filters of its enabled hooks.
    pub fn new(mut rules: Vec<Rule>, hooks: Vec<HookFilter>) -> Matcher {
        rules.sort_by_key(|rule| rule.id);
        let mut matcher = Matcher::default();
        for rule in rules {
            matcher.add_counters(&rule);
            let (filters, conditions) =
                (matcher.compile(&rule.filters, &rule), matcher.compile(&rule.conditions, &rule));
            matcher.rules.push(CompiledRule { rule, filters, conditions });
        }
        for hook in hooks {
            let filters = Tests {
                quantifier: hook.filters.quantifier,
                events: hook.filters.nodes.iter().filter_map(|node| matcher.event_test(node)).collect(),
                states: Vec::new(),
            };
            matcher.hooks.push(CompiledHook { subscription: hook.subscription, filters });
        }
        let asks_document = |source: &Source| match source {
            Source::Attribute(attribute) => attribute.needs_document(),
            Source::Tag(_) => false,
        };
        matcher.needs_document = matcher.sources.iter().any(asks_document);
        matcher
    }

    /// Whether a rule or filter asks for what only the event's stored JSON holds.
    pub fn needs_document(&self) -> bool {
        self.needs_document
    }

    /// Shows an event, by its JSON as it is stored, as this matcher sees it.
    ///
    /// # Errors
    /// Where the value is no event.
    pub fn with_stored<T>(
        &self,
        (value, received): (&[u8], Millis),
        look: impl FnOnce(&EventView<'_, '_>, &Event<'_>) -> T,
    ) -> Result<T, EventError> {
        let (mut scratch, mut tape) = (Scratch::default(), Tape::new());
        let event = stored(value, received.0.saturating_mul(1_000), &mut scratch)?;
        let title = Title::of(&event);
        let document = if self.needs_document { tape.parse(value).ok() } else { None };
        Ok(look(&EventView::new(&event, title.as_str(), document.as_ref()), &event))
    }

    /// The rules, by id.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|compiled| &compiled.rule)
    }

    /// The counters that an event counts for.
    pub fn counters(&self, view: &EventView<'_, '_>) -> Vec<CounterHit> {
        let mut memo = self.memo(view);
        self.counters.iter().filter(|counter| memo.counts(counter)).map(|counter| counter.hit).collect()
    }

    /// Whether a rule asks for a counter.
    pub fn has_counter(&self, key: CounterKey) -> bool {
        self.counters.iter().any(|counter| counter.hit.key == key)
    }

    /// Which hooks want the event, in their order, and which rules it has not ruled out.
    pub fn ask(self: &Arc<Self>, view: &EventView<'_, '_>) -> (Vec<Subscription>, RuleCandidates) {
        let mut memo = self.memo(view);
        let hooks = self.hooks.iter().filter(|hook| memo.half(&hook.filters).is_some());
        let subscriptions: Vec<_> = hooks.map(|hook| hook.subscription).collect();
        if self.rules.is_empty() {
            return (subscriptions, RuleCandidates::default());
        }
        let rules = self.rules.iter().enumerate().filter(|(_, compiled)| self.is_heard(&compiled.rule, &subscriptions));
        let left = rules.filter_map(|(index, rule)| memo.rule(index, rule)).collect();
        let counters = self.counters.iter().filter(|counter| memo.counts(counter)).map(|counter| counter.hit).collect();
        (subscriptions, RuleCandidates { matcher: Some(Arc::clone(self)), left, counters })
    }

    /// False where the filters of every hook that the rule alerts have turned the event away: the rule would keep still
    /// afterwards for an alert that nobody was owed. A rule with no hook to alert at all fires, for its history.
    fn is_heard(&self, rule: &Rule, wanting: &[Subscription]) -> bool {
        let hears = |subscription: &Subscription| {
            subscription.wants != Wants::Created && rule.targets.contains(subscription.hook)
        };
        wanting.len() == self.hooks.len()
            || wanting.iter().any(hears)
            || !self.hooks.iter().any(|hook| hears(&hook.subscription))
    }

    fn memo<'m, 'v, 'e>(&'m self, view: &'m EventView<'v, 'e>) -> Memo<'m, 'v, 'e> {
        Memo { view, sources: &self.sources, values: vec![None; self.sources.len()] }
    }

    pub(crate) fn rule(&self, index: usize) -> &CompiledRule {
        &self.rules[index]
    }

    fn compile(&mut self, clause: &Clause, rule: &Rule) -> Tests {
        let mut tests = Tests { quantifier: clause.quantifier, events: Vec::new(), states: Vec::new() };
        for (place, node) in clause.nodes.iter().enumerate() {
            if let Node::State(state) = node {
                let counter = match state {
                    StateNode::Frequency(frequency) => Some(rule.counter(frequency).key),
                    _ => None,
                };
                tests.states.push(StateTest { place, node: state.clone(), counter });
            }
            tests.events.extend(self.event_test(node));
        }
        // Counts are read from the store: what costs nothing comes first.
        tests.states.sort_by_key(|test| test.counter.is_some());
        tests
    }

    fn event_test(&mut self, node: &Node) -> Option<EventTest> {
        let Node::Event(node) = node else { return None };
        Some(match node {
            EventNode::Always => EventTest::Always,
            EventNode::Level { order, number } => EventTest::Level { order: *order, number: *number },
            EventNode::Text { source, comparison } => {
                EventTest::Text { source: self.source(source), comparison: comparison.clone() }
            }
        })
    }

    /// The index of a source; each is kept once.
    fn source(&mut self, source: &Source) -> usize {
        let known = self.sources.iter().position(|known| known == source);
        known.unwrap_or_else(|| {
            self.sources.push(source.clone());
            self.sources.len() - 1
        })
    }

    fn add_counters(&mut self, rule: &Rule) {
        for counter in rule.counters() {
            if self.counters.iter().any(|known| known.hit.key == counter.key) {
                continue;
            }
            let restriction = counter.restriction.map(|restriction| {
                let tests = restriction.tests.iter();
                let events = tests
                    .map(|(source, comparison)| EventTest::Text {
                        source: self.source(source),
                        comparison: comparison.clone(),
                    })
                    .collect();
                Tests { quantifier: restriction.quantifier, events, states: Vec::new() }
            });
            let (key, counts_users, bucket_seconds) = (counter.key, counter.counts_users, counter.bucket_seconds);
            let hit = CounterHit { key, counts_users, bucket_seconds };
            self.counters.push(CompiledCounter { hit, environment: counter.environment, restriction });
        }
    }
}

impl RuleCandidates {
    /// Whether no rule can fire.
    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// How many rules are left to decide.
    pub fn len(&self) -> usize {
        self.left.len()
    }

    /// The counters that the event counts for.
    pub fn counters(&self) -> &[CounterHit] {
        &self.counters
    }

    /// The rules that are left to decide.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        let matcher = self.matcher.as_deref();
        self.left.iter().filter_map(move |left| Some(&matcher?.rule(left.rule).rule))
    }
}

impl Memo<'_, '_, '_> {
    /// `None` where the event rules the rule out.
    fn rule(&mut self, index: usize, compiled: &CompiledRule) -> Option<LeftToDecide> {
        if !self.is_in(compiled.rule.environment.as_deref()) {
            return None;
        }
        let filters = self.half(&compiled.filters)?;
        let conditions = self.half(&compiled.conditions)?;
        Some(LeftToDecide { rule: index, filters, conditions })
    }

    fn counts(&mut self, counter: &CompiledCounter) -> bool {
        self.is_in(counter.environment.as_deref())
            && counter.restriction.as_ref().is_none_or(|restriction| self.half(restriction).is_some())
    }

    fn is_in(&self, environment: Option<&str>) -> bool {
        environment.is_none() || environment == self.view.environment()
    }

    /// `None` where the event refutes the clause.
    fn half(&mut self, tests: &Tests) -> Option<Half> {
        if tests.events.is_empty() && tests.states.is_empty() {
            return Some(Half::Holds);
        }
        // One node that holds settles `any` and `none`, one that does not settles `all`.
        let settling = tests.quantifier != Quantifier::All;
        if tests.events.iter().any(|test| self.passes(test) == settling) {
            return (tests.quantifier == Quantifier::Any).then_some(Half::Holds);
        }
        if tests.states.is_empty() {
            return (tests.quantifier != Quantifier::Any).then_some(Half::Holds);
        }
        Some(Half::LeftToDecide)
    }

    fn passes(&mut self, test: &EventTest) -> bool {
        match test {
            EventTest::Always => true,
            EventTest::Level { order, number } => order.holds(self.view.level_number(), *number),
            EventTest::Text { source, comparison } => {
                let (view, sources) = (self.view, self.sources);
                let values = self.values[*source].get_or_insert_with(|| view.values(&sources[*source]));
                comparison.passes(values.iter())
            }
        }
    }
}

impl Frequency {
    /// Whether users are counted, not events.
    pub(crate) fn counts_users(&self) -> bool {
        self.thing != CountedThing::Events
    }
}
