//! Why a page is not shown, and the page that says so.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderValue, StatusCode, Uri};
use serde_json::Value;

use super::Ui;
use super::bare_frame::BareFrame;
use super::html::html;
use super::refusal::Refusal;
use super::theme::theme_name;
use crate::auth::AuthError;

/// Why a page is not shown.
#[derive(Debug)]
pub(super) enum Problem {
    /// Another page comes first: the sign-in, or the account, where a password that others know is to be replaced.
    Elsewhere {
        /// Where it is.
        to: String,
    },
    /// There is no such page.
    NotFound,
    /// The project has another slug by now.
    Renamed {
        /// The present one.
        slug: String,
    },
    /// A form that did not come from a page of ours.
    Forged,
    /// A form that cannot be read.
    BadForm,
    /// What the API said.
    Refused(Refusal),
    /// Ingest did not take an event that was sent from a page.
    NotRecorded(StatusCode),
    /// Who asks could not be found out.
    Auth(AuthError),
    /// An answer of the API that broke off.
    Broken,
    /// An answer of the API that is not what the page expects: a fault of ours.
    Unread(serde_json::Error),
    /// A template that does not render: a fault of ours.
    Template(askama::Error),
}

/// htmx says so of what it asks for, and does what these say of an answer.
pub(super) const HX_REQUEST: &str = "hx-request";
/// The whole page is to be loaded again.
pub(super) const HX_REFRESH: &str = "hx-refresh";
const HX_REDIRECT: &str = "hx-redirect";
const HX_RETARGET: &str = "hx-retarget";
const HX_RESWAP: &str = "hx-reswap";
const HX_RESELECT: &str = "hx-reselect";

#[derive(Template)]
#[template(path = "problem_part.html")]
struct ProblemPart<'p> {
    title: &'p str,
    text: &'p str,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'p> {
    title: &'p str,
    text: &'p str,
    frame: BareFrame<'p>,
}

impl Problem {
    /// What the API says too to somebody whose role does not allow it.
    pub(super) fn forbidden() -> Self {
        Problem::Refused(Refusal { status: StatusCode::FORBIDDEN, said: Value::Null })
    }

    /// What it is answered with, what it is called, and what one can do.
    fn words(&self) -> (StatusCode, &'static str, String) {
        let fault = || {
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong here",
                "It is a fault of Watchfire and is in its log. Nothing was lost; try again in a moment.".to_owned(),
            )
        };
        match self {
            Problem::Elsewhere { .. } => (StatusCode::UNAUTHORIZED, "Another page comes first", String::new()),
            Problem::NotFound | Problem::Renamed { .. } => not_found(),
            Problem::Forged => (
                StatusCode::FORBIDDEN,
                "This form has expired",
                "It was not sent from a page of the present session, so nothing was done. Go back, reload the page and send \
                 it again."
                    .to_owned(),
            ),
            Problem::BadForm => (
                StatusCode::BAD_REQUEST,
                "This form could not be read",
                "Nothing was done. Go back, reload the page and send it again.".to_owned(),
            ),
            Problem::Refused(refusal) => match refusal.status {
                StatusCode::NOT_FOUND => not_found(),
                StatusCode::FORBIDDEN => (
                    StatusCode::FORBIDDEN,
                    "Your role does not allow this",
                    "An admin of the organization can change your role under Settings, Members.".to_owned(),
                ),
                StatusCode::SERVICE_UNAVAILABLE => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "Not right now",
                    refusal.sentence().unwrap_or_else(|| "The store cannot be reached. Try again in a moment.".to_owned()),
                ),
                status if status.is_client_error() => {
                    (status, "That is not possible", refusal.beside(&[]).unwrap_or_default())
                }
                _ => fault(),
            },
            Problem::NotRecorded(status) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The event was not recorded",
                format!("Ingest answered {status}, as it would an SDK. Try again in a moment."),
            ),
            Problem::Auth(AuthError::Store(_)) => {
                (StatusCode::SERVICE_UNAVAILABLE, "Not right now", "The store cannot be reached. Try again in a moment.".to_owned())
            }
            Problem::Auth(_) | Problem::Broken | Problem::Unread(_) | Problem::Template(_) => fault(),
        }
    }

    fn log(&self) {
        match self {
            Problem::Unread(error) => {
                tracing::error!(error = error as &dyn std::error::Error, "a page does not understand the API")
            }
            Problem::Template(error) => {
                tracing::error!(error = error as &dyn std::error::Error, "a page does not render")
            }
            Problem::Broken => tracing::error!("an answer of the API broke off inside this process"),
            Problem::Auth(error) => {
                tracing::error!(error = error as &dyn std::error::Error, "who asks could not be found out")
            }
            Problem::Elsewhere { .. }
            | Problem::NotFound
            | Problem::Renamed { .. }
            | Problem::Forged
            | Problem::BadForm
            | Problem::NotRecorded(_)
            | Problem::Refused(_) => {}
        }
    }
}

fn not_found() -> (StatusCode, &'static str, String) {
    (
        StatusCode::NOT_FOUND,
        "There is nothing here",
        "What this address names was deleted, is kept no longer, or never was.".to_owned(),
    )
}

impl From<askama::Error> for Problem {
    fn from(error: askama::Error) -> Self {
        Problem::Template(error)
    }
}

/// Made into a page by [`show`], which knows who asked.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut answer = self.words().0.into_response();
        answer.extensions_mut().insert(Arc::new(self));
        answer
    }
}

/// Makes the page of a problem that a handler had. Around every route.
pub(super) async fn show(State(ui): State<Arc<Ui>>, request: Request, next: Next) -> Response {
    let (headers, uri) = (request.headers().clone(), request.uri().clone());
    let mut answer = next.run(request).await;
    let Some(problem) = answer.extensions_mut().remove::<Arc<Problem>>() else { return answer };
    let wants_part = headers.contains_key(HX_REQUEST);
    if let Problem::Elsewhere { to } = problem.as_ref() {
        // A script follows a redirect by itself and would put the page that is there into this one.
        return if wants_part { away(to) } else { Redirect::to(to).into_response() };
    }
    if let Problem::Renamed { slug } = problem.as_ref()
        && let Some(place) = ui.links.of_renamed(&uri, slug)
    {
        // With the same method: a form that was filled in before is not lost.
        return Redirect::temporary(&place).into_response();
    }
    problem.log();
    let (status, title, text) = problem.words();
    if wants_part {
        let answer = html(status, &headers, &ProblemPart { title, text: &text });
        return answer.map_or_else(|_| status.into_response(), beside_the_page);
    }
    let frame = BareFrame { links: &ui.links, theme: theme_name(&headers) };
    let page = ProblemPage { title, text: &text, frame };
    html(status, &headers, &page).unwrap_or_else(|_| status.into_response())
}

/// To htmx: the browser is to go to another page.
fn away(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(to) => (StatusCode::UNAUTHORIZED, [(HX_REDIRECT, to)]).into_response(),
        Err(_) => StatusCode::UNAUTHORIZED.into_response(),
    }
}

/// To htmx: what could not be done is said above the page, whatever part of it was to change.
fn beside_the_page(mut answer: Response) -> Response {
    answer.headers_mut().insert(HX_RETARGET, HeaderValue::from_static("#trouble"));
    answer.headers_mut().insert(HX_RESWAP, HeaderValue::from_static("innerHTML"));
    answer.headers_mut().insert(HX_RESELECT, HeaderValue::from_static("unset"));
    answer
}

/// What no route names. Programs that ask for a path of `/api/` get no page.
pub(super) async fn unknown_path(uri: Uri) -> Response {
    if uri.path().starts_with("/api/") {
        StatusCode::NOT_FOUND.into_response()
    } else {
        Problem::NotFound.into_response()
    }
}
