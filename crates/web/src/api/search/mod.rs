//! The search language of issues: `is:unresolved level:error !browser:Chrome* times_seen:>10 some words`.
//!
//! Responsible for reading it into tests of the store. Refuses what asks for data that nobody keeps, so that no list is
//! longer or shorter than what was asked for. Called by the lists of issues, and by changes of many that name no ids.

pub(super) mod times;

use model::ids::Millis;
use model::issue::{IssuePriority, IssueStatus};
use model::short_id::ShortId;
use protocol::event::Level;
use store::catalog::Project;
use store::issues::{Bound, IssueTest, Pattern};

use self::times::Moment;

/// Why a search is not understood. The first words are those of Sentry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadSearch {
    /// What a term asks for is not kept.
    #[error("Error parsing search query: Watchfire cannot search for `{term}`: it does not keep that.")]
    NotKept {
        /// The term.
        term: String,
    },
    /// A term's key is a field of events that no issue has.
    #[error(
        "Error parsing search query: Watchfire cannot search for `{term}`: of events only tags are searched; \
         for a tag of that name write tags[{key}]:…"
    )]
    OfEvents {
        /// The term.
        term: String,
        /// Its key.
        key: String,
    },
    /// A term's value is none.
    #[error("Error parsing search query: `{term}` is not understood: expected {expected}.")]
    Value {
        /// The term.
        term: String,
        /// What would be.
        expected: &'static str,
    },
    /// `AND`, `OR` or a parenthesis.
    #[error(
        "Error parsing search query: `{term}` is not understood: terms cannot be combined but by writing them in a row."
    )]
    Combination {
        /// The term.
        term: String,
    },
    /// A query that asks for too much.
    #[error("Error parsing search query: it has more than {most} terms and values.")]
    TooLong {
        /// How many there may be.
        most: usize,
    },
    /// A quotation mark without its partner.
    #[error("Error parsing search query: a quotation mark is not closed.")]
    OpenQuote,
    /// No order of that name.
    #[error("Invalid sort: `{sort}`. Valid choices are date, new, freq and user.")]
    Sort {
        /// What was asked for.
        sort: String,
    },
    /// No period.
    #[error("Invalid statsPeriod: `{period}` is no number with one of the units s, m, h, d, w.")]
    Period {
        /// What was asked for.
        period: String,
    },
    /// A status that is none.
    #[error("Invalid status: `{status}`. Valid choices are unresolved, resolved and ignored.")]
    Status {
        /// What was asked for.
        status: String,
    },
    /// An issue's id that is none.
    #[error("Invalid id: `{id}` is no number.")]
    Id {
        /// What was asked for.
        id: String,
    },
    /// No time.
    #[error("Invalid {name}: `{time}` is no time such as 2024-05-01T12:00:00.")]
    Time {
        /// The parameter.
        name: &'static str,
        /// What was asked for.
        time: String,
    },
    /// No choice of a graph.
    #[error("Invalid stats_period. Valid choices are '', '24h', and '14d'")]
    StatsPeriod,
    /// A deletion of many that names none.
    #[error("Name the issues to delete: ?id=…, ?status=… or ?query=….")]
    NoIssues,
    /// A change of more than go at once.
    #[error("More than {most} issues would be changed at once: name fewer.")]
    TooMany {
        /// How many go at once.
        most: usize,
    },
}

/// One term as it was written.
struct Term {
    /// All of it, for complaints.
    text: String,
    is_negated: bool,
    key: Option<String>,
    value: String,
    is_quoted: bool,
}

/// Terms of a query, each value in brackets counted by itself, or environments beside it, at most: each issue is judged by
/// all of them.
pub(super) const VALUES_MAX: usize = 100;

const LEVEL: &str = "debug, info, warning, error or fatal";
const STATUS: &str = "unresolved, resolved, ignored, archived or unhandled";
const NUMBER: &str = "a number, with >, >=, < or <= before it if it is no exact one";
const BOOLEAN: &str = "true or false";
const SHORT_ID: &str = "a short id such as MY-PROJECT-1F";
const TAG: &str = "the name of a tag";
const PRIORITY: &str = "low, medium or high";

/// What Sentry's searches know and nobody keeps here.
const NOT_KEPT: [&str; 19] = [
    "active_at",
    "assigned",
    "assigned_or_suggested",
    "assigned_to",
    "bookmarks",
    "date",
    "detector",
    "event.timestamp",
    "issue.category",
    "issue.seer_actionability",
    "issue.seer_last_run",
    "issue.type",
    "linked",
    "regressed_in_release",
    "release.build",
    "release.package",
    "release.stage",
    "release.version",
    "subscribed",
];

/// What Sentry's searches look up in the event itself, though no tag of that name may be there.
const OF_EVENTS: [&str; 22] = [
    "app.in_foreground",
    "culprit",
    "event.type",
    "http.method",
    "http.referer",
    "http.status_code",
    "http.url",
    "id",
    "location",
    "os.build",
    "os.kernel_version",
    "platform.name",
    "profile.id",
    "sdk.name",
    "sdk.version",
    "span",
    "symbolicated_in_app",
    "timestamp",
    "trace",
    "type",
    "unreal.crash_type",
    "user.display",
];

/// The tests that a query on issues of these projects stands for, at this time.
///
/// # Errors
/// The first term that is not understood.
pub(super) fn read(query: &str, projects: &[Project], now: Millis) -> Result<Vec<IssueTest>, BadSearch> {
    let (mut tests, mut values) = (Vec::new(), 0);
    for term in terms(query)? {
        values += term.values().len();
        if values > VALUES_MAX {
            return Err(BadSearch::TooLong { most: VALUES_MAX });
        }
        let test = match &term.key {
            Some(key) => keyed(&term, key, projects, now)?,
            None => IssueTest::Text(Pattern::somewhere(&term.value)),
        };
        tests.push(if term.is_negated { IssueTest::Not(Box::new(test)) } else { test });
    }
    Ok(tests)
}

fn terms(query: &str) -> Result<Vec<Term>, BadSearch> {
    let mut terms = Vec::new();
    let mut rest = query.trim_start();
    while !rest.is_empty() {
        let end = end_of_term(rest)?;
        let (text, after) = rest.split_at(end);
        terms.push(Term::read(text)?);
        rest = after.trim_start();
    }
    Ok(terms)
}

/// Where the first term ends: at a blank outside quotes and brackets.
fn end_of_term(text: &str) -> Result<usize, BadSearch> {
    let (mut is_quoted, mut is_escaped, mut is_list) = (false, false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '[' if !is_quoted && text[..at].ends_with(':') => is_list = true,
            ']' if !is_quoted => is_list = false,
            blank if blank.is_whitespace() && !is_quoted && !is_list => return Ok(at),
            _ => {}
        }
    }
    if is_quoted { Err(BadSearch::OpenQuote) } else { Ok(text.len()) }
}

impl Term {
    fn read(text: &str) -> Result<Term, BadSearch> {
        if matches!(text, "AND" | "OR" | "and" | "or") || text.starts_with('(') || text == ")" {
            return Err(BadSearch::Combination { term: text.to_owned() });
        }
        let (is_negated, rest) = match text.strip_prefix('!') {
            Some(rest) if rest.contains(':') => (true, rest),
            Some(_) | None => (false, text),
        };
        let is_key = |key: &str| {
            let key = named_tag(key).unwrap_or(key);
            !key.is_empty() && key.chars().all(|it| it.is_alphanumeric() || matches!(it, '_' | '.' | '-'))
        };
        let quoted_key = rest.strip_prefix('"').and_then(|rest| rest.split_once("\":"));
        let split = match quoted_key {
            Some((key, value)) if !key.is_empty() => Some((key, value)),
            Some(_) | None => rest.split_once(':').filter(|(key, value)| is_key(key) && !value.starts_with("//")),
        };
        let (key, value) = match split {
            Some((key, value)) => (Some(key.to_owned()), value),
            None => (None, text),
        };
        let (value, is_quoted) = unquoted(value);
        Ok(Term { text: text.to_owned(), is_negated: is_negated && key.is_some(), key, value, is_quoted })
    }

    fn not_kept(&self) -> BadSearch {
        BadSearch::NotKept { term: self.text.clone() }
    }

    /// Refuses a key that no issue has an answer for, rather than look for a tag that happens to be called so.
    fn keeps(&self, key: &str) -> Result<(), BadSearch> {
        match key {
            _ if NOT_KEPT.contains(&key) || key.starts_with("stack.") || key.starts_with("error.") => {
                Err(self.not_kept())
            }
            _ if OF_EVENTS.contains(&key) || key.starts_with("geo.") => {
                Err(BadSearch::OfEvents { term: self.text.clone(), key: key.to_owned() })
            }
            _ => Ok(()),
        }
    }

    fn expected(&self, expected: &'static str) -> BadSearch {
        BadSearch::Value { term: self.text.clone(), expected }
    }

    /// The value, or each of a list in brackets.
    fn values(&self) -> Vec<String> {
        let list = self.value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).filter(|_| !self.is_quoted);
        match list {
            Some(list) => list.split(',').map(|value| unquoted(value.trim()).0).collect(),
            None => vec![self.value.clone()],
        }
    }

    /// The test for each value; one of them must hold.
    fn any(&self, test: impl Fn(&str) -> Result<IssueTest, BadSearch>) -> Result<IssueTest, BadSearch> {
        let mut tests = self.values().iter().map(|value| test(value)).collect::<Result<Vec<_>, _>>()?;
        Ok(if tests.len() == 1 { tests.remove(0) } else { IssueTest::Any(tests) })
    }

    /// The test for each value as a text with wildcards.
    fn like(&self, test: impl Fn(Pattern) -> IssueTest) -> Result<IssueTest, BadSearch> {
        self.any(
            |value| if value == "latest" { Err(self.not_kept()) } else { Ok(test(Pattern::with_wildcards(value))) },
        )
    }
}

/// What `tags[…]` names: a tag, whatever else is called so.
fn named_tag(key: &str) -> Option<&str> {
    key.strip_prefix("tags[")?.strip_suffix(']')
}

fn unquoted(text: &str) -> (String, bool) {
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|_| text.len() > 1);
    match inner {
        Some(inner) => (inner.replace("\\\"", "\"").replace("\\\\", "\\"), true),
        None => (text.to_owned(), false),
    }
}

fn keyed(term: &Term, key: &str, projects: &[Project], now: Millis) -> Result<IssueTest, BadSearch> {
    match key {
        "is" | "status" => term.any(|value| match (IssueStatus::named(value), value) {
            (Some(status), _) => Ok(IssueTest::Status(status)),
            (None, "unhandled") => Ok(IssueTest::Unhandled),
            (
                None,
                "assigned" | "unassigned" | "linked" | "unlinked" | "for_review" | "new" | "ongoing" | "escalating",
            )
            | (None, "regressed" | "reprocessing" | "archived_forever") => Err(term.not_kept()),
            (None, _) => Err(term.expected(STATUS)),
        }),
        "level" => term.any(|value| level(value).map(IssueTest::Level).ok_or_else(|| term.expected(LEVEL))),
        "issue.priority" => term
            .any(|value| IssuePriority::named(value).map(IssueTest::Priority).ok_or_else(|| term.expected(PRIORITY))),
        "environment" => term.like(IssueTest::Environment),
        "platform" => term.like(IssueTest::Platform),
        "project" | "project.name" => term.any(|value| {
            let pattern = Pattern::with_wildcards(value);
            let named = projects.iter().filter(|project| pattern.matches(&project.slug));
            Ok(IssueTest::Any(named.map(|project| IssueTest::Project(project.id)).collect()))
        }),
        "release" | "user.id" | "user.email" | "user.username" | "user.ip" if term.value.is_empty() => {
            Ok(IssueTest::Not(Box::new(has(key))))
        }
        "release" => term.like(|pattern| IssueTest::Tag("release".to_owned(), pattern)),
        "firstRelease" | "first-release" | "first_release" => term.like(IssueTest::FirstRelease),
        "lastRelease" | "last-release" | "last_release" => term.like(IssueTest::LastRelease),
        "issue" => term.any(|value| {
            let id: ShortId = value.parse().map_err(|_| term.expected(SHORT_ID))?;
            let project = projects.iter().find(|project| project.slug == id.project.as_str());
            // One of no project that is searched is none of its issues.
            Ok(project.map_or(IssueTest::Any(Vec::new()), |project| IssueTest::Number(project.id, id.number)))
        }),
        "times_seen" | "timesSeen" => number(term).map(IssueTest::Events),
        "users_seen" | "usersSeen" => number(term).map(IssueTest::Users),
        "error.unhandled" => unhandled(term, "true"),
        "error.handled" => unhandled(term, "false"),
        "firstSeen" | "first_seen" => moment(term, now).map(IssueTest::FirstSeen),
        "lastSeen" | "last_seen" => moment(term, now).map(IssueTest::LastSeen),
        "age" => moment(term, now).map(IssueTest::FirstSeen),
        "message" | "title" => term.any(|value| Ok(IssueTest::Text(Pattern::somewhere(value)))),
        "user.id" | "user.email" | "user.username" | "user.ip" => {
            let form = key.trim_start_matches("user.");
            term.like(|pattern| IssueTest::Tag("user".to_owned(), prefixed(form, pattern)))
        }
        "has" => term.any(|value| match value {
            "" => Err(term.expected(TAG)),
            _ => term.keeps(value).map(|()| has(value)),
        }),
        _ => {
            term.keeps(key)?;
            match (named_tag(key).unwrap_or(key), term.value.as_str()) {
                (tag, "") => Ok(IssueTest::Not(Box::new(IssueTest::HasTag(tag.to_owned())))),
                (tag, _) => term.like(|pattern| IssueTest::Tag(tag.to_owned(), pattern)),
            }
        }
    }
}

fn has(key: &str) -> IssueTest {
    match key {
        // The empty text stands for events without one.
        "environment" => IssueTest::Not(Box::new(IssueTest::Environment(Pattern::Exact(String::new())))),
        "user.id" | "user.email" | "user.username" | "user.ip" => {
            let form = key.trim_start_matches("user.");
            IssueTest::Tag("user".to_owned(), Pattern::with_wildcards(&format!("{form}:*")))
        }
        key => IssueTest::HasTag(named_tag(key).unwrap_or(key).to_owned()),
    }
}

/// A user's tag: `id:17`.
fn prefixed(form: &str, pattern: Pattern) -> Pattern {
    match pattern {
        Pattern::Exact(value) => Pattern::Exact(format!("{form}:{value}")),
        Pattern::Pieces(mut pieces) => {
            if let Some(first) = pieces.first_mut() {
                first.insert_str(0, &format!("{form}:"));
            }
            Pattern::Pieces(pieces)
        }
    }
}

fn level(name: &str) -> Option<Level> {
    let levels = [Level::Debug, Level::Info, Level::Warning, Level::Error, Level::Fatal];
    levels.into_iter().find(|level| level.as_str() == name)
}

/// Whether nobody caught it, which this value says; the other one says that somebody did.
fn unhandled(term: &Term, yes: &str) -> Result<IssueTest, BadSearch> {
    let value = match term.value.as_str() {
        "true" | "1" => "true",
        "false" | "0" => "false",
        _ => return Err(term.expected(BOOLEAN)),
    };
    Ok(if value == yes { IssueTest::Unhandled } else { IssueTest::Not(Box::new(IssueTest::Unhandled)) })
}

fn number(term: &Term) -> Result<Bound, BadSearch> {
    let value = term.value.as_str();
    let digits = value.trim_start_matches(['>', '<', '=']);
    let number: i64 = digits.parse().ok().filter(|number| *number >= 0).ok_or_else(|| term.expected(NUMBER))?;
    times::bound(&value[..value.len() - digits.len()], Moment { from: number, to: number })
        .ok_or_else(|| term.expected(NUMBER))
}

fn moment(term: &Term, now: Millis) -> Result<Bound, BadSearch> {
    times::read(&term.value, now).ok_or_else(|| term.expected(times::EXPECTED))
}
