//! Clients that go away strand nothing: what they had sent whole is delivered if it is stored, what they had not is no event.

use std::io::Write;
use std::net::TcpStream;

use crate::support::event::{message_envelope, new_id};
use crate::support::ledger::Ledger;
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
    // Connections are taken in the order in which they were made: what these clients sent has been read, or is being read.
    scene.send_message();
    scene.server.stop();
    let ledger = Ledger::open(scene.server.folder());
    let stored = ledger.event_ids();
    assert!(!ledger.states().contains_key(&1), "a lease outlived its server: {:?}", ledger.states());
    assert_eq!(
        ledger.states().values().sum::<u32>(),
        u32::try_from(stored.len()).unwrap(),
        "each event owes its webhook"
    );
    println!("{} of {CLIENTS} events whose clients hung up were stored", stored.len() - 1);
    drop(ledger);
    scene.server.restart();
    scene.ends_with(stored.iter().map(String::as_str));
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
