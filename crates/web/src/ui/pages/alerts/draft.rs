//! A rule that somebody is writing: read from a rule or from the form, changed by its buttons, and sent to the API.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use store::rules::{NOTIFY_EVENT, NOTIFY_EVENT_SERVICE};

use super::kinds::{Kinds, Part};
use super::rule::{Rule, Targets, is_idle, name_of, named_hook};
use crate::ui::form::Form;

/// Nodes of a part that are read from a form; the API refuses fewer.
const NODES: usize = 200;

/// The rule as far as it is written. Texts are as they were typed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) environment: String,
    /// Minutes.
    pub(super) frequency: String,
    pub(super) action_match: String,
    pub(super) filter_match: String,
    pub(super) is_active: bool,
    pub(super) conditions: Vec<DraftNode>,
    pub(super) filters: Vec<DraftNode>,
    /// Whether every hook is alerted, and not only the chosen ones.
    pub(super) is_for_every_hook: bool,
    /// The ids of the chosen ones.
    pub(super) hooks: Vec<String>,
    /// The uuids of the actions without effect that are kept.
    pub(super) kept: Vec<String>,
}

/// A condition or filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum DraftNode {
    /// One that the form has fields for.
    Fields { id: String, values: BTreeMap<String, String> },
    /// One that is kept as it was written.
    Written(Value),
}

/// What the person asked for who sent the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Save,
    Preview,
    Add(Part),
    Remove(Part, usize),
}

impl Wish {
    /// What the button says that was pressed.
    pub(super) fn of(form: &Form) -> Wish {
        let Some((verb, rest)) = form.trimmed("do").split_once('-').or(Some((form.trimmed("do"), ""))) else {
            return Wish::Save;
        };
        let (part, index) = rest.split_once('-').unwrap_or((rest, ""));
        let part = Part::ALL.into_iter().find(|known| known.as_str() == part);
        match (verb, part, index.parse()) {
            ("preview", ..) => Wish::Preview,
            ("add", Some(part), _) => Wish::Add(part),
            ("remove", Some(part), Ok(index)) => Wish::Remove(part, index),
            _ => Wish::Save,
        }
    }
}

impl Draft {
    /// A new rule, with what most want of one.
    pub(super) fn new(kinds: &Kinds) -> Draft {
        let first = kinds.conditions.first();
        let first = first.map(|kind| DraftNode::Fields { id: kind.id.clone(), values: kind.defaults() });
        Draft {
            name: String::new(),
            environment: String::new(),
            frequency: "30".to_owned(),
            action_match: "any".to_owned(),
            filter_match: "all".to_owned(),
            is_active: true,
            conditions: first.into_iter().collect(),
            filters: Vec::new(),
            is_for_every_hook: true,
            hooks: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// The rule that there is.
    pub(super) fn of_rule(rule: &Rule, kinds: &Kinds) -> Draft {
        let nodes =
            |part: Part, nodes: &[Value]| nodes.iter().map(|node| DraftNode::of_json(node, part, kinds)).collect();
        let hooks = rule.actions.iter().filter_map(named_hook).map(str::to_owned).collect();
        Draft {
            name: rule.name.clone(),
            environment: rule.environment.clone().unwrap_or_default(),
            frequency: rule.frequency.to_string(),
            action_match: rule.action_match.clone(),
            filter_match: rule.filter_match.clone(),
            is_active: rule.status != "disabled",
            conditions: nodes(Part::Conditions, &rule.conditions),
            filters: nodes(Part::Filters, &rule.filters),
            is_for_every_hook: rule.targets() == Targets::Every,
            hooks,
            kept: rule.actions.iter().filter(|action| is_idle(action)).map(uuid_of).collect(),
        }
    }

    /// What the form holds.
    pub(super) fn of_form(form: &Form, kinds: &Kinds) -> Draft {
        let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
        let nodes = |part: Part| (0..NODES).map_while(|index| DraftNode::of_form(form, part, index, kinds)).collect();
        Draft {
            name: form.trimmed("name").to_owned(),
            environment: form.trimmed("environment").to_owned(),
            frequency: form.trimmed("frequency").to_owned(),
            action_match: form.trimmed("actionMatch").to_owned(),
            filter_match: form.trimmed("filterMatch").to_owned(),
            is_active: form.is_ticked("active"),
            conditions: nodes(Part::Conditions),
            filters: nodes(Part::Filters),
            is_for_every_hook: form.trimmed("to") != "chosen",
            hooks: owned(form.all("hooks")),
            kept: owned(form.all("kept")),
        }
    }

    pub(super) fn nodes(&self, part: Part) -> &[DraftNode] {
        match part {
            Part::Conditions => &self.conditions,
            Part::Filters => &self.filters,
        }
    }

    fn nodes_mut(&mut self, part: Part) -> &mut Vec<DraftNode> {
        match part {
            Part::Conditions => &mut self.conditions,
            Part::Filters => &mut self.filters,
        }
    }

    /// Adds a node of this kind, if there is such a kind.
    pub(super) fn add(&mut self, part: Part, id: &str, kinds: &Kinds) {
        if let Some(kind) = kinds.named(part, id) {
            let node = DraftNode::Fields { id: kind.id.clone(), values: kind.defaults() };
            self.nodes_mut(part).push(node);
        }
    }

    /// Takes a node away, if there is such a node.
    pub(super) fn remove(&mut self, part: Part, index: usize) {
        let nodes = self.nodes_mut(part);
        if index < nodes.len() {
            nodes.remove(index);
        }
    }

    /// What is wrong with the choice of hooks. The API would take either for a rule that alerts every hook.
    pub(super) fn wrong_choice(&self) -> Option<&'static str> {
        match (self.is_for_every_hook, self.hooks.is_empty()) {
            (false, true) => Some("Choose at least one service hook."),
            (true, false) => Some("Some service hooks are selected, but so is every one of them: say which is meant."),
            _ => None,
        }
    }

    /// The rule as the API takes it, `before` of which is what it says now.
    pub(super) fn body(&self, before: Option<&Rule>, kinds: &Kinds) -> Value {
        let nodes = |part: Part| self.nodes(part).iter().map(|node| node.json(part, kinds)).collect::<Vec<_>>();
        let environment = Some(self.environment.as_str()).filter(|name| !name.is_empty());
        json!({
            "name": self.name,
            "environment": environment,
            "frequency": self.frequency,
            "actionMatch": self.action_match,
            "filterMatch": self.filter_match,
            "isActive": self.is_active,
            "conditions": nodes(Part::Conditions),
            "filters": nodes(Part::Filters),
            "actions": self.actions(before.map_or(&[], |rule| rule.actions.as_slice())),
        })
    }

    /// The same to be tried: what a rule must have only to be kept is not asked for.
    pub(super) fn body_to_try(&self, kinds: &Kinds) -> Value {
        let mut body = self.body(None, kinds);
        if let Value::Object(fields) = &mut body {
            fields.remove("name");
            fields.remove("actions");
        }
        body
    }

    /// Those of the actions that stay, and those that are new.
    fn actions(&self, before: &[Value]) -> Vec<Value> {
        let stays = |action: &&Value| match named_hook(action) {
            Some(hook) => !self.is_for_every_hook && self.hooks.iter().any(|chosen| chosen == hook),
            None if is_idle(action) => self.kept.contains(&uuid_of(action)),
            None => self.is_for_every_hook,
        };
        let mut actions: Vec<Value> = before.iter().filter(stays).cloned().collect();
        if !self.is_for_every_hook {
            for hook in &self.hooks {
                if !actions.iter().any(|action| named_hook(action) == Some(hook)) {
                    actions.push(json!({"id": NOTIFY_EVENT_SERVICE, "service": hook}));
                }
            }
        } else if actions.iter().all(is_idle) {
            actions.push(json!({"id": NOTIFY_EVENT}));
        }
        actions
    }
}

impl DraftNode {
    fn of_json(node: &Value, part: Part, kinds: &Kinds) -> DraftNode {
        let id = node["id"].as_str().unwrap_or_default();
        let Some(kind) = kinds.named(part, id) else { return DraftNode::Written(node.clone()) };
        let text = |value: &Value| match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let values = kind.form_fields.keys().map(|name| (name.clone(), text(&node[name.as_str()]))).collect();
        DraftNode::Fields { id: id.to_owned(), values }
    }

    fn of_form(form: &Form, part: Part, index: usize, kinds: &Kinds) -> Option<DraftNode> {
        let field = |name: &str| form.text(&format!("{}.{index}.{name}", part.as_str()));
        if let Some(written) = field("written") {
            // What is no JSON any more is nothing that the API would take either.
            return Some(DraftNode::Written(serde_json::from_str(written).unwrap_or_default()));
        }
        let id = field("id")?;
        let names = kinds.named(part, id).map(|kind| kind.form_fields.keys()).into_iter().flatten();
        let values = names.map(|name| (name.clone(), field(name).unwrap_or_default().to_owned())).collect();
        Some(DraftNode::Fields { id: id.to_owned(), values })
    }

    fn json(&self, part: Part, kinds: &Kinds) -> Value {
        match self {
            DraftNode::Written(node) => node.clone(),
            DraftNode::Fields { id, values } => {
                let mut node = json!({"id": id});
                for (name, typed) in values {
                    let shape = kinds.named(part, id).and_then(|kind| kind.form_fields.get(name));
                    if let Some(value) = shape.and_then(|shape| shape.json(typed)) {
                        node[name.as_str()] = value;
                    }
                }
                node
            }
        }
    }
}

/// What tells an action from others.
pub(super) fn uuid_of(action: &Value) -> String {
    action["uuid"].as_str().unwrap_or_else(|| name_of(action)).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOOK: &str = "00112233445566778899aabbccddeeff";

    fn kinds() -> Kinds {
        let number = json!({"type": "number", "placeholder": 10});
        let kinds = json!({
            "conditions": [{"id": "first", "label": "A"}, {"id": "often", "label": "{value}", "formFields": {"value": number}}],
            "filters": [],
        });
        serde_json::from_value(kinds).unwrap()
    }

    fn rule(actions: Value) -> Rule {
        serde_json::from_value(json!({
            "id": "1", "name": "Crashes", "conditions": [{"id": "often", "value": 7, "name": "A"}, {"id": "old", "a": [1]}],
            "filters": [], "actions": actions, "actionMatch": "any", "filterMatch": "all", "frequency": 30,
            "environment": "live", "status": "disabled", "snooze": false, "dateCreated": "2018-11-06T21:20:08.143Z",
        }))
        .unwrap()
    }

    #[test]
    fn a_rule_that_nobody_changed_stays_as_it_is() {
        let mail = json!({"id": "sentry.mail.actions.NotifyEmailAction", "uuid": "m", "targetType": "Team"});
        let named = json!({"id": NOTIFY_EVENT_SERVICE, "service": HOOK, "uuid": "h"});
        let every = json!({"id": NOTIFY_EVENT, "uuid": "e"});
        for actions in [json!([mail, named]), json!([every, mail])] {
            let rule = rule(actions.clone());
            let body = Draft::of_rule(&rule, &kinds()).body(Some(&rule), &kinds());
            assert_eq!(body["actions"], actions);
            assert_eq!(body["conditions"], json!([{"id": "often", "value": 7}, {"id": "old", "a": [1]}]));
            assert_eq!(json!([body["isActive"], body["environment"]]), json!([false, "live"]));
        }
    }

    #[test]
    fn actions_follow_the_choice_of_hooks() {
        let mail = json!({"id": "sentry.mail.actions.NotifyEmailAction", "uuid": "m"});
        let rule = rule(json!([{"id": NOTIFY_EVENT, "uuid": "e"}, mail]));
        let mut draft = Draft::of_rule(&rule, &kinds());
        draft.is_for_every_hook = false;
        assert!(draft.wrong_choice().is_some());
        draft.hooks = vec![HOOK.to_owned()];
        assert_eq!(draft.actions(&rule.actions), [mail, json!({"id": NOTIFY_EVENT_SERVICE, "service": HOOK})]);
        draft.kept.clear();
        draft.is_for_every_hook = true;
        assert_eq!(draft.actions(&[]), [json!({"id": NOTIFY_EVENT})]);
    }

    #[test]
    fn nodes_come_and_go() {
        let mut draft = Draft::new(&kinds());
        draft.add(Part::Conditions, "often", &kinds());
        draft.add(Part::Conditions, "unknown", &kinds());
        draft.remove(Part::Conditions, 0);
        draft.remove(Part::Conditions, 5);
        assert_eq!(draft.body(None, &kinds())["conditions"], json!([{"id": "often", "value": 10}]));
        let tried = draft.body_to_try(&kinds());
        assert!(tried.get("name").is_none() && tried.get("actions").is_none());
    }
}
