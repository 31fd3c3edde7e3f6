//! Stopping and starting: one server at a time on a folder, leases given back, what waits is sent by the next one.

use std::collections::BTreeSet;

use crate::support::ledger::Ledger;
use crate::support::receiver::Webhook;
use crate::support::scene::Scene;
use crate::support::server::free_address;

#[test]
fn a_second_server_on_the_same_folder_is_refused_and_told_who_has_it() {
    let scene = Scene::start();
    let output = scene.server.serve_command(free_address()).output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    let pid = scene.server.pid().to_string();
    assert!(said.contains(&pid), "the pid {pid} is not in: {said}");
    let folder = scene.server.folder().to_string_lossy().into_owned();
    assert!(said.contains(&folder), "the folder is not in: {said}");
    // The first one has not noticed.
    let id = scene.send_message();
    scene.ends_with([id.as_str()]);
}

#[test]
fn a_killed_server_leaves_its_folder_to_the_next() {
    let mut scene = Scene::start();
    let first = scene.send_message();
    scene.receiver.wait_for_event(&first);
    scene.server.kill();
    scene.server.restart();
    let id = scene.send_message();
    scene.receiver.wait_for_event(&id);
}

#[test]
fn a_graceful_stop_finishes_what_is_on_the_wire_and_gives_the_rest_back() {
    let mut scene = Scene::start();
    scene.receiver.hold();
    let ids: BTreeSet<String> = (0..100).map(|_| scene.send_message()).collect();
    // As many as one hook is sent at a time.
    scene.receiver.wait_for(16);
    scene.server.ask_to_stop();
    scene.receiver.release();
    scene.server.wait_until_stopped();
    let ledger = Ledger::open(scene.server.folder());
    let states = ledger.states();
    assert!(!states.contains_key(&1), "a lease outlived its server: {states:?}");
    assert_eq!(ledger.all_interruptions(), 0);
    println!("states after a graceful stop with 100 events owed: {states:?}");
    drop(ledger);

    scene.server.restart();
    scene.receiver.wait_for(ids.len());
    scene.ends_with(ids.iter().map(String::as_str));
}

#[test]
fn a_server_that_is_stopped_as_soon_as_it_has_started_keeps_no_lease() {
    let mut scene = Scene::start();
    for _ in 0..20 {
        // It finds work to do at once: what the killed one had not settled.
        scene.receiver.hold();
        let before = scene.receiver.webhooks().len();
        scene.send_message();
        scene.receiver.wait_for(before + 1);
        scene.server.kill();
        scene.receiver.release();
        scene.server.restart();
        scene.server.stop();
        let states = Ledger::open(scene.server.folder()).states();
        assert!(!states.contains_key(&1), "a lease outlived its server: {states:?}");
        scene.server.restart();
    }
}

#[test]
fn a_graceful_stop_is_not_held_up_by_a_receiver_that_says_nothing() {
    let mut scene = Scene::start();
    scene.receiver.hold();
    let ids: BTreeSet<String> = (0..40).map(|_| scene.send_message()).collect();
    scene.receiver.wait_for(16);
    scene.server.stop();
    let states = Ledger::open(scene.server.folder()).states();
    assert!(!states.contains_key(&1), "a lease outlived its server: {states:?}");
    scene.receiver.release();
    scene.server.restart();
    scene.receiver.wait_until(std::time::Duration::from_secs(30), |webhooks| {
        webhooks.iter().map(Webhook::event_id).collect::<BTreeSet<_>>().len() == ids.len()
    });
}

#[test]
fn events_wait_for_a_receiver_that_is_away_while_the_server_is_not() {
    let mut scene = Scene::start();
    scene.receiver.hold();
    let ids: Vec<String> = (0..30).map(|_| scene.send_message()).collect();
    scene.receiver.wait_for(16);
    scene.server.kill();
    scene.receiver.release();
    scene.server.restart();
    scene.receiver.wait_until(std::time::Duration::from_secs(30), |webhooks| {
        let seen: BTreeSet<&str> = webhooks.iter().map(Webhook::event_id).collect();
        ids.iter().all(|id| seen.contains(id.as_str()))
    });
    scene.server.stop();
    let ledger = Ledger::open(scene.server.folder());
    assert_eq!(ledger.states().keys().collect::<Vec<_>>(), [&2]);
    let interruptions = ledger.all_interruptions();
    assert!(interruptions >= 16, "only {interruptions} interruptions of the 16 that were on the wire");
}
