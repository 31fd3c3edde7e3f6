//! Every limit of the product, with its unit in its name. `config show` prints [`all`].
//!
//! Limits of normalisation (lengths of single attributes) are `protocol`'s: they are Sentry's wire format. Those that an egress
//! policy or a command line can change have their defaults here.

use std::fmt;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// A limit, as `config show` prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Its name: the constant's.
    pub name: &'static str,
    /// Its value, in its unit.
    pub value: u64,
    /// What the value counts.
    pub unit: Unit,
    /// What it limits, in a sentence.
    pub meaning: &'static str,
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Characters (Unicode scalar values).
    Characters,
    /// Milliseconds.
    Millis,
    /// Seconds.
    Seconds,
    /// Days.
    Days,
    /// Things, whatever the name says.
    Count,
}

/// Every limit, in the order in which an event meets them.
pub fn all() -> &'static [Limit] {
    ALL
}

impl fmt::Display for Limit {
    /// The value with its unit: `64 MiB`, `30 s`, `100`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value;
        match self.unit {
            Unit::Bytes if value.is_multiple_of(MIB) => write!(out, "{} MiB", value / MIB),
            Unit::Bytes if value.is_multiple_of(KIB) => write!(out, "{} KiB", value / KIB),
            Unit::Bytes => write!(out, "{value} bytes"),
            Unit::Characters => write!(out, "{value} characters"),
            Unit::Millis => write!(out, "{value} ms"),
            Unit::Seconds => write!(out, "{value} s"),
            Unit::Days => write!(out, "{value} days"),
            Unit::Count => write!(out, "{value}"),
        }
    }
}

/// Defines the constants and [`ALL`] from one list, so that neither can lack what the other has.
macro_rules! limits {
    ($(#[doc = $meaning:literal] $name:ident: $type:ty = $value:expr, $unit:ident;)+) => {
        $(#[doc = $meaning] pub const $name: $type = $value as $type;)+

        const ALL: &[Limit] = &[
            $(Limit { name: stringify!($name), value: $name as u64, unit: Unit::$unit, meaning: $meaning.trim_ascii() },)+
        ];
    };
}

limits! {
    /// Connections to the HTTP side at once.
    CONNECTIONS: usize = 4096, Count;
    /// Connections to the address of `--metrics-listen` at once.
    METRICS_CONNECTIONS: usize = 64, Count;
    /// Unknown API tokens from one client, an address or an IPv6 network of 64 bits, in the time of `TOKEN_FAILURES_SECONDS`.
    TOKEN_FAILURES: u32 = 20, Count;
    /// In which unknown tokens of one client are counted.
    TOKEN_FAILURES_SECONDS: u64 = 60, Seconds;
    /// Wrong passwords from one client, counted likewise, in the time of `SIGN_IN_FAILURES_SECONDS`.
    SIGN_IN_FAILURES: u32 = 10, Count;
    /// In which wrong passwords of one client are counted.
    SIGN_IN_FAILURES_SECONDS: u64 = 60, Seconds;
    /// Clients whose unknown tokens are remembered.
    THROTTLED_CLIENTS: usize = 8192, Count;
    /// The longest time in which a project key's events may be counted.
    KEY_RATE_WINDOW_SECONDS: u32 = 24 * 60 * 60, Seconds;
    /// The most events in that time that a limit may allow.
    KEY_RATE_EVENTS: u32 = 1_000_000_000, Count;
    /// Limited project keys whose events are counted at once.
    LIMITED_KEYS: usize = 65_536, Count;
    /// Connections past those that are answered at once, with 503 or for a health check.
    REFUSED_CONNECTIONS: usize = 64, Count;
    /// How long such a connection may take for each of its head, its body and its answer.
    REFUSAL_SECONDS: u64 = 2, Seconds;
    /// Bytes of a request's line and headers.
    REQUEST_HEADER_BYTES: usize = 32 * KIB, Bytes;
    /// How long a request's head may take to be read, and its body; a connection that is kept alive waits as long for the next.
    READ_TIMEOUT_SECONDS: u64 = 30, Seconds;
    /// How long a body may take before its first byte.
    BODY_GRACE_SECONDS: u64 = 5, Seconds;
    /// What a body has to bring in each second after that, on average.
    BODY_LEAST_EACH_SECOND_BYTES: u32 = 512, Bytes;
    /// How long a client may take no byte of an answer that waits for it.
    WRITE_TIMEOUT_SECONDS: u64 = 30, Seconds;
    /// A request's body as sent.
    REQUEST_COMPRESSED_BYTES: usize = 20 * MIB, Bytes;
    /// A request's body after decompression; it is streamed, never held.
    REQUEST_DECOMPRESSED_BYTES: usize = 100 * MIB, Bytes;
    /// What a request may hold beside its event.
    REQUEST_HELD_BESIDE_EVENT_BYTES: usize = 128 * KIB, Bytes;
    /// How long a refused body is read on, so that the client sees the answer.
    REFUSED_BODY_READ_SECONDS: u64 = 2, Seconds;
    /// All bytes held for requests, from their first read to their commit; past it new ones get 503.
    INTAKE_BUDGET_BYTES: usize = 64 * MIB, Bytes;
    /// One event, decompressed.
    EVENT_BYTES: usize = protocol::event::MAX_EVENT_BYTES, Bytes;
    /// A tag's key, and its value.
    TAG_CHARACTERS: usize = 200, Characters;
    /// Tags of one event that its issue lists: those that sort first, and those that are read off the event. Rules see all.
    TAGS_PER_EVENT: usize = 64, Count;
    /// Values of one tag that an issue lists; the first ones stay.
    TAG_VALUES_PER_KEY: usize = 100, Count;
    /// Nesting of an attribute; what is deeper becomes its JSON text.
    NESTING_LEVELS: usize = protocol::json::MAX_DEPTH_LEVELS, Count;
    /// An event's title.
    TITLE_CHARACTERS: usize = crate::title::TITLE_CHARACTERS, Characters;
    /// An event's culprit.
    CULPRIT_CHARACTERS: usize = crate::culprit::CULPRIT_CHARACTERS, Characters;
    /// Events that one transaction records.
    BATCH_EVENTS: usize = 512, Count;
    /// Bytes of events that one transaction records.
    BATCH_BYTES: usize = 4 * MIB, Bytes;
    /// Deliveries that the events of one transaction may owe; one event more may be in it.
    BATCH_DELIVERIES: usize = 4096, Count;
    /// How long a request waits for its batch.
    RECORD_WAIT_SECONDS: u64 = 10, Seconds;
    /// Time of the writer that one slice of retention takes.
    SWEEP_SLICE_MILLIS: u64 = 5, Millis;
    /// The embedded store's log; past it the writer itself checkpoints.
    STORE_LOG_BYTES: u64 = 64 * MIB, Bytes;
    /// A read transaction; `backup` excepted.
    READ_TRANSACTION_SECONDS: u64 = 1, Seconds;
    /// Events and deliveries are kept so long, unless set otherwise.
    RETENTION_DAYS: u32 = 30, Days;
    /// The least retention that may be set.
    RETENTION_LEAST_DAYS: u32 = 3, Days;
    /// Hooks of one project.
    HOOKS_PER_PROJECT: usize = 100, Count;
    /// Rules of one project.
    RULES_PER_PROJECT: usize = 500, Count;
    /// Conditions, filters or actions in one list of a rule, and filters of a hook.
    RULE_NODES: usize = 100, Count;
    /// A request that asks why a signature does not hold: a webhook's body and headers, as JSON.
    VERIFY_REQUEST_BYTES: usize = 4 * MIB, Bytes;
    /// Such requests that are worked on at once; the next ones wait.
    VERIFY_REQUESTS: usize = 4, Count;
    /// Such requests that are longer than others of the API may be and are held at once; the next ones are refused.
    VERIFY_LARGE_REQUESTS: usize = 8, Count;
    /// Stored events that one answer looks at again, for a rule's preview or to say why.
    HINDSIGHT_EVENTS: usize = 2000, Count;
    /// What one answer holds of the stored events that it has looked at.
    HINDSIGHT_BYTES: usize = 16 * MIB, Bytes;
    /// How long one answer looks at stored events.
    HINDSIGHT_SECONDS: u64 = 3, Seconds;
    /// How far back a rule's preview looks.
    PREVIEW_DAYS: u32 = 14, Days;
    /// A hook's URL.
    HOOK_URL_CHARACTERS: usize = crate::egress::HOOK_URL_CHARACTERS_MAX, Characters;
    /// Custom headers of one hook.
    CUSTOM_HEADERS: usize = 20, Count;
    /// Custom headers of one hook, names and values together.
    CUSTOM_HEADER_BYTES: usize = 4 * KIB, Bytes;
    /// A hook's timeout, unless set otherwise: the whole attempt, from the DNS question to the last byte read.
    ATTEMPT_TIMEOUT_SECONDS: u64 = 5, Seconds;
    /// The shortest timeout that a hook may have.
    ATTEMPT_TIMEOUT_LEAST_SECONDS: u64 = 1, Seconds;
    /// The longest timeout that a hook may have.
    ATTEMPT_TIMEOUT_MOST_SECONDS: u64 = 30, Seconds;
    /// A hook's requests at once in each process, unless set otherwise.
    HOOK_CONCURRENCY: usize = 16, Count;
    /// The most requests at once that a hook may have in each process.
    HOOK_CONCURRENCY_MOST: usize = 64, Count;
    /// A longer `Retry-After` counts as this.
    RETRY_AFTER_MOST_SECONDS: u64 = 3600, Seconds;
    /// How long a delivery may wait for its first attempt, unless set otherwise.
    MAX_AGE_SECONDS: u64 = DAY_SECONDS, Seconds;
    /// The least age that a hook may set.
    MAX_AGE_LEAST_SECONDS: u64 = 60, Seconds;
    /// Waiting deliveries of one hook; past it the oldest repeats expire.
    WAITING_PER_HOOK: usize = 100_000, Count;
    /// What a lane holds is what it would send in this time at its recent pace.
    LANE_SECONDS: u64 = 10, Seconds;
    /// The most deliveries that a lane holds.
    LANE_DELIVERIES: usize = 4096, Count;
    /// Bodies that wait in one lane; past it its deliveries wait in the ledger.
    LANE_BYTES: usize = 8 * MIB, Bytes;
    /// All bytes held by lanes, a shared body counted once; past it deliveries wait in the ledger.
    LANE_BUDGET_BYTES: usize = 64 * MIB, Bytes;
    /// Sockets to receivers at once in each process.
    SOCKET_BUDGET: usize = 2000, Count;
    /// Deliveries that a replay sends again each second.
    REPLAY_DELIVERIES_PER_SECOND: usize = 100, Count;
    /// Outcomes that wait to be written; at so many no attempt starts.
    UNWRITTEN_OUTCOMES: usize = 1000, Count;
    /// An answer of the DNS is kept for at least this long.
    DNS_ANSWER_LEAST_SECONDS: u64 = 5, Seconds;
    /// An answer of the DNS is kept for at most this long.
    DNS_ANSWER_MOST_SECONDS: u64 = 5 * 60, Seconds;
    /// A failure of the DNS is kept for this long.
    DNS_FAILURE_SECONDS: u64 = 5, Seconds;
    /// Names of receivers whose addresses are kept.
    DNS_NAMES: usize = 4096, Count;
    /// Questions to the DNS at once in each process.
    DNS_LOOKUPS: usize = 256, Count;
    /// Addresses of one name that an attempt dials; all of them are judged.
    ADDRESSES_DIALLED: usize = 6, Count;
    /// An answer's head, each interim one by itself.
    ANSWER_HEAD_BYTES: usize = 32 * KIB, Bytes;
    /// What is read of an answer's body.
    ANSWER_BODY_BYTES: usize = 64 * KIB, Bytes;
    /// All bytes that are read of one answer: interim answers, head, framing and body. The rest is left unread.
    ANSWER_WIRE_BYTES: usize = 512 * KIB, Bytes;
    /// All bytes that TLS reads for one answer, its own messages and the handshake included. The rest is left unread.
    ANSWER_TLS_BYTES: usize = 2 * MIB, Bytes;
    /// What is kept of a failed answer's body, and of its headers.
    EXCERPT_FAILURE_BYTES: usize = 4 * KIB, Bytes;
    /// What is kept of a successful answer's body.
    EXCERPT_SUCCESS_BYTES: usize = 256, Bytes;
    /// An idle connection to a receiver is closed after this.
    IDLE_CONNECTION_SECONDS: u64 = 4, Seconds;
    /// A connection to a receiver lives no longer.
    CONNECTION_AGE_SECONDS: u64 = 60, Seconds;
    /// Webhooks that may lead to one another; an event of this hop owes nothing.
    WEBHOOK_HOPS: u8 = crate::loops::MAX_HOP, Count;
    /// How long both secrets may hold after a rotation.
    ROTATION_OVERLAP_MOST_SECONDS: u64 = 7 * DAY_SECONDS, Seconds;
    /// How long both secrets hold after a rotation, unless said otherwise.
    ROTATION_OVERLAP_SECONDS: u64 = DAY_SECONDS, Seconds;
    /// Deliveries that one page of the delivery log looks at; one that ends there says where it goes on.
    LOG_PAGE_LOOKS: usize = 65_536, Count;
    /// Attempts of one delivery that are shown, the newest.
    SHOWN_ATTEMPTS: usize = 100, Count;
    /// Live streams at once.
    LIVE_STREAMS: usize = 100, Count;
    /// A live stream ends after this; its client comes again.
    LIVE_STREAM_SECONDS: u64 = 900, Seconds;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str) -> String {
        let limit = all().iter().find(|limit| limit.name == name);
        limit.unwrap_or_else(|| panic!("{name} is not listed")).to_string()
    }

    #[test]
    fn every_limit_of_the_contract_is_listed_with_its_unit() {
        for (name, text) in [
            ("EVENT_BYTES", "1 MiB"),
            ("REQUEST_COMPRESSED_BYTES", "20 MiB"),
            ("REQUEST_DECOMPRESSED_BYTES", "100 MiB"),
            ("REQUEST_HELD_BESIDE_EVENT_BYTES", "128 KiB"),
            ("REFUSED_BODY_READ_SECONDS", "2 s"),
            ("TAG_CHARACTERS", "200 characters"),
            ("HOOK_URL_CHARACTERS", "2048 characters"),
            ("HOOKS_PER_PROJECT", "100"),
            ("RULES_PER_PROJECT", "500"),
            ("CUSTOM_HEADERS", "20"),
            ("CUSTOM_HEADER_BYTES", "4 KiB"),
            ("REQUEST_HEADER_BYTES", "32 KiB"),
            ("CONNECTIONS", "4096"),
            ("READ_TIMEOUT_SECONDS", "30 s"),
            ("LIVE_STREAMS", "100"),
            ("INTAKE_BUDGET_BYTES", "64 MiB"),
            ("LANE_BUDGET_BYTES", "64 MiB"),
            ("RETENTION_DAYS", "30 days"),
            ("RETENTION_LEAST_DAYS", "3 days"),
            ("EXCERPT_SUCCESS_BYTES", "256 bytes"),
            ("SWEEP_SLICE_MILLIS", "5 ms"),
        ] {
            assert_eq!(shown(name), text, "{name}");
        }
    }

    #[test]
    fn names_end_in_their_units_and_meanings_are_sentences() {
        for limit in all() {
            let ending = match limit.unit {
                Unit::Bytes => "_BYTES",
                Unit::Characters => "_CHARACTERS",
                Unit::Millis => "_MILLIS",
                Unit::Seconds => "_SECONDS",
                Unit::Days => "_DAYS",
                Unit::Count => "",
            };
            assert!(limit.name.ends_with(ending), "{}", limit.name);
            assert!(limit.meaning.ends_with('.') && !limit.meaning.starts_with(' '), "{}", limit.name);
            assert_eq!(all().iter().filter(|other| other.name == limit.name).count(), 1, "{}", limit.name);
        }
    }
}
