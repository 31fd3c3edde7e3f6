//! What normalisation found wrong with an event and repaired or left out: the entries of its `errors`.

use std::fmt::{self, Write as _};

use super::limits::{MAX_ERROR_NAME_BYTES, MAX_ERROR_VALUE_BYTES, MAX_LISTED_ERRORS};
use crate::json::{Changes, Kind, Value, write_string, write_value};

/// The `type` of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    InvalidData,
    InvalidAttribute,
    MissingAttribute,
    ValueTooLong,
    ValueTooDeep,
    PastTimestamp,
    FutureTimestamp,
    ClockDrift,
}

/// Where a value stands, outermost key first. Built on the stack, written only when something is wrong there.
#[derive(Clone, Copy)]
pub(crate) struct Path<'p> {
    outer: Option<&'p Path<'p>>,
    part: Part<'p>,
}

#[derive(Clone, Copy)]
enum Part<'p> {
    Name(&'p str),
    Index(usize),
}

/// The entries, as JSON.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    /// Entries, each with a comma before it.
    json: Vec<u8>,
    listed: usize,
    more: usize,
}

impl Problem {
    fn as_str(self) -> &'static str {
        match self {
            Problem::InvalidData => "invalid_data",
            Problem::InvalidAttribute => "invalid_attribute",
            Problem::MissingAttribute => "missing_attribute",
            Problem::ValueTooLong => "value_too_long",
            Problem::ValueTooDeep => "value_too_deep",
            Problem::PastTimestamp => "past_timestamp",
            Problem::FutureTimestamp => "future_timestamp",
            Problem::ClockDrift => "clock_drift",
        }
    }
}

impl<'p> Path<'p> {
    /// An attribute of the event.
    pub(crate) fn root(name: &'p str) -> Self {
        Path { outer: None, part: Part::Name(name) }
    }

    /// A member of what stands here.
    pub(crate) fn name(&'p self, name: &'p str) -> Path<'p> {
        Path { outer: Some(self), part: Part::Name(name) }
    }

    /// An element of what stands here.
    pub(crate) fn index(&'p self, index: usize) -> Path<'p> {
        Path { outer: Some(self), part: Part::Index(index) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(outer) = self.outer {
            write!(out, "{outer}.")?;
        }
        match self.part {
            Part::Name(name) => out.write_str(name),
            Part::Index(index) => write!(out, "{index}"),
        }
    }
}

impl Problems {
    /// Lists what the reader changed.
    pub(crate) fn add_changes(&mut self, changes: &Changes) {
        for change in changes.listed() {
            self.entry(change.kind.as_str(), &change.path, |_| {});
        }
        self.more += changes.more();
    }

    /// Lists a problem without the value that had it.
    #[cold]
    pub(crate) fn add(&mut self, problem: Problem, path: &Path<'_>) {
        self.add_with(problem, path, |_| {});
    }

    /// Lists a problem with the value that had it, where that is short and a scalar. Not for values that may be secret.
    #[cold]
    pub(crate) fn add_value(&mut self, problem: Problem, path: &Path<'_>, value: Value<'_, '_>) {
        self.add_with(problem, path, |json| {
            let is_scalar = !matches!(value.kind(), Kind::Array | Kind::Object | Kind::Deep | Kind::Null);
            if is_scalar && value.raw().len() <= MAX_ERROR_VALUE_BYTES {
                json.extend_from_slice(b",\"value\":");
                write_value(json, value);
            }
        });
    }

    /// Lists a problem with further members, each written with a comma before it.
    #[cold]
    pub(crate) fn add_with(&mut self, problem: Problem, path: &Path<'_>, members: impl FnOnce(&mut Vec<u8>)) {
        if self.listed < MAX_LISTED_ERRORS {
            let mut name = String::new();
            // Writing to a string cannot fail.
            let _ = write!(name, "{path}");
            self.entry(problem.as_str(), &name, members);
        } else {
            self.more += 1;
        }
    }

    /// Writes the entries, `sent` being those that the SDK sent: `[…]`.
    pub(crate) fn write(&self, out: &mut Vec<u8>, sent: Option<Value<'_, '_>>) {
        out.push(b'[');
        let mut first = true;
        let mut more = self.more;
        for (index, value) in sent.into_iter().flat_map(|sent| sent.elements()).enumerate() {
            if index >= MAX_LISTED_ERRORS {
                more += 1;
                continue;
            }
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            write_value(out, value);
        }
        let entries = if first { self.json.get(1..).unwrap_or_default() } else { &self.json };
        out.extend_from_slice(entries);
        if more > 0 {
            let comma = if first && entries.is_empty() { "" } else { "," };
            let last = format!("{comma}{{\"type\":\"too_many_errors\",\"name\":\"errors\",\"value\":{more}}}");
            out.extend_from_slice(last.as_bytes());
        }
        out.push(b']');
    }

    fn entry(&mut self, kind: &str, name: &str, members: impl FnOnce(&mut Vec<u8>)) {
        if self.listed >= MAX_LISTED_ERRORS {
            self.more += 1;
            return;
        }
        self.listed += 1;
        let json = &mut self.json;
        json.extend_from_slice(b",{\"type\":\"");
        json.extend_from_slice(kind.as_bytes());
        json.extend_from_slice(b"\",\"name\":");
        write_string(json, &name[..name.floor_char_boundary(MAX_ERROR_NAME_BYTES)]);
        members(json);
        json.push(b'}');
    }
}
