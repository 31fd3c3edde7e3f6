//! The short attributes that say what an event is: level, platform, logger, type, and the names it goes by.

use std::borrow::Cow;

use super::attributes::Attribute;
use super::identity::{self, DIST, ENVIRONMENT, RELEASE};
use super::limits::{LARGE_BAG, LOGGER, NAME};
use super::normalise::Normaliser;
use super::problems::{Path, Problem};
use super::scrub::Scrub;
use super::text::{lenient, trimmed};
use super::{EventKind, Level, bag, tags};
use crate::json::{Kind, write_string, write_value};

/// Platforms that are kept; any other becomes `other`.
const PLATFORMS: [&str; 24] = [
    "as3",
    "c",
    "cfml",
    "cocoa",
    "csharp",
    "dart",
    "elixir",
    "go",
    "groovy",
    "haskell",
    "java",
    "javascript",
    "kotlin",
    "native",
    "node",
    "objc",
    "other",
    "perl",
    "php",
    "python",
    "ruby",
    "rust",
    "swift",
    "unity",
];

/// Most that `time_spent` may say.
const MAX_TIME_SPENT: i64 = i32::MAX as i64;

impl<'a> Normaliser<'_, 'a> {
    pub(super) fn level(&mut self) -> Level {
        let Some(value) = self.get(Attribute::Level) else { return Level::default() };
        let level = match value.text() {
            Some(text) => Level::named(&text),
            None => value.integer().and_then(Level::numbered),
        };
        level.unwrap_or_else(|| {
            self.problems.add_value(Problem::InvalidData, &Path::root("level"), value);
            Level::default()
        })
    }

    pub(super) fn platform(&mut self) -> &'static str {
        const OTHER: &str = "other";
        let Some(value) = self.get(Attribute::Platform) else { return OTHER };
        let known = value.text().and_then(|text| PLATFORMS.into_iter().find(|&known| text == known));
        known.unwrap_or_else(|| {
            self.problems.add_value(Problem::InvalidData, &Path::root("platform"), value);
            OTHER
        })
    }

    pub(super) fn logger(&mut self) -> Cow<'a, str> {
        let path = Path::root("logger");
        let unnamed = if self.event.kind == EventKind::Csp { "csp" } else { "" };
        let Some(value) = self.get(Attribute::Logger) else {
            return Cow::Borrowed(unnamed);
        };
        let text = lenient(value).map(trimmed);
        let Some(text) = text.filter(|text| !text.contains(['\r', '\n'])) else {
            self.problems.add_value(Problem::InvalidData, &path, value);
            return Cow::Borrowed(unnamed);
        };
        if text.is_empty() {
            return Cow::Borrowed(unnamed);
        }
        let logger = self.limited(text, &path, LOGGER);
        self.text_member("logger", Some(&*logger));
        logger
    }

    pub(super) fn kind(&self) -> EventKind {
        let is_report = self.get(Attribute::Csp).is_some_and(|value| value.kind() == Kind::Object);
        match (self.event.exceptions.is_empty(), is_report) {
            (false, _) => EventKind::Error,
            (true, true) => EventKind::Csp,
            (true, false) => EventKind::Default,
        }
    }

    /// Environment, release, dist, and the tags that they and others become.
    pub(super) fn names(&mut self) {
        let sent = self.get(Attribute::Tags).map(|value| tags::sent(value, &mut self.problems)).unwrap_or_default();
        let environment = self.get(Attribute::Environment);
        let environment = environment.and_then(|value| self.name(value, ENVIRONMENT, &Path::root("environment")));
        let environment = environment.or_else(|| {
            let path = Path::root("tags");
            sent.environment.and_then(|value| self.name(value, ENVIRONMENT, &path.name("environment")))
        });
        let release = self.get(Attribute::Release).and_then(|value| self.name(value, RELEASE, &Path::root("release")));
        let dist = self.get(Attribute::Dist).and_then(|value| self.name(value, DIST, &Path::root("dist")));
        self.text_member("environment", environment.as_deref());
        self.text_member("release", release.as_deref());
        self.text_member("dist", dist.as_deref());
        let mut own = Vec::with_capacity(5);
        let named = [("environment", &environment), ("release", &release), ("dist", &dist)];
        own.extend(named.into_iter().filter_map(|(name, value)| Some((Cow::Borrowed(name), value.clone()?))));
        for (name, attribute) in [("server_name", Attribute::ServerName), ("site", Attribute::Site)] {
            let value = self.get(attribute);
            own.extend(value.and_then(|value| tags::from_attribute(name, value, &mut self.problems)));
        }
        self.event.tags = tags::merge(own, sent.tags);
        (self.event.environment, self.event.release, self.event.dist) = (environment, release, dist);
    }

    /// Transaction, culprit, fingerprint, modules, SDK.
    pub(super) fn descriptions(&mut self) {
        self.event.transaction = self.title(Attribute::Transaction, "transaction");
        self.copy_object(Attribute::TransactionInfo, "transaction_info");
        self.event.culprit = self.title(Attribute::Culprit, "culprit");
        if let Some(value) = self.get(Attribute::Fingerprint) {
            let parts = identity::fingerprint(value, &mut self.problems);
            self.write_fingerprint(&parts);
            self.event.fingerprint = parts;
        }
        if let Some(value) = self.object(Attribute::Modules, "modules") {
            self.member("modules");
            bag::write(&mut self.out, value, LARGE_BAG, Scrub::Off, (&mut self.problems, &Path::root("modules")));
        }
        self.copy_object(Attribute::Sdk, "sdk");
        self.copy_object(Attribute::DebugMeta, "debug_meta");
    }

    pub(super) fn time_spent(&mut self) {
        let Some(value) = self.get(Attribute::TimeSpent) else { return };
        if value.integer().is_some_and(|time| (0..MAX_TIME_SPENT).contains(&time)) {
            self.member("time_spent");
            write_value(&mut self.out, value);
        } else {
            self.problems.add_value(Problem::InvalidData, &Path::root("time_spent"), value);
        }
    }

    fn write_fingerprint(&mut self, parts: &[Cow<'_, str>]) {
        for (index, part) in parts.iter().enumerate() {
            if index == 0 {
                self.member("fingerprint");
                self.out.push(b'[');
            } else {
                self.out.push(b',');
            }
            write_string(&mut self.out, part);
        }
        if !parts.is_empty() {
            self.out.push(b']');
        }
    }

    /// A text of at most [`NAME`] that names the event.
    fn title(&mut self, attribute: Attribute, name: &'static str) -> Option<Cow<'a, str>> {
        let path = Path::root(name);
        let value = self.get(attribute)?;
        let Some(text) = lenient(value).map(trimmed) else {
            self.problems.add_value(Problem::InvalidData, &path, value);
            return None;
        };
        let text = Some(self.limited(text, &path, NAME)).filter(|text| !text.is_empty())?;
        self.text_member(name, Some(&text));
        Some(text)
    }
}

impl Level {
    fn named(name: &str) -> Option<Self> {
        const NAMES: [(&str, Level); 7] = [
            ("debug", Level::Debug),
            ("info", Level::Info),
            ("log", Level::Info),
            ("warning", Level::Warning),
            ("error", Level::Error),
            ("fatal", Level::Fatal),
            ("critical", Level::Fatal),
        ];
        NAMES.into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, level)| level)
    }

    fn numbered(number: i64) -> Option<Self> {
        match number {
            10 => Some(Level::Debug),
            20 => Some(Level::Info),
            30 => Some(Level::Warning),
            40 => Some(Level::Error),
            50 => Some(Level::Fatal),
            _ => None,
        }
    }
}
