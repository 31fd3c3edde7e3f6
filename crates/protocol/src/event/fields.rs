//! The typed members of an object that is otherwise copied as sent: read, checked, and where needed replaced in the copy.

use std::borrow::Cow;

use super::bag;
use super::limits::{Bag, Chars};
use super::problems::{Path, Problem, Problems};
use super::scrub::Scrub;
use super::text::{cut, json_lenient, lenient};
use crate::json::{Copier, Kind, Member, Value, write_string};

/// A value under way from its text to the output.
pub(crate) struct Fields<'f, 'o, 'a> {
    pub(crate) copier: Copier<'o, 'a>,
    pub(crate) problems: &'f mut Problems,
    pub(crate) scrub: Scrub,
}

impl<'f, 'o, 'a> Fields<'f, 'o, 'a> {
    /// Copies `value` to the end of `out`.
    pub(crate) fn new(out: &'o mut Vec<u8>, value: Value<'_, 'a>, problems: &'f mut Problems, scrub: Scrub) -> Self {
        Fields { copier: Copier::new(out, value.source(), value.start()), problems, scrub }
    }

    /// Calls `visit` for each member that stays, its name put right; repeated ones are left out of the copy.
    #[inline]
    pub(crate) fn each_member<'d>(&mut self, object: Value<'d, 'a>, mut visit: impl FnMut(&mut Self, &Member<'d, 'a>)) {
        let mut dropped_from = None;
        for member in object.all_members() {
            if let Some(start) = dropped_from.take() {
                self.copier.replace(start, member.key.start());
            }
            if member.is_dropped() {
                dropped_from = Some(member.key.start());
                continue;
            }
            self.copier.value(member.key);
            visit(self, &member);
        }
    }

    /// Adds a member at the end of an object of which everything else was visited.
    pub(crate) fn insert(&mut self, object: Value<'_, 'a>, name: &str, text: &str) {
        let is_empty = object.count() == 0;
        let end = object.end() - 1;
        let out = self.copier.replace(end, end);
        if !is_empty {
            out.push(b',');
        }
        write_string(out, name);
        out.push(b':');
        write_string(out, text);
    }

    /// A free-form value: scrubbed, and cut to its bag.
    pub(crate) fn bag(&mut self, value: Value<'_, 'a>, bag: Bag, path: &Path<'_>) {
        bag::put(&mut self.copier, value, bag, self.scrub, (self.problems, path));
    }

    /// An object of free-form values; null stays, anything else becomes null.
    pub(crate) fn object_bag(&mut self, value: Value<'_, 'a>, bag: Bag, path: &Path<'_>) {
        match value.kind() {
            Kind::Object => self.bag(value, bag, path),
            Kind::Null => self.copier.value(value),
            _ => {
                self.invalid::<()>(value, path);
            }
        }
    }

    /// A text; anything else becomes null. Too long a text is cut.
    pub(crate) fn text(&mut self, value: Value<'_, 'a>, limit: Chars, path: &Path<'_>) -> Option<Cow<'a, str>> {
        match value.kind() {
            Kind::String => self.limited(value, value.text()?, limit, path),
            Kind::Null => self.null(value),
            _ => self.invalid(value, path),
        }
    }

    /// A text; booleans and numbers become one, containers null.
    pub(crate) fn lenient(&mut self, value: Value<'_, 'a>, limit: Chars, path: &Path<'_>) -> Option<Cow<'a, str>> {
        match lenient(value) {
            Some(text) => self.limited(value, text, limit, path),
            None if value.is_null() => self.null(value),
            None => self.invalid(value, path),
        }
    }

    /// A text; anything else becomes its JSON text.
    pub(crate) fn json_text(&mut self, value: Value<'_, 'a>, limit: Chars, path: &Path<'_>) -> Option<Cow<'a, str>> {
        match json_lenient(value) {
            Some(text) => self.limited(value, text, limit, path),
            None => self.null(value),
        }
    }

    /// A whole number from 0; anything else becomes null.
    pub(crate) fn count(&mut self, value: Value<'_, 'a>, path: &Path<'_>) -> Option<u64> {
        match value.integer().map(u64::try_from) {
            Some(Ok(number)) => Some(number),
            _ if value.is_null() => self.null(value),
            _ => self.invalid(value, path),
        }
    }

    /// A whole number; anything else becomes null.
    pub(crate) fn integer(&mut self, value: Value<'_, 'a>, path: &Path<'_>) -> Option<i64> {
        match value.integer() {
            Some(number) => Some(number),
            None if value.is_null() => self.null(value),
            None => self.invalid(value, path),
        }
    }

    /// True or false; anything else becomes null.
    pub(crate) fn boolean(&mut self, value: Value<'_, 'a>, path: &Path<'_>) -> Option<bool> {
        match value.boolean() {
            Some(boolean) => Some(boolean),
            None if value.is_null() => self.null(value),
            None => self.invalid(value, path),
        }
    }

    /// Puts null in the place of a value that cannot be used, and lists it: not the value, which may be what must not be stored.
    pub(crate) fn invalid<T>(&mut self, value: Value<'_, 'a>, path: &Path<'_>) -> Option<T> {
        self.problems.add(Problem::InvalidData, path);
        self.copier.null(value);
        None
    }

    fn null<T>(&mut self, value: Value<'_, 'a>) -> Option<T> {
        self.copier.value(value);
        None
    }

    fn limited(
        &mut self,
        value: Value<'_, 'a>,
        text: Cow<'a, str>,
        limit: Chars,
        path: &Path<'_>,
    ) -> Option<Cow<'a, str>> {
        if let Some(shorter) = cut(&text, limit) {
            self.problems.add(Problem::ValueTooLong, path);
            self.copier.string(value, &shorter);
            return Some(Cow::Owned(shorter));
        }
        if value.kind() == Kind::String {
            self.copier.value(value);
        } else {
            self.copier.string(value, &text);
        }
        Some(text)
    }
}
