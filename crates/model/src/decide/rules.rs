//! Which of the candidate rules fire: throttle, then filters, then conditions, each with what decided it.

use super::{Asked, IssueState, StoreFacts};
use crate::ids::{Millis, RuleId};
use crate::issue::{IssuePriority, Turn};
use crate::rules::{
    Age, CompiledRule, CounterKey, Frequency, Half, LeftToDecide, Matcher, Over, Quantifier, Rule, RuleCandidates,
    StateNode, StateTest, Tests,
};

/// A rule that fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    /// Which.
    pub rule: RuleId,
    /// Its index among the candidates.
    pub(super) index: usize,
    /// The nodes that the store's state decided, as far as they were asked.
    pub because: Vec<Decided>,
}

/// What decided a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// In which part of the rule it stands.
    pub part: Part,
    /// Its place there, from 0.
    pub place: usize,
    /// Whether it holds.
    pub holds: bool,
    /// What the store had: a count, a time, a word.
    pub found: String,
}

/// A part of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its filters.
    Filters,
    /// Its conditions.
    Conditions,
}

/// What becomes of a candidate, with the answer of every node that the store's state decides: for people who ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleVerdict {
    /// Which.
    pub rule: RuleId,
    /// What becomes of it.
    pub outcome: RuleOutcome,
    /// Every node that the event alone has not settled.
    pub because: Vec<Decided>,
}

/// What becomes of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleOutcome {
    /// It fires.
    Fires,
    /// It is silenced.
    Silent,
    /// A part of it does not hold.
    Refuted(Part),
    /// All of it holds, but it has fired within its frequency.
    Throttled {
        /// When.
        last: Millis,
    },
}

/// What becomes of each candidate, by rule id. It fires exactly where [`decide`](super::decide) lets it, but asks for everything.
///
/// # Errors
/// The first fact that the store could not tell.
pub fn verdicts<F: StoreFacts>(
    candidates: &RuleCandidates,
    issue: &IssueState,
    facts: &mut F,
) -> Result<Vec<RuleVerdict>, F::Error> {
    let Some(matcher) = candidates.matcher.as_deref() else { return Ok(Vec::new()) };
    let verdict = |left: &LeftToDecide| {
        let rule = &matcher.rule(left.rule).rule;
        let mut turn = Deciding { rule, issue, facts: &mut *facts, because: Vec::new() };
        let outcome = turn.outcome(matcher, left)?;
        Ok(RuleVerdict { rule: rule.id, outcome, because: turn.because })
    };
    candidates.left.iter().map(verdict).collect()
}

/// The candidates that fire, by rule id.
pub(super) fn fire<F: StoreFacts>(
    candidates: &RuleCandidates,
    issue: &IssueState,
    facts: &mut F,
) -> Result<Vec<Fired>, F::Error> {
    let Some(matcher) = candidates.matcher.as_deref() else { return Ok(Vec::new()) };
    let mut fired = Vec::new();
    for (index, left) in candidates.left.iter().enumerate() {
        let mut turn = Deciding { rule: &matcher.rule(left.rule).rule, issue, facts: &mut *facts, because: Vec::new() };
        if turn.fires(matcher, left)? {
            fired.push(Fired { rule: turn.rule.id, index, because: turn.because });
        }
    }
    Ok(fired)
}

impl RuleCandidates {
    /// The rule with this index among the candidates.
    pub(super) fn rule(&self, index: usize) -> Option<&Rule> {
        Some(&self.matcher.as_deref()?.rule(self.left.get(index)?.rule).rule)
    }
}

/// One rule's turn.
struct Deciding<'d, F> {
    rule: &'d Rule,
    issue: &'d IssueState,
    facts: &'d mut F,
    because: Vec<Decided>,
}

impl<F: StoreFacts> Deciding<'_, F> {
    fn fires(&mut self, matcher: &Matcher, left: &LeftToDecide) -> Result<bool, F::Error> {
        let compiled = matcher.rule(left.rule);
        if self.rule.is_silent(self.issue.now) {
            return Ok(false);
        }
        // What needs no question rules most candidates out before the throttle is looked up.
        if !self.may_hold(&compiled.conditions, left.conditions) || !self.may_hold(&compiled.filters, left.filters) {
            return Ok(false);
        }
        if self.is_throttled()? {
            return Ok(false);
        }
        // Few rules fire: what decided them is written down in a second pass, which asks for what is known by then.
        let holds = |turn: &mut Self, _, test: &StateTest| turn.holds(test);
        if !self.parts(compiled, left, holds)? {
            return Ok(false);
        }
        self.parts(compiled, left, Self::node)
    }

    fn parts(
        &mut self,
        compiled: &CompiledRule,
        left: &LeftToDecide,
        mut ask: impl FnMut(&mut Self, Part, &StateTest) -> Result<bool, F::Error>,
    ) -> Result<bool, F::Error> {
        let halves = [
            (Part::Filters, &compiled.filters, left.filters),
            (Part::Conditions, &compiled.conditions, left.conditions),
        ];
        for (part, tests, half) in halves {
            let answers = tests.states.iter().map(|test| ask(self, part, test));
            if half == Half::LeftToDecide && !tests.quantifier.holds(answers)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn outcome(&mut self, matcher: &Matcher, left: &LeftToDecide) -> Result<RuleOutcome, F::Error> {
        let compiled = matcher.rule(left.rule);
        let filters = self.whole_part(Part::Filters, &compiled.filters, left.filters)?;
        let conditions = self.whole_part(Part::Conditions, &compiled.conditions, left.conditions)?;
        let last = self.facts.last_fired(self.rule.id)?;
        Ok(match last {
            _ if self.rule.is_silent(self.issue.now) => RuleOutcome::Silent,
            _ if !filters => RuleOutcome::Refuted(Part::Filters),
            _ if !conditions => RuleOutcome::Refuted(Part::Conditions),
            Some(last) if self.issue.now < last.plus(self.rule.frequency) => RuleOutcome::Throttled { last },
            _ => RuleOutcome::Fires,
        })
    }

    /// One part, but asks every node, in the order written.
    fn whole_part(&mut self, part: Part, tests: &Tests, half: Half) -> Result<bool, F::Error> {
        let mut states: Vec<&StateTest> = tests.states.iter().collect();
        states.sort_by_key(|test| test.place);
        let answers = states.into_iter().map(|test| self.node(part, test)).collect::<Result<Vec<_>, _>>()?;
        if half == Half::Holds {
            return Ok(true);
        }
        tests.quantifier.holds(answers.into_iter().map(Ok))
    }

    /// Fired within the rule's frequency. Only firing moves the throttle.
    fn is_throttled(&mut self) -> Result<bool, F::Error> {
        let last = self.facts.last_fired(self.rule.id)?;
        Ok(last.is_some_and(|last| self.issue.now < last.plus(self.rule.frequency)))
    }

    /// False where the nodes that ask the store nothing already refute the clause.
    fn may_hold(&self, tests: &Tests, half: Half) -> bool {
        if half == Half::Holds {
            return true;
        }
        let free = |test: &StateTest| free_answer(test, self.rule, self.issue);
        match tests.quantifier {
            Quantifier::All => tests.states.iter().all(|test| free(test) != Some(false)),
            Quantifier::Any => tests.states.iter().any(|test| free(test) != Some(false)),
            Quantifier::None => tests.states.iter().all(|test| free(test) != Some(true)),
        }
    }

    fn holds(&mut self, test: &StateTest) -> Result<bool, F::Error> {
        if let Some(holds) = free_answer(test, self.rule, self.issue) {
            return Ok(holds);
        }
        match (&test.node, test.counter) {
            (StateNode::Frequency(frequency), Some(key)) => Ok(self.counted(frequency, key)?.holds),
            _ => self.facts.has_latest_release(self.rule.environment.as_deref()),
        }
    }

    /// Like [`Deciding::holds`], and writes down what decided.
    fn node(&mut self, part: Part, test: &StateTest) -> Result<bool, F::Error> {
        let (holds, found) = self.answer(test)?;
        self.because.push(Decided { part, place: test.place, holds, found });
        Ok(holds)
    }

    fn answer(&mut self, test: &StateTest) -> Result<(bool, String), F::Error> {
        if let Some(holds) = free_answer(test, self.rule, self.issue) {
            return Ok((holds, found(&test.node, self.rule, self.issue)));
        }
        match (&test.node, test.counter) {
            (StateNode::Frequency(frequency), Some(key)) => {
                let Counted { holds, count, before } = self.counted(frequency, key)?;
                let before = before.map(|before| format!(" after {before}")).unwrap_or_default();
                Ok((holds, format!("{count}{before}")))
            }
            _ => {
                let is_latest = self.facts.has_latest_release(self.rule.environment.as_deref())?;
                Ok((is_latest, if is_latest { "the latest release" } else { "not the latest release" }.to_owned()))
            }
        }
    }

    fn counted(&mut self, frequency: &Frequency, key: CounterKey) -> Result<Counted, F::Error> {
        let (now, counts_users) = (self.issue.now, frequency.counts_users());
        let count = self.facts.count(Asked { key, counts_users, window: frequency.interval.ending(now) })?;
        let mut before = None;
        let facts = &mut *self.facts;
        let holds = frequency.over.holds(count, |earlier| {
            let window = frequency.interval.ending_before(now, earlier);
            let counted = facts.count(Asked { key, counts_users, window })?;
            before = Some(counted);
            Ok(counted)
        })?;
        Ok(Counted { holds, count, before })
    }
}

/// What a frequency node has found.
struct Counted {
    holds: bool,
    count: u64,
    /// In the earlier window, where it is compared with one.
    before: Option<u64>,
}

/// The answer of a node that asks the store nothing more; `None` of one that does.
fn free_answer(test: &StateTest, rule: &Rule, issue: &IssueState) -> Option<bool> {
    let is_new = match rule.environment {
        Some(_) => issue.is_new_in_environment,
        None => issue.turn == Turn::New,
    };
    let is_high = issue.priority == IssuePriority::High;
    Some(match &test.node {
        StateNode::FirstSeen => is_new,
        StateNode::NewHighPriority => is_new && is_high,
        StateNode::Regression => issue.turn == Turn::Regressed,
        StateNode::Reappeared => issue.turn == Turn::Reappeared,
        StateNode::ExistingHighPriority => issue.turn == Turn::Reappeared && is_high,
        StateNode::Age { age, span } => {
            let end = issue.first_seen.plus(*span);
            match age {
                Age::Older => end < issue.now,
                Age::Newer => end > issue.now,
            }
        }
        StateNode::Occurrences { least } => issue.times_seen >= *least,
        // A new issue has one event, and at most one user.
        StateNode::Frequency(Frequency { over: Over::Count(1..), .. }) if issue.turn == Turn::New => false,
        StateNode::Frequency(_) | StateNode::LatestRelease => return None,
    })
}

/// What the store had for such a node.
fn found(node: &StateNode, rule: &Rule, issue: &IssueState) -> String {
    match node {
        StateNode::Age { .. } => format!("first seen {}", crate::payload::iso_millis(micros(issue.first_seen))),
        StateNode::Occurrences { .. } => issue.times_seen.to_string(),
        StateNode::FirstSeen => newness(rule, issue).to_owned(),
        StateNode::NewHighPriority => format!("{}, {} priority", newness(rule, issue), issue.priority.as_str()),
        StateNode::ExistingHighPriority => format!("{}, {} priority", issue.turn.as_str(), issue.priority.as_str()),
        StateNode::Frequency(_) => "1".to_owned(),
        StateNode::Regression | StateNode::Reappeared | StateNode::LatestRelease => issue.turn.as_str().to_owned(),
    }
}

fn newness(rule: &Rule, issue: &IssueState) -> &'static str {
    match rule.environment {
        Some(_) if issue.is_new_in_environment => "new in the environment",
        Some(_) => "known in the environment",
        None => issue.turn.as_str(),
    }
}

fn micros(moment: Millis) -> i64 {
    moment.0.saturating_mul(1_000)
}
