//! A hook's attempts by what came of them and how long they took, over time: for charts.

use std::collections::BTreeMap;

use axum::Json;
use model::attempt::Outcome;
use model::ids::Millis;
use model::latency::percentile_ms;
use model::scope::Scope;
use serde::Serialize;
use store::figures::OutcomeCount;

use super::super::error::Answer;
use super::super::lookup::{Call, HookPath};
use super::super::page::query_value;
use super::super::span::BadSpan;

/// How far back is looked, and in which steps.
#[derive(Debug, Clone, Copy)]
struct Period {
    step_s: i64,
    steps: i64,
}

const DAY: Period = Period { step_s: 3_600, steps: 24 };
const MONTH: Period = Period { step_s: 86_400, steps: 30 };

/// One interval.
#[derive(Serialize)]
pub(in super::super) struct Point {
    /// Its start, in seconds.
    ts: i64,
    /// Attempts by outcome; those that there were none of are left out.
    attempts: BTreeMap<&'static str, u64>,
    /// `null` where there were none.
    latency: Option<Latency>,
}

/// In milliseconds, within a tenth.
#[derive(Serialize)]
struct Latency {
    p50: f64,
    p95: f64,
    p99: f64,
}

/// `GET …/hooks/{hook}/outcomes/?statsPeriod=24h|30d`: tests aside, oldest first, by the hour or by the day (in UTC).
pub(in super::super) async fn outcomes(call: Call<HookPath>) -> Answer<Json<Vec<Point>>> {
    let hook = call.hook(&[Scope::ProjectRead]).await?;
    let period = match query_value(&call.uri, "statsPeriod").as_deref() {
        None | Some("" | "30d") => MONTH,
        Some("24h") => DAY,
        Some(_) => return Err(BadSpan::DayOrMonth.into()),
    };
    let now_s = call.api.clock.now().0.div_euclid(1_000);
    let first_s = (now_s.div_euclid(period.step_s) - period.steps + 1) * period.step_s;
    let counts = call.api.store.outcomes(hook.number, Millis(first_s * 1_000)).await?;
    Ok(Json((0..period.steps).map(|step| point(first_s + step * period.step_s, period.step_s, &counts)).collect()))
}

fn point(ts: i64, step_s: i64, counts: &[OutcomeCount]) -> Point {
    let within = |count: &&OutcomeCount| (ts..ts + step_s).contains(&(count.hour.0 / 1_000));
    let (mut attempts, mut buckets) = (BTreeMap::new(), BTreeMap::<u8, u64>::new());
    for count in counts.iter().filter(within) {
        *attempts.entry(name(count.outcome)).or_default() += count.attempts;
        *buckets.entry(count.bucket).or_default() += count.attempts;
    }
    let buckets: Vec<(u8, u64)> = buckets.into_iter().collect();
    let percentile = |percent| percentile_ms(&buckets, percent).map(|millis| (millis * 10.0).round() / 10.0);
    let latency = match [50, 95, 99].map(percentile) {
        [Some(p50), Some(p95), Some(p99)] => Some(Latency { p50, p95, p99 }),
        _ => None,
    };
    Point { ts, attempts, latency }
}

/// What the log calls an outcome; of one that a newer Watchfire has counted only that there was one.
fn name(code: u8) -> &'static str {
    Outcome::ALL.into_iter().find(|outcome| outcome.code() == code).map_or("other", Outcome::as_str)
}
