//! Whether a rule alerts at present, with the form that snoozes it: a part that the list and the rule's page share.

use askama::Template;
use askama::filters::HtmlSafe;

use super::rule::Rule;
use crate::ui::links::Place;
use crate::ui::words::Moment;

const HOUR_MILLIS: i64 = 3_600_000;

/// For how long: the name that a form sends, milliseconds, and the words.
pub(super) const SPANS: &[(&str, Option<i64>, &str)] = &[
    ("1h", Some(HOUR_MILLIS), "for an hour"),
    ("4h", Some(4 * HOUR_MILLIS), "for 4 hours"),
    ("1d", Some(24 * HOUR_MILLIS), "for a day"),
    ("1w", Some(7 * 24 * HOUR_MILLIS), "for a week"),
    ("forever", None, "until unsnoozed"),
];

/// On which page the part stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Back {
    List,
    Rule,
}

/// The part.
#[derive(Template)]
#[template(path = "alerts/state.html")]
pub(super) struct StatePart {
    pub(super) rule: Rule,
    /// Where the rule's page is.
    pub(super) place: Place,
    /// The page that a form without a script leads back to.
    pub(super) back: Back,
    pub(super) csrf: String,
    pub(super) may_write: bool,
    /// When a snooze ends.
    pub(super) until: Option<Moment>,
    /// Why what was asked was not done.
    pub(super) complaint: Option<String>,
}

/// It escapes what it shows itself.
impl HtmlSafe for StatePart {}

impl StatePart {
    /// The colour and the word.
    fn state(&self) -> (&'static str, &'static str) {
        match (self.rule.status.as_str(), self.rule.snooze) {
            ("disabled", _) => ("", "Disabled"),
            (_, true) => ("warn", "Snoozed"),
            _ => ("good", "Active"),
        }
    }

    fn is_disabled(&self) -> bool {
        self.rule.status == "disabled"
    }

    fn spans(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        SPANS.iter().map(|(name, _, label)| (*name, *label))
    }
}

impl Back {
    /// What the form's field holds.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Back::List => "list",
            Back::Rule => "rule",
        }
    }

    /// What the field says; the rule's own page for anything else.
    pub(super) fn named(name: &str) -> Back {
        if name == Back::List.as_str() { Back::List } else { Back::Rule }
    }
}
