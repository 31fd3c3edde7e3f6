//! A stored event, read for people: the body that hooks get, and the tags that only search and pages see.

use model::metadata::metadata;
use model::title::Title;
use protocol::event::{Micros, Scratch, stored};
use serde_json::Value;
use store::StoreError;
use store::ledger::StoredEvent;

/// An event as its body tells it.
pub(super) struct Stored<'s> {
    /// The row.
    pub(super) row: &'s StoredEvent,
    /// The whole body.
    pub(super) body: Value,
    /// Every tag, sorted by key.
    pub(super) tags: Vec<(String, String)>,
    /// What the title is made of: a JSON object.
    pub(super) metadata: Value,
}

impl<'s> Stored<'s> {
    /// Reads an event.
    ///
    /// # Errors
    /// Its body is damaged.
    pub(super) fn read(row: &'s StoredEvent) -> Result<Stored<'s>, StoreError> {
        let damaged = || StoreError::Damaged { what: "event body" };
        let body: Value = serde_json::from_slice(&row.body).map_err(|_| damaged())?;
        let value = serde_json::to_vec(&body["event"]).map_err(|_| damaged())?;
        let received: Micros = row.received.0.saturating_mul(1_000);
        let mut scratch = Scratch::default();
        let event = stored(&value, received, &mut scratch).map_err(|_| damaged())?;
        let all = event.tags.iter().chain(&event.derived_tags);
        let mut tags: Vec<(String, String)> =
            all.map(|(key, value)| (key.clone().into_owned(), value.clone().into_owned())).collect();
        tags.sort();
        let metadata = metadata(&event, &Title::of(&event));
        let metadata = serde_json::from_str(&metadata).map_err(|_| damaged())?;
        Ok(Stored { row, tags, metadata, body })
    }

    /// A member of the normalised event; null where it has none.
    pub(super) fn get(&self, name: &str) -> &Value {
        &self.body["event"][name]
    }

    /// A member of the body as a text.
    pub(super) fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }

    /// The values of an interface: exceptions, threads, breadcrumbs.
    pub(super) fn values(&self, name: &str) -> &[Value] {
        self.get(name)["values"].as_array().map(Vec::as_slice).unwrap_or_default()
    }
}
