//! Browsers' content security policy reports: turned into event payloads, which are then normalised like any other.
//!
//! Takes both forms that browsers send; reports of other kinds are refused. `web` calls it for the security endpoint and for
//! `raw_security` items.

use std::borrow::Cow;

use super::csp_text::{culprit, is_directive, message, normalised_uri};
use super::scratch::{EventError, Scratch};
use super::{Csp, limits::MAX_EVENT_BYTES};
use crate::json::{Kind, Value, write_string};

/// Most reports in one body.
pub const MAX_REPORTS: usize = 100;

/// What the request says about a report.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReportSource<'r> {
    /// `sentry_release` of the query string, or of the item header.
    pub release: Option<&'r str>,
    /// `sentry_environment` of the query string, or of the item header.
    pub environment: Option<&'r str>,
    /// The `User-Agent` header.
    pub user_agent: Option<&'r str>,
    /// The `Origin` header.
    pub origin: Option<&'r str>,
}

/// The payloads of the events that a body of reports stands for, one for each report: for [`super::normalise`]. In a list, what
/// is no policy report is passed over.
///
/// # Errors
/// The body is no JSON, too large, or holds no valid report, or more than [`MAX_REPORTS`].
pub fn events_from_reports(
    body: &[u8],
    source: &ReportSource<'_>,
    scratch: &mut Scratch,
) -> Result<Vec<Vec<u8>>, EventError> {
    if body.len() > MAX_EVENT_BYTES {
        return Err(EventError::TooLarge);
    }
    let document = scratch.parse(body)?;
    let root = document.root();
    if root.count() > MAX_REPORTS && root.kind() == Kind::Array {
        return Err(EventError::TooManyReports);
    }
    let single = (root.kind() == Kind::Object).then_some(root);
    let reports = root.elements().chain(single).filter_map(Report::read);
    let events: Vec<_> = reports.map(|report| report.payload(source)).collect();
    if events.is_empty() { Err(EventError::Report) } else { Ok(events) }
}

/// What a normalised event's `csp` attribute says.
pub(crate) fn from_attribute<'a>(csp: Value<'_, 'a>) -> Csp<'a> {
    let text = |name| csp.get(name).and_then(|value| value.text()).unwrap_or_default();
    let (effective, violated, document) =
        (text("effective_directive"), text("violated_directive"), text("document_uri"));
    let effective_directive = match first_word(&effective).or(first_word(&violated)) {
        Some(directive) => Cow::Owned(directive.to_owned()),
        None => Cow::Borrowed(""),
    };
    Csp {
        effective_directive,
        blocked: Cow::Owned(normalised_uri(&text("blocked_uri"))),
        violated_directive: Cow::Owned(culprit(&violated, &document)),
    }
}

/// A report of either form.
struct Report<'a> {
    texts: [Option<Cow<'a, str>>; TEXTS.len()],
    numbers: [Option<i64>; NUMBERS.len()],
    effective_directive: String,
}

/// Names of the texts: ours, those of the old form, those of the Reporting API.
const TEXTS: [[&str; 3]; 8] = [
    ["document_uri", "document-uri", "documentURL"],
    ["referrer", "referrer", "referrer"],
    ["blocked_uri", "blocked-uri", "blockedURL"],
    ["violated_directive", "violated-directive", "violatedDirective"],
    ["original_policy", "original-policy", "originalPolicy"],
    ["source_file", "source-file", "sourceFile"],
    ["script_sample", "script-sample", "sample"],
    ["disposition", "disposition", "disposition"],
];
const NUMBERS: [[&str; 3]; 3] = [
    ["status_code", "status-code", "statusCode"],
    ["line_number", "line-number", "lineNumber"],
    ["column_number", "column-number", "columnNumber"],
];
const DOCUMENT_URI: usize = 0;
const REFERRER: usize = 1;
const BLOCKED_URI: usize = 2;
const VIOLATED_DIRECTIVE: usize = 3;

impl<'a> Report<'a> {
    fn read(value: Value<'_, 'a>) -> Option<Self> {
        let kind = value.get("type").and_then(|kind| kind.text());
        let (form, body) = match (value.get("csp-report"), kind.as_deref()) {
            (Some(report), _) => (1, report),
            (None, Some("csp-violation")) => (2, value.get("body")?),
            _ => return None,
        };
        let text = |name: &str| body.get(name).and_then(|value| value.text()).filter(|text| !text.is_empty());
        let mut texts = TEXTS.map(|names| text(names[form]));
        let effective = text(["effective-directive", "effectiveDirective"][form - 1]);
        let violated = texts[VIOLATED_DIRECTIVE].take().or_else(|| effective.clone());
        let effective = effective.as_deref().and_then(first_word).or(violated.as_deref().and_then(first_word))?;
        let effective_directive = Some(effective.to_ascii_lowercase()).filter(|name| is_directive(name))?;
        texts[VIOLATED_DIRECTIVE] = violated;
        texts[BLOCKED_URI].get_or_insert(Cow::Borrowed("self"));
        Some(Report { texts, numbers: NUMBERS.map(|names| number(body.get(names[form])?)), effective_directive })
    }

    fn text(&self, index: usize) -> &str {
        self.texts[index].as_deref().unwrap_or_default()
    }

    fn payload(&self, source: &ReportSource<'_>) -> Vec<u8> {
        let blocked = normalised_uri(self.text(BLOCKED_URI));
        let mut json = Json(b"{\"logger\":\"csp\",\"platform\":\"other\"".to_vec());
        json.text("message", &message(&self.effective_directive, &blocked));
        json.text("culprit", &culprit(self.text(VIOLATED_DIRECTIVE), self.text(DOCUMENT_URI)));
        json.optional("release", source.release);
        json.optional("environment", source.environment);
        json.object("tags", |tags| {
            tags.text("effective-directive", &self.effective_directive);
            tags.text("blocked-uri", without_secrets(self.text(BLOCKED_URI)));
            tags.optional("blocked-host", web_host(self.text(BLOCKED_URI)));
        });
        json.object("user", |user| user.text("ip_address", super::request::AUTO));
        json.object("request", |request| {
            request.text("url", self.text(DOCUMENT_URI));
            request.object("headers", |headers| {
                headers.optional("Referer", self.texts[REFERRER].as_deref());
                headers.optional("User-Agent", source.user_agent);
                headers.optional("Origin", source.origin);
            });
        });
        json.object("csp", |csp| {
            csp.text("effective_directive", &self.effective_directive);
            for (names, text) in TEXTS.iter().zip(&self.texts) {
                csp.optional(names[0], text.as_deref());
            }
            for (names, number) in NUMBERS.iter().zip(self.numbers) {
                csp.number(names[0], number);
            }
        });
        json.0.push(b'}');
        json.0
    }
}

/// Members of an object under way.
struct Json(Vec<u8>);

impl Json {
    fn name(&mut self, name: &str) {
        if self.0.last() != Some(&b'{') {
            self.0.push(b',');
        }
        write_string(&mut self.0, name);
        self.0.push(b':');
    }

    fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        write_string(&mut self.0, text);
    }

    fn optional(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    fn number(&mut self, name: &str, number: Option<i64>) {
        if let Some(number) = number {
            self.name(name);
            self.0.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        }
    }

    fn object(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.name(name);
        self.0.push(b'{');
        write(self);
        self.0.push(b'}');
    }
}

fn first_word(text: &str) -> Option<&str> {
    text.split_whitespace().next()
}

/// A number, or a text that is one.
fn number(value: Value<'_, '_>) -> Option<i64> {
    value.integer().or_else(|| value.text()?.trim().parse().ok())
}

/// Payment forms put what they know into the query string of what they load: that is left out.
fn without_secrets(uri: &str) -> &str {
    if web_host(uri) == Some("api.stripe.com") { &uri[..uri.find(['?', '#']).unwrap_or(uri.len())] } else { uri }
}

/// The host, and port, of an http or https URL.
fn web_host(uri: &str) -> Option<&str> {
    let rest = uri.strip_prefix("http://").or_else(|| uri.strip_prefix("https://"))?;
    let host = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    Some(host.rsplit_once('@').map_or(host, |(_, host)| host)).filter(|host| !host.is_empty())
}
