//! The program as a person runs it, as far as it needs no server: floors of a few hundred events, and the errors.

use std::io;
use std::process::{Command, Output};

use serde_json::Value;

fn bench(arguments: &[&str]) -> io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_watchfire-bench")).args(arguments).output()
}

#[test]
fn a_floor_stores_and_sends_every_event_and_shows_its_batches() {
    // The command fails by itself when an event is not stored, not sent, or wrongly signed.
    let output =
        bench(&["floor", "--events", "320", "--warm-up", "32", "--batch", "16", "--rounds", "1", "--json"]).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let floors = report["floors"].as_array().unwrap();
    assert_eq!(floors.iter().map(|floor| floor["path"].as_str().unwrap()).collect::<Vec<_>>(), ["ingest", "full"]);
    for floor in floors {
        let run = &floor["runs"][0];
        let mean_batch = run["mean_batch"].as_f64().unwrap();
        assert!((1.0..=16.0).contains(&mean_batch), "{mean_batch}");
        assert!(run["request"]["p50_us"].as_u64().unwrap() > 0);
        assert_eq!(run["delivery"].is_object(), floor["path"] == "full");
        assert_eq!(run["repeats"], 0);
    }
}

#[test]
fn a_server_that_is_not_there_is_named_and_gives_no_figure() {
    let output = bench(&["idle", "--server", "/nowhere/watchfire"]).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("cannot start /nowhere/watchfire: build it first"), "{message}");
}

#[test]
fn a_batch_that_could_never_fill_is_refused() {
    let output = bench(&["ratios", "--batch", "33", "--connections", "32"]).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("a batch of 33 events never fills over 32 connections"));
}
