//! Stack traces: which frames stay, which keep their details, and each frame's fields.

use std::borrow::Cow;

use super::Frame;
use super::bag;
use super::fields::Fields;
use super::limits::{Bag, MAX_DETAILED_FRAMES, MAX_FRAMES, MEDIUM_BAG, MESSAGE, PATH, SYMBOL};
use super::problems::{Path, Problem};
use super::text::cut;
use crate::json::{Kind, Value};

/// Whether a frame keeps its variables and surrounding lines.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Details {
    Keep,
    Strip,
}

/// Copies a stack trace, and gives its frames: caller first, the one that crashed last.
pub(crate) fn stacktrace<'a>(fields: &mut Fields<'_, '_, 'a>, value: Value<'_, 'a>, path: &Path<'_>) -> Vec<Frame<'a>> {
    let mut frames = Vec::new();
    match value.kind() {
        Kind::Object => fields.each_member(value, |fields, member| {
            if member.is_named("frames") {
                frames = all_frames(fields, member.value, &path.name("frames"));
            } else {
                fields.copier.value(member.value);
            }
        }),
        Kind::Null => fields.copier.value(value),
        _ => {
            fields.invalid::<()>(value, path);
        }
    }
    frames
}

fn all_frames<'a>(fields: &mut Fields<'_, '_, 'a>, list: Value<'_, 'a>, path: &Path<'_>) -> Vec<Frame<'a>> {
    if list.kind() != Kind::Array {
        if !list.is_null() {
            fields.invalid::<()>(list, path);
        }
        return Vec::new();
    }
    let first_kept = list.count().saturating_sub(MAX_FRAMES);
    if let Some(first) = list.elements().nth(first_kept).filter(|_| first_kept > 0) {
        fields.copier.replace(list.start() + 1, first.start());
        fields.problems.add(Problem::ValueTooLong, path);
    }
    let details = (list.count() > MAX_DETAILED_FRAMES).then(|| details(list, first_kept));
    let mut frames = Vec::with_capacity(list.count() - first_kept);
    for (index, value) in list.elements().enumerate().skip(first_kept) {
        let details = details.as_ref().map_or(Details::Keep, |details| details[index - first_kept]);
        match value.kind() {
            Kind::Object => frames.push(frame(fields, value, details, &path.index(index))),
            Kind::Null => fields.copier.value(value),
            _ => {
                fields.invalid::<()>(value, &path.index(index));
            }
        }
    }
    frames
}

/// Which frames keep their details: the application's before the system's, and of each the outer and the inner ones.
fn details(list: Value<'_, '_>, first_kept: usize) -> Vec<Details> {
    let in_app = |frame: Value<'_, '_>| frame.get("in_app").and_then(|value| value.boolean()) == Some(true);
    let own: Vec<bool> = list.elements().skip(first_kept).map(in_app).collect();
    let own_count = own.iter().filter(|&&own| own).count();
    let own_room = own_count.min(MAX_DETAILED_FRAMES);
    let mut own_class = Class { seen: 0, count: own_count, room: own_room };
    let mut system_class = Class { seen: 0, count: own.len() - own_count, room: MAX_DETAILED_FRAMES - own_room };
    own.iter().map(|&own| if own { own_class.next() } else { system_class.next() }).collect()
}

/// Frames of one kind, counted from the outermost.
struct Class {
    seen: usize,
    count: usize,
    room: usize,
}

impl Class {
    fn next(&mut self) -> Details {
        let outer = self.room / 2;
        let inner = self.room - outer;
        let keeps = self.seen < outer || self.seen + inner >= self.count;
        self.seen += 1;
        if keeps { Details::Keep } else { Details::Strip }
    }
}

fn frame<'a>(fields: &mut Fields<'_, '_, 'a>, object: Value<'_, 'a>, details: Details, path: &Path<'_>) -> Frame<'a> {
    let mut frame = Frame::default();
    let (mut has_filename, mut has_abs_path) = (false, false);
    fields.each_member(object, |fields, member| {
        let value = member.value;
        match member.key.plain().unwrap_or_default() {
            b"function" => frame.function = fields.text(value, SYMBOL, &path.name("function")),
            b"module" => frame.module = fields.text(value, SYMBOL, &path.name("module")),
            b"filename" => {
                has_filename = true;
                frame.filename =
                    file_path(fields, value, &path.name("filename"), || sent_path(object, "abs_path").map(url_path));
            }
            b"abs_path" => {
                has_abs_path = true;
                frame.abs_path = file_path(fields, value, &path.name("abs_path"), || sent_path(object, "filename"));
            }
            b"context_line" => frame.context_line = fields.text(value, MESSAGE, &path.name("context_line")),
            b"platform" => frame.platform = fields.text(value, SYMBOL, &path.name("platform")),
            b"lineno" => frame.lineno = fields.count(value, &path.name("lineno")),
            b"colno" => frame.colno = fields.count(value, &path.name("colno")),
            b"in_app" => frame.in_app = fields.boolean(value, &path.name("in_app")),
            b"vars" | b"pre_context" | b"post_context" if details == Details::Strip => fields.copier.null(value),
            b"vars" => vars(fields, value, &path.name("vars")),
            _ => fields.copier.value(value),
        }
    });
    if let (false, Some(path)) = (has_filename, &frame.abs_path) {
        let filename = url_path(path.clone());
        fields.insert(object, "filename", &filename);
        frame.filename = Some(filename);
    }
    if let (false, Some(filename)) = (has_abs_path, &frame.filename) {
        fields.insert(object, "abs_path", filename);
        frame.abs_path = Some(filename.clone());
    }
    frame
}

/// A file's name or path; where it says nothing, or is no text, what the other one gives.
fn file_path<'a>(
    fields: &mut Fields<'_, '_, 'a>,
    value: Value<'_, 'a>,
    path: &Path<'_>,
    other: impl FnOnce() -> Option<Cow<'a, str>>,
) -> Option<Cow<'a, str>> {
    let says_nothing = value.kind() != Kind::String || value.plain().is_some_and(<[u8]>::is_empty);
    match says_nothing.then(other).flatten() {
        Some(text) => {
            if !matches!(value.kind(), Kind::String | Kind::Null) {
                fields.problems.add(Problem::InvalidData, path);
            }
            fields.copier.string(value, &text);
            Some(text)
        }
        None => fields.text(value, PATH, path).filter(|text| !text.is_empty()),
    }
}

/// A path as sent, if it says something, within the limit.
fn sent_path<'a>(frame: Value<'_, 'a>, name: &str) -> Option<Cow<'a, str>> {
    let text = frame.get(name)?.text().filter(|text| !text.is_empty())?;
    Some(cut(&text, PATH).map_or(text, Cow::Owned))
}

/// The path of a URL that browsers and bundlers write for a file; other texts as they are.
fn url_path(text: Cow<'_, str>) -> Cow<'_, str> {
    let Some((scheme, rest)) = text.split_once("://") else { return text };
    if !matches!(scheme, "http" | "https" | "file" | "applewebdata") {
        return text;
    }
    let path = rest.find('/').map_or("", |at| &rest[at..]);
    let path = &path[..path.find(['?', '#']).unwrap_or(path.len())];
    if matches!(path, "" | "/") { text } else { Cow::Owned(path.to_owned()) }
}

/// Local variables: a map of free-form values; a list becomes a map by index.
fn vars<'a>(fields: &mut Fields<'_, '_, 'a>, value: Value<'_, 'a>, path: &Path<'_>) {
    if value.kind() != Kind::Array {
        fields.object_bag(value, MEDIUM_BAG, path);
        return;
    }
    let mut json = Vec::with_capacity(value.raw().len().min(MEDIUM_BAG.bytes) + 64);
    json.push(b'{');
    for (index, element) in value.elements().enumerate() {
        let left = MEDIUM_BAG.bytes.saturating_sub(json.len());
        if left == 0 {
            fields.problems.add(Problem::ValueTooLong, path);
            break;
        }
        if index > 0 {
            json.push(b',');
        }
        json.extend_from_slice(format!("\"{index}\":").as_bytes());
        let bag = Bag { depth: MEDIUM_BAG.depth - 1, bytes: left };
        bag::write(&mut json, element, bag, fields.scrub, (fields.problems, path));
    }
    json.push(b'}');
    fields.copier.replace(value.start(), value.end()).extend_from_slice(&json);
}
