//! How a hook's receiver stands, for people: since when, the last success, the streak, the circuit, what waits.
//!
//! The process that sends knows more than the store does; where both know a receiver, the process is asked.

use std::collections::HashMap;

use model::ids::{HookNumber, Millis};
use model::standing::Standing;
use serde::Serialize;
use store::catalog::Hook;
use store::figures::Attempts;
use store::ledger::Backlog;

use super::super::ApiState;
use super::super::error::Answer;
use super::super::time::iso;

/// From the hour in which it was 23 hours ago: 24 hours with the present one.
const LAST_HOURS_MS: i64 = 23 * 3_600_000;

/// The health of a hook.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Health {
    /// `healthy`, `failing`, `open`, `paused`, `disabled`, `unreadable` where its row is
    /// damaged, or `unknown` before the first attempt.
    state: &'static str,
    /// Since when it is in this state, where that is known.
    since: Option<String>,
    last_success: Option<String>,
    last_failure: Option<String>,
    /// Attempts in a row that failed.
    failures: u32,
    circuit: Circuit,
    /// Until when the receiver asked to be left alone.
    paused_until: Option<String>,
    backlog: Waiting,
    /// Attempts of the last 24 hours, tests aside.
    last24h: Last24h,
    disabled_by: Option<&'static str>,
}

#[derive(Serialize)]
struct Last24h {
    attempts: u64,
    succeeded: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Circuit {
    open: bool,
    since: Option<String>,
    probes: u32,
    next_probe: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Waiting {
    deliveries: u64,
    oldest: Option<String>,
    /// How long the oldest has been waiting, in seconds.
    age: Option<i64>,
}

impl Health {
    /// The health of each of these hooks.
    pub(super) async fn of_all(api: &ApiState, hooks: &[&Hook]) -> Answer<Vec<Health>> {
        let stored: HashMap<HookNumber, Standing> = api.store.standings().await?.into_iter().collect();
        let backlogs = api.store.backlogs(hooks.iter().map(|hook| hook.number).collect()).await?;
        let now = api.clock.now();
        let since = last_day(now);
        let attempts = api.store.attempts_since(hooks.iter().map(|hook| hook.number).collect(), since).await?;
        let health = |((hook, backlog), attempts): ((&&Hook, Backlog), Attempts)| {
            let number = hook.number;
            let standing = standing_of(api, number, &stored);
            // A disabled hook is shown as the store has it: the process has let go of what it knew.
            let kept = if hook.active { standing } else { stored.get(&number).copied().unwrap_or_default() };
            Health::of(hook, &kept, (backlog, attempts), now)
        };
        Ok(hooks.iter().zip(backlogs).zip(attempts).map(health).collect())
    }

    /// The health of one hook.
    pub(super) async fn of_one(api: &ApiState, hook: &Hook) -> Answer<Option<Health>> {
        Ok(Health::of_all(api, &[hook]).await?.pop())
    }

    fn of(hook: &Hook, standing: &Standing, (backlog, attempts): (Backlog, Attempts), now: Millis) -> Health {
        let paused_until = standing.paused_until.filter(|_| standing.is_paused(now));
        let opened = standing.opened;
        let (state, since) = state_of(hook, standing, now);
        Health {
            state,
            since: since.map(iso),
            last_success: standing.succeeded.map(iso),
            last_failure: standing.failed.map(iso),
            failures: standing.failures,
            circuit: Circuit {
                open: opened.is_some(),
                since: opened.map(|opened| iso(opened.at)),
                probes: opened.map_or(0, |opened| opened.probes),
                next_probe: standing.next_probe().map(iso),
            },
            paused_until: paused_until.map(iso),
            backlog: Waiting {
                deliveries: backlog.waiting,
                oldest: backlog.oldest.map(iso),
                age: backlog.oldest.map(|oldest| (now.0 - oldest.0).max(0) / 1_000),
            },
            last24h: Last24h { attempts: attempts.all, succeeded: attempts.succeeded },
            disabled_by: hook.disabled_by.map(|by| by.as_str()),
        }
    }
}

/// Where the 24 hours begin that figures of the last day are of, the present one included.
pub(in super::super) fn last_day(now: Millis) -> Millis {
    Millis(now.0 - LAST_HOURS_MS)
}

/// How a receiver stands: the process that sends to it knows better than what is stored.
pub(in super::super) fn standing_of(
    api: &ApiState,
    hook: HookNumber,
    stored: &HashMap<HookNumber, Standing>,
) -> Standing {
    api.sending.standing(hook).or_else(|| stored.get(&hook).copied()).unwrap_or_default()
}

/// The state that a hook is in, and since when, where that is known.
pub(in super::super) fn state_of(hook: &Hook, standing: &Standing, now: Millis) -> (&'static str, Option<Millis>) {
    if !hook.active {
        ("disabled", hook.disabled)
    } else if hook.secrets.is_err() {
        ("unreadable", None)
    } else if let Some(opened) = standing.opened {
        ("open", Some(opened.at))
    } else if standing.is_paused(now) {
        ("paused", standing.failing_since)
    } else if standing.failures > 0 {
        ("failing", standing.failing_since)
    } else if standing.succeeded.is_some() {
        ("healthy", None)
    } else {
        ("unknown", None)
    }
}
