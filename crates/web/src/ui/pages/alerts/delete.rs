//! Deleting a rule.

use http::Method;
use serde_json::{Value, json};

use super::OfRule;
use crate::ui::form::Form;
use crate::ui::frame::Flash;
use crate::ui::page::{Page, Shown};
use crate::ui::problem::Problem;

/// `POST …/alerts/{rule}/delete/`
pub(super) async fn delete(page: Page<OfRule>, form: Form) -> Shown {
    form.checked(&page.visitor)?;
    let deleted = page.api().send::<Value>(Method::DELETE, &page.path.api_path(), &json!({})).await?;
    deleted.map_err(Problem::Refused)?;
    let place = page.ui.links.project(&page.path.organization, &page.path.project);
    page.done(place.to("alerts"), Flash::RuleDeleted)
}
