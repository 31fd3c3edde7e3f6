//! The conditions and filters of a draft as the form shows them: words with fields between, and what is wrong with each.

use std::collections::BTreeMap;

use super::draft::{Draft, DraftNode};
use super::kinds::{Kind, Kinds, Part, Shape};
use super::rule::name_of;
use crate::ui::refusal::Refusal;

/// A list of nodes with what adds to it.
pub(super) struct Section {
    pub(super) part: Part,
    /// `any`, `all` or `none`.
    pub(super) quantifier: String,
    pub(super) rows: Vec<Row>,
    /// What can be added: ids and what they are called.
    pub(super) choices: Vec<(String, String)>,
    /// What is wrong with all of it.
    pub(super) complaint: Option<String>,
}

/// A node.
pub(super) struct Row {
    /// What its fields' names begin with: `conditions.0`.
    pub(super) name: String,
    pub(super) body: RowBody,
    /// What a button beside it calls it.
    pub(super) title: String,
    pub(super) complaint: Option<String>,
}

/// What a row sends.
pub(super) enum RowBody {
    /// A node with fields.
    Fields { id: String, pieces: Vec<Piece> },
    /// JSON that the form has no fields for.
    Written(String),
}

/// Words, and the field that comes after them.
pub(super) struct Piece {
    pub(super) words: String,
    pub(super) field: Option<Field>,
    /// The id of the choice that it depends on, and the values with which it means something.
    pub(super) shown_by: Option<(String, String)>,
}

/// A field of a node.
pub(super) struct Field {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) label: String,
    pub(super) value: String,
    pub(super) control: Control,
    pub(super) is_invalid: bool,
}

/// What a field is filled in with.
pub(super) enum Control {
    Choice(Vec<(String, String)>),
    Number,
    Text { placeholder: String },
}

/// What the API says of the nodes of a part.
struct PartComplaint {
    /// Which node it is about; all of them where it does not say.
    index: Option<usize>,
    text: String,
}

impl Section {
    /// A part of the draft, with what the API said of it.
    pub(super) fn of(draft: &Draft, part: Part, kinds: &Kinds, refusal: Option<&Refusal>) -> Section {
        let nodes = draft.nodes(part);
        let complaint = refusal.and_then(|refusal| refusal.about(part.as_str()));
        let complaint = complaint.map(|text| PartComplaint::read(&text, nodes.len()));
        let about = |index: Option<usize>| {
            complaint.as_ref().filter(|complaint| complaint.index == index).map(|complaint| complaint.text.clone())
        };
        let row = |(index, node)| Row::of(node, (part, index), kinds, about(Some(index)));
        Section {
            part,
            quantifier: match part {
                Part::Conditions => draft.action_match.clone(),
                Part::Filters => draft.filter_match.clone(),
            },
            rows: nodes.iter().enumerate().map(row).collect(),
            choices: kinds.of(part).iter().map(|kind| (kind.id.clone(), kind.title())).collect(),
            complaint: about(None),
        }
    }

    pub(super) fn is_of_conditions(&self) -> bool {
        self.part == Part::Conditions
    }
}

impl Row {
    fn of(node: &DraftNode, (part, index): (Part, usize), kinds: &Kinds, complaint: Option<String>) -> Row {
        let name = format!("{}.{index}", part.as_str());
        let (body, title) = match node {
            DraftNode::Written(node) => (RowBody::Written(node.to_string()), name_of(node).to_owned()),
            DraftNode::Fields { id, values } => match kinds.named(part, id) {
                Some(kind) => {
                    let pieces = pieces(kind, values, &name, complaint.as_deref());
                    (RowBody::Fields { id: id.clone(), pieces }, kind.title())
                }
                None => (RowBody::Fields { id: id.clone(), pieces: Vec::new() }, id.clone()),
            },
        };
        Row { name, body, title, complaint }
    }
}

fn pieces(kind: &Kind, values: &BTreeMap<String, String>, row: &str, complaint: Option<&str>) -> Vec<Piece> {
    let id = |name: &str| format!("{}-{name}", row.replace('.', "-"));
    let field = |name: &str| {
        let value = values.get(name).cloned().unwrap_or_default();
        Some(Field {
            name: format!("{row}.{name}"),
            id: id(name),
            label: format!("{name} of: {}", kind.title()),
            control: Control::of(kind.form_fields.get(name)?, &value),
            value,
            is_invalid: complaint.is_some_and(|said| said.split(':').next() == Some(name)),
        })
    };
    let within = kind.pieces().into_iter();
    let beside = kind.beside_label().into_iter().map(|(words, name)| (words.to_owned(), Some(name)));
    let piece = |(words, name): (String, Option<&str>)| Piece {
        words,
        field: name.and_then(field),
        shown_by: name.and_then(|name| kind.shown_by(name)).map(|(by, values)| (id(by), values)),
    };
    within.chain(beside).map(piece).collect()
}

impl Control {
    /// A choice that the field holds but is not offered is offered too: what was written is not changed unasked.
    fn of(shape: &Shape, value: &str) -> Control {
        match shape {
            Shape::Number { .. } => Control::Number,
            Shape::String { placeholder } => Control::Text { placeholder: placeholder.clone() },
            Shape::Choice { choices } => {
                let mut choices = choices.clone();
                if !value.is_empty() && choices.iter().all(|(known, _)| known != value) {
                    choices.push((value.to_owned(), value.to_owned()));
                }
                Control::Choice(choices)
            }
        }
    }
}

impl PartComplaint {
    /// The API ends a complaint about one of several nodes with `(number 2 of 3)`.
    fn read(text: &str, nodes: usize) -> PartComplaint {
        let said = text.strip_suffix(')').and_then(|text| text.rsplit_once(" (number "));
        let number = said.and_then(|(_, place)| place.split(' ').next()?.parse::<usize>().ok());
        match (said, number) {
            (Some((said, _)), Some(number)) => PartComplaint { index: number.checked_sub(1), text: said.to_owned() },
            _ => PartComplaint { index: (nodes == 1).then_some(0), text: text.to_owned() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_about_the_node_that_it_counts() {
        let read = |text: &str, nodes| {
            let PartComplaint { index, text } = PartComplaint::read(text, nodes);
            (index, text)
        };
        let required = || "value: This field is required.".to_owned();
        assert_eq!(read("value: This field is required. (number 2 of 3)", 3), (Some(1), required()));
        assert_eq!(read("value: This field is required.", 1), (Some(0), required()));
        assert_eq!(read("Too many (of them)", 3), (None, "Too many (of them)".to_owned()));
    }

    #[test]
    fn a_choice_that_is_not_offered_stays() {
        let shape = Shape::Choice { choices: vec![("1h".to_owned(), "one hour".to_owned())] };
        let Control::Choice(choices) = Control::of(&shape, "2h") else { panic!("a choice is one") };
        assert_eq!(choices.last().unwrap().0, "2h");
    }
}
