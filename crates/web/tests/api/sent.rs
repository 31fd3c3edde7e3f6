//! A hook to which events are owed, and what a sender would write of its attempts.

use std::sync::Arc;
use std::time::Duration;

use model::attempt::{Outcome, Unreachable};
use model::delivery_key::{DeliveryId, DeliveryKey};
use model::egress::AddressClass;
use model::ids::{HookNumber, Millis, ProcessId};
use serde_json::{Value, json};
use store::Ledger as _;
use store::ledger::{AttemptRow, Batch, Claim, ClaimOrder, NextState, RecordedEvent, Settlement};

use crate::harness::Api;
use crate::recording::{Recording, batch, error};

pub(crate) const HOOKS: &str = "/api/0/projects/my-org/my-project/hooks/";

/// A hook on every event, and a process that sends to it.
pub(crate) struct Sent<'a> {
    pub(crate) api: &'a Api,
    pub(crate) hook: Value,
    pub(crate) number: HookNumber,
    recording: Recording<'a>,
    owner: ProcessId,
}

/// A delivery that is owed.
pub(crate) struct Owed {
    pub(crate) event: String,
    pub(crate) recorded: RecordedEvent,
    pub(crate) key: DeliveryKey,
    pub(crate) id: String,
}

impl<'a> Sent<'a> {
    pub(crate) async fn start(api: &'a Api) -> Sent<'a> {
        let headers = json!({"Authorization": "Bearer hidden", "X-Team": "hidden too"});
        let body = json!({"url": "https://example.com/in?a=b", "events": ["event.created"], "headers": headers});
        let hook = api.post(HOOKS, body).await.with_status(201);
        let recording = Recording::start(api).await;
        let owner = api.store.register(api.now()).await.unwrap();
        let number = api.directory.current().project(api.project.id).unwrap().hooks[0].hook.number;
        Sent { api, hook, number, recording, owner }
    }

    /// The path of the hook.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("{HOOKS}{}/{rest}", self.hook["id"].as_str().unwrap())
    }

    /// Owes an event, and attempts its delivery once with this outcome.
    pub(crate) async fn attempted(&mut self, outcome: Outcome, duration_us: u64) {
        let owed = self.owe("Attempted").await;
        self.claim().await;
        let attempt = AttemptRow { outcome, duration_us, ..answered(self.api.now(), 200) };
        self.settle(owed.key, vec![attempt], NextState::Failed).await;
    }

    /// Lets an event of an issue happen now, and a minute pass.
    pub(crate) async fn owe(&mut self, issue: &str) -> Owed {
        let received = self.api.now();
        let (event, recorded) = self.recording.event(error(0, issue, json!({})), Duration::from_secs(60)).await;
        let key = recorded.owed[0].key;
        let id = DeliveryId::new(received, key.seq, key.hook, key.kind).unwrap().to_string();
        Owed { event, recorded, key, id }
    }

    /// Leases what waits for the hook and is due.
    pub(crate) async fn claim(&self) -> usize {
        let claims = vec![Claim { hook: self.number, limit: 1_000, order: ClaimOrder::Age }];
        let batch = Batch { claims, ..batch(self.owner, self.api.now(), vec![]) };
        self.api.store.record(Arc::new(batch)).await.unwrap().claimed[0].len()
    }

    /// Writes what came of a leased delivery.
    pub(crate) async fn settle(&self, key: DeliveryKey, attempts: Vec<AttemptRow>, next: NextState) {
        let settlements = vec![Settlement { key, attempts, next }];
        let batch = Batch { settlements, ..batch(self.owner, self.api.now(), vec![]) };
        self.api.store.record(Arc::new(batch)).await.unwrap();
    }

    /// Owes an event, and fails to deliver it with a 500.
    pub(crate) async fn fail(&mut self, issue: &str) -> Owed {
        let owed = self.owe(issue).await;
        self.claim().await;
        self.settle(owed.key, vec![answered(self.api.now(), 500)], NextState::Failed).await;
        owed
    }
}

/// An attempt that was answered.
pub(crate) fn answered(started: Millis, status: u16) -> AttemptRow {
    let is_success = (200..300).contains(&status);
    AttemptRow {
        started,
        outcome: if is_success { Outcome::Succeeded } else { Outcome::HttpError },
        went_out: true,
        status: Some(status),
        reused: true,
        peer: Some(AddressClass::Public),
        certificate_expires: Some(Millis(1_800_000_000_000)),
        duration_us: 12_345,
        phases_us: [0, 0, 0, 1_500],
        error: if is_success { String::new() } else { format!("the receiver answered {status}") },
        response_headers: "content-type: text/plain\nset-cookie: [masked]".to_owned(),
        response_body: "no room: try later".to_owned(),
    }
}

/// An attempt that ended before a byte was written.
pub(crate) fn unresolved(started: Millis) -> AttemptRow {
    AttemptRow {
        outcome: Outcome::Unreachable(Unreachable::Dns),
        went_out: false,
        status: None,
        reused: false,
        peer: None,
        certificate_expires: None,
        phases_us: [12_000, 0, 0, 0],
        error: "the name has no address".to_owned(),
        response_headers: String::new(),
        response_body: String::new(),
        ..answered(started, 500)
    }
}
