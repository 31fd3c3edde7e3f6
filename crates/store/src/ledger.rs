//! The ledger: events, what they owe, who may send it, what came of it.
//!
//! Written for many processes on one store. A process registers once and gets a [`ProcessId`]; a delivery leased to that
//! id is that process's alone until it settles it, gives it back, or is declared dead.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use model::attempt::{Interrupted, Outcome};
use model::delivery::{DeliveryState, Priority};
use model::delivery_key::DeliveryKey;
use model::egress::AddressClass;
use model::grouping::GroupingKey;
use model::ids::{Generation, HookNumber, IssueId, Millis, ProcessId, ProjectId, Seq};
use model::matching::EventCandidates;
use model::payload::CreatedBody;
use model::standing::Standing;
use protocol::event::{EventKind, Level};
use protocol::{EventId, PublicKey};

use crate::error::StoreError;
use crate::marks::Marks;

/// Events and deliveries. All times are the store's clock, passed in.
#[async_trait]
pub trait Ledger: Send + Sync + 'static {
    /// Makes a row for this process; leases are written under its id. Earlier processes that are known to be gone (on the
    /// embedded store: all of them, the folder's lock says so) are marked dead.
    async fn register(&self, now: Millis) -> Result<ProcessId, StoreError>;

    /// Frees up to `limit` leases of dead processes: each delivery waits again, due `now`, with an `interrupted` attempt
    /// in its log (it may have been sent). Returns how many; fewer than `limit` means that none is left.
    async fn free_dead_leases(&self, now: Millis, limit: usize) -> Result<usize, StoreError>;

    /// One transaction: records events, decides and owes for them, settles, gives back and claims. When it returns, all
    /// of it is on disk.
    ///
    /// What the store refuses fails alone: an event is answered `Refused`, an outcome fails its delivery, a claim gets
    /// nothing. A settlement may be handed in again after an outage: what is in the log already is not logged twice.
    ///
    /// # Errors
    /// Only where nothing of the batch was kept, or, with `UnknownCommit`, where that is not known. What the
    /// caller kept of the batch can then be handed in again: the store has let it go before it answers.
    async fn record(&self, batch: Arc<Batch>) -> Result<Recorded, StoreError>;

    /// A small durable commit that changes nothing: tells whether writing works again.
    async fn probe(&self) -> Result<(), StoreError>;

    /// Of these events, those that are recorded: for a commit whose outcome was unknown. Same order as asked.
    async fn find_recorded(
        &self,
        events: Vec<(ProjectId, EventId)>,
        now: Millis,
    ) -> Result<Vec<Option<RecordedEvent>>, StoreError>;

    /// Up to `limit` deliveries that are leased to a process, in the order of their keys, those after `after` where it is
    /// given. Fewer than `limit` means that there are no more.
    async fn leases(
        &self,
        owner: ProcessId,
        after: Option<DeliveryKey>,
        limit: usize,
    ) -> Result<Vec<DeliveryKey>, StoreError>;

    /// How the receivers of hooks stand: of all hooks that had an attempt.
    async fn standings(&self) -> Result<Vec<(HookNumber, Standing)>, StoreError>;

    /// What waits for each of these hooks, due or not, in the order asked.
    async fn backlogs(&self, hooks: Vec<HookNumber>) -> Result<Vec<Backlog>, StoreError>;

    /// Hooks with unleased deliveries that are due.
    async fn due_hooks(&self, now: Millis) -> Result<Vec<HookNumber>, StoreError>;

    /// The bodies of the first of these deliveries, as they are to be sent: as many as have at most `limit_bytes` together.
    async fn bodies(&self, deliveries: Vec<DeliveryKey>, limit_bytes: usize) -> Result<Bodies, StoreError>;

    /// One slice of upkeep: deletes what was received before the day of `keep_from` and what belongs to deleted projects and
    /// hooks, cancels what waits for hooks that do not fire, expires what waits longer for its first attempt than its hook
    /// allows, and the oldest repeats of a hook for which too much waits. Slices
    /// make a pass over the whole store; `more` is false at its end. What is leased is left alone.
    async fn sweep(&self, plan: SweepPlan) -> Result<Swept, StoreError>;

    /// How many deliveries are in each state, and how many events there are. Walks the whole store: for tools and tests.
    async fn totals(&self) -> Result<Totals, StoreError>;

    /// Reads one event.
    async fn event(&self, project: ProjectId, event: EventId) -> Result<Option<StoredEvent>, StoreError>;

    /// The deliveries of an event with their attempts, oldest first.
    async fn deliveries(&self, project: ProjectId, event: EventId) -> Result<Vec<StoredDelivery>, StoreError>;

    /// Attempts per interval for a hook: `(start, count)` of every interval that has any, from the one that holds `since` to
    /// the one that holds `until`.
    async fn hook_attempts(&self, hook: HookNumber, range: CountRange) -> Result<Vec<(Millis, u64)>, StoreError>;
}

/// An event that needs nothing but an issue and a row.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Whose it is.
    pub project: ProjectId,
    /// The directory's generation of the project under which `candidates` were matched.
    pub generation: Generation,
    /// The key that it was sent with.
    pub key: PublicKey,
    /// The SDK's id.
    pub id: EventId,
    /// When it was read.
    pub received: Millis,
    /// When it happened.
    pub timestamp: Millis,
    /// Which issue it belongs to.
    pub grouping: GroupingKey,
    /// What the issue's row shows of its last event.
    pub summary: Summary,
    /// The body, less the issue's id.
    pub body: CreatedBody,
    /// The JSON of the body's `event` value.
    pub value: Bytes,
    /// The same, zstd.
    pub compressed: Vec<u8>,
    /// What it leaves in its issue's rows.
    pub marks: Marks,
    /// What may be owed.
    pub candidates: EventCandidates,
}

/// What an issue shows of an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// How bad.
    pub level: Level,
    /// Error, message or report.
    pub kind: EventKind,
    /// The SDK's platform.
    pub platform: &'static str,
    /// The title.
    pub title: String,
    /// The culprit.
    pub culprit: String,
    /// Whether the event had no title of its own: such a one never takes the place of a real one.
    pub has_placeholder_title: bool,
    /// The SDK's logger, empty where absent.
    pub logger: String,
    /// Sentry's `metadata` of the event: a JSON object.
    pub metadata: String,
    /// Whether an exception says that nobody handled it.
    pub unhandled: bool,
}

/// One event of a batch, and the hooks whose lanes have kept a place for its `event.created`.
#[derive(Debug, Clone)]
pub struct BatchEvent {
    /// The event.
    pub event: Arc<NewEvent>,
    /// Deliveries to these hooks are born leased.
    pub room: Vec<HookNumber>,
}

/// What one transaction does.
#[derive(Debug, Clone)]
pub struct Batch {
    /// In whose name leases are written and settled.
    pub owner: ProcessId,
    /// The store's time.
    pub now: Millis,
    /// Events to record.
    pub events: Vec<BatchEvent>,
    /// Hooks whose lanes have kept places for alerts, and how many: whichever events of the batch owe them.
    pub alert_room: Vec<(HookNumber, usize)>,
    /// Hooks with an open circuit that ask to skip then: what the events owe them is settled as skipped.
    pub skip: Vec<HookNumber>,
    /// Test deliveries to make, each leased.
    pub tests: Vec<NewTest>,
    /// Attempts that ended.
    pub settlements: Vec<Settlement>,
    /// How the receivers of hooks stand now.
    pub standings: Vec<(HookNumber, Standing)>,
    /// Hooks whose receivers are gone: they are disabled.
    pub gone: Vec<HookNumber>,
    /// Leases that are not wanted any more.
    pub give_backs: Vec<DeliveryKey>,
    /// Leases that are wanted, after what is settled and given back.
    pub claims: Vec<Claim>,
}

/// A test that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTest {
    /// Whose hook.
    pub project: ProjectId,
    /// Which hook.
    pub hook: HookNumber,
    /// When it was asked for: to the millisecond in the delivery's id.
    pub received: Millis,
    /// What is sent.
    pub body: Bytes,
}

/// What one transaction did, in the order of the batch.
#[derive(Debug, Default)]
pub struct Recorded {
    /// One for each event.
    pub events: Vec<EventResult>,
    /// One for each test.
    pub tests: Vec<DeliveryKey>,
    /// One for each claim.
    pub claimed: Vec<Vec<Claimed>>,
}

/// What became of an event.
#[derive(Debug)]
pub enum EventResult {
    /// It is recorded.
    Recorded(RecordedEvent),
    /// The project has an event of this id from today or yesterday.
    Duplicate,
    /// The project's configuration has a newer generation: match again and come back. Nothing was recorded.
    Moved,
    /// The event alone was refused; the rest of the batch stands.
    Refused(StoreError),
}

/// A recorded event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Its number in the store.
    pub seq: Seq,
    /// Its issue.
    pub issue: IssueId,
    /// What it owes.
    pub owed: Vec<OwedRow>,
}

/// One delivery row as it was inserted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedRow {
    /// Which delivery.
    pub key: DeliveryKey,
    /// How soon, among those of its hook.
    pub priority: Priority,
    /// Whether it is leased to the process that recorded it.
    pub leased: bool,
    /// The body of an alert; that of other kinds is the event's.
    pub alert: Option<Bytes>,
}

/// What came of a leased delivery.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// Which delivery.
    pub key: DeliveryKey,
    /// Appended to its log: none where it was cancelled before it was tried, two where a stale connection was replaced.
    pub attempts: Vec<AttemptRow>,
    /// Its next state.
    pub next: NextState,
}

/// The state a settled delivery moves to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextState {
    /// A 2xx.
    Delivered,
    /// An answer or a silence that is final.
    Failed,
    /// Its first attempt did not come in time.
    Expired,
    /// Its hook, issue or project does not want it any more.
    Cancelled,
    /// It is to be tried again.
    Waiting {
        /// Not before.
        due: Millis,
    },
}

/// One try, as the log keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRow {
    /// When it began.
    pub started: Millis,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether a byte of the request was written, or may have been.
    pub went_out: bool,
    /// The receiver's status.
    pub status: Option<u16>,
    /// Whether the connection had been used before.
    pub reused: bool,
    /// What kind of address was connected to, where a connection stood.
    pub peer: Option<AddressClass>,
    /// When the receiver's certificate expires, where one was seen.
    pub certificate_expires: Option<Millis>,
    /// The whole attempt.
    pub duration_us: u64,
    /// Shares of the duration: resolving, connecting, TLS, until the first byte.
    pub phases_us: [u64; 4],
    /// The error in words, empty on success.
    pub error: String,
    /// What is kept of the answer's headers.
    pub response_headers: String,
    /// What is kept of the answer's body.
    pub response_body: String,
}

/// A wish for leases on what waits for one hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Whose deliveries.
    pub hook: HookNumber,
    /// At most so many.
    pub limit: usize,
    /// Which first.
    pub order: ClaimOrder,
}

/// In which order a claim takes what is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimOrder {
    /// By priority, then by due time.
    Priority,
    /// By age alone, so that no priority starves.
    Age,
    /// The least important one, through an open circuit that has had so many probes: nothing where it is not open, or has
    /// had another number of them. The probe is counted in the same transaction.
    Probe {
        /// See [`Opened::probes`](model::standing::Opened::probes).
        probes: u32,
    },
}

/// A lease on a delivery that waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed {
    /// Which delivery.
    pub key: DeliveryKey,
    /// When its event was received.
    pub received: Millis,
    /// Attempts in its log that went out or may have.
    pub sent: u32,
    /// Of these, those since it was owed or last sent again.
    pub tried: u32,
    /// When it was owed, or last sent again.
    pub since: Millis,
}

/// What waits for a hook in the ledger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many deliveries.
    pub waiting: u64,
    /// Since when the oldest has been owed, or was sent again last.
    pub oldest: Option<Millis>,
}

/// What a slice of upkeep may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweepPlan {
    /// The store's time.
    pub now: Millis,
    /// Events and deliveries received on an earlier UTC day are deleted.
    pub keep_from: Millis,
    /// Waiting deliveries that a hook may have; of more the oldest repeats expire.
    pub waiting_per_hook: usize,
    /// Rows to change in this slice, of each table; it looks at a small multiple.
    pub limit: usize,
}

/// What a slice of upkeep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Events deleted.
    pub events: usize,
    /// Deliveries deleted.
    pub deliveries: usize,
    /// Deliveries expired.
    pub expired: usize,
    /// Deliveries cancelled.
    pub cancelled: usize,
    /// At the end of a pass: what waited for all hooks together; the oldest of those that wait for their first attempt.
    pub backlog: Option<Backlog>,
    /// Whether the pass goes on: the next slice may find work.
    pub more: bool,
}

/// Counts over the whole store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Stored events.
    pub events: u64,
    /// Deliveries in no final state.
    pub unsettled: u64,
    /// Delivered ones.
    pub delivered: u64,
    /// Failed ones.
    pub failed: u64,
    /// Logged attempts.
    pub attempts: u64,
    /// Logged attempts with outcome `interrupted`.
    pub interrupted: u64,
}

/// Bodies of the first of some deliveries.
#[derive(Debug, Default)]
pub struct Bodies {
    /// In the order asked; `None` where the event is gone, or can never be read again.
    pub found: Vec<Option<StoredBody>>,
    /// How long the next one is, where the list ends before it because it would have passed the limit.
    pub next_bytes: Option<usize>,
}

/// The body of a delivery as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBody {
    /// The bytes that are signed and sent.
    pub bytes: Bytes,
    /// How many webhooks led to its event.
    pub hop: u8,
}

/// An event as stored.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    /// Its number.
    pub seq: Seq,
    /// Its issue.
    pub issue: IssueId,
    /// When it was read.
    pub received: Millis,
    /// How many webhooks led to it.
    pub hop: u8,
    /// The whole `event.created` body.
    pub body: Bytes,
}

/// A delivery with its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDelivery {
    /// Which.
    pub key: DeliveryKey,
    /// Where it stands.
    pub state: DeliveryState,
    /// When the event was read.
    pub created: Millis,
    /// Not before then is it tried, where it waits.
    pub due: Option<Millis>,
    /// Attempts, oldest first.
    pub attempts: Vec<LoggedAttempt>,
}

/// A row of a delivery's log: one attempt, or several in a row that ended alike before a byte of the request was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedAttempt {
    /// Its place in the log, from 1.
    pub number: u32,
    /// How many attempts it stands for.
    pub repeats: u32,
    /// When the first of them began.
    pub first_started: Millis,
    /// The last of them.
    pub attempt: AttemptRow,
}

/// Which counts of a hook's attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountRange {
    /// From, inclusive.
    pub since: Millis,
    /// To, inclusive.
    pub until: Millis,
    /// The counter's interval.
    pub resolution: Resolution,
}

/// Intervals in which attempts are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// 10 s, kept an hour.
    TenSeconds,
    /// An hour, kept 7 days.
    Hour,
    /// A day, kept 90 days.
    Day,
}

impl Batch {
    /// A transaction that does nothing.
    pub fn empty(owner: ProcessId, now: Millis) -> Batch {
        Batch {
            owner,
            now,
            events: Vec::new(),
            alert_room: Vec::new(),
            skip: Vec::new(),
            tests: Vec::new(),
            settlements: Vec::new(),
            standings: Vec::new(),
            gone: Vec::new(),
            give_backs: Vec::new(),
            claims: Vec::new(),
        }
    }
}

impl RecordedEvent {
    /// What it owes that is leased.
    pub fn into_leased(self) -> Vec<OwedRow> {
        self.owed.into_iter().filter(|owed| owed.leased).collect()
    }
}

impl AttemptRow {
    /// Stands for an attempt whose end was never seen: it may have been sent.
    pub fn interrupted(started: Millis, cause: Interrupted) -> AttemptRow {
        AttemptRow {
            started,
            outcome: Outcome::Interrupted(cause),
            went_out: true,
            status: None,
            reused: false,
            peer: None,
            certificate_expires: None,
            duration_us: 0,
            phases_us: [0; 4],
            error: "the end of this attempt was never seen: it may have been sent".to_owned(),
            response_headers: String::new(),
            response_body: String::new(),
        }
    }
}

impl Resolution {
    /// All of them, finest first.
    pub const ALL: [Resolution; 3] = [Resolution::TenSeconds, Resolution::Hour, Resolution::Day];

    /// The interval's length in seconds.
    pub fn seconds(self) -> i64 {
        match self {
            Resolution::TenSeconds => 10,
            Resolution::Hour => 3_600,
            Resolution::Day => 86_400,
        }
    }

    /// How long counts of this resolution are kept, in seconds.
    pub fn kept_seconds(self) -> i64 {
        match self {
            Resolution::TenSeconds => 3_600,
            Resolution::Hour => 7 * 86_400,
            Resolution::Day => 90 * 86_400,
        }
    }
}
