//! The chain of exceptions: innermost cause first, the one that was raised last.

use std::collections::HashSet;

use super::Exception;
use super::fields::Fields;
use super::frame::stacktrace;
use super::limits::{MEDIUM_BAG, MESSAGE, SYMBOL};
use super::problems::{Path, Problem, Problems};
use super::scrub::Scrub;
use super::values;
use crate::json::{Kind, Value};

/// Writes `{"values":[…]}` and gives the exceptions. A lone exception without a stack trace takes the event's legacy one.
pub(crate) fn all<'a>(
    out: &mut Vec<u8>,
    attribute: Option<Value<'_, 'a>>,
    legacy: Option<Value<'_, 'a>>,
    scrub: Scrub,
    problems: &mut Problems,
) -> Vec<Exception<'a>> {
    let root = Path::root("exception");
    let path = root.name("values");
    let mut exceptions = Vec::new();
    out.extend_from_slice(b"{\"values\":[");
    for (index, value) in values::elements(attribute, problems, &root) {
        let path = path.index(index);
        if value.kind() != Kind::Object {
            if !value.is_null() {
                problems.add(Problem::InvalidData, &path);
            }
            continue;
        }
        let before = out.len();
        if !exceptions.is_empty() {
            out.push(b',');
        }
        let mut fields = Fields::new(out, value, problems, scrub);
        let read = one(&mut fields, value, legacy, &path);
        fields.copier.finish(value.end());
        if read.ty.is_none() && read.value.is_none() {
            out.truncate(before);
            problems.add(Problem::MissingAttribute, &path);
            continue;
        }
        exceptions.push(read);
    }
    out.extend_from_slice(b"]}");
    exceptions
}

/// How many exceptions the attribute will give: whether the legacy stack trace belongs to one decides before they are read.
pub(crate) fn count(attribute: Option<Value<'_, '_>>) -> usize {
    let mut unlisted = Problems::default();
    let is_one = |value: Value<'_, '_>| {
        let has = |name| value.get(name).is_some_and(|part| !part.is_null());
        value.kind() == Kind::Object && (has("type") || has("value"))
    };
    values::elements(attribute, &mut unlisted, &Path::root("exception")).filter(|&(_, value)| is_one(value)).count()
}

/// Which exception names an event whose last exception is a group: the only one in it that is no group itself.
pub(crate) fn main_of_group(exceptions: &[Exception<'_>]) -> Option<i64> {
    exceptions.last().filter(|outermost| outermost.is_group)?;
    let groups = exceptions.iter().filter(|exception| exception.is_group);
    let groups: HashSet<i64> = groups.filter_map(|exception| exception.exception_id).collect();
    let inside =
        |exception: &&Exception<'_>| !exception.is_group && exception.parent_id.is_some_and(|id| groups.contains(&id));
    let mut inside = exceptions.iter().filter(inside);
    let main = inside.next()?.exception_id;
    if inside.next().is_some() { None } else { main }
}

fn one<'a>(
    fields: &mut Fields<'_, '_, 'a>,
    object: Value<'_, 'a>,
    legacy: Option<Value<'_, 'a>>,
    path: &Path<'_>,
) -> Exception<'a> {
    let mut exception = Exception::default();
    let mut legacy = legacy;
    fields.each_member(object, |fields, member| {
        let value = member.value;
        match member.key.plain().unwrap_or_default() {
            b"type" => exception.ty = fields.text(value, SYMBOL, &path.name("type")),
            b"value" => exception.value = fields.json_text(value, MESSAGE, &path.name("value")),
            b"module" => exception.module = fields.text(value, SYMBOL, &path.name("module")),
            b"stacktrace" if value.is_null() && legacy.is_some() => {
                if let Some(legacy) = legacy.take() {
                    let out = fields.copier.replace(value.start(), value.end());
                    exception.frames = moved(out, legacy, fields.scrub, fields.problems);
                }
            }
            b"stacktrace" => {
                legacy = None;
                exception.frames = stacktrace(fields, value, &path.name("stacktrace"));
            }
            b"raw_stacktrace" => {
                stacktrace(fields, value, &path.name("raw_stacktrace"));
            }
            b"mechanism" => mechanism(fields, value, &mut exception, &path.name("mechanism")),
            _ => fields.copier.value(value),
        }
    });
    if let Some(legacy) = legacy {
        let end = object.end() - 1;
        let out = fields.copier.replace(end, end);
        out.extend_from_slice(if object.count() > 0 { b",\"stacktrace\":" } else { b"\"stacktrace\":" });
        exception.frames = moved(out, legacy, fields.scrub, fields.problems);
    }
    exception
}

/// Writes the event's legacy stack trace where the exception's belongs.
fn moved<'a>(out: &mut Vec<u8>, legacy: Value<'_, 'a>, scrub: Scrub, problems: &mut Problems) -> Vec<super::Frame<'a>> {
    let mut fields = Fields::new(out, legacy, problems, scrub);
    let frames = stacktrace(&mut fields, legacy, &Path::root("stacktrace"));
    fields.copier.finish(legacy.end());
    frames
}

fn mechanism<'a>(
    fields: &mut Fields<'_, '_, 'a>,
    object: Value<'_, 'a>,
    exception: &mut Exception<'a>,
    path: &Path<'_>,
) {
    if object.kind() != Kind::Object {
        if !object.is_null() {
            fields.invalid::<()>(object, path);
        }
        return;
    }
    fields.each_member(object, |fields, member| {
        let value = member.value;
        match member.key.plain().unwrap_or_default() {
            b"type" => exception.mechanism = fields.text(value, SYMBOL, &path.name("type")),
            b"handled" => exception.handled = fields.boolean(value, &path.name("handled")),
            b"synthetic" => exception.synthetic = fields.boolean(value, &path.name("synthetic")).unwrap_or(false),
            b"exception_id" => exception.exception_id = fields.integer(value, &path.name("exception_id")),
            b"parent_id" => exception.parent_id = fields.integer(value, &path.name("parent_id")),
            b"is_exception_group" => {
                exception.is_group = fields.boolean(value, &path.name("is_exception_group")).unwrap_or(false);
            }
            b"data" => fields.object_bag(value, MEDIUM_BAG, &path.name("data")),
            _ => fields.copier.value(value),
        }
    });
}
