//! When the event happened: the SDK's clock against the server's.

use super::limits::{CLOCK_DRIFT_MICROS, MAX_FUTURE_MICROS, MAX_PAST_MICROS};
use super::problems::{Path, Problem, Problems};
use super::time::{parse_timestamp, rfc3339};
use super::{Context, Micros};
use crate::json::{Value, write_string};

/// How the event's timestamps are corrected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Clock {
    /// When the event happened, corrected.
    pub(crate) event_time: Micros,
    /// What was added to it, and is added to every other timestamp of the event.
    pub(crate) shift: Micros,
}

impl Clock {
    /// Corrects a clock that is wrong by `sent_at`, then a time that cannot be: that event counts as happening on receipt.
    pub(crate) fn new(sent: Option<Value<'_, '_>>, context: &Context, problems: &mut Problems) -> Self {
        let path = Path::root("timestamp");
        let received = context.received;
        let sent_time = sent.and_then(|value| {
            let time = parse_timestamp(value);
            if time.is_none() {
                problems.add_value(Problem::InvalidData, &path, value);
            }
            time
        });
        let mut shift = 0;
        if let Some(sent_at) = context.sent_at
            && received.saturating_sub(sent_at).saturating_abs() >= CLOCK_DRIFT_MICROS
        {
            shift = received.saturating_sub(sent_at);
            problems.add_with(Problem::ClockDrift, &path, |json| {
                for (name, time) in [("sdk_time", sent_at), ("server_time", received)] {
                    json.push(b',');
                    write_string(json, name);
                    json.push(b':');
                    write_string(json, &rfc3339(time));
                }
            });
        }
        let Some(time) = sent_time else { return Clock { event_time: received, shift } };
        let corrected = time.saturating_add(shift);
        let problem = if corrected > received.saturating_add(MAX_FUTURE_MICROS) {
            Problem::FutureTimestamp
        } else if corrected < received.saturating_sub(MAX_PAST_MICROS) {
            Problem::PastTimestamp
        } else {
            return Clock { event_time: corrected, shift };
        };
        if let Some(value) = sent {
            problems.add_value(problem, &path, value);
        }
        Clock { event_time: received, shift: received.saturating_sub(time) }
    }

    /// The time of an event that was stored: it has been corrected.
    pub(crate) fn stored(sent: Option<Value<'_, '_>>, received: Micros) -> Self {
        Clock { event_time: sent.and_then(parse_timestamp).unwrap_or(received), shift: 0 }
    }

    /// Another timestamp of the event, corrected alike; none if it is none, which is listed.
    pub(crate) fn corrected(&self, value: Value<'_, '_>, path: &Path<'_>, problems: &mut Problems) -> Option<Micros> {
        match parse_timestamp(value) {
            Some(time) => Some(time.saturating_add(self.shift)),
            None => {
                problems.add_value(Problem::InvalidData, path, value);
                None
            }
        }
    }
}
