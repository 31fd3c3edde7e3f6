//! A hook as the API shows it: Sentry's six keys, then ours.

use model::ids::Millis;
use model::scope::Scope;
use serde::Serialize;
use serde_json::{Map, Value};
use store::catalog::Hook;

use super::super::time::iso;
use super::health::Health;
use super::settings::masked as masked_headers;
use crate::auth::Caller;

/// How many characters of a masked secret are shown.
const SHOWN_CHARACTERS: usize = 4;

/// A hook. Not `Debug`: it holds the secret.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HookView<'h> {
    id: String,
    url: &'h str,
    secret: String,
    status: &'static str,
    events: Vec<&'static str>,
    date_created: String,
    signing_secret: String,
    previous_secret_until: Option<String>,
    timeout: u64,
    retries: &'static str,
    concurrency: usize,
    max_age: u64,
    when_open: &'static str,
    filters: &'h [Value],
    filter_match: &'static str,
    headers: Map<String, Value>,
    health: Option<Health>,
}

impl<'h> HookView<'h> {
    /// What this caller may see of a hook: the secrets in full only who may change the hook. Secrets that do not open are empty.
    pub(super) fn of(hook: &'h Hook, health: Option<Health>, caller: &Caller, now: Millis) -> Self {
        let show =
            |secret: String, shown| if caller.may(Scope::ProjectWrite) { secret } else { masked(&secret, shown) };
        let settings = &hook.settings;
        let secret = hook.secrets.as_ref().ok().map(|secrets| &secrets.present);
        Self {
            id: hook.guid.to_string(),
            url: &hook.url,
            secret: secret.map_or_else(String::new, |secret| show(secret.expose(), SHOWN_CHARACTERS)),
            status: status(hook),
            events: events(hook),
            date_created: iso(hook.created),
            signing_secret: secret
                .map_or_else(String::new, |secret| show(secret.signing_secret(), "whsec_".len() + SHOWN_CHARACTERS)),
            previous_secret_until: hook.previous_at(now).map(|previous| iso(previous.until)),
            timeout: settings.timeout.as_secs(),
            retries: settings.retries.as_str(),
            concurrency: settings.concurrency,
            max_age: settings.max_age.as_secs(),
            when_open: settings.when_open.as_str(),
            headers: masked_headers(&settings.headers),
            filters: &hook.filters,
            filter_match: hook.filter_match.as_str(),
            health,
        }
    }
}

/// Sentry's word for whether a hook fires, or ours for one that would if its row were not damaged.
pub(super) fn status(hook: &Hook) -> &'static str {
    match (hook.active, &hook.secrets) {
        (false, _) => "disabled",
        (true, Ok(_)) => "active",
        (true, Err(_)) => "unreadable",
    }
}

fn events(hook: &Hook) -> Vec<&'static str> {
    let mut events: Vec<_> = hook.kinds.iter().map(|kind| kind.as_str()).collect();
    events.sort_unstable();
    events
}

/// The first characters of an ASCII secret, then stars.
fn masked(secret: &str, shown: usize) -> String {
    secret.chars().enumerate().map(|(index, character)| if index < shown { character } else { '*' }).collect()
}
