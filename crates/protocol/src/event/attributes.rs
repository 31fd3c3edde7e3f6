//! The event's attributes by name: the fact sheet's table B1, with the names that old SDKs used.

use super::problems::{Path, Problem, Problems};
use crate::json::Value;

/// An attribute of B1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Attribute {
    EventId,
    Level,
    Logger,
    Platform,
    Timestamp,
    StartTimestamp,
    Message,
    Logentry,
    Exception,
    Stacktrace,
    Threads,
    Breadcrumbs,
    Tags,
    Extra,
    Contexts,
    User,
    Request,
    Environment,
    Release,
    Dist,
    ServerName,
    Site,
    Transaction,
    TransactionInfo,
    Culprit,
    Fingerprint,
    Modules,
    Sdk,
    DebugMeta,
    Errors,
    Meta,
    TimeSpent,
    Checksum,
    Csp,
    Hpkp,
    ExpectCt,
    ExpectStaple,
    /// Overwritten by the server: what was sent does not matter.
    Overwritten,
}

/// How many there are.
const COUNT: usize = Attribute::Overwritten as usize + 1;

/// What an event sent for each attribute; null counts as not sent.
pub(crate) struct Attributes<'d, 'a> {
    values: [Option<Value<'d, 'a>>; COUNT],
}

/// Whether a name is today's or an old SDK's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    Canonical,
    Legacy,
}

impl<'d, 'a> Attributes<'d, 'a> {
    /// Sorts the members of the event; names outside B1 are listed.
    pub(crate) fn of(event: Value<'d, 'a>, problems: &mut Problems) -> Self {
        let mut values = [None; COUNT];
        for member in event.members() {
            let found = match member.key.plain() {
                Some(name) => named(name),
                None => named(member.name().as_bytes()),
            };
            match found {
                Some((attribute, age)) => {
                    let place = &mut values[attribute as usize];
                    if !member.value.is_null() && (age == Age::Canonical || place.is_none()) {
                        *place = Some(member.value);
                    }
                }
                None => problems.add(Problem::InvalidAttribute, &Path::root(&member.name())),
            }
        }
        Attributes { values }
    }

    /// What was sent for it, if it was not null.
    #[inline]
    pub(crate) fn get(&self, attribute: Attribute) -> Option<Value<'d, 'a>> {
        self.values[attribute as usize]
    }
}

fn named(name: &[u8]) -> Option<(Attribute, Age)> {
    let attribute = match name {
        b"event_id" => Attribute::EventId,
        b"level" => Attribute::Level,
        b"logger" => Attribute::Logger,
        b"platform" => Attribute::Platform,
        b"timestamp" => Attribute::Timestamp,
        b"start_timestamp" => Attribute::StartTimestamp,
        b"message" => Attribute::Message,
        b"logentry" => Attribute::Logentry,
        b"exception" => Attribute::Exception,
        b"stacktrace" => Attribute::Stacktrace,
        b"threads" => Attribute::Threads,
        b"breadcrumbs" => Attribute::Breadcrumbs,
        b"tags" => Attribute::Tags,
        b"extra" => Attribute::Extra,
        b"contexts" => Attribute::Contexts,
        b"user" => Attribute::User,
        b"request" => Attribute::Request,
        b"environment" => Attribute::Environment,
        b"release" => Attribute::Release,
        b"dist" => Attribute::Dist,
        b"server_name" => Attribute::ServerName,
        b"site" => Attribute::Site,
        b"transaction" => Attribute::Transaction,
        b"transaction_info" => Attribute::TransactionInfo,
        b"culprit" => Attribute::Culprit,
        b"fingerprint" => Attribute::Fingerprint,
        b"modules" => Attribute::Modules,
        b"sdk" => Attribute::Sdk,
        b"debug_meta" => Attribute::DebugMeta,
        b"errors" => Attribute::Errors,
        b"_meta" => Attribute::Meta,
        b"time_spent" => Attribute::TimeSpent,
        b"checksum" => Attribute::Checksum,
        b"csp" => Attribute::Csp,
        b"hpkp" => Attribute::Hpkp,
        b"expectct" => Attribute::ExpectCt,
        b"expectstaple" => Attribute::ExpectStaple,
        b"type" | b"key_id" | b"project" | b"version" | b"grouping_config" | b"received" => Attribute::Overwritten,
        _ => return legacy(name).map(|attribute| (attribute, Age::Legacy)),
    };
    Some((attribute, Age::Canonical))
}

fn legacy(name: &[u8]) -> Option<Attribute> {
    Some(match name.strip_prefix(b"sentry.interfaces.")? {
        b"Message" => Attribute::Logentry,
        b"Exception" => Attribute::Exception,
        b"Stacktrace" => Attribute::Stacktrace,
        b"Threads" => Attribute::Threads,
        b"Breadcrumbs" => Attribute::Breadcrumbs,
        b"User" => Attribute::User,
        b"Http" => Attribute::Request,
        b"Contexts" => Attribute::Contexts,
        b"Csp" => Attribute::Csp,
        b"DebugMeta" => Attribute::DebugMeta,
        _ => return None,
    })
}
