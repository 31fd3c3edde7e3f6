//! Deliveries as people work on them: listed, looked at, sent again one by one, and replayed by the period.
//!
//! The ledger owes, leases and settles. What is sent again here waits like what was just owed, with the same id and the same
//! bytes; its log goes on. A replay is a job of the store's: its cursor moves in the transaction that moves the deliveries,
//! so whoever goes on with it after a crash takes none twice.

use async_trait::async_trait;
use model::attempt::Outcome;
use model::delivery::DeliveryState;
use model::delivery_key::DeliveryKey;
use model::ids::{HookNumber, IssueId, Millis, ProjectId, ReplayId};
use protocol::EventId;
use webhook::Kind;

use crate::error::StoreError;
use crate::issues::{Cut, Listed, Place};
use crate::ledger::{LoggedAttempt, StoredBody};

/// Deliveries, for API and pages. All times are the store's clock, passed in.
#[async_trait]
pub trait Deliveries: Send + Sync + 'static {
    /// A page of a hook's deliveries for which the filter holds, the newest first.
    async fn search_deliveries(&self, search: DeliverySearch) -> Result<SearchedDeliveries, StoreError>;

    /// One delivery with its body and the newest of its attempts.
    async fn delivery(&self, key: DeliveryKey) -> Result<Option<DeliveryDetail>, StoreError>;

    /// Those of these deliveries that are there, in the order asked.
    async fn deliveries_at(&self, keys: Vec<DeliveryKey>) -> Result<Vec<DeliveryRow>, StoreError>;

    /// Has a settled delivery sent again: it waits, due now, and is as old as this moment.
    ///
    /// # Errors
    /// `Missing` where there is no such delivery.
    async fn send_again(&self, key: DeliveryKey, now: Millis) -> Result<SendAgain, StoreError>;

    /// Begins a replay, unless one of the hook runs.
    ///
    /// # Errors
    /// `Missing` where there is no such hook.
    async fn create_replay(&self, new: NewReplay) -> Result<ReplayBegun, StoreError>;

    /// A replay of a hook.
    async fn replay(&self, hook: HookNumber, replay: ReplayId) -> Result<Option<Replay>, StoreError>;

    /// A page of a hook's replays, the newest first.
    async fn replays(&self, hook: HookNumber, cut: Cut) -> Result<Listed<Replay>, StoreError>;

    /// The replays that run, of all hooks.
    async fn running_replays(&self) -> Result<Vec<(HookNumber, ReplayId)>, StoreError>;

    /// One transaction: has up to `limit` deliveries of a replay sent again and moves its cursor beyond them. It ends where it
    /// finds no more, and stops where its hook does not fire any more. `None` where the replay does not run.
    async fn replay_slice(
        &self,
        replay: ReplayId,
        limit: usize,
        now: Millis,
    ) -> Result<Option<ReplaySlice>, StoreError>;

    /// Stops a replay of a hook if it runs; as it is after that. What it has sent again stays so.
    async fn stop_replay(&self, hook: HookNumber, replay: ReplayId, now: Millis) -> Result<Option<Replay>, StoreError>;
}

/// Which deliveries of a hook, and which part of their list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliverySearch {
    /// The hook's project.
    pub project: ProjectId,
    /// The hook.
    pub hook: HookNumber,
    /// Which of its deliveries.
    pub filter: DeliveryFilter,
    /// Which part. A place is one of [`DeliveryRow::place`].
    pub cut: Cut,
}

/// What must hold of a delivery. An empty list is no demand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// It is in one of these states.
    pub states: Vec<DeliveryState>,
    /// Its last attempt ended in one of these ways.
    pub outcomes: Vec<Outcome>,
    /// It is of one of these kinds.
    pub kinds: Vec<Kind>,
    /// It is about this event: the newest of the project with this id.
    pub event: Option<EventId>,
    /// It is about an event of this issue.
    pub issue: Option<IssueId>,
    /// Its event was received then or later.
    pub since: Option<Millis>,
    /// Its event was received then or earlier.
    pub until: Option<Millis>,
}

/// A part of a list of deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchedDeliveries {
    /// The part. `more` too where not all was looked at.
    pub listed: Listed<DeliveryRow>,
    /// Where looking ended before the part was full and before the list was: it goes on there.
    pub reached: Option<Place>,
}

/// A delivery as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Which.
    pub key: DeliveryKey,
    /// Where it stands.
    pub state: DeliveryState,
    /// The event that it is about: none of a test, nor where the event is gone.
    pub event: Option<EventId>,
    /// That event's issue.
    pub issue: Option<IssueId>,
    /// What people call that issue: none of a deleted one.
    pub issue_name: Option<IssueName>,
    /// When the event was read.
    pub created: Millis,
    /// When it is to be tried, where it waits.
    pub due: Option<Millis>,
    /// When it was settled, where it is.
    pub settled: Option<Millis>,
    /// When it was last asked to be sent again.
    pub sent_again: Option<Millis>,
    /// Rows of its log.
    pub attempts: u32,
    /// Attempts of its log that went out or may have.
    pub sent: u32,
    /// The last row of its log.
    pub last: Option<LoggedAttempt>,
}

/// What people call an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueName {
    /// Its number in the project, from 1.
    pub short_number: u64,
    /// The title of its last event.
    pub title: String,
}

/// A delivery with what was sent and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryDetail {
    /// The delivery.
    pub delivery: DeliveryRow,
    /// Its body; none where the event is gone.
    pub body: Option<StoredBody>,
    /// The newest rows of its log, at most [`SHOWN_ATTEMPTS`](model::limits::SHOWN_ATTEMPTS), oldest first.
    pub log: Vec<LoggedAttempt>,
}

/// What came of the wish to have a delivery sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendAgain {
    /// It waits.
    Waits(Box<DeliveryRow>),
    /// It is not settled: it is in this state.
    Unsettled(DeliveryState),
    /// Its event is gone, and with it what could be sent.
    BodyGone,
    /// Its hook does not fire.
    HookDisabled,
}

/// The states that a replay may take deliveries from: those in which nothing was delivered.
pub const REPLAYED_STATES: [DeliveryState; 4] =
    [DeliveryState::Failed, DeliveryState::Expired, DeliveryState::Cancelled, DeliveryState::Skipped];

/// Some of [`REPLAYED_STATES`], at least one, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayStates(Vec<DeliveryState>);

/// A replay to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReplay {
    /// The hook's project.
    pub project: ProjectId,
    /// Whose deliveries.
    pub hook: HookNumber,
    /// Whose event was received then or later.
    pub since: Millis,
    /// Whose event was received then or earlier.
    pub until: Millis,
    /// Which are in one of these states when the replay comes to them.
    pub states: ReplayStates,
    /// The store's time.
    pub now: Millis,
}

/// What came of the wish for a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplayBegun {
    /// It runs.
    Runs(Replay),
    /// This one runs already.
    Running(Replay),
    /// Its hook does not fire.
    HookDisabled,
}

/// A replay as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Its id.
    pub id: ReplayId,
    /// Whose deliveries.
    pub hook: HookNumber,
    /// From when.
    pub since: Millis,
    /// To when.
    pub until: Millis,
    /// In which states.
    pub states: ReplayStates,
    /// Whether it still runs.
    pub state: ReplayState,
    /// How many deliveries it had to send again when it was made.
    pub found: u64,
    /// How many it has had sent again.
    pub sent_again: u64,
    /// When it was made.
    pub created: Millis,
    /// When it ended.
    pub ended: Option<Millis>,
}

/// Whether a replay runs. Codes are kept in rows: they never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayState {
    /// It has not come to its end.
    Running = 0,
    /// It came to its end.
    Done = 1,
    /// Somebody stopped it, or its hook does not fire any more.
    Stopped = 2,
}

/// What one slice of a replay did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplaySlice {
    /// The replay after it.
    pub replay: Replay,
    /// How many deliveries wait again.
    pub sent_again: usize,
}

impl DeliveryFilter {
    /// Whether what a delivery's own row says is as demanded.
    pub fn takes(&self, state: DeliveryState, kind: Kind, created: Millis) -> bool {
        (self.states.is_empty() || self.states.contains(&state))
            && (self.kinds.is_empty() || self.kinds.contains(&kind))
            && self.since.is_none_or(|since| created >= since)
            && self.until.is_none_or(|until| created <= until)
    }
}

impl DeliveryRow {
    /// Its place in a list: its day, then its event's number and its kind in one.
    pub fn place(&self) -> Place {
        place(&self.key)
    }
}

/// How many bits a kind has in a place.
pub(crate) const KIND_BITS: u32 = 4;

/// A delivery's place in its hook's list.
pub(crate) fn place(key: &DeliveryKey) -> Place {
    Place { key: key.day.0.into(), id: i64::from(key.seq) << KIND_BITS | i64::from(key.kind.code()) }
}

/// Day, number and kind of a place, which may be nobody's.
pub(crate) fn parts(place: Place) -> [i64; 3] {
    [place.key, place.id >> KIND_BITS, place.id & ((1 << KIND_BITS) - 1)]
}

/// The place of these parts.
pub(crate) fn place_of([day, seq, kind]: [i64; 3]) -> Place {
    Place { key: day, id: seq << KIND_BITS | kind }
}

impl ReplayStates {
    /// Some states, of which at least one and nothing but [`REPLAYED_STATES`] must be.
    pub fn new(states: impl IntoIterator<Item = DeliveryState>) -> Option<ReplayStates> {
        let mut states: Vec<_> = states.into_iter().collect();
        states.sort_unstable();
        states.dedup();
        let all_known = states.iter().all(|state| REPLAYED_STATES.contains(state));
        (all_known && !states.is_empty()).then_some(ReplayStates(states))
    }

    /// All of them.
    pub fn every() -> ReplayStates {
        ReplayStates(REPLAYED_STATES.to_vec())
    }

    /// The states, by code.
    pub fn as_slice(&self) -> &[DeliveryState] {
        &self.0
    }
}

impl ReplayState {
    /// Every state, by code.
    pub const ALL: [ReplayState; 3] = [ReplayState::Running, ReplayState::Done, ReplayState::Stopped];

    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            ReplayState::Running => "running",
            ReplayState::Done => "done",
            ReplayState::Stopped => "stopped",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_takes_what_was_not_delivered_and_nothing_else() {
        let states = [DeliveryState::Skipped, DeliveryState::Failed, DeliveryState::Skipped];
        let read = ReplayStates::new(states).map(|states| states.as_slice().to_vec());
        assert_eq!(read, Some(vec![DeliveryState::Failed, DeliveryState::Skipped]));
        assert_eq!(ReplayStates::new([]), None);
        for state in DeliveryState::ALL {
            assert_eq!(ReplayStates::new([state]).is_some(), REPLAYED_STATES.contains(&state), "{state:?}");
        }
    }
}
