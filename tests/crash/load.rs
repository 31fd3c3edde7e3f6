//! Load for the tests that kill: clients that send event after event on kept-alive connections and remember what was
//! acknowledged. A client ends when its server does.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::support::event::{message_envelope, new_id};
use crate::support::http::Connection;
use crate::support::server::TestServer;

/// Clients at a time.
const CLIENTS: usize = 8;
/// A wait this long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

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

impl Load {
    /// Sets the clients to work.
    pub(super) fn start(server: &TestServer) -> Load {
        let shared = Arc::new(Shared::default());
        let clients = (0..CLIENTS).map(|_| {
            let (shared, address, request) = (Arc::clone(&shared), server.address(), server.ingest("envelope"));
            thread::spawn(move || {
                let Ok(mut connection) = Connection::open(address) else { return };
                loop {
                    let id = new_id();
                    match connection.send(&request.clone().body(message_envelope(&id))) {
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
