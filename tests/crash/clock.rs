//! The wall clock jumps an hour ahead and an hour back: events are taken and delivered, and no lease is lost.

use crate::support::clock::MovedClock;
use crate::support::ledger::Ledger;
use crate::support::scene::Scene;
use crate::support::server::TestServer;

const HOUR_S: i64 = 3600;

#[test]
fn events_come_and_go_while_the_wall_clock_jumps_an_hour_both_ways() {
    let clock = MovedClock::new();
    let mut scene = Scene::of(TestServer::start_with(&clock.environment()));
    scene.receiver.trust_the_clock_of_the_sender();
    let mut ids = Vec::new();
    for jump in [0, HOUR_S, -HOUR_S, 0] {
        // Some are on the wire while the clock jumps.
        scene.receiver.hold();
        let on_the_wire = scene.receiver.webhooks().len() + 16;
        ids.extend((0..20).map(|_| scene.send_message()));
        scene.receiver.wait_for(on_the_wire);
        clock.set(jump);
        scene.receiver.release();
        ids.push(scene.send_message());
        scene.receiver.wait_for(ids.len());
        assert!(scene.server.is_healthy());
    }
    // Once more across a restart: the next process finds a clock that is behind what the last one wrote.
    clock.set(HOUR_S);
    scene.server.stop();
    scene.server.restart();
    ids.push(scene.send_message());
    scene.receiver.wait_for(ids.len());
    clock.set(-HOUR_S);
    scene.server.stop();
    scene.server.restart();
    ids.push(scene.send_message());
    scene.receiver.wait_for(ids.len());
    assert!(the_clock_was_moved(&scene), "the library had no effect");
    let folder = scene.server.folder().to_owned();
    scene.server.stop();
    assert_eq!(Ledger::open(&folder).all_interruptions(), 0);
    scene.server.restart();
    scene.ends_with(ids.iter().map(String::as_str));
}

/// Whether the server's stamps ever were an hour away from each other.
fn the_clock_was_moved(scene: &Scene) -> bool {
    let stamps: Vec<i64> =
        scene.receiver.webhooks().iter().map(|webhook| webhook.header("webhook-timestamp").parse().unwrap()).collect();
    stamps.iter().max().unwrap() - stamps.iter().min().unwrap() > HOUR_S
}
