//! Breadcrumbs and threads: lists of objects, written as `{"values":[…]}`.

use super::bag::{is_hidden, scrubbed_text};
use super::fields::Fields;
use super::frame::stacktrace;
use super::limits::{MEDIUM_BAG, MESSAGE, SYMBOL};
use super::problems::{Path, Problem, Problems};
use super::scrub::{FILTERED, Scrub};
use super::text::{cut, json_lenient};
use super::time::{parse_timestamp, write_unix_seconds};
use super::{Frame, Micros, values};
use crate::json::{Kind, Value};

/// Writes the breadcrumbs, their timestamps moved by `shift`.
pub(crate) fn breadcrumbs(
    out: &mut Vec<u8>,
    attribute: Value<'_, '_>,
    shift: Micros,
    scrub: Scrub,
    problems: &mut Problems,
) {
    let root = Path::root("breadcrumbs");
    objects(out, attribute, &root, problems, |out, value, path, problems| {
        let mut fields = Fields::new(out, value, problems, scrub);
        fields.each_member(value, |fields, member| {
            let value = member.value;
            match member.key.plain().unwrap_or_default() {
                b"timestamp" => timestamp(fields, value, shift, &path.name("timestamp")),
                b"message" => message(fields, value, &path.name("message")),
                b"category" | b"type" | b"level" => {
                    fields.text(value, SYMBOL, &path.name(&member.name()));
                }
                b"data" => fields.object_bag(value, MEDIUM_BAG, &path.name("data")),
                _ if is_hidden(member, fields.scrub) => fields.copier.string(value, FILTERED),
                _ => fields.bag(value, MEDIUM_BAG, &path.name(&member.name())),
            }
        });
        fields.copier.finish(value.end());
    });
}

/// Writes the threads; gives the frames of the only one that has a stack trace.
pub(crate) fn threads<'a>(
    out: &mut Vec<u8>,
    attribute: Value<'_, 'a>,
    scrub: Scrub,
    problems: &mut Problems,
) -> Option<Vec<Frame<'a>>> {
    let root = Path::root("threads");
    let mut found = None;
    let mut count = 0;
    objects(out, attribute, &root, problems, |out, value, path, problems| {
        let mut fields = Fields::new(out, value, problems, scrub);
        fields.each_member(value, |fields, member| {
            if member.is_named("stacktrace") {
                let frames = stacktrace(fields, member.value, &path.name("stacktrace"));
                if !frames.is_empty() {
                    count += 1;
                    found.get_or_insert(frames);
                }
            } else if member.is_named("raw_stacktrace") {
                stacktrace(fields, member.value, &path.name("raw_stacktrace"));
            } else {
                fields.copier.value(member.value);
            }
        });
        fields.copier.finish(value.end());
    });
    found.filter(|_| count == 1)
}

/// Writes `{"values":[…]}` of those elements that are objects.
fn objects<'a>(
    out: &mut Vec<u8>,
    attribute: Value<'_, 'a>,
    root: &Path<'_>,
    problems: &mut Problems,
    mut write: impl FnMut(&mut Vec<u8>, Value<'_, 'a>, &Path<'_>, &mut Problems),
) {
    let path = root.name("values");
    let mut separator: &[u8] = b"{\"values\":[";
    for (index, value) in values::elements(Some(attribute), problems, root) {
        let path = path.index(index);
        match value.kind() {
            Kind::Object => {
                out.extend_from_slice(separator);
                separator = b",";
                write(out, value, &path, problems);
            }
            Kind::Null => {}
            _ => problems.add(Problem::InvalidData, &path),
        }
    }
    if separator.len() > 1 {
        out.extend_from_slice(separator);
    }
    out.extend_from_slice(b"]}");
}

fn timestamp(fields: &mut Fields<'_, '_, '_>, value: Value<'_, '_>, shift: Micros, path: &Path<'_>) {
    match parse_timestamp(value) {
        Some(_) if shift == 0 => fields.copier.value(value),
        Some(time) => write_unix_seconds(fields.copier.replace(value.start(), value.end()), time.saturating_add(shift)),
        None if value.is_null() => fields.copier.value(value),
        None => {
            fields.problems.add(Problem::InvalidData, path);
            fields.copier.null(value);
        }
    }
}

fn message<'a>(fields: &mut Fields<'_, '_, 'a>, value: Value<'_, 'a>, path: &Path<'_>) {
    let text = json_lenient(value).unwrap_or_default();
    let shorter = cut(&text, MESSAGE);
    match scrubbed_text(shorter.as_deref().unwrap_or(&text), fields.scrub) {
        Some(filtered) => fields.copier.string(value, &filtered),
        None => {
            fields.json_text(value, MESSAGE, path);
        }
    }
}
