//! Bodies in memory: one for all hooks of an event, counted once against the lane budget.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use model::ids::IssueId;
use model::payload::CreatedBody;
use store::ledger::NewEvent;

use crate::budget::Held;

/// The bytes of a webhook's body, exactly as stored.
#[derive(Clone)]
pub(crate) struct Body {
    shared: Arc<SharedBody>,
}

struct SharedBody {
    bytes: Bytes,
    _held: Held,
}

impl Body {
    /// The body of an event that was just recorded: the same pieces that the store was given.
    pub(crate) fn new(event: &NewEvent, issue: IssueId, held: Held) -> Body {
        let (head, tail) = (event.body.head(issue), CreatedBody::tail(issue));
        let mut bytes = BytesMut::with_capacity(head.len() + event.value.len() + tail.len());
        bytes.put_slice(&head);
        bytes.put_slice(&event.value);
        bytes.put_slice(&tail);
        Body::stored(bytes.freeze(), held)
    }

    /// A body as the store returned it.
    pub(crate) fn stored(bytes: Bytes, held: Held) -> Body {
        Body { shared: Arc::new(SharedBody { bytes, _held: held }) }
    }

    /// How many bytes.
    pub(crate) fn len(&self) -> usize {
        self.shared.bytes.len()
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> Bytes {
        self.shared.bytes.clone()
    }
}
