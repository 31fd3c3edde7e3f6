//! A full disk: events are refused with 503, nothing that was acknowledged is lost, nothing is sent again for want of a place to
//! write that it was sent, and all goes on when there is room again.
//!
//! "Full" is a limit on the size of files, set on the running process: it needs no rights and no mount. Where a small disk can be
//! mounted, that is filled too, for the error that the system gives then is another one.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, prlimit};
use serde_json::json;
use tempfile::TempDir;

use crate::support::event::{envelope, message_envelope, new_id};
use crate::support::http::Request;
use crate::support::rules::{Fires, RuleScene, event};
use crate::support::scene::{Scene, accepted};
use crate::support::server::TestServer;

/// A wait this long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_full_disk_refuses_events_keeps_what_was_taken_and_repeats_nothing() {
    let scene = Scene::start();
    let before = scene.send_message();
    scene.receiver.wait_for_event(&before);
    // Sent, and neither answered nor written down when the disk fills.
    scene.receiver.hold();
    let mut ids: Vec<String> = (0..40).map(|_| scene.send_message()).collect();
    ids.push(before);
    scene.receiver.wait_for(17);
    limit_files(&scene.server, Some(0));
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

    limit_files(&scene.server, None);
    scene.server.wait_until_recovered();
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
        limit_files(&scene.server, Some(round * 4096));
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
        limit_files(&scene.server, None);
        scene.server.wait_until_recovered();
    }
    // An event that was answered 503 may be stored if its commit turned out to have gone through; a client that sends it again
    // is answered with its id either way.
    for id in refused {
        accepted(&scene.send(message_envelope(&id)), &id);
        acknowledged.push(id);
    }
    scene.ends_with(acknowledged.iter().map(String::as_str));
}

#[test]
fn an_event_that_a_full_disk_refused_holds_no_rule_back() {
    let scene = RuleScene::start();
    scene.rule("every event", &json!({}));
    scene.raise(event("one", &json!({})), &["every event"]);
    limit_files(&scene.server, Some(0));
    let id = new_id();
    let mut refused = event("two", &json!({}));
    refused["event_id"] = json!(id);
    let request = scene.server.ingest("envelope").body(envelope(&id, refused.to_string()));
    for _ in 0..3 {
        assert_eq!(scene.server.ask(&request).status, 503);
    }
    limit_files(&scene.server, None);
    scene.server.wait_until_recovered();
    // Stored or not when it was refused: it alerts once.
    accepted(&scene.server.ask(&request), &id);
    scene.expect(&id, "an event that was refused", Fires::for_all(&["every event"]));
    scene.raise(event("two", &json!({})), &[]);
    scene.ends();
}

#[test]
fn a_small_disk_that_is_full_to_the_last_byte_refuses_events_and_recovers() {
    let folder = TempDir::with_prefix("watchfire-disk-").unwrap();
    let Some(_disk) = Disk::mount(folder.path()) else {
        println!("no disk can be mounted here: the limit on the size of files stands for it");
        return;
    };
    let ballast = folder.path().join("ballast");
    let scene = Scene::of(TestServer::start_in(folder, &[]));
    let mut ids = vec![scene.send_message()];
    scene.receiver.wait_for(1);
    // Its outcome is not written down when the disk fills.
    scene.receiver.hold();
    ids.push(scene.send_message());
    scene.receiver.wait_for(2);
    fill(&ballast);
    let deadline = Instant::now() + PATIENCE;
    // What SQLite has reserved already may still take a few.
    let refused = loop {
        let id = new_id();
        let answer = scene.send(message_envelope(&id));
        if answer.status == 503 {
            break id;
        }
        accepted(&answer, &id);
        ids.push(id);
        assert!(Instant::now() < deadline, "a disk without room takes events");
    };
    scene.receiver.release();
    fs::remove_file(ballast).unwrap();
    scene.server.wait_until_recovered();
    accepted(&scene.send(message_envelope(&refused)), &refused);
    ids.push(refused);
    scene.ends_with(ids.iter().map(String::as_str));
}

/// A small disk in memory, unmounted in the end.
struct Disk(PathBuf);

impl Disk {
    /// Mounts it, where that is allowed.
    fn mount(folder: &Path) -> Option<Disk> {
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=16m", "tmpfs"]).arg(folder).output().ok()?;
        mounted.status.success().then(|| Disk(folder.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: the test may have failed while the server still had files open.
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.0).status();
        // The folder's owner found it busy.
        drop(fs::remove_dir(&self.0));
        assert!(
            std::thread::panicking() || unmounted.is_ok_and(|status| status.success()),
            "{} stays mounted",
            self.0.display()
        );
    }
}

/// Writes until there is no room for another byte.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    let mut piece = vec![0; 64 * 1024];
    while !piece.is_empty() {
        match file.write(&piece) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::StorageFull => piece.truncate(piece.len() / 2),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Lets the server write files up to this size, or without limit.
fn limit_files(server: &TestServer, bytes: Option<u64>) {
    // The hard limit stays, so that the soft one can be raised again.
    let limit = Rlimit { current: bytes, maximum: None };
    prlimit(Some(server.pid()), Resource::Fsize, limit).unwrap();
}
