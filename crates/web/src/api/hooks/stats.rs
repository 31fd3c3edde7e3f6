//! A hook's counters: attempts per interval, whatever came of them.

use axum::Json;
use http::Uri;
use model::ids::Millis;
use model::scope::Scope;
use serde::Serialize;
use store::ledger::{CountRange, Resolution};

use super::super::error::{Answer, BadStats};
use super::super::lookup::{Call, HookPath};
use super::super::page::query_value;
use super::super::time::seconds;

/// The most points of one answer.
const POINTS_MAX: i64 = 10_000;

/// What is counted where the client does not say: a day to `until`, less a second, so that it has 24 hours and not 25.
const SPAN_DEFAULT_MILLIS: i64 = 86_400_000 - 1000;

/// One interval.
#[derive(Serialize)]
pub(in super::super) struct Point {
    /// Its start, in seconds.
    ts: i64,
    /// Attempts in it.
    total: u64,
}

/// What is asked: a point for `until`, and one for each interval before it that is not before `since`.
struct Question {
    first_s: i64,
    last_s: i64,
    resolution: Resolution,
}

/// `GET …/hooks/{hook}/stats/`
pub(in super::super) async fn stats(call: Call<HookPath>) -> Answer<Json<Vec<Point>>> {
    let hook = call.hook(&[Scope::ProjectRead]).await?;
    let question = Question::read(&call.uri, call.api.clock.now())?;
    let counted = call.api.store.hook_attempts(hook.number, question.range()).await?;
    Ok(Json(question.points(&counted)))
}

impl Question {
    fn read(uri: &Uri, now: Millis) -> Result<Self, BadStats> {
        let asked = |name| query_value(uri, name).filter(|text| !text.is_empty());
        let resolution = asked("resolution").map(|text| resolution(&text).ok_or(BadStats::Resolution)).transpose()?;
        let until = asked("until").map_or(Ok(now), |text| seconds(&text).ok_or(BadStats::Until))?.0;
        let default = Millis(until - SPAN_DEFAULT_MILLIS);
        let since = asked("since").map_or(Ok(default), |text| seconds(&text).ok_or(BadStats::Since))?.0;
        if since > until {
            return Err(BadStats::Order);
        }
        let span_ms = until - since;
        let resolution = resolution.unwrap_or_else(|| finest_that_covers(span_ms));
        let length_s = resolution.seconds();
        let steps = span_ms / (length_s * 1000);
        if steps >= POINTS_MAX {
            return Err(BadStats::TooManyPoints { most: POINTS_MAX });
        }
        let last_s = until.div_euclid(length_s * 1000) * length_s;
        Ok(Self { first_s: last_s - steps * length_s, last_s, resolution })
    }

    fn range(&self) -> CountRange {
        CountRange {
            since: Millis(self.first_s * 1000),
            until: Millis(self.last_s * 1000),
            resolution: self.resolution,
        }
    }

    /// A point for each interval, oldest first, zero where nothing was counted. `counted` is sorted by time.
    fn points(&self, counted: &[(Millis, u64)]) -> Vec<Point> {
        let step = usize::try_from(self.resolution.seconds()).unwrap_or(usize::MAX);
        let total_at = |ts: i64| {
            counted.binary_search_by_key(&(ts * 1000), |(start, _)| start.0).map_or(0, |index| counted[index].1)
        };
        (self.first_s..=self.last_s).step_by(step).map(|ts| Point { ts, total: total_at(ts) }).collect()
    }
}

/// `10s`, `60m`, `1h`, `1d`: a number with its unit that makes one of the counters' intervals.
fn resolution(text: &str) -> Option<Resolution> {
    let unit = text.chars().last()?;
    let digits = &text[..text.len() - unit.len_utf8()];
    let unit_s = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = digits.parse::<i64>().ok()?.checked_mul(unit_s)?;
    Resolution::ALL.into_iter().find(|resolution| resolution.seconds() == seconds)
}

fn finest_that_covers(span_ms: i64) -> Resolution {
    let covers = |resolution: &Resolution| resolution.kept_seconds() * 1000 >= span_ms;
    Resolution::ALL.into_iter().find(covers).unwrap_or(Resolution::Day)
}
