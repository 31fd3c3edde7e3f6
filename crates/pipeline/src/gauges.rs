//! What is so at this moment: read when somebody asks, counted by nobody.
//!
//! Responsible for looking at lanes, waiting work, connections and the recorder's queue without holding any of them. Refuses to ask
//! the store: what only the store can tell is looked up by the supervisor, and shown as it was then. Read by `web` for each scrape.

use std::sync::Arc;
use std::time::Duration;

use model::clock::StoreClock;

use crate::budget::Budget;
use crate::egress::Egress;
use crate::lanes::Lanes;
use crate::metrics::Metrics;
use crate::recorder::Backlog;
use crate::work::Work;

/// Where to look.
pub struct Gauges {
    pub(crate) lanes: Arc<Lanes>,
    pub(crate) work: Arc<Work>,
    pub(crate) backlog: Backlog,
    pub(crate) egress: Arc<Egress>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Arc<StoreClock>,
    /// That of all lanes.
    pub(crate) budget: Budget,
}

/// What was so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readings {
    /// Hooks that have a lane.
    pub lanes: usize,
    /// Lanes whose new deliveries wait in the ledger.
    pub lanes_in_ledger_mode: usize,
    /// Deliveries in lanes: queued, on the wire, or claimed and on their way.
    pub lane_deliveries: usize,
    /// Hooks whose circuit is open.
    pub open_circuits: usize,
    /// Hooks whose receivers asked to be left alone.
    pub paused: usize,
    /// Hooks whose last attempt failed.
    pub failing: usize,
    /// What waited in the ledger when upkeep last walked through it.
    pub waiting_deliveries: u64,
    /// How long the oldest of these has been waiting for its first attempt.
    pub backlog_age: Duration,
    /// Bytes of bodies that lanes hold,
    pub lane_held_bytes: usize,
    /// of so many.
    pub lane_limit_bytes: usize,
    /// Events that wait for a transaction.
    pub waiting_events: usize,
    /// Outcomes that wait to be written.
    pub waiting_outcomes: usize,
    /// Whether the store takes no writes.
    pub store_is_away: bool,
    /// Connections to receivers.
    pub connections: u64,
}

impl Gauges {
    /// Looks.
    pub fn read(&self) -> Readings {
        let (lanes, backlog) = (self.lanes.readings(), self.metrics.backlog());
        let age_ms = backlog.oldest.map_or(0, |oldest| self.clock.now().0 - oldest.0);
        Readings {
            lanes: lanes.lanes,
            lanes_in_ledger_mode: lanes.in_ledger_mode,
            lane_deliveries: lanes.deliveries,
            open_circuits: lanes.open_circuits,
            paused: lanes.paused,
            failing: lanes.failing,
            waiting_deliveries: backlog.waiting,
            backlog_age: Duration::from_millis(u64::try_from(age_ms).unwrap_or(0)),
            lane_held_bytes: self.budget.held_bytes(),
            lane_limit_bytes: self.budget.limit_bytes(),
            waiting_events: self.backlog.events(),
            waiting_outcomes: self.work.waiting_outcomes(),
            store_is_away: self.work.store_is_away(),
            connections: self.egress.open_connections(),
        }
    }
}
