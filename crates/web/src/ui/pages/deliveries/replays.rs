//! Replays: everything of a period that was not delivered is sent again, and how far that is.

use askama::Template;
use axum::response::{IntoResponse as _, Redirect};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::OfReplay;
use crate::ui::form::Form;
use crate::ui::frame::{Flash, Frame, Here};
use crate::ui::hook::OfHook;
use crate::ui::links::{Place, part};
use crate::ui::page::{Page, Shown};
use crate::ui::project::{ProjectHead, Tab};
use crate::ui::refusal::Refusal;
use crate::ui::words::{Moment, count};

/// What can be sent again.
const STATES: [&str; 4] = ["failed", "expired", "cancelled", "skipped"];

/// What the page reads of a replay.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Replay {
    id: String,
    state: String,
    since: String,
    until: String,
    status: Vec<String>,
    found: u64,
    sent_again: u64,
    created: String,
}

/// A replay's line. It asks for itself again while it runs.
#[derive(Template)]
#[template(path = "deliveries/replay.html")]
struct Line {
    replay: Replay,
    place: Place,
    since: Moment,
    until: Moment,
    created: Moment,
    csrf: String,
    may_write: bool,
}

impl askama::filters::HtmlSafe for Line {}

impl Line {
    fn is_running(&self) -> bool {
        self.replay.state == "running"
    }

    fn found(&self) -> String {
        count(self.replay.found)
    }

    fn sent_again(&self) -> String {
        count(self.replay.sent_again)
    }
}

#[derive(Template)]
#[template(path = "deliveries/replays.html")]
struct ReplaysPage {
    frame: Frame,
    project: ProjectHead,
    hook: Place,
    lines: Vec<Line>,
    hours: String,
    ticked: Vec<String>,
    refusal: Option<Refusal>,
}

impl ReplaysPage {
    fn states(&self) -> [&'static str; 4] {
        STATES
    }

    fn is_ticked(&self, state: &str) -> bool {
        self.ticked.iter().any(|ticked| ticked == state)
    }

    fn about(&self, field: &str) -> Option<String> {
        self.refusal.as_ref().and_then(|refusal| refusal.about(field))
    }

    fn about_all(&self) -> Option<String> {
        self.refusal.as_ref().and_then(|refusal| refusal.beside(&["since", "status"]))
    }
}

/// `GET …/hooks/{hook}/replays/`
pub(super) async fn list(page: Page<OfHook>) -> Shown {
    let ticked = ["failed", "expired"].map(str::to_owned).to_vec();
    shown(&page, StatusCode::OK, ("24".to_owned(), ticked), None).await
}

/// `POST …/hooks/{hook}/replays/`
pub(super) async fn create(page: Page<OfHook>, form: Form) -> Shown {
    let form = form.checked(&page.visitor)?;
    let (hours, states) = (form.trimmed("hours"), form.all("status"));
    let now_s = page.ui.state.clock.now().0 / 1_000;
    let since = hours.parse::<i64>().map_or_else(|_| json!(hours), |hours| json!(now_s - hours.saturating_mul(3_600)));
    let body = json!({"since": since, "status": states});
    let path = format!("{}replays/", page.path.api_path());
    match page.api().send::<Value>(Method::POST, &path, &body).await? {
        Ok(_) => page.done(page.path.place(&page.ui.links).to("replays"), Flash::ReplayStarted),
        Err(refusal) => {
            let typed = (hours.to_owned(), states.into_iter().map(str::to_owned).collect());
            let status = if refusal.status == StatusCode::CONFLICT { refusal.status } else { StatusCode::BAD_REQUEST };
            shown(&page, status, typed, Some(refusal)).await
        }
    }
}

/// `GET …/hooks/{hook}/replays/{replay}/`: the line, for a page that shows how far it is; the whole page otherwise.
pub(super) async fn progress(page: Page<OfReplay>) -> Shown {
    let hook = page.path.hook.place(&page.ui.links);
    let replay: Replay = page.api().get(&page.path.api_path()).await?;
    if !page.wants_part() {
        return Ok(Redirect::to(&hook.to("replays").to_string()).into_response());
    }
    let frame = page.frame(Here::Projects).await?;
    page.show(&line(&page, &hook, &frame, replay))
}

/// `POST …/hooks/{hook}/replays/{replay}/stop/`
pub(super) async fn stop(page: Page<OfReplay>, form: Form) -> Shown {
    form.checked(&page.visitor)?;
    let replays = page.path.hook.place(&page.ui.links).to("replays");
    page.act((Method::DELETE, &page.path.api_path(), json!({})), replays, Flash::ReplayStopped).await
}

impl OfReplay {
    fn api_path(&self) -> String {
        format!("{}replays/{}/", self.hook.api_path(), part(&self.replay))
    }
}

fn line<P>(page: &Page<P>, hook: &Place, frame: &Frame, replay: Replay) -> Line {
    Line {
        place: hook.one("replays", &replay.id),
        since: page.moment(&replay.since),
        until: page.moment(&replay.until),
        created: page.moment(&replay.created),
        csrf: frame.csrf.clone(),
        may_write: frame.may_write,
        replay,
    }
}

async fn shown(
    page: &Page<OfHook>,
    status: StatusCode,
    (hours, ticked): (String, Vec<String>),
    refusal: Option<Refusal>,
) -> Shown {
    let project = page.path.of_project().head(&page.api(), &page.ui.links, Tab::Hooks).await?;
    let hook = page.path.place(&page.ui.links);
    let frame = page.frame(Here::Projects).await?;
    let replays = page.api().list::<Replay>(&format!("{}replays/", page.path.api_path())).await?.items;
    let lines = replays.into_iter().map(|replay| line(page, &hook, &frame, replay)).collect();
    page.show_with(status, &ReplaysPage { frame, project, hook, lines, hours, ticked, refusal })
}
