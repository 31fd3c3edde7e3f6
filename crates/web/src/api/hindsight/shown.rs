//! Nodes with their answers, as JSON.

use model::decide::Decided;
use model::rules::{NodeVerdict, Verdict};
use serde::Serialize;
use serde_json::Value;

use super::super::nodes::label_of;

pub(in super::super) use model::decide::Part;

/// Characters of a name that stands beside each answer.
const NAME_CHARACTERS_MAX: usize = 200;

/// What a node is called.
pub(in super::super) struct NodeName {
    id: String,
    name: String,
}

/// A node, and what it says of an event.
#[derive(Serialize)]
pub(in super::super) struct NodeView {
    id: String,
    name: String,
    /// `null` where it was not asked.
    holds: Option<bool>,
    /// What was there: of the event, or of the store's state.
    found: Vec<String>,
}

/// What the nodes of a part are called, read once for all events.
pub(in super::super) fn node_names(written: &[Value]) -> Vec<NodeName> {
    let name = |node: &Value| NodeName {
        id: node["id"].as_str().unwrap_or_default().to_owned(),
        name: label_of(node).chars().take(NAME_CHARACTERS_MAX).collect(),
    };
    written.iter().map(name).collect()
}

/// The nodes of a part in the order written, with what the event and the store's state say of each.
pub(in super::super) fn node_views(
    names: &[NodeName],
    verdicts: &[NodeVerdict],
    (part, decided): (Part, &[Decided]),
) -> Vec<NodeView> {
    let view = |(place, (name, verdict)): (usize, (&NodeName, &NodeVerdict))| {
        let asked = decided.iter().find(|one| one.part == part && one.place == place);
        let (holds, found) = match (verdict.verdict, asked) {
            (Verdict::LeftToDecide, Some(asked)) => (Some(asked.holds), std::slice::from_ref(&asked.found)),
            (Verdict::LeftToDecide, None) => (None, &[][..]),
            (Verdict::Holds, _) => (Some(true), &verdict.found[..]),
            (Verdict::Fails, _) => (Some(false), &verdict.found[..]),
        };
        NodeView { id: name.id.clone(), name: name.name.clone(), holds, found: found.to_vec() }
    };
    names.iter().zip(verdicts).enumerate().map(view).collect()
}
