//! What the body of a change says: where issues are to stand, and how urgent they are.
//!
//! What belongs to a person (seen, bookmarked, subscribed) is taken and has no effect: there are no personal lists. What asks
//! for data that nobody keeps is refused by name.

use model::ids::Millis;
use model::issue::{IssuePriority, ResolvedIn};
use model::release::SeenRelease;
use serde_json::Value;
use store::Store;
use store::catalog::Project;
use store::issues::{IssueUpdate, NewStanding, Release, SnoozeFor};

use super::super::error::{Answer, ApiError};
use super::super::fields::{Complaint, FieldErrors, Fields, Read, boolean, quoted, text};
use super::super::time::moment;

/// The longest release, in characters.
const RELEASE_CHARACTERS_MAX: usize = 250;
/// The longest snooze, in minutes: a hundred years.
const MINUTES_MAX: u64 = 100 * 366 * 24 * 60;
/// The highest number of events or users to wait for.
const COUNT_MAX: u64 = 1 << 53;

const NO_RELEASE: &str = "No release data present in the system to form a basis for 'Next Release'";
const NO_STATUS: &str = "This field is required where something says how an issue is ignored or resolved.";
const UNKNOWN_RELEASE: &str = "Unable to find a release with the given version.";

/// What a body asks for, before releases are looked up.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    status: Option<WantedStatus>,
    priority: Option<IssuePriority>,
}

#[derive(Debug, PartialEq, Eq)]
enum WantedStatus {
    Unresolved,
    Resolved(WantedRelease),
    Ignored(SnoozeFor),
}

#[derive(Debug, PartialEq, Eq)]
enum WantedRelease {
    None,
    Named(String),
    Latest,
    AfterLatest,
}

/// `statusDetails`, and what stands for parts of it.
#[derive(Default, PartialEq, Eq)]
struct Details {
    in_release: Option<String>,
    in_next_release: bool,
    snooze: SnoozeFor,
}

impl Wanted {
    /// Reads a body.
    ///
    /// # Errors
    /// Everything that is wrong with its fields.
    pub(super) fn read(body: &Value, now: Millis) -> Result<Wanted, FieldErrors> {
        let mut fields = Fields::of(body)?;
        for personal in ["hasSeen", "isBookmarked", "isSubscribed", "isPublic"] {
            fields.nullable(personal, boolean);
        }
        for (name, text) in [
            ("assignedTo", "Watchfire does not keep assignees: leave this out, or null."),
            ("merge", "Watchfire does not merge issues."),
            ("discard", "Watchfire does not discard future events of an issue: delete it, or ignore it."),
            ("inbox", "Watchfire keeps no inbox."),
        ] {
            refuse(&mut fields, name, text);
        }
        let status = fields.optional("status", status);
        fields.nullable("substatus", substatus);
        let priority = fields.optional("priority", priority);
        let duration = fields.nullable("snoozeDuration", minutes).flatten();
        let ignore_duration = fields.nullable("ignoreDuration", minutes).flatten();
        let mut details = fields.nullable("statusDetails", |value| details(value, now)).flatten().unwrap_or_default();
        if let Some(minutes) = duration.or(ignore_duration).filter(|minutes| *minutes > 0) {
            details.snooze.until = Some(after(now, minutes));
        }
        if status.is_none() && details != Details::default() && !fields.has_complaint("status") {
            fields.complain("status", NO_STATUS);
        }
        let wanted = status.map(|status| details.with(status)).transpose();
        let (wanted, priority) = fields.finish(Some((wanted, priority)))?;
        let status = wanted.map_err(|text| FieldErrors::about("statusDetails", text))?;
        Ok(Wanted { status, priority })
    }

    /// The change of a project's issues: releases are looked up in it.
    pub(super) async fn of_project(self, store: &dyn Store, project: &Project) -> Answer<IssueUpdate> {
        let standing = match self.status {
            None => None,
            Some(WantedStatus::Unresolved) => Some(NewStanding::Unresolved),
            Some(WantedStatus::Ignored(snooze)) => Some(NewStanding::Ignored(snooze)),
            Some(WantedStatus::Resolved(release)) => {
                Some(NewStanding::Resolved(resolve(store, project, release).await?))
            }
        };
        Ok(IssueUpdate { standing, priority: self.priority })
    }
}

impl Details {
    fn with(self, status: &str) -> Result<WantedStatus, &'static str> {
        let is_snoozed = self.snooze != SnoozeFor::default();
        let names_release = self.in_next_release || self.in_release.is_some();
        match status {
            "ignored" if names_release => Err("A release resolves an issue, it does not ignore it."),
            "ignored" => Ok(WantedStatus::Ignored(self.snooze)),
            _ if is_snoozed => Err("Only an ignored issue can wait for something."),
            "unresolved" if names_release => Err("A release resolves an issue, it does not open it."),
            "unresolved" => Ok(WantedStatus::Unresolved),
            _ => Ok(WantedStatus::Resolved(match self.in_release {
                _ if self.in_next_release || status == "resolvedInNextRelease" => WantedRelease::AfterLatest,
                Some(release) if release == "latest" => WantedRelease::Latest,
                Some(release) => WantedRelease::Named(release),
                None => WantedRelease::None,
            })),
        }
    }
}

async fn resolve(store: &dyn Store, project: &Project, wanted: WantedRelease) -> Answer<Option<ResolvedIn>> {
    let complaint = |text| ApiError::from(FieldErrors::about("statusDetails", text));
    Ok(match wanted {
        WantedRelease::None => None,
        WantedRelease::Named(version) => {
            let known = store.release(project.id, version).await?;
            Some(ResolvedIn::Release(known.ok_or_else(|| complaint(UNKNOWN_RELEASE))?.version))
        }
        WantedRelease::Latest => {
            let latest = latest(store.releases(project.id).await?);
            Some(ResolvedIn::Release(latest.ok_or_else(|| complaint(UNKNOWN_RELEASE))?))
        }
        WantedRelease::AfterLatest => {
            let latest = latest(store.releases(project.id).await?);
            Some(ResolvedIn::NextAfter(latest.ok_or_else(|| complaint(NO_RELEASE))?))
        }
    })
}

/// The newest of releases that come newest first: a fix of an older version is not the latest one.
fn latest(releases: Vec<Release>) -> Option<String> {
    let seen = |release: &Release| (release.version.clone(), release.first_seen);
    let newest = releases.iter().map(seen).rev().reduce(|best, next| {
        let compare = |(name, first_seen): &(String, Millis), other: &(String, Millis)| {
            let this = SeenRelease { name, first_seen: *first_seen };
            this.compare(&SeenRelease { name: &other.0, first_seen: other.1 })
        };
        if compare(&next, &best).is_ge() { next } else { best }
    });
    newest.map(|(version, _)| version)
}

fn refuse(fields: &mut Fields<'_>, name: &'static str, text: &'static str) {
    fields.nullable(name, |value| match value {
        Value::Bool(false) => Ok(()),
        Value::String(text) if text.is_empty() => Ok(()),
        _ => Err(Complaint::new(text)),
    });
}

fn status(value: &Value) -> Read<&'static str> {
    let known = ["resolved", "resolvedInNextRelease", "unresolved", "ignored"];
    // Sentry's own clients still say so.
    let named = if *value == "muted" || *value == "archived" { "ignored" } else { value.as_str().unwrap_or_default() };
    known
        .into_iter()
        .find(|known| *known == named)
        .ok_or_else(|| Complaint::new(format!("\"{}\" is not a valid choice.", quoted(value))))
}

/// It follows from the status and its details; the one that needs a forecast is refused.
fn substatus(value: &Value) -> Read<()> {
    match value.as_str() {
        Some("archived_until_escalating" | "escalating") => {
            Err(Complaint::new("Watchfire does not keep forecasts: it cannot tell when an issue escalates."))
        }
        Some("archived_until_condition_met" | "archived_forever" | "ongoing" | "regressed" | "new") => Ok(()),
        _ => Err(Complaint::new(format!("\"{}\" is not a valid choice.", quoted(value)))),
    }
}

fn priority(value: &Value) -> Read<IssuePriority> {
    value
        .as_str()
        .and_then(IssuePriority::named)
        .ok_or_else(|| Complaint::new(format!("\"{}\" is not a valid choice.", quoted(value))))
}

fn details(value: &Value, now: Millis) -> Read<Details> {
    let Value::Object(_) = value else {
        return Err(Complaint::new("Expected a dictionary."));
    };
    let get = |name: &str| value.get(name).filter(|value| !value.is_null());
    for window in ["ignoreWindow", "ignoreUserWindow"] {
        if get(window).is_some() {
            return Err(Complaint::new(format!("{window}: Watchfire does not keep counts for a window of a snooze.")));
        }
    }
    for commit in ["inCommit", "inUpcomingRelease"] {
        if get(commit).is_some() {
            return Err(Complaint::new(format!("{commit}: Watchfire does not keep commits.")));
        }
    }
    let mut details = Details {
        in_release: detail(value, "inRelease", text(RELEASE_CHARACTERS_MAX))?,
        in_next_release: detail(value, "inNextRelease", boolean)?.unwrap_or(false),
        snooze: SnoozeFor {
            until: detail(value, "ignoreUntil", until)?,
            events: detail(value, "ignoreCount", count)?.filter(|count| *count > 0),
            users: detail(value, "ignoreUserCount", count)?.filter(|count| *count > 0),
        },
    };
    if let Some(minutes) = detail(value, "ignoreDuration", minutes)?.filter(|minutes| *minutes > 0) {
        details.snooze.until = Some(after(now, minutes));
    }
    Ok(details)
}

/// One of the details, if it is there; a complaint says which one it is about.
fn detail<T>(details: &Value, name: &'static str, read: impl FnOnce(&Value) -> Read<T>) -> Read<Option<T>> {
    let value = details.get(name).filter(|value| !value.is_null());
    value.map(read).transpose().map_err(|complaint| complaint.within(name))
}

fn until(value: &Value) -> Read<Millis> {
    value.as_str().and_then(moment).ok_or_else(|| {
        Complaint::new("Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].")
    })
}

fn after(now: Millis, minutes: u64) -> Millis {
    Millis(now.0.saturating_add_unsigned(minutes.min(MINUTES_MAX) * 60_000))
}

fn minutes(value: &Value) -> Read<u64> {
    number(value, MINUTES_MAX)
}

fn count(value: &Value) -> Read<u64> {
    number(value, COUNT_MAX)
}

/// A whole number, or a text that is one.
fn number(value: &Value, most: u64) -> Read<u64> {
    let number = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let number = number.ok_or(Complaint::new("A valid integer is required."))?;
    match u64::try_from(number) {
        Ok(number) if number <= most => Ok(number),
        Ok(_) => Err(Complaint::new(format!("Ensure this value is less than or equal to {most}."))),
        Err(_) => Err(Complaint::new("Ensure this value is greater than or equal to 0.")),
    }
}
