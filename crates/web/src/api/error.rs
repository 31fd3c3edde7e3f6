//! Every answer of the API that is not a success: one type, one translation to status and body.
//!
//! Responsible for Sentry's error shapes: `{"detail": …}` for what the framework refuses, field → list for what validation
//! refuses. Refuses to carry free text: each kind knows its own words. Called by every handler.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, Method, StatusCode};
use model::ids::RuleId;
use model::scope::Scopes;
use serde_json::{Value, json};
use store::StoreError;
use store::catalog::Unopened;

use super::body::BadBody;
use super::fields::FieldErrors;
use super::page::BadPage;
use super::refusal::{BadFilter, Refusal};
use super::search::BadSearch;
use super::span::BadSpan;
use super::time::iso;
use crate::auth::AuthError;
use crate::auth::password::PasswordError;

/// How long a client should wait before it asks a store again that is out of order.
const RETRY_AFTER_S: u32 = 5;

const NOT_FOUND: &str = "The requested resource does not exist";

/// Why a call did not succeed.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// 401, 403 or 429.
    Auth(AuthError),
    /// 404: nothing of this name.
    NotFound,
    /// 405.
    MethodNotAllowed(Method),
    /// 302: the project has another slug now.
    Moved(Moved),
    /// 400, 413 or 415: the body was not read.
    Body(BadBody),
    /// 400: the query string asks for a page that there cannot be.
    Page(BadPage),
    /// 400: the search is not understood.
    Search(BadSearch),
    /// 400: the query string asks for counts that there cannot be.
    Stats(BadStats),
    /// 400: the query string asks for a span of time that there cannot be.
    Span(BadSpan),
    /// 400: a list of deliveries cannot be narrowed so.
    Filter(BadFilter),
    /// 409, 410 or 503: something is not sent or shown now.
    Refused(Refusal),
    /// 400: what is wrong with each field.
    Invalid(FieldErrors),
    /// 400: another rule does the same.
    Duplicate(DuplicateRule),
    /// 409.
    Taken(Taken),
    /// 410: the rule is silent already.
    Snoozed,
    /// 409 or 503: a test was not sent.
    Untested(Untested),
    /// 503 or 500: a password could not be made.
    Password(PasswordError),
    /// 503 or 500, or 404 where a row went away meanwhile.
    Store(StoreError),
}

/// The answer of every handler.
pub(super) type Answer<T = Response> = Result<T, ApiError>;

/// Where a renamed project is found now.
#[derive(Debug)]
pub(crate) struct Moved {
    /// Its present slug.
    pub(super) slug: String,
    /// The same path and query under it.
    pub(super) path: String,
}

/// Why there are no such counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadStats {
    /// Not one of the counters' intervals.
    #[error("Invalid resolution")]
    Resolution,
    /// `until` is no number.
    #[error("until must be a numeric timestamp.")]
    Until,
    /// `since` is no number.
    #[error("since must be a numeric timestamp")]
    Since,
    /// The range ends before it begins.
    #[error("start must be before or equal to end")]
    Order,
    /// The range holds too many intervals.
    #[error("The range has more than {most} points: ask for a shorter one, or for a coarser resolution.")]
    TooManyPoints {
        /// How many there may be.
        most: i64,
    },
}

/// What another has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Taken {
    /// A project's slug.
    #[error("A project with this slug already exists.")]
    ProjectSlug,
    /// A team's slug.
    #[error("A team with this slug already exists.")]
    TeamSlug,
}

/// Why a test was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Untested {
    /// The hook is disabled.
    #[error("The hook is disabled, and a disabled hook never fires. Enable it first: {{\"isActive\": true}}.")]
    Disabled,
    /// What is stored to sign with is damaged.
    #[error(
        "The hook's stored secret or headers are damaged, so nothing can be sent. The hook's X-Watchfire-Note says what mends it."
    )]
    Unsigned,
    /// Another is under way.
    #[error("Another test of this hook is still under way. Wait for its answer: it comes within the hook's timeout.")]
    Testing,
    /// It could not be written down, or there is no room for it.
    #[error("There is no room for a test at the moment, so it was not sent. Try again in a moment.")]
    NotNow,
}

/// The rule of the project that does the same already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DuplicateRule {
    /// What it is called.
    pub(super) name: String,
    /// Its id.
    pub(super) id: RuleId,
}

impl ApiError {
    /// The status it is answered with.
    fn status(&self) -> StatusCode {
        match self {
            ApiError::Auth(error) => match error {
                AuthError::NoCredentials
                | AuthError::EmptyToken
                | AuthError::TokenWithSpaces
                | AuthError::UnknownToken => StatusCode::UNAUTHORIZED,
                AuthError::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
                AuthError::MissingScope(_) => StatusCode::FORBIDDEN,
                AuthError::Store(error) => status_of_store(error),
            },
            ApiError::NotFound => StatusCode::NOT_FOUND,
            ApiError::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            ApiError::Moved(_) => StatusCode::FOUND,
            ApiError::Body(error) => match error {
                BadBody::NotJson(_) | BadBody::BrokenOff => StatusCode::BAD_REQUEST,
                BadBody::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
                BadBody::TooSlow => StatusCode::REQUEST_TIMEOUT,
                BadBody::MediaType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            },
            ApiError::Page(_)
            | ApiError::Search(_)
            | ApiError::Stats(_)
            | ApiError::Span(_)
            | ApiError::Invalid(_)
            | ApiError::Duplicate(_) => StatusCode::BAD_REQUEST,
            ApiError::Filter(_) => StatusCode::BAD_REQUEST,
            ApiError::Refused(refusal) => refusal.status(),
            ApiError::Taken(_) => StatusCode::CONFLICT,
            ApiError::Snoozed => StatusCode::GONE,
            ApiError::Untested(Untested::Disabled | Untested::Unsigned | Untested::Testing) => StatusCode::CONFLICT,
            ApiError::Untested(Untested::NotNow) => StatusCode::SERVICE_UNAVAILABLE,
            ApiError::Password(PasswordError::Busy) => StatusCode::SERVICE_UNAVAILABLE,
            ApiError::Password(_) => StatusCode::INTERNAL_SERVER_ERROR,
            ApiError::Store(error) => status_of_store(error),
        }
    }

    /// The JSON it is answered with.
    fn body(&self) -> Value {
        match self {
            ApiError::Auth(AuthError::Store(error)) | ApiError::Store(error) => body_of_store(error),
            // Sentry's one answer that is no object.
            ApiError::Auth(AuthError::Throttled(throttled)) => Value::String(throttled.to_string()),
            ApiError::Auth(error) => detail(error),
            ApiError::NotFound => detail(NOT_FOUND),
            ApiError::MethodNotAllowed(method) => detail(format_args!("Method \"{method}\" not allowed.")),
            ApiError::Moved(Moved { slug, path }) => {
                json!({"slug": slug, "detail": {"extra": {"url": path, "slug": slug}}})
            }
            ApiError::Body(error) => detail(error),
            ApiError::Page(error) => detail(error),
            ApiError::Search(error) => detail(error),
            ApiError::Stats(error) => detail(error),
            ApiError::Span(error) => detail(error),
            ApiError::Filter(error) => detail(error),
            ApiError::Refused(refusal) => detail(refusal),
            ApiError::Invalid(errors) => errors.to_json(),
            ApiError::Duplicate(DuplicateRule { name, id }) => {
                let text =
                    format!("This rule is an exact duplicate of '{name}' in this project and may not be created.");
                json!({"name": [text], "ruleId": [id.get()]})
            }
            ApiError::Taken(taken) => detail(taken),
            ApiError::Untested(error) => detail(error),
            ApiError::Password(error) => detail(format_args!("{error}.")),
            ApiError::Snoozed => detail("RuleSnooze already exists for this rule and scope."),
        }
    }

    /// The header that belongs to it, if any.
    fn header(&self) -> Option<(HeaderName, String)> {
        match self {
            // The x keeps browsers from asking for a password.
            _ if self.status() == StatusCode::UNAUTHORIZED => {
                Some((WWW_AUTHENTICATE, "xBasic realm=\"api\"".to_owned()))
            }
            _ if self.status() == StatusCode::SERVICE_UNAVAILABLE => Some((RETRY_AFTER, RETRY_AFTER_S.to_string())),
            ApiError::Auth(AuthError::MissingScope(scopes)) => {
                let scopes: Scopes = scopes.iter().copied().collect();
                Some((WWW_AUTHENTICATE, format!("Bearer error=\"insufficient_scope\", scope=\"{scopes}\"")))
            }
            ApiError::Auth(AuthError::Throttled(throttled)) => {
                Some((RETRY_AFTER, throttled.retry_after_seconds.to_string()))
            }
            ApiError::Moved(moved) => Some((LOCATION, moved.path.clone())),
            _ => None,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let answer = (self.status(), Json(self.body()));
        match self.header() {
            Some(header) => ([header], answer).into_response(),
            None => answer.into_response(),
        }
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        ApiError::Auth(error)
    }
}

impl From<BadBody> for ApiError {
    fn from(error: BadBody) -> Self {
        ApiError::Body(error)
    }
}

impl From<BadPage> for ApiError {
    fn from(error: BadPage) -> Self {
        ApiError::Page(error)
    }
}

impl From<BadSearch> for ApiError {
    fn from(error: BadSearch) -> Self {
        ApiError::Search(error)
    }
}

impl From<BadStats> for ApiError {
    fn from(error: BadStats) -> Self {
        ApiError::Stats(error)
    }
}

impl From<BadFilter> for ApiError {
    fn from(error: BadFilter) -> Self {
        ApiError::Filter(error)
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        ApiError::Refused(refusal)
    }
}

impl From<BadSpan> for ApiError {
    fn from(error: BadSpan) -> Self {
        ApiError::Span(error)
    }
}

impl From<DuplicateRule> for ApiError {
    fn from(rule: DuplicateRule) -> Self {
        ApiError::Duplicate(rule)
    }
}

impl From<FieldErrors> for ApiError {
    fn from(errors: FieldErrors) -> Self {
        ApiError::Invalid(errors)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        ApiError::Store(error)
    }
}

fn status_of_store(error: &StoreError) -> StatusCode {
    match error {
        StoreError::Full(_) | StoreError::Io(_) | StoreError::UnknownCommit(_) | StoreError::Closed => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        StoreError::Missing { .. } => StatusCode::NOT_FOUND,
        StoreError::Taken { .. }
        | StoreError::Changed { .. }
        | StoreError::LastAdmin
        | StoreError::Rotating { .. }
        | StoreError::Unopened(_) => StatusCode::CONFLICT,
        StoreError::TooMany { .. } => StatusCode::BAD_REQUEST,
        StoreError::UnknownValue { .. }
        | StoreError::Damaged { .. }
        | StoreError::Id(_)
        | StoreError::Code(_)
        | StoreError::Kind(_)
        | StoreError::Outcome(_)
        | StoreError::Setting(_)
        | StoreError::NotUnlocked
        | StoreError::WrongSecretKey { .. }
        | StoreError::Sealing(_)
        | StoreError::Locked { .. }
        | StoreError::SchemaTooNew { .. }
        | StoreError::Folder { .. }
        | StoreError::Database(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn body_of_store(error: &StoreError) -> Value {
    match error {
        StoreError::Missing { .. } => detail(NOT_FOUND),
        StoreError::Taken { what } => detail(format_args!("The {what} is taken.")),
        StoreError::Changed { what } => detail(format_args!("The {what} changed meanwhile. Look at them again.")),
        StoreError::LastAdmin => detail("An organization keeps at least one admin. Make somebody else an admin first."),
        StoreError::Rotating { until } => detail(format_args!(
            "The secret was rotated already, and both are valid until {}. Finish that rotation first, or rotate with an \
             overlap of 0, which ends both at once.",
            iso(*until)
        )),
        StoreError::Unopened(Unopened::Headers) => detail("The hook's stored headers are damaged. Set them again."),
        StoreError::Unopened(Unopened::Secret | Unopened::PreviousSecret) => {
            detail("The hook's stored secret is damaged. Rotate it with an overlap of 0.")
        }
        StoreError::TooMany { what, most } => {
            detail(format_args!("A project has at most {most} {what}. Delete one first."))
        }
        _ if status_of_store(error) == StatusCode::SERVICE_UNAVAILABLE => {
            tracing::error!(error = error as &dyn std::error::Error, "the API cannot use the store");
            detail("The store is not available at the moment. Look whether the change was made before you try again.")
        }
        _ => {
            let id = next_error_id();
            tracing::error!(error.id = id, error = error as &dyn std::error::Error, "an API call failed");
            json!({"detail": "Internal Error", "errorId": id})
        }
    }
}

/// Ties an answer to its line in the log: counted, so that saying what went wrong needs nothing that can go wrong.
fn next_error_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{:032x}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn detail(text: impl std::fmt::Display) -> Value {
    json!({"detail": text.to_string()})
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
