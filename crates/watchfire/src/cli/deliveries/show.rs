//! `watchfire deliveries show`: one delivery with every attempt that was made.

use clap::Args;
use serde::Deserialize;

use super::timing::Timings;
use super::view::{Delivery, ending};
use crate::cli::api::ServerFlags;
use crate::cli::failure::Failure;
use crate::cli::layout::for_eyes;
use crate::cli::report::{self, Exactly, api_moment, tame};
use crate::config::Origins;

pub(super) const EXAMPLES: &str = "\
In the bar of an attempt r is the DNS, c the connection, t TLS, w the wait for the first byte of the
answer, and b the rest of it; a dot is time that went into none of them. Of an answer the log keeps an
excerpt.

Examples:
  watchfire deliveries show 4f1c... 019b8e3f1a2b7000...
  watchfire deliveries show 4f1c... 019b8e3f1a2b7000... --body
  watchfire deliveries show 4f1c... 019b8e3f1a2b7000... --json | jq -r .request.body";

/// What `show` is told.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The hook's id, as `watchfire hooks list` shows it
    #[arg(value_name = "HOOK")]
    hook: String,
    /// The delivery's id: the header X-Sentry-Hook-Delivery, or as `watchfire deliveries list` shows it
    #[arg(value_name = "DELIVERY")]
    delivery: String,
    /// Print the body that is sent too, as indented JSON
    #[arg(long)]
    body: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerFlags,
}

/// A delivery looked at closely.
#[derive(Debug, Deserialize)]
struct Detail {
    #[serde(flatten)]
    delivery: Delivery,
    request: Sent,
    log: Vec<Attempt>,
}

#[derive(Debug, Deserialize)]
struct Sent {
    method: String,
    url: String,
    body: Option<String>,
}

/// Names and values.
type Headers = Vec<(String, String)>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attempt {
    number: u32,
    repeats: u32,
    first_started: String,
    started: String,
    outcome: String,
    cause: Option<String>,
    status: Option<u16>,
    reused: bool,
    timings: Timings,
    error: Option<String>,
    request_headers: Option<Headers>,
    response: Option<Received>,
}

#[derive(Debug, Deserialize)]
struct Received {
    headers: Headers,
    body: String,
}

/// Shows.
pub(super) async fn run(arguments: Show, origins: &Origins) -> Result<String, Failure> {
    let Show { hook, delivery, body, json, server } = arguments;
    let project = server.project(origins).await?;
    let answer = project.delivery(&hook, &delivery).get("").await?;
    if json {
        return Ok(answer.line()?);
    }
    let detail: Detail = answer.read()?;
    let page = detail.page();
    Ok(if body { format!("{page}{}", detail.body()) } else { page })
}

impl Detail {
    fn page(&self) -> String {
        let delivery = &self.delivery;
        let at = |moment: &Option<String>| moment.as_ref().map(|moment| api_moment(moment, Exactly::Millisecond));
        let head = report::fields(&[
            ("delivery", Some(delivery.name())),
            ("state", Some(delivery.standing())),
            ("kind", Some(tame(&delivery.kind))),
            ("event", delivery.event.as_deref().map(tame)),
            ("issue", delivery.issue_name()),
            ("to", Some(tame(&format!("{} {}", self.request.method, self.request.url)))),
            ("owed", Some(api_moment(&delivery.created, Exactly::Millisecond))),
            ("sent again", at(&delivery.sent_again)),
            ("due", at(&delivery.due)),
            ("settled", at(&delivery.settled)),
            ("attempts", Some(delivery.attempts.to_string())),
        ]);
        let log: String = self.log.iter().map(|attempt| format!("\n{}", attempt.block())).collect();
        head + &log
    }

    fn body(&self) -> String {
        match &self.request.body {
            Some(body) => format!("\nbody\n{}", indented(&for_eyes(body.as_bytes()))),
            None => "\nbody  not kept any more\n".to_owned(),
        }
    }
}

impl Attempt {
    fn block(&self) -> String {
        let repeats = if self.repeats > 1 {
            format!(", {} times since {}", self.repeats, api_moment(&self.first_started, Exactly::Millisecond))
        } else {
            String::new()
        };
        let started = api_moment(&self.started, Exactly::Millisecond);
        let ending = ending(&self.outcome, self.cause.as_deref(), self.status);
        let kept = if self.reused { ", on a connection that was open" } else { "" };
        let mut block = format!("attempt {}  {started}  {ending}{repeats}{kept}\n", self.number);
        block += &indented(
            report::fields(&[
                ("error", self.error.as_deref().map(tame)),
                ("waited", self.timings.queue.map(|ms| format!("{ms} ms"))),
                ("timing", Some(self.timings.text())),
            ])
            .trim_end(),
        );
        block += &section("sent", &lines(self.request_headers.as_deref().unwrap_or_default()));
        if let Some(response) = &self.response {
            let body = for_eyes(response.body.as_bytes());
            let answer = [lines(&response.headers), body].map(|part| part.trim_end().to_owned());
            let answer: Vec<String> = answer.into_iter().filter(|part| !part.is_empty()).collect();
            block += &section("answer", &answer.join("\n\n"));
        }
        block
    }
}

fn lines(headers: &[(String, String)]) -> String {
    let lines: Vec<String> = headers.iter().map(|(name, value)| tame(&format!("{name}: {value}"))).collect();
    lines.join("\n")
}

/// A named part of an attempt; nothing where it is empty.
fn section(name: &str, text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("  {name}\n{}", indented(indented(text).trim_end_matches('\n')))
    }
}

/// Each line two blanks further in, with a line end behind each.
fn indented(text: &str) -> String {
    let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DETAIL: &str = r#"{"id":"d1","kind":"event.created","state":"failed","event":"e1","issue":"7",
        "created":"2026-01-05T14:03:07.123Z","due":null,"settled":"2026-01-05T14:03:08.000Z","sentAgain":null,
        "attempts":1,"lastAttempt":{"number":1,"started":"2026-01-05T14:03:07.900Z","outcome":"http_error",
        "cause":null,"status":503,"durationMs":2,"error":null},
        "request":{"method":"POST","url":"http://h/","headers":null,"body":"{\"id\":1}"},
        "log":[{"number":1,"repeats":1,"firstStarted":"2026-01-05T14:03:07.900Z","started":"2026-01-05T14:03:07.900Z",
        "outcome":"http_error","cause":null,"wentOut":true,"status":503,"reused":false,
        "timings":{"queue":0.5,"resolve":null,"connect":1,"tls":null,"firstByte":1,"total":2},"error":null,
        "requestHeaders":[["X-Sentry-Hook-Attempt","1"]],
        "response":{"headers":[["retry-after","5"]],"body":"{\"why\":\"red \u001b[31m\"}"}}]}"#;

    #[test]
    fn a_delivery_is_shown_with_its_attempts_their_timing_and_what_was_said() {
        let detail: Detail = serde_json::from_str(DETAIL).unwrap();
        let expected = format!(
            "\
delivery    d1
state       failed: http_error 503
kind        event.created
event       e1
issue       7
to          POST http://h/
owed        2026-01-05 14:03:07.123Z
settled     2026-01-05 14:03:08.000Z
attempts    1

attempt 1  2026-01-05 14:03:07.900Z  http_error 503
  waited  0.5 ms
  timing  [{}{}] 2 ms: connect 1, wait 1
  sent
    X-Sentry-Hook-Attempt: 1
  answer
    retry-after: 5

    {}
",
            "c".repeat(20),
            "w".repeat(20),
            "red  [31m",
        );
        let page = detail.page();
        assert!(!page.contains('\u{1b}'), "{page:?}");
        assert_eq!(page.lines().take(16).collect::<Vec<_>>(), expected.lines().take(16).collect::<Vec<_>>(), "{page}");
        assert_eq!(detail.body(), "\nbody\n  {\n    \"id\": 1\n  }\n");
    }
}
