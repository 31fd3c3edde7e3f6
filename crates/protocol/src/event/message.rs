//! The message: what `message` and `logentry` say, with the parameters filled in.

use std::borrow::Cow;

use super::bag;
use super::format::fill_in;
use super::limits::{MEDIUM_BAG, MESSAGE};
use super::problems::{Path, Problem, Problems};
use super::scrub::Scrub;
use super::text::{cut, json_lenient};
use super::{Exception, Message, UNLABELED};
use crate::json::{Kind, Value, write_string};

/// A message as understood, and its `params` where it has some.
pub(crate) struct Logentry<'d, 'a> {
    pub(crate) message: Message<'a>,
    params: Option<Value<'d, 'a>>,
    form: Form,
}

/// How a message was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As an object: the event keeps it as one.
    Object,
    /// As a text.
    Text,
}

/// The message of `logentry`, with `message` for what that lacks.
pub(crate) fn read<'d, 'a>(
    logentry: Option<Value<'d, 'a>>,
    message: Option<Value<'d, 'a>>,
    problems: &mut Problems,
) -> Option<Logentry<'d, 'a>> {
    let read = logentry.and_then(|value| one(value, &Path::root("logentry"), problems));
    read.or_else(|| message.and_then(|value| one(value, &Path::root("message"), problems)))
}

/// The message of an event that was stored, whose `message` is a title where the SDK sent none.
pub(crate) fn stored<'d, 'a>(
    logentry: Option<Value<'d, 'a>>,
    message: Option<Value<'d, 'a>>,
    exceptions: &[Exception<'_>],
) -> Option<Logentry<'d, 'a>> {
    let sent = message.filter(|value| !needs_object(&value.text().unwrap_or_default(), exceptions));
    read(logentry, sent, &mut Problems::default())
}

/// Whether a stored `message` of this text would be taken for the event's title.
fn needs_object(text: &str, exceptions: &[Exception<'_>]) -> bool {
    !exceptions.is_empty() || text == UNLABELED
}

impl Logentry<'_, '_> {
    /// Writes the object: template, parameters, text. A text has none, unless it could be taken for a title when it is read
    /// again.
    pub(crate) fn write(&self, out: &mut Vec<u8>, exceptions: &[Exception<'_>], problems: &mut Problems) {
        if self.form == Form::Text && !needs_object(&self.message.formatted, exceptions) {
            return;
        }
        out.extend_from_slice(b",\"logentry\":{");
        if let Some(template) = &self.message.template {
            out.extend_from_slice(b"\"message\":");
            write_string(out, template);
            out.push(b',');
        }
        if let Some(params) = self.params {
            out.extend_from_slice(b"\"params\":");
            bag::write(out, params, MEDIUM_BAG, Scrub::Off, (problems, &Path::root("logentry").name("params")));
            out.push(b',');
        }
        out.extend_from_slice(b"\"formatted\":");
        write_string(out, &self.message.formatted);
        out.push(b'}');
    }
}

fn one<'d, 'a>(value: Value<'d, 'a>, path: &Path<'_>, problems: &mut Problems) -> Option<Logentry<'d, 'a>> {
    match value.kind() {
        Kind::Null | Kind::False => None,
        Kind::Object => object(value, path, problems),
        _ => {
            let formatted = limited(text(value)?, path, problems);
            Some(Logentry { message: Message { formatted, template: None }, params: None, form: Form::Text })
        }
    }
}

fn object<'d, 'a>(value: Value<'d, 'a>, path: &Path<'_>, problems: &mut Problems) -> Option<Logentry<'d, 'a>> {
    let template = value.get("message").and_then(text);
    let formatted = value.get("formatted").and_then(text);
    let params = params(value, path, problems);
    let (formatted, template) = match (formatted, template) {
        (Some(formatted), Some(template)) => (formatted, Some(template)),
        (Some(formatted), None) => (formatted, None),
        (None, Some(template)) => match params.and_then(|params| fill_in(&template, params)) {
            Some(formatted) => (Cow::Owned(formatted), Some(template)),
            None => (template, None),
        },
        (None, None) => {
            if params.is_some() {
                problems.add(Problem::MissingAttribute, path);
            }
            return None;
        }
    };
    let formatted = limited(formatted, &path.name("formatted"), problems);
    let template = template.map(|template| limited(template, &path.name("message"), problems));
    let template = template.filter(|template| *template != formatted);
    Some(Logentry { message: Message { formatted, template }, params, form: Form::Object })
}

fn params<'d, 'a>(value: Value<'d, 'a>, path: &Path<'_>, problems: &mut Problems) -> Option<Value<'d, 'a>> {
    let params = value.get("params")?;
    match params.kind() {
        Kind::Array | Kind::Object => (params.count() > 0).then_some(params),
        Kind::Null => None,
        _ => {
            problems.add_value(Problem::InvalidData, &path.name("params"), params);
            None
        }
    }
}

fn text<'a>(value: Value<'_, 'a>) -> Option<Cow<'a, str>> {
    json_lenient(value).filter(|text| !text.trim().is_empty())
}

fn limited<'a>(text: Cow<'a, str>, path: &Path<'_>, problems: &mut Problems) -> Cow<'a, str> {
    match cut(&text, MESSAGE) {
        Some(shorter) => {
            problems.add(Problem::ValueTooLong, path);
            Cow::Owned(shorter)
        }
        None => text,
    }
}
