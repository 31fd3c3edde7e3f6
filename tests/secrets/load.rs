//! Clients that send event after event until they are told to stop, and remember what was acknowledged.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use crate::support::event::{message_envelope, new_id};
use crate::support::http::Connection;
use crate::support::scene::accepted;
use crate::support::server::TestServer;

/// Clients at a time.
const CLIENTS: usize = 3;
/// A test that is not done after so many events has failed.
const EVENTS_MAX: usize = 60_000;

/// Clients at work.
pub(super) struct Load {
    left: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<BTreeSet<String>>>,
}

impl Load {
    pub(super) fn start(server: &TestServer) -> Load {
        let left = Arc::new(AtomicUsize::new(EVENTS_MAX));
        let client = || {
            let (left, address, request) = (Arc::clone(&left), server.address(), server.ingest("envelope"));
            thread::spawn(move || {
                let mut connection = Connection::open(address).unwrap();
                let mut ids = BTreeSet::new();
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                    let id = new_id();
                    accepted(&connection.send(&request.clone().body(message_envelope(&id))).unwrap(), &id);
                    ids.insert(id);
                }
                ids
            })
        };
        let clients = std::iter::repeat_with(client).take(CLIENTS).collect();
        Load { left, clients }
    }

    /// Stops; what was acknowledged.
    pub(super) fn end(self) -> BTreeSet<String> {
        let left = self.left.swap(0, Ordering::Relaxed);
        assert!(left > 0, "the load ran out before the test was done");
        self.clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    }
}
