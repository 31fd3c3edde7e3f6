//! What a hook's body may say.

use model::egress::{HOOK_URL_CHARACTERS_MAX, Policy, UrlRefusal, judge_url};
use model::hook::{HookSettings, HookSettingsChange};
use model::rules::{NodePlace, Quantifier};
use serde_json::Value;
use store::catalog::{Hook, HookChange};
use webhook::Kind;

use super::super::fields::{BLANK, Complaint, FieldErrors, Fields, Read, boolean, list, quoted, text, too_long};
use super::super::nodes::{nodes, quantifier};
use super::settings;

/// The longest name of an event, in characters.
const EVENT_CHARACTERS_MAX: usize = 255;

const BAD_URL: &str = "Enter a valid URL.";

/// What a new hook is to be.
pub(super) struct WantedHook {
    /// Where it posts to, judged by the policy.
    pub(super) url: String,
    /// What the body says beside it; a new hook wants nothing, filters nothing and is active where it does not say.
    pub(super) others: Others,
}

/// What a body may say of any hook, new or not.
pub(super) struct Others {
    /// What it wants, sorted, each once.
    pub(super) kinds: Option<Vec<Kind>>,
    /// Which events it wants.
    pub(super) filters: Option<Vec<Value>>,
    /// How many of the filters must hold.
    pub(super) filter_match: Option<Quantifier>,
    /// What it asks of its deliveries.
    pub(super) settings: HookSettingsChange,
    /// Whether it fires.
    pub(super) active: Option<bool>,
}

/// Reads a new hook.
///
/// # Errors
/// Everything that is wrong with its fields.
pub(super) fn read_new(body: &Value, policy: &Policy) -> Result<WantedHook, FieldErrors> {
    let mut fields = Fields::of(body)?;
    let url = fields.required("url", |value| url(value, policy));
    let others = read_others(&mut fields, None);
    Ok(WantedHook { url: fields.finish(url)?, others })
}

/// Reads what is to change of a hook.
///
/// # Errors
/// Everything that is wrong with its fields.
pub(super) fn read_change(body: &Value, hook: &Hook, policy: &Policy) -> Result<HookChange, FieldErrors> {
    let mut fields = Fields::of(body)?;
    let url = fields.optional("url", |value| url(value, policy));
    let Others { kinds, filters, filter_match, settings, active } = read_others(&mut fields, Some(&hook.settings));
    let headers_read = settings::keeps_values(body).then(|| hook.settings.headers.clone());
    let now = None;
    fields.finish(Some(HookChange { url, kinds, filters, filter_match, settings, active, headers_read, now }))
}

fn read_others(fields: &mut Fields<'_>, present: Option<&HookSettings>) -> Others {
    let kinds = fields.optional("events", kinds);
    // There is one version of the payload; Sentry's clients may name it.
    fields.optional("version", version);
    let filters = fields.optional("filters", nodes(NodePlace::HookFilter));
    let filter_match = fields.optional("filterMatch", quantifier);
    let settings = settings::read(fields, present);
    Others { kinds, filters, filter_match, settings, active: fields.optional("isActive", boolean) }
}

/// A URL that the policy allows, as the user wrote it less blanks around it.
fn url(value: &Value, policy: &Policy) -> Read<String> {
    let Value::String(url) = value else { return Err(Complaint::new(BAD_URL)) };
    let url = url.trim();
    if url.is_empty() {
        return Err(Complaint::new(BLANK));
    }
    judge_url(url, policy).map(|_| url.to_owned()).map_err(|refusal| Complaint::new(sentence(refusal, url)))
}

/// What is wrong with a URL: Sentry's words where it is none, a sentence where the policy refuses it.
fn sentence(refusal: UrlRefusal, url: &str) -> String {
    match refusal {
        UrlRefusal::Malformed | UrlRefusal::MalformedName | UrlRefusal::ForbiddenCharacter => BAD_URL.to_owned(),
        // `javascript:…` is no URL of a place at all.
        UrlRefusal::Scheme if !url.contains("://") => BAD_URL.to_owned(),
        UrlRefusal::TooLong => too_long(HOOK_URL_CHARACTERS_MAX),
        UrlRefusal::Scheme
        | UrlRefusal::PlainHttp
        | UrlRefusal::UserInfo
        | UrlRefusal::Fragment
        | UrlRefusal::Port(_)
        | UrlRefusal::PrivateName
        | UrlRefusal::Address(_)
        | UrlRefusal::OwnOrigin => format!("The URL {refusal}."),
    }
}

/// The kinds that these names stand for, sorted, each once; the first unknown one is the complaint.
fn kinds(value: &Value) -> Read<Vec<Kind>> {
    let names = list(text(EVENT_CHARACTERS_MAX))(value)?;
    let mut kinds = names.iter().map(|name| kind(name)).collect::<Read<Vec<Kind>>>()?;
    kinds.sort_unstable_by_key(|kind| kind.as_str());
    kinds.dedup();
    Ok(kinds)
}

fn kind(name: &str) -> Read<Kind> {
    [Kind::EventAlert, Kind::EventCreated]
        .into_iter()
        .find(|kind| kind.as_str() == name)
        .ok_or_else(|| Complaint::new(format!("Invalid event name: {name}")))
}

fn version(value: &Value) -> Read<()> {
    match value {
        Value::Number(number) if number.as_i64() == Some(0) => Ok(()),
        Value::String(text) if text == "0" => Ok(()),
        other => Err(Complaint::new(format!("\"{}\" is not a valid choice.", quoted(other)))),
    }
}
