//! Why a call of the API did not do what was asked.

use std::fmt;

use super::connect::ConnectError;
use crate::cli::exit::Exit;

/// A call that came to nothing, or what it was to do.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// Nobody says who asks.
    #[error(
        "no token: put it in the variable WATCHFIRE_TOKEN, or in a file that --token-file names; \
         `watchfire token create` makes one on the server's machine"
    )]
    NoToken,
    /// What is given cannot be a token. It is not repeated.
    #[error("what {place} holds is no token: expected one word, such as sntryu_ and 64 hex digits")]
    BadToken {
        /// Where it is written.
        place: String,
    },
    /// There is no connection.
    #[error("no connection to {place}")]
    Connect {
        /// The URL, and where it is written.
        place: String,
        /// Why.
        source: ConnectError,
    },
    /// The call makes no request.
    #[error("the call makes no valid request")]
    Request(#[source] http::Error),
    /// The connection broke, or what is there does not speak HTTP.
    #[error(
        "the connection to {place} broke: is its scheme right? If you changed something, look whether it is done before you try again"
    )]
    Broken {
        /// The URL, and where it is written.
        place: String,
        /// Why.
        source: hyper::Error,
    },
    /// The answer broke off, or has no end.
    #[error("{place} did not end its answer within {limit_bytes} bytes")]
    Endless {
        /// The URL, and where it is written.
        place: String,
        /// What is read.
        limit_bytes: usize,
    },
    /// It took too long.
    #[error(
        "{place} did not answer within {seconds} s: if you changed something, look whether it is done before you try again"
    )]
    TimedOut {
        /// The URL, and where it is written.
        place: String,
        /// What was waited.
        seconds: u64,
    },
    /// Another kind of server.
    #[error("what answers at {place} is no Watchfire (it answered {answered}): give the right URL with --url")]
    Stranger {
        /// The URL, and where it is written.
        place: String,
        /// Status and media type.
        answered: String,
    },
    /// The server knows no such path.
    #[error("{place} has no such call: is it a Watchfire, and as new as this program?")]
    NoSuchCall {
        /// The URL, and where it is written.
        place: String,
    },
    /// Something before the server sends elsewhere.
    #[error("{place} sends on to {to}, which is not followed with a token: give the right URL with --url")]
    Redirected {
        /// The URL, and where it is written.
        place: String,
        /// Where to.
        to: String,
    },
    /// 401.
    #[error(
        "{place} does not know the token of {token_place}{}: `watchfire token create` makes one on the server's machine",
        told(detail)
    )]
    UnknownToken {
        /// The URL, and where it is written.
        place: String,
        /// Where the token is written.
        token_place: String,
        /// The server's words.
        detail: String,
    },
    /// 403.
    #[error(
        "the token of {token_place} may not do this{}{}",
        told(detail),
        needs(scopes.as_deref())
    )]
    Forbidden {
        /// Where the token is written.
        token_place: String,
        /// The scopes of which it would need one.
        scopes: Option<String>,
        /// The server's words.
        detail: String,
    },
    /// 404, where nobody has said yet what was asked for.
    #[error("{place} has nothing of that name")]
    NotFound {
        /// The URL, and where it is written.
        place: String,
    },
    /// 404.
    #[error("there is no {name} at {place}: `{list}` shows which there are")]
    Missing {
        /// What was asked for.
        name: String,
        /// The URL, and where it is written.
        place: String,
        /// The command that lists them.
        list: String,
    },
    /// 302 of the server itself.
    #[error("the project is called {slug} now: say --project {slug}")]
    Renamed {
        /// Its slug.
        slug: String,
    },
    /// 400: what is wrong with each field.
    #[error("{place} refuses what it was given{}", complaints.iter().map(|one| format!("\n  {one}")).collect::<String>())]
    Invalid {
        /// The URL, and where it is written.
        place: String,
        /// What is wrong.
        complaints: Vec<Complaint>,
    },
    /// 400, 409, 410 and the like: a no in the server's words.
    #[error("{place} refuses: {detail} ({status})")]
    Refused {
        /// The URL, and where it is written.
        place: String,
        /// The status.
        status: u16,
        /// The server's words.
        detail: String,
    },
    /// 429.
    #[error("{place} has had too many requests{}{}", told(detail), again(pause.as_deref()))]
    TooMany {
        /// The URL, and where it is written.
        place: String,
        /// The server's words.
        detail: String,
        /// Seconds.
        pause: Option<String>,
    },
    /// 503, or what stands before the server cannot reach it.
    #[error("{place} cannot answer at the moment{}{}", told(detail), again(pause.as_deref()))]
    Unavailable {
        /// The URL, and where it is written.
        place: String,
        /// The server's words.
        detail: String,
        /// Seconds.
        pause: Option<String>,
    },
    /// 500.
    #[error("{place} failed ({status}){}", told(detail))]
    Faulty {
        /// The URL, and where it is written.
        place: String,
        /// The status.
        status: u16,
        /// The server's words.
        detail: String,
    },
    /// An empty server, or a token that sees nothing.
    #[error("{place} has no project yet: `watchfire init` on the server's machine makes one")]
    NoProject {
        /// The URL, and where it is written.
        place: String,
    },
    /// None of them is called so.
    #[error("no project fits --org and --project: there is {projects}")]
    OtherProjects {
        /// Those that there are.
        projects: String,
    },
    /// Somebody has to choose.
    #[error(
        "there are several projects, so say which with --project, and with --org where that is not enough: {projects}"
    )]
    SeveralProjects {
        /// Those that fit.
        projects: String,
    },
    /// Nobody can be asked whether it is meant.
    #[error("nobody is at a terminal to be asked whether the hook {hook} is to be deleted: say --yes")]
    NobodyToAsk {
        /// The hook.
        hook: String,
    },
    /// Somebody was asked, and it was not meant.
    #[error("nothing was deleted")]
    NotMeant,
    /// `update` without anything to change.
    #[error("nothing to change was named: `watchfire hooks update --help` has the settings")]
    NothingToChange,
    /// The receiver did not take a test.
    #[error("the test of the hook {hook} failed: {why}")]
    TestFailed {
        /// The hook.
        hook: String,
        /// What came of it.
        why: String,
    },
    /// What was sent again did not arrive.
    #[error("{what}")]
    NotDelivered {
        /// What did not, and how it ended.
        what: String,
    },
    /// A replay was stopped before its end.
    #[error("the replay {replay} was stopped after {sent_again} of {found} deliveries")]
    ReplayStopped {
        /// Its id.
        replay: String,
        /// How many it had sent again.
        sent_again: u64,
        /// How many it had found.
        found: u64,
    },
    /// It is not over yet, and nobody wants to wait longer.
    #[error("{what} after {seconds} s: it goes on; `{look}` shows how it ends")]
    StillWaiting {
        /// What waits.
        what: String,
        /// How long that was waited for.
        seconds: u64,
        /// The command that shows it.
        look: String,
    },
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Its path, or nothing where it is about all.
    pub field: String,
    /// The server's words.
    pub text: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() { out.write_str(&self.text) } else { write!(out, "{}: {}", self.field, self.text) }
    }
}

impl ApiError {
    /// The exit code that stands for it.
    pub(super) fn exit(&self) -> Exit {
        match self {
            ApiError::NoToken
            | ApiError::BadToken { .. }
            | ApiError::SeveralProjects { .. }
            | ApiError::NobodyToAsk { .. }
            | ApiError::NothingToChange => Exit::Usage,
            ApiError::Connect { .. }
            | ApiError::Request(_)
            | ApiError::Broken { .. }
            | ApiError::Endless { .. }
            | ApiError::TimedOut { .. }
            | ApiError::Stranger { .. }
            | ApiError::NoSuchCall { .. }
            | ApiError::Redirected { .. }
            | ApiError::TooMany { .. }
            | ApiError::Unavailable { .. }
            | ApiError::Faulty { .. }
            | ApiError::StillWaiting { .. } => Exit::Failed,
            ApiError::UnknownToken { .. }
            | ApiError::Forbidden { .. }
            | ApiError::NotFound { .. }
            | ApiError::Missing { .. }
            | ApiError::Renamed { .. }
            | ApiError::Invalid { .. }
            | ApiError::Refused { .. }
            | ApiError::NoProject { .. }
            | ApiError::OtherProjects { .. }
            | ApiError::NotMeant
            | ApiError::TestFailed { .. }
            | ApiError::NotDelivered { .. }
            | ApiError::ReplayStopped { .. } => Exit::Refused,
        }
    }
}

/// What a token lacks, and how to get one that does not.
fn needs(scopes: Option<&str>) -> String {
    let needs = |scopes| format!(": it needs {scopes}; `watchfire token create --scope …` makes one with it");
    scopes.map(needs).unwrap_or_default()
}

fn told(detail: &str) -> String {
    let detail = detail.trim_end_matches('.');
    if detail.is_empty() { String::new() } else { format!(": {detail}") }
}

fn again(pause: Option<&str>) -> String {
    pause.map_or_else(|| ": try again later".to_owned(), |pause| format!(": try again in {pause} s"))
}
