//! How a hook's attempts went over the last 30 days: by outcome, and how long they took. Drawn, and as a table for who does not see
//! pictures.

use std::collections::BTreeMap;

use askama::Template;
use askama::filters::HtmlSafe;
use jiff::Timestamp;
use serde::Deserialize;

use crate::ui::chart::{Column, Svg, lines, stacks};
use crate::ui::hook::OfHook;
use crate::ui::page::Page;
use crate::ui::problem::Problem;
use crate::ui::words::{count, latency};

/// Outcomes in the order in which they stand on one another: the API's word, ours, the colour.
const OUTCOMES: [(&str, &str, &str); 5] = [
    ("succeeded", "succeeded", "good"),
    ("http_error", "error status", "bad"),
    ("timed_out", "timed out", "warn"),
    ("unreachable", "unreachable", "ink"),
    ("", "others", "soft"),
];

/// What people read of the API's word for an outcome.
pub(super) fn outcome_in_words(outcome: &str) -> &str {
    match outcome {
        "bad_response" => "unreadable answer",
        "refused_address" => "address not allowed",
        named => OUTCOMES.iter().find(|(name, ..)| *name == named).map_or(named, |(_, label, _)| label),
    }
}

/// What the page reads of a day.
#[derive(Deserialize)]
struct Point {
    ts: i64,
    attempts: BTreeMap<String, u64>,
    latency: Option<Latency>,
}

/// In milliseconds.
#[derive(Deserialize, Clone, Copy)]
struct Latency {
    p50: f64,
    p95: f64,
    p99: f64,
}

/// The card.
#[derive(Template)]
#[template(path = "deliveries/chart.html")]
pub(super) struct ChartCard {
    attempts: Svg,
    latency: Option<Svg>,
    /// The highest p99 of a day.
    slowest: String,
    /// The most attempts of a day.
    most: String,
    legend: Vec<(&'static str, &'static str)>,
    days: Vec<Day>,
    first: String,
    last: String,
}

impl HtmlSafe for ChartCard {}

/// A day as a line of the table.
struct Day {
    date: String,
    attempts: String,
    succeeded: String,
    latency: String,
}

/// The card; `None` where nothing was attempted.
pub(super) async fn card(page: &Page<OfHook>) -> Result<Option<ChartCard>, Problem> {
    let points: Vec<Point> = page.api().get(&format!("{}outcomes/?statsPeriod=30d", page.path.api_path())).await?;
    let days = || points.iter().map(|point| point.attempts.values().sum::<u64>());
    let (all, most) = (days().sum::<u64>(), days().max().unwrap_or_default());
    if all == 0 {
        return Ok(None);
    }
    let columns: Vec<Column> = points.iter().map(Point::column).collect();
    let said = format!("{} attempts in 30 days", count(all));
    let timed: Vec<(usize, Latency)> =
        points.iter().enumerate().filter_map(|(index, point)| Some((index, point.latency?))).collect();
    let line = |of: fn(&Latency) -> f64| timed.iter().map(|(index, it)| (*index, of(it))).collect::<Vec<_>>();
    let series = [("p50", line(|it| it.p50)), ("p95", line(|it| it.p95)), ("p99", line(|it| it.p99))];
    let slowest = timed.iter().map(|(_, it)| it.p99).fold(0.0, f64::max);
    let slowest = latency(slowest);
    let words = format!("Latency by day; the slowest p99 was {slowest}");
    let used = |name: &str| points.iter().any(|point| point.of(name) > 0);
    let legend = OUTCOMES.iter().filter(|(name, ..)| used(name)).map(|(_, label, colour)| (*label, *colour));
    Ok(Some(ChartCard {
        attempts: stacks(&columns, &said),
        latency: (!timed.is_empty()).then(|| lines(points.len(), &series, &words)),
        slowest,
        most: count(most),
        legend: legend.collect(),
        days: points.iter().rev().filter(|point| !point.attempts.is_empty()).map(Point::day).collect(),
        first: points.first().map(Point::date).unwrap_or_default(),
        last: points.last().map(Point::date).unwrap_or_default(),
    }))
}

impl Point {
    /// Attempts with this outcome; with the empty name, those with none of the others.
    fn of(&self, name: &str) -> u64 {
        let is_named = |known: &str| OUTCOMES.iter().any(|(name, ..)| *name == known);
        match name {
            "" => self.attempts.iter().filter(|(known, _)| !is_named(known)).map(|(_, count)| count).sum(),
            name => self.attempts.get(name).copied().unwrap_or_default(),
        }
    }

    fn date(&self) -> String {
        let at = Timestamp::from_second(self.ts).map(|at| at.to_string()).unwrap_or_default();
        at.get(..10).unwrap_or_default().to_owned()
    }

    fn column(&self) -> Column {
        let parts = OUTCOMES.map(|(name, label, colour)| (label, colour, self.of(name)));
        let words: Vec<_> = parts
            .iter()
            .filter(|part| part.2 > 0)
            .map(|(label, _, number)| format!("{} {label}", count(*number)))
            .collect();
        let words = if words.is_empty() { "none".to_owned() } else { words.join(", ") };
        let parts = parts.into_iter().map(|(_, colour, number)| (colour, number)).collect();
        Column { said: format!("{}: {words}", self.date()), parts }
    }

    fn day(&self) -> Day {
        let all: u64 = self.attempts.values().sum();
        let in_words = |it: Latency| format!("{} / {} / {}", latency(it.p50), latency(it.p95), latency(it.p99));
        Day {
            date: self.date(),
            attempts: count(all),
            succeeded: count(self.of("succeeded")),
            latency: self.latency.map(in_words).unwrap_or_default(),
        }
    }
}
