//! Events that happen to the project under test: normalised, matched and recorded as ingest does it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::clock::Clock as _;
use model::culprit::culprit;
use model::grouping::group;
use model::ids::{Millis, ProcessId};
use model::loops::Hop;
use model::metadata::metadata;
use model::payload::{CreatedBody, Place, event_value};
use model::title::Title;
use protocol::event::{Context, Scratch, normalise};
use protocol::{EventId, PublicKey};
use serde_json::Value;
use store::Ledger as _;
use store::ledger::{Batch, BatchEvent, EventResult, NewEvent, RecordedEvent, Summary};
use store::marks::Marks;

use crate::harness::{Api, BASE_URL, START};

/// Somebody who records.
pub(crate) struct Recording<'a> {
    api: &'a Api,
    owner: ProcessId,
    happened: u128,
}

impl<'a> Recording<'a> {
    pub(crate) async fn start(api: &'a Api) -> Recording<'a> {
        Recording { api, owner: api.store.register(START).await.unwrap(), happened: 0 }
    }

    /// Lets an event happen now, and so much time pass after it.
    pub(crate) async fn event(&mut self, event: Value, then: Duration) -> (EventId, RecordedEvent) {
        self.happened += 1;
        let id = EventId(self.happened.to_be_bytes());
        let recorded = self.record(id, &event).await;
        self.api.clock.advance(then);
        (id, recorded)
    }

    async fn record(&self, id: EventId, event: &Value) -> RecordedEvent {
        let now = self.api.clock.wall();
        let event = new_event(self.api, id, event, now);
        let events = vec![BatchEvent { event: Arc::new(event), room: Vec::new() }];
        let batch = Batch { owner: self.owner, now, events, settlements: vec![], give_backs: vec![], claims: vec![] };
        match self.api.store.record(Arc::new(batch)).await.unwrap().events.pop() {
            Some(EventResult::Recorded(recorded)) => recorded,
            other => panic!("it was not recorded: {other:?}"),
        }
    }
}

fn new_event(api: &Api, id: EventId, json: &Value, now: Millis) -> NewEvent {
    let directory = api.directory.current();
    let entry = directory.project(api.project.id).unwrap();
    let text = json.to_string();
    let context = Context {
        received: now.0 * 1000,
        sent_at: None,
        header_event_id: Some(id),
        spare_event_id: id,
        client_ip: None,
        scrub: false,
    };
    let mut scratch = Scratch::default();
    let event = normalise(text.as_bytes(), &context, &mut scratch).unwrap();
    let (title, culprit) = (Title::of(&event), culprit(&event));
    let place = Place {
        base_url: BASE_URL,
        organization: "my-org",
        project_id: entry.project.id,
        project_slug: &entry.project.slug,
        project_name: &entry.project.name,
    };
    let value = event_value(&event, &title);
    let tags = event.tags.iter().chain(&event.derived_tags).map(|(key, value)| (&**key, &**value));
    NewEvent {
        project: entry.project.id,
        generation: entry.project.generation,
        key: PublicKey([1; 16]),
        id,
        received: now,
        timestamp: Millis(event.timestamp.div_euclid(1000)),
        grouping: group(&event),
        summary: Summary {
            level: event.level,
            kind: event.kind,
            platform: event.platform,
            title: title.as_str().to_owned(),
            culprit: culprit.to_string(),
            metadata: metadata(&event, &title),
            ..Summary::default()
        },
        marks: Marks::new(event.release.as_deref(), event.environment.as_deref(), tags),
        body: CreatedBody::new(&event, &title, &culprit, &place),
        compressed: zstd::bulk::compress(&value, 1).unwrap(),
        candidates: entry.candidates_of_stored(Hop::of(&event), &value, now),
        value: Bytes::from(value),
    }
}
