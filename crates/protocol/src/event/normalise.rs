//! Normalisation: one payload in, one [`Event`] out.
//!
//! Reads the payload once into a tape, walks each attribute once, and writes what is stored as it goes. Never fails for a part
//! of the event: what is invalid is left out and listed in `errors`. `web` calls it for every event that it accepts.

use std::borrow::Cow;
use std::net::IpAddr;

use super::agent::{self, AgentContext};
use super::attributes::{Attribute, Attributes};
use super::clock::Clock;
use super::identity;
use super::limits::{CLIENT_SIDE_PLATFORMS, MAX_EVENT_BYTES, NAME};
use super::problems::{Path, Problem, Problems};
use super::request::Request;
use super::scratch::{EventError, Scratch};
use super::scrub::Scrub;
use super::text::{cut, lenient};
use super::time::write_unix_seconds;
use super::user::Addresses;
use super::{
    Context, Event, EventKind, Micros, context, csp, exception, fields, frame, lists, message, request, tags, user,
};
use crate::ids::EventId;
use crate::json::{Kind, Value, write_string, write_value};

/// Normalises an event.
///
/// # Errors
/// The payload is too large, no JSON object, or has an id that is none.
pub fn normalise<'a>(payload: &'a [u8], context: &Context, scratch: &mut Scratch) -> Result<Event<'a>, EventError> {
    if payload.len() > MAX_EVENT_BYTES {
        return Err(EventError::TooLarge);
    }
    read(payload, context, Origin::Sent, scratch)
}

/// Reads an event again from the JSON that was stored of it, so that rules, grouping, title and tags see what they saw when it
/// came in. Nothing is scrubbed, moved in time or refused for its size, and the id is the stored one.
///
/// What normalisation did not store cannot come back: [`Event::request_headers`] are scrubbed, and cut where they were too
/// large, and a tag that came from a context is missing or cut where the context was too large. The JSON that the event
/// carries is not what was stored: `received` and `errors` are made anew, and what had been cut may be cut again.
///
/// # Errors
/// The value is no JSON object with an `event_id`.
pub fn stored<'a>(value: &'a [u8], received: Micros, scratch: &mut Scratch) -> Result<Event<'a>, EventError> {
    let context = Context {
        received,
        sent_at: None,
        header_event_id: None,
        spare_event_id: EventId::default(),
        client_ip: None,
        scrub: false,
    };
    read(value, &context, Origin::Stored, scratch)
}

/// Where an event's text comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// An SDK.
    Sent,
    /// The store: it has been normalised.
    Stored,
}

fn read<'a>(
    payload: &'a [u8],
    context: &Context,
    origin: Origin,
    scratch: &mut Scratch,
) -> Result<Event<'a>, EventError> {
    let document = scratch.tape.parse(payload)?;
    let root = document.root();
    if root.kind() != Kind::Object {
        return Err(EventError::NotAnObject);
    }
    let mut problems = Problems::default();
    problems.add_changes(document.changes());
    let attributes = Attributes::of(root, &mut problems);
    let exceptions = attributes.get(Attribute::Exception).map_or(0, |value| value.raw().len());
    let event = Event { id: event_id(&attributes, context, &mut problems)?, ..Event::default() };
    let scrub = if context.scrub { Scrub::On } else { Scrub::Off };
    let mut normaliser = Normaliser {
        context,
        origin,
        attributes: &attributes,
        scrub,
        problems,
        out: Vec::new(),
        event,
        clock: Clock::default(),
    };
    normaliser.out.reserve_exact(payload.len() - exceptions + 256);
    normaliser.run();
    Ok(normaliser.event)
}

/// One event under way.
pub(super) struct Normaliser<'n, 'a> {
    context: &'n Context,
    origin: Origin,
    attributes: &'n Attributes<'n, 'a>,
    scrub: Scrub,
    pub(super) problems: Problems,
    /// `attributes_json` so far.
    pub(super) out: Vec<u8>,
    pub(super) event: Event<'a>,
    clock: Clock,
}

impl<'n, 'a> Normaliser<'n, 'a> {
    fn run(&mut self) {
        let sent = self.get(Attribute::Timestamp);
        self.clock = match self.origin {
            Origin::Sent => Clock::new(sent, self.context, &mut self.problems),
            Origin::Stored => Clock::stored(sent, self.context.received),
        };
        self.event.timestamp = self.clock.event_time;
        self.event.level = self.level();
        self.event.platform = self.platform();
        let legacy_stacktrace = self.exceptions();
        self.event.kind = self.kind();
        self.member("type");
        write_string(&mut self.out, self.event.kind.as_str());
        self.event.logger = self.logger();
        self.times();
        self.message();
        self.stacktraces(legacy_stacktrace);
        self.environment_data();
        let found = self.contexts();
        self.people();
        self.names();
        self.descriptions();
        self.reports();
        let contexts = self.get(Attribute::Contexts).filter(|value| value.kind() == Kind::Object);
        self.event.derived_tags = tags::derived(&self.event, contexts, &found, self.scrub);
        self.event.attributes_json = std::mem::take(&mut self.out);
    }

    pub(super) fn get(&self, attribute: Attribute) -> Option<Value<'n, 'a>> {
        self.attributes.get(attribute)
    }

    /// Begins a member of the stored event.
    pub(super) fn member(&mut self, name: &str) {
        self.out.extend_from_slice(b",\"");
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    pub(super) fn text_member(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.member(name);
            write_string(&mut self.out, text);
        }
    }

    fn times(&mut self) {
        if let Some(value) = self.get(Attribute::StartTimestamp)
            && let Some(start) = self.clock.corrected(value, &Path::root("start_timestamp"), &mut self.problems)
        {
            self.member("start_timestamp");
            write_unix_seconds(&mut self.out, start);
        }
        self.member("received");
        write_unix_seconds(&mut self.out, self.context.received);
    }

    fn message(&mut self) {
        let (logentry, message) = (self.get(Attribute::Logentry), self.get(Attribute::Message));
        let exceptions = &self.event.exceptions;
        let found = match self.origin {
            Origin::Sent => message::read(logentry, message, &mut self.problems),
            Origin::Stored => message::stored(logentry, message, exceptions),
        };
        if let Some(found) = found {
            found.write(&mut self.out, exceptions, &mut self.problems);
            self.event.message = Some(found.message);
        }
    }

    /// Writes the exceptions; gives the legacy stack trace if it belongs to none of them.
    fn exceptions(&mut self) -> Option<Value<'n, 'a>> {
        let attribute = self.get(Attribute::Exception);
        let legacy = self.get(Attribute::Stacktrace);
        // What was stored beside the exceptions belonged to none.
        let is_owned = self.origin == Origin::Sent && legacy.is_some() && exception::count(attribute) == 1;
        let mut json = Vec::with_capacity(attribute.map_or(0, |value| value.raw().len()) + 32);
        let owned = legacy.filter(|_| is_owned);
        self.event.exceptions = exception::all(&mut json, attribute, owned, self.scrub, &mut self.problems);
        self.event.exception_json = json;
        legacy.filter(|_| !is_owned)
    }

    fn stacktraces(&mut self, legacy: Option<Value<'n, 'a>>) {
        if let Some(value) = legacy {
            let path = Path::root("stacktrace");
            self.member("stacktrace");
            let mut fields = fields::Fields::new(&mut self.out, value, &mut self.problems, self.scrub);
            let frames = frame::stacktrace(&mut fields, value, &path);
            fields.copier.finish(value.end());
            self.event.stacktrace = Some(frames).filter(|frames| !frames.is_empty());
        }
        if let Some(value) = self.get(Attribute::Threads) {
            self.member("threads");
            let frames = lists::threads(&mut self.out, value, self.scrub, &mut self.problems);
            self.event.stacktrace = self.event.stacktrace.take().or(frames);
        }
    }

    /// Breadcrumbs, extra data and contexts.
    fn environment_data(&mut self) {
        if let Some(value) = self.get(Attribute::Breadcrumbs) {
            self.member("breadcrumbs");
            lists::breadcrumbs(&mut self.out, value, self.clock.shift, self.scrub, &mut self.problems);
        }
        if let Some(value) = self.object(Attribute::Extra, "extra") {
            self.member("extra");
            context::extra(&mut self.out, value, self.scrub, &mut self.problems);
        }
    }

    /// Writes the contexts; gives those that the SDK did not send.
    fn contexts(&mut self) -> Vec<AgentContext> {
        let sent = self.object(Attribute::Contexts, "contexts");
        let found = agent::contexts(self.get(Attribute::Request), sent, self.event.platform, self.scrub);
        if sent.is_some() || !found.is_empty() {
            self.member("contexts");
            context::contexts(&mut self.out, sent, &found, self.scrub, &mut self.problems);
        }
        found
    }

    /// User and request. The user may take the address from the request, but comes before it.
    fn people(&mut self) {
        let mut json = Vec::new();
        let mut found = Request::default();
        let client: Option<IpAddr> = self.context.client_ip;
        if let Some(value) = self.object(Attribute::Request, "request") {
            json.reserve_exact(value.raw().len() + 64);
            found = request::request(&mut json, value, client, self.scrub, &mut self.problems);
        }
        let is_client_side = CLIENT_SIDE_PLATFORMS.contains(&self.event.platform);
        let addresses = Addresses { remote: found.remote_address, client, is_client_side };
        let sent = self.get(Attribute::User);
        self.event.user = user::user(&mut self.out, sent, addresses, &mut self.problems);
        self.event.request_url = found.url;
        self.event.request_headers = found.headers;
        if !json.is_empty() {
            self.member("request");
            self.out.append(&mut json);
        }
    }

    /// What was wrong with the event, then the attributes that nobody looks into, then security reports.
    fn reports(&mut self) {
        self.event.main_exception_id = exception::main_of_group(&self.event.exceptions);
        let errors_at = self.out.len();
        self.copy_object(Attribute::Meta, "_meta");
        self.time_spent();
        if let Some(value) = self.get(Attribute::Checksum) {
            let checksum = lenient(value).map(|text| self.limited(text, &Path::root("checksum"), NAME));
            self.text_member("checksum", checksum.as_deref());
        }
        self.copy_object(Attribute::Csp, "csp");
        self.copy_object(Attribute::Hpkp, "hpkp");
        self.copy_object(Attribute::ExpectCt, "expectct");
        self.copy_object(Attribute::ExpectStaple, "expectstaple");
        if self.event.kind == EventKind::Csp {
            self.event.csp = self.get(Attribute::Csp).map(csp::from_attribute);
        }
        let mut errors = b",\"errors\":".to_vec();
        let sent = self.get(Attribute::Errors).filter(|value| value.kind() == Kind::Array);
        self.problems.write(&mut errors, sent);
        self.out.splice(errors_at..errors_at, errors);
    }

    pub(super) fn limited(&mut self, text: Cow<'a, str>, path: &Path<'_>, limit: super::limits::Chars) -> Cow<'a, str> {
        match cut(&text, limit) {
            Some(shorter) => {
                self.problems.add(Problem::ValueTooLong, path);
                Cow::Owned(shorter)
            }
            None => text,
        }
    }

    pub(super) fn name(
        &mut self,
        value: Value<'_, 'a>,
        rule: identity::NameRule,
        path: &Path<'_>,
    ) -> Option<Cow<'a, str>> {
        identity::name(value, rule, &mut self.problems, path)
    }

    /// What was sent, if it is an object; anything else is listed.
    pub(super) fn object(&mut self, attribute: Attribute, name: &'static str) -> Option<Value<'n, 'a>> {
        let value = self.get(attribute)?;
        if value.kind() != Kind::Object {
            self.problems.add(Problem::InvalidData, &Path::root(name));
            return None;
        }
        Some(value)
    }

    pub(super) fn copy_object(&mut self, attribute: Attribute, name: &'static str) {
        if let Some(value) = self.object(attribute, name) {
            self.member(name);
            write_value(&mut self.out, value);
        }
    }
}

/// The header's id, else the payload's, else the spare one. The payload's nil id is none.
fn event_id(
    attributes: &Attributes<'_, '_>,
    context: &Context,
    problems: &mut Problems,
) -> Result<EventId, EventError> {
    let Some(value) = attributes.get(Attribute::EventId) else {
        return Ok(context.header_event_id.unwrap_or(context.spare_event_id));
    };
    let sent = value.text().and_then(|text| text.parse::<EventId>().ok());
    match (sent, context.header_event_id) {
        (Some(id), header) if !id.is_nil() => Ok(header.unwrap_or(id)),
        (None, None) => Err(EventError::Id),
        (_, header) => {
            problems.add_value(Problem::InvalidData, &Path::root("event_id"), value);
            Ok(header.unwrap_or(context.spare_event_id))
        }
    }
}
