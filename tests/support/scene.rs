//! The usual scene: a server, a receiver, and a hook from one to the other that fires on every event.

use std::collections::BTreeSet;

use super::event::{message_envelope, new_id};
use super::http::{Answer, Request};
use super::ledger::Ledger;
use super::receiver::{Receiver, Webhook};
use super::server::{Hook, TestServer};

/// The stored number of the delivery state `delivered`.
const DELIVERED: i64 = 2;

/// A server whose events all go to one receiver.
pub(crate) struct Scene {
    pub(crate) server: TestServer,
    pub(crate) receiver: Receiver,
    pub(crate) hook: Hook,
}

impl Scene {
    pub(crate) fn start() -> Scene {
        Scene::of(TestServer::start())
    }

    /// The scene around a server that runs.
    pub(crate) fn of(server: TestServer) -> Scene {
        let receiver = Receiver::start();
        let hook = server.add_hook(&receiver);
        Scene { server, receiver, hook }
    }

    /// Sends an envelope with the project's credentials.
    pub(crate) fn send(&self, envelope: impl Into<Vec<u8>>) -> Answer {
        self.server.ask(&self.server.ingest("envelope").body(envelope))
    }

    /// Sends an ordinary event, which must be accepted; its id.
    pub(crate) fn send_message(&self) -> String {
        let id = new_id();
        accepted(&self.send(message_envelope(&id)), &id);
        id
    }

    /// Sends a request that must be accepted as this event; its webhook.
    pub(crate) fn deliver(&self, request: &Request, id: &str) -> Webhook {
        accepted(&self.server.ask(request), id);
        self.receiver.wait_for_event(id)
    }

    /// Stops the server and checks that exactly these events were stored and delivered, each once.
    pub(crate) fn ends_with<'a>(mut self, ids: impl IntoIterator<Item = &'a str>) {
        let expected: BTreeSet<String> = ids.into_iter().map(str::to_owned).collect();
        self.receiver.wait_for(expected.len());
        self.server.stop();
        let webhooks = self.receiver.webhooks();
        let mut received: Vec<&str> = webhooks.iter().map(Webhook::event_id).collect();
        received.sort_unstable();
        assert_eq!(received, expected.iter().map(String::as_str).collect::<Vec<_>>(), "what was received");
        let ledger = Ledger::open(self.server.folder());
        assert_eq!(ledger.event_ids(), expected, "what was stored");
        let states = ledger.states();
        assert!(states.keys().all(|state| *state == DELIVERED), "states: {states:?} {:#?}", ledger.failures());
        assert_eq!(states.values().sum::<u32>(), u32::try_from(expected.len()).unwrap(), "deliveries");
    }
}

/// A 200 with the event's id.
pub(crate) fn accepted(answer: &Answer, id: &str) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.text(), format!("{{\"id\":\"{id}\"}}"));
}
