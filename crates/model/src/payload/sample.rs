//! The body of a test: the sample of the documentation, as an SDK would have sent it, in the project that asks for it.

use protocol::EventId;
use protocol::event::{Context, EventError, Scratch, normalise};

use super::{CreatedBody, Place, event_value};
use crate::culprit::culprit;
use crate::ids::{IssueId, Millis};
use crate::title::Title;

/// What the SDK of the sample sends.
const SENT: &[u8] = br#"{
  "platform": "python", "level": "error", "environment": "production", "release": "1.0.0",
  "culprit": "app.views.index in get",
  "exception": {"values": [{"type": "TypeError", "value": "Cannot read property 'foo' of undefined",
                            "stacktrace": {"frames": []}}]}
}"#;

/// An `event.created` as if an event of this id had just been recorded as the first of its issue, whose number is `issue`.
///
/// # Errors
/// Never: the sample is an event.
pub fn sample(id: EventId, now: Millis, issue: IssueId, place: &Place<'_>) -> Result<Vec<u8>, EventError> {
    let context = Context {
        received: now.0 * 1_000,
        sent_at: None,
        header_event_id: None,
        spare_event_id: id,
        client_ip: None,
        scrub: false,
    };
    let mut scratch = Scratch::default();
    let event = normalise(SENT, &context, &mut scratch)?;
    let title = Title::of(&event);
    let body = CreatedBody::new(&event, &title, &culprit(&event), place);
    Ok([&*body.head(issue), &event_value(&event, &title), &CreatedBody::tail(issue)].concat())
}
