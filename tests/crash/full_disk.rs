//! A full disk: events are refused with 503, nothing that was acknowledged is lost, nothing is sent again for want of a place to
//! write that it was sent, and all goes on when there is room again.
//!
//! "Full" is a limit on the size of files, set on the running process: it needs no rights and no mount.

use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, prlimit};

use crate::support::event::{message_envelope, new_id};
use crate::support::http::Request;
use crate::support::scene::Scene;

/// A wait this long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_full_disk_refuses_events_keeps_what_was_taken_and_repeats_nothing() {
    let mut scene = Scene::start();
    let before = scene.send_message();
    scene.receiver.wait_for_event(&before);
    // Sent, and neither answered nor written down when the disk fills.
    scene.receiver.hold();
    let mut ids: Vec<String> = (0..40).map(|_| scene.send_message()).collect();
    ids.push(before);
    scene.receiver.wait_for(17);
    limit_files(&scene, Some(0));
    for _ in 0..3 {
        let answer = scene.send(message_envelope(&new_id()));
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert!(answer.headers.get("retry-after").is_some());
        assert!(answer.json()["detail"].is_string());
    }
    assert_eq!(scene.server.ask(&Request::get("/_health/")).status, 503);
    scene.receiver.release();
    // Reads still work: the page that shows why nothing moves.
    let hooks = scene.server.ask(&scene.server.manage("GET", &format!("{}/hooks/", scene.server.project_path())));
    assert_eq!(hooks.status, 200);

    limit_files(&scene, None);
    scene.server.wait_until_healthy();
    ids.push(scene.send_message());
    scene.ends_with(ids.iter().map(String::as_str));
}

#[test]
fn a_disk_that_fills_under_load_loses_nothing_that_was_acknowledged() {
    let scene = Scene::start();
    let mut acknowledged = Vec::new();
    let mut refused = Vec::new();
    for round in 0..3 {
        acknowledged.extend((0..20).map(|_| scene.send_message()));
        limit_files(&scene, Some(round * 4096));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let id = new_id();
            let answer = scene.send(message_envelope(&id));
            match answer.status {
                200 => acknowledged.push(id),
                503 => {
                    refused.push(id);
                    break;
                }
                status => panic!("{status}: {}", answer.text()),
            }
            assert!(Instant::now() < deadline, "a disk without room takes events");
        }
        limit_files(&scene, None);
        let mut scene = &scene;
        wait_until_healthy(&mut scene);
    }
    // An event that was answered 503 may be stored if its commit turned out to have gone through; a client that sends it again
    // is answered with its id either way.
    for id in refused {
        crate::support::scene::accepted(&scene.send(message_envelope(&id)), &id);
        acknowledged.push(id);
    }
    scene.ends_with(acknowledged.iter().map(String::as_str));
}

fn wait_until_healthy(scene: &mut &Scene) {
    let deadline = Instant::now() + PATIENCE;
    while !scene.server.is_healthy() {
        assert!(Instant::now() < deadline, "the server does not recover");
    }
}

/// Lets the server write files up to this size, or without limit.
fn limit_files(scene: &Scene, bytes: Option<u64>) {
    // The hard limit stays, so that the soft one can be raised again.
    let limit = Rlimit { current: bytes, maximum: None };
    prlimit(Some(scene.server.pid()), Resource::Fsize, limit).unwrap();
}
