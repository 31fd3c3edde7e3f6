//! Counters that a project keeps because a rule asks for them: what, in which buckets, of which events.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::{
    Clause, Comparison, CountedThing, EventNode, Frequency, Interval, Node, Over, Quantifier, Rule, Source, StateNode,
};

/// A counter's name in its project: the same for every rule that asks for the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CounterKey(pub i64);

/// A counter that some rule asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// Its name.
    pub key: CounterKey,
    /// Whether users are counted, each once in a bucket; else events.
    pub counts_users: bool,
    /// The length of its buckets, in seconds.
    pub bucket_seconds: i64,
    /// How far back it is asked, in seconds.
    pub reach_seconds: i64,
    /// Only events of this environment.
    pub environment: Option<String>,
    /// Only events that pass these tag filters.
    pub restriction: Option<Restriction>,
}

/// Tag filters of a rule that its counter takes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    /// How many must hold.
    pub quantifier: Quantifier,
    /// Where they look and what they compare with.
    pub tests: Vec<(Source, Comparison)>,
}

impl Rule {
    /// The counters that the rule asks for, one for each frequency condition.
    pub fn counters(&self) -> Vec<Counter> {
        let nodes = self.filters.nodes.iter().chain(&self.conditions.nodes);
        let frequencies = nodes.filter_map(|node| match node {
            Node::State(StateNode::Frequency(frequency)) => Some(frequency),
            Node::State(_) | Node::Event(_) => None,
        });
        frequencies.map(|frequency| self.counter(frequency)).collect()
    }

    /// The counter that answers one of the rule's frequency conditions.
    pub(super) fn counter(&self, frequency: &Frequency) -> Counter {
        let restriction =
            (frequency.thing == CountedThing::UsersPassingTagFilters).then(|| Restriction::of(&self.filters));
        let mut counter = Counter {
            key: CounterKey(0),
            counts_users: frequency.thing != CountedThing::Events,
            bucket_seconds: frequency.interval.bucket_seconds(),
            reach_seconds: frequency.reach_seconds(),
            environment: self.environment.clone(),
            restriction,
        };
        counter.key = counter.make_key();
        counter
    }
}

impl Frequency {
    /// How far back it looks, with the bucket that its window begins in.
    fn reach_seconds(&self) -> i64 {
        let earlier = match self.over {
            Over::Count(_) => 0,
            Over::PercentAbove { earlier, .. } => earlier.seconds(),
        };
        self.interval.seconds() + earlier + Interval::bucket_seconds(self.interval)
    }
}

impl Restriction {
    fn of(filters: &Clause) -> Restriction {
        let tests = filters.nodes.iter().filter_map(|node| match node {
            Node::Event(EventNode::Text { source: source @ Source::Tag(_), comparison }) => {
                Some((source.clone(), comparison.clone()))
            }
            Node::Event(_) | Node::State(_) => None,
        });
        Restriction { quantifier: filters.quantifier, tests: tests.collect() }
    }
}

impl Counter {
    /// The first eight bytes of a hash over all the rest. Rows keep it: what goes in here never changes, and so no text goes
    /// in as a debugger shows it. The reach is in it, so that a counter never has to learn what it has already forgotten.
    fn make_key(&self) -> CounterKey {
        let mut text = format!("{}|{}|{}", self.counts_users, self.bucket_seconds, self.reach_seconds);
        push(&mut text, self.environment.as_deref());
        if let Some(restriction) = &self.restriction {
            push(&mut text, Some(restriction.quantifier.as_str()));
            for (source, comparison) in &restriction.tests {
                let Source::Tag(tag) = source else { continue };
                push(&mut text, Some(tag));
                push(&mut text, Some(comparison.code().as_str()));
                let _infallible = write!(text, "|{}", comparison.needles().len());
                comparison.needles().iter().for_each(|needle| push(&mut text, Some(needle)));
            }
        }
        let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        let [a, b, c, d, e, f, g, h, ..] = digest;
        CounterKey(i64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }
}

/// Appends a text with its length, so that no two lists of texts are the same, or that there is none.
fn push(out: &mut String, text: Option<&str>) {
    let _infallible = match text {
        Some(text) => write!(out, "|{}:{text}", text.len()),
        None => write!(out, "|-"),
    };
}
