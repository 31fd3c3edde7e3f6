//! Why a rule is a candidate for an event or not: each node's own answer, for people.

use super::{Clause, EventNode, EventView, HookFilter, Node, Quantifier, Rule};

/// Texts of an event that an answer holds for a node: an event can have thousands.
const FOUND_MAX: usize = 10;
/// Characters of each.
const FOUND_CHARACTERS_MAX: usize = 200;

/// What the event alone says of a node or a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not hold.
    Fails,
    /// The store's state decides.
    LeftToDecide,
}

/// What the event alone says of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Whether the event is of the rule's environment.
    pub environment: Verdict,
    /// Each filter, in the order written.
    pub filters: Vec<NodeVerdict>,
    /// The filters as a whole.
    pub filters_hold: Verdict,
    /// Each condition, in the order written.
    pub conditions: Vec<NodeVerdict>,
    /// The conditions as a whole.
    pub conditions_hold: Verdict,
}

/// What the event says of one node.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeVerdict {
    /// Whether it holds.
    pub verdict: Verdict,
    /// What the event has where the node looked: the first texts, in lower case and cut. Empty where the store's state decides.
    pub found: Vec<String>,
}

impl Rule {
    /// What the event alone says of this rule: the same answer as match gives, node by node.
    pub fn explain(&self, view: &EventView<'_, '_>) -> Explanation {
        let is_in = self.environment.is_none() || self.environment.as_deref() == view.environment();
        let (filters, conditions) = (self.filters.explain(view), self.conditions.explain(view));
        Explanation {
            environment: Verdict::from(is_in),
            filters_hold: self.filters.quantifier.verdict(&filters),
            filters,
            conditions_hold: self.conditions.quantifier.verdict(&conditions),
            conditions,
        }
    }
}

impl HookFilter {
    /// What the event says of the hook's filters, node by node and as a whole.
    pub fn explain(&self, view: &EventView<'_, '_>) -> (Vec<NodeVerdict>, Verdict) {
        let nodes = self.filters.explain(view);
        let whole = self.filters.quantifier.verdict(&nodes);
        (nodes, whole)
    }
}

impl Explanation {
    /// Whether the rule is a candidate, has been ruled out, or would fire if nothing held it back.
    pub fn verdict(&self) -> Verdict {
        [self.environment, self.filters_hold, self.conditions_hold].into_iter().fold(Verdict::Holds, Verdict::and)
    }
}

impl Clause {
    fn explain(&self, view: &EventView<'_, '_>) -> Vec<NodeVerdict> {
        self.nodes.iter().map(|node| node.explain(view)).collect()
    }
}

impl Node {
    fn explain(&self, view: &EventView<'_, '_>) -> NodeVerdict {
        match self {
            Node::State(_) => NodeVerdict { verdict: Verdict::LeftToDecide, found: Vec::new() },
            Node::Event(EventNode::Always) => NodeVerdict { verdict: Verdict::Holds, found: Vec::new() },
            Node::Event(EventNode::Level { order, number }) => {
                let level = view.level_number();
                NodeVerdict { verdict: Verdict::from(order.holds(level, *number)), found: vec![level.to_string()] }
            }
            Node::Event(EventNode::Text { source, comparison }) => {
                let values = view.values(source);
                let verdict = Verdict::from(comparison.passes(values.iter()));
                let found = values.iter().take(FOUND_MAX).map(|text| text.chars().take(FOUND_CHARACTERS_MAX).collect());
                NodeVerdict { verdict, found: found.collect() }
            }
        }
    }
}

impl Quantifier {
    fn verdict(self, nodes: &[NodeVerdict]) -> Verdict {
        if nodes.is_empty() {
            return Verdict::Holds;
        }
        let has = |wanted| nodes.iter().any(|node| node.verdict == wanted);
        let settling = if self == Quantifier::All { Verdict::Fails } else { Verdict::Holds };
        if has(settling) {
            Verdict::from(self == Quantifier::Any)
        } else if has(Verdict::LeftToDecide) {
            Verdict::LeftToDecide
        } else {
            Verdict::from(self != Quantifier::Any)
        }
    }
}

impl Verdict {
    /// The name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::Fails => "fails",
            Verdict::LeftToDecide => "leftToDecide",
        }
    }

    fn and(self, other: Verdict) -> Verdict {
        match (self, other) {
            (Verdict::Fails, _) | (_, Verdict::Fails) => Verdict::Fails,
            (Verdict::LeftToDecide, _) | (_, Verdict::LeftToDecide) => Verdict::LeftToDecide,
            (Verdict::Holds, Verdict::Holds) => Verdict::Holds,
        }
    }
}

impl From<bool> for Verdict {
    fn from(holds: bool) -> Verdict {
        if holds { Verdict::Holds } else { Verdict::Fails }
    }
}
