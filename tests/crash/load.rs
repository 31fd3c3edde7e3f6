//! Load for the tests that kill: clients that send event after event on kept-alive connections and remember what was
//! acknowledged. A client ends when its server does.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::support::event::new_id;
use crate::support::http::Connection;
use crate::support::server::TestServer;

/// Clients at a time.
const CLIENTS: usize = 8;
/// A wait this long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// The most events that a server acknowledges before it is killed.
const LIFE_MAX_EVENTS: u64 = 400;
/// The longest that it then lives on: a few commits, so that the kill strikes at any point of one.
const LIFE_MAX_EXTRA_US: u64 = 20_000;
/// Where the random moments begin; a failing run is repeated with the same ones.
const SEED: u64 = 0x5eed_0000_0000_0001;

/// SplitMix64: small, and the same on every machine.
pub(crate) struct Random(u64);

/// Clients at work on one server.
pub(super) struct Load {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    acknowledged: Mutex<BTreeSet<String>>,
    changed: Condvar,
}

/// Puts load on the server and kills it at a random moment; the acknowledged ids.
pub(crate) fn live_and_die(
    server: &mut TestServer,
    random: &mut Random,
    envelope: impl Fn(&str) -> Vec<u8> + Clone + Send + 'static,
) -> BTreeSet<String> {
    let load = Load::start(server, envelope);
    load.wait_for(usize::try_from(1 + random.below(LIFE_MAX_EVENTS)).unwrap());
    random.pause();
    server.kill();
    load.end()
}

impl Random {
    pub(crate) fn new() -> Random {
        Random(SEED)
    }

    /// A pause before a kill.
    pub(super) fn pause(&mut self) {
        // sleep allowed: the moment of the kill is the subject, and nothing may announce it
        thread::sleep(Duration::from_micros(self.below(LIFE_MAX_EXTRA_US)));
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % bound
    }
}

impl Load {
    /// Sets the clients to work; each event's envelope is made of its id.
    fn start(server: &TestServer, envelope: impl Fn(&str) -> Vec<u8> + Clone + Send + 'static) -> Load {
        let shared = Arc::new(Shared::default());
        let clients = (0..CLIENTS).map(|_| {
            let (shared, address, request) = (Arc::clone(&shared), server.address(), server.ingest("envelope"));
            let envelope = envelope.clone();
            thread::spawn(move || {
                let Ok(mut connection) = Connection::open(address) else { return };
                loop {
                    let id = new_id();
                    match connection.send(&request.clone().body(envelope(&id))) {
                        Ok(answer) if answer.status == 200 => shared.acknowledge(id),
                        Ok(answer) => panic!("an event was answered {}: {}", answer.status, answer.text()),
                        // The server is gone: whether this event is stored nobody knows.
                        Err(_) => return,
                    }
                }
            })
        });
        let clients = clients.collect();
        Load { shared, clients }
    }

    /// Waits until so many events were acknowledged.
    pub(super) fn wait_for(&self, count: usize) {
        let acknowledged = self.shared.acknowledged.lock().unwrap();
        let wait = self.shared.changed.wait_timeout_while(acknowledged, PATIENCE, |ids| ids.len() < count);
        let (acknowledged, timeout) = wait.unwrap();
        assert!(!timeout.timed_out(), "only {} of {count} events were acknowledged", acknowledged.len());
    }

    /// The acknowledged ids, once the server is gone.
    pub(super) fn end(self) -> BTreeSet<String> {
        for client in self.clients {
            client.join().unwrap();
        }
        std::mem::take(&mut self.shared.acknowledged.lock().unwrap())
    }
}

impl Shared {
    fn acknowledge(&self, id: String) {
        self.acknowledged.lock().unwrap().insert(id);
        self.changed.notify_all();
    }
}
