//! Writing a rule: a form that reads as a sentence, and can be tried before it is saved.
//!
//! Every button sends the whole form to the page's own address: to save it, to add or remove a part, to try it. With a script
//! the answer to all but saving is the form alone.

use askama::Template;
use askama::filters::HtmlSafe;
use http::{Method, StatusCode};

use super::OfRule;
use super::draft::{Draft, Wish, uuid_of};
use super::kinds::{Kinds, Part};
use super::preview::{Preview, preview};
use super::rows::{Control, RowBody, Section};
use super::rule::{HookName, Rule, hooks_of, is_idle, name_of};
use crate::ui::form::Form;
use crate::ui::frame::{Flash, Frame, Here};
use crate::ui::links::Place;
use crate::ui::page::{Page, Shown};
use crate::ui::problem::Problem;
use crate::ui::project::{OfProject, ProjectHead, Tab};
use crate::ui::refusal::Refusal;

/// The fields that have a place for what is wrong with them. Beside a name stands which rule is like it.
const FIELDS: &[&str] =
    &["name", "environment", "frequency", "actionMatch", "filterMatch", "conditions", "filters", "actions", "ruleId"];

/// Minutes between two alerts for one issue, and what people call them.
const FREQUENCIES: &[(&str, &str)] = &[
    ("5", "5 minutes"),
    ("10", "10 minutes"),
    ("30", "30 minutes"),
    ("60", "hour"),
    ("180", "3 hours"),
    ("720", "12 hours"),
    ("1440", "day"),
    ("10080", "week"),
    ("43200", "30 days"),
];

#[derive(Template)]
#[template(path = "alerts/edit.html")]
struct EditPage {
    frame: Frame,
    project: ProjectHead,
    title: String,
    /// The rule's page, of one that there is.
    rule: Option<Place>,
    editor: Editor,
}

/// The form.
#[derive(Template)]
#[template(path = "alerts/editor.html")]
struct Editor {
    csrf: String,
    /// The page's own address.
    here: Place,
    /// Where one goes who does not save.
    back: Place,
    /// Where a hook is added.
    new_hook: Place,
    is_new: bool,
    draft: Draft,
    sections: Vec<Section>,
    hooks: Vec<HookName>,
    /// Actions that do nothing here: their uuids and what they are called.
    idle: Vec<(String, String)>,
    said: Said,
    /// The id of the control that is ready to be typed into.
    focus: String,
}

/// It escapes what it shows itself.
impl HtmlSafe for Editor {}

/// What came of the form.
#[derive(Default)]
struct Said {
    refusal: Option<Refusal>,
    /// What is wrong with the choice of hooks.
    wrong_choice: Option<&'static str>,
    preview: Option<Preview>,
}

/// What a rule is written with.
struct Desk {
    project: OfProject,
    kinds: Kinds,
    /// The rule that there is already.
    rule: Option<Rule>,
}

impl Editor {
    fn about(&self, field: &str) -> Option<String> {
        self.said.refusal.as_ref().and_then(|refusal| refusal.about(field))
    }

    fn about_all(&self) -> Option<String> {
        self.said.refusal.as_ref().and_then(|refusal| refusal.beside(FIELDS))
    }

    fn about_hooks(&self) -> Option<String> {
        self.said.wrong_choice.map(str::to_owned).or_else(|| self.about("actions"))
    }

    fn about_match(&self, section: &Section) -> Option<String> {
        self.about(if section.is_of_conditions() { "actionMatch" } else { "filterMatch" })
    }

    /// The choices, with the present one among them.
    fn frequencies(&self) -> Vec<(String, String)> {
        let owned = |(minutes, words): &(&str, &str)| ((*minutes).to_owned(), (*words).to_owned());
        let mut choices: Vec<_> = FREQUENCIES.iter().map(owned).collect();
        let present = &self.draft.frequency;
        if choices.iter().all(|(minutes, _)| minutes != present) {
            choices.push((present.clone(), format!("{present} minutes")));
        }
        choices
    }

    fn is_chosen(&self, hook: &HookName) -> bool {
        self.draft.hooks.contains(&hook.id)
    }

    fn is_kept(&self, uuid: &str) -> bool {
        self.draft.kept.iter().any(|kept| kept == uuid)
    }
}

/// `GET /settings/{organization}/projects/{project}/alerts/new/`
pub(super) async fn new(page: Page<OfProject>) -> Shown {
    let desk = Desk::of(&page, page.path.clone(), None).await?;
    let draft = Draft::new(&desk.kinds);
    show(&page, StatusCode::OK, desk, draft, (Said::default(), "")).await
}

/// `POST /settings/{organization}/projects/{project}/alerts/new/`
pub(super) async fn create(page: Page<OfProject>, form: Form) -> Shown {
    let form = form.checked(&page.visitor)?;
    let desk = Desk::of(&page, page.path.clone(), None).await?;
    take(&page, &form, desk).await
}

/// `GET …/alerts/{rule}/edit/`
pub(super) async fn edit(page: Page<OfRule>) -> Shown {
    let rule: Rule = page.api().get(&page.path.api_path()).await?;
    let desk = Desk::of(&page, page.path.project(), Some(rule.clone())).await?;
    let draft = Draft::of_rule(&rule, &desk.kinds);
    show(&page, StatusCode::OK, desk, draft, (Said::default(), "")).await
}

/// `POST …/alerts/{rule}/edit/`
pub(super) async fn update(page: Page<OfRule>, form: Form) -> Shown {
    let form = form.checked(&page.visitor)?;
    let rule: Rule = page.api().get(&page.path.api_path()).await?;
    let desk = Desk::of(&page, page.path.project(), Some(rule)).await?;
    take(&page, &form, desk).await
}

/// Does what the button says that was pressed.
async fn take<P>(page: &Page<P>, form: &Form, desk: Desk) -> Shown {
    let mut draft = Draft::of_form(form, &desk.kinds);
    match Wish::of(form) {
        Wish::Save => save(page, desk, draft).await,
        Wish::Preview => {
            let tried = preview(page, &desk.project, &draft, &desk.kinds).await?;
            let (status, said, focus) = match tried {
                Ok(preview) => (StatusCode::OK, Said { preview: Some(preview), ..Said::default() }, "preview-title"),
                Err(refusal) => (StatusCode::BAD_REQUEST, Said { refusal: Some(refusal), ..Said::default() }, ""),
            };
            show(page, status, desk, draft, (said, focus)).await
        }
        Wish::Add(part) => {
            draft.add(part, form.trimmed(&format!("new-{}", part.as_str())), &desk.kinds);
            show(page, StatusCode::OK, desk, draft, (Said::default(), &format!("new-{}", part.as_str()))).await
        }
        Wish::Remove(part, index) => {
            draft.remove(part, index);
            show(page, StatusCode::OK, desk, draft, (Said::default(), &format!("new-{}", part.as_str()))).await
        }
    }
}

async fn save<P>(page: &Page<P>, desk: Desk, draft: Draft) -> Shown {
    if let Some(wrong_choice) = draft.wrong_choice() {
        let said = Said { wrong_choice: Some(wrong_choice), ..Said::default() };
        return show(page, StatusCode::BAD_REQUEST, desk, draft, (said, "")).await;
    }
    let rules = format!("{}rules/", desk.project.api_path());
    let (method, path, flash) = match &desk.rule {
        None => (Method::POST, rules, Flash::RuleCreated),
        Some(rule) => (Method::PUT, format!("{rules}{}/", rule.id), Flash::Saved),
    };
    let body = draft.body(desk.rule.as_ref(), &desk.kinds);
    match page.api().send::<Rule>(method, &path, &body).await? {
        Ok(rule) => page.done(desk.place(page).one("alerts", &rule.id), flash),
        Err(refusal) => {
            let said = Said { refusal: Some(refusal), ..Said::default() };
            show(page, StatusCode::BAD_REQUEST, desk, draft, (said, "")).await
        }
    }
}

impl Desk {
    async fn of<P>(page: &Page<P>, project: OfProject, rule: Option<Rule>) -> Result<Desk, Problem> {
        let kinds = page.api().get(&format!("{}rules/configuration/", project.api_path())).await?;
        Ok(Desk { project, kinds, rule })
    }

    /// Where the project's settings are.
    fn place<P>(&self, page: &Page<P>) -> Place {
        self.project.place(&page.ui.links)
    }
}

async fn show<P>(page: &Page<P>, status: StatusCode, desk: Desk, draft: Draft, (said, focus): (Said, &str)) -> Shown {
    let api = page.api();
    let frame = page.frame_to_write(Here::Projects).await?;
    let hooks = hooks_of(&api, &desk.project).await?;
    let alerts = desk.place(page).to("alerts");
    let rule = desk.rule.as_ref().map(|rule| desk.place(page).one("alerts", &rule.id));
    let idle = desk.rule.iter().flat_map(|rule| rule.actions.iter().filter(|action| is_idle(action)));
    let editor = Editor {
        csrf: frame.csrf.clone(),
        here: rule.as_ref().map_or_else(|| alerts.to("new"), |rule| rule.to("edit")),
        back: rule.clone().unwrap_or(alerts),
        new_hook: desk.place(page).to("hooks").to("new"),
        is_new: rule.is_none(),
        sections: Part::ALL.map(|part| Section::of(&draft, part, &desk.kinds, said.refusal.as_ref())).into(),
        idle: idle.map(|action| (uuid_of(action), name_of(action).to_owned())).collect(),
        hooks,
        draft,
        said,
        focus: focus.to_owned(),
    };
    if page.wants_part() {
        return page.show_with(status, &editor);
    }
    let project = desk.project.head(&api, &page.ui.links, Tab::Alerts).await?;
    let title = desk.rule.map_or("Create alert rule".to_owned(), |rule| format!("Edit {}", rule.name));
    page.show_with(status, &EditPage { frame, project, title, rule, editor })
}
