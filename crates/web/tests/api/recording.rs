//! Events in the store of an API under test, made of what SDKs send.

use std::sync::Arc;
use std::time::Duration;

use model::culprit::culprit;
use model::grouping::group;
use model::ids::{IssueId, Millis, ProcessId};
use model::loops::Hop;
use model::metadata::metadata;
use model::payload::{CreatedBody, Place, event_value};
use model::title::Title;
use protocol::PublicKey;
use protocol::event::{Context, Event, Scratch, normalise};
use serde_json::{Value, json};
use store::Ledger as _;
use store::catalog::Project;
use store::ledger::{Batch, BatchEvent, EventResult, NewEvent, RecordedEvent, Summary};
use store::marks::Marks;

use crate::harness::{Api, BASE_URL, START};

/// An event's id by its number.
pub(crate) fn event_id(number: u32) -> String {
    format!("{number:032x}")
}

/// An error of the issue `what`, with whatever else.
pub(crate) fn error(number: u32, what: &str, more: Value) -> Value {
    let exception = json!({"values": [{"type": what, "value": format!("{what} failed")}]});
    let mut event = json!({"event_id": event_id(number), "platform": "python", "exception": exception});
    for (name, value) in more.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}

/// Records events of the first project, received a minute apart; the issue of each.
pub(crate) async fn record(api: &Api, events: &[Value]) -> Vec<IssueId> {
    record_in(api, &api.project, events).await
}

/// Records events of a project.
pub(crate) async fn record_in(api: &Api, project: &Project, events: &[Value]) -> Vec<IssueId> {
    api.directory.refresh().await.unwrap();
    let owner = api.store.register(START).await.unwrap();
    let mut issues = Vec::new();
    for event in events {
        issues.push(record_one(api, owner, project, event).await.issue);
        api.clock.advance(Duration::from_secs(60));
    }
    issues
}

/// Somebody who lets events happen to the first project, one after the other.
pub(crate) struct Recording<'a> {
    api: &'a Api,
    owner: ProcessId,
    happened: u32,
}

impl<'a> Recording<'a> {
    pub(crate) async fn start(api: &'a Api) -> Recording<'a> {
        Recording { api, owner: api.store.register(START).await.unwrap(), happened: 0 }
    }

    /// Lets so many events happen now, in few transactions.
    pub(crate) async fn crowd(&mut self, count: usize, mut event: Value) {
        let (api, now, owner) = (self.api, self.api.now(), self.owner);
        let mut left = count;
        while left > 0 {
            let size = left.min(500);
            left -= size;
            let events = (0..size).map(|_| {
                self.happened += 1;
                event["event_id"] = json!(event_id(self.happened));
                received_now(api, &api.project, &event)
            });
            let events = events.collect();
            let batch = batch(owner, now, events);
            api.store.record(Arc::new(batch)).await.unwrap();
        }
    }

    /// Lets an event happen now, under an id of its own, and so much time pass after it.
    pub(crate) async fn event(&mut self, mut event: Value, then: Duration) -> (String, RecordedEvent) {
        self.happened += 1;
        let id = event_id(self.happened);
        event["event_id"] = json!(id);
        let recorded = record_one(self.api, self.owner, &self.api.project, &event).await;
        self.api.clock.advance(then);
        (id, recorded)
    }
}

/// Reads an event as if it had come in now.
fn received_now(api: &Api, project: &Project, event: &Value) -> BatchEvent {
    let now = api.now();
    let payload = event.to_string();
    let context = Context {
        received: now.0 * 1_000,
        sent_at: None,
        header_event_id: None,
        spare_event_id: protocol::EventId([9; 16]),
        client_ip: None,
        scrub: true,
    };
    let mut scratch = Scratch::default();
    let event = normalise(payload.as_bytes(), &context, &mut scratch).unwrap();
    BatchEvent { event: Arc::new(new_event(api, project, &event, now)), room: vec![] }
}

/// Records an event that is received now, for the hooks and rules of its project.
async fn record_one(api: &Api, owner: ProcessId, project: &Project, event: &Value) -> RecordedEvent {
    let (now, event) = (api.now(), received_now(api, project, event));
    let batch = batch(owner, now, vec![event]);
    let mut recorded = api.store.record(Arc::new(batch)).await.unwrap();
    match recorded.events.pop() {
        Some(EventResult::Recorded(recorded)) => recorded,
        other => panic!("it was not recorded: {other:?}"),
    }
}

/// A batch of nothing but these events.
pub(crate) fn batch(owner: ProcessId, now: Millis, events: Vec<BatchEvent>) -> Batch {
    Batch { events, ..Batch::empty(owner, now) }
}

fn new_event(api: &Api, project: &Project, event: &Event<'_>, received: Millis) -> NewEvent {
    let title = Title::of(event);
    let culprit = culprit(event);
    let directory = api.directory.current();
    let entry = directory.project(project.id).unwrap();
    let project = &entry.project;
    let place = Place {
        base_url: BASE_URL,
        organization: "my-org",
        project_id: project.id,
        project_slug: &project.slug,
        project_name: &project.name,
    };
    let value = event_value(event, &title);
    let tags = event.tags.iter().chain(&event.derived_tags).map(|(key, value)| (&**key, &**value));
    NewEvent {
        project: project.id,
        generation: project.generation,
        key: PublicKey([0; 16]),
        id: event.id,
        received,
        timestamp: Millis(event.timestamp.div_euclid(1_000)),
        grouping: group(event),
        summary: Summary {
            level: event.level,
            kind: event.kind,
            platform: event.platform,
            title: title.as_str().to_owned(),
            culprit: culprit.to_string(),
            has_placeholder_title: title.is_placeholder(),
            logger: event.logger.to_string(),
            metadata: metadata(event, &title),
            unhandled: event.exceptions.iter().any(|exception| exception.handled == Some(false)),
        },
        marks: Marks::new(event.release.as_deref(), event.environment.as_deref(), tags),
        body: CreatedBody::new(event, &title, &culprit, &place),
        compressed: zstd::bulk::compress(&value, 1).unwrap(),
        candidates: entry.candidates_of_stored(Hop::of(event), &value, received),
        value: value.into(),
    }
}
