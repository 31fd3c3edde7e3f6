//! An organization at a glance: what came in, how deliveries go, what waits, and which hooks fail.

use askama::Template;

use crate::ui::chart::{Bar, Svg, bars};
use crate::ui::frame::{Frame, Here};
use crate::ui::hook::state_badge;
use crate::ui::links::Place;
use crate::ui::organization::OfOrganization;
use crate::ui::overview::{FailingHook, Overview};
use crate::ui::page::{Page, Shown};
use crate::ui::words::{Moment, bytes, count, duration};

/// How many hours lie between two marks under the chart.
const MARK_HOURS: usize = 6;

/// A hook that fails.
struct Failing {
    hook: FailingHook,
    place: Place,
    since: Option<Moment>,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    frame: Frame,
    /// The project to begin with, where nothing has come in yet.
    begin: Option<(String, Place)>,
    overview: Overview,
    events: u64,
    chart: Svg,
    /// The most events of an hour.
    most: String,
    /// Hours under the chart.
    marks: Vec<String>,
    failing: Vec<Failing>,
}

impl OverviewPage {
    fn events(&self) -> String {
        count(self.events)
    }

    /// What waits, and for how long.
    fn backlog(&self) -> Option<(String, String)> {
        let process = self.overview.process.as_ref()?;
        let age = (process.waiting_deliveries > 0).then(|| duration(process.backlog_age.saturating_mul(1_000)));
        Some((count(process.waiting_deliveries), age.unwrap_or_default()))
    }

    fn has_hooks(&self) -> bool {
        self.overview.projects.iter().any(|project| project.hooks.total > 0)
    }

    fn failing_in_all(&self) -> u64 {
        self.overview.projects.iter().map(|project| project.hooks.failing).sum()
    }

    /// Each budget: what it is of, how full, in words, and the two numbers.
    fn budgets(&self) -> Vec<(&'static str, String, u64, u64)> {
        let Some(process) = &self.overview.process else { return Vec::new() };
        let (lanes, connections) = (&process.lane_bytes, &process.connections);
        vec![
            ("Bodies in memory", format!("{} of {}", bytes(lanes.used), bytes(lanes.limit)), lanes.used, lanes.limit),
            (
                "Connections to receivers",
                format!("{} of {}", count(connections.used), count(connections.limit)),
                connections.used,
                connections.limit,
            ),
        ]
    }
}

impl Failing {
    fn state(&self) -> (&'static str, &str) {
        state_badge(&self.hook.state)
    }
}

/// `GET /organizations/{organization}/`
pub(super) async fn show(page: Page<OfOrganization>) -> Shown {
    let organization = &page.path.organization;
    let mut overview = Overview::of(&page.api(), organization).await?;
    let by_hour = overview.events_by_hour();
    let events: u64 = by_hour.iter().map(|(_, events)| *events).sum();
    let clock = |seconds: i64| format!("{:02}:00", seconds.rem_euclid(86_400) / 3_600);
    let most = count(by_hour.iter().map(|(_, events)| *events).max().unwrap_or_default());
    let marks = by_hour.iter().step_by(MARK_HOURS).map(|(start, _)| clock(*start)).chain(["now".to_owned()]).collect();
    let bar = |(start, events): &(i64, u64)| Bar {
        value: *events,
        said: format!("{} UTC: {}", clock(*start), count(*events)),
    };
    let chart = bars(&by_hour.iter().map(bar).collect::<Vec<_>>(), &format!("{} events in 24 hours", count(events)));
    let failing = std::mem::take(&mut overview.failing_hooks).into_iter().map(|hook| Failing {
        place: page.ui.links.project(organization, &hook.project).one("hooks", &hook.id),
        since: hook.since.as_deref().map(|since| page.moment(since)),
        hook,
    });
    let failing = failing.collect();
    let frame = page.frame(Here::Overview).await?;
    let first = overview.projects.first().filter(|_| events == 0);
    let begin = first.map(|project| {
        let settings = page.ui.links.project(organization, &project.slug);
        (project.name.clone(), settings.to("getting-started"))
    });
    page.show(&OverviewPage { frame, begin, overview, events, chart, most, marks, failing })
}
