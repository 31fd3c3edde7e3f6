//! Nodes with their answers, as JSON.

use model::decide::Decided;
use model::rules::{NodeVerdict, Verdict};
use serde::Serialize;
use serde_json::Value;

use super::super::nodes::label_of;

pub(in super::super) use model::decide::Part;

/// Values of an event that are shown for a node.
const FOUND_MAX: usize = 10;
/// Characters of each.
const FOUND_CHARACTERS_MAX: usize = 200;

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

/// The nodes of a part as they were written, with what the event and the store's state say of each.
pub(in super::super) fn node_views(
    written: &[Value],
    verdicts: &[NodeVerdict],
    (part, decided): (Part, &[Decided]),
) -> Vec<NodeView> {
    let view = |(place, (node, verdict)): (usize, (&Value, &NodeVerdict))| {
        let asked = decided.iter().find(|one| one.part == part && one.place == place);
        let (holds, found) = match (verdict.verdict, asked) {
            (Verdict::LeftToDecide, Some(asked)) => (Some(asked.holds), std::slice::from_ref(&asked.found)),
            (Verdict::LeftToDecide, None) => (None, &[][..]),
            (Verdict::Holds, _) => (Some(true), &verdict.found[..]),
            (Verdict::Fails, _) => (Some(false), &verdict.found[..]),
        };
        let found = found.iter().take(FOUND_MAX).map(|text| text.chars().take(FOUND_CHARACTERS_MAX).collect());
        let id = node["id"].as_str().unwrap_or_default().to_owned();
        NodeView { id, name: label_of(node), holds, found: found.collect() }
    };
    written.iter().zip(verdicts).enumerate().map(view).collect()
}
