//! Setting an SDK up: the DSN, what to paste, and whether something has arrived.

use askama::Template;
use askama::filters::HtmlSafe;
use http::StatusCode;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::snippets::{Snippet, with_dsn};
use crate::ui::form::Form;
use crate::ui::frame::{Flash, Frame, Here};
use crate::ui::links::Place;
use crate::ui::page::{Page, Shown};
use crate::ui::problem::Problem;
use crate::ui::project::{OfProject, ProjectHead, Tab};
use crate::ui::words::Moment;

/// What the page reads of a client key.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    public: String,
    is_active: bool,
    dsn: Dsn,
}

#[derive(Deserialize)]
struct Dsn {
    public: String,
}

/// What the page reads of an event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(rename = "groupID")]
    issue: String,
    #[serde(rename = "eventID")]
    id: String,
    title: String,
    date_created: String,
}

#[derive(Deserialize)]
struct Whole {
    id: String,
    platform: Option<String>,
}

#[derive(Template)]
#[template(path = "projects/getting_started.html")]
struct SetupPage {
    frame: Frame,
    project: ProjectHead,
    /// `None` where every key is disabled or deleted.
    dsn: Option<String>,
    snippets: Vec<Snippet>,
    newest: Newest,
}

/// The event that arrived last, asked for again and again.
#[derive(Template)]
#[template(path = "projects/newest.html")]
struct Newest {
    /// Where this part of the page is asked for again.
    again: Place,
    event: Option<(Event, Place, Moment)>,
    hooks: Place,
    /// Where the first hook is added, for who may and where there is none.
    new_hook: Option<Place>,
}

/// It escapes what it shows itself.
impl HtmlSafe for Newest {}

impl Newest {
    /// Which event it shows.
    fn shown(&self) -> &str {
        shown(self.event.as_ref().map(|(event, ..)| event))
    }
}

/// `GET /settings/{organization}/projects/{project}/getting-started/`
pub(super) async fn show(page: Page<OfProject>) -> Shown {
    let api = page.api();
    let project = page.path.head(&api, &page.ui.links, Tab::Setup).await?;
    let whole: Whole = api.get(&page.path.api_path()).await?;
    let dsn = active_key(&page).await?.map(|key| key.dsn.public);
    let snippets = dsn.as_deref().map(|dsn| with_dsn(dsn, whole.platform.as_deref().unwrap_or_default()));
    let newest = newest_of(&page, &project, newest_event(&page).await?).await?;
    let frame = page.frame(Here::Projects).await?;
    page.show(&SetupPage { frame, project, dsn, snippets: snippets.unwrap_or_default(), newest })
}

/// `GET …/getting-started/newest/`: the part of the page that shows the newest event, if that is another by now.
pub(super) async fn newest(page: Page<OfProject>) -> Shown {
    let event = newest_event(&page).await?;
    if let Some(answer) = page.nothing_new(shown(event.as_ref())) {
        return Ok(answer);
    }
    let project = page.path.head(&page.api(), &page.ui.links, Tab::Setup).await?;
    page.show(&newest_of(&page, &project, event).await?)
}

/// `POST …/getting-started/test-event/`: sends an event the way an SDK does, through everything that one goes through.
pub(super) async fn send_test_event(page: Page<OfProject>, form: Form) -> Shown {
    form.checked(&page.visitor)?;
    page.frame_to_write(Here::Projects).await?;
    let key = active_key(&page).await?.ok_or(Problem::NotFound)?;
    let whole: Whole = page.api().get(&page.path.api_path()).await?;
    let event = serde_json::json!({
        "message": "This is a test event: everything between an SDK and Watchfire works",
        "level": "error",
        "platform": whole.platform.as_deref().filter(|platform| !platform.is_empty()).unwrap_or("other"),
        "logger": "watchfire.test",
        "tags": {"sample": "yes"},
    });
    let answer = page.ui.send_event(&whole.id, &key.public, &event).await;
    if answer.status() != StatusCode::OK {
        return Err(Problem::NotRecorded(answer.status()));
    }
    page.done(page.path.place(&page.ui.links).to("getting-started"), Flash::TestEventSent)
}

async fn active_key(page: &Page<OfProject>) -> Result<Option<Key>, Problem> {
    let keys = page.api().list::<Key>(&format!("{}keys/", page.path.api_path())).await?;
    Ok(keys.items.into_iter().rfind(|key| key.is_active))
}

/// What the part says of what it shows.
fn shown(event: Option<&Event>) -> &str {
    event.map_or("none", |event| &event.id)
}

async fn newest_event(page: &Page<OfProject>) -> Result<Option<Event>, Problem> {
    let events = page.api().list::<Event>(&format!("{}events/?per_page=1", page.path.api_path())).await?;
    Ok(events.items.into_iter().next())
}

async fn newest_of(page: &Page<OfProject>, project: &ProjectHead, event: Option<Event>) -> Result<Newest, Problem> {
    let issues = page.ui.links.organization(&page.path.organization).to("issues");
    let event = event.map(|event| {
        let (place, moment) = (issues.to(&event.issue), page.moment(&event.date_created));
        (event, place, moment)
    });
    let hooks = project.place.to("hooks");
    let new_hook = match &event {
        Some(_) if page.frame(Here::Projects).await?.may_write => {
            let known = page.api().list::<IgnoredAny>(&format!("{}hooks/?per_page=1", page.path.api_path())).await?;
            known.items.is_empty().then(|| hooks.to("new"))
        }
        _ => None,
    };
    Ok(Newest { again: project.place.to("getting-started").to("newest"), event, hooks, new_hook })
}
