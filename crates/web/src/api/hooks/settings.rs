//! What a hook's body says of how its deliveries are made.
//!
//! Responsible for reading the settings of `model::hook`, in the words that Sentry's clients know for what is out of range,
//! and for the mask that stands for a header's value: a client that sends back what it was shown changes nothing.

use std::time::Duration;

use model::hook::{CustomHeaders, HookSettings, HookSettingsChange, Retries, WhenOpen};
use serde_json::{Map, Value};

use super::super::fields::{Complaint, Fields, Read, quoted, type_name, whole};

/// What is shown instead of a custom header's value.
pub(super) const MASK: &str = "********";

/// Reads the settings of a body; `present` are those of the hook that it changes, if there is one.
pub(super) fn read(fields: &mut Fields<'_>, present: Option<&HookSettings>) -> HookSettingsChange {
    let kept = present.map(|settings| settings.headers.clone()).unwrap_or_default();
    HookSettingsChange {
        timeout: fields.optional("timeout", whole(HookSettings::TIMEOUT_SECONDS)).map(Duration::from_secs),
        retries: fields.optional("retries", choice::<Retries>),
        concurrency: fields
            .optional("concurrency", whole(HookSettings::CONCURRENCY))
            .and_then(|many| usize::try_from(many).ok()),
        max_age: fields.optional("maxAge", whole(HookSettings::MAX_AGE)).map(Duration::from_secs),
        when_open: fields.optional("whenOpen", choice::<WhenOpen>),
        headers: fields.optional("headers", |value| headers(value, &kept)),
    }
}

/// Whether some header of a body keeps the value that the hook has.
pub(super) fn keeps_values(body: &Value) -> bool {
    let mut values = body.get("headers").and_then(Value::as_object).into_iter().flat_map(Map::values);
    values.any(|value| value == MASK)
}

/// The settings of a new hook.
pub(super) fn of_new(change: HookSettingsChange) -> HookSettings {
    let default = HookSettings::default();
    HookSettings {
        timeout: change.timeout.unwrap_or(default.timeout),
        retries: change.retries.unwrap_or(default.retries),
        concurrency: change.concurrency.unwrap_or(default.concurrency),
        max_age: change.max_age.unwrap_or(default.max_age),
        when_open: change.when_open.unwrap_or(default.when_open),
        headers: change.headers.unwrap_or(default.headers),
    }
}

/// A hook's headers with masked values.
pub(super) fn masked(headers: &CustomHeaders) -> Map<String, Value> {
    headers.iter().map(|(name, _)| (name.to_owned(), MASK.into())).collect()
}

fn choice<T: std::str::FromStr>(value: &Value) -> Read<T> {
    let known = value.as_str().and_then(|text| text.parse().ok());
    known.ok_or_else(|| Complaint::new(format!("\"{}\" is not a valid choice.", quoted(value))))
}

/// An object of names and values; a value that is the mask is the one that the hook has.
fn headers(value: &Value, kept: &CustomHeaders) -> Read<CustomHeaders> {
    let Value::Object(pairs) = value else {
        let kind = type_name(value);
        return Err(Complaint::new(format!("Expected a dictionary of items but got type \"{kind}\".")));
    };
    let pairs = pairs.iter().map(|(name, value)| Ok((name.clone(), header_value(name, value, kept)?)));
    let pairs = pairs.collect::<Read<Vec<_>>>()?;
    CustomHeaders::new(pairs).map_err(|refusal| Complaint::new(format!("Enter valid headers: {refusal}.")))
}

fn header_value(name: &str, value: &Value, kept: &CustomHeaders) -> Read<String> {
    match value {
        Value::String(text) if text == MASK => kept.get(name).map(str::to_owned).ok_or_else(|| {
            Complaint::new(format!("{name}: {MASK} stands for the value that the hook has, and it has no such header."))
        }),
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err(Complaint::new("Not a valid string.").within(name))
        }
    }
}
