//! The form of a hook, new or not. What the API refuses stands beside its field, and nothing that was typed is lost.

mod filters;

use askama::Template;
use http::{Method, StatusCode};
use model::hook::HookSettings;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use self::filters::FilterRow;
use super::hook::Hook;
use crate::ui::form::Form;
use crate::ui::frame::{Flash, Frame, Here};
use crate::ui::hook::OfHook;
use crate::ui::links::Place;
use crate::ui::page::{Page, Shown};
use crate::ui::project::{OfProject, ProjectHead, Tab};
use crate::ui::refusal::Refusal;

/// The fields that have a place for what is wrong with them.
const FIELDS: &[&str] =
    &["url", "events", "filters", "timeout", "retries", "concurrency", "maxAge", "whenOpen", "headers"];
/// The buttons that add or remove a line, and change nothing yet.
const LINES: &str = "lines";

/// What is in the form.
struct Typed {
    url: String,
    events: Vec<String>,
    filters: Vec<FilterRow>,
    filter_match: String,
    timeout: String,
    retries: String,
    concurrency: String,
    max_age: String,
    when_open: String,
    headers: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "hooks/form.html")]
struct HookForm {
    frame: Frame,
    project: ProjectHead,
    /// The hook's page, where there is one already.
    place: Option<Place>,
    /// Where the form goes.
    action: Place,
    typed: Typed,
    refusal: Option<Refusal>,
}

#[derive(Deserialize)]
struct Made {
    id: String,
}

impl HookForm {
    fn about(&self, field: &str) -> Option<String> {
        self.refusal.as_ref().and_then(|refusal| refusal.about(field))
    }

    fn about_all(&self) -> Option<String> {
        self.refusal.as_ref().and_then(|refusal| refusal.beside(FIELDS))
    }

    fn wants(&self, event: &str) -> bool {
        self.typed.events.iter().any(|wanted| wanted == event)
    }

    fn subjects(&self) -> &'static [(&'static str, &'static str)] {
        &filters::SUBJECTS
    }

    fn matches(&self) -> &'static [(&'static str, &'static str)] {
        &filters::MATCHES
    }

    fn level_matches(&self) -> &'static [(&'static str, &'static str)] {
        &filters::LEVEL_MATCHES
    }

    fn levels(&self) -> &'static [(&'static str, &'static str)] {
        &filters::LEVELS
    }

    fn line_fields(&self) -> &'static [&'static str] {
        &filters::LINE_FIELDS
    }

    /// Whether something among the settings that are folded away is not as it is for most.
    fn is_advanced(&self) -> bool {
        let (typed, default) = (&self.typed, Typed::new());
        let settings = |it: &Typed| [&it.timeout, &it.concurrency, &it.max_age, &it.when_open].map(String::clone);
        let complains = ["timeout", "concurrency", "maxAge", "whenOpen", "headers"];
        settings(typed) != settings(&default)
            || !typed.headers.is_empty()
            || complains.iter().any(|field| self.about(field).is_some())
    }
}

/// `GET …/hooks/new/`
pub(super) async fn new(page: Page<OfProject>) -> Shown {
    show_new(&page, StatusCode::OK, Typed::new(), None).await
}

/// `POST …/hooks/new/`
pub(super) async fn create(page: Page<OfProject>, form: Form) -> Shown {
    let form = form.checked(&page.visitor)?;
    let typed = Typed::of_form(&form);
    if form.is_ticked(LINES) {
        return show_new(&page, StatusCode::OK, typed.with_lines(form.trimmed(LINES)), None).await;
    }
    let path = format!("{}hooks/", page.path.api_path());
    match page.api().send::<Made>(Method::POST, &path, &typed.to_json()).await? {
        Ok(made) => page.done(page.path.place(&page.ui.links).one("hooks", made.id), Flash::HookCreated),
        Err(refusal) => show_new(&page, StatusCode::BAD_REQUEST, typed, Some(refusal)).await,
    }
}

/// `GET …/hooks/{hook}/edit/`
pub(super) async fn edit(page: Page<OfHook>) -> Shown {
    let hook: Hook = page.api().get(&page.path.api_path()).await?;
    show_edit(&page, StatusCode::OK, Typed::of_hook(&hook), None).await
}

/// `POST …/hooks/{hook}/edit/`
pub(super) async fn update(page: Page<OfHook>, form: Form) -> Shown {
    let form = form.checked(&page.visitor)?;
    let typed = Typed::of_form(&form);
    if form.is_ticked(LINES) {
        return show_edit(&page, StatusCode::OK, typed.with_lines(form.trimmed(LINES)), None).await;
    }
    match page.api().send::<Made>(Method::PUT, &page.path.api_path(), &typed.to_json()).await? {
        Ok(_) => page.done(page.path.place(&page.ui.links), Flash::Saved),
        Err(refusal) => show_edit(&page, StatusCode::BAD_REQUEST, typed, Some(refusal)).await,
    }
}

async fn show_new(page: &Page<OfProject>, status: StatusCode, typed: Typed, refusal: Option<Refusal>) -> Shown {
    let project = page.path.head(&page.api(), &page.ui.links, Tab::Hooks).await?;
    let frame = page.frame_to_write(Here::Projects).await?;
    let action = project.place.to("hooks").to("new");
    page.show_with(status, &HookForm { frame, project, place: None, action, typed, refusal })
}

async fn show_edit(page: &Page<OfHook>, status: StatusCode, typed: Typed, refusal: Option<Refusal>) -> Shown {
    let project = page.path.of_project().head(&page.api(), &page.ui.links, Tab::Hooks).await?;
    let frame = page.frame_to_write(Here::Projects).await?;
    let place = page.path.place(&page.ui.links);
    let action = place.to("edit");
    page.show_with(status, &HookForm { frame, project, place: Some(place), action, typed, refusal })
}

impl Typed {
    /// As the form of a new hook is filled in.
    fn new() -> Typed {
        let settings = HookSettings::default();
        Typed {
            url: String::new(),
            events: vec!["event.created".to_owned()],
            filters: Vec::new(),
            filter_match: "all".to_owned(),
            timeout: settings.timeout.as_secs().to_string(),
            retries: settings.retries.as_str().to_owned(),
            concurrency: settings.concurrency.to_string(),
            max_age: settings.max_age.as_secs().to_string(),
            when_open: settings.when_open.as_str().to_owned(),
            headers: Vec::new(),
        }
    }

    fn of_hook(hook: &Hook) -> Typed {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Typed {
            url: hook.url.clone(),
            events: hook.events.clone(),
            filters: hook.filters.iter().map(FilterRow::of_node).collect(),
            filter_match: hook.filter_match.clone(),
            timeout: hook.timeout.to_string(),
            retries: hook.retries.clone(),
            concurrency: hook.concurrency.to_string(),
            max_age: hook.max_age.to_string(),
            when_open: hook.when_open.clone(),
            headers: hook.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        }
    }

    fn of_form(form: &Form) -> Typed {
        let text = |name: &str| form.trimmed(name).to_owned();
        let headers = form.all("headerName").into_iter().zip(form.all("headerValue"));
        Typed {
            url: text("url"),
            events: form.all("events").into_iter().map(str::to_owned).collect(),
            filters: FilterRow::all_of_form(form),
            filter_match: text("filterMatch"),
            timeout: text("timeout"),
            retries: text("retries"),
            concurrency: text("concurrency"),
            max_age: text("maxAge"),
            when_open: text("whenOpen"),
            headers: headers.map(|(name, value)| (name.trim().to_owned(), value.to_owned())).collect(),
        }
    }

    /// As the API takes it. What is no number is sent as it is: the API says what is wrong with it.
    fn to_json(&self) -> Value {
        let number = |text: &str| text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number));
        let named = self.headers.iter().filter(|(name, value)| !name.is_empty() || !value.is_empty());
        let headers: Map<_, _> = named.map(|(name, value)| (name.clone(), json!(value))).collect();
        let filters: Vec<_> = self.filters.iter().filter_map(FilterRow::to_node).collect();
        json!({
            "url": self.url, "events": self.events, "filters": filters, "filterMatch": self.filter_match,
            "timeout": number(&self.timeout), "retries": self.retries, "concurrency": number(&self.concurrency),
            "maxAge": number(&self.max_age), "whenOpen": self.when_open, "headers": headers,
        })
    }

    /// With a line more or less, as the button says: `add-filter`, `remove-header-2`.
    fn with_lines(mut self, button: &str) -> Typed {
        match button.split_once('-') {
            Some(("add", "filter")) => self.filters.push(FilterRow::new()),
            Some(("add", "header")) => self.headers.push(Default::default()),
            Some(("remove", line)) => match line.split_once('-') {
                Some(("filter", number)) => remove(&mut self.filters, number),
                Some(("header", number)) => remove(&mut self.headers, number),
                _ => {}
            },
            _ => {}
        }
        self
    }
}

/// Takes the line of this number away, if there is one.
fn remove<T>(lines: &mut Vec<T>, number: &str) {
    if let Some(index) = number.parse().ok().filter(|index| *index < lines.len()) {
        lines.remove(index);
    }
}
