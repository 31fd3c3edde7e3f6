//! A project's client keys: their DSNs, whether they are taken, how many events each may send.

use askama::Template;
use axum::routing::{get, post};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ui::Route;
use crate::ui::form::Form;
use crate::ui::frame::{Flash, Frame, Here};
use crate::ui::links::{Place, part};
use crate::ui::page::{Page, Shown};
use crate::ui::project::{OfProject, ProjectHead, Tab};
use crate::ui::refusal::Refusal;

/// `…/projects/{project}/keys/{key}/…`
#[derive(Debug, Deserialize)]
struct OfKey {
    #[serde(flatten)]
    project: OfProject,
    key: String,
}

/// What the page reads of a key.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    id: String,
    name: String,
    is_active: bool,
    rate_limit: Option<RateLimit>,
    dsn: Dsn,
}

#[derive(Deserialize)]
struct RateLimit {
    window: u32,
    count: u32,
}

#[derive(Deserialize)]
struct Dsn {
    public: String,
}

struct Line {
    key: Key,
    place: Place,
    /// What is wrong with what was typed for this key, and what that was.
    refused: Option<(Refusal, [String; 3])>,
}

#[derive(Template)]
#[template(path = "projects/keys.html")]
struct KeysPage {
    frame: Frame,
    project: ProjectHead,
    lines: Vec<Line>,
}

impl Line {
    fn name(&self) -> &str {
        self.refused.as_ref().map_or(&self.key.name, |(_, typed)| &typed[0])
    }

    fn count(&self) -> String {
        let kept = || self.key.rate_limit.as_ref().map(|limit| limit.count.to_string()).unwrap_or_default();
        self.refused.as_ref().map_or_else(kept, |(_, typed)| typed[1].clone())
    }

    fn window(&self) -> String {
        let kept = || self.key.rate_limit.as_ref().map(|limit| limit.window.to_string()).unwrap_or_default();
        self.refused.as_ref().map_or_else(kept, |(_, typed)| typed[2].clone())
    }

    /// What its events are limited to.
    fn limit_in_words(&self) -> String {
        match &self.key.rate_limit {
            Some(RateLimit { window, count }) => format!("At most {count} events in {window} s"),
            None => "No rate limit".to_owned(),
        }
    }

    fn about(&self, field: &str) -> Option<String> {
        self.refused.as_ref().and_then(|(refusal, _)| refusal.about(field))
    }

    fn about_others(&self) -> Option<String> {
        self.refused.as_ref().and_then(|(refusal, _)| refusal.beside(&["name", "rateLimit"]))
    }
}

/// The pages of client keys.
pub(super) fn routes() -> Vec<Route> {
    vec![
        ("/settings/{organization}/projects/{project}/keys/", get(list).post(create)),
        ("/settings/{organization}/projects/{project}/keys/{key}/", post(update)),
        ("/settings/{organization}/projects/{project}/keys/{key}/toggle/", post(toggle)),
        ("/settings/{organization}/projects/{project}/keys/{key}/delete/", post(delete)),
    ]
}

/// `GET …/keys/`
async fn list(page: Page<OfProject>) -> Shown {
    shown(&page, &page.path, StatusCode::OK, None).await
}

/// `POST …/keys/`
async fn create(page: Page<OfProject>, form: Form) -> Shown {
    form.checked(&page.visitor)?;
    let path = format!("{}keys/", page.path.api_path());
    page.act((Method::POST, &path, json!({})), place(&page, &page.path), Flash::KeyCreated).await
}

/// `POST …/keys/{key}/`
async fn update(page: Page<OfKey>, form: Form) -> Shown {
    let form = form.checked(&page.visitor)?;
    let [name, count, window] = ["name", "count", "window"].map(|field| form.trimmed(field).to_owned());
    // What is no number is sent as it is: the API says what is wrong with it.
    let number = |text: &str| match text.parse::<u64>() {
        _ if text.is_empty() => Value::Null,
        Ok(number) => json!(number),
        Err(_) => json!(text),
    };
    let change = json!({"name": name, "rateLimit": {"count": number(&count), "window": number(&window)}});
    match page.api().send::<Value>(Method::PUT, &page.path.api_path(), &change).await? {
        Ok(_) => page.done(place(&page, &page.path.project), Flash::Saved),
        Err(refusal) => {
            let refused = Some((page.path.key.as_str(), refusal, [name, count, window]));
            shown(&page, &page.path.project, StatusCode::BAD_REQUEST, refused).await
        }
    }
}

/// `POST …/keys/{key}/toggle/`
async fn toggle(page: Page<OfKey>, form: Form) -> Shown {
    let form = form.checked(&page.visitor)?;
    let change = json!({"isActive": form.trimmed("active") == "yes"});
    page.act((Method::PUT, &page.path.api_path(), change), place(&page, &page.path.project), Flash::Saved).await
}

/// `POST …/keys/{key}/delete/`
async fn delete(page: Page<OfKey>, form: Form) -> Shown {
    form.checked(&page.visitor)?;
    let place = place(&page, &page.path.project);
    page.act((Method::DELETE, &page.path.api_path(), json!({})), place, Flash::KeyDeleted).await
}

impl OfKey {
    fn api_path(&self) -> String {
        format!("{}keys/{}/", self.project.api_path(), part(&self.key))
    }
}

fn place<P>(page: &Page<P>, of: &OfProject) -> Place {
    of.place(&page.ui.links).to("keys")
}

async fn shown<P>(
    page: &Page<P>,
    of: &OfProject,
    status: StatusCode,
    refused: Option<(&str, Refusal, [String; 3])>,
) -> Shown {
    let project = of.head(&page.api(), &page.ui.links, Tab::Keys).await?;
    let keys = page.api().list::<Key>(&format!("{}keys/", of.api_path())).await?.items;
    let line = |key: Key| {
        let refused = refused.as_ref().filter(|(id, ..)| *id == key.id);
        let refused = refused.map(|(_, refusal, typed)| (refusal.clone(), typed.clone()));
        Line { place: project.place.one("keys", &key.id), refused, key }
    };
    let lines = keys.into_iter().map(line).collect();
    let frame = page.frame(Here::Projects).await?;
    page.show_with(status, &KeysPage { frame, project, lines })
}
