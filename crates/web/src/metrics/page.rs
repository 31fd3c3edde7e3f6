//! The series, one after the other: their names, what they tell, and where each is counted.
//!
//! A new one is a field where it is counted, and an entry here; `docs/metrics.md` has the same list for people, and a test compares
//! the two. No label has values that a user chooses.

use model::attempt::Outcome;
use pipeline::gauges::Readings;
use pipeline::metrics::SETTLED;
use webhook::Kind as WebhookKind;

use super::Metrics;
use super::exposition::{Exposition, Kind, Series, Unit};

/// What SDKs and callers of the API were answered, and who is connected.
pub(super) fn gate(out: &mut Exposition, metrics: &Metrics) {
    out.numbers(
        Kind::Counter,
        Series {
            name: "watchfire_ingest_requests_total",
            help: "Requests of SDKs that were answered, by how they ended.",
        },
        metrics.ingest.counts().map(|(outcome, count)| ([("outcome", outcome)], count)),
    );
    out.numbers(
        Kind::Counter,
        Series {
            name: "watchfire_api_tokens_refused_total",
            help: "Unknown API tokens that were presented: answered as such, or throttled.",
        },
        metrics.tokens.counts().map(|(reason, count)| ([("reason", reason)], count)),
    );
    let connections = &metrics.connections;
    out.number(
        Kind::Gauge,
        Series { name: "watchfire_connections_open", help: "Connections of clients to the main address." },
        connections.open(),
    );
    out.number(
        Kind::Counter,
        Series {
            name: "watchfire_connections_closed_for_others_total",
            help: "Connections that were closed, while nothing was being done for them, to let another in.",
        },
        connections.closed_for_others(),
    );
    out.number(
        Kind::Counter,
        Series {
            name: "watchfire_connections_refused_total",
            help: "Connections beyond the most that there may be, told to come back.",
        },
        connections.refused(),
    );
}

/// From an event's arrival to its commit.
pub(super) fn recording(out: &mut Exposition, metrics: &Metrics, now: &Readings) {
    let pipeline = &metrics.pipeline;
    let events = &pipeline.events;
    out.numbers(
        Kind::Counter,
        Series { name: "watchfire_events_total", help: "Events in committed transactions, by what became of them." },
        [
            ([("result", "recorded")], events.recorded.get()),
            ([("result", "duplicate")], events.duplicate.get()),
            ([("result", "rematched")], events.rematched.get()),
            ([("result", "refused")], events.refused.get()),
        ],
    );
    out.number(
        Kind::Counter,
        Series {
            name: "watchfire_loops_ended_total",
            help: "Events that were recorded and owe nothing, because webhooks have led to them too often.",
        },
        events.loops_ended.get(),
    );
    out.histogram(
        Series {
            name: "watchfire_record_batch_events",
            help: "Events in each committed record transaction that had any, duplicates included.",
        },
        Unit::Count,
        &pipeline.record_batch_events.distribution(),
    );
    out.histogram(
        Series {
            name: "watchfire_record_commit_seconds",
            help: "Time from giving the store a record transaction to its answer, failures included.",
        },
        Unit::Micros,
        &pipeline.record_commit_micros.distribution(),
    );
    out.number(
        Kind::Gauge,
        Series { name: "watchfire_recorder_waiting_events", help: "Events that wait for a transaction." },
        now.waiting_events,
    );
    out.number(
        Kind::Gauge,
        Series { name: "watchfire_recorder_waiting_outcomes", help: "Outcomes of attempts that wait to be written." },
        now.waiting_outcomes,
    );
    out.number(
        Kind::Gauge,
        Series { name: "watchfire_store_away", help: "Whether the store takes no writes: 1 if so." },
        u8::from(now.store_is_away),
    );
}

/// From what is owed to what came of it.
pub(super) fn delivering(out: &mut Exposition, metrics: &Metrics) {
    let pipeline = &metrics.pipeline;
    let owed = WebhookKind::ALL.iter().zip(&pipeline.owed);
    out.numbers(
        Kind::Counter,
        Series { name: "watchfire_deliveries_owed_total", help: "Deliveries that came to be owed, by kind." },
        owed.map(|(kind, count)| ([("kind", kind.as_str())], count.get())),
    );
    let settled = SETTLED.iter().zip(&pipeline.settled);
    out.numbers(
        Kind::Counter,
        Series {
            name: "watchfire_deliveries_settled_total",
            help: "Deliveries that came to stay in a state, by that state.",
        },
        settled.map(|(state, count)| ([("state", state.as_str())], count.get())),
    );
    let attempts = Outcome::ALL.iter().zip(&pipeline.attempts);
    out.numbers(
        Kind::Counter,
        Series { name: "watchfire_attempts_total", help: "Attempts that were written to the log, by how they ended." },
        attempts.map(|(outcome, count)| {
            ([("outcome", outcome.as_str()), ("cause", outcome.cause().unwrap_or_default())], count.get())
        }),
    );
    out.histogram(
        Series {
            name: "watchfire_attempt_seconds",
            help: "Time that attempts took, from the DNS question to the last byte read.",
        },
        Unit::Micros,
        &pipeline.attempt_micros.distribution(),
    );
    out.histogram(
        Series {
            name: "watchfire_first_attempt_wait_seconds",
            help: "Time from an event's receipt to the beginning of an attempt of its delivery, where none had gone out before.",
        },
        Unit::Micros,
        &pipeline.first_attempt_wait_micros.distribution(),
    );
}

/// What is in memory on its way out.
pub(super) fn lanes(out: &mut Exposition, metrics: &Metrics, now: &Readings) {
    out.number(
        Kind::Gauge,
        Series { name: "watchfire_lanes", help: "Hooks that this process has had to do with." },
        now.lanes,
    );
    out.number(
        Kind::Gauge,
        Series { name: "watchfire_lanes_ledger_mode", help: "Lanes whose new deliveries wait in the ledger." },
        now.lanes_in_ledger_mode,
    );
    out.number(
        Kind::Gauge,
        Series {
            name: "watchfire_lane_deliveries",
            help: "Deliveries that this process holds: queued, on the wire, or claimed and on their way.",
        },
        now.lane_deliveries,
    );
    out.number(
        Kind::Gauge,
        Series { name: "watchfire_egress_connections_open", help: "Connections to receivers, warm ones included." },
        now.connections,
    );
    out.numbers(
        Kind::Gauge,
        Series { name: "watchfire_budget_held_bytes", help: "Bytes of memory that are taken, by what for." },
        [
            ([("budget", "intake")], metrics.intake.held_bytes() as u64),
            ([("budget", "lanes")], now.lane_held_bytes as u64),
        ],
    );
    out.numbers(
        Kind::Gauge,
        Series { name: "watchfire_budget_limit_bytes", help: "Bytes of memory that may be taken, by what for." },
        [
            ([("budget", "intake")], metrics.intake.limit_bytes() as u64),
            ([("budget", "lanes")], now.lane_limit_bytes as u64),
        ],
    );
}

/// What waits in the ledger, and the receivers that it waits for.
pub(super) fn backlog(out: &mut Exposition, metrics: &Metrics, now: &Readings) {
    out.number(
        Kind::Gauge,
        Series {
            name: "watchfire_backlog_deliveries",
            help: "Deliveries that waited in the ledger, due or not, when upkeep last walked through it.",
        },
        now.waiting_deliveries,
    );
    out.number(
        Kind::Gauge,
        Series {
            name: "watchfire_backlog_age_seconds",
            help: "Age of the oldest of these that waits for its first attempt.",
        },
        now.backlog_age.as_secs_f64(),
    );
    out.number(
        Kind::Gauge,
        Series {
            name: "watchfire_circuits_open",
            help: "Hooks whose receivers fail again and again: nothing but probes is sent.",
        },
        now.open_circuits,
    );
    out.number(
        Kind::Gauge,
        Series { name: "watchfire_hooks_paused", help: "Hooks whose receivers asked to be left alone." },
        now.paused,
    );
    out.number(
        Kind::Gauge,
        Series { name: "watchfire_hooks_failing", help: "Hooks whose last attempt failed." },
        now.failing,
    );
    out.number(
        Kind::Counter,
        Series {
            name: "watchfire_hooks_gone_total",
            help: "Hooks that were disabled because their receivers are gone.",
        },
        metrics.pipeline.hooks_gone.get(),
    );
    out.number(
        Kind::Counter,
        Series { name: "watchfire_replayed_total", help: "Deliveries that replays have sent again." },
        metrics.pipeline.replayed.get(),
    );
}

/// What nobody asked for: leases that moved, and what was deleted because of its age.
pub(super) fn upkeep(out: &mut Exposition, metrics: &Metrics) {
    let leases = &metrics.pipeline.leases;
    out.number(
        Kind::Counter,
        Series {
            name: "watchfire_leases_claimed_total",
            help: "Leases taken on deliveries that waited in the ledger.",
        },
        leases.claimed.get(),
    );
    out.number(
        Kind::Counter,
        Series { name: "watchfire_leases_given_back_total", help: "Leases that this process gave back." },
        leases.given_back.get(),
    );
    out.number(
        Kind::Counter,
        Series {
            name: "watchfire_leases_lost_total",
            help: "Leases of this process that nothing in it held; given back.",
        },
        leases.lost.get(),
    );
    out.number(
        Kind::Counter,
        Series { name: "watchfire_leases_freed_total", help: "Leases of dead processes that this one freed." },
        leases.freed.get(),
    );
    let deleted = &metrics.pipeline.deleted;
    out.numbers(
        Kind::Counter,
        Series { name: "watchfire_deleted_total", help: "What was deleted because it is older than retention." },
        [([("what", "events")], deleted.events.get()), ([("what", "deliveries")], deleted.deliveries.get())],
    );
}
