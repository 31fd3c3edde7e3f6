//! What a behaviour starts from: an organization with a project in it, a process that works on the store, and short ways to
//! record, claim and settle.

use std::sync::Arc;

use bytes::Bytes;
use model::attempt::{Outcome, Unreachable};
use model::delivery::DeliveryState;
use model::delivery_key::DeliveryKey;
use model::egress::AddressClass;
use model::grouping::GroupingKey;
use model::hook::HookSettings;
use model::ids::{HookGuid, HookNumber, Millis, ProcessId, ProjectId};
use model::loops::Hop;
use model::matching::{EventCandidates, Subscription, Wants};
use model::payload::{CreatedBody, Place, event_value};
use model::rules::Quantifier;
use model::title::Title;
use protocol::event::{Event, EventKind, Level};
use protocol::{EventId, PublicKey};
use webhook::{Kind, Secret};

use super::Bench;
use crate::Store;
use crate::catalog::{Hook, NewHook, NewProject, Organization, Project, Team};
use crate::error::StoreError;
use crate::ledger::{
    AttemptRow, Batch, BatchEvent, Claim, ClaimOrder, Claimed, EventResult, NewEvent, NextState, Recorded,
    RecordedEvent, Settlement, StoredDelivery, Summary, SweepPlan, Swept,
};
use crate::marks::Marks;

/// Noon of a day: the present of every behaviour that does not say otherwise.
pub(super) const NOW: Millis = Millis(1_768_478_400_000);
/// A UTC day.
pub(super) const DAY_MS: i64 = 86_400_000;
/// Slices after which a pass of sweep that has not ended never will.
const SLICES_MAX: usize = 10_000;

/// An organization with a project, and a process.
pub(super) struct World {
    pub(super) store: Arc<dyn Store>,
    pub(super) organization: Organization,
    pub(super) team: Team,
    pub(super) project: Project,
    pub(super) owner: ProcessId,
}

impl World {
    /// Makes them in an empty store.
    pub(super) async fn new(bench: &dyn Bench) -> Result<World, StoreError> {
        let store = bench.store();
        let owner = store.register(NOW).await?;
        let organization = store.create_organization("org".to_owned(), "Org".to_owned(), NOW).await?;
        let Some(team) = store.teams(organization.id).await?.pop() else {
            panic!("an organization starts with a team")
        };
        let project = store.create_project(new_project(&organization, &team, 1)).await?;
        Ok(World { store, organization, team, project, owner })
    }

    /// Goes on with what a crash left, as a new process; what the old one held is free.
    pub(super) async fn restart(&mut self, bench: &mut dyn Bench, now: Millis) -> Result<(), StoreError> {
        bench.crash().await;
        self.store = bench.store();
        self.owner = self.store.register(now).await?;
        while self.store.free_dead_leases(now, 100).await? == 100 {}
        Ok(())
    }

    /// A hook on created events.
    pub(super) async fn hook(&self, guid: u8) -> Result<Hook, StoreError> {
        self.hook_of(self.project.id, guid).await
    }

    /// A hook of some project.
    pub(super) async fn hook_of(&self, project: ProjectId, guid: u8) -> Result<Hook, StoreError> {
        self.store.create_hook(new_hook(project, guid)).await
    }

    /// An event of the project as it is now, for these hooks. Ends in `number`'s issue unless its grouping is changed.
    pub(super) async fn event(&self, number: u8, hooks: &[HookNumber]) -> Result<NewEvent, StoreError> {
        self.event_of(self.project.id, number, hooks).await
    }

    /// An event of some project as it is now.
    pub(super) async fn event_of(
        &self,
        project: ProjectId,
        number: u8,
        hooks: &[HookNumber],
    ) -> Result<NewEvent, StoreError> {
        let projects = self.store.projects().await?;
        let Some(project) = projects.into_iter().find(|found| found.id == project) else { panic!("no such project") };
        Ok(new_event(&project, number, hooks))
    }

    /// An empty batch.
    pub(super) fn batch(&self) -> Batch {
        Batch::empty(self.owner, NOW)
    }

    /// Records events; every lane has room.
    pub(super) async fn record(&self, events: Vec<NewEvent>) -> Result<Vec<EventResult>, StoreError> {
        let with_room = |event: NewEvent| {
            let room = event.candidates.created.clone();
            BatchEvent { event: Arc::new(event), room }
        };
        let events = events.into_iter().map(with_room).collect();
        Ok(self.store.record(Arc::new(Batch { events, ..self.batch() })).await?.events)
    }

    /// Records events for whose deliveries no lane has room.
    pub(super) async fn record_without_room(&self, events: Vec<NewEvent>) -> Result<Vec<RecordedEvent>, StoreError> {
        let without = |event: NewEvent| BatchEvent { event: Arc::new(event), room: Vec::new() };
        let events = events.into_iter().map(without).collect();
        Ok(all_recorded(self.store.record(Arc::new(Batch { events, ..self.batch() })).await?.events))
    }

    /// Records one event, whose first delivery is leased.
    pub(super) async fn leased(&self, number: u8, hook: HookNumber) -> Result<DeliveryKey, StoreError> {
        let event = self.event(number, &[hook]).await?;
        let recorded = all_recorded(self.record(vec![event]).await?);
        Ok(recorded[0].owed[0].key)
    }

    /// Settles deliveries in this process's name.
    pub(super) async fn settle(&self, settlements: Vec<Settlement>) -> Result<Recorded, StoreError> {
        self.store.record(Arc::new(Batch { settlements, ..self.batch() })).await
    }

    /// Settles one delivery with one attempt.
    pub(super) async fn settle_one(
        &self,
        key: DeliveryKey,
        attempt: AttemptRow,
        next: NextState,
    ) -> Result<(), StoreError> {
        self.settle(vec![Settlement { key, attempts: vec![attempt], next }]).await.map(drop)
    }

    /// Claims up to ten deliveries of a hook, by priority.
    pub(super) async fn claim(&self, hook: HookNumber, now: Millis) -> Result<Vec<Claimed>, StoreError> {
        self.claim_by(Claim { hook, limit: 10, order: ClaimOrder::Priority }, now).await
    }

    /// Claims deliveries.
    pub(super) async fn claim_by(&self, claim: Claim, now: Millis) -> Result<Vec<Claimed>, StoreError> {
        let mut recorded = self.store.record(Arc::new(Batch { claims: vec![claim], now, ..self.batch() })).await?;
        Ok(recorded.claimed.pop().unwrap_or_default())
    }

    /// The delivery with this key, with its log.
    pub(super) async fn delivery(&self, event: u8, key: DeliveryKey) -> Result<StoredDelivery, StoreError> {
        let deliveries = self.store.deliveries(key.project, event_id(event)).await?;
        let Some(found) = deliveries.into_iter().find(|found| found.key == key) else { panic!("no such delivery") };
        Ok(found)
    }

    /// The state of the delivery with this key.
    pub(super) async fn state(&self, event: u8, key: DeliveryKey) -> Result<DeliveryState, StoreError> {
        Ok(self.delivery(event, key).await?.state)
    }

    /// Sweeps to the end of a pass; what all its slices did.
    pub(super) async fn sweep(&self, plan: SweepPlan) -> Result<Swept, StoreError> {
        let mut all = Swept::default();
        for _ in 0..SLICES_MAX {
            let swept = self.store.sweep(plan).await?;
            all.events += swept.events;
            all.deliveries += swept.deliveries;
            all.expired += swept.expired;
            all.cancelled += swept.cancelled;
            all.backlog = swept.backlog;
            if !swept.more {
                return Ok(all);
            }
        }
        panic!("a pass of sweep does not end");
    }
}

/// A plan that deletes and expires nothing.
pub(super) fn idle_plan() -> SweepPlan {
    SweepPlan { now: NOW, keep_from: Millis(0), waiting_per_hook: 100_000, limit: 10 }
}

/// A project of a team; `number` makes its slug and its key.
pub(super) fn new_project(organization: &Organization, team: &Team, number: u8) -> NewProject {
    NewProject {
        organization: organization.id,
        team: team.id,
        slug: format!("project-{number}"),
        name: format!("Project {number}"),
        platform: None,
        key: PublicKey([number; 16]),
        key_secret: PublicKey([number + 100; 16]),
        now: NOW,
    }
}

/// A hook on created events.
pub(super) fn new_hook(project: ProjectId, guid: u8) -> NewHook {
    NewHook {
        guid: HookGuid([guid; 16]),
        project,
        url: format!("https://receiver.example/{guid}"),
        secret: Secret::from_random([guid; 32]),
        kinds: vec![Kind::EventCreated],
        filters: Vec::new(),
        filter_match: Quantifier::All,
        settings: HookSettings::default(),
        active: true,
        now: NOW,
    }
}

/// The id of an event by its number.
pub(super) fn event_id(number: u8) -> EventId {
    EventId([number; 16])
}

/// An event that was received and happened now.
pub(super) fn new_event(project: &Project, number: u8, hooks: &[HookNumber]) -> NewEvent {
    let event = Event { id: event_id(number), platform: "python", timestamp: NOW.0 * 1_000, ..Event::default() };
    let title = Title::of(&event);
    let body = CreatedBody::new(&event, &title, "culprit", &place(project));
    let value = event_value(&event, &title);
    let Ok(compressed) = zstd::bulk::compress(&value, 1) else { panic!("zstd compresses") };
    let subscription = |hook: &HookNumber| Subscription { hook: *hook, wants: Wants::Created };
    NewEvent {
        project: project.id,
        generation: project.generation,
        key: PublicKey([1; 16]),
        id: event.id,
        received: NOW,
        timestamp: NOW,
        grouping: grouping(number),
        summary: Summary {
            level: Level::Error,
            kind: EventKind::Error,
            platform: "python",
            title: format!("Error {number}"),
            culprit: format!("culprit {number}"),
            metadata: "{}".to_owned(),
            ..Summary::default()
        },
        body,
        value: Bytes::from(value),
        compressed,
        marks: Marks::default(),
        candidates: EventCandidates::new(Hop(0), hooks.iter().map(subscription)),
    }
}

/// Where a project's events belong.
pub(super) fn place(project: &Project) -> Place<'_> {
    Place {
        base_url: "https://watchfire.example",
        organization: "org",
        project_id: project.id,
        project_slug: &project.slug,
        project_name: &project.name,
    }
}

/// An event with another value, not to be compared with anything.
pub(super) fn holding(event: NewEvent, value: Vec<u8>) -> NewEvent {
    let Ok(compressed) = zstd::bulk::compress(&value, 1) else { panic!("zstd compresses") };
    NewEvent { value: Bytes::from(value), compressed, ..event }
}

/// The key of an issue by its number.
pub(super) fn grouping(number: u8) -> GroupingKey {
    GroupingKey { version: 1, hash: [number; 16] }
}

/// A 2xx.
pub(super) fn success(started: Millis) -> AttemptRow {
    AttemptRow { outcome: Outcome::Succeeded, status: Some(204), error: String::new(), ..failure(started) }
}

/// A 500.
pub(super) fn failure(started: Millis) -> AttemptRow {
    AttemptRow {
        started,
        outcome: Outcome::HttpError,
        went_out: true,
        status: Some(500),
        reused: false,
        peer: Some(AddressClass::Public),
        certificate_expires: Some(Millis(1_800_000_000_000)),
        duration_us: 1_500,
        phases_us: [10, 20, 30, 1_000],
        error: "the receiver answered 500".to_owned(),
        response_headers: "content-type: text/plain".to_owned(),
        response_body: "oops".to_owned(),
    }
}

/// An attempt that ended before a byte of the request was written.
pub(super) fn unsent(started: Millis, cause: Unreachable) -> AttemptRow {
    AttemptRow {
        started,
        outcome: Outcome::Unreachable(cause),
        went_out: false,
        status: None,
        reused: false,
        peer: None,
        certificate_expires: None,
        duration_us: 700,
        phases_us: [700, 0, 0, 0],
        error: "could not connect".to_owned(),
        response_headers: String::new(),
        response_body: String::new(),
    }
}

/// The rows of events all of which were recorded.
pub(super) fn all_recorded(results: Vec<EventResult>) -> Vec<RecordedEvent> {
    let recorded = |result| match result {
        EventResult::Recorded(recorded) => recorded,
        other => panic!("expected a recorded event, got {other:?}"),
    };
    results.into_iter().map(recorded).collect()
}

/// The only result of a batch.
pub(super) fn only<T>(mut all: Vec<T>) -> T {
    assert_eq!(all.len(), 1, "one was asked for");
    match all.pop() {
        Some(one) => one,
        None => panic!("one was asked for"),
    }
}

/// `now` and so many days on.
pub(super) fn days(now: Millis, days: i64) -> Millis {
    Millis(now.0 + days * DAY_MS)
}

/// `now` and so many milliseconds on.
pub(super) fn later(now: Millis, ms: i64) -> Millis {
    Millis(now.0 + ms)
}
