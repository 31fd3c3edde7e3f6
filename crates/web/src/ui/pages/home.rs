//! `/`: to the first organization that the person is in.

use axum::response::{IntoResponse as _, Redirect};

use crate::ui::frame::Here;
use crate::ui::page::{Page, Shown};
use crate::ui::problem::Problem;

/// `GET /`
pub(super) async fn show(page: Page) -> Shown {
    let frame = page.frame(Here::Nowhere).await?;
    let organization = frame.organization.ok_or(Problem::NotFound)?;
    Ok(Redirect::to(&frame.links.organization(&organization.slug).to_string()).into_response())
}
