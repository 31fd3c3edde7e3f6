//! A page that somebody asked for: who, which, and how it is answered.
//!
//! Responsible for sending who is not signed in to where one does, for the headers of every page, and for compressing it.

use std::fmt::Display;
use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRequestParts, Path, RawPathParams};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{HeaderMap, SET_COOKIE};
use http::request::Parts;
use http::{Method, StatusCode, Uri};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::form_urlencoded;

use super::Ui;
use super::client::Client;
use super::frame::{Around, Flash, Frame, Here};
use super::html::html;
use super::links::Links;
use super::problem::{HX_REQUEST, Problem};
use super::words::Moment;
use crate::auth::Visitor;

/// A page that somebody who is signed in asked for.
pub(super) struct Page<P = ()> {
    pub(super) ui: Arc<Ui>,
    pub(super) visitor: Visitor,
    pub(super) path: P,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    /// The organization in the path, if there is one.
    organization: Option<String>,
}

/// What every handler of a page answers.
pub(super) type Shown = Result<Response, Problem>;

impl<P: DeserializeOwned + Send> FromRequestParts<Arc<Ui>> for Page<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, ui: &Arc<Ui>) -> Result<Self, Problem> {
        let Some(visitor) = ui.visitor(&parts.headers).await? else {
            let next = next_of(parts, &ui.links);
            let to = match parts.method {
                _ if parts.uri.path() == Links::SIGN_OUT => ui.links.sign_in(),
                Method::GET | Method::HEAD => ui.links.sign_in_and_then(next.as_deref()),
                _ => ui.links.sign_in_after_loss(next.as_deref()),
            };
            return Err(Problem::Elsewhere { to });
        };
        let is_first = visitor.user.password_is_temporary;
        if is_first && !matches!(parts.uri.path(), Links::ACCOUNT | Links::SIGN_OUT | Links::THEME) {
            return Err(Problem::Elsewhere { to: ui.links.account() });
        }
        let raw = RawPathParams::from_request_parts(parts, ui).await.map_err(|_| Problem::NotFound)?;
        let organization = raw.iter().find(|(name, _)| *name == "organization").map(|(_, value)| value.to_owned());
        let Path(path) = Path::from_request_parts(parts, ui).await.map_err(|_| Problem::NotFound)?;
        let (uri, headers) = (parts.uri.clone(), parts.headers.clone());
        Ok(Page { ui: Arc::clone(ui), visitor, path, uri, headers, organization })
    }
}

/// Where to go after signing in: the page that was asked for; where a form was sent or a part asked for, the page that it is on.
fn next_of(parts: &Parts, links: &Links) -> Option<String> {
    let is_page = parts.method == Method::GET && !parts.headers.contains_key(HX_REQUEST);
    let path = if is_page { parts.uri.path_and_query()?.to_string() } else { links.came_from(&parts.headers)? };
    (path != "/").then_some(path)
}

impl<P> Page<P> {
    /// The API as whom the page is for.
    pub(super) fn api(&self) -> Client {
        self.ui.api_as(&self.visitor)
    }

    /// The last value of a query parameter that is not empty.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        let query = self.uri.query()?.as_bytes();
        let found = form_urlencoded::parse(query).filter(|(key, _)| key == name).last();
        found.map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty())
    }

    /// Whether the query has this parameter, empty or not.
    pub(super) fn has_query(&self, name: &str) -> bool {
        let query = self.uri.query().unwrap_or_default().as_bytes();
        form_urlencoded::parse(query).any(|(key, _)| key == name)
    }

    /// Whether a part of the page alone is wanted.
    pub(super) fn wants_part(&self) -> bool {
        self.headers.contains_key(HX_REQUEST)
    }

    /// A moment that the API wrote.
    pub(super) fn moment(&self, iso: &str) -> Moment {
        Moment::of(iso, self.ui.state.clock.now().0)
    }

    /// What is around this page.
    pub(super) async fn frame(&self, here: Here) -> Result<Frame, Problem> {
        let around = Around { api: &self.api(), links: &self.ui.links, visitor: &self.visitor, headers: &self.headers };
        Frame::of(around, self.organization.as_deref(), here).await
    }

    /// The same around a form that changes something: who may not does not see it.
    pub(super) async fn frame_to_write(&self, here: Here) -> Result<Frame, Problem> {
        let frame = self.frame(here).await?;
        if frame.may_write { Ok(frame) } else { Err(Problem::forbidden()) }
    }

    /// The page, made from a template.
    pub(super) fn show(&self, template: &impl Template) -> Shown {
        self.show_with(StatusCode::OK, template)
    }

    /// The same with another status: a form that was not taken.
    pub(super) fn show_with(&self, status: StatusCode, template: &impl Template) -> Shown {
        let mut answer = html(status, &self.headers, template)?;
        if Flash::of(&self.headers).is_some() && !self.wants_part() {
            answer.headers_mut().append(SET_COOKIE, Flash::forgotten(&self.ui.links));
        }
        Ok(answer)
    }

    /// Does something, and goes on to where it is seen. What the API refuses has no form to stand in: it is a page of its own.
    pub(super) async fn act(&self, call: (Method, &str, Value), to: impl Display, flash: Flash) -> Shown {
        let (method, path, body) = call;
        self.api().send::<Value>(method, path, &body).await?.map_err(Problem::Refused)?;
        self.done(to, flash)
    }

    /// The answer to a part that asks for itself again and again, says what it shows, and shows this already: nothing is swapped,
    /// and whoever reads or has the focus in it keeps their place. Asked before the rest of the part is made.
    pub(super) fn nothing_new(&self, now: &str) -> Option<Response> {
        let is_shown = self.wants_part() && self.query("shown").as_deref() == Some(now);
        is_shown.then(|| StatusCode::NO_CONTENT.into_response())
    }

    /// To another page, where it is said what was done.
    pub(super) fn done(&self, to: impl Display, flash: Flash) -> Shown {
        let mut answer = Redirect::to(&to.to_string()).into_response();
        answer.headers_mut().append(SET_COOKIE, flash.remembered(&self.ui.links));
        Ok(answer)
    }
}
