//! The load generator: sends prepared events over kept-alive connections, closed loop or open loop, bounded in count and in time.
//!
//! It is light on purpose, because it shares the machine with what it measures: one thread, raw writes, a reader that
//! understands only as much of HTTP/1.1 as it must. It judges nothing; `measure`, `overload` and the `load` command do.
//!
//! *Closed loop*: each connection sends the next event when the last was answered. *Open loop*: event `i` is meant to start at
//! `i / rate`; it goes out on the first free connection after that, and its latency counts from when it was meant to start.

mod connection;
mod pace;

use std::fmt;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::error::BenchError;
use crate::event::{Bodies, CAPTURED_KEY, CapturedRequest};
use crate::stats::Percentiles;
use crate::timeline::Timeline;
use connection::Connection;
use pace::Turns;

pub(crate) use pace::{RUN_TIME_MAX, Schedule};

/// Connections of one load.
pub(crate) const CONNECTIONS_MAX: u16 = 2_048;

/// Where events are sent, and under which key.
#[derive(Clone, Debug)]
pub(crate) struct Ingest {
    /// The server's address, on loopback.
    pub(crate) address: SocketAddr,
    /// The project in the request's path.
    pub(crate) project_id: String,
    /// The public key of the DSN.
    pub(crate) public_key: String,
}

/// One load to be run.
pub(crate) struct Load {
    /// The target: its projects in turn, all at one address.
    pub(crate) ingests: Vec<Ingest>,
    /// Kept-alive connections, at most [`CONNECTIONS_MAX`].
    pub(crate) connections: u16,
    /// Closed or open loop.
    pub(crate) schedule: Schedule,
}

/// How an event ended for its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 200: the server has promised to keep it.
    Accepted,
    /// 503: the server could not take it now.
    Unavailable,
    /// Any other status.
    Other(u16),
    /// No complete answer: refused, reset, or none in time.
    Failed,
}

/// One event that was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Which event.
    pub(crate) index: u32,
    /// How it ended.
    pub(crate) answer: Answer,
    /// From the run's start to the end of the answer.
    pub(crate) ended_after: Duration,
    /// From the (intended) start to the end of the answer, µs.
    pub(crate) latency_us: u32,
}

/// What came of a load.
pub(crate) struct Outcome {
    /// Every event that was sent.
    pub(crate) samples: Vec<Sample>,
    /// Events that were due and never sent, because no connection was free in time.
    pub(crate) unsent: u32,
    /// From the first start to the last answer.
    pub(crate) elapsed: Duration,
}

/// How many events ended which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Answers {
    /// 200.
    pub(crate) accepted: u32,
    /// 503.
    pub(crate) unavailable: u32,
    /// Any other status.
    pub(crate) other: u32,
    /// No complete answer.
    pub(crate) failed: u32,
    /// Due, and never sent.
    pub(crate) unsent: u32,
}

impl Load {
    /// Sends the events of `range` and blocks until all are answered or the time is up.
    ///
    /// # Errors
    /// When the target does not accept the connections; an event that fails later is counted, not an error.
    pub(crate) fn run(
        &self,
        bodies: &Arc<Bodies>,
        range: Range<u32>,
        timeline: &Arc<Timeline>,
    ) -> Result<Outcome, BenchError> {
        if self.connections == 0 || self.connections > CONNECTIONS_MAX {
            return Err(BenchError::Connections { asked: self.connections, most: CONNECTIONS_MAX });
        }
        let address = self.ingests.first().ok_or(BenchError::NoProject)?.address;
        let heads: Arc<[Vec<u8>]> = self.ingests.iter().map(request_head).collect::<Result<_, _>>()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| BenchError::Runtime { source })?;
        runtime.block_on(async {
            let mut connections = Vec::with_capacity(usize::from(self.connections));
            for _ in 0..self.connections {
                let connection = Connection::open(address).await;
                connections.push(connection.map_err(|source| BenchError::Connect { source })?);
            }
            let offered = range.len();
            let turns = Turns::start(range, self.schedule)?;
            let (bodies, timeline) = (Arc::clone(bodies), Arc::clone(timeline));
            let sender = Sender { heads, bodies, timeline, turns: Arc::new(turns) };
            Ok(sender.drive(connections, offered).await)
        })
    }
}

impl Outcome {
    /// Counts the answers.
    pub(crate) fn answers(&self) -> Answers {
        let mut answers = Answers { unsent: self.unsent, ..Answers::default() };
        for sample in &self.samples {
            let counter = match sample.answer {
                Answer::Accepted => &mut answers.accepted,
                Answer::Unavailable => &mut answers.unavailable,
                Answer::Other(_) => &mut answers.other,
                Answer::Failed => &mut answers.failed,
            };
            *counter += 1;
        }
        answers
    }

    /// The events that were answered 200.
    pub(crate) fn accepted(&self) -> impl Iterator<Item = &Sample> {
        self.samples.iter().filter(|sample| sample.answer == Answer::Accepted)
    }

    /// Latencies of the events that were answered 200; `None` when there are none.
    pub(crate) fn accepted_latency(&self) -> Option<Percentiles> {
        Percentiles::of(self.accepted().map(|sample| sample.latency_us).collect())
    }

    /// Events answered 200, a second.
    pub(crate) fn accepted_per_s(&self) -> f64 {
        self.accepted().count() as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }
}

/// What the tasks of one load share.
#[derive(Clone)]
struct Sender {
    heads: Arc<[Vec<u8>]>,
    bodies: Arc<Bodies>,
    timeline: Arc<Timeline>,
    turns: Arc<Turns>,
}

impl Sender {
    async fn drive(self, connections: Vec<Connection>, offered: usize) -> Outcome {
        let mut tasks = JoinSet::new();
        let started = self.turns.started();
        for connection in connections {
            tasks.spawn(self.clone().send_until_done(connection));
        }
        let mut samples = Vec::with_capacity(offered);
        while let Some(ended) = tasks.join_next().await {
            samples.extend(ended.unwrap_or_default());
        }
        let elapsed = samples.iter().map(|sample: &Sample| sample.ended_after).max().unwrap_or(started.elapsed());
        let unsent = u32::try_from(offered.saturating_sub(samples.len())).unwrap_or(u32::MAX);
        Outcome { samples, unsent, elapsed }
    }

    async fn send_until_done(self, mut connection: Connection) -> Vec<Sample> {
        let mut samples = Vec::new();
        let last_answer = tokio::time::Instant::from_std(self.turns.last_answer());
        while let Some(turn) = self.turns.next().await {
            self.timeline.sent(turn.index, turn.start);
            let head = &self.heads[turn.index as usize % self.heads.len()];
            let exchange = connection.exchange(head, self.bodies.body(turn.index));
            let answer = match tokio::time::timeout_at(last_answer, exchange).await {
                Ok(Ok(status)) => Answer::of(status),
                Ok(Err(_)) | Err(_) => Answer::Failed,
            };
            let now = Instant::now();
            let latency = now.saturating_duration_since(turn.start).as_micros();
            samples.push(Sample {
                index: turn.index,
                answer,
                ended_after: now.saturating_duration_since(self.turns.started()),
                latency_us: u32::try_from(latency).unwrap_or(u32::MAX),
            });
        }
        samples
    }
}

impl fmt::Display for Answers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, unavailable, other, failed, unsent } = self;
        write!(
            formatter,
            "{accepted} × 200, {unavailable} × 503, {other} × other, {failed} failed, {unsent} never sent"
        )
    }
}

impl Answer {
    fn of(status: u16) -> Self {
        match status {
            200 => Self::Accepted,
            503 => Self::Unavailable,
            other => Self::Other(other),
        }
    }
}

/// Request line and headers as captured, for another host, project and key, up to the value of `Content-Length`, which comes last.
fn request_head(ingest: &Ingest) -> Result<Vec<u8>, BenchError> {
    let request = CapturedRequest::load()?;
    let path = request.path.replace("/1/", &format!("/{}/", ingest.project_id));
    let mut head = format!("{} {path} HTTP/1.1\r\nHost: {}\r\n", request.method, ingest.address);
    for (name, value) in &request.headers {
        if name != "Host" && name != "Content-Length" {
            head.push_str(&format!("{name}: {}\r\n", value.replace(CAPTURED_KEY, &ingest.public_key)));
        }
    }
    head.push_str("Content-Length: ");
    Ok(head.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_the_captured_one_for_another_host_project_and_key() {
        let ingest =
            Ingest { address: "127.0.0.1:7000".parse().unwrap(), project_id: "12".into(), public_key: "f".repeat(32) };
        let head = String::from_utf8(request_head(&ingest).unwrap()).unwrap();
        assert!(head.starts_with("POST /api/12/envelope/ HTTP/1.1\r\nHost: 127.0.0.1:7000\r\n"));
        assert!(head.contains(&format!("sentry_key={}, sentry_version=7", ingest.public_key)));
        assert!(head.contains("Content-Encoding: gzip\r\n") && !head.contains(CAPTURED_KEY));
        assert!(head.ends_with("\r\nContent-Length: ") && head.matches("Content-Length").count() == 1);
    }

    #[test]
    fn answers_are_counted_by_kind() {
        let sample = |answer| Sample { index: 0, answer, ended_after: Duration::from_millis(500), latency_us: 9 };
        let kinds = [Answer::of(200), Answer::of(200), Answer::of(503), Answer::of(429), Answer::Failed];
        let outcome = Outcome { samples: kinds.map(sample).to_vec(), unsent: 3, elapsed: Duration::from_millis(500) };
        let expected = Answers { accepted: 2, unavailable: 1, other: 1, failed: 1, unsent: 3 };
        assert_eq!(outcome.answers(), expected);
        assert!((outcome.accepted_per_s() - 4.0).abs() < 1e-9);
        assert_eq!(outcome.accepted_latency().unwrap().p50_us, 9);
    }
}
