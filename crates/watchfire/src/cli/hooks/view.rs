//! A hook as the API shows it, for people: a row of a table, a page, its secrets.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::cli::report::{self, Exactly, api_moment, tame};

/// A hook of the API.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Hook {
    pub(super) id: String,
    pub(super) url: String,
    pub(super) status: String,
    secret: String,
    signing_secret: String,
    previous_secret_until: Option<String>,
    events: Vec<String>,
    date_created: String,
    timeout: u64,
    retries: String,
    concurrency: u64,
    max_age: u64,
    when_open: String,
    filters: Vec<Value>,
    filter_match: String,
    headers: Map<String, Value>,
    health: Option<Health>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Health {
    state: String,
    since: Option<String>,
    last_success: Option<String>,
    last_failure: Option<String>,
    failures: u32,
    circuit: Circuit,
    paused_until: Option<String>,
    backlog: Backlog,
    disabled_by: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Circuit {
    open: bool,
    since: Option<String>,
    probes: u32,
    next_probe: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Backlog {
    deliveries: u64,
    age: Option<i64>,
}

/// All hooks, one in a row.
pub(super) fn table(hooks: &[Hook]) -> String {
    let mut rows = vec![["ID", "STATUS", "HEALTH", "EVENTS", "BACKLOG", "URL"].map(str::to_owned)];
    rows.extend(hooks.iter().map(Hook::row));
    report::columns(&rows)
}

impl Hook {
    fn row(&self) -> [String; 6] {
        let health = self.health.as_ref();
        [
            tame(&self.id),
            tame(&self.status),
            health.map_or_else(|| "-".to_owned(), |health| tame(&health.state)),
            self.kinds(),
            health.map_or_else(|| "-".to_owned(), |health| health.backlog.deliveries.to_string()),
            tame(&self.url),
        ]
    }

    /// Everything but the secrets.
    pub(super) fn page(&self) -> String {
        let headers: Vec<String> =
            self.headers.iter().map(|(name, value)| format!("{name}: {}", value.as_str().unwrap_or("?"))).collect();
        let list = |texts: Vec<String>| {
            let texts: Vec<String> = texts.iter().map(|text| tame(text)).collect();
            if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
        };
        let filters: Vec<String> = self.filters.iter().map(ToString::to_string).collect();
        let matching = if filters.len() > 1 { format!("{} of ", tame(&self.filter_match)) } else { String::new() };
        let settings = [
            ("id", Some(tame(&self.id))),
            ("url", Some(tame(&self.url))),
            ("status", Some(tame(&self.status))),
            ("events", Some(self.kinds())),
            ("created", Some(api_moment(&self.date_created, Exactly::Second))),
            ("timeout", Some(format!("{} s", self.timeout))),
            ("retries", Some(tame(&self.retries))),
            ("concurrency", Some(self.concurrency.to_string())),
            ("max age", Some(seconds(self.max_age))),
            ("when open", Some(tame(&self.when_open))),
            ("filters", Some(format!("{matching}{}", list(filters)))),
            ("headers", Some(list(headers))),
            ("old secret", self.previous_secret_until().map(|until| format!("valid until {until}"))),
        ];
        let health = self.health.as_ref().map(Health::lines).unwrap_or_default();
        report::fields(&[&settings[..], &health].concat())
    }

    /// Id and secrets, which whoever may change the hook sees whole.
    pub(super) fn secrets(&self) -> String {
        report::fields(&[
            ("id", Some(tame(&self.id))),
            ("secret", Some(tame(&self.secret))),
            ("signing secret", Some(tame(&self.signing_secret))),
        ])
    }

    /// Until when an earlier secret is valid too, for people.
    pub(super) fn previous_secret_until(&self) -> Option<String> {
        self.previous_secret_until.as_ref().map(|until| api_moment(until, Exactly::Second))
    }

    fn kinds(&self) -> String {
        if self.events.is_empty() { "none".to_owned() } else { tame(&self.events.join(", ")) }
    }
}

impl Health {
    fn lines(&self) -> Vec<(&'static str, Option<String>)> {
        let at = |moment: &Option<String>| moment.as_ref().map(|moment| api_moment(moment, Exactly::Second));
        let since = at(&self.since).map(|since| format!(" since {since}")).unwrap_or_default();
        let streak = match self.failures {
            0 => String::new(),
            1 => ", the last attempt failed".to_owned(),
            many => format!(", the last {many} attempts failed"),
        };
        let by = self.disabled_by.as_ref().map(|by| format!(", by {}", by_whom(by))).unwrap_or_default();
        let circuit = self.circuit.open.then(|| {
            let since = at(&self.circuit.since).map(|since| format!(" since {since}")).unwrap_or_default();
            let next = at(&self.circuit.next_probe).map(|next| format!(", the next at {next}")).unwrap_or_default();
            format!("open{since}: {} probes sent{next}", self.circuit.probes)
        });
        let age = self.backlog.age.and_then(|age| u64::try_from(age).ok());
        let age = age.map(|age| format!(", the oldest for {}", seconds(age))).unwrap_or_default();
        vec![
            ("health", Some(format!("{}{since}{streak}{by}", tame(&self.state)))),
            ("last success", at(&self.last_success)),
            ("last failure", at(&self.last_failure)),
            ("circuit", circuit),
            ("paused until", at(&self.paused_until)),
            ("backlog", Some(format!("{} waiting{age}", self.backlog.deliveries))),
        ]
    }
}

fn by_whom(by: &str) -> String {
    match by {
        "person" => "somebody".to_owned(),
        "gone" => "its receiver, which answered 410 Gone".to_owned(),
        other => tame(other),
    }
}

/// A length of time in the largest unit that leaves no rest, or in seconds.
fn seconds(seconds: u64) -> String {
    [(86_400, "d"), (3_600, "h"), (60, "min")]
        .into_iter()
        .find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit))
        .map_or_else(|| format!("{seconds} s"), |(unit, name)| format!("{} {name}", seconds / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOOK: &str = r#"{"id":"4f1c","url":"https://h.example/\u001b[31m","secret":"8fca","status":"active",
        "events":["event.alert"],"dateCreated":"2026-01-05T14:03:07.123Z","signingSecret":"whsec_x",
        "previousSecretUntil":null,"timeout":5,"retries":"none","concurrency":4,"maxAge":259200,"whenOpen":"wait",
        "filters":[{"id":"a"},{"id":"b"}],"filterMatch":"any","headers":{"X-Team":"********"},
        "health":{"state":"open","since":"2026-01-05T14:00:00.000Z","lastSuccess":null,
        "lastFailure":"2026-01-05T14:03:00.000Z","failures":12,"circuit":{"open":true,
        "since":"2026-01-05T14:00:00.000Z","probes":3,"nextProbe":"2026-01-05T14:04:00.000Z"},"pausedUntil":null,
        "backlog":{"deliveries":7,"oldest":"2026-01-05T14:00:00.000Z","age":187},"disabledBy":null}}"#;

    #[test]
    fn the_page_of_a_hook_has_its_settings_and_its_health_and_no_secret() {
        let hook: Hook = serde_json::from_str(HOOK).unwrap();
        let page = hook.page();
        for line in [
            "id            4f1c",
            "url           https://h.example/ [31m",
            "max age       3 d",
            "filters       any of {\"id\":\"a\"}, {\"id\":\"b\"}",
            "headers       X-Team: ********",
            "health        open since 2026-01-05 14:00:00Z, the last 12 attempts failed",
            "circuit       open since 2026-01-05 14:00:00Z: 3 probes sent, the next at 2026-01-05 14:04:00Z",
            "backlog       7 waiting, the oldest for 187 s",
        ] {
            assert!(page.lines().any(|shown| shown == line), "{line} in\n{page}");
        }
        assert!(!page.contains("8fca") && !page.contains("last success"), "{page}");
        assert_eq!(hook.secrets(), "id              4f1c\nsecret          8fca\nsigning secret  whsec_x\n");
    }

    #[test]
    fn the_table_has_a_row_for_each_hook() {
        let hooks = [serde_json::from_str(HOOK).unwrap()];
        let expected = "ID    STATUS  HEALTH  EVENTS       BACKLOG  URL\n\
                        4f1c  active  open    event.alert  7        https://h.example/ [31m\n";
        assert_eq!(table(&hooks), expected);
    }

    #[test]
    fn a_length_of_time_is_told_in_the_largest_unit_that_fits() {
        for (length, expected) in [(0, "0 s"), (59, "59 s"), (120, "2 min"), (7_200, "2 h"), (86_400, "1 d")] {
            assert_eq!(seconds(length), expected);
        }
    }
}
