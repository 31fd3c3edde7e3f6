//! Deliveries and replays as the API shows them.

use serde::Deserialize;

use crate::cli::report::{self, Exactly, api_moment, tame};

/// A delivery in a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delivery {
    pub(super) id: Option<String>,
    pub(super) kind: String,
    pub(super) state: String,
    pub(super) event: Option<String>,
    issue: Option<String>,
    issue_short_id: Option<String>,
    pub(super) created: String,
    pub(super) due: Option<String>,
    pub(super) settled: Option<String>,
    pub(super) sent_again: Option<String>,
    pub(super) attempts: u32,
    pub(super) last_attempt: Option<LastAttempt>,
}

/// How the newest attempt ended.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LastAttempt {
    outcome: String,
    cause: Option<String>,
    status: Option<u16>,
    duration_ms: f64,
    error: Option<String>,
}

/// A replay.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReplayView {
    pub(super) id: String,
    pub(super) state: String,
    pub(super) since: String,
    pub(super) until: String,
    status: Vec<String>,
    pub(super) found: u64,
    pub(super) sent_again: u64,
    pub(super) created: String,
    ended: Option<String>,
}

impl Delivery {
    /// Whether nothing more happens to it by itself.
    pub(super) fn is_settled(&self) -> bool {
        !matches!(self.state.as_str(), "waiting" | "sending")
    }

    /// Whether its receiver has it.
    pub(super) fn is_delivered(&self) -> bool {
        self.state == "delivered"
    }

    /// Its id, for people.
    pub(super) fn name(&self) -> String {
        self.id.as_deref().map_or_else(|| "-".to_owned(), tame)
    }

    /// How it stands, in a few words: `failed: http_error 503`.
    pub(super) fn standing(&self) -> String {
        match &self.last_attempt {
            Some(last) => format!("{}: {}", tame(&self.state), last.ending()),
            None => tame(&self.state),
        }
    }

    /// What people call its issue.
    pub(super) fn issue_name(&self) -> Option<String> {
        self.issue_short_id.as_deref().or(self.issue.as_deref()).map(tame)
    }

    fn row(&self) -> [String; 7] {
        [
            self.name(),
            tame(&self.kind),
            tame(&self.state),
            api_moment(&self.created, Exactly::Second),
            self.attempts.to_string(),
            self.issue_name().unwrap_or_else(|| "-".to_owned()),
            self.last_attempt.as_ref().map_or_else(|| "-".to_owned(), LastAttempt::with_time),
        ]
    }
}

impl LastAttempt {
    /// How it ended: `http_error 503`, `unreachable (dns)`.
    fn ending(&self) -> String {
        ending(&self.outcome, self.cause.as_deref(), self.status)
    }

    fn with_time(&self) -> String {
        let error = self.error.as_ref().map(|error| format!(": {}", tame(error))).unwrap_or_default();
        format!("{}, {} ms{error}", self.ending(), self.duration_ms)
    }
}

impl ReplayView {
    pub(super) fn is_running(&self) -> bool {
        self.state == "running"
    }

    fn row(&self) -> [String; 7] {
        [
            tame(&self.id),
            tame(&self.state),
            format!("{} of {}", self.sent_again, self.found),
            api_moment(&self.since, Exactly::Second),
            api_moment(&self.until, Exactly::Second),
            self.ended.as_ref().map_or_else(|| "-".to_owned(), |ended| api_moment(ended, Exactly::Second)),
            tame(&self.status.join(", ")),
        ]
    }
}

/// An outcome with its cause and the receiver's status.
pub(super) fn ending(outcome: &str, cause: Option<&str>, status: Option<u16>) -> String {
    let cause = cause.map(|cause| format!(" ({cause})")).unwrap_or_default();
    let status = status.map(|status| format!(" {status}")).unwrap_or_default();
    tame(&format!("{outcome}{cause}{status}"))
}

/// Deliveries, one in a row.
pub(super) fn table(deliveries: &[Delivery]) -> String {
    let mut rows = vec![["ID", "KIND", "STATE", "CREATED", "ATTEMPTS", "ISSUE", "LAST ATTEMPT"].map(str::to_owned)];
    rows.extend(deliveries.iter().map(Delivery::row));
    report::columns(&rows)
}

/// Replays, one in a row.
pub(super) fn replay_table(replays: &[ReplayView]) -> String {
    let mut rows = vec![["ID", "STATE", "SENT AGAIN", "SINCE", "UNTIL", "ENDED", "STATUS"].map(str::to_owned)];
    rows.extend(replays.iter().map(ReplayView::row));
    report::columns(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: &str = r#"{"id":"d1","kind":"event.created","state":"failed","event":"e1","issue":"7",
        "created":"2026-01-05T14:03:07.123Z","due":null,"settled":"2026-01-05T14:03:08.000Z","sentAgain":null,
        "attempts":2,"lastAttempt":{"number":2,"started":"2026-01-05T14:03:07.900Z","outcome":"unreachable",
        "cause":"dns","status":null,"durationMs":1.5,"error":"no \u001b address"}}"#;

    #[test]
    fn a_row_says_how_the_last_attempt_ended_in_words() {
        let expected = "ID  KIND           STATE   CREATED               ATTEMPTS  ISSUE  LAST ATTEMPT\n\
                        d1  event.created  failed  2026-01-05 14:03:07Z  2         7      \
                        unreachable (dns), 1.5 ms: no   address\n";
        assert_eq!(table(&[serde_json::from_str(FAILED).unwrap()]), expected);
    }

    #[test]
    fn only_waiting_and_sending_are_not_settled() {
        for (state, settled) in
            [("waiting", false), ("sending", false), ("delivered", true), ("failed", true), ("skipped", true)]
        {
            let delivery: Delivery =
                serde_json::from_str(&FAILED.replace("\"failed\"", &format!("\"{state}\""))).unwrap();
            assert_eq!(delivery.is_settled(), settled, "{state}");
        }
    }
}
