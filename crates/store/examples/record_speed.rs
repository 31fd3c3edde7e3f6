//! What recording costs: CPU microseconds of the whole process for each event, with and without a delivery that is settled
//! in the next transaction, at three sizes of batch; then what a slice of upkeep takes of the writer.
//!
//! `cargo run --release -p watchfire-store --example record_speed [EVENTS] [HOOKS] [BATCH] [PREFILLED]`, on the disk that holds the
//! temporary folder. PREFILLED events are recorded first, received evenly over the days that are kept, and not measured.
//! Bodies are made ahead and their making is not counted; checkpoints are.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use model::attempt::Outcome;
use model::delivery_key::DeliveryKey;
use model::egress::AddressClass;
use model::grouping::GroupingKey;
use model::hook::HookSettings;
use model::ids::{HookGuid, HookNumber, Millis, ProcessId};
use model::loops::Hop;
use model::matching::{EventCandidates, Subscription, Wants};
use model::payload::{CreatedBody, Place};
use model::rules::Quantifier;
use model::title::Title;
use protocol::event::{Event, EventKind, Level};
use protocol::{EventId, PublicKey};
use rustix::time::{ClockId, clock_gettime};
use watchfire_store::catalog::{NewHook, NewProject, Project};
use watchfire_store::conformance;
use watchfire_store::ledger::{
    AttemptRow, Batch, BatchEvent, EventResult, NewEvent, NextState, Settlement, Summary, SweepPlan,
};
use watchfire_store::marks::Marks;
use watchfire_store::sqlite::Sqlite;
use watchfire_store::{Catalog, Ledger};
use webhook::{Kind, Secret};

/// What an event's row keeps of its value.
const VALUE_BYTES: usize = 900;
/// Events of one issue.
const EVENTS_OF_ISSUE: u64 = 50;
/// The days over which events that are recorded ahead were received.
const PREFILLED_DAYS: f64 = 29.0;
/// Rows of a slice of upkeep, as `serve` has it.
const SLICE_ROWS: usize = 64;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().unwrap());
    let (events, hooks) = (arguments.next().unwrap_or(50_000), arguments.next().unwrap_or(1));
    let one = arguments.next().map(|size| usize::try_from(size).unwrap());
    let prefilled = arguments.next().unwrap_or(0);
    for with_delivery in [Owes::Nothing, Owes::OneDelivery] {
        for batch in one.map_or(vec![32, 200, 512], |size| vec![size]) {
            let folder = tempfile::tempdir().unwrap();
            let mut run = Run { prefilled, ..Run::new(&folder, hooks).await };
            run.record(prefilled, batch, with_delivery).await;
            let cpu = run.record(events, batch, with_delivery).await;
            println!(
                "{with_delivery:?}, batches of {batch:>3}, after {prefilled}: {cpu:>6.1} us of CPU for each event"
            );
            if batch == one.unwrap_or(512) {
                run.sweep().await;
            }
            run.store.close().await;
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owes {
    Nothing,
    OneDelivery,
}

struct Run {
    store: Sqlite,
    owner: ProcessId,
    project: Project,
    hooks: Vec<HookNumber>,
    random: u64,
    recorded: u64,
    prefilled: u64,
}

impl Run {
    async fn new(folder: &tempfile::TempDir, hooks: u64) -> Run {
        let store = Sqlite::open(folder.path()).unwrap();
        store.unlock(conformance::secret_key()).await.unwrap();
        let now = clock();
        let owner = store.register(now).await.unwrap();
        let organization = store.create_organization("org".into(), "Org".into(), now).await.unwrap();
        let team = store.teams(organization.id).await.unwrap().pop().unwrap();
        let (key, key_secret) = (PublicKey([1; 16]), PublicKey([2; 16]));
        let new = NewProject {
            organization: organization.id,
            team: team.id,
            slug: "project".into(),
            name: "Project".into(),
            platform: None,
            key,
            key_secret,
            now,
        };
        let project = store.create_project(new).await.unwrap().id;
        let mut numbers = Vec::new();
        for number in 0..hooks {
            let mut guid = [0; 16];
            guid[..8].copy_from_slice(&number.to_be_bytes());
            let (url, secret) = ("https://a.example".into(), Secret::from_random([1; 32]));
            let kinds = vec![Kind::EventCreated];
            let hook = NewHook {
                guid: HookGuid(guid),
                project,
                url,
                secret,
                kinds,
                filters: Vec::new(),
                filter_match: Quantifier::All,
                settings: HookSettings::default(),
                active: true,
                now,
            };
            numbers.push(store.create_hook(hook).await.unwrap().number);
        }
        let project = store.projects().await.unwrap().pop().unwrap();
        Run { store, owner, project, hooks: numbers, random: 0x9e37_79b9_7f4a_7c15, recorded: 0, prefilled: 0 }
    }

    /// Records so many events; the CPU time of each in microseconds.
    async fn record(&mut self, events: u64, batch: usize, owes: Owes) -> f64 {
        let mut settlements = Vec::new();
        let (begun, mut making) = (cpu(ClockId::ProcessCPUTime), Duration::ZERO);
        let before = self.recorded;
        while self.recorded < before + events {
            let begun = cpu(ClockId::ThreadCPUTime);
            let made = self.batch(batch, owes, std::mem::take(&mut settlements));
            making += cpu(ClockId::ThreadCPUTime) - begun;
            let recorded = self.store.record(Arc::new(made)).await.unwrap();
            let begun = cpu(ClockId::ThreadCPUTime);
            settlements = recorded.events.iter().flat_map(settled).collect();
            making += cpu(ClockId::ThreadCPUTime) - begun;
        }
        let spent = cpu(ClockId::ProcessCPUTime) - begun - making;
        spent.as_secs_f64() * 1e6 / (self.recorded - before) as f64
    }

    fn batch(&mut self, size: usize, owes: Owes, settlements: Vec<Settlement>) -> Batch {
        let events = (0..size).map(|_| self.event(owes)).collect();
        Batch { events, settlements, ..Batch::empty(self.owner, clock()) }
    }

    fn event(&mut self, owes: Owes) -> BatchEvent {
        self.recorded += 1;
        let id = EventId(self.random_bytes());
        let hook = self.hooks[usize::try_from(self.recorded).unwrap() % self.hooks.len()];
        let room: Vec<_> = if owes == Owes::OneDelivery { vec![hook] } else { vec![] };
        let event = Event { id, timestamp: clock().0 * 1_000, platform: "python", ..Event::default() };
        let title = Title::of(&event);
        let place = Place {
            base_url: "https://watchfire.example",
            organization: "org",
            project_id: self.project.id,
            project_slug: "project",
            project_name: "Project",
        };
        let mut hash = [0; 16];
        hash[..8].copy_from_slice(&(self.recorded / EVENTS_OF_ISSUE).to_be_bytes());
        let compressed: Vec<u8> = (0..VALUE_BYTES / 16).flat_map(|_| self.random_bytes()).collect();
        let subscription = |hook: &HookNumber| Subscription { hook: *hook, wants: Wants::Created };
        let event = NewEvent {
            project: self.project.id,
            generation: self.project.generation,
            key: PublicKey([1; 16]),
            id,
            received: self.now(),
            timestamp: self.now(),
            grouping: GroupingKey { version: 1, hash },
            summary: Summary {
                level: Level::Error,
                kind: EventKind::Error,
                platform: "python",
                title: "TypeError: cannot read property".into(),
                culprit: "app.views in index".into(),
                has_placeholder_title: false,
                logger: String::new(),
                metadata: r#"{"type":"TypeError","value":"cannot read property"}"#.into(),
                unhandled: true,
            },
            marks: self.marks(),
            body: CreatedBody::new(&event, &title, "app.views in index", &place),
            value: Bytes::new(),
            compressed,
            candidates: EventCandidates::new(Hop(0), room.iter().map(subscription)),
        };
        BatchEvent { event: Arc::new(event), room }
    }

    /// The present; of events that are recorded ahead, their share of the days before.
    fn now(&self) -> Millis {
        let left = self.prefilled.saturating_sub(self.recorded);
        Millis(clock().0 - (left as f64 / self.prefilled.max(1) as f64 * PREFILLED_DAYS * 86_400_000.0) as i64)
    }

    /// Tags as SDKs send them; one event in 16 is of another user.
    fn marks(&self) -> Marks {
        let user = format!("id:{}", self.recorded / 16);
        let tags = [
            ("environment", "production"),
            ("level", "error"),
            ("release", "app@1.0.0"),
            ("server_name", "web-1"),
            ("runtime", "CPython 3.11.7"),
            ("user", &user),
        ];
        Marks::new(Some("app@1.0.0"), Some("production"), tags)
    }

    /// xorshift: the ids of SDKs are random too.
    fn random_bytes(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        for half in bytes.chunks_mut(8) {
            self.random ^= self.random << 13;
            self.random ^= self.random >> 7;
            self.random ^= self.random << 17;
            half.copy_from_slice(&self.random.to_be_bytes());
        }
        bytes
    }

    /// Sweeps twice, with nothing to do and with everything to delete; prints how long the slices took.
    async fn sweep(&self) {
        let now = clock();
        let nothing = SweepPlan { now, keep_from: Millis(0), waiting_per_hook: 100_000, limit: SLICE_ROWS };
        let everything = SweepPlan { keep_from: Millis(now.0 + 2 * 86_400_000), ..nothing };
        for (what, plan) in [("nothing", nothing), ("everything", everything)] {
            let mut slices = Vec::new();
            loop {
                let begun = Instant::now();
                let more = self.store.sweep(plan).await.unwrap().more;
                slices.push(begun.elapsed());
                if !more {
                    break;
                }
            }
            slices.sort();
            let at = |share: usize| slices[(slices.len() - 1) * share / 100];
            let (count, median, p99, most) = (slices.len(), at(50), at(99), at(100));
            println!(
                "  sweeping {what}: {count} slices, median {median:?}, p99 {p99:?}, most {most:?}, commits included"
            );
        }
    }
}

fn settled(result: &EventResult) -> Vec<Settlement> {
    let EventResult::Recorded(recorded) = result else { panic!("{result:?}") };
    recorded.owed.iter().map(|owed| success(owed.key)).collect()
}

fn success(key: DeliveryKey) -> Settlement {
    let attempt = AttemptRow {
        started: clock(),
        outcome: Outcome::Succeeded,
        went_out: true,
        status: Some(200),
        reused: true,
        peer: Some(AddressClass::Public),
        certificate_expires: Some(Millis(1_800_000_000_000)),
        duration_us: 900,
        phases_us: [0, 0, 0, 800],
        error: String::new(),
        response_headers: "content-type: text/plain".into(),
        response_body: "ok".into(),
    };
    Settlement { key, attempts: vec![attempt], next: NextState::Delivered }
}

fn clock() -> Millis {
    let since_1970 = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    Millis(i64::try_from(since_1970.as_millis()).unwrap())
}

fn cpu(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}
