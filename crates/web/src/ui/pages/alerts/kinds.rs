//! What conditions and filters a rule can be made of, as the API lists them for those who draw forms.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// Both lists.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Kinds {
    pub(super) conditions: Vec<Kind>,
    pub(super) filters: Vec<Kind>,
}

/// A condition or filter, with gaps for its fields.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kind {
    pub(super) id: String,
    /// `The issue is seen more than {value} times in {interval}`
    pub(super) label: String,
    #[serde(default)]
    pub(super) form_fields: BTreeMap<String, Shape>,
}

/// What a field may hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Shape {
    Choice { choices: Vec<(String, String)> },
    Number { placeholder: u64 },
    String { placeholder: String },
}

/// Which of the two lists of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Conditions,
    Filters,
}

/// Fields that no label has a gap for, with the words before them.
const BESIDE_LABEL: [(&str, &str); 2] =
    [("comparisonType", "as"), ("comparisonInterval", "in the same span, earlier by")];

impl Part {
    pub(super) const ALL: [Part; 2] = [Part::Conditions, Part::Filters];

    /// As forms and the API call it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Part::Conditions => "conditions",
            Part::Filters => "filters",
        }
    }

    /// One of it, as people call it.
    pub(super) fn one(self) -> &'static str {
        match self {
            Part::Conditions => "condition",
            Part::Filters => "filter",
        }
    }
}

impl Kinds {
    pub(super) fn of(&self, part: Part) -> &[Kind] {
        match part {
            Part::Conditions => &self.conditions,
            Part::Filters => &self.filters,
        }
    }

    /// The one of this id.
    pub(super) fn named(&self, part: Part, id: &str) -> Option<&Kind> {
        self.of(part).iter().find(|kind| kind.id == id)
    }
}

impl Kind {
    /// The label with an ellipsis in each gap, for lists to choose from.
    pub(super) fn title(&self) -> String {
        self.pieces()
            .into_iter()
            .map(|(words, field)| if field.is_some() { format!("{words}…") } else { words })
            .collect()
    }

    /// The label in pieces: words, and the field that comes after them. Fields without a gap come last.
    pub(super) fn pieces(&self) -> Vec<(String, Option<&str>)> {
        let mut pieces = Vec::new();
        let mut rest = self.label.as_str();
        while let Some((words, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            pieces.push((words.to_owned(), self.form_fields.get_key_value(name).map(|(name, _)| name.as_str())));
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push((rest.to_owned(), None));
        }
        pieces
    }

    /// The fields that the label has no gap for, with the words before them.
    pub(super) fn beside_label(&self) -> Vec<(&str, &str)> {
        let has_gap = |name: &str| self.label.contains(&format!("{{{name}}}"));
        let place = |name: &str| BESIDE_LABEL.iter().position(|(known, _)| *known == name);
        let mut names: Vec<&str> = self.form_fields.keys().map(String::as_str).filter(|name| !has_gap(name)).collect();
        names.sort_by_key(|name| place(name).unwrap_or(usize::MAX));
        names.into_iter().map(|name| (place(name).map_or(name, |place| BESIDE_LABEL[place].1), name)).collect()
    }

    /// What the fields of a new one hold.
    pub(super) fn defaults(&self) -> BTreeMap<String, String> {
        let value = |shape: &Shape| match shape {
            Shape::Choice { choices } => choices.first().map(|(value, _)| value.clone()).unwrap_or_default(),
            Shape::Number { placeholder } => placeholder.to_string(),
            Shape::String { .. } => String::new(),
        };
        self.form_fields.iter().map(|(name, shape)| (name.clone(), value(shape))).collect()
    }

    /// On which values of which other field it depends whether a field means anything.
    pub(super) fn shown_by(&self, field: &str) -> Option<(&'static str, String)> {
        let choices = |name: &str| match self.form_fields.get(name) {
            Some(Shape::Choice { choices }) => choices.as_slice(),
            _ => &[],
        };
        match field {
            "comparisonInterval" => Some(("comparisonType", "percent".to_owned())),
            // Whether something is there is asked without a value.
            "value" if choices("match").iter().any(|(code, _)| code == "is") => {
                let others =
                    choices("match").iter().map(|(code, _)| code.as_str()).filter(|code| !["is", "ns"].contains(code));
                Some(("match", others.collect::<Vec<_>>().join(" ")))
            }
            _ => None,
        }
    }
}

impl Shape {
    /// What was typed, as the API takes it; `None` of nothing.
    pub(super) fn json(&self, typed: &str) -> Option<Value> {
        match (self, typed.trim()) {
            (_, "") => None,
            (Shape::Number { .. }, digits) => {
                Some(digits.parse::<u64>().map_or_else(|_| Value::from(digits), Value::from))
            }
            _ => Some(Value::from(typed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kind(label: &str, fields: Value) -> Kind {
        serde_json::from_value(json!({"id": "a", "label": label, "formFields": fields})).unwrap()
    }

    #[test]
    fn a_label_falls_into_words_and_fields() {
        let number = json!({"type": "number", "placeholder": 10});
        let choice = json!({"type": "choice", "choices": [["1h", "one hour"], ["1d", "one day"]]});
        let fields = json!({
            "value": number, "interval": choice, "comparisonInterval": choice, "comparisonType": choice,
        });
        let kind = kind("More than {value} in {interval}", fields);
        let pieces = [("More than ".to_owned(), Some("value")), (" in ".to_owned(), Some("interval"))];
        assert_eq!(kind.pieces(), pieces);
        assert_eq!(kind.title(), "More than … in …");
        let beside: Vec<&str> = kind.beside_label().into_iter().map(|(_, name)| name).collect();
        assert_eq!(beside, ["comparisonType", "comparisonInterval"]);
        let defaults = kind.defaults();
        assert_eq!((defaults["value"].as_str(), defaults["interval"].as_str()), ("10", "1h"));
    }

    #[test]
    fn a_value_means_nothing_where_only_presence_is_asked_for() {
        let fields = json!({
            "match": {"type": "choice", "choices": [["eq", "equals"], ["is", "is set"], ["ns", "is not set"], ["co", "contains"]]},
            "value": {"type": "string", "placeholder": "value"},
        });
        assert_eq!(kind("{match} {value}", fields).shown_by("value"), Some(("match", "eq co".to_owned())));
        let alone = json!({"value": {"type": "number", "placeholder": 1}});
        assert_eq!(kind("{value}", alone).shown_by("value"), None);
    }

    #[test]
    fn numbers_are_numbers_where_they_can_be() {
        let shape = Shape::Number { placeholder: 1 };
        assert_eq!(shape.json(" 12 "), Some(json!(12)));
        assert_eq!(shape.json("a dozen"), Some(json!("a dozen")));
        assert_eq!(shape.json(" "), None);
        assert_eq!(Shape::String { placeholder: String::new() }.json("12"), Some(json!("12")));
    }
}
