//! A project's name and what is kept of its events; deleting it.

use askama::Template;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::snippets::PLATFORMS;
use crate::ui::form::Form;
use crate::ui::frame::{Flash, Frame, Here};
use crate::ui::page::{Page, Shown};
use crate::ui::project::{OfProject, ProjectHead, Tab};
use crate::ui::refusal::Refusal;

/// The fields that have a place for what is wrong with them.
const FIELDS: &[&str] = &["name", "slug", "platform", "allowedDomains"];

/// What the page reads of a project, or what was typed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    slug: String,
    name: String,
    platform: Option<String>,
    data_scrubber: bool,
    allowed_domains: Vec<String>,
}

#[derive(Template)]
#[template(path = "projects/general.html")]
struct GeneralPage<'p> {
    frame: Frame,
    project: ProjectHead,
    settings: Settings,
    platforms: &'static [(&'static str, &'static str)],
    refusal: Option<&'p Refusal>,
    /// What is wrong with the slug that was typed to delete the project.
    delete_complaint: Option<&'p str>,
}

impl GeneralPage<'_> {
    fn about(&self, field: &str) -> Option<String> {
        self.refusal.and_then(|refusal| refusal.about(field))
    }

    fn about_all(&self) -> Option<String> {
        self.refusal.and_then(|refusal| refusal.beside(FIELDS))
    }

    fn platform(&self) -> &str {
        self.settings.platform.as_deref().unwrap_or_default()
    }

    /// Whether the platform is one that the list does not have: SDKs know more than we do.
    fn is_other_platform(&self) -> bool {
        !self.platform().is_empty() && PLATFORMS.iter().all(|(id, _)| *id != self.platform())
    }

    fn domains(&self) -> String {
        self.settings.allowed_domains.join("\n")
    }
}

/// `GET /settings/{organization}/projects/{project}/general/`
pub(super) async fn show(page: Page<OfProject>) -> Shown {
    let settings = page.api().get(&page.path.api_path()).await?;
    form(&page, StatusCode::OK, settings, (None, None)).await
}

/// `POST /settings/{organization}/projects/{project}/general/`
pub(super) async fn update(page: Page<OfProject>, form: Form) -> Shown {
    let form = form.checked(&page.visitor)?;
    let typed = Settings {
        slug: form.trimmed("slug").to_owned(),
        name: form.trimmed("name").to_owned(),
        platform: Some(form.trimmed("platform").to_owned()),
        data_scrubber: form.is_ticked("dataScrubber"),
        allowed_domains: form.trimmed("allowedDomains").split_whitespace().map(str::to_owned).collect(),
    };
    let change = json!({
        "slug": typed.slug, "name": typed.name, "platform": typed.platform,
        "dataScrubber": typed.data_scrubber, "allowedDomains": typed.allowed_domains,
    });
    match page.api().send::<Settings>(Method::PUT, &page.path.api_path(), &change).await? {
        Ok(saved) => {
            let place = page.ui.links.project(&page.path.organization, &saved.slug);
            page.done(place.to("general"), Flash::Saved)
        }
        Err(refusal) => self::form(&page, StatusCode::BAD_REQUEST, typed, (Some(&refusal), None)).await,
    }
}

/// `POST /settings/{organization}/projects/{project}/general/delete/`
pub(super) async fn delete(page: Page<OfProject>, form: Form) -> Shown {
    let form = form.checked(&page.visitor)?;
    let settings: Settings = page.api().get(&page.path.api_path()).await?;
    if form.trimmed("confirm") != settings.slug {
        let complaint = "That is not the project's slug, so nothing was deleted.";
        return self::form(&page, StatusCode::BAD_REQUEST, settings, (None, Some(complaint))).await;
    }
    match page.api().send::<Value>(Method::DELETE, &page.path.api_path(), &json!({})).await? {
        Ok(_) => {
            let projects = page.ui.links.organization(&page.path.organization).to("projects");
            page.done(projects, Flash::ProjectDeleted)
        }
        Err(refusal) => self::form(&page, StatusCode::BAD_REQUEST, settings, (Some(&refusal), None)).await,
    }
}

async fn form(
    page: &Page<OfProject>,
    status: StatusCode,
    settings: Settings,
    (refusal, delete_complaint): (Option<&Refusal>, Option<&str>),
) -> Shown {
    let project = page.path.head(&page.api(), &page.ui.links, Tab::General).await?;
    let frame = page.frame(Here::Projects).await?;
    let shown = GeneralPage { frame, project, settings, platforms: PLATFORMS, refusal, delete_complaint };
    page.show_with(status, &shown)
}
