//! An event as the API has it, with everything that its page leaves out.

use axum::response::IntoResponse as _;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};

use super::{OfEvent, api_path};
use crate::ui::links::part;
use crate::ui::page::{Page, Shown};

/// `GET …/issues/{issue}/events/{event}/json/`
pub(super) async fn json(page: Page<OfEvent>) -> Shown {
    let OfEvent { organization, issue, event } = &page.path;
    let path = format!("{}events/{}/", api_path(organization, issue), part(event));
    let answer = page.api().open(&path).await?;
    // Whatever an SDK sent is read as text and as nothing else.
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; sandbox"),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, answer.into_body()).into_response())
}
