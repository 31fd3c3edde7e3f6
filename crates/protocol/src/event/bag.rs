//! Free-form values: scrubbed, no deeper and no larger than their [`Bag`], and otherwise copied as sent.
//!
//! Most values fit and hold nothing to hide: for those the walk only looks, and the copy is one piece with its surroundings.

use super::limits::Bag;
use super::problems::{Path, Problem, Problems};
use super::scrub::{FILTERED, Scrub, filter_cards, is_sensitive};
use crate::json::{Copier, Kind, Member, Value, write_string};

/// Puts the value's scrubbed and trimmed form in its place.
pub(crate) fn put(
    copier: &mut Copier<'_, '_>,
    value: Value<'_, '_>,
    bag: Bag,
    scrub: Scrub,
    report: (&mut Problems, &Path<'_>),
) {
    let (problems, path) = report;
    let mut walk = Walk { copier, scrub, too_deep: false };
    if value.raw().len() <= bag.bytes {
        walk.value(value, bag.depth);
        if walk.too_deep {
            problems.add(Problem::ValueTooDeep, path);
        }
        return;
    }
    let out = copier.replace(value.start(), value.end());
    let mut trim = Trim { scrub, left: bag.bytes, cut: false, too_deep: false };
    trim.value(out, value, bag.depth);
    if trim.cut {
        problems.add(Problem::ValueTooLong, path);
    }
    if trim.too_deep {
        problems.add(Problem::ValueTooDeep, path);
    }
}

/// Writes the value's scrubbed and trimmed form.
pub(crate) fn write(
    out: &mut Vec<u8>,
    value: Value<'_, '_>,
    bag: Bag,
    scrub: Scrub,
    report: (&mut Problems, &Path<'_>),
) {
    let mut copier = Copier::new(out, value.source(), value.start());
    put(&mut copier, value, bag, scrub, report);
    copier.finish(value.end());
}

/// The text with what must not be stored filtered, if it holds any.
pub(crate) fn scrubbed_text(text: &str, scrub: Scrub) -> Option<String> {
    if scrub == Scrub::On { filter_cards(text) } else { None }
}

/// The strict JSON of a value with what must not be stored filtered.
pub(crate) fn scrubbed_json(value: Value<'_, '_>) -> String {
    container_text(value, Scrub::On)
}

/// Whether this member's value must go. What is null has nothing to hide.
pub(crate) fn is_hidden(member: &Member<'_, '_>, scrub: Scrub) -> bool {
    if scrub == Scrub::Off || member.value.is_null() {
        return false;
    }
    match member.key.plain() {
        Some(name) => scrub.hides_name(name),
        None => scrub.hides_name(member.name().as_bytes()),
    }
}

/// Edits in place.
struct Walk<'w, 'o, 'a> {
    copier: &'w mut Copier<'o, 'a>,
    scrub: Scrub,
    too_deep: bool,
}

/// Writes piece by piece while there is room.
struct Trim {
    scrub: Scrub,
    /// Bytes that may still be written.
    left: usize,
    cut: bool,
    too_deep: bool,
}

impl Walk<'_, '_, '_> {
    /// `depth` is how many levels of containers may still follow.
    fn value(&mut self, value: Value<'_, '_>, depth: usize) {
        match value.kind() {
            Kind::String => self.string(value),
            Kind::Number => {
                if self.scrub.hides_text(value.raw()) {
                    self.copier.string(value, FILTERED);
                }
            }
            Kind::Deep => {
                let text = deep_text(value, self.scrub);
                self.copier.string(value, &text);
            }
            Kind::Array | Kind::Object if depth == 0 => {
                self.too_deep = true;
                let text = container_text(value, self.scrub);
                self.copier.string(value, &text);
            }
            Kind::Array => {
                for element in value.elements() {
                    match hidden_of_pair(element, self.scrub) {
                        Some((name, hidden)) => {
                            self.copier.value(name);
                            self.copier.string(hidden, FILTERED);
                        }
                        None => self.value(element, depth - 1),
                    }
                }
            }
            Kind::Object => self.object(value, depth - 1),
            Kind::Null | Kind::False | Kind::True => self.copier.value(value),
        }
    }

    fn object(&mut self, value: Value<'_, '_>, depth: usize) {
        let mut dropped_from = None;
        for member in value.all_members() {
            if let Some(start) = dropped_from.take() {
                self.copier.replace(start, member.key.start());
            }
            if member.is_dropped() {
                dropped_from = Some(member.key.start());
                continue;
            }
            self.copier.value(member.key);
            if is_hidden(&member, self.scrub) {
                self.copier.string(member.value, FILTERED);
            } else {
                self.value(member.value, depth);
            }
        }
    }

    fn string(&mut self, value: Value<'_, '_>) {
        if self.scrub.hides_text(value.raw())
            && let Some(filtered) = value.text().and_then(|text| filter_cards(&text))
        {
            self.copier.string(value, &filtered);
            return;
        }
        self.copier.value(value);
    }
}

impl Trim {
    fn value(&mut self, out: &mut Vec<u8>, value: Value<'_, '_>, depth: usize) {
        if value.raw().len() <= self.left {
            let before = out.len();
            let mut copier = Copier::new(out, value.source(), value.start());
            let mut walk = Walk { copier: &mut copier, scrub: self.scrub, too_deep: false };
            walk.value(value, depth);
            self.too_deep |= walk.too_deep;
            copier.finish(value.end());
            self.left = self.left.saturating_sub(out.len() - before);
            return;
        }
        self.cut |= true;
        match value.kind() {
            Kind::Array if depth > 0 => self.array(out, value, depth - 1),
            Kind::Object if depth > 0 => self.object(out, value, depth - 1),
            Kind::Array | Kind::Object => {
                self.too_deep = true;
                self.text(out, &container_text(value, self.scrub));
            }
            Kind::Deep => self.text(out, &deep_text(value, self.scrub)),
            Kind::String => {
                let text = value.text().unwrap_or_default();
                let filtered = scrubbed_text(&text, self.scrub);
                self.text(out, filtered.as_deref().unwrap_or(&text));
            }
            Kind::Null | Kind::False | Kind::True | Kind::Number => out.extend_from_slice(b"null"),
        }
    }

    fn array(&mut self, out: &mut Vec<u8>, value: Value<'_, '_>, depth: usize) {
        out.push(b'[');
        for (index, element) in value.elements().enumerate() {
            if !self.has_room(0) {
                break;
            }
            if index > 0 {
                out.push(b',');
                self.left = self.left.saturating_sub(1);
            }
            if hidden_of_pair(element, self.scrub).is_some() {
                self.text(out, FILTERED);
            } else {
                self.value(out, element, depth);
            }
        }
        out.push(b']');
    }

    fn object(&mut self, out: &mut Vec<u8>, value: Value<'_, '_>, depth: usize) {
        out.push(b'{');
        let mut first = true;
        for member in value.members() {
            let name = member.name();
            if !self.has_room(name.len()) {
                continue;
            }
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            write_string(out, &name);
            out.push(b':');
            self.left = self.left.saturating_sub(name.len() + 4);
            if is_hidden(&member, self.scrub) {
                self.text(out, FILTERED);
            } else {
                self.value(out, member.value, depth);
            }
        }
        out.push(b'}');
    }

    /// Whether a member or element of a few bytes more than `bytes` may still be written.
    fn has_room(&self, bytes: usize) -> bool {
        self.left > bytes + 16
    }

    /// Writes the text, cut where it does not fit.
    fn text(&mut self, out: &mut Vec<u8>, text: &str) {
        let before = out.len();
        if text.len() <= self.left {
            write_string(out, text);
        } else {
            let end = text.floor_char_boundary(self.left.saturating_sub(3));
            write_string(out, &format!("{}...", &text[..end]));
        }
        self.left = self.left.saturating_sub(out.len() - before);
    }
}

/// A pair `[name, value]` whose name is sensitive: how headers and forms are sent as lists.
fn hidden_of_pair<'d, 'a>(pair: Value<'d, 'a>, scrub: Scrub) -> Option<(Value<'d, 'a>, Value<'d, 'a>)> {
    if scrub == Scrub::Off || pair.kind() != Kind::Array || pair.count() != 2 {
        return None;
    }
    let mut elements = pair.elements();
    let (name, value) = (elements.next()?, elements.next()?);
    let is_hidden = !value.is_null() && scrub.hides_name(name.text()?.as_bytes());
    is_hidden.then_some((name, value))
}

/// The JSON text of a container that is too deep for its bag, scrubbed.
fn container_text(value: Value<'_, '_>, scrub: Scrub) -> String {
    let mut json = Vec::with_capacity(value.raw().len());
    let mut copier = Copier::new(&mut json, value.source(), value.start());
    Walk { copier: &mut copier, scrub, too_deep: false }.value(value, usize::MAX);
    copier.finish(value.end());
    String::from_utf8(json).unwrap_or_default()
}

/// The text of a container that the reader did not look into: kept only if nothing in it looks sensitive.
fn deep_text<'a>(value: Value<'_, 'a>, scrub: Scrub) -> std::borrow::Cow<'a, str> {
    let hidden = scrub == Scrub::On && (is_sensitive(value.raw()) || scrub.hides_text(value.raw()));
    if hidden { FILTERED.into() } else { value.text().unwrap_or_default() }
}
