//! What is printed of a webhook: a block for people, a line for programs.
//!
//! Whatever it says is somebody else's text: nothing in it may steer a terminal.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use webhook::headers::{self, HeaderName};

use super::judge::{Verdict, text};
use super::received::Received;
use crate::cli::doubt::Doubt;
use crate::cli::layout::{Layout, for_eyes, lay_out};
use crate::cli::report::{moment, tame};

/// How webhooks are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A few lines each.
    Block,
    /// The same, then the body.
    BlockAndBody,
    /// One JSON object in a line each.
    Line,
}

/// A webhook in the terms of its hook.
#[derive(Serialize)]
pub(super) struct Shown {
    received_at: String,
    /// Of the header; empty where it is missing.
    kind: String,
    test: bool,
    title: Option<String>,
    level: Option<String>,
    project: Option<String>,
    issue_url: Option<String>,
    triggering_rules: Vec<String>,
    delivery: Option<String>,
    attempt: Option<String>,
    signature: ShownSignature,
    answered: u16,
    forward_error: Option<String>,
    /// JSON as it is, anything else as a text.
    body: Box<RawValue>,
}

#[derive(Serialize)]
struct ShownSignature {
    /// `valid`, `not valid`, `not signed` or `not checked`.
    state: &'static str,
    by: Vec<&'static str>,
    reasons: Vec<String>,
}

/// What is looked for in a body. All of it may be missing: anything can be posted here.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Known {
    message: Option<String>,
    level: Option<String>,
    project: Option<String>,
    url: Option<String>,
    triggering_rules: Vec<String>,
}

impl Shown {
    /// Looks through a webhook.
    pub(super) fn of(received: &Received, verdict: &Verdict, answered: u16, forward_error: Option<String>) -> Shown {
        let known: Known = serde_json::from_slice(&received.body).unwrap_or_default();
        let header = |name: HeaderName| text(&received.headers, name).map(str::to_owned);
        Shown {
            received_at: moment(received.at),
            kind: header(headers::EVENT).unwrap_or_default(),
            test: header(headers::TEST).is_some(),
            title: known.message,
            level: known.level,
            project: known.project,
            issue_url: known.url,
            triggering_rules: known.triggering_rules,
            delivery: header(headers::DELIVERY),
            attempt: header(headers::ATTEMPT),
            signature: ShownSignature::of(verdict),
            answered,
            forward_error,
            body: as_json(&received.body),
        }
    }

    /// What is printed, with a newline at the end.
    pub(super) fn text(&self, form: Form, body: &[u8]) -> String {
        match form {
            Form::Block => format!("{}\n", self.block()),
            Form::BlockAndBody => format!("{}{}\n\n", self.block(), for_eyes(body)),
            // Only texts, numbers and JSON that was read before are in it: it can be written.
            Form::Line => format!("{}\n", serde_json::to_string(self).unwrap_or_default()),
        }
    }

    fn block(&self) -> String {
        let kind = match (self.kind.as_str(), self.test) {
            ("", _) => "(no X-Sentry-Hook-Event: not from Watchfire?)".to_owned(),
            (kind, true) => format!("{kind} (test)"),
            (kind, false) => kind.to_owned(),
        };
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        let mut block =
            tame(&format!("{}  {kind}  {}  {}", self.received_at, shown(&self.level), shown(&self.title))) + "\n";
        let mut line = |name: &str, value: &str| block.push_str(&format!("  {name:<11}{}\n", tame(value)));
        line("project", &shown(&self.project));
        line("issue", &shown(&self.issue_url));
        if !self.triggering_rules.is_empty() {
            line("rules", &self.triggering_rules.join(", "));
        }
        line("delivery", &format!("{}, attempt {}", shown(&self.delivery), shown(&self.attempt)));
        line("signature", &self.signature.summary());
        for reason in &self.signature.reasons {
            line("", reason);
        }
        if let Some(error) = &self.forward_error {
            line("forward", error);
        }
        line("answered", &self.answered.to_string());
        block
    }
}

impl ShownSignature {
    fn of(verdict: &Verdict) -> ShownSignature {
        let reasons = |doubts: &[Doubt]| doubts.iter().flat_map(Doubt::lines).collect();
        match verdict {
            Verdict::NotChecked => ShownSignature { state: "not checked", by: Vec::new(), reasons: Vec::new() },
            Verdict::Valid { by, doubts } => {
                ShownSignature { state: "valid", by: by.clone(), reasons: reasons(doubts) }
            }
            Verdict::NotValid(doubts) => {
                ShownSignature { state: "not valid", by: Vec::new(), reasons: reasons(doubts) }
            }
            Verdict::NotSigned => ShownSignature { state: "not signed", by: Vec::new(), reasons: Vec::new() },
        }
    }

    fn summary(&self) -> String {
        match self.state {
            "valid" => format!("valid, by {}", self.by.join(", ")),
            "not checked" => "not checked: no secret was given".to_owned(),
            "not signed" => "not valid: no header holds a signature".to_owned(),
            state => state.to_owned(),
        }
    }
}

fn as_json(body: &[u8]) -> Box<RawValue> {
    let as_text = || serde_json::Value::from(String::from_utf8_lossy(body)).to_string();
    let json = lay_out(body, Layout::Compact).unwrap_or_else(as_text);
    RawValue::from_string(json).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
