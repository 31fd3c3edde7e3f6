//! What a failing receiver brings about: an open circuit and its probes, pauses, retries, one request at a time, 410 Gone.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use model::attempt::Outcome;
use model::delivery::DeliveryState;
use model::hook::{DisabledBy, HookSettings, Retries, WhenOpen};
use model::limits::LANE_BUDGET_BYTES;
use model::standing::Standing;
use store::catalog::Catalog as _;
use store::deliveries::Deliveries as _;
use store::ledger::Ledger as _;
use testkit::{Behaviour, FakeReceiver, Gate, Reply};
use tokio::net::TcpListener;

use super::world::World;
use crate::budget::Budget;
use crate::lanes::TestError;
use crate::recorder::Accepted;

/// A world whose hook's receiver answers with this status, and whose lanes may send.
async fn answered(status: u16, settings: HookSettings) -> (World, FakeReceiver) {
    let receiver = FakeReceiver::start().await;
    receiver.answer(Behaviour::status(status));
    let world = World::of_hook(&receiver.url("/"), settings, LANE_BUDGET_BYTES).await;
    world.work.store_came_back();
    (world, receiver)
}

/// A world whose receiver answered ten deliveries with 503 and whose circuit is open; more wait.
async fn opened(settings: HookSettings, more: u16) -> (World, FakeReceiver) {
    // One at a time, so that exactly ten open it.
    let (mut world, receiver) = answered(503, HookSettings { concurrency: 1, ..settings }).await;
    world.record_without_room(9).await;
    world.look().await;
    world.hands.advance(Duration::from_secs(30));
    for number in 10..=10 + more {
        world.record(world.event(number, 10), vec![]).await;
    }
    world.look().await;
    assert!(is_open(&world), "{:?}", world.lanes.standing(world.hook));
    (world, receiver)
}

fn is_open(world: &World) -> bool {
    world.lanes.standing(world.hook).is_some_and(|standing| standing.opened.is_some())
}

/// The states of the deliveries of the events with these numbers.
async fn states(world: &World, numbers: std::ops::RangeInclusive<u16>) -> Vec<DeliveryState> {
    let mut states = Vec::new();
    for number in numbers {
        states.push(world.state(number).await);
    }
    states
}

/// Records an event as a request does.
async fn send(world: &mut World, number: u16) {
    let (recorder, event) = (world.recorder.clone(), world.event(number, 10));
    let mut asked = Box::pin(recorder.record(event, Budget::new(1).take(1).unwrap()));
    assert!(asked.as_mut().now_or_never().is_none(), "it waits for its transaction");
    world.transact().await;
    assert!(matches!(asked.await, Ok(Accepted::Recorded { .. })));
}

#[tokio::test]
async fn a_receiver_that_refuses_connections_loses_nothing() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut world = World::of_hook(&format!("http://{closed}/"), HookSettings::default(), LANE_BUDGET_BYTES).await;
    world.work.store_came_back();
    world.record_without_room(50).await;
    world.look().await;
    let standing = world.lanes.standing(world.hook).unwrap();
    assert!(is_open(&world) && standing.unsent >= 10, "{standing:?}");
    assert_eq!(states(&world, 1..=50).await, [DeliveryState::Waiting; 50]);
    assert_eq!(world.leased().await, 0, "what it held is back in the ledger");
    world.look().await;
    assert_eq!(world.store.standings().await.unwrap(), [(world.hook, standing)]);
}

#[tokio::test]
async fn an_open_circuit_is_probed_with_the_least_important_delivery_until_one_succeeds() {
    let (mut world, receiver) = opened(HookSettings::default(), 20).await;
    let before = receiver.requests().len();
    world.look().await;
    assert_eq!(receiver.requests().len(), before, "no probe is due");
    world.second().await;
    assert_eq!(receiver.requests().len(), before + 1);
    world.second().await;
    assert_eq!(receiver.requests().len(), before + 1, "the second one is due two seconds after the first");
    world.second().await;
    assert_eq!(receiver.requests().len(), before + 2);
    receiver.answer(Behaviour::status(204));
    for _ in 0..4 {
        world.second().await;
    }
    assert!(!is_open(&world));
    world.look().await;
    assert_eq!(world.store.totals().await.unwrap().unsettled, 0);
    // The ten that opened it, and two probes that failed: each had the one attempt that it has.
    assert_eq!(world.store.totals().await.unwrap().failed, 12);
    let standings = world.store.standings().await.unwrap();
    assert!(standings[0].1.opened.is_none() && standings[0].1.failures == 0, "{standings:?}");
}

#[tokio::test]
async fn a_probe_that_is_on_the_wire_is_the_only_one() {
    let (mut world, receiver) = opened(HookSettings::default(), 5).await;
    let before = receiver.requests().len();
    let gate = Gate::new();
    receiver.answer(Behaviour::Hold(gate.clone(), Reply::new(503)));
    world.hands.advance(Duration::from_secs(1));
    world.lanes.look_at_ledger(vec![world.hook]);
    world.transact().await;
    receiver.wait_for(before + 1).await;
    world.hands.advance(Duration::from_secs(60));
    world.lanes.look_at_ledger(vec![world.hook]);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(world.work.is_idle(), "nobody claims");
    gate.open();
    world.rest().await;
    assert_eq!(receiver.requests().len(), before + 1);
    world.second().await;
    assert_eq!(receiver.requests().len(), before + 2);
}

#[tokio::test]
async fn the_next_start_knows_that_a_circuit_is_open() {
    let (mut world, receiver) = opened(HookSettings::default(), 5).await;
    let before = receiver.requests().len();
    let standings = world.store.standings().await.unwrap();
    world.start_again(standings);
    world.look().await;
    assert_eq!(receiver.requests().len(), before);
    world.second().await;
    assert_eq!(receiver.requests().len(), before + 1, "a probe, and nothing but a probe");
    assert!(is_open(&world));
}

#[tokio::test]
async fn a_replay_gives_an_open_circuit_no_more_than_its_probes_need() {
    let (mut world, receiver) = opened(HookSettings::default(), 0).await;
    let replay = super::replaying::begin(&world).await;
    assert_eq!(replay.found, 10);
    let replaying = super::replaying::replaying(&world);
    let sent_again = async |world: &World| {
        let replay = world.store.replay(world.hook, replay.id).await.unwrap().unwrap();
        replay.sent_again
    };
    replaying.step().await.unwrap();
    assert_eq!(sent_again(&world).await, 1);
    receiver.answer(Behaviour::status(204));
    world.second().await;
    assert!(!is_open(&world), "it was the probe");
    replaying.step().await.unwrap();
    assert_eq!(sent_again(&world).await, 10);
    world.second().await;
    assert_eq!(states(&world, 1..=10).await, [DeliveryState::Delivered; 10]);
}

#[tokio::test]
async fn a_hook_that_skips_is_owed_one_delivery_for_each_probe() {
    let skip = HookSettings { when_open: WhenOpen::Skip, ..HookSettings::default() };
    let (mut world, receiver) = opened(skip, 0).await;
    // Nothing waited when it opened: the first that is owed now is for the probe.
    world.second().await;
    for number in 21..=24 {
        send(&mut world, number).await;
    }
    let (skipped, waiting) = (DeliveryState::Skipped, DeliveryState::Waiting);
    assert_eq!(states(&world, 21..=24).await, [waiting, skipped, skipped, skipped]);
    receiver.answer(Behaviour::status(200));
    world.second().await;
    assert!(!is_open(&world));
    assert_eq!(world.state(21).await, DeliveryState::Delivered);
    send(&mut world, 25).await;
    world.second().await;
    assert_eq!(world.state(25).await, DeliveryState::Delivered);
}

#[tokio::test]
async fn a_receiver_that_asks_to_be_left_alone_is_left_alone_by_the_whole_lane() {
    let one = HookSettings { concurrency: 1, ..HookSettings::default() };
    let (mut world, receiver) = answered(200, one).await;
    receiver.answer_next(Behaviour::Reply(Reply::new(429).header("retry-after", "60")));
    world.record_without_room(5).await;
    world.look().await;
    assert_eq!(receiver.requests().len(), 1);
    assert_eq!(world.state(1).await, DeliveryState::Failed, "it had its one attempt");
    assert_eq!(states(&world, 2..=5).await, [DeliveryState::Waiting; 4]);
    world.hands.advance(Duration::from_secs(58));
    world.second().await;
    assert_eq!(receiver.requests().len(), 1);
    world.second().await;
    assert_eq!(states(&world, 2..=5).await, [DeliveryState::Delivered; 4]);
}

#[tokio::test]
async fn what_failed_is_retried_on_the_schedule_where_the_hook_asks_for_it() {
    let retried = HookSettings { retries: Retries::Exponential, ..HookSettings::default() };
    let (mut world, receiver) = answered(404, retried).await;
    world.record_without_room(1).await;
    world.look().await;
    let mut waited = Vec::new();
    for _ in 0..7 {
        let due = world.due(1).await.expect("a retry is planned");
        waited.push((due.0 - world.clock.now().0 + 500) / 1_000);
        world.hands.advance(Duration::from_millis(u64::try_from(due.0 - world.clock.now().0).unwrap() - 1));
        let before = receiver.requests().len();
        world.look().await;
        assert_eq!(receiver.requests().len(), before, "it is not due yet");
        world.second().await;
        assert_eq!(receiver.requests().len(), before + 1);
    }
    // Chance stands in the middle here: no jitter.
    assert_eq!(waited, [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400]);
    assert_eq!(world.state(1).await, DeliveryState::Failed, "that was the last one");
    let numbers: Vec<_> =
        receiver.requests().iter().map(|request| request.header("x-sentry-hook-attempt").unwrap().to_owned()).collect();
    assert_eq!(numbers, ["1", "2", "3", "4", "5", "6", "7", "8"]);
}

#[tokio::test]
async fn a_receiver_that_is_gone_disables_its_hook_and_a_person_enables_it_anew() {
    let (mut world, receiver) = answered(410, HookSettings::default()).await;
    world.record_without_room(1).await;
    world.look().await;
    world.hands.advance(Duration::from_secs(10));
    world.record(world.event(2, 10), vec![]).await;
    world.record(world.event(3, 10), vec![]).await;
    world.look().await;
    let hook = world.store.hooks(world.project.id).await.unwrap().remove(0);
    assert_eq!((hook.active, hook.disabled_by), (false, Some(DisabledBy::Gone)));
    let sent = receiver.requests().len();
    world.record(world.event(4, 10), vec![]).await;
    world.look().await;
    assert_eq!(receiver.requests().len(), sent, "a disabled hook never fires");
    assert_eq!(world.lanes.standing(world.hook), Some(Standing::default()));
    world.enable(hook.guid).await;
    world.record(world.event(5, 10), vec![]).await;
    world.second().await;
    assert_eq!(receiver.requests().len(), sent + 1);
    let hook = world.store.hooks(world.project.id).await.unwrap().remove(0);
    assert!(hook.active, "one more 410 is the first of its kind");
}

#[tokio::test]
async fn a_hook_that_is_disabled_and_enabled_within_a_second_starts_anew() {
    let (mut world, receiver) = opened(HookSettings::default(), 5).await;
    let hook = world.store.hooks(world.project.id).await.unwrap().remove(0).guid;
    receiver.answer(Behaviour::status(204));
    world.disable().await;
    world.enable(hook).await;
    world.look().await;
    assert!(!is_open(&world));
    assert_eq!(states(&world, 11..=15).await, [DeliveryState::Delivered; 5], "no probe is waited for");
}

#[tokio::test]
async fn a_circuit_that_another_process_closed_is_found_closed_with_the_next_probe() {
    let (mut world, receiver) = opened(HookSettings::default(), 5).await;
    world.look().await;
    let hook = world.store.hooks(world.project.id).await.unwrap().remove(0).guid;
    receiver.answer(Behaviour::status(204));
    world.renew_elsewhere(hook).await;
    world.look().await;
    assert!(is_open(&world), "nobody told the lanes");
    for _ in 0..2 {
        world.second().await;
    }
    assert!(!is_open(&world));
    assert_eq!(states(&world, 11..=15).await, [DeliveryState::Delivered; 5]);
}

#[tokio::test]
async fn what_waited_for_its_turn_longer_than_it_may_is_not_sent() {
    let settings = HookSettings { concurrency: 1, max_age: Duration::from_secs(60), ..HookSettings::default() };
    let (mut world, receiver) = answered(204, settings).await;
    let gate = Gate::new();
    receiver.answer(Behaviour::Hold(gate.clone(), Reply::new(204)));
    world.record_without_room(2).await;
    world.lanes.claim_due(vec![world.hook]);
    world.transact().await;
    receiver.wait_for(1).await;
    world.hands.advance(Duration::from_secs(61));
    gate.open();
    world.rest().await;
    assert_eq!(states(&world, 1..=2).await, [DeliveryState::Delivered, DeliveryState::Expired]);
    assert_eq!(receiver.requests().len(), 1);
}

#[tokio::test]
async fn a_receiver_that_has_failed_for_long_gets_one_request_at_a_time_and_more_as_it_succeeds() {
    let (mut world, receiver) = answered(404, HookSettings::default()).await;
    world.record_without_room(1).await;
    world.look().await;
    world.hands.advance(Duration::from_secs(30));
    world.record(world.event(2, 10), vec![]).await;
    world.look().await;
    let gate = Gate::new();
    receiver.answer(Behaviour::Hold(gate.clone(), Reply::new(200)));
    for number in 3..=20 {
        world.record(world.event(number, 10), vec![]).await;
    }
    world.lanes.claim_due(vec![world.hook]);
    world.transact().await;
    receiver.wait_for(3).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(receiver.requests().len(), 3, "one is on the wire");
    gate.open();
    world.rest().await;
    world.look().await;
    assert_eq!(states(&world, 3..=20).await, [DeliveryState::Delivered; 18]);
    assert!(receiver.connections() > 1, "it got more at once as it succeeded");
}

#[tokio::test]
async fn a_test_is_answered_with_what_the_receiver_said_and_closes_an_open_circuit() {
    let (mut world, receiver) = opened(HookSettings::default(), 3).await;
    let body = Bytes::from_static(b"{\"sample\":true}");
    let ask = |world: &World| {
        let (lanes, hook, body) = (Arc::clone(&world.lanes), world.hook, body.clone());
        tokio::spawn(async move { lanes.test(hook, body).await })
    };
    receiver.answer_next(Behaviour::Reply(Reply::new(418).body("short and stout")));
    let asked = ask(&world);
    world.transact().await;
    let tested = asked.await.unwrap().unwrap();
    assert_eq!((tested.attempt.outcome, tested.attempt.status), (Outcome::HttpError, Some(418)));
    assert_eq!(tested.attempt.excerpt.body, "short and stout");
    world.rest().await;
    assert!(is_open(&world));
    receiver.answer(Behaviour::status(204));
    let asked = ask(&world);
    world.transact().await;
    assert_eq!(asked.await.unwrap().unwrap().attempt.outcome, Outcome::Succeeded);
    let sent = receiver.requests().pop().unwrap();
    assert_eq!(sent.header("x-sentry-hook-test"), Some("1"));
    assert_eq!(sent.header("x-sentry-hook-delivery"), Some(tested_id(&world, &sent).as_str()));
    assert_eq!(sent.body, body);
    world.rest().await;
    assert!(!is_open(&world), "it counts as a probe");
    world.second().await;
    assert_eq!(world.store.totals().await.unwrap().unsettled, 0);
}

/// A delivery's id is a UUID of version 7 whose last digits are hook and kind.
fn tested_id(world: &World, sent: &testkit::Received) -> String {
    let id = sent.header("x-sentry-hook-delivery").unwrap_or_default();
    assert!(id.len() == 32 && id.ends_with(&format!("{:07x}3", world.hook.get())), "{id}");
    id.to_owned()
}

#[tokio::test]
async fn a_test_of_a_healthy_hook_says_nothing_of_its_receiver() {
    let (mut world, receiver) = answered(500, HookSettings::default()).await;
    let (lanes, hook) = (Arc::clone(&world.lanes), world.hook);
    let asked = tokio::spawn(async move { lanes.test(hook, Bytes::from_static(b"{}")).await });
    world.transact().await;
    assert_eq!(asked.await.unwrap().unwrap().attempt.status, Some(500));
    world.rest().await;
    assert_eq!(world.lanes.standing(world.hook), Some(Standing::default()));
    receiver.wait_for(1).await;
    world.disable().await;
    let refused = world.lanes.test(world.hook, Bytes::from_static(b"{}")).await;
    assert_eq!(refused.err(), Some(TestError::NotFiring));
}

#[tokio::test]
async fn a_hook_has_one_test_at_a_time() {
    let (mut world, receiver) = answered(200, HookSettings::default()).await;
    let gate = Gate::new();
    receiver.answer_next(Behaviour::Hold(gate.clone(), Reply::new(200)));
    let ask = |world: &World| {
        let (lanes, hook) = (Arc::clone(&world.lanes), world.hook);
        tokio::spawn(async move { lanes.test(hook, Bytes::from_static(b"{}")).await })
    };
    let first = ask(&world);
    world.transact().await;
    receiver.wait_for(1).await;
    assert_eq!(ask(&world).await.unwrap().err(), Some(TestError::Testing));
    gate.open();
    assert_eq!(first.await.unwrap().unwrap().attempt.status, Some(200));
    world.rest().await;
    let next = ask(&world);
    world.transact().await;
    assert_eq!(next.await.unwrap().unwrap().attempt.status, Some(200));
}

#[tokio::test]
async fn a_test_that_is_sent_again_says_nothing_of_its_receiver_and_is_tried_once() {
    let (mut world, receiver) = answered(410, HookSettings::default()).await;
    let (lanes, hook) = (Arc::clone(&world.lanes), world.hook);
    let asked = tokio::spawn(async move { lanes.test(hook, Bytes::from_static(b"{}")).await });
    world.transact().await;
    let test = asked.await.unwrap().unwrap().delivery;
    world.rest().await;
    world.second().await;
    let closed = [Behaviour::Close, Behaviour::status(410), Behaviour::status(410), Behaviour::status(500)];
    for (count, behaviour) in closed.into_iter().enumerate() {
        receiver.answer_next(behaviour);
        world.store.send_again(test.key(world.project.id), world.clock.now()).await.unwrap();
        world.look().await;
        receiver.wait_for(count + 2).await;
        world.rest().await;
        world.second().await;
        assert_eq!(world.store.totals().await.unwrap().unsettled, 0);
    }
    assert_eq!(world.lanes.standing(world.hook), Some(Standing::default()));
}
