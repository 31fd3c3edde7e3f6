//! A hook as its pages read it from the API, and how its state is put into words.

use model::rules::{Node, NodePlace, label};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::ui::hook::state_badge;
use crate::ui::page::Page;
use crate::ui::words::{count, duration, share_of};

/// A hook.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Hook {
    pub(super) id: String,
    pub(super) url: String,
    pub(super) status: String,
    pub(super) events: Vec<String>,
    pub(super) retries: String,
    pub(super) secret: String,
    pub(super) signing_secret: String,
    pub(super) previous_secret_until: Option<String>,
    pub(super) date_created: String,
    pub(super) timeout: u64,
    pub(super) concurrency: u64,
    pub(super) max_age: u64,
    pub(super) when_open: String,
    pub(super) filters: Vec<Value>,
    pub(super) filter_match: String,
    pub(super) headers: Map<String, Value>,
    pub(super) health: Health,
}

/// How its receiver stands.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Health {
    pub(super) state: String,
    pub(super) since: Option<String>,
    pub(super) last_success: Option<String>,
    pub(super) last_failure: Option<String>,
    pub(super) failures: u64,
    pub(super) circuit: Circuit,
    pub(super) paused_until: Option<String>,
    pub(super) backlog: Backlog,
    pub(super) last24h: Last24h,
    pub(super) disabled_by: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Circuit {
    pub(super) next_probe: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Last24h {
    attempts: u64,
    succeeded: u64,
}

#[derive(Deserialize)]
pub(super) struct Backlog {
    pub(super) deliveries: u64,
    /// In seconds.
    pub(super) age: Option<i64>,
}

impl Hook {
    /// Whether it fires.
    pub(super) fn is_active(&self) -> bool {
        self.status != "disabled"
    }

    /// The colour and the word of its state.
    pub(super) fn state(&self) -> (&'static str, &str) {
        state_badge(&self.health.state)
    }

    /// What its state means, and what mends it.
    pub(super) fn state_in_words<P>(&self, page: &Page<P>) -> String {
        let health = &self.health;
        let age = |iso: &Option<String>| iso.as_ref().map(|iso| page.moment(iso).age).unwrap_or_default();
        let since = |iso: &Option<String>| iso.as_ref().map(|iso| format!(" since {}", page.moment(iso).full()));
        let since = since(&health.since).unwrap_or_default();
        match health.state.as_str() {
            "healthy" => format!("The last attempt succeeded, {}.", age(&health.last_success)),
            "failing" if health.failures == 1 => format!("The last attempt failed, {}.", age(&health.last_failure)),
            "failing" => format!("{} attempts in a row have failed{since}.", count(health.failures)),
            "open" => format!(
                "The receiver fails again and again{since}. Nothing is sent but probes with real deliveries, the next one \
                 {}; the first that succeeds lets everything go on.",
                age(&health.circuit.next_probe)
            ),
            "paused" => format!("The receiver asked to be left alone: deliveries go on {}.", age(&health.paused_until)),
            "disabled" => match health.disabled_by.as_deref() {
                Some("gone") => format!(
                    "Disabled{since}: the receiver answered 410 Gone twice, which says that it wants no more. Enable it when it does."
                ),
                _ => format!("Disabled by hand{since}. It gets nothing until it is enabled."),
            },
            "unreadable" => {
                "Its stored secret or headers are damaged. Set the headers again, or rotate the secret without overlap."
                    .to_owned()
            }
            "unknown" if self.events.is_empty() => {
                "It asks for no kind of event, so it gets none: edit it to choose one.".to_owned()
            }
            "unknown" => {
                "No event was sent to it since it was created or enabled. A test shows whether it answers.".to_owned()
            }
            _ => String::new(),
        }
    }

    /// How its attempts of the last day went; nothing where there was none.
    pub(super) fn last_day_in_words(&self) -> Option<String> {
        let Last24h { attempts, succeeded } = self.health.last24h;
        share_of(succeeded, attempts)
    }

    /// Whether only alert rules have anything sent to it.
    pub(super) fn is_for_alerts_only(&self) -> bool {
        self.events == ["event.alert"]
    }

    /// Each of its filters as a sentence.
    pub(super) fn filters_in_words(&self) -> Vec<String> {
        let words = |node| match Node::read(node, NodePlace::HookFilter) {
            Ok(read) => label(&read),
            // One that an earlier release took.
            Err(_) => node.to_string(),
        };
        self.filters.iter().map(words).collect()
    }

    /// What waits for it.
    pub(super) fn backlog_in_words(&self) -> String {
        let Backlog { deliveries, age } = self.health.backlog;
        match (deliveries, age) {
            (0, _) => "empty".to_owned(),
            (many, Some(seconds)) => format!("{} wait, the oldest for {}", count(many), duration(seconds * 1_000)),
            (many, None) => format!("{} wait", count(many)),
        }
    }
}
