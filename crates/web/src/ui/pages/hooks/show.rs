//! A hook's page: how it stands, its secret, its last deliveries; a test; enabling, disabling, deleting.

use askama::Template;
use axum::response::IntoResponse as _;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::hook::Hook;
use super::verification::{self, Verification};
use crate::ui::form::Form;
use crate::ui::frame::{Flash, Frame, Here};
use crate::ui::hook::OfHook;
use crate::ui::links::Place;
use crate::ui::page::{Page, Shown};
use crate::ui::pages::deliveries::{self, Rows};
use crate::ui::problem::HX_REFRESH;
use crate::ui::project::{ProjectHead, Tab};
use crate::ui::refusal::Refusal;
use crate::ui::words::{Moment, duration, latency};

/// What came of a test.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tested {
    delivery: String,
    succeeded: bool,
    status: Option<u16>,
    error: Option<String>,
    duration_ms: f64,
    response: Response,
}

#[derive(Deserialize)]
struct Response {
    headers: String,
    body: String,
}

impl Tested {
    /// How long it took.
    fn took(&self) -> String {
        latency(self.duration_ms)
    }
}

/// How many of the last deliveries the page shows.
const RECENT: usize = 10;

#[derive(Template)]
#[template(path = "hooks/show.html")]
struct HookPage {
    frame: Frame,
    project: ProjectHead,
    place: Place,
    made: Moment,
    previous_until: Option<Moment>,
    verifications: Vec<Verification>,
    hook: Hook,
    state_in_words: String,
    recent: Rows,
    /// Where the project's alert rules are.
    alerts: Place,
    test: Option<Test>,
}

impl HookPage {
    /// How long a delivery may wait for its first attempt.
    fn patience(&self) -> String {
        duration(i64::try_from(self.hook.max_age).unwrap_or(i64::MAX / 1_000) * 1_000)
    }
}

/// What changes while one looks at the page.
#[derive(Template)]
#[template(path = "hooks/now.html")]
struct Now {
    hook: Hook,
    state_in_words: String,
    recent: Rows,
    /// Where the project's alert rules are.
    alerts: Place,
    test: Option<Test>,
}

/// A test, with its delivery's page, or why there was none.
#[derive(Template)]
#[template(path = "hooks/test.html")]
struct Test {
    outcome: Result<(Tested, Place), Refusal>,
}

impl askama::filters::HtmlSafe for Test {}

/// `GET …/hooks/{hook}/`: the page, or what has changed since it was loaded.
pub(super) async fn show(page: Page<OfHook>) -> Shown {
    shown(&page, None).await
}

/// `POST …/hooks/{hook}/test/`: the page, with what the receiver said.
pub(super) async fn test(page: Page<OfHook>, form: Form) -> Shown {
    form.checked(&page.visitor)?;
    let path = format!("{}test/", page.path.api_path());
    let tested = page.api().send::<Tested>(Method::POST, &path, &json!({})).await?;
    let outcome = tested.map(|tested| {
        let place = page.path.place(&page.ui.links).one("deliveries", &tested.delivery);
        (tested, place)
    });
    shown(&page, Some(Test { outcome })).await
}

/// `POST …/hooks/{hook}/enable/`
pub(super) async fn enable(page: Page<OfHook>, form: Form) -> Shown {
    set_active(page, form, (true, Flash::HookEnabled)).await
}

/// `POST …/hooks/{hook}/disable/`
pub(super) async fn disable(page: Page<OfHook>, form: Form) -> Shown {
    set_active(page, form, (false, Flash::HookDisabled)).await
}

async fn set_active(page: Page<OfHook>, form: Form, (active, flash): (bool, Flash)) -> Shown {
    form.checked(&page.visitor)?;
    let change = json!({ "isActive": active });
    page.act((Method::PUT, &page.path.api_path(), change), page.path.place(&page.ui.links), flash).await
}

/// `POST …/hooks/{hook}/delete/`
pub(super) async fn delete(page: Page<OfHook>, form: Form) -> Shown {
    form.checked(&page.visitor)?;
    let hooks = page.path.of_project().place(&page.ui.links).to("hooks");
    page.act((Method::DELETE, &page.path.api_path(), json!({})), hooks, Flash::HookDeleted).await
}

async fn shown(page: &Page<OfHook>, test: Option<Test>) -> Shown {
    let api = page.api();
    let hook: Hook = api.get(&page.path.api_path()).await?;
    // The buttons of a hook that was enabled or disabled meanwhile are others.
    if page.wants_part() && page.query("shown").is_some_and(|shown| shown != hook.status) {
        return Ok([(HX_REFRESH, "true")].into_response());
    }
    let place = page.path.place(&page.ui.links);
    let recent = deliveries::newest(page, &place, RECENT).await?;
    let state_in_words = hook.state_in_words(page);
    let alerts = page.path.of_project().place(&page.ui.links).to("alerts");
    if page.wants_part() {
        return page.show(&Now { hook, state_in_words, recent, alerts, test });
    }
    let shown = HookPage {
        project: page.path.of_project().head(&api, &page.ui.links, Tab::Hooks).await?,
        frame: page.frame(Here::Projects).await?,
        state_in_words,
        alerts,
        made: page.moment(&hook.date_created),
        previous_until: hook.previous_secret_until.as_deref().map(|until| page.moment(until)),
        verifications: verification::all(),
        place,
        recent,
        hook,
        test,
    };
    page.show_with(StatusCode::OK, &shown)
}
