//! A rule's page: what it says, whether it alerts, and what it has done.

use askama::Template;
use serde_json::Value;

use super::OfRule;
use super::history::{Chart, FiredList, Hour, Period, fired};
use super::rule::{HookName, Rule, Targets, hooks_of, is_idle, name_of};
use super::state::{Back, StatePart};
use crate::ui::frame::{Frame, Here};
use crate::ui::links::Place;
use crate::ui::page::{Page, Shown};
use crate::ui::project::{ProjectHead, Tab};
use crate::ui::words::Moment;

#[derive(Template)]
#[template(path = "alerts/show.html")]
struct RulePage {
    frame: Frame,
    project: ProjectHead,
    place: Place,
    rule: Rule,
    hooks: Vec<HookName>,
    state: StatePart,
    created: Moment,
    last: Option<Moment>,
    /// What the API notes of the rule: that it alerts nobody.
    notes: Vec<String>,
    period: Period,
    chart: Chart,
    fired: FiredList,
}

impl RulePage {
    /// The words before the conditions.
    fn when(&self) -> &'static str {
        match (self.rule.conditions.len(), self.rule.action_match.as_str()) {
            (0, _) => "When an event arrives",
            (1, "all" | "any") => "When this happens",
            (_, "any") => "When any of this happens",
            (_, "none") => "When none of this happens",
            _ => "When all of this happens",
        }
    }

    /// The words before the filters.
    fn only_if(&self) -> &'static str {
        match (self.rule.filters.len(), self.rule.filter_match.as_str()) {
            (1, "all" | "any") => "if this matches",
            (_, "any") => "if any of these match",
            (_, "none") => "if none of these match",
            _ => "if all of these match",
        }
    }

    /// The hooks that it names, with the pages of those that there are; none of a rule for all of them.
    fn named_hooks(&self) -> Vec<(String, Option<Place>)> {
        let Targets::Named(ids) = self.rule.targets() else { return Vec::new() };
        let known = |id: &str| self.hooks.iter().find(|hook| hook.id == id);
        let shown = |id: &str| match known(id) {
            Some(hook) => (hook.url.clone(), Some(self.project.place.one("hooks", id))),
            None => (format!("{id}, which is gone"), None),
        };
        ids.into_iter().map(shown).collect()
    }

    fn idle_actions(&self) -> impl Iterator<Item = &str> {
        self.rule.actions.iter().filter(|action| is_idle(action)).map(name_of)
    }

    fn names<'n>(&self, nodes: &'n [Value]) -> impl Iterator<Item = &'n str> {
        nodes.iter().map(name_of)
    }

    fn periods(&self) -> [Period; 2] {
        Period::ALL
    }
}

/// `GET /settings/{organization}/projects/{project}/alerts/{rule}/`
pub(super) async fn show(page: Page<OfRule>) -> Shown {
    let api = page.api();
    let project = page.path.project().head(&api, &page.ui.links, Tab::Alerts).await?;
    let (rule, note) = api.get_noted::<Rule>(&page.path.api_path()).await?;
    let hooks = hooks_of(&api, &page.path.project()).await?;
    let period = Period::named(page.query("period").as_deref());
    let stats = format!("{}stats/?statsPeriod={}", page.path.api_path(), period.as_str());
    let hours: Vec<Hour> = api.get(&stats).await?;
    let fired = fired(&page, &api, period).await?;
    let frame = page.frame(Here::Projects).await?;
    let place = project.place.one("alerts", &rule.id);
    let state = StatePart {
        until: rule.snooze_until.as_deref().map(|iso| page.moment(iso)),
        rule: rule.clone(),
        place: place.clone(),
        back: Back::Rule,
        csrf: frame.csrf.clone(),
        may_write: frame.may_write,
        complaint: None,
    };
    page.show(&RulePage {
        frame,
        project,
        place,
        hooks,
        state,
        created: page.moment(&rule.date_created),
        last: rule.last_triggered.as_deref().map(|iso| page.moment(iso)),
        rule,
        notes: note.map(|note| sentences(&note)).unwrap_or_default(),
        period,
        chart: Chart::of(&hours, period),
        fired,
    })
}

/// The parts of a note, as sentences, less the one about actions without effect: they are shown as such.
fn sentences(note: &str) -> Vec<String> {
    let sentence = |part: &str| {
        let mut letters = part.chars();
        let first = letters.next().map(|first| first.to_uppercase());
        format!("{}{}.", first.map(String::from_iter).unwrap_or_default(), letters.as_str())
    };
    note.split("; ").filter(|part| !part.starts_with("kept without effect")).map(sentence).collect()
}
