//! Rules on their way: counters that are filled afterwards, events that are matched again, and alerts that are handed over.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use model::delivery::DeliveryState;
use model::grouping::GroupingKey;
use model::hook::HookSettings;
use model::ids::{HookGuid, HookNumber, Millis, RuleId};
use model::loops::Hop;
use model::payload::{CreatedBody, Place, event_value};
use model::rules::{EventView, Quantifier};
use model::title::Title;
use protocol::EventId;
use protocol::event::Event;
use serde_json::{Value, json};
use store::catalog::{Catalog as _, NewHook};
use store::counting::Counting as _;
use store::ledger::{Batch, BatchEvent, EventResult, Ledger as _, NewEvent, OwedRow, RecordedEvent};
use store::marks::Marks;
use store::rules::{NOTIFY_EVENT, NewRule, RuleChange, Rules as _, UNSAVED};
use testkit::FakeReceiver;
use webhook::{Kind, Secret};

use super::world::{NOW, PATIENCE, World};
use crate::budget::Budget;
use crate::counter_filling::CounterFilling;
use crate::recorder::{Accepted, RecordError};

const KIB: usize = 1024;
const ALERT_HOOK: HookGuid = HookGuid([2; 16]);

/// A rule that fires for every hook when any of the conditions holds.
fn rule(name: &str, conditions: Vec<Value>) -> RuleChange {
    let mut rule = RuleChange {
        name: name.to_owned(),
        environment: None,
        action_match: Quantifier::Any,
        filter_match: Quantifier::All,
        conditions,
        filters: Vec::new(),
        actions: vec![json!({"id": NOTIFY_EVENT})],
        frequency_minutes: 5,
        owner: None,
        active: true,
        counters: Vec::new(),
    };
    rule.counters = rule.compile(UNSAVED, |_| None).unwrap().counters();
    rule
}

fn every_event() -> Value {
    json!({"id": "sentry.rules.conditions.every_event.EveryEventCondition"})
}

/// The tag `release` is this one.
fn in_release(release: &str) -> Value {
    json!({"id": "sentry.rules.filters.tagged_event.TaggedEventFilter", "key": "release", "match": "eq", "value": release})
}

fn frequency(id: &str, value: u32) -> Value {
    json!({"id": format!("sentry.rules.conditions.event_frequency.{id}"), "value": value, "interval": "1h"})
}

impl World {
    async fn alert_hook(&self, url: String) -> HookNumber {
        self.hook_on(vec![Kind::EventAlert], url).await
    }

    async fn hook_on(&self, kinds: Vec<Kind>, url: String) -> HookNumber {
        let hook = NewHook {
            guid: ALERT_HOOK,
            project: self.project.id,
            url,
            secret: Secret::from_random([2; 32]),
            kinds,
            filters: Vec::new(),
            filter_match: Quantifier::All,
            settings: HookSettings::default(),
            active: true,
            now: NOW,
        };
        let number = self.store.create_hook(hook).await.unwrap().number;
        self.directory.refresh().await.unwrap();
        number
    }

    async fn rule(&self, rule: RuleChange) -> RuleId {
        let new = NewRule { project: self.project.id, rule, created_by: None, now: NOW };
        let id = self.store.create_rule(new).await.unwrap().id;
        self.directory.refresh().await.unwrap();
        id
    }

    /// An event of one issue, received so many milliseconds after [`NOW`], matched as accept would match it now.
    fn real_event(&self, number: u16, at: i64) -> NewEvent {
        let mut id = [7; 16];
        id[..2].copy_from_slice(&number.to_be_bytes());
        let user = format!("id:{}", number % 90);
        let event = Event {
            id: EventId(id),
            platform: "python",
            timestamp: (NOW.0 + at) * 1_000,
            release: Some("app@1".into()),
            exception_json: br#"{"values":[]}"#.to_vec(),
            attributes_json: format!(r#","release":"app@1","user":{{"id":"{}"}}"#, number % 90).into_bytes(),
            tags: vec![("release".into(), "app@1".into())],
            derived_tags: vec![("user".into(), user.as_str().into())],
            ..Event::default()
        };
        let title = Title::of(&event);
        let place = Place {
            base_url: "https://watch.example",
            organization: "org",
            project_id: self.project.id,
            project_slug: &self.project.slug,
            project_name: &self.project.name,
        };
        let value = event_value(&event, &title);
        let entry = Arc::clone(self.directory.current().project(self.project.id).unwrap());
        let tags = event.tags.iter().chain(&event.derived_tags).map(|(key, value)| (&**key, &**value));
        NewEvent {
            id: event.id,
            generation: entry.project.generation,
            received: Millis(NOW.0 + at),
            grouping: GroupingKey { version: 1, hash: [9; 16] },
            marks: Marks::new(Some("app@1"), None, tags),
            body: CreatedBody::new(&event, &title, "", &place),
            compressed: zstd::bulk::compress(&value, 1).unwrap(),
            value: Bytes::from(value),
            candidates: entry.matcher.candidates(Hop(0), &EventView::new(&event, title.as_str(), None)),
            ..self.event(0, 0)
        }
    }

    async fn record_real(&self, numbers: std::ops::Range<u16>, at: i64) -> Vec<RecordedEvent> {
        let event = |number| BatchEvent { event: Arc::new(self.real_event(number, at)), room: vec![] };
        let events = numbers.map(event).collect();
        let results = self.store.record(Arc::new(Batch { events, ..self.batch() })).await.unwrap().events;
        let recorded = |result| match result {
            EventResult::Recorded(recorded) => recorded,
            other => panic!("not recorded: {other:?}"),
        };
        results.into_iter().map(recorded).collect()
    }

    fn filling(&self) -> CounterFilling {
        let (store, directory) = (self.store.clone(), Arc::clone(&self.directory));
        CounterFilling { store, directory, clock: Arc::clone(&self.clock) }
    }

    /// Hands an event to the recorder, whose transaction has not run yet.
    fn ask(&self, event: NewEvent) -> BoxFuture<'static, Result<Accepted, RecordError>> {
        let recorder = self.recorder.clone();
        let mut asked = async move { recorder.record(event, Budget::new(1).take(1).unwrap()).await }.boxed();
        self.work.store_came_back();
        assert!(asked.as_mut().now_or_never().is_none(), "it waits for its transaction");
        self.work.store_went_away();
        asked
    }

    /// Records a full batch; what is owed to this hook on each kind, and how much of it is leased.
    async fn record_full_batch(&mut self, hook: HookNumber) -> [(usize, usize); 2] {
        let events: Vec<_> = (0..512).map(|number| self.real_event(number, 0)).collect();
        let ids: Vec<_> = events.iter().map(|event| event.id).collect();
        let asked: Vec<_> = events.into_iter().map(|event| self.ask(event)).collect();
        self.transact().await;
        for asked in asked {
            assert!(matches!(asked.await, Ok(Accepted::Recorded { .. })));
        }
        let mut owed = [(0, 0); 2];
        for id in ids {
            for delivery in self.store.deliveries(self.project.id, id).await.unwrap() {
                let (all, leased) = &mut owed[usize::from(delivery.key.kind == Kind::EventAlert)];
                *all += usize::from(delivery.key.hook == hook);
                *leased += usize::from(delivery.key.hook == hook && delivery.state == DeliveryState::Sending);
            }
        }
        owed
    }

    async fn record_by_the_recorder(&mut self, event: NewEvent) {
        let asked = self.ask(event);
        self.transact().await;
        assert!(matches!(asked.await, Ok(Accepted::Recorded { .. })));
    }
}

fn alerts(recorded: &RecordedEvent) -> Vec<&OwedRow> {
    recorded.owed.iter().filter(|owed| owed.key.kind == Kind::EventAlert).collect()
}

#[tokio::test]
async fn a_counter_that_is_asked_for_late_is_as_if_it_had_always_counted() {
    let world = World::new(KIB).await;
    world.alert_hook("http://127.0.0.1:9/".to_owned()).await;
    // Out of reach: an hour and a minute.
    world.record_real(0..10, -61 * 60_000 - 1).await;
    world.record_real(10..160, -60_000).await;
    world.rule(rule("Events", vec![frequency("EventFrequencyCondition", 151)])).await;
    world.rule(rule("Users", vec![frequency("EventUniqueUserFrequencyCondition", 89)])).await;
    let filling = world.filling();
    assert_eq!(world.store.counters_to_fill().await.unwrap().len(), 2);
    // What is recorded before it is full counts by itself.
    assert!(alerts(&world.record_real(160..161, 0).await[0]).is_empty());
    filling.fill_all().await.unwrap();
    assert!(world.store.counters_to_fill().await.unwrap().is_empty());
    let filled = world.store.filled_slices();
    assert_eq!(filled, 6, "160 events in slices of 64, for two counters");
    filling.fill_all().await.unwrap();
    assert_eq!(world.store.filled_slices(), filled, "nothing is left to fill");
    let fired = world.record_real(161..162, 0).await;
    let body: Value = serde_json::from_slice(alerts(&fired[0])[0].alert.as_deref().unwrap()).unwrap();
    assert_eq!(body["triggering_rules"], json!(["Events", "Users"]), "152 events, 90 users");
}

#[tokio::test]
async fn filling_begins_again_after_the_store_was_away() {
    let world = World::new(KIB).await;
    world.record_real(0..3, 0).await;
    world.rule(rule("Events", vec![frequency("EventFrequencyCondition", 5)])).await;
    world.store.failing_fills.store(1, std::sync::atomic::Ordering::Relaxed);
    tokio::time::pause();
    let filling = tokio::spawn(world.filling().fill_forever());
    let begun = std::time::Instant::now();
    while !world.store.counters_to_fill().await.unwrap().is_empty() {
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        // By the machine's clock: a busy one may take long for what the store does.
        assert!(begun.elapsed() < PATIENCE, "it waits for a change that does not come");
    }
    filling.abort();
}

#[tokio::test]
async fn an_event_in_the_queue_is_matched_with_the_rule_as_it_is_now() {
    let mut world = World::new(100 * KIB).await;
    let hook = world.alert_hook("http://127.0.0.1:9/".to_owned()).await;
    let id = world.rule(rule("Another release", vec![in_release("app@0")])).await;
    let event = world.real_event(1, 0);
    assert!(event.candidates.rules.is_empty());
    let changed = rule("This release", vec![in_release("app@1")]);
    world.store.update_rule(world.project.id, id, changed).await.unwrap();
    let asked = world.ask(event.clone());
    let moved = world.task.step(Vec::new()).await.unwrap();
    assert_eq!(moved.len(), 1, "it was matched under an older generation");
    assert!(world.task.step(moved).await.unwrap().is_empty());
    assert!(matches!(asked.await, Ok(Accepted::Recorded { .. })));
    let deliveries = world.store.deliveries(world.project.id, event.id).await.unwrap();
    assert_eq!(deliveries.len(), 2, "the hook on created events, and the alert");
    let alert = deliveries.iter().find(|found| found.key.hook == hook).unwrap();
    assert_eq!(alert.state, DeliveryState::Sending, "a place was kept for it when it was matched again");
    let body = world.store.bodies(vec![alert.key], usize::MAX).await.unwrap().found.remove(0).unwrap();
    assert!(String::from_utf8_lossy(&body.bytes).contains(r#""triggering_rules":["This release"]"#));
    assert_eq!(world.leased().await, 2);
}

#[tokio::test]
async fn an_alert_holds_its_bytes_of_the_lane_budget_until_it_is_sent() {
    let mut world = World::new(100 * KIB).await;
    let receiver = FakeReceiver::start().await;
    world.alert_hook(receiver.url("/")).await;
    world.rule(rule("Every", vec![every_event()])).await;
    let event = world.real_event(1, 0);
    let (id, created_bytes) = (event.id, event.value.len());
    world.record_by_the_recorder(event).await;
    let alert = alert_of(&world, id).await;
    let body = world.store.bodies(vec![alert], usize::MAX).await.unwrap().found.remove(0).unwrap().bytes;
    assert_eq!(world.budget.held_bytes(), created_bytes + body.len());
    world.work.store_came_back();
    let received = receiver.wait_for(1).await;
    assert_eq!(received[0].body, body, "what was handed over is what was stored");
    assert_eq!(received[0].header("x-sentry-hook-event"), Some("event.alert"));
    while world.budget.held_bytes() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_alert_that_finds_no_memory_waits_in_the_ledger() {
    let mut world = World::new(100 * KIB).await;
    let hook = world.alert_hook("http://127.0.0.1:9/".to_owned()).await;
    world.rule(rule("Every", vec![every_event()])).await;
    let all = world.budget.take(100 * KIB);
    let event = world.real_event(1, 0);
    let id = event.id;
    world.record_by_the_recorder(event.clone()).await;
    // The next transaction gives back what found none.
    world.transact().await;
    let deliveries = world.store.deliveries(world.project.id, id).await.unwrap();
    assert!(deliveries.iter().all(|found| found.state == DeliveryState::Waiting), "{deliveries:?}");
    let next = BatchEvent { event: Arc::new(event), room: vec![] };
    assert_eq!(world.lanes.reserve_alerts(&[next]), [(hook, 0)], "what comes next waits behind it");
    drop(all);
}

#[tokio::test]
async fn no_place_is_kept_for_an_alert_that_cannot_be_signed() {
    let world = World::new(100 * KIB).await;
    let hook = world.alert_hook("http://127.0.0.1:9/".to_owned()).await;
    world.rule(rule("Every", vec![every_event()])).await;
    let places = || {
        let event = BatchEvent { event: Arc::new(world.real_event(1, 0)), room: vec![] };
        world.lanes.reserve_alerts(&[event]).into_iter().map(|(hook, _)| hook).collect::<Vec<_>>()
    };
    assert_eq!(places(), [hook]);
    world.store.damaged_secrets.store(true, Ordering::Relaxed);
    world.rule(rule("Another", vec![every_event()])).await;
    assert_eq!(places(), []);
}

/// A lane has places for a full batch, and each of its events might owe an alert too.
#[tokio::test]
async fn alerts_that_are_not_owed_after_all_take_no_place() {
    let mut world = World::new(10_000 * KIB).await;
    let kinds = vec![Kind::EventCreated, Kind::EventAlert];
    let hook = world.hook_on(kinds, "http://127.0.0.1:9/".to_owned()).await;
    world.rule(rule("Never", vec![frequency("EventFrequencyCondition", 9_999)])).await;
    assert_eq!(world.record_full_batch(hook).await, [(512, 512), (0, 0)]);
}

#[tokio::test]
async fn an_alert_without_a_place_waits_in_the_ledger_and_has_the_lane_look_there() {
    let mut world = World::new(10_000 * KIB).await;
    let kinds = vec![Kind::EventCreated, Kind::EventAlert];
    let hook = world.hook_on(kinds, "http://127.0.0.1:9/".to_owned()).await;
    world.rule(rule("Every", vec![every_event()])).await;
    assert_eq!(world.record_full_batch(hook).await, [(512, 512), (1, 0)]);
    assert_eq!(world.store.due_hooks(NOW).await.unwrap(), [hook]);
    let next = world.real_event(600, 0);
    assert!(!world.lanes.reserve(&next).contains(&hook), "what comes next waits behind it");
    let next = BatchEvent { event: Arc::new(next), room: vec![] };
    assert_eq!(world.lanes.reserve_alerts(&[next]).into_iter().find(|(of, _)| *of == hook), Some((hook, 0)));
}

#[tokio::test]
async fn an_alert_is_sent_after_a_restart_with_the_same_bytes() {
    let mut world = World::new(100 * KIB).await;
    let receiver = FakeReceiver::start().await;
    let hook = world.alert_hook(receiver.url("/")).await;
    world.rule(rule("Every", vec![every_event()])).await;
    let event = world.real_event(1, 0);
    // The process dies with the alert in its hands.
    let recorded = world.record(event, vec![hook]).await;
    let alert = alerts(&recorded)[0].clone();
    assert!(alert.leased);
    world.owner = world.store.register(NOW).await.unwrap();
    world.task.owner = world.owner;
    assert_eq!(world.store.free_dead_leases(NOW, 100).await.unwrap(), 1);
    world.lanes.claim_due(world.store.due_hooks(NOW).await.unwrap());
    world.work.store_came_back();
    let received = tokio::select! {
        received = receiver.wait_for(1) => received,
        () = async { loop { world.transact().await } } => unreachable!("it never ends"),
    };
    assert_eq!(Some(received[0].body.clone()), alert.alert.map(Into::into));
    assert_eq!(received[0].header("x-sentry-hook-attempt"), Some("2"), "it may have been sent before");
}

async fn alert_of(world: &World, event: EventId) -> model::delivery_key::DeliveryKey {
    let deliveries = world.store.deliveries(world.project.id, event).await.unwrap();
    deliveries.iter().find(|found| found.key.kind == Kind::EventAlert).unwrap().key
}
