//! The signature doctor: what arrived is pasted, and it says whether it is genuine, or what happened to it.

use askama::Template;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::ui::form::Form;
use crate::ui::frame::{Frame, Here};
use crate::ui::hook::OfHook;
use crate::ui::links::Place;
use crate::ui::page::{Page, Shown};
use crate::ui::project::{ProjectHead, Tab};
use crate::ui::refusal::Refusal;

/// What the doctor found.
#[derive(Deserialize)]
struct Examination {
    valid: bool,
    signatures: Vec<Diagnosis>,
}

#[derive(Deserialize)]
struct Diagnosis {
    header: String,
    valid: bool,
    reason: Option<String>,
    advice: Option<String>,
}

#[derive(Template)]
#[template(path = "hooks/doctor.html")]
struct DoctorPage<'p> {
    frame: Frame,
    project: ProjectHead,
    place: Place,
    body: &'p str,
    headers: &'p str,
    found: Option<Result<Examination, Refusal>>,
}

impl DoctorPage<'_> {
    fn about(&self, field: &str) -> Option<String> {
        self.found.as_ref().and_then(|found| found.as_ref().err()).and_then(|refusal| refusal.about(field))
    }

    fn about_all(&self) -> Option<String> {
        let refusal = self.found.as_ref().and_then(|found| found.as_ref().err());
        refusal.and_then(|refusal| refusal.beside(&["body", "headers"]))
    }
}

/// `GET …/hooks/{hook}/doctor/`
pub(super) async fn show(page: Page<OfHook>) -> Shown {
    shown(&page, StatusCode::OK, ("", ""), None).await
}

/// `POST …/hooks/{hook}/doctor/`
pub(super) async fn examine(page: Page<OfHook>, form: Form) -> Shown {
    let form = form.checked(&page.visitor)?;
    let (body, headers) = (form.text("body").unwrap_or_default(), form.text("headers").unwrap_or_default());
    let request = json!({"body": body, "headers": header_lines(headers)});
    let found = page.api().send(Method::POST, &format!("{}verify/", page.path.api_path()), &request).await?;
    let status = if found.is_ok() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    shown(&page, status, (body, headers), Some(found)).await
}

/// `Name: value`, one a line, as logs and tools have them; others are no headers.
fn header_lines(text: &str) -> Map<String, Value> {
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.map(|(name, value)| (name.trim().to_owned(), json!(value.trim()))).collect()
}

async fn shown(
    page: &Page<OfHook>,
    status: StatusCode,
    (body, headers): (&str, &str),
    found: Option<Result<Examination, Refusal>>,
) -> Shown {
    let project = page.path.of_project().head(&page.api(), &page.ui.links, Tab::Hooks).await?;
    let frame = page.frame(Here::Projects).await?;
    let place = page.path.place(&page.ui.links);
    page.show_with(status, &DoctorPage { frame, project, place, body, headers, found })
}
