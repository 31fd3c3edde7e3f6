//! `watchfire deliveries list`: the log of a hook, narrowed by the API.

use clap::{ArgAction, Args};
use model::ids::Millis;

use super::view::{Delivery, table};
use crate::cli::api::{Item, ServerFlags, escaped};
use crate::cli::failure::{ApiError, Failure};
use crate::cli::report;
use crate::cli::when::When;
use crate::config::Origins;
use crate::wiring::system_clock;

pub(super) const EXAMPLES: &str = "\
A status is waiting, sending, delivered, failed, expired, cancelled or skipped; an outcome is what the
log says of attempts, such as http_error, timed_out, unreachable or refused_address.

Examples:
  watchfire deliveries list 4f1c...
  What did not arrive since yesterday:
    watchfire deliveries list 4f1c... --status failed --status expired --since 1d
  All of an issue, for a program:
    watchfire deliveries list 4f1c... --issue MY-PROJECT-B --limit 1000 --json";

/// What `list` is told.
#[derive(Debug, Args)]
pub(super) struct List {
    /// The hook's id, as `watchfire hooks list` shows it
    #[arg(value_name = "HOOK")]
    hook: String,
    /// Only deliveries in this state. May be repeated
    #[arg(long, value_name = "STATE", action = ArgAction::Append)]
    status: Vec<String>,
    /// Only deliveries whose last attempt ended so. May be repeated
    #[arg(long, value_name = "OUTCOME", action = ArgAction::Append)]
    outcome: Vec<String>,
    /// Only deliveries of this kind, such as event.alert, or of the event with this id. May be repeated
    #[arg(long, value_name = "KIND", action = ArgAction::Append)]
    event: Vec<String>,
    /// Only deliveries of this issue: its id or its short id
    #[arg(long, value_name = "ID")]
    issue: Option<String>,
    /// Only what was owed at this time or later: a date, an age such as 2h, or seconds since 1970
    #[arg(long, value_name = "TIME")]
    since: Option<When>,
    /// Only what was owed at this time or earlier
    #[arg(long, value_name = "TIME")]
    until: Option<When>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Print one JSON object in a line for each delivery
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerFlags,
}

/// Lists.
pub(super) async fn run(arguments: List, origins: &Origins) -> Result<String, Failure> {
    let query = arguments.query(system_clock().now());
    let List { hook, limit, json, server, .. } = arguments;
    let project = server.project(origins).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let listed = project.hook(&hook).list("deliveries/", &query, limit).await?;
    if listed.more {
        report::note(&format!(
            "The newest {}; there may be more: raise --limit, or set --until.\n",
            listed.items.len()
        ));
    }
    if json {
        return Ok(listed.items.iter().map(Item::line).collect());
    }
    let deliveries = listed.items.iter().map(Item::read).collect::<Result<Vec<Delivery>, ApiError>>()?;
    Ok(table(&deliveries))
}

impl List {
    fn query(&self, now: Millis) -> String {
        let many = |name: &'static str, values: &[String]| -> Vec<String> {
            values.iter().map(|value| format!("{name}={}", escaped(value))).collect()
        };
        let time =
            |name: &'static str, when: Option<When>| when.map(|when| format!("{name}={}", escaped(&when.text(now))));
        let mut parts =
            [many("status", &self.status), many("outcome", &self.outcome), many("event", &self.event)].concat();
        parts.extend(self.issue.as_ref().map(|issue| format!("issue={}", escaped(issue))));
        parts.extend(time("since", self.since));
        parts.extend(time("until", self.until));
        parts.join("&")
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        list: List,
    }

    #[test]
    fn what_is_named_narrows_the_list_and_nothing_else() {
        let query = |line: &[&str]| {
            let line = Line::try_parse_from([&["list", "h"], line].concat()).unwrap();
            line.list.query(Millis(1_767_621_600_000))
        };
        assert_eq!(query(&[]), "");
        let line = ["--status=failed", "--status=expired", "--event=a b&c", "--issue=7", "--since=2h"];
        let expected = "status=failed&status=expired&event=a%20b%26c&issue=7&since=2026-01-05T12%3A00%3A00Z";
        assert_eq!(query(&line), expected);
    }
}
