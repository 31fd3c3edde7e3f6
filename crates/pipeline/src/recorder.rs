//! The recorder: requests meet here, one transaction at a time.
//!
//! No timer: when a commit returns, the next transaction takes what waits, at most [`BATCH_EVENTS`], [`BATCH_BYTES`] or what
//! owes [`BATCH_DELIVERIES`], and with it outcomes, give-backs and claims. Each request waits for its batch. The recorder, not
//! the request, hands the deliveries over, so a client that hangs up strands nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::clock::StoreClock;
use model::delivery_key::DeliveryKey;
use model::ids::{HookNumber, IssueId, ProcessId, ProjectId};
use model::limits::{BATCH_BYTES, BATCH_DELIVERIES, BATCH_EVENTS, RECORD_WAIT_SECONDS};
use protocol::EventId;
use store::ledger::{Batch, BatchEvent, EventResult, NewEvent, OwedRow};
use store::{Store, StoreError};
use tokio::sync::{mpsc, oneshot};

use crate::budget::Held;
use crate::directory::{Directory, DirectoryHandle};
use crate::lanes::Lanes;
use crate::live::Feed;
use crate::metrics::Metrics;
use crate::work::{Waiting, Work};

/// Requests that may wait for a transaction; the intake budget refuses long before.
const QUEUED_EVENTS: usize = 16_384;
/// How long a request waits for its commit.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(RECORD_WAIT_SECONDS);
/// While the store is away, how often the recorder tries a small commit.
const PROBE_PAUSE: Duration = Duration::from_secs(1);
/// How often an event is matched again before its request is told to come back.
const MATCHES: u32 = 5;

/// Takes events from requests.
#[derive(Clone)]
pub struct Recorder {
    queue: mpsc::Sender<Pending>,
    work: Arc<Work>,
}

/// How many events wait for a transaction; holds nobody up, and no recorder open.
pub(crate) struct Backlog(mpsc::WeakSender<Pending>);

/// A committed event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It is on disk, and so is every delivery that it owes.
    Recorded {
        /// Its issue.
        issue: IssueId,
    },
    /// It was there already.
    Duplicate,
}

/// Why an event was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The store takes no writes, or did not answer in time: come back later.
    #[error("the event could not be stored durably: try again")]
    Unavailable,
    /// Its project or key is gone.
    #[error("the project does not accept events any more")]
    Gone,
    /// The store refused this event, and would refuse it again.
    #[error("the event was refused by the store")]
    Refused(#[source] Arc<StoreError>),
}

/// An event that waits for its transaction.
pub(crate) struct Pending {
    event: Arc<NewEvent>,
    held: Held,
    matches: u32,
    answer: oneshot::Sender<Result<Accepted, RecordError>>,
}

/// The task behind [`Recorder`].
pub(crate) struct RecorderTask {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) directory: Arc<DirectoryHandle>,
    pub(crate) lanes: Arc<Lanes>,
    pub(crate) work: Arc<Work>,
    pub(crate) clock: Arc<StoreClock>,
    pub(crate) owner: ProcessId,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) feed: Arc<Feed>,
    queue: mpsc::Receiver<Pending>,
}

/// What the task is made from.
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) directory: Arc<DirectoryHandle>,
    pub(crate) lanes: Arc<Lanes>,
    pub(crate) work: Arc<Work>,
    pub(crate) clock: Arc<StoreClock>,
    pub(crate) owner: ProcessId,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) feed: Arc<Feed>,
}

impl Recorder {
    /// Makes the handle and the task.
    pub(crate) fn new(parts: Parts) -> (Recorder, RecorderTask) {
        let (sender, queue) = mpsc::channel(QUEUED_EVENTS);
        let recorder = Recorder { queue: sender, work: Arc::clone(&parts.work) };
        let Parts { store, directory, lanes, work, clock, owner, metrics, feed } = parts;
        (recorder, RecorderTask { store, directory, lanes, work, clock, owner, metrics, feed, queue })
    }

    /// Records an event; answers after its commit. Dropping the future does not withdraw the event.
    ///
    /// # Errors
    /// See [`RecordError`]. After `Unavailable` the event may still be recorded.
    pub async fn record(&self, event: NewEvent, held: Held) -> Result<Accepted, RecordError> {
        if self.work.store_is_away() {
            return Err(RecordError::Unavailable);
        }
        let (answer, answered) = oneshot::channel();
        let pending = Pending { event: Arc::new(event), held, matches: 0, answer };
        self.queue.try_send(pending).map_err(|_| RecordError::Unavailable)?;
        match tokio::time::timeout(COMMIT_TIMEOUT, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(RecordError::Unavailable),
        }
    }

    /// To watch the queue with.
    pub(crate) fn backlog(&self) -> Backlog {
        Backlog(self.queue.downgrade())
    }

    /// Whether the store is known not to take writes.
    pub fn is_away(&self) -> bool {
        self.work.store_is_away()
    }
}

impl Backlog {
    /// How many there are now.
    pub(crate) fn events(&self) -> usize {
        self.0.upgrade().map_or(0, |queue| queue.max_capacity() - queue.capacity())
    }
}

impl RecorderTask {
    /// Runs until every [`Recorder`] is dropped, no lane works and nothing waits.
    pub(crate) async fn run(mut self) {
        let mut again = Vec::new();
        while let Some(left) = self.step(again).await {
            again = left;
        }
    }

    /// Waits for something to do and runs one transaction. Returns the events that go with the next; `None` at the end.
    pub(crate) async fn step(&mut self, again: Vec<Pending>) -> Option<Vec<Pending>> {
        let (pending, waiting) = self.next(again).await?;
        Some(self.transact(pending, waiting).await)
    }

    /// What the next transaction does; `None` at the end.
    async fn next(&mut self, mut pending: Vec<Pending>) -> Option<(Vec<Pending>, Waiting)> {
        let mut waiting = self.work.take();
        let mut closed = false;
        while pending.is_empty() && waiting.is_empty() {
            tokio::select! {
                first = self.queue.recv(), if !closed => match first {
                    Some(first) => pending.push(first),
                    None => closed = true,
                },
                () = self.work.bell.notified() => {}
                // An event whose client hung up may be handed over after the lanes were emptied: what they give back has
                // to be written too. Who is idle has handed everything on, so one more look is enough.
                () = self.lanes.idle(), if closed => {
                    waiting = self.work.take();
                    if waiting.is_empty() {
                        return None;
                    }
                    break;
                }
            }
            waiting = self.work.take();
        }
        let mut load = pending.iter().fold(Load::default(), |load, pending| load.with(&pending.event));
        while pending.len() < BATCH_EVENTS
            && load.bytes < BATCH_BYTES
            && load.deliveries < BATCH_DELIVERIES
            && let Ok(next) = self.queue.try_recv()
        {
            load = load.with(&next.event);
            pending.push(next);
        }
        Some((pending, waiting))
    }

    /// Runs one transaction and tells everybody. Returns the events that are to be recorded with the next.
    async fn transact(&mut self, pending: Vec<Pending>, mut waiting: Waiting) -> Vec<Pending> {
        let with_room = |pending: &Pending| BatchEvent {
            event: Arc::clone(&pending.event),
            room: self.lanes.reserve(&pending.event),
        };
        let events: Vec<_> = pending.iter().map(with_room).collect();
        let alert_room = self.lanes.reserve_alerts(&events);
        let lost = self.without_holder(waiting.suspects);
        if !lost.is_empty() {
            self.metrics.leases.lost.add(lost.len());
            tracing::warn!(
                deliveries = lost.len(),
                "deliveries were leased to this process and nowhere in it: given back"
            );
            waiting.give_backs.extend(lost);
        }
        let skip = self.lanes.skipping(&events);
        let Waiting { settlements, standings, gone, tests, give_backs, claims, .. } = waiting;
        let (claims, askers): (Vec<_>, Vec<_>) = claims.into_iter().unzip();
        let (tests, testers): (Vec<_>, Vec<_>) = tests.into_iter().unzip();
        let (owner, now, standings) = (self.owner, self.clock.now(), standings.into_iter().collect());
        let work = Batch { tests, settlements, standings, gone, give_backs, claims, ..Batch::empty(owner, now) };
        let batch = Arc::new(Batch { events, alert_room, skip, ..work });
        let begun = Instant::now();
        let recorded = self.store.record(Arc::clone(&batch)).await;
        self.metrics.record_commit_micros.observe_micros(begun.elapsed());
        match recorded {
            Ok(recorded) => {
                self.feed.committed(&batch, &recorded);
                self.metrics.committed(&batch, &recorded);
                self.work.open_gate();
                for (asker, claimed) in askers.into_iter().zip(recorded.claimed) {
                    self.lanes.lease(&claimed);
                    if let Err(claimed) = asker.send(claimed) {
                        // The asker is gone.
                        self.lanes.give_back_claimed(&claimed);
                    }
                }
                for (tester, key) in testers.into_iter().zip(recorded.tests) {
                    self.lanes.lease_test(key);
                    if tester.send(key).is_err() {
                        self.lanes.give_back_test(key);
                    }
                }
                self.take_over_alerts(&batch.alert_room, &recorded.events);
                self.forget_gone(&batch.gone).await;
                self.answer(pending, &batch.events, recorded.events).await
            }
            Err(error) => {
                // The store has let it go, so nothing is copied.
                let mut batch = Arc::unwrap_or_clone(batch);
                let events = std::mem::take(&mut batch.events);
                self.lanes.release_alerts(std::mem::take(&mut batch.alert_room));
                self.work.put_back(batch);
                let mut unknown = Vec::new();
                for (pending, event) in pending.into_iter().zip(events) {
                    drop(pending.answer.send(Err(RecordError::Unavailable)));
                    unknown.push((event, pending.held));
                }
                self.outage(unknown, error).await;
                Vec::new()
            }
        }
    }

    async fn answer(&self, pending: Vec<Pending>, events: &[BatchEvent], results: Vec<EventResult>) -> Vec<Pending> {
        let mut moved = Vec::new();
        for ((pending, item), result) in pending.into_iter().zip(events).zip(results) {
            match result {
                EventResult::Recorded(recorded) => {
                    let issue = recorded.issue;
                    if item.event.candidates.hop.is_loop() {
                        let (id, hop) = (item.event.id, item.event.candidates.hop);
                        self.metrics.events.loops_ended.add(1);
                        tracing::warn!(event.id = %id, event.hop = %hop, "webhooks have led to this event too often: it owes nothing");
                    }
                    self.hand_over(item, issue, recorded.into_leased());
                    drop(pending.answer.send(Ok(Accepted::Recorded { issue })));
                }
                EventResult::Duplicate => {
                    self.lanes.release(&item.room);
                    drop(pending.answer.send(Ok(Accepted::Duplicate)));
                }
                EventResult::Moved => {
                    self.lanes.release(&item.room);
                    moved.push(pending);
                }
                EventResult::Refused(error) => {
                    self.lanes.release(&item.room);
                    tracing::error!(event.id = %item.event.id, error = %error, "the store refused an event");
                    drop(pending.answer.send(Err(RecordError::Refused(Arc::new(error)))));
                }
            }
        }
        if moved.is_empty() { moved } else { self.match_again(moved).await }
    }

    /// Hooks were disabled: no attempt starts for them from now on.
    async fn forget_gone(&self, gone: &[HookNumber]) {
        if gone.is_empty() {
            return;
        }
        if let Err(error) = self.directory.refresh().await {
            tracing::warn!(error = %error, "the directory could not be read");
        }
        gone.iter().for_each(|hook| self.lanes.forget_receiver(*hook));
    }

    /// Gives the places for alerts back that no event has used, and has those claimed at once that found none.
    fn take_over_alerts(&self, room: &[(HookNumber, usize)], results: &[EventResult]) {
        let recorded = results.iter().filter_map(|result| match result {
            EventResult::Recorded(recorded) => Some(recorded),
            EventResult::Duplicate | EventResult::Moved | EventResult::Refused(_) => None,
        });
        let alerts: Vec<_> = recorded.flat_map(|recorded| &recorded.owed).filter(|owed| owed.alert.is_some()).collect();
        let used = |hook| alerts.iter().filter(|owed| owed.leased && owed.key.hook == hook).count();
        self.lanes.release_alerts(room.iter().map(|&(hook, places)| (hook, places.saturating_sub(used(hook)))));
        let waiting: BTreeSet<_> = alerts.iter().filter(|owed| !owed.leased).map(|owed| owed.key.hook).collect();
        self.lanes.claim_due(waiting.into_iter().collect());
    }

    /// Gives the lanes what was born leased, and the rest of the reserved places back.
    fn hand_over(&self, item: &BatchEvent, issue: IssueId, leased: Vec<OwedRow>) {
        let is_used = |hook: &HookNumber| leased.iter().any(|owed| owed.alert.is_none() && owed.key.hook == *hook);
        let unused: Vec<_> = item.room.iter().filter(|hook| !is_used(hook)).copied().collect();
        self.lanes.release(&unused);
        if !leased.is_empty() {
            self.lanes.hand_over(&item.event, issue, leased);
        }
    }

    /// Matches events anew under the directory that the store has now.
    async fn match_again(&self, moved: Vec<Pending>) -> Vec<Pending> {
        if let Err(error) = self.directory.refresh().await {
            tracing::warn!(error = %error, "the directory could not be read");
        }
        let directory = self.directory.current();
        let mut again = Vec::new();
        for mut pending in moved {
            pending.matches += 1;
            match rematch(&directory, &pending.event) {
                None => drop(pending.answer.send(Err(RecordError::Gone))),
                Some(_) if pending.matches > MATCHES => drop(pending.answer.send(Err(RecordError::Unavailable))),
                Some(event) => {
                    pending.event = Arc::new(event);
                    again.push(pending);
                }
            }
        }
        again
    }

    /// Of deliveries that are leased to us, those that nobody holds: no lane, no outcome and no give-back that waits.
    ///
    /// Exact, because only this task makes and ends leases: what leaves a lane is in [`Work`] before it has left, and what
    /// was taken out of there is in the transaction that is about to run, before these.
    pub(crate) fn without_holder(&self, suspects: Vec<DeliveryKey>) -> Vec<DeliveryKey> {
        if suspects.is_empty() {
            return suspects;
        }
        let mut lost: Vec<_> = suspects.into_iter().filter(|key| !self.lanes.holds(key)).collect();
        let leaving = self.work.leaving();
        lost.retain(|key| !leaving.contains(key));
        lost
    }

    /// Waits until the store is back. `unknown` are the events of the transaction that failed.
    async fn outage(&mut self, mut unknown: Vec<(BatchEvent, Held)>, error: StoreError) {
        tracing::error!(error = %error, cause = ?std::error::Error::source(&error), "the store does not take writes");
        self.work.store_went_away();
        if !matches!(error, StoreError::UnknownCommit(_)) {
            for (event, _held) in unknown.drain(..) {
                self.lanes.release(&event.room);
            }
        }
        if matches!(error, StoreError::Closed) {
            // The process is stopping: the next start is the recovery.
            return;
        }
        loop {
            tokio::time::sleep(PROBE_PAUSE).await;
            while let Ok(late) = self.queue.try_recv() {
                drop(late.answer.send(Err(RecordError::Unavailable)));
            }
            match self.store.probe().await {
                Ok(()) if self.find_unknown(&mut unknown).await => break,
                Err(StoreError::Closed) => return,
                Ok(()) | Err(_) => {}
            }
        }
        tracing::info!("the store takes writes again");
        self.work.store_came_back();
    }

    /// After a commit of unknown outcome: what is there is handed over, what is not is forgotten. False where the store is
    /// away again: it is asked until it answers, for as long as this process lives. What it can never tell, because a
    /// row is damaged, is left to the look for leases that nobody holds.
    async fn find_unknown(&self, unknown: &mut Vec<(BatchEvent, Held)>) -> bool {
        if unknown.is_empty() {
            return true;
        }
        let ids: Vec<(ProjectId, EventId)> =
            unknown.iter().map(|(item, _)| (item.event.project, item.event.id)).collect();
        let mut found = match self.store.find_recorded(ids, self.clock.now()).await {
            Ok(found) => found.into_iter(),
            Err(error) => {
                tracing::error!(error = %error, "events of an unknown commit could not be looked up");
                if error.is_outage() {
                    return false;
                }
                Vec::new().into_iter()
            }
        };
        for (item, _held) in unknown.drain(..) {
            match found.next().flatten() {
                // It may be a duplicate of an event that was handed over before.
                Some(recorded) => {
                    let issue = recorded.issue;
                    let mut leased = recorded.into_leased();
                    let without_holder = self.without_holder(leased.iter().map(|owed| owed.key).collect());
                    leased.retain(|owed| without_holder.contains(&owed.key));
                    self.hand_over(&item, issue, leased);
                }
                None => self.lanes.release(&item.room),
            }
        }
        true
    }
}

/// What the events of a batch bring.
#[derive(Default)]
struct Load {
    bytes: usize,
    /// What they may owe: a hundred hooks make a hundred rows of each event.
    deliveries: usize,
}

impl Load {
    fn with(self, event: &NewEvent) -> Load {
        let owed = event.candidates.created.len() + event.candidates.may_alert().len();
        Load { bytes: self.bytes + event.value.len(), deliveries: self.deliveries + owed }
    }
}

/// The event matched under a newer directory; `None` where its key or project is not accepted any more.
fn rematch(directory: &Directory, event: &NewEvent) -> Option<NewEvent> {
    directory.key(event.key).filter(|key| key.active && key.project == event.project)?;
    let project = directory.project(event.project)?;
    let candidates = project.candidates_of_stored(event.candidates.hop, &event.value, event.received);
    Some(NewEvent { generation: project.project.generation, candidates, ..event.clone() })
}
