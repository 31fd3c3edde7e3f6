//! Lists of nodes as people write them: a rule's conditions and filters, a hook's filters; and how many must hold.
//!
//! Responsible for refusing what could never be compared with an event, in the model's words. Refuses to know what a node
//! means. Called by the readers of hooks' and rules' bodies.

use model::limits::RULE_NODES;
use model::rules::{Node, NodePlace, Quantifier, label};
use serde_json::Value;

use super::fields::{Complaint, Read, items, quoted};

/// Reads `all`, `any` or `none`.
pub(super) fn quantifier(value: &Value) -> Read<Quantifier> {
    let known = value.as_str().and_then(Quantifier::named);
    known.ok_or_else(|| Complaint::new(format!("\"{}\" is not a valid choice.", quoted(value))))
}

/// Reads a list of nodes; the first that is none is the complaint, which says where it is. What comes back is what was
/// written, less the names that are only for showing.
pub(super) fn nodes(place: NodePlace) -> impl Fn(&Value) -> Read<Vec<Value>> {
    move |value| {
        let nodes = items(RULE_NODES)(value)?;
        for (index, node) in nodes.iter().enumerate() {
            Node::read(node, place).map_err(|error| complaint_about(index, nodes.len(), &error))?;
        }
        Ok(nodes.into_iter().map(without_name).collect())
    }
}

/// The only one needs no number.
fn complaint_about(index: usize, count: usize, error: &impl std::fmt::Display) -> Complaint {
    let place = if count > 1 { format!(" (number {} of {count})", index + 1) } else { String::new() };
    Complaint::new(format!("{error}{place}"))
}

/// A node's name for people. One that cannot be read any more is called by its id.
pub(super) fn label_of(node: &Value) -> String {
    // The places differ in what they refuse; what is kept was accepted.
    match Node::read(node, NodePlace::Condition) {
        Ok(read) => label(&read),
        Err(_) => node["id"].as_str().unwrap_or_default().to_owned(),
    }
}

/// An object without the `name` that answers give it for people to read.
pub(super) fn without_name(mut node: Value) -> Value {
    if let Value::Object(object) = &mut node {
        object.remove("name");
    }
    node
}
