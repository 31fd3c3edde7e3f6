//! The settings of a hook as flags, as the API's JSON, and the server's complaints about them under the flags' names.

use clap::{ArgAction, Args};
use model::rules::Quantifier;
use serde_json::{Map, Value};

use crate::cli::failure::{ApiError, Complaint};

/// The API's fields whose flags are called otherwise than in its own words.
const RENAMED: [(&str, &str); 8] = [
    ("url", "hook-url"),
    ("events", "event"),
    ("filters", "filter"),
    ("filterMatch", "filter-match"),
    ("headers", "header"),
    ("maxAge", "max-age"),
    ("whenOpen", "when-open"),
    ("isActive", "disabled"),
];
/// Those that have the same name.
const SAME: [&str; 5] = ["timeout", "retries", "concurrency", "overlap", "finish"];

/// What can be said of a hook, new or not.
#[derive(Debug, Args)]
pub(super) struct SettingFlags {
    /// What it is sent: event.created for every event, event.alert where a rule fires. May be repeated
    #[arg(long, value_name = "KIND", action = ArgAction::Append, value_parser = ["event.alert", "event.created"])]
    event: Vec<String>,
    /// How long an attempt may take, in seconds
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Whether failed deliveries are sent again by themselves
    #[arg(long, value_name = "HOW", value_parser = ["none", "exponential"])]
    retries: Option<String>,
    /// Requests at once
    #[arg(long, value_name = "N")]
    concurrency: Option<u64>,
    /// How long a delivery may wait for its first attempt, in seconds
    #[arg(long, value_name = "SECONDS")]
    max_age: Option<u64>,
    /// What becomes of deliveries while the receiver fails for good
    #[arg(long, value_name = "WHAT", value_parser = ["wait", "skip"])]
    when_open: Option<String>,
    /// A header that each webhook has beside ours, such as 'X-Team: payments'. May be repeated
    #[arg(long, value_name = "NAME: VALUE", action = ArgAction::Append, value_parser = header)]
    header: Vec<Header>,
    /// Which events it gets: a filter as in rules, as a JSON object. May be repeated
    #[arg(long, value_name = "JSON", action = ArgAction::Append, value_parser = filter)]
    filter: Vec<Filter>,
    /// How many of the filters must hold
    #[arg(long, value_name = "HOW", value_parser = quantifier)]
    filter_match: Option<Quantifier>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Header {
    name: String,
    value: String,
}

#[derive(Debug, Clone, PartialEq)]
struct Filter(Map<String, Value>);

/// A text that is not what its flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum BadSetting {
    #[error("expected a name, a colon and a value, such as 'X-Team: payments'")]
    Header,
    #[error("expected a JSON object, such as '{{\"id\": \"sentry.rules.filters.level.LevelFilter\", …}}'")]
    Filter,
    #[error("expected all, any or none")]
    Quantifier,
}

impl SettingFlags {
    /// What was named, as the API's fields.
    pub(super) fn body(self) -> Map<String, Value> {
        let SettingFlags { event, timeout, retries, concurrency, max_age, when_open, header, filter, filter_match } =
            self;
        let headers: Map<String, Value> =
            header.into_iter().map(|Header { name, value }| (name, value.into())).collect();
        let filters: Vec<Value> = filter.into_iter().map(|Filter(object)| object.into()).collect();
        let fields: [(&str, Option<Value>); 9] = [
            ("events", (!event.is_empty()).then(|| event.into())),
            ("timeout", timeout.map(Value::from)),
            ("retries", retries.map(Value::from)),
            ("concurrency", concurrency.map(Value::from)),
            ("maxAge", max_age.map(Value::from)),
            ("whenOpen", when_open.map(Value::from)),
            ("headers", (!headers.is_empty()).then(|| headers.into())),
            ("filters", (!filters.is_empty()).then(|| filters.into())),
            ("filterMatch", filter_match.map(|how| how.as_str().into())),
        ];
        fields.into_iter().filter_map(|(name, value)| value.map(|value| (name.to_owned(), value))).collect()
    }
}

/// The same refusal, with flags for fields.
pub(super) fn in_flags(error: ApiError) -> ApiError {
    match error {
        ApiError::Invalid { place, complaints } => {
            ApiError::Invalid { place, complaints: complaints.into_iter().map(of_flag).collect() }
        }
        other => other,
    }
}

fn of_flag(Complaint { field, text }: Complaint) -> Complaint {
    let (name, rest) = field.split_once('.').map_or((field.as_str(), None), |(name, rest)| (name, Some(rest)));
    let renamed = RENAMED.iter().find(|(known, _)| *known == name).map(|(_, flag)| *flag);
    let flag = renamed.or_else(|| SAME.into_iter().find(|known| *known == name));
    match (flag, rest) {
        (Some(flag), Some(rest)) => Complaint { field: format!("--{flag}, {rest}"), text },
        (Some(flag), None) => Complaint { field: format!("--{flag}"), text },
        (None, _) => Complaint { field, text },
    }
}

fn header(text: &str) -> Result<Header, BadSetting> {
    let (name, value) = text.split_once(':').ok_or(BadSetting::Header)?;
    let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
    if name.is_empty() { Err(BadSetting::Header) } else { Ok(Header { name, value }) }
}

fn filter(text: &str) -> Result<Filter, BadSetting> {
    serde_json::from_str(text).map(Filter).map_err(|_| BadSetting::Filter)
}

fn quantifier(text: &str) -> Result<Quantifier, BadSetting> {
    Quantifier::named(text).ok_or(BadSetting::Quantifier)
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        settings: SettingFlags,
    }

    fn body(line: &[&str]) -> Value {
        Line::try_parse_from([&["hooks"], line].concat()).unwrap().settings.body().into()
    }

    #[test]
    fn only_what_is_named_is_in_the_body() {
        assert_eq!(body(&[]), json!({}));
        assert_eq!(body(&["--timeout", "10", "--when-open", "skip"]), json!({"timeout": 10, "whenOpen": "skip"}));
        let line = [
            "--event=event.created",
            "--event=event.alert",
            "--header=X-Team: a: b",
            "--header=X-Two:",
            "--filter={\"id\":\"f\"}",
            "--filter-match=any",
            "--max-age=60",
            "--concurrency=2",
            "--retries=exponential",
        ];
        let expected = json!({
            "events": ["event.created", "event.alert"], "headers": {"X-Team": "a: b", "X-Two": ""},
            "filters": [{"id": "f"}], "filterMatch": "any", "maxAge": 60, "concurrency": 2, "retries": "exponential",
        });
        assert_eq!(body(&line), expected);
    }

    #[test]
    fn what_a_flag_cannot_take_is_refused_before_anything_is_asked() {
        for line in [["--header", "X-Team"], ["--filter", "[1]"], ["--filter-match", "most"], ["--event", "test"]] {
            assert!(Line::try_parse_from([&["hooks"], &line[..]].concat()).is_err(), "{line:?}");
        }
    }

    #[test]
    fn a_complaint_is_told_with_the_name_of_the_flag() {
        let told = |field: &str| of_flag(Complaint { field: field.to_owned(), text: "no".to_owned() }).to_string();
        for (field, expected) in [
            ("url", "--hook-url: no"),
            ("maxAge", "--max-age: no"),
            ("timeout", "--timeout: no"),
            ("filters.level", "--filter, level: no"),
            ("", "no"),
            ("other", "other: no"),
        ] {
            assert_eq!(told(field), expected);
        }
    }
}
