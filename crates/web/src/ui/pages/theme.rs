//! Choosing light or dark.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect};
use http::HeaderMap;
use http::header::SET_COOKIE;

use crate::ui::Ui;
use crate::ui::form::Form;
use crate::ui::page::Shown;
use crate::ui::theme::{Theme, cookie};

/// `POST /auth/theme/`: keeps the choice and goes back to where it was made.
pub(super) async fn choose(State(ui): State<Arc<Ui>>, headers: HeaderMap, form: Form) -> Shown {
    let form = form.checked_without_visitor()?;
    let chosen = form.trimmed("theme").parse::<Theme>().ok();
    let back = ui.links.own(&ui.links.came_from(&headers).unwrap_or_default());
    Ok(([(SET_COOKIE, cookie(chosen, &ui.links))], Redirect::to(&back)).into_response())
}
