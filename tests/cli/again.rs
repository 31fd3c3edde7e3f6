//! `watchfire deliveries`: what failed is seen in the log, and sent again.

use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::command::{command, holds, run, value};
use crate::support::scene::Scene;

/// How long outcomes may take to be written down before the test has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A scene whose receiver has failed this many events; waits until the server has written that down.
fn failed(count: usize) -> Scene {
    let scene = Scene::start();
    scene.receiver.answer(503);
    for _ in 0..count {
        scene.send_message();
    }
    scene.receiver.wait_for(count);
    let line = ["deliveries", "list", &scene.hook.id, "--status", "failed", "--json"];
    let deadline = Instant::now() + PATIENCE;
    // Each look is a process of its own: that is pause enough until the outcomes are settled.
    while run(&scene.server, &line).objects().len() < count {
        assert!(Instant::now() < deadline, "the outcomes are not settled");
    }
    scene
}

#[test]
fn a_delivery_that_failed_is_listed_shown_and_sent_again() {
    let scene = failed(1);
    let hook = scene.hook.id.as_str();
    let deliveries = |line: &[&str]| run(&scene.server, &[&["deliveries"], line].concat());
    let webhook = scene.receiver.webhooks().remove(0);
    let id = webhook.delivery();

    let table = deliveries(&["list", hook]).done();
    holds(table.lines().nth(1).unwrap(), &[id, "event.created", "failed", "http_error 503"]);
    assert_eq!(deliveries(&["list", hook, "--status", "delivered", "--json"]).objects(), Vec::<Value>::new());
    holds(&deliveries(&["list", hook, "--status", "broken"]).said(3), &["\"broken\" is not one of waiting, "]);

    let page = deliveries(&["show", hook, id, "--body"]).done();
    assert_eq!(value(&page, "state"), "failed: http_error 503");
    holds(
        &page,
        &["attempt 1  ", "  timing  [", "x-sentry-hook-attempt: 1", "  {\n    \"id\": \"", "the till is open"],
    );
    let detail = deliveries(&["show", hook, id, "--json"]).object();
    assert_eq!(detail["request"]["body"].as_str().unwrap(), webhook.text());

    let again = deliveries(&["redeliver", hook, id, "--wait"]);
    assert_eq!(again.out, format!("{id} failed: http_error 503\n"));
    holds(&again.said(3), &["did not arrive", "503"]);
    scene.receiver.answer(204);
    assert_eq!(deliveries(&["redeliver", hook, id, "--wait"]).done(), format!("{id} delivered: succeeded 204\n"));
    let bodies: Vec<Vec<u8>> = scene.receiver.webhooks().into_iter().map(|webhook| webhook.body).collect();
    assert_eq!((bodies.len(), bodies.iter().all(|body| *body == webhook.body)), (3, true));
}

#[test]
fn a_replay_is_watched_to_its_end_and_says_how_it_ended() {
    const EVENTS: usize = 5;
    let scene = failed(EVENTS);
    let hook = scene.hook.id.as_str();
    let deliveries = |line: &[&str]| run(&scene.server, &[&["deliveries"], line].concat());

    let vain = deliveries(&["replay", hook, "--since", "1h", "--outcomes"]);
    assert_eq!(vain.out, "sent again 5 of 5: 5 failed\n");
    holds(&vain.err, &["0 of 5 sent again", "of 5 tried"]);
    holds(&vain.said(3), &["5 of 5 deliveries did not arrive (5 failed)"]);

    scene.receiver.answer(204);
    let ended = deliveries(&["replay", hook, "--since", "1h", "--outcomes", "--json"]).object();
    assert_eq!((&ended["state"], &ended["sentAgain"]), (&"done".into(), &EVENTS.into()));
    assert_eq!(ended["outcomes"]["delivered"], EVENTS);
    let begun = deliveries(&["replay", hook, "--since", "1h", "--no-wait", "--json"]).object();
    assert_eq!(begun["found"], 0);
    let table = deliveries(&["replays", hook]).done();
    assert_eq!(table.lines().count(), 4, "{table}");
    let stopped = deliveries(&["stop-replay", hook, begun["id"].as_str().unwrap()]).done();
    holds(&stopped, &["it sent again 0 of 0"]);
}

#[test]
fn what_happens_is_shown_as_it_happens_until_ctrl_c() {
    let scene = Scene::start();
    let server = &scene.server;
    let mut watching = command(&["deliveries", "watch", &scene.hook.id])
        .env("WATCHFIRE_URL", format!("http://{}", server.address()))
        .env("WATCHFIRE_TOKEN", &server.account().token)
        .spawn()
        .unwrap();
    let mut noted = BufReader::new(watching.stderr.take().unwrap());
    let mut greeting = String::new();
    noted.read_line(&mut greeting).unwrap();
    assert_eq!(greeting, "Watching until Ctrl-C.\n");
    let event = scene.send_message();
    let webhook = scene.receiver.wait_for_event(&event);
    let lines = BufReader::new(watching.stdout.take().unwrap()).lines().map_while(Result::ok);
    let delivered = lines.into_iter().find(|line| line.contains("delivered: succeeded 204")).unwrap();
    holds(&delivered, &[webhook.delivery(), "event.created"]);
    kill_process(Pid::from_child(&watching), Signal::INT).unwrap();
    assert_eq!(watching.wait().unwrap().code(), Some(0));
}
