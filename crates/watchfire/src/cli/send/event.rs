//! The event that `send` sends, and the envelope around it. What a file holds is passed on as it is written.

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::ids::Millis;
use protocol::EventId;
use protocol::dsn::Dsn;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::cli::failure::BadEvent;

/// A JSON object: names, and the values' JSON texts.
#[derive(Debug)]
pub(super) struct Event(BTreeMap<String, String>);

impl Event {
    /// An event with a message.
    pub(super) fn of_message(message: &str) -> Event {
        let mut event = Event(BTreeMap::new());
        event.set("message", message);
        event.set("platform", "other");
        event
    }

    /// An event from a file.
    pub(super) fn parse(text: &[u8]) -> Result<Event, BadEvent> {
        let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(text).map_err(BadEvent::NotAnObject)?;
        Ok(Event(fields.into_iter().map(|(name, value)| (name, value.get().to_owned())).collect()))
    }

    /// Gives the event an id and a time if it has none; says which id it has.
    pub(super) fn complete(&mut self, fresh: EventId, now: Millis) -> Result<EventId, BadEvent> {
        if !self.0.contains_key("timestamp") {
            self.set("timestamp", &rfc3339(now));
        }
        let Some(id) = self.0.get("event_id") else {
            self.set("event_id", &fresh.to_string());
            return Ok(fresh);
        };
        let text: String = serde_json::from_str(id).map_err(|_| BadEvent::Id)?;
        text.parse().map_err(|_| BadEvent::Id)
    }

    /// Sets a field to a text.
    pub(super) fn set(&mut self, name: &str, text: &str) {
        self.0.insert(name.to_owned(), json!(text).to_string());
    }

    /// Adds tags to those that the event has, in the form that they have there.
    pub(super) fn add_tags(&mut self, tags: Vec<(String, String)>) -> Result<(), BadEvent> {
        if tags.is_empty() {
            return Ok(());
        }
        let present = self.0.get("tags").map_or("null", String::as_str);
        let mut value: Value = serde_json::from_str(present).map_err(|_| BadEvent::Tags)?;
        match &mut value {
            Value::Null => value = tags.into_iter().collect(),
            Value::Object(object) => object.extend(tags.into_iter().map(|(key, tag)| (key, json!(tag)))),
            Value::Array(pairs) => pairs.extend(tags.into_iter().map(|(key, tag)| json!([key, tag]))),
            _ => return Err(BadEvent::Tags),
        }
        self.0.insert("tags".to_owned(), value.to_string());
        Ok(())
    }

    /// The envelope: its header, the item's header, the event.
    pub(super) fn envelope(&self, dsn: &Dsn, id: EventId, now: Millis) -> Vec<u8> {
        let header = json!({"event_id": id.to_string(), "dsn": dsn.to_string(), "sent_at": rfc3339(now)});
        let event = self.text();
        let item = json!({"type": "event", "length": event.len()});
        format!("{header}\n{item}\n{event}\n").into_bytes()
    }

    fn text(&self) -> String {
        let fields: Vec<String> = self.0.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
        format!("{{{}}}", fields.join(","))
    }
}

fn rfc3339(moment: Millis) -> String {
    Timestamp::from_millisecond(moment.0).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use protocol::envelope::MAX_HEADER_LINE_BYTES;

    use super::*;

    const NOW: Millis = Millis(1_704_067_200_250);
    const FRESH: EventId = EventId([7; 16]);

    fn value(event: &Event) -> Value {
        serde_json::from_str(&event.text()).unwrap()
    }

    #[test]
    fn a_message_becomes_an_event_with_id_and_time() {
        let mut event = Event::of_message("it \"works\"");
        assert_eq!(event.complete(FRESH, NOW).unwrap(), FRESH);
        let expected = json!({
            "event_id": "07070707070707070707070707070707",
            "message": "it \"works\"",
            "platform": "other",
            "timestamp": "2024-01-01T00:00:00.25Z",
        });
        assert_eq!(value(&event), expected);
    }

    #[test]
    fn what_a_file_holds_is_kept_to_the_letter() {
        let text = r#"{"event_id":"5FE979D3-29B1-4A4C-AA62-B32455206CDD","extra":{"n":1.10e2},"timestamp":5}"#;
        let mut event = Event::parse(text.as_bytes()).unwrap();
        let id = event.complete(FRESH, NOW).unwrap();
        assert_eq!(id.to_string(), "5fe979d329b14a4caa62b32455206cdd");
        assert_eq!(event.text(), text);
    }

    #[test]
    fn tags_are_added_in_the_form_that_the_event_has() {
        for (before, after) in [
            ("{}", json!({"tags": {"a": "1"}})),
            (r#"{"tags":null}"#, json!({"tags": {"a": "1"}})),
            (r#"{"tags":{"a":"0","b":"2"}}"#, json!({"tags": {"a": "1", "b": "2"}})),
            (r#"{"tags":[["b","2"]]}"#, json!({"tags": [["b", "2"], ["a", "1"]]})),
        ] {
            let mut event = Event::parse(before.as_bytes()).unwrap();
            event.add_tags(vec![("a".to_owned(), "1".to_owned())]).unwrap();
            assert_eq!(value(&event), after, "{before}");
        }
    }

    #[test]
    fn what_is_no_event_is_refused_with_the_reason() {
        assert!(matches!(Event::parse(b"[]"), Err(BadEvent::NotAnObject(_))));
        let mut event = Event::parse(br#"{"event_id":7,"tags":"x"}"#).unwrap();
        assert!(matches!(event.complete(FRESH, NOW), Err(BadEvent::Id)));
        assert!(matches!(event.add_tags(vec![("a".to_owned(), "1".to_owned())]), Err(BadEvent::Tags)));
    }

    #[test]
    fn the_envelope_has_three_lines_and_the_true_length() {
        let dsn: Dsn = "http://0123456789abcdef0123456789abcdef@127.0.0.1:9000/1".parse().unwrap();
        let event = Event::of_message("é");
        let envelope = String::from_utf8(event.envelope(&dsn, FRESH, NOW)).unwrap();
        let lines: Vec<&str> = envelope.lines().collect();
        let item: Value = serde_json::from_str(lines[1]).unwrap();
        assert_eq!(item, json!({"type": "event", "length": lines[2].len()}));
        assert_eq!(lines[2], event.text());
        assert!(lines[0].len() < MAX_HEADER_LINE_BYTES);
    }
}
