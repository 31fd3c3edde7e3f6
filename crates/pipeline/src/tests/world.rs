//! What a test starts from: a project with a hook in a store of its own, and the pipeline's parts, none of which runs by
//! itself.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use model::clock::{Clock, StoreClock};
use model::delivery::DeliveryState;
use model::egress::Policy;
use model::grouping::GroupingKey;
use model::hook::HookSettings;
use model::ids::{HookGuid, HookNumber, Millis, ProcessId};
use model::loops::Hop;
use model::matching::{EventCandidates, Subscription, Wants};
use model::payload::{CreatedBody, Place};
use model::rules::Quantifier;
use model::standing::Standing;
use model::title::Title;
use protocol::event::Event;
use protocol::{EventId, PublicKey};
use store::catalog::{Catalog as _, HookChange, NewHook, NewProject, Project};
use store::conformance;
use store::ledger::{Batch, BatchEvent, EventResult, Ledger as _, NewEvent, RecordedEvent, Summary};
use store::marks::Marks;
use store::sqlite::Sqlite;
use tempfile::TempDir;
use webhook::{Kind, Secret};

use super::store::TestStore;
use crate::budget::Budget;
use crate::directory::DirectoryHandle;
use crate::egress::{Answers, Egress, EgressConfig, ResolveError, Resolver};
use crate::lanes::{self, Lanes};
use crate::live::Feed;
use crate::recorder::{self, Recorder, RecorderTask};
use crate::work::Work;

/// Far longer than anything here takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
pub(super) const NOW: Millis = Millis(1_768_478_400_000);

pub(super) struct World {
    pub(super) store: Arc<TestStore>,
    pub(super) project: Project,
    pub(super) hook: HookNumber,
    pub(super) directory: Arc<DirectoryHandle>,
    egress: Arc<Egress>,
    pub(super) clock: Arc<StoreClock>,
    pub(super) hands: Arc<Hands>,
    pub(super) work: Arc<Work>,
    pub(super) budget: Budget,
    pub(super) lanes: Arc<Lanes>,
    pub(super) recorder: Recorder,
    pub(super) task: RecorderTask,
    pub(super) owner: ProcessId,
    pub(super) feed: Arc<Feed>,
    _folder: TempDir,
}

impl World {
    /// A world whose lanes may hold so many bytes, and whose hook's receiver is not there. The gate is closed: no attempt
    /// starts.
    pub(super) async fn new(lane_budget_bytes: usize) -> World {
        World::of_hook("http://127.0.0.1:9/", HookSettings::default(), lane_budget_bytes).await
    }

    /// A world with a hook like this. The gate is closed: no attempt starts.
    pub(super) async fn of_hook(url: &str, settings: HookSettings, lane_budget_bytes: usize) -> World {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = Sqlite::open(folder.path()).unwrap();
        sqlite.unlock(conformance::secret_key()).await.unwrap();
        let store = Arc::new(TestStore::new(sqlite));
        let owner = store.register(NOW).await.unwrap();
        let (project, hook) = project_with_hook(&store, url, settings).await;
        let config = EgressConfig { policy: Policy::dev(), resolver: Arc::new(NoNames), extra_roots_pem: None };
        let egress = Arc::new(Egress::new(config).unwrap());
        let directory = Arc::new(DirectoryHandle::open(store.clone(), Arc::clone(&egress)).await.unwrap());
        let hands = Arc::new(Hands::default());
        let clock = Arc::new(StoreClock::start(hands.clone()));
        let work = Arc::new(Work::default());
        work.store_went_away();
        let budget = Budget::new(lane_budget_bytes);
        let parts = lanes::Parts {
            store: store.clone(),
            directory: Arc::clone(&directory),
            egress: Arc::clone(&egress),
            work: Arc::clone(&work),
            clock: Arc::clone(&clock),
            budget: budget.clone(),
            random: middle,
        };
        let lanes = Arc::new(Lanes::new(parts, Vec::new()));
        let feed = Arc::default();
        let (recorder, task) = Recorder::new(recorder::Parts {
            store: store.clone(),
            directory: Arc::clone(&directory),
            lanes: Arc::clone(&lanes),
            work: Arc::clone(&work),
            clock: Arc::clone(&clock),
            owner,
            metrics: Arc::default(),
            feed: Arc::clone(&feed),
        });
        let project = store.projects().await.unwrap().into_iter().find(|found| found.id == project.id).unwrap();
        World {
            store,
            project,
            hook,
            directory,
            egress,
            clock,
            hands,
            work,
            budget,
            lanes,
            recorder,
            task,
            owner,
            feed,
            _folder: folder,
        }
    }

    /// An event for the hook, whose body has a value of so many bytes.
    pub(super) fn event(&self, number: u16, value_bytes: usize) -> NewEvent {
        let event = Event { id: event_id(number), ..Event::default() };
        let title = Title::of(&event);
        let place = Place {
            base_url: "https://watch.example",
            organization: "org",
            project_id: self.project.id,
            project_slug: &self.project.slug,
            project_name: &self.project.name,
        };
        let value = Bytes::from(vec![b'1'; value_bytes]);
        NewEvent {
            project: self.project.id,
            generation: self.directory.current().project(self.project.id).unwrap().project.generation,
            key: PublicKey([1; 16]),
            id: event.id,
            received: NOW,
            timestamp: NOW,
            grouping: GroupingKey { version: 1, hash: event_id(number).0 },
            summary: Summary {
                level: event.level,
                kind: event.kind,
                platform: event.platform,
                title: title.as_str().to_owned(),
                metadata: "{}".to_owned(),
                ..Summary::default()
            },
            marks: Marks::default(),
            body: CreatedBody::new(&event, &title, "", &place),
            compressed: zstd::bulk::compress(&value, 1).unwrap(),
            value,
            candidates: EventCandidates::new(Hop(0), [Subscription { hook: self.hook, wants: Wants::Created }]),
        }
    }

    /// An empty batch.
    pub(super) fn batch(&self) -> Batch {
        Batch::empty(self.owner, NOW)
    }

    /// Records events up to this number past the recorder, for whose deliveries there is no room.
    pub(super) async fn record_without_room(&self, last: u16) {
        let without = |number| BatchEvent { event: Arc::new(self.event(number, 10)), room: vec![] };
        let events = (1..=last).map(without).collect();
        self.store.record(Arc::new(Batch { events, ..self.batch() })).await.unwrap();
    }

    /// Records an event past the recorder; its deliveries are leased where there is `room`.
    pub(super) async fn record(&self, event: NewEvent, room: Vec<HookNumber>) -> RecordedEvent {
        let alert_room = room.iter().map(|hook| (*hook, 1)).collect();
        let events = vec![BatchEvent { event: Arc::new(event), room }];
        let recorded = self.store.record(Arc::new(Batch { events, alert_room, ..self.batch() })).await.unwrap();
        let Ok([EventResult::Recorded(recorded)]) = <[_; 1]>::try_from(recorded.events) else { panic!("not recorded") };
        recorded
    }

    /// The state of the delivery of this event.
    pub(super) async fn state(&self, number: u16) -> DeliveryState {
        let deliveries = self.store.deliveries(self.project.id, event_id(number)).await.unwrap();
        assert_eq!(deliveries.len(), 1, "an event owes its hook one delivery");
        deliveries[0].state
    }

    /// Runs transactions until nothing is left to do now: no attempt is on the wire, nobody claims, nothing is to be written.
    pub(super) async fn rest(&mut self) {
        tokio::time::timeout(PATIENCE, self.rest_at_last()).await.expect("it comes to rest");
    }

    async fn rest_at_last(&mut self) {
        loop {
            while !self.work.is_idle() {
                self.transact().await;
            }
            let (lanes, work) = (Arc::clone(&self.lanes), Arc::clone(&self.work));
            let something_to_write = async {
                while work.is_idle() {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                () = something_to_write => {}
                () = lanes.idle() => if work.is_idle() {
                    return;
                }
            }
        }
    }

    /// A second passes: the lanes and the ledger are looked at, and what is due is done.
    pub(super) async fn second(&mut self) {
        self.hands.advance(Duration::from_secs(1));
        self.look().await;
    }

    /// Looks at the lanes and the ledger as the supervisor does each second, and does what is due.
    pub(super) async fn look(&mut self) {
        self.directory.refresh().await.unwrap();
        self.lanes.look();
        self.lanes.look_at_ledger(self.store.due_hooks(self.clock.now()).await.unwrap());
        self.rest().await;
    }

    /// The same store after a restart: lanes know what it says of receivers.
    pub(super) fn start_again(&mut self, standings: Vec<(HookNumber, Standing)>) {
        self.lanes = Arc::new(Lanes::new(self.parts(), standings));
        self.task.lanes = Arc::clone(&self.lanes);
    }

    fn parts(&self) -> lanes::Parts {
        lanes::Parts {
            store: self.store.clone(),
            directory: Arc::clone(&self.directory),
            egress: Arc::clone(&self.egress),
            work: Arc::clone(&self.work),
            clock: Arc::clone(&self.clock),
            budget: self.budget.clone(),
            random: middle,
        }
    }

    /// When the delivery of this event is due, where it waits.
    pub(super) async fn due(&self, number: u16) -> Option<Millis> {
        self.store.deliveries(self.project.id, event_id(number)).await.unwrap()[0].due
    }

    /// Enables the hook, as the API does.
    pub(super) async fn enable(&self, hook: HookGuid) {
        self.change(hook, HookChange { active: Some(true), ..HookChange::default() }).await;
        self.lanes.forget_receiver(self.hook);
    }

    /// Disables the hook, as the API does.
    pub(super) async fn disable(&self) {
        let hook = self.store.hooks(self.project.id).await.unwrap().remove(0);
        self.change(hook.guid, HookChange { active: Some(false), ..HookChange::default() }).await;
        self.lanes.forget_receiver(self.hook);
    }

    /// Disables the hook and enables it, as the API of another process does: the lanes are not told.
    pub(super) async fn renew_elsewhere(&self, hook: HookGuid) {
        for active in [false, true] {
            self.change(hook, HookChange { active: Some(active), ..HookChange::default() }).await;
        }
    }

    async fn change(&self, hook: HookGuid, change: HookChange) {
        self.store.update_hook(self.project.id, hook, change).await.unwrap();
        self.directory.refresh().await.unwrap();
    }

    /// How many deliveries are leased to this process.
    pub(super) async fn leased(&self) -> usize {
        self.store.leases(self.owner, None, 100).await.unwrap().len()
    }

    /// Runs the recorder's next transaction.
    pub(super) async fn transact(&mut self) {
        let again = self.task.step(Vec::new()).await;
        assert!(again.is_some_and(|again| again.is_empty()), "nothing is to be recorded again");
    }
}

/// Chance without extremes.
fn middle(bytes: &mut [u8]) {
    bytes.copy_from_slice(&(u32::MAX / 2).to_ne_bytes()[..bytes.len()]);
}

fn event_id(number: u16) -> EventId {
    let mut id = [0; 16];
    id[..2].copy_from_slice(&number.to_be_bytes());
    EventId(id)
}

async fn project_with_hook(store: &TestStore, url: &str, settings: HookSettings) -> (Project, HookNumber) {
    let organization = store.create_organization("org".to_owned(), "Org".to_owned(), NOW).await.unwrap();
    let team = store.teams(organization.id).await.unwrap().remove(0);
    let project = NewProject {
        organization: organization.id,
        team: team.id,
        slug: "project".to_owned(),
        name: "Project".to_owned(),
        platform: None,
        key: PublicKey([1; 16]),
        key_secret: PublicKey([2; 16]),
        now: NOW,
    };
    let project = store.create_project(project).await.unwrap();
    let hook = NewHook {
        guid: HookGuid([1; 16]),
        project: project.id,
        url: url.to_owned(),
        secret: Secret::from_random([1; 32]),
        kinds: vec![Kind::EventCreated],
        filters: Vec::new(),
        filter_match: Quantifier::All,
        settings,
        active: true,
        now: NOW,
    };
    let hook = store.create_hook(hook).await.unwrap();
    (project, hook.number)
}

/// A clock that goes on when a test says so.
#[derive(Default)]
pub(super) struct Hands(Mutex<Duration>);

impl Hands {
    /// So much later.
    pub(super) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for Hands {
    fn wall(&self) -> Millis {
        NOW
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

struct NoNames;

impl Resolver for NoNames {
    fn resolve(&self, _: Arc<str>) -> BoxFuture<'static, Result<Answers, ResolveError>> {
        async { panic!("hooks here point at addresses") }.boxed()
    }
}
