//! Issues as people work on them: found, read, changed, deleted; and their events, page by page.
//!
//! The ledger makes issues and counts their events. What is deleted here is gone at once for whoever asks, and an event that
//! comes after it makes a new issue; `Ledger::sweep` takes the rows away by and by.

use async_trait::async_trait;
use model::ids::{IssueId, Millis, ProjectId};
use model::issue::{IssuePriority, IssueStatus, ResolvedIn, Snooze, Substatus};
use protocol::EventId;
use protocol::event::{EventKind, Level};

use crate::error::StoreError;
use crate::ledger::StoredEvent;

/// Issues, for API and pages. All times are the store's clock, passed in.
#[async_trait]
pub trait Issues: Send + Sync + 'static {
    /// Reads one issue.
    async fn issue(&self, issue: IssueId) -> Result<Option<Issue>, StoreError>;

    /// The issue that people call by this number of a project.
    async fn issue_by_number(&self, project: ProjectId, number: u64) -> Result<Option<Issue>, StoreError>;

    /// A page of the issues for which all tests hold, the highest place first.
    async fn search_issues(&self, search: IssueSearch) -> Result<Listed<Issue>, StoreError>;

    /// Events per hour of each issue, `(start, count)` of every hour since `since` that has any. Same order as asked.
    async fn issue_hours(&self, issues: Vec<IssueId>, since: Millis) -> Result<Vec<Vec<(Millis, u64)>>, StoreError>;

    /// The tags of an issue's events by key, each with the values that are kept, sorted; at most [`TAG_VALUES_MAX`] in all.
    async fn issue_tags(&self, issue: IssueId) -> Result<Vec<IssueTag>, StoreError>;

    /// Changes issues of a project in one transaction; those that are there, as they are after it, in the order asked.
    async fn update_issues(&self, issues: IssuesOf, update: IssueUpdate, now: Millis)
    -> Result<Vec<Issue>, StoreError>;

    /// Deletes issues of a project in one transaction; how many there were. Their events go by and by.
    async fn delete_issues(&self, issues: IssuesOf) -> Result<usize, StoreError>;

    /// A page of events, newest first. It is shorter than asked for where the events are large.
    async fn events(&self, of: EventsOf, cut: Cut) -> Result<Listed<StoredEvent>, StoreError>;

    /// One event with those before and after it in its issue.
    async fn find_event(&self, wanted: WantedEvent) -> Result<Option<EventInIssue>, StoreError>;

    /// The environments that events of a project named, sorted; at most [`NAMES_MAX`].
    async fn environments(&self, project: ProjectId) -> Result<Vec<String>, StoreError>;

    /// The releases of a project, the one that was seen first most recently first; at most [`NAMES_MAX`].
    async fn releases(&self, project: ProjectId) -> Result<Vec<Release>, StoreError>;

    /// When a project first saw a release.
    async fn release(&self, project: ProjectId, version: String) -> Result<Option<Release>, StoreError>;
}

/// The most environments or releases that are listed.
pub const NAMES_MAX: usize = 1_000;
/// The most values that an issue's tags have in a list, all keys together: whoever sends events chooses the keys.
pub const TAG_VALUES_MAX: usize = 10_000;

/// An issue as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Its id.
    pub id: IssueId,
    /// Whose it is.
    pub project: ProjectId,
    /// Its number in the project, from 1.
    pub short_number: u64,
    /// Which grouping algorithm made it.
    pub grouping_version: u16,
    /// The title of its last event.
    pub title: String,
    /// The culprit of its last event.
    pub culprit: String,
    /// The level of its last event.
    pub level: Level,
    /// What its last event was.
    pub kind: EventKind,
    /// The platform of its last event.
    pub platform: String,
    /// The logger of its last event; empty where it had none.
    pub logger: String,
    /// What its title is made of: a JSON object.
    pub metadata: String,
    /// Whether nobody caught what its last event reports.
    pub unhandled: bool,
    /// How many events it has had.
    pub count: u64,
    /// How many users have seen it.
    pub users: u64,
    /// The earliest of its events' times.
    pub first_seen: Millis,
    /// The latest of its events' times.
    pub last_seen: Millis,
    /// The release of its first event that had one.
    pub first_release: Option<String>,
    /// The release of its last event that had one.
    pub last_release: Option<String>,
    /// Where it stands.
    pub status: IssueStatus,
    /// More closely.
    pub substatus: Substatus,
    /// Since when.
    pub changed: Millis,
    /// How urgent it is.
    pub priority: IssuePriority,
    /// What ends its being ignored.
    pub snooze: Option<Snooze>,
    /// In which release it is resolved.
    pub resolved_in: Option<ResolvedIn>,
}

/// Which issues of which projects, in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueSearch {
    /// Whose issues.
    pub projects: Vec<ProjectId>,
    /// All of them must hold.
    pub tests: Vec<IssueTest>,
    /// The order.
    pub sort: IssueSort,
    /// Which part.
    pub cut: Cut,
}

/// What issues are sorted by, the highest first; equal ones by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssueSort {
    /// When the last event happened.
    LastSeen,
    /// When the first event happened.
    FirstSeen,
    /// How many events it has had.
    Events,
    /// How many users have seen it.
    Users,
}

/// What may be true of an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssueTest {
    /// It has this status.
    Status(IssueStatus),
    /// Its level is this one.
    Level(Level),
    /// Its priority is this one.
    Priority(IssuePriority),
    /// It is the one with this number in this project.
    Number(ProjectId, u64),
    /// It is of this project.
    Project(ProjectId),
    /// Its last event was of this platform.
    Platform(Pattern),
    /// Nobody caught what it reports.
    Unhandled,
    /// It has had an event of this environment; empty text is none.
    Environment(Pattern),
    /// An event of it had a tag of this name and value.
    Tag(String, Pattern),
    /// An event of it had a tag of this name.
    HasTag(String),
    /// Its first release.
    FirstRelease(Pattern),
    /// Its last release.
    LastRelease(Pattern),
    /// Its title or culprit has this, in whatever case.
    Text(Pattern),
    /// So many events.
    Events(Bound),
    /// So many users.
    Users(Bound),
    /// First seen then, in milliseconds.
    FirstSeen(Bound),
    /// Last seen then, in milliseconds.
    LastSeen(Bound),
    /// One of these holds.
    Any(Vec<IssueTest>),
    /// This does not hold.
    Not(Box<IssueTest>),
}

/// A text, or what it looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// This text.
    Exact(String),
    /// A text made of these pieces, with anything between two of them; upper and lower case are the same.
    Pieces(Vec<String>),
}

/// Where a number must lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// At least.
    pub least: i64,
    /// At most.
    pub most: i64,
}

/// A place in a list that is sorted from the highest down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// What the list is sorted by.
    pub key: i64,
    /// The id; of an event, 0.
    pub id: i64,
}

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Where it begins or ends.
    pub from: CutFrom,
    /// At most so many.
    pub limit: usize,
}

/// Where a part of a list begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutFrom {
    /// It begins with the list.
    Start,
    /// It begins after this place.
    After(Place),
    /// It ends before this place.
    Before(Place),
}

/// Part of a list, in the list's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The items.
    pub items: Vec<T>,
    /// Whether the list goes on: after them, or, of a part that ends before a place, before them.
    pub more: bool,
}

/// A tag of an issue's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueTag {
    /// Its name.
    pub key: String,
    /// Its values.
    pub values: Vec<String>,
}

/// Issues of one project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuesOf {
    /// The project.
    pub project: ProjectId,
    /// The issues; those of other projects count as not there.
    pub issues: Vec<IssueId>,
}

/// What is to change of issues; `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssueUpdate {
    /// Where they are to stand.
    pub standing: Option<NewStanding>,
    /// How urgent they are to be.
    pub priority: Option<IssuePriority>,
}

/// Where an issue is to stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewStanding {
    /// Open. One that is open already stays as it is.
    Unresolved,
    /// Resolved: now, or in a release.
    Resolved(Option<ResolvedIn>),
    /// Ignored: for good, or until any of it is reached.
    Ignored(SnoozeFor),
}

/// How long an issue is to be ignored, from now on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SnoozeFor {
    /// Until this moment.
    pub until: Option<Millis>,
    /// Until it has had so many events more.
    pub events: Option<u64>,
    /// Until so many users more have seen it.
    pub users: Option<u64>,
}

/// Whose events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventsOf {
    /// A project's.
    Project(ProjectId),
    /// An issue's.
    Issue(IssueId),
}

/// Which event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WantedEvent {
    /// The newest of an issue.
    Latest(IssueId),
    /// The oldest of an issue that is kept.
    Oldest(IssueId),
    /// One of an issue.
    OfIssue(IssueId, EventId),
    /// One of a project.
    OfProject(ProjectId, EventId),
}

/// An event and its neighbours in its issue.
#[derive(Debug, Clone)]
pub struct EventInIssue {
    /// Its id.
    pub id: EventId,
    /// The event.
    pub event: StoredEvent,
    /// The one before it.
    pub previous: Option<EventId>,
    /// The one after it.
    pub next: Option<EventId>,
}

/// A release of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its name, as SDKs send it.
    pub version: String,
    /// When its first event was received.
    pub first_seen: Millis,
}

impl Issue {
    /// Its place in a list.
    pub fn place(&self, sort: IssueSort) -> Place {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let key = match sort {
            IssueSort::LastSeen => self.last_seen.0,
            IssueSort::FirstSeen => self.first_seen.0,
            IssueSort::Events => number(self.count),
            IssueSort::Users => number(self.users),
        };
        Place { key, id: self.id.get() }
    }
}

impl StoredEvent {
    /// Its place in a list of events.
    pub fn place(&self) -> Place {
        Place { key: i64::try_from(self.seq.get()).unwrap_or(i64::MAX), id: 0 }
    }
}

impl Bound {
    /// Whether the number lies there.
    pub fn holds(self, number: i64) -> bool {
        (self.least..=self.most).contains(&number)
    }
}

impl Pattern {
    /// A text in which `*` stands for anything.
    pub fn with_wildcards(text: &str) -> Pattern {
        let lower = text.to_lowercase();
        let Some((first, rest)) = lower.split_once('*') else { return Pattern::Exact(text.to_owned()) };
        let (between, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        // Several stars in a row are one.
        let between = between.split('*').filter(|piece| !piece.is_empty());
        Pattern::Pieces(std::iter::once(first).chain(between).chain([last]).map(str::to_owned).collect())
    }

    /// Whatever has this text in it, in whatever case; `*` within it stands for anything.
    pub fn somewhere(text: &str) -> Pattern {
        Pattern::with_wildcards(&format!("*{text}*"))
    }

    /// Whether the text is this one, or looks like it.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Pattern::Exact(wanted) => wanted == text,
            Pattern::Pieces(pieces) => looks_like(pieces, &text.to_lowercase()),
        }
    }
}

/// The first piece begins the text, the last one ends it, the others come between in order.
fn looks_like(pieces: &[String], text: &str) -> bool {
    let [first, between @ .., last] = pieces else {
        return pieces.first().is_some_and(|only| only == text);
    };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    for piece in between {
        let Some(at) = rest.find(piece.as_str()) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_and_without_one_a_text_is_itself() {
        for (pattern, text, matches) in [
            ("abc", "abc", true),
            ("abc", "ABC", false),
            ("abc", "abcd", false),
            ("a*", "ABC", true),
            ("a*", "ba", false),
            ("*c", "abc", true),
            ("*c", "abcd", false),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
            ("*", "", true),
            ("**", "x", true),
            ("a**b***c*", "abxc", true),
            ("a**b***c*", "acb", false),
            ("*ÜB*", "grüber", true),
        ] {
            assert_eq!(Pattern::with_wildcards(pattern).matches(text), matches, "{pattern} {text}");
        }
        assert!(Pattern::somewhere("Base Error").matches("a database ERROR"));
        assert!(!Pattern::somewhere("oops").matches("oop s"));
        assert!(Pattern::Exact(String::new()).matches(""));
    }
}
