//! Clients that go away strand nothing: what they had sent whole is delivered if it is stored, what they had not is no event.

use std::io::Write;
use std::net::TcpStream;

use crate::support::event::{message_envelope, new_id};
use crate::support::ledger::Ledger;
use crate::support::receiver::Webhook;
use crate::support::scene::Scene;

/// Clients of each kind.
const CLIENTS: usize = 50;

#[test]
fn a_client_that_hangs_up_in_the_middle_of_its_request_leaves_nothing_behind() {
    let scene = Scene::start();
    let mut unfinished = Vec::new();
    for number in 0..CLIENTS {
        let id = new_id();
        let bytes = scene.server.ingest("envelope").body(message_envelope(&id)).bytes();
        // Within the first line, the headers, the body; the last byte is always missing.
        let end = 1 + number * (bytes.len() - 1) / CLIENTS;
        TcpStream::connect(scene.server.address()).unwrap().write_all(&bytes[..end]).unwrap();
        unfinished.push(id);
    }
    let id = scene.send_message();
    scene.ends_with([id.as_str()]);
}

#[test]
fn a_client_that_does_not_wait_for_its_answer_strands_no_delivery() {
    let mut scene = Scene::start();
    for _ in 0..CLIENTS {
        let bytes = scene.server.ingest("envelope").body(message_envelope(&new_id())).bytes();
        TcpStream::connect(scene.server.address()).unwrap().write_all(&bytes).unwrap();
    }
    let last = scene.send_message();
    scene.receiver.wait_for_event(&last);
    scene.server.stop();
    let ledger = Ledger::open(scene.server.folder());
    let webhooks = scene.receiver.webhooks();
    let mut received: Vec<String> = webhooks.iter().map(Webhook::event_id).map(str::to_owned).collect();
    received.sort();
    assert_eq!(received, ledger.event_ids().into_iter().collect::<Vec<_>>(), "what is stored is delivered, once");
    assert_eq!(ledger.states().keys().collect::<Vec<_>>(), [&2], "{:?}", ledger.states());
    println!("{} of {CLIENTS} events whose clients hung up were stored", received.len() - 1);
}

#[test]
fn a_client_that_is_slow_does_not_hold_up_the_others() {
    let scene = Scene::start();
    let mut slow: Vec<TcpStream> = Vec::new();
    let slow_id = new_id();
    let bytes = scene.server.ingest("envelope").body(message_envelope(&slow_id)).bytes();
    for _ in 0..CLIENTS {
        let mut stream = TcpStream::connect(scene.server.address()).unwrap();
        stream.write_all(&bytes[..bytes.len() / 2]).unwrap();
        slow.push(stream);
    }
    let id = scene.send_message();
    scene.receiver.wait_for_event(&id);
    slow[0].write_all(&bytes[bytes.len() / 2..]).unwrap();
    scene.receiver.wait_for_event(&slow_id);
    drop(slow);
    scene.ends_with([id.as_str(), &slow_id]);
}
