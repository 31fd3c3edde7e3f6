//! Signing in and out.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect};
use http::header::{RETRY_AFTER, SET_COOKIE};
use http::{Extensions, HeaderMap, HeaderValue, StatusCode, Uri};
use url::form_urlencoded;

use crate::auth::{Credentials, SESSION_SECONDS, SignInError};
use crate::ui::Ui;
use crate::ui::bare_frame::BareFrame;
use crate::ui::cookie::set_cookie;
use crate::ui::form::Form;
use crate::ui::html::html;
use crate::ui::links::Links;
use crate::ui::page::{Page, Shown};
use crate::ui::problem::Problem;
use crate::ui::theme::theme_name;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'p> {
    frame: BareFrame<'p>,
    next: &'p str,
    email: &'p str,
    complaint: Option<String>,
}

/// `GET /auth/login/`
pub(super) async fn show(State(ui): State<Arc<Ui>>, uri: Uri, headers: HeaderMap) -> Shown {
    let query = |name: &str| {
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        pairs.filter(|(known, _)| known == name).last().map(|(_, value)| value.into_owned())
    };
    let next = query("next").unwrap_or_default();
    if ui.visitor(&headers).await?.is_some() {
        return Ok(Redirect::to(&ui.links.own(&next)).into_response());
    }
    let frame = BareFrame { links: &ui.links, theme: theme_name(&headers) };
    let lost =
        query(Links::LOST).map(|_| "Your session had ended, so nothing was done. Sign in and send the form again.");
    let page = SignInPage { frame, next: &next, email: "", complaint: lost.map(str::to_owned) };
    Ok(html(StatusCode::OK, &headers, &page)?)
}

/// `POST /auth/login/`
pub(super) async fn sign_in(
    State(ui): State<Arc<Ui>>,
    headers: HeaderMap,
    extensions: Extensions,
    form: Form,
) -> Shown {
    let form = form.checked_without_visitor()?;
    let (email, next) = (form.trimmed("email"), form.trimmed("next"));
    let credentials = Credentials {
        email,
        password: form.text("password").unwrap_or_default(),
        client: ui.state.client_of(&extensions, &headers),
        now: ui.state.clock.now(),
    };
    let signed_in = ui.sign_in.sign_in(ui.state.store.as_ref(), credentials, ui.state.random_bytes()).await;
    let refusal = match signed_in {
        Ok(text) => {
            let mut answer = Redirect::to(&ui.links.own(next)).into_response();
            answer.headers_mut().append(SET_COOKIE, session_cookie(text.expose(), SESSION_SECONDS, &ui.links));
            return Ok(answer);
        }
        Err(SignInError::Store(error)) => return Err(Problem::Auth(error.into())),
        Err(refusal) => refusal,
    };
    let (status, wait) = match &refusal {
        SignInError::Throttled(throttled) => (StatusCode::TOO_MANY_REQUESTS, Some(throttled.retry_after_seconds)),
        SignInError::Busy(_) => (StatusCode::SERVICE_UNAVAILABLE, None),
        SignInError::Wrong | SignInError::Store(_) => (StatusCode::UNPROCESSABLE_ENTITY, None),
    };
    let frame = BareFrame { links: &ui.links, theme: theme_name(&headers) };
    let page = SignInPage { frame, next, email, complaint: Some(refusal.to_string()) };
    let mut answer = html(status, &headers, &page)?;
    if let Some(seconds) = wait {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(answer)
}

/// `POST /auth/logout/`
pub(super) async fn sign_out(page: Page, form: Form) -> Shown {
    form.checked(&page.visitor)?;
    page.visitor.sign_out(page.ui.state.store.as_ref()).await.map_err(|error| Problem::Auth(error.into()))?;
    let mut answer = Redirect::to(&page.ui.links.sign_in()).into_response();
    answer.headers_mut().append(SET_COOKIE, session_cookie("", 0, &page.ui.links));
    Ok(answer)
}

fn session_cookie(text: &str, age_seconds: u32, links: &Links) -> HeaderValue {
    set_cookie(links.session_cookie(), text, age_seconds, links)
}
