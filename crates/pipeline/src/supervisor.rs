//! Starts the pipeline's tasks, and stops them in the order in which nothing is lost.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use model::clock::StoreClock;
use model::ids::{Millis, ProcessId};
use model::limits::{LANE_BUDGET_BYTES, WAITING_PER_HOOK};
use store::ledger::SweepPlan;
use store::{Store, StoreError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::budget::Budget;
use crate::counter_filling::CounterFilling;
use crate::directory::DirectoryHandle;
use crate::egress::Egress;
use crate::gauges::Gauges;
use crate::lanes::{self, Lanes};
use crate::live::Feed;
use crate::lost_leases::LostLeases;
use crate::metrics::Metrics;
use crate::recorder::{self, Recorder};
use crate::replaying::Replaying;
use crate::sending::Sending;
use crate::work::Work;

/// How often the ledger is asked which hooks have due deliveries, and the store for a newer directory.
const LOOK_PAUSE: Duration = Duration::from_secs(1);
/// Pause between slices of upkeep while there is more to do.
const SLICE_PAUSE: Duration = Duration::from_millis(20);
/// Pause when there is nothing more to do, unless the directory moves.
const SWEEP_PAUSE: Duration = Duration::from_secs(60);
/// Rows that one slice of upkeep may look at: a few milliseconds of the writer.
const SLICE_ROWS: usize = 64;
/// Leases freed in one transaction at start.
const FREED_AT_ONCE: usize = 512;

/// What the pipeline is made from.
pub struct Settings {
    /// Everything durable.
    pub store: Arc<dyn Store>,
    /// The way out.
    pub egress: Arc<Egress>,
    /// The directory.
    pub directory: Arc<DirectoryHandle>,
    /// The store's time.
    pub clock: Arc<StoreClock>,
    /// How long events and deliveries are kept.
    pub retention: Duration,
    /// Fills a slice from the system's random source.
    pub random: fn(&mut [u8]),
}

/// The running pipeline.
pub struct Pipeline {
    recorder: Recorder,
    metrics: Arc<Metrics>,
    gauges: Arc<Gauges>,
    lanes: Arc<Lanes>,
    feed: Arc<Feed>,
    recording: JoinHandle<()>,
    background: Vec<JoinHandle<()>>,
    stopping: watch::Sender<bool>,
}

impl Pipeline {
    /// Registers this process, frees what a dead one held, and starts.
    ///
    /// # Errors
    /// What the store says.
    pub async fn start(settings: Settings) -> Result<Pipeline, StoreError> {
        let Settings { store, egress, directory, clock, retention, random } = settings;
        let work = Arc::new(Work::default());
        let metrics = Arc::clone(&work.metrics);
        let owner = register(&*store, &clock, &metrics).await?;
        let budget = Budget::new(LANE_BUDGET_BYTES);
        let standings = store.standings().await?;
        let parts = lanes::Parts {
            store: Arc::clone(&store),
            directory: Arc::clone(&directory),
            egress: Arc::clone(&egress),
            work: Arc::clone(&work),
            clock: Arc::clone(&clock),
            budget: budget.clone(),
            random,
        };
        let lanes = Arc::new(Lanes::new(parts, standings));
        let feed = Arc::<Feed>::default();
        let (recorder, task) = Recorder::new(recorder::Parts {
            store: Arc::clone(&store),
            directory: Arc::clone(&directory),
            lanes: Arc::clone(&lanes),
            work: Arc::clone(&work),
            clock: Arc::clone(&clock),
            owner,
            metrics: Arc::clone(&metrics),
            feed: Arc::clone(&feed),
        });
        let backlog = recorder.backlog();
        let gauges = Gauges {
            lanes: Arc::clone(&lanes),
            work: Arc::clone(&work),
            backlog,
            egress,
            metrics: Arc::clone(&metrics),
            clock: Arc::clone(&clock),
            budget,
        };
        let suspects = HashSet::new();
        let lost = LostLeases { store: Arc::clone(&store), lanes: Arc::clone(&lanes), work, owner, suspects };
        let stopping = watch::Sender::new(false);
        let filling =
            CounterFilling { store: Arc::clone(&store), directory: Arc::clone(&directory), clock: Arc::clone(&clock) };
        let replaying = Replaying {
            store: Arc::clone(&store),
            lanes: Arc::clone(&lanes),
            clock: Arc::clone(&clock),
            metrics: Arc::clone(&metrics),
        };
        let look =
            Look { store, directory, lanes: Arc::clone(&lanes), clock, retention, metrics: Arc::clone(&metrics) };
        let look = Arc::new(look);
        let background = vec![
            tokio::spawn(until(stopping.subscribe(), Arc::clone(&look).look_forever())),
            tokio::spawn(until(stopping.subscribe(), look.sweep_forever())),
            tokio::spawn(until(stopping.subscribe(), lost.look_forever())),
            tokio::spawn(until(stopping.subscribe(), filling.fill_forever())),
            tokio::spawn(until(stopping.subscribe(), replaying.replay_forever())),
        ];
        let recording = tokio::spawn(task.run());
        Ok(Pipeline { recorder, metrics, gauges: Arc::new(gauges), lanes, feed, recording, background, stopping })
    }

    /// Takes events.
    pub fn recorder(&self) -> Recorder {
        self.recorder.clone()
    }

    /// What people may ask of the lanes.
    pub fn sending(&self) -> Sending {
        Sending::to(&self.lanes)
    }

    /// What it counts about itself.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// What happens to deliveries, for those who watch. It is to be closed before a stop waits for them.
    pub fn feed(&self) -> Arc<Feed> {
        Arc::clone(&self.feed)
    }

    /// What is so at a moment.
    pub fn gauges(&self) -> Arc<Gauges> {
        Arc::clone(&self.gauges)
    }

    /// Stops: no new attempts, leases given back, at most `drain` for those on the wire, outcomes written. Every other
    /// [`Recorder`] must be dropped before, or events may still come in.
    pub async fn stop(self, drain: Duration) {
        self.stopping.send_replace(true);
        for task in self.background {
            drop(task.await);
        }
        if tokio::time::timeout(drain, self.lanes.drain()).await.is_err() {
            tracing::warn!(
                "attempts were still on the wire when the time to drain ran out: they will be logged as interrupted"
            );
            self.lanes.abandon();
        }
        // The recorder ends last: it writes what the lanes hand on until none of them works.
        drop(self.recorder);
        if tokio::time::timeout(drain, self.recording).await.is_err() {
            tracing::warn!("the recorder did not finish in time");
        }
    }
}

/// Runs a task that never ends by itself until `stopping` is set.
async fn until(mut stopping: watch::Receiver<bool>, task: impl Future<Output = ()>) {
    tokio::select! {
        _ = stopping.wait_for(|stopping| *stopping) => {}
        () = task => {}
    }
}

async fn register(store: &dyn Store, clock: &StoreClock, metrics: &Metrics) -> Result<ProcessId, StoreError> {
    let owner = store.register(clock.now()).await?;
    let mut freed = 0;
    loop {
        let now = store.free_dead_leases(clock.now(), FREED_AT_ONCE).await?;
        freed += now;
        if now < FREED_AT_ONCE {
            break;
        }
    }
    metrics.leases.freed.add(freed);
    if freed > 0 {
        tracing::info!(deliveries = freed, "freed deliveries that a stopped process held: they are sent again");
    }
    Ok(owner)
}

/// What the background tasks use.
pub(crate) struct Look {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) directory: Arc<DirectoryHandle>,
    pub(crate) lanes: Arc<Lanes>,
    pub(crate) clock: Arc<StoreClock>,
    pub(crate) retention: Duration,
    pub(crate) metrics: Arc<Metrics>,
}

impl Look {
    async fn look_forever(self: Arc<Self>) {
        loop {
            self.lanes.look();
            if let Err(error) = self.look().await {
                tracing::warn!(error = %error, "the ledger could not be asked what is due");
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_PAUSE) => {}
                () = self.lanes.woken() => {}
            }
        }
    }

    async fn look(&self) -> Result<(), StoreError> {
        self.directory.refresh().await?;
        self.lanes.look_at_ledger(self.store.due_hooks(self.clock.now()).await?);
        Ok(())
    }

    pub(crate) async fn sweep_forever(self: Arc<Self>) {
        let mut moves = self.directory.moves();
        loop {
            let now = self.clock.now();
            let plan = SweepPlan {
                now,
                keep_from: before(now, self.retention),
                waiting_per_hook: WAITING_PER_HOOK,
                limit: SLICE_ROWS,
            };
            let swept = self.store.sweep(plan).await.inspect(|swept| self.metrics.swept(swept));
            match swept {
                Ok(swept) if swept.more => tokio::time::sleep(SLICE_PAUSE).await,
                Ok(_) => tokio::select! {
                    () = tokio::time::sleep(SWEEP_PAUSE) => {}
                    // A hook may have been disabled, or an issue deleted: what waits for it is cancelled now. Several changes
                    // share a pass.
                    Ok(()) = moves.changed() => {
                        tokio::time::sleep(LOOK_PAUSE).await;
                        moves.mark_unchanged();
                    }
                },
                Err(error) => {
                    tracing::warn!(error = %error, "upkeep failed");
                    tokio::time::sleep(SWEEP_PAUSE).await;
                }
            }
        }
    }
}

fn before(now: Millis, by: Duration) -> Millis {
    Millis(now.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
}
