//! Choosing light or dark.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect};
use http::HeaderMap;
use http::header::{REFERER, SET_COOKIE};
use url::Url;

use crate::ui::Ui;
use crate::ui::form::Form;
use crate::ui::page::Shown;
use crate::ui::theme::{Theme, cookie};

/// `POST /auth/theme/`: keeps the choice and goes back to where it was made.
pub(super) async fn choose(State(ui): State<Arc<Ui>>, headers: HeaderMap, form: Form) -> Shown {
    let form = form.checked_without_visitor()?;
    let chosen = form.trimmed("theme").parse::<Theme>().ok();
    let from = headers.get(REFERER).and_then(|value| value.to_str().ok()).and_then(|text| Url::parse(text).ok());
    // A path alone: whatever host the browser names, it stays here.
    let back = from.map_or_else(
        || ui.links.home(),
        |url| match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        },
    );
    let back = if back.starts_with("//") { ui.links.home() } else { back };
    Ok(([(SET_COOKIE, cookie(chosen, &ui.links))], Redirect::to(&back)).into_response())
}
