//! The bytes of what a hook sends: made once, stored, signed and sent as they are.
//!
//! Documented keys come first, in Sentry's order, and always; `issue_id` and `triggering_rule_ids` are ours, at the end. The
//! request's task makes what needs no issue id ([`event_value`] and [`CreatedBody`]); the writer adds the rest when it knows
//! the issue ([`CreatedBody::head`], [`CreatedBody::tail`], [`CreatedBody::alert`]).
//!
//! | stored | what |
//! |---|---|
//! | head | `{"id":` `project` `project_id` `project_name` `culprit` `message` `url` `level` `logger` `datetime` `"event":` |
//! | event | `{` `event_id` `message` `level` `platform` `timestamp` `tags` `exception` and every other attribute `}` |
//! | tail | `,"issue_id":"…"}` |

mod sample;
mod time;

#[cfg(test)]
mod tests;

use std::fmt::{self, Write as _};

use protocol::event::{Event, write_unix_seconds};
use protocol::json::write_string;

pub use sample::sample;
pub use time::{iso_millis, push_iso_millis};

use crate::ids::{IssueId, ProjectId, RuleId};
use crate::title::Title;

/// Bytes of an event's text beside its strings and its two JSON pieces: keys, quotes, numbers.
const EVENT_FRAME_BYTES: usize = 160;
/// Bytes of a body's text beside its strings.
const BODY_FRAME_BYTES: usize = 256;

/// Where an event belongs, as the payload names it.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The public URL of this server, without a final slash.
    pub base_url: &'a str,
    /// The organization's slug.
    pub organization: &'a str,
    /// The project's id.
    pub project_id: ProjectId,
    /// The project's slug.
    pub project_slug: &'a str,
    /// The project's name.
    pub project_name: &'a str,
}

/// The body around the `event` value, less the issue's id: one small buffer, so that it crosses to the writer cheaply.
#[derive(Debug, Clone)]
pub struct CreatedBody {
    /// Everything up to the `event` value, without the issue's id.
    bytes: Vec<u8>,
    /// The id belongs here, within `url`.
    issue_at: usize,
    /// Here ends what `event.alert` has too.
    shared_end: usize,
}

/// The `event` value: the whole normalised event as one JSON object.
pub fn event_value(event: &Event<'_>, title: &Title<'_>) -> Vec<u8> {
    let sent = event.message.as_ref().map(|message| message.formatted.as_ref()).filter(|text| !text.is_empty());
    let message = sent.unwrap_or(title.as_str());
    let tag_bytes: usize = event.tags.iter().map(|(key, value)| key.len() + value.len() + 8).sum();
    let json_bytes = event.exception_json.len() + event.attributes_json.len();
    let mut out = Vec::with_capacity(EVENT_FRAME_BYTES + message.len() + tag_bytes + json_bytes);

    out.extend_from_slice(b"{\"event_id\":\"");
    push_display(&mut out, event.id);
    out.extend_from_slice(b"\",\"message\":");
    write_string(&mut out, message);
    push_member(&mut out, ",\"level\":", event.level.as_str());
    push_member(&mut out, ",\"platform\":", event.platform);
    out.extend_from_slice(b",\"timestamp\":");
    write_unix_seconds(&mut out, event.timestamp);
    out.extend_from_slice(b",\"tags\":[");
    for (index, (key, value)) in event.tags.iter().enumerate() {
        push_member(&mut out, if index == 0 { "[" } else { ",[" }, key);
        push_member(&mut out, ",", value);
        out.push(b']');
    }
    out.extend_from_slice(b"],\"exception\":");
    out.extend_from_slice(&event.exception_json);
    out.extend_from_slice(&event.attributes_json);
    out.push(b'}');
    out
}

impl CreatedBody {
    /// The body of this event, in this place.
    pub fn new(event: &Event<'_>, title: &Title<'_>, culprit: &str, place: &Place<'_>) -> Self {
        let place_bytes = place.base_url.len() + place.organization.len() + place.project_slug.len();
        let text_bytes = place.project_name.len() + culprit.len() + title.as_str().len() + event.logger.len();
        let mut bytes = Vec::with_capacity(BODY_FRAME_BYTES + place_bytes + text_bytes);

        bytes.extend_from_slice(b"{\"id\":\"");
        push_display(&mut bytes, event.id);
        push_member(&mut bytes, "\",\"project\":", place.project_slug);
        bytes.extend_from_slice(b",\"project_id\":\"");
        push_display(&mut bytes, place.project_id);
        push_member(&mut bytes, "\",\"project_name\":", place.project_name);
        push_member(&mut bytes, ",\"culprit\":", culprit);
        push_member(&mut bytes, ",\"message\":", title.as_str());
        let issues = [place.base_url, "/organizations/", place.organization, "/issues/"].concat();
        push_member(&mut bytes, ",\"url\":", &issues);
        // Less its last quote: the URL goes on.
        bytes.pop();
        let issue_at = bytes.len();
        push_member(&mut bytes, "/\",\"level\":", event.level.as_str());
        let shared_end = bytes.len();
        push_member(&mut bytes, ",\"logger\":", &event.logger);
        bytes.extend_from_slice(b",\"datetime\":\"");
        push_iso_millis(&mut bytes, event.timestamp);
        bytes.extend_from_slice(b"\",\"event\":");
        Self { bytes, issue_at, shared_end }
    }

    /// `event.created`'s body up to the `event` value.
    pub fn head(&self, issue: IssueId) -> Vec<u8> {
        self.with_issue(issue, self.bytes.len(), 0)
    }

    /// `event.created`'s body after the `event` value.
    pub fn tail(issue: IssueId) -> Vec<u8> {
        let mut out = Vec::with_capacity(40);
        push_issue_id(&mut out, issue);
        out.push(b'}');
        out
    }

    /// `event.alert`'s whole body, with the rules that fired for the hook; they are listed by id, whatever order they come in.
    pub fn alert(&self, issue: IssueId, rules: &[(RuleId, &str)]) -> Vec<u8> {
        let mut rules = rules.to_vec();
        rules.sort_unstable_by_key(|&(id, _)| id);
        let rule_bytes: usize = rules.iter().map(|(_, name)| name.len() + 28).sum();
        let mut out = self.with_issue(issue, self.shared_end, rule_bytes + 96);

        out.extend_from_slice(b",\"triggering_rules\":[");
        for (index, (_, name)) in rules.iter().enumerate() {
            push_member(&mut out, if index == 0 { "" } else { "," }, name);
        }
        out.push(b']');
        push_issue_id(&mut out, issue);
        out.extend_from_slice(b",\"triggering_rule_ids\":[");
        for (index, (id, _)) in rules.iter().enumerate() {
            out.extend_from_slice(if index == 0 { b"\"" } else { b",\"" });
            push_display(&mut out, id);
            out.push(b'"');
        }
        out.extend_from_slice(b"]}");
        out
    }

    /// How many bytes this keeps in memory on its way to the writer.
    pub fn held_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// The bytes up to `end` with the issue's id in its place, and room for `spare` more.
    fn with_issue(&self, issue: IssueId, end: usize, spare: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(end + 20 + spare);
        out.extend_from_slice(&self.bytes[..self.issue_at]);
        push_display(&mut out, issue);
        out.extend_from_slice(&self.bytes[self.issue_at..end]);
        out
    }
}

fn push_issue_id(out: &mut Vec<u8>, issue: IssueId) {
    out.extend_from_slice(b",\"issue_id\":\"");
    push_display(out, issue);
    out.push(b'"');
}

/// Appends `key`, which is JSON text, and a string with its quotes.
fn push_member(out: &mut Vec<u8>, key: &str, text: &str) {
    out.extend_from_slice(key.as_bytes());
    write_string(out, text);
}

/// Appends what needs no escape by its nature: an id.
fn push_display(out: &mut Vec<u8>, id: impl fmt::Display) {
    struct Sink<'o>(&'o mut Vec<u8>);

    impl fmt::Write for Sink<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }

    // Neither the sink nor an id's `Display` can fail.
    let _infallible = write!(Sink(out), "{id}");
}
