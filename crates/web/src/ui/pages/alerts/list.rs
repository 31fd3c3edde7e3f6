//! The list of a project's alert rules: what each says, whether it alerts, and how often it did of late.

use askama::Template;

use super::history::Hour;
use super::rule::{HookName, Rule, hooks_of};
use super::state::{Back, StatePart};
use crate::ui::chart::{Svg, sparkline};
use crate::ui::frame::{Frame, Here};
use crate::ui::links::{Place, part};
use crate::ui::page::{Page, Shown};
use crate::ui::problem::Problem;
use crate::ui::project::{OfProject, ProjectHead, Tab};
use crate::ui::words::{Moment, count};

/// Rules on a page.
const RULES: usize = 25;

#[derive(Template)]
#[template(path = "alerts/list.html")]
struct RulesPage {
    frame: Frame,
    project: ProjectHead,
    rows: Vec<Row>,
    previous: Option<String>,
    next: Option<String>,
}

/// A rule's line.
struct Row {
    name: String,
    place: Place,
    sentence: String,
    environment: Option<String>,
    state: StatePart,
    last: Option<Moment>,
    /// Alerts of 24 hours, in words.
    fired: String,
    hours: Svg,
}

/// `GET /settings/{organization}/projects/{project}/alerts/`
pub(super) async fn list(page: Page<OfProject>) -> Shown {
    let api = page.api();
    let project = page.path.head(&api, &page.ui.links, Tab::Alerts).await?;
    let rules_path = format!("{}rules/", page.path.api_path());
    let cursor = page.query("cursor").map(|cursor| format!("&cursor={}", part(cursor))).unwrap_or_default();
    let rules = api.list::<Rule>(&format!("{rules_path}?per_page={RULES}{cursor}")).await?;
    let hooks = hooks_of(&api, &page.path).await?;
    let frame = page.frame(Here::Projects).await?;
    let mut rows = Vec::with_capacity(rules.items.len());
    for rule in rules.items {
        let hours: Vec<Hour> = api.get(&format!("{rules_path}{}/stats/?statsPeriod=24h", rule.id)).await?;
        rows.push(row(&page, &frame, (&project, &hooks), (rule, &hours))?);
    }
    page.show(&RulesPage { frame, project, rows, previous: rules.previous, next: rules.next })
}

fn row(
    page: &Page<OfProject>,
    frame: &Frame,
    (project, hooks): (&ProjectHead, &[HookName]),
    (rule, hours): (Rule, &[Hour]),
) -> Result<Row, Problem> {
    let place = project.place.one("alerts", &rule.id);
    let counts: Vec<u64> = hours.iter().map(|hour| hour.count).collect();
    let fired = count(counts.iter().sum());
    Ok(Row {
        name: rule.name.clone(),
        sentence: rule.sentence(hooks),
        environment: rule.environment.clone(),
        last: rule.last_triggered.as_deref().map(|iso| page.moment(iso)),
        hours: sparkline(&counts, &format!("{fired} alerts in 24 hours")),
        fired,
        state: StatePart {
            until: rule.snooze_until.as_deref().map(|iso| page.moment(iso)),
            rule,
            place: place.clone(),
            back: Back::List,
            csrf: frame.csrf.clone(),
            may_write: frame.may_write,
            complaint: None,
        },
        place,
    })
}
