//! Replays go on at their pace, wake the lanes, and survive what fails; who listens hears of what was committed.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::FutureExt as _;
use model::ids::Millis;
use model::limits::REPLAY_DELIVERIES_PER_SECOND;
use store::deliveries::{Deliveries as _, NewReplay, Replay, ReplayBegun, ReplayState, ReplayStates};
use store::ledger::{Batch, Claim, ClaimOrder, Ledger as _, NextState, Settlement};

use super::world::{NOW, World};
use crate::budget::Budget;
use crate::live::Heard;
use crate::replaying::Replaying;

/// Records so many events and lets their deliveries be cancelled.
async fn cancelled(world: &World, count: u16) {
    world.record_without_room(count).await;
    let mut claimed = Vec::new();
    while claimed.len() < usize::from(count) {
        let claim = Claim { hook: world.hook, limit: 500, order: ClaimOrder::Age };
        let recorded = world.store.record(Arc::new(Batch { claims: vec![claim], ..world.batch() })).await.unwrap();
        claimed.extend(recorded.claimed.into_iter().flatten());
    }
    let cancel = |key| Settlement { key, attempts: vec![], next: NextState::Cancelled };
    let settlements = claimed.iter().map(|claimed| cancel(claimed.key)).collect();
    world.store.record(Arc::new(Batch { settlements, ..world.batch() })).await.unwrap();
}

/// Begins a replay of everything that was not delivered until then.
pub(super) async fn begin(world: &World) -> Replay {
    let (project, hook, states) = (world.project.id, world.hook, ReplayStates::every());
    let new = NewReplay { project, hook, since: Millis(0), until: world.clock.now(), states, now: NOW };
    let ReplayBegun::Runs(replay) = world.store.create_replay(new).await.unwrap() else { panic!("it runs") };
    replay
}

pub(super) fn replaying(world: &World) -> Replaying {
    Replaying {
        store: world.store.clone(),
        lanes: Arc::clone(&world.lanes),
        clock: Arc::clone(&world.clock),
        metrics: Arc::default(),
    }
}

#[tokio::test]
async fn a_replay_sends_so_many_again_each_second_and_wakes_the_lane() {
    let mut world = World::new(1 << 20).await;
    let count = REPLAY_DELIVERIES_PER_SECOND + 50;
    cancelled(&world, u16::try_from(count).unwrap()).await;
    let replay = begin(&world).await;
    assert_eq!(replay.found, u64::try_from(count).unwrap());
    let replaying = replaying(&world);
    replaying.step().await.unwrap();
    let now = world.store.replay(world.hook, replay.id).await.unwrap().unwrap();
    assert_eq!((now.sent_again, now.state), (REPLAY_DELIVERIES_PER_SECOND as u64, ReplayState::Running));
    // The lane asks for them without a look at the ledger.
    world.transact().await;
    assert!(world.leased().await > 0);
    replaying.step().await.unwrap();
    let now = world.store.replay(world.hook, replay.id).await.unwrap().unwrap();
    assert_eq!((now.sent_again, now.state), (replay.found, ReplayState::Done));
    replaying.step().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_listens_hears_of_what_was_owed_and_settled_after_its_commit() {
    let mut world = World::new(1 << 20).await;
    let mut listener = world.feed.listen(world.hook).unwrap();
    // The gate is open while the recorder takes the event, and shut again before anything is attempted.
    world.work.store_came_back();
    let (event, held) = (world.event(1, 10), Budget::new(1).take(1).unwrap());
    assert!(world.recorder.record(event, held).now_or_never().is_none());
    world.work.store_went_away();
    world.transact().await;
    let Some(Heard::Deliveries(owed)) = listener.next().await else { panic!("it was owed") };
    assert_eq!(owed.len(), 1);
    world.work.settle(Settlement { key: owed[0], attempts: vec![], next: NextState::Cancelled });
    world.store.failing_commits.store(1, Ordering::Relaxed);
    world.transact().await;
    assert!(listener.next().now_or_never().is_none(), "that commit did not stand");
    world.transact().await;
    assert_eq!(listener.next().now_or_never(), Some(Some(Heard::Deliveries(owed))));
}
