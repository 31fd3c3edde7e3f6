//! One error event as Watchfire understands it: what an SDK sent, after normalisation.
//!
//! [`Event`] is the whole interface between the wire and the domain. It borrows from the payload wherever the payload's
//! text could be used as it stands, and carries the JSON that is stored, in pieces that `model` puts together: only
//! `model` knows the title, which the stored `message` may need.

mod agent;
mod attributes;
mod bag;
mod clock;
mod context;
mod csp;
mod csp_text;
mod exception;
mod fields;
mod format;
mod frame;
mod identity;
mod limits;
mod lists;
mod message;
mod naming;
mod normalise;
mod problems;
mod request;
mod scratch;
mod scrub;
mod tags;
mod text;
mod time;
mod user;
mod values;

use std::borrow::Cow;
use std::net::IpAddr;

use crate::ids::EventId;

pub use csp::{MAX_REPORTS, ReportSource, events_from_reports};
pub use identity::is_environment_name;
pub use limits::{MAX_EVENT_BYTES, MAX_LISTED_ERRORS};
pub use normalise::{normalise, stored};
pub use scratch::{EventError, Scratch};
pub use time::{parse_timestamp, write_unix_seconds};

/// The title of an event that says nothing at all. It stands in the stored `message` of such an event.
pub const UNLABELED: &str = "<unlabeled event>";

/// Microseconds since 1970-01-01T00:00:00Z.
pub type Micros = i64;

/// What the request says about an event, beside the event's own text.
#[derive(Debug, Clone)]
pub struct Context {
    /// When the server read the request.
    pub received: Micros,
    /// The envelope's `sent_at`, if it had a valid one: the SDK's clock when it sent.
    pub sent_at: Option<Micros>,
    /// The envelope header's `event_id`: it wins over the payload's.
    pub header_event_id: Option<EventId>,
    /// Used when neither header nor payload has an id: random, a version 4 UUID.
    pub spare_event_id: EventId,
    /// The client's address, for `{{auto}}` and for browser and mobile platforms.
    pub client_ip: Option<IpAddr>,
    /// Whether values under sensitive names and card numbers become `[Filtered]`.
    pub scrub: bool,
}

/// A normalised event. Strings are trimmed and limited as the fact sheet's B1 says.
#[derive(Debug, Clone, Default)]
pub struct Event<'a> {
    /// The id that the SDK is answered with.
    pub id: EventId,
    /// Error, message or security report.
    pub kind: EventKind,
    /// `error` where the SDK sent none.
    pub level: Level,
    /// One of the known platforms, else `other`.
    pub platform: &'static str,
    /// When the error happened, after clock-drift correction and range checks.
    pub timestamp: Micros,
    /// The SDK's logger; empty where absent.
    pub logger: Cow<'a, str>,
    /// `message` or `logentry`, formatted.
    pub message: Option<Message<'a>>,
    /// The SDK's own culprit (legacy), if it sent one.
    pub culprit: Option<Cow<'a, str>>,
    /// The transaction's name.
    pub transaction: Option<Cow<'a, str>>,
    /// The release, if valid.
    pub release: Option<Cow<'a, str>>,
    /// The environment, if valid: from the attribute, else from the tag of that name.
    pub environment: Option<Cow<'a, str>>,
    /// The distribution of the release.
    pub dist: Option<Cow<'a, str>>,
    /// The elements of a custom fingerprint, coerced to text; empty where absent.
    pub fingerprint: Vec<Cow<'a, str>>,
    /// Exceptions, innermost cause first, the one that was raised last.
    pub exceptions: Vec<Exception<'a>>,
    /// `main_exception_id`: which exception names the event, for exception groups.
    pub main_exception_id: Option<i64>,
    /// Frames of the only thread with a stack trace, or of a top-level stack trace that belongs to no exception.
    pub stacktrace: Option<Vec<Frame<'a>>>,
    /// `request.url`.
    pub request_url: Option<Cow<'a, str>>,
    /// `request.headers`, for the loop breaker; values as sent, before scrubbing.
    pub request_headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// What a browser's security report said, when the event is one.
    pub csp: Option<Csp<'a>>,
    /// Who was affected.
    pub user: User<'a>,
    /// A webhook's tags, sorted by key: the SDK's, and environment, release, dist, server_name.
    pub tags: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Tags that rules, search and pages see beside [`Event::tags`], sorted by key: level, logger, transaction, user, url,
    /// handled, mechanism, runtime, os, client_os, browser, device.
    pub derived_tags: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The JSON of the `exception` attribute: always an object with `values`, `{"values":[]}` where there are none.
    pub exception_json: Vec<u8>,
    /// The JSON of every other attribute of B1 that the SDK sent, and `errors`: members, each with a comma before it, in the
    /// order of B1. Never holds event_id, message, level, platform, timestamp, tags or exception.
    pub attributes_json: Vec<u8>,
}

/// What sort of event this is; `Display` and the stored text are Sentry's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EventKind {
    /// It has at least one exception: `error`.
    Error,
    /// A message, or anything else: `default`.
    #[default]
    Default,
    /// A browser's security report: `csp`.
    Csp,
}

/// How bad it is, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// `debug`
    Debug,
    /// `info`, also sent as `log`
    Info,
    /// `warning`
    Warning,
    /// `error`
    #[default]
    Error,
    /// `fatal`, also sent as `critical`
    Fatal,
}

/// The event's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    /// The text with its parameters filled in.
    pub formatted: Cow<'a, str>,
    /// The template, where the SDK sent one that differs from the text.
    pub template: Option<Cow<'a, str>>,
}

/// One exception of the chain.
#[derive(Debug, Clone, Default)]
pub struct Exception<'a> {
    /// The class or type.
    pub ty: Option<Cow<'a, str>>,
    /// The text.
    pub value: Option<Cow<'a, str>>,
    /// The module that defines the type.
    pub module: Option<Cow<'a, str>>,
    /// `mechanism.synthetic`: the type is a signal or the SDK's invention.
    pub synthetic: bool,
    /// `mechanism.handled`, where stated.
    pub handled: Option<bool>,
    /// `mechanism.type`.
    pub mechanism: Option<Cow<'a, str>>,
    /// `mechanism.exception_id`.
    pub exception_id: Option<i64>,
    /// `mechanism.parent_id`: the exception that this one is a cause or a part of.
    pub parent_id: Option<i64>,
    /// `mechanism.is_exception_group`: it only holds others.
    pub is_group: bool,
    /// Frames, caller first, the one that crashed last.
    pub frames: Vec<Frame<'a>>,
}

/// One frame of a stack trace.
#[derive(Debug, Clone, Default)]
pub struct Frame<'a> {
    /// The function's name.
    pub function: Option<Cow<'a, str>>,
    /// The module.
    pub module: Option<Cow<'a, str>>,
    /// The file, relative where the SDK knows how.
    pub filename: Option<Cow<'a, str>>,
    /// The file's whole path or URL.
    pub abs_path: Option<Cow<'a, str>>,
    /// The source line.
    pub context_line: Option<Cow<'a, str>>,
    /// The frame's own platform, which beats the event's.
    pub platform: Option<Cow<'a, str>>,
    /// Line, from 1.
    pub lineno: Option<u64>,
    /// Column, from 1.
    pub colno: Option<u64>,
    /// Whether the frame is the application's own code.
    pub in_app: Option<bool>,
}

/// Who was affected by the event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User<'a> {
    /// The application's id.
    pub id: Option<Cow<'a, str>>,
    /// The sign-in name.
    pub username: Option<Cow<'a, str>>,
    /// The address of mail.
    pub email: Option<Cow<'a, str>>,
    /// The network address, valid.
    pub ip_address: Option<Cow<'a, str>>,
}

/// A content security policy report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Csp<'a> {
    /// The directive that was violated, its first word.
    pub effective_directive: Cow<'a, str>,
    /// What was blocked, normalised: `'self'`, a host, or a scheme.
    pub blocked: Cow<'a, str>,
    /// `violated-directive`, each source normalised: the culprit.
    pub violated_directive: Cow<'a, str>,
}

impl EventKind {
    /// Sentry's name for the type.
    pub fn as_str(self) -> &'static str {
        match self {
            EventKind::Error => "error",
            EventKind::Default => "default",
            EventKind::Csp => "csp",
        }
    }
}

impl Level {
    /// Sentry's name for the level.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
            Level::Fatal => "fatal",
        }
    }
}
