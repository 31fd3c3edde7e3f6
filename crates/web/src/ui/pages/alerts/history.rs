//! What a rule has done: by time, as a chart, and by issue.

use jiff::Timestamp;
use serde::Deserialize;

use super::OfRule;
use crate::ui::chart::{Bar, Svg, bars};
use crate::ui::client::Client;
use crate::ui::links::Place;
use crate::ui::page::Page;
use crate::ui::problem::Problem;
use crate::ui::words::{Moment, count};

/// Issues on a page.
const ISSUES: usize = 25;

/// How often a rule fired in an hour.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Hour {
    /// Its start.
    pub(super) date: String,
    pub(super) count: u64,
}

/// How far back a chart goes, and in which steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    Fortnight,
    TwoDays,
}

/// Alerts over time.
pub(super) struct Chart {
    pub(super) picture: Svg,
    pub(super) total: String,
    /// The most of one step.
    pub(super) most: String,
    /// The first step, one in the middle and the last.
    pub(super) marks: [String; 3],
}

/// An issue that the rule fired for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fired {
    group: Issue,
    count: u64,
    last_triggered: String,
    event_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issue {
    id: String,
    short_id: String,
    title: String,
    culprit: String,
}

/// Its line.
pub(super) struct FiredRow {
    pub(super) title: String,
    pub(super) culprit: String,
    pub(super) short_id: String,
    pub(super) place: Place,
    pub(super) count: String,
    pub(super) last: Moment,
    /// The event of the last alert.
    pub(super) event: Option<Place>,
}

/// A page of such issues.
pub(super) struct FiredList {
    pub(super) rows: Vec<FiredRow>,
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
}

impl Period {
    pub(super) const ALL: [Period; 2] = [Period::Fortnight, Period::TwoDays];

    /// As addresses and the API have it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Period::Fortnight => "14d",
            Period::TwoDays => "48h",
        }
    }

    /// As people call it.
    pub(super) fn label(self) -> &'static str {
        match self {
            Period::Fortnight => "14 days",
            Period::TwoDays => "48 hours",
        }
    }

    /// The one of this name; two weeks for any other.
    pub(super) fn named(name: Option<&str>) -> Period {
        Period::ALL.into_iter().find(|period| Some(period.as_str()) == name).unwrap_or(Period::Fortnight)
    }

    /// What the step is called that this time lies in.
    fn step(self, iso: &str) -> String {
        let format = match self {
            Period::Fortnight => "%-d %b",
            Period::TwoDays => "%-d %b, %H:00",
        };
        iso.parse::<Timestamp>().map_or_else(|_| iso.to_owned(), |time| time.strftime(format).to_string())
    }
}

impl Chart {
    /// The chart of these hours, in UTC.
    pub(super) fn of(hours: &[Hour], period: Period) -> Chart {
        let mut steps: Vec<(String, u64)> = Vec::new();
        for hour in hours {
            let step = period.step(&hour.date);
            match steps.last_mut().filter(|(last, _)| *last == step) {
                Some((_, sum)) => *sum += hour.count,
                None => steps.push((step, hour.count)),
            }
        }
        let total = count(steps.iter().map(|(_, sum)| sum).sum());
        let most = count(steps.iter().map(|(_, sum)| *sum).max().unwrap_or_default());
        let mark = |index: usize| steps.get(index).map(|(step, _)| step.clone()).unwrap_or_default();
        let marks = [mark(0), mark(steps.len() / 2), mark(steps.len().saturating_sub(1))];
        let [first, _, last] = &marks;
        let said = format!("{total} alerts from {first} to {last}, {most} at most in one step");
        let bar = |(step, sum): &(String, u64)| Bar { value: *sum, said: format!("{step}: {}", count(*sum)) };
        let picture = bars(&steps.iter().map(bar).collect::<Vec<_>>(), &said);
        Chart { picture, total, most, marks }
    }
}

/// The issues that the rule fired for in this period, the most frequent first.
pub(super) async fn fired(page: &Page<OfRule>, api: &Client, period: Period) -> Result<FiredList, Problem> {
    let cursor = page.query("cursor").map(|cursor| format!("&cursor={}", crate::ui::links::part(cursor)));
    let query = format!("?statsPeriod={}&per_page={ISSUES}{}", period.as_str(), cursor.unwrap_or_default());
    let listed = api.list::<Fired>(&format!("{}group-history/{query}", page.path.api_path())).await?;
    let organization = page.ui.links.organization(&page.path.organization);
    let row = |fired: Fired| {
        let place = organization.one("issues", &fired.group.id);
        FiredRow {
            event: fired.event_id.map(|event| place.one("events", event)),
            place,
            title: fired.group.title,
            culprit: fired.group.culprit,
            short_id: fired.group.short_id,
            count: count(fired.count),
            last: page.moment(&fired.last_triggered),
        }
    };
    let rows = listed.items.into_iter().map(row).collect();
    Ok(FiredList { rows, previous: listed.previous, next: listed.next })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(date: &str, count: u64) -> Hour {
        Hour { date: date.to_owned(), count }
    }

    #[test]
    fn hours_are_summed_by_the_day_in_a_chart_of_two_weeks() {
        let hours = [
            hour("2018-11-05T23:00:00.000Z", 1),
            hour("2018-11-06T00:00:00.000Z", 2),
            hour("2018-11-06T01:00:00.000Z", 3),
        ];
        let days = Chart::of(&hours, Period::Fortnight);
        assert_eq!((days.total.as_str(), days.most.as_str()), ("6", "5"));
        assert_eq!(days.marks, ["5 Nov", "6 Nov", "6 Nov"]);
        assert!(days.picture.to_string().contains("<title>6 Nov: 5</title>"));
        let single = Chart::of(&hours, Period::TwoDays);
        assert_eq!((single.most.as_str(), single.marks[0].as_str()), ("3", "5 Nov, 23:00"));
        assert_eq!(Chart::of(&[], Period::Fortnight).total, "0");
    }
}
