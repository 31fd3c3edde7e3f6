//! A rule as its pages read it, and in words.

use serde::Deserialize;
use serde_json::Value;
use store::rules::{NOTIFY_EVENT, NOTIFY_EVENT_SERVICE, WEBHOOKS_SERVICE};

use crate::ui::client::Client;
use crate::ui::problem::Problem;
use crate::ui::project::OfProject;

/// What the pages read of a rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) conditions: Vec<Value>,
    pub(super) filters: Vec<Value>,
    pub(super) actions: Vec<Value>,
    pub(super) action_match: String,
    pub(super) filter_match: String,
    /// Minutes.
    pub(super) frequency: u32,
    pub(super) environment: Option<String>,
    /// `active` or `disabled`.
    pub(super) status: String,
    pub(super) last_triggered: Option<String>,
    pub(super) snooze: bool,
    pub(super) snooze_created_by: Option<String>,
    pub(super) snooze_until: Option<String>,
    pub(super) date_created: String,
    pub(super) created_by: Option<Maker>,
}

/// Who made a rule.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Maker {
    pub(super) name: String,
}

/// A hook as rules name it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct HookName {
    pub(super) id: String,
    pub(super) url: String,
}

/// Whom a rule alerts; see `docs/decisions/0007-which-hooks-a-rule-alerts.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Targets<'r> {
    /// Every hook of the project that is on `event.alert`.
    Every,
    /// The hooks of these ids, of which some may be gone.
    Named(Vec<&'r str>),
}

/// The hooks of a project.
pub(super) async fn hooks_of(api: &Client, project: &OfProject) -> Result<Vec<HookName>, Problem> {
    Ok(api.list(&format!("{}hooks/", project.api_path())).await?.items)
}

/// The id of the hook that an action narrows the rule to, if it does.
pub(super) fn named_hook(action: &Value) -> Option<&str> {
    let service = action["service"].as_str().filter(|_| action["id"] == NOTIFY_EVENT_SERVICE)?;
    (service != WEBHOOKS_SERVICE && service != "mail").then_some(service)
}

/// Whether an action is for every hook.
pub(super) fn is_for_every_hook(action: &Value) -> bool {
    action["id"] == NOTIFY_EVENT || (action["id"] == NOTIFY_EVENT_SERVICE && action["service"] == WEBHOOKS_SERVICE)
}

/// Whether an action is kept as it was written and does nothing here.
pub(super) fn is_idle(action: &Value) -> bool {
    named_hook(action).is_none() && !is_for_every_hook(action)
}

/// How people call a node.
pub(super) fn name_of(node: &Value) -> &str {
    node["name"].as_str().or_else(|| node["id"].as_str()).unwrap_or_default()
}

impl Rule {
    /// Whom it alerts.
    pub(super) fn targets(&self) -> Targets<'_> {
        let named: Vec<&str> = self.actions.iter().filter_map(named_hook).collect();
        if named.is_empty() || self.actions.iter().any(is_for_every_hook) {
            Targets::Every
        } else {
            Targets::Named(named)
        }
    }

    /// All of it in one sentence, without the environment, which lists show beside it.
    pub(super) fn sentence(&self, hooks: &[HookName]) -> String {
        let when = together(&self.conditions, &self.action_match).unwrap_or("an event arrives".to_owned());
        let only_if = match self.filter_match.as_str() {
            "none" => together(&self.filters, "any").map(|held| format!(", unless {held}")),
            quantifier => together(&self.filters, quantifier).map(|held| format!(", if {held}")),
        };
        let whom = self.targets().words(hooks);
        format!("When {when}{}: alert {whom}, at most {} for each issue.", only_if.unwrap_or_default(), self.pace())
    }

    /// `once every 30 minutes`
    pub(super) fn pace(&self) -> String {
        format!("once every {}", minutes(self.frequency))
    }
}

impl Targets<'_> {
    /// `every service hook`, or their URLs.
    pub(super) fn words(&self, hooks: &[HookName]) -> String {
        let Targets::Named(ids) = self else { return "every service hook".to_owned() };
        let url = |id: &&str| hooks.iter().find(|hook| hook.id == **id).map(|hook| hook.url.as_str());
        let known: Vec<&str> = ids.iter().filter_map(url).collect();
        match (known.as_slice(), ids.len() - known.len()) {
            ([], _) => "nobody, as the service hooks that it names are gone".to_owned(),
            (known, 0) => known.join(" and "),
            (known, gone) => format!("{} (and {gone} that is gone)", known.join(" and ")),
        }
    }
}

/// Nodes in one part of a sentence; `None` of no nodes.
fn together(nodes: &[Value], quantifier: &str) -> Option<String> {
    let names: Vec<String> = nodes.iter().map(|node| in_a_sentence(name_of(node))).collect();
    match (names.as_slice(), quantifier) {
        ([], _) => None,
        (names, "any") => Some(names.join(" or ")),
        ([name], "none") => Some(format!("it is not so that {name}")),
        (names, "none") => Some(format!("neither {}", names.join(" nor "))),
        (names, _) => Some(names.join(" and ")),
    }
}

/// A name without the capital that it begins with.
fn in_a_sentence(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}

/// `minute`, `30 minutes`, `hour`, `2 days`.
fn minutes(count: u32) -> String {
    let units = [(10_080, "week"), (1_440, "day"), (60, "hour"), (1, "minute")];
    let (length, unit) = units.into_iter().find(|(length, _)| count.is_multiple_of(*length)).unwrap_or((1, "minute"));
    match count / length {
        1 => unit.to_owned(),
        count => format!("{count} {unit}s"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HOOK: &str = "00112233445566778899aabbccddeeff";

    fn rule(conditions: Value, filters: Value, actions: Value) -> Rule {
        serde_json::from_value(json!({
            "id": "1", "name": "Crashes", "conditions": conditions, "filters": filters, "actions": actions,
            "actionMatch": "any", "filterMatch": "none", "frequency": 1_440, "status": "active", "snooze": false,
            "dateCreated": "2018-11-06T21:20:08.143Z",
        }))
        .unwrap()
    }

    #[test]
    fn a_rule_reads_as_a_sentence() {
        let hooks = [HookName { id: HOOK.to_owned(), url: "https://a.example/".to_owned() }];
        let plain = rule(json!([]), json!([]), json!([{"id": NOTIFY_EVENT}]));
        assert_eq!(
            plain.sentence(&hooks),
            "When an event arrives: alert every service hook, at most once every day for each issue."
        );
        let names = json!([{"id": "a", "name": "A new issue is created"}, {"id": "b", "name": "The issue is old"}]);
        let named = rule(names.clone(), names, json!([{"id": NOTIFY_EVENT_SERVICE, "service": HOOK}]));
        assert_eq!(
            named.sentence(&hooks),
            "When a new issue is created or the issue is old, unless a new issue is created or the issue is old: alert \
             https://a.example/, at most once every day for each issue."
        );
        assert!(named.sentence(&[]).contains("alert nobody, as"));
    }

    #[test]
    fn whom_a_rule_alerts_is_as_the_api_has_it() {
        let mail = json!({"id": "sentry.mail.actions.NotifyEmailAction"});
        let of = |actions| rule(json!([]), json!([]), actions);
        assert_eq!(of(json!([mail])).targets(), Targets::Every);
        let one = json!({"id": NOTIFY_EVENT_SERVICE, "service": HOOK});
        assert_eq!(of(json!([mail, one])).targets(), Targets::Named(vec![HOOK]));
        let every = json!({"id": NOTIFY_EVENT_SERVICE, "service": "webhooks"});
        assert_eq!(of(json!([one, every])).targets(), Targets::Every);
        assert!(is_idle(&mail) && is_idle(&json!({"id": NOTIFY_EVENT_SERVICE, "service": "mail"})));
        assert!(!is_idle(&one) && !is_idle(&every));
    }

    #[test]
    fn paces_are_in_the_largest_unit_that_fits() {
        assert_eq!(
            [1, 5, 60, 90, 2_880, 10_080].map(minutes),
            ["minute", "5 minutes", "hour", "90 minutes", "2 days", "week"]
        );
    }
}
