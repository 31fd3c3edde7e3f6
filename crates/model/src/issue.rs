//! Where an issue stands, and what an event does to it: a pure function that the store calls for each event of a known issue.

use std::cmp::Ordering;

use protocol::event::Level;

use crate::ids::Millis;

/// An issue's status. Codes are kept in rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum IssueStatus {
    /// Somebody should look at it.
    #[default]
    Unresolved = 0,
    /// Somebody has fixed it.
    Resolved = 1,
    /// Nobody wants to see it, for a while or ever (archived).
    Ignored = 2,
}

/// What a status means more closely: Sentry's `substatus`. Codes are kept in rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Substatus {
    /// Unresolved since its first event.
    New = 0,
    /// Unresolved for a while, or reopened by hand.
    Ongoing = 1,
    /// It was resolved and came back.
    Regressed = 2,
    /// Ignored for good.
    ArchivedForever = 3,
    /// Ignored until its snooze ends.
    ArchivedUntilConditionMet = 4,
    /// Ignored, and its snooze ended: shown as ongoing.
    Reappeared = 5,
}

/// How urgent an issue is: Sentry's `priority`. Codes are kept in rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IssuePriority {
    /// `low`
    Low = 25,
    /// `medium`
    Medium = 50,
    /// `high`
    High = 75,
}

/// When an ignored issue comes back. Whatever is reached first ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Snooze {
    /// From this moment on.
    pub until: Option<Millis>,
    /// When the issue has had more events than this in all.
    pub events: Option<u64>,
    /// When more users than this have seen it in all.
    pub users: Option<u64>,
}

/// In which release an issue is resolved, where a release was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResolvedIn {
    /// In this one: an event of an older one does not reopen it.
    Release(String),
    /// In the one after this, which was the latest then: nor does an event of this one.
    NextAfter(String),
}

/// What an event did to its issue. Codes are kept in rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Turn {
    /// It made it.
    New = 0,
    /// It was resolved and is unresolved now.
    Regressed = 1,
    /// It was ignored and is unresolved now.
    Reappeared = 2,
    /// Nothing but one more event.
    Repeated = 3,
}

/// Where an issue stands before an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// The status.
    pub status: IssueStatus,
    /// What ends an ignored issue's snooze.
    pub snooze: Option<Snooze>,
    /// In which release it is resolved.
    pub resolved_in: Option<ResolvedIn>,
}

/// An event on its way to a known issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// When it was received.
    pub now: Millis,
    /// The issue's events, this one included.
    pub times_seen: u64,
    /// The issue's users, this event's included.
    pub users_seen: u64,
    /// How the event's release compares with the one that the issue is resolved in; `None` without a release, and where
    /// the issue is resolved in none.
    pub release: Option<Ordering>,
}

impl Standing {
    /// What the event does to the issue.
    pub fn turn(&self, arrival: &Arrival) -> Turn {
        match self.status {
            IssueStatus::Unresolved => Turn::Repeated,
            IssueStatus::Resolved if self.reopens(arrival.release) => Turn::Regressed,
            IssueStatus::Ignored if self.snooze.is_some_and(|snooze| snooze.is_over(arrival)) => Turn::Reappeared,
            IssueStatus::Resolved | IssueStatus::Ignored => Turn::Repeated,
        }
    }

    /// Without a release in the event, one that is resolved in a release stays so: such an event is taken for an older one.
    fn reopens(&self, release: Option<Ordering>) -> bool {
        match (&self.resolved_in, release) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(ResolvedIn::Release(_)), Some(order)) => order.is_ge(),
            (Some(ResolvedIn::NextAfter(_)), Some(order)) => order.is_gt(),
        }
    }
}

impl Snooze {
    fn is_over(&self, arrival: &Arrival) -> bool {
        self.until.is_some_and(|until| arrival.now >= until)
            || self.events.is_some_and(|most| arrival.times_seen > most)
            || self.users.is_some_and(|most| arrival.users_seen > most)
    }
}

impl ResolvedIn {
    /// The release that it names.
    pub fn release(&self) -> &str {
        match self {
            ResolvedIn::Release(release) | ResolvedIn::NextAfter(release) => release,
        }
    }
}

impl Turn {
    /// All of them, by code.
    pub const ALL: [Turn; 4] = [Turn::New, Turn::Regressed, Turn::Reappeared, Turn::Repeated];

    /// In a word, for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Turn::New => "new",
            Turn::Regressed => "regressed",
            Turn::Reappeared => "reappeared",
            Turn::Repeated => "repeated",
        }
    }

    /// Where the issue stands more closely after it; `None` where nothing changed.
    pub fn substatus(self) -> Option<Substatus> {
        match self {
            Turn::New => Some(Substatus::New),
            Turn::Regressed => Some(Substatus::Regressed),
            Turn::Reappeared => Some(Substatus::Reappeared),
            Turn::Repeated => None,
        }
    }
}

impl IssueStatus {
    /// All of them, by code.
    pub const ALL: [IssueStatus; 3] = [IssueStatus::Unresolved, IssueStatus::Resolved, IssueStatus::Ignored];

    /// Sentry's name.
    pub fn as_str(self) -> &'static str {
        match self {
            IssueStatus::Unresolved => "unresolved",
            IssueStatus::Resolved => "resolved",
            IssueStatus::Ignored => "ignored",
        }
    }

    /// The status of this name; `archived` is another name for ignored.
    pub fn named(name: &str) -> Option<IssueStatus> {
        let name = if name == "archived" || name == "muted" { "ignored" } else { name };
        IssueStatus::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

impl Substatus {
    /// All of them, by code.
    pub const ALL: [Substatus; 6] = [
        Substatus::New,
        Substatus::Ongoing,
        Substatus::Regressed,
        Substatus::ArchivedForever,
        Substatus::ArchivedUntilConditionMet,
        Substatus::Reappeared,
    ];

    /// How long an issue counts as new, or as regressed, before it is an ongoing one.
    const FRESH_MILLIS: i64 = 7 * 86_400_000;

    /// Sentry's name for what is shown at `now` of an issue that came to be so at `since`: what is new or regressed is
    /// ongoing after a week.
    pub fn shown(self, since: Millis, now: Millis) -> &'static str {
        let is_fresh = now.0.saturating_sub(since.0) < Self::FRESH_MILLIS;
        match self {
            Substatus::New if is_fresh => "new",
            Substatus::Regressed if is_fresh => "regressed",
            Substatus::New | Substatus::Regressed | Substatus::Ongoing | Substatus::Reappeared => "ongoing",
            Substatus::ArchivedForever => "archived_forever",
            Substatus::ArchivedUntilConditionMet => "archived_until_condition_met",
        }
    }
}

impl IssuePriority {
    /// The priority of a new issue whose event has this level.
    pub fn of(level: Level) -> IssuePriority {
        match level {
            Level::Fatal | Level::Error => IssuePriority::High,
            Level::Warning => IssuePriority::Medium,
            Level::Info | Level::Debug => IssuePriority::Low,
        }
    }

    /// All of them.
    pub const ALL: [IssuePriority; 3] = [IssuePriority::Low, IssuePriority::Medium, IssuePriority::High];

    /// Sentry's name.
    pub fn as_str(self) -> &'static str {
        match self {
            IssuePriority::Low => "low",
            IssuePriority::Medium => "medium",
            IssuePriority::High => "high",
        }
    }

    /// The priority of this name.
    pub fn named(name: &str) -> Option<IssuePriority> {
        IssuePriority::ALL.into_iter().find(|priority| priority.as_str() == name)
    }
}

#[cfg(test)]
mod tests;
