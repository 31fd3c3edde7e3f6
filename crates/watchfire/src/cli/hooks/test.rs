//! `watchfire hooks test`: the sample, delivered now, and what the receiver said to it.

use serde::Deserialize;
use serde_json::json;

use super::One;
use crate::cli::failure::{ApiError, Failure};
use crate::cli::report::{self, tame};
use crate::config::Origins;

pub(super) const EXAMPLES: &str = "\
Exit code 0: the receiver answered 2xx; 3: it did not, or was not reached.

Examples:
  watchfire hooks test 4f1c...
  watchfire hooks test 4f1c... --json | jq .status";

/// What came of a test.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tested {
    delivery: String,
    succeeded: bool,
    outcome: String,
    cause: Option<String>,
    status: Option<u16>,
    error: Option<String>,
    duration_ms: f64,
    response: Response,
}

#[derive(Debug, Deserialize)]
struct Response {
    #[serde(default)]
    headers: String,
    #[serde(default)]
    body: String,
}

/// Tests; what came of it is printed also where it failed.
pub(super) async fn run(One { hook, json, server }: One, origins: &Origins) -> Result<String, Failure> {
    let project = server.project(origins).await?;
    let answer = project.hook(&hook).post("test/", &json!({})).await?;
    let tested: Tested = answer.read()?;
    let text = if json { answer.line()? } else { tested.page() };
    if tested.succeeded {
        return Ok(text);
    }
    report::print(&text)?;
    Err(ApiError::TestFailed { hook: tame(&hook), why: tested.why() }.into())
}

impl Tested {
    fn page(&self) -> String {
        let status = self.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        let fields = report::fields(&[
            ("status", Some(status)),
            ("outcome", Some(self.outcome())),
            ("took", Some(format!("{} ms", self.duration_ms))),
            ("error", self.error.as_deref().map(tame)),
            ("delivery", Some(tame(&self.delivery))),
        ]);
        let lines = |text: &str| -> String { text.lines().map(|line| format!("  {}\n", tame(line))).collect() };
        let (headers, body) = (lines(&self.response.headers), lines(&self.response.body));
        let section = |name: &str, text: String| if text.is_empty() { text } else { format!("{name}\n{text}") };
        format!("{fields}{}{}", section("headers", headers), section("body", body))
    }

    fn outcome(&self) -> String {
        let cause = self.cause.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
        tame(&format!("{}{cause}", self.outcome))
    }

    fn why(&self) -> String {
        match (&self.error, self.status) {
            (Some(error), _) => tame(error),
            (None, Some(status)) => format!("the receiver answered {status}"),
            (None, None) => self.outcome(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_shown_with_what_the_receiver_said_and_nothing_that_steers_the_terminal() {
        let text = r#"{"delivery":"d1","succeeded":false,"outcome":"http_error","cause":null,"status":503,"error":null,
            "durationMs":1.25,"response":{"headers":"server: x\n","body":"red \u001b[31m\nsecond"}}"#;
        let tested: Tested = serde_json::from_str(text).unwrap();
        let expected = "status    503\noutcome   http_error\ntook      1.25 ms\ndelivery  d1\n\
                        headers\n  server: x\nbody\n  red  [31m\n  second\n";
        assert_eq!(tested.page(), expected);
        assert_eq!(tested.why(), "the receiver answered 503");
    }
}
