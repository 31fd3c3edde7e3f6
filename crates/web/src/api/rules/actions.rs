//! Actions of a rule: which there are, what they need, and their names for people.
//!
//! Only two of them do something here; see [`store::rules::action_target`]. The others are those of Sentry's own notifications,
//! accepted so that a rule that was written for Sentry can be brought as it is.

use model::ids::HookGuid;
use model::limits::RULE_NODES;
use serde_json::{Value, json};
use store::rules::{NOTIFY_EVENT, NOTIFY_EVENT_SERVICE, WEBHOOKS_SERVICE};

use super::super::fields::{Complaint, Read, items, quoted};
use super::super::nodes::without_name;

/// Mail to people and teams.
pub(super) const MAIL: &str = "sentry.mail.actions.NotifyEmailAction";
/// A Sentry app's own alert.
pub(super) const SENTRY_APP: &str = "sentry.rules.actions.notify_event_sentry_app.NotifyEventSentryAppAction";
/// The `service` that is mail.
const MAIL_SERVICE: &str = "mail";
/// The longest id, in characters.
const ID_CHARACTERS_MAX: usize = 128;

/// Reads the actions of a rule for a project with these hooks. Each gets a `uuid` where it has none, as in Sentry.
pub(super) fn actions(hooks: &[HookGuid], random: impl Fn() -> [u8; 16]) -> impl Fn(&Value) -> Read<Vec<Value>> {
    move |value| {
        let mut actions: Vec<Value> = items(RULE_NODES)(value)?.into_iter().map(without_name).collect();
        if actions.is_empty() {
            return Err(Complaint::new("You must add an action for this alert to fire."));
        }
        for action in &mut actions {
            check(action, hooks)?;
            if !action["uuid"].is_string() {
                action["uuid"] = json!(uuid(random()));
            }
        }
        Ok(actions)
    }
}

/// The action's name for people.
pub(super) fn label(action: &Value) -> String {
    let text = |name| action.get(name).and_then(Value::as_str).unwrap_or_default();
    match text("id") {
        NOTIFY_EVENT => "Send an alert to every service hook".to_owned(),
        NOTIFY_EVENT_SERVICE if text("service") == WEBHOOKS_SERVICE => "Send an alert to every service hook".to_owned(),
        NOTIFY_EVENT_SERVICE if text("service") == MAIL_SERVICE => "Send a notification via mail".to_owned(),
        NOTIFY_EVENT_SERVICE => format!("Send an alert to the service hook {}", text("service")),
        MAIL => format!("Send a notification to {}", text("targetType")),
        SENTRY_APP => "Send a notification to a Sentry app".to_owned(),
        id => match integration(id) {
            Some(integration) => format!("Send a notification via {integration}"),
            None => id.to_owned(),
        },
    }
}

fn check(action: &Value, hooks: &[HookGuid]) -> Read<()> {
    let Value::Object(object) = action else {
        return Err(Complaint::new("Each item must be an object with an id and its parameters."));
    };
    let Some(Value::String(id)) = object.get("id") else {
        return Err(Complaint::new("Missing attribute 'id'."));
    };
    match id.as_str() {
        NOTIFY_EVENT_SERVICE => service(object.get("service"), hooks),
        NOTIFY_EVENT | MAIL | SENTRY_APP => Ok(()),
        other if integration(other).is_some() => Ok(()),
        other => Err(Complaint::new(format!("'{other}' is not a known action."))),
    }
}

/// A service that an action may name: mail, all webhooks, or one hook of the project.
fn service(value: Option<&Value>, hooks: &[HookGuid]) -> Read<()> {
    let value = match value {
        None | Some(Value::Null) => return Err(Complaint::new("service: This field is required.")),
        Some(value) => value,
    };
    let is_known = value.as_str().is_some_and(|name| {
        [MAIL_SERVICE, WEBHOOKS_SERVICE].contains(&name) || name.parse().is_ok_and(|guid| hooks.contains(&guid))
    });
    if is_known {
        return Ok(());
    }
    let name = quoted(value);
    Err(Complaint::new(format!("service: Select a valid choice. {name} is not one of the available choices.")))
}

/// The integration of `sentry.integrations.{name}.notify_action.{class}`. Its characters are those of such ids only: the id
/// is shown in a header.
fn integration(id: &str) -> Option<&str> {
    let is_plain =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let (name, class) = id.strip_prefix("sentry.integrations.")?.split_once(".notify_action.")?;
    (id.len() <= ID_CHARACTERS_MAX && is_plain(name) && is_plain(class)).then_some(name)
}

/// The text of a version 4 UUID.
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = HookGuid(bytes).to_string();
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_integrations_are_known_by_their_form() {
        assert_eq!(integration("sentry.integrations.slack.notify_action.SlackNotifyServiceAction"), Some("slack"));
        assert_eq!(
            integration("sentry.integrations.jira_server.notify_action.JiraServerCreateTicketAction"),
            Some("jira_server")
        );
        for id in [
            "sentry.integrations.slack.notify_action.",
            "sentry.integrations..notify_action.A",
            "sentry.integrations.slack.notify_action.A\r\nx: y",
            "sentry.integrations.slack.form.A",
            "slack",
        ] {
            assert_eq!(integration(id), None, "{id:?}");
        }
        let long = format!("sentry.integrations.a.notify_action.{}", "b".repeat(128));
        assert_eq!(integration(&long), None);
    }

    #[test]
    fn a_uuid_is_one_of_version_4() {
        assert_eq!(uuid([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
