//! A hook's secret gets another one: both hold for a while, or only the new one.

use http::Method;
use serde_json::{Value, json};

use crate::ui::form::Form;
use crate::ui::frame::Flash;
use crate::ui::hook::OfHook;
use crate::ui::page::{Page, Shown};

/// `POST …/hooks/{hook}/rotate/`
pub(super) async fn rotate(page: Page<OfHook>, form: Form) -> Shown {
    let form = form.checked(&page.visitor)?;
    // What is no number of seconds the API refuses in its own words.
    let typed = form.trimmed("overlap");
    let overlap = typed.parse::<u64>().map_or_else(|_| json!(typed), |seconds| json!(seconds));
    send(&page, json!({ "overlap": overlap }), Flash::SecretRotated).await
}

/// `POST …/hooks/{hook}/finish-rotation/`
pub(super) async fn finish(page: Page<OfHook>, form: Form) -> Shown {
    form.checked(&page.visitor)?;
    send(&page, json!({"finish": true}), Flash::RotationFinished).await
}

async fn send(page: &Page<OfHook>, body: Value, flash: Flash) -> Shown {
    let path = format!("{}rotate-secret/", page.path.api_path());
    page.act((Method::POST, &path, body), page.path.place(&page.ui.links), flash).await
}
