//! Deleting a rule.

use http::Method;
use serde_json::json;

use super::OfRule;
use crate::ui::form::Form;
use crate::ui::frame::Flash;
use crate::ui::page::{Page, Shown};

/// `POST …/alerts/{rule}/delete/`
pub(super) async fn delete(page: Page<OfRule>, form: Form) -> Shown {
    form.checked(&page.visitor)?;
    let alerts = page.path.project().place(&page.ui.links).to("alerts");
    page.act((Method::DELETE, &page.path.api_path(), json!({})), alerts, Flash::RuleDeleted).await
}
