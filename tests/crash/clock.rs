//! The wall clock jumps an hour ahead and an hour back: events are taken and delivered, and no lease is lost.
//!
//! The clock is that of one process: a small library, built with the C compiler that SQLite was built with, stands before the
//! system's and adds what a file says.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::support::ledger::Ledger;
use crate::support::scene::Scene;
use crate::support::server::TestServer;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/crash/clock.c");
const HOUR_S: i64 = 3600;

#[test]
fn events_come_and_go_while_the_wall_clock_jumps_an_hour_both_ways() {
    let tools = TempDir::with_prefix("watchfire-clock-").unwrap();
    let library = build(tools.path());
    let offset = tools.path().join("offset");
    set(&offset, 0);
    let environment = [("LD_PRELOAD", library.as_str()), ("TEST_CLOCK_OFFSET_FILE", offset.to_str().unwrap())];
    let mut scene = Scene::of(TestServer::start_with(&environment));
    scene.receiver.trust_the_clock_of_the_sender();
    let mut ids = Vec::new();
    for jump in [0, HOUR_S, -HOUR_S, 0] {
        // Some are on the wire while the clock jumps.
        scene.receiver.hold();
        let on_the_wire = scene.receiver.webhooks().len() + 16;
        ids.extend((0..20).map(|_| scene.send_message()));
        scene.receiver.wait_for(on_the_wire);
        set(&offset, jump);
        scene.receiver.release();
        ids.push(scene.send_message());
        scene.receiver.wait_for(ids.len());
        assert!(scene.server.is_healthy());
    }
    // Once more across a restart: the next process finds a clock that is behind what the last one wrote.
    set(&offset, HOUR_S);
    scene.server.stop();
    scene.server.restart();
    ids.push(scene.send_message());
    scene.receiver.wait_for(ids.len());
    set(&offset, -HOUR_S);
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

fn build(folder: &Path) -> String {
    let library = folder.join("clock.so");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let built =
        Command::new(compiler).args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(SOURCE).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    library.into_os_string().into_string().unwrap()
}

/// Replaces the file as a whole: a reader sees the old offset or the new one.
fn set(offset: &Path, seconds: i64) {
    let new = offset.with_extension("new");
    fs::write(&new, seconds.to_string()).unwrap();
    fs::rename(new, offset).unwrap();
}
