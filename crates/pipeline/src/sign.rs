//! The headers of one attempt: names, both signatures, attempt number, hop. The body is signed as it is sent.

use http::{HeaderName, HeaderValue};
use model::delivery_key::DeliveryId;
use model::ids::Millis;
use webhook::{Kind, headers};

use crate::directory::{HookEntry, Signers};

/// What an attempt says about itself.
pub(crate) struct Envelope {
    pub(crate) delivery: DeliveryId,
    pub(crate) kind: Kind,
    /// From 1.
    pub(crate) attempt: u32,
    pub(crate) hop: u8,
    /// When the attempt begins.
    pub(crate) now: Millis,
}

/// Every header of ours and the hook's own; `egress` adds those that HTTP needs.
///
/// While a rotation overlaps, the hex headers are made with the old secret, which every receiver knows, and the Standard
/// Webhooks header has a signature of each.
pub(crate) fn headers(
    (hook, signers): (&HookEntry, &Signers),
    envelope: &Envelope,
    body: &[u8],
) -> Vec<(HeaderName, HeaderValue)> {
    let id = envelope.delivery.to_string();
    let timestamp = envelope.now.0.div_euclid(1000).to_string();
    let previous = signers.previous.as_ref().filter(|(_, until)| envelope.now < *until).map(|(signer, _)| signer);
    let hex = previous.unwrap_or(&signers.present).hex(body);
    let mut standard = signers.present.standard(&id, &timestamp, body).to_vec();
    if let Some(previous) = previous {
        standard.push(b' ');
        standard.extend_from_slice(&previous.standard(&id, &timestamp, body));
    }
    let guid = hook.hook.guid.to_string();
    let mut list = Vec::with_capacity(13 + hook.headers.len());
    list.extend_from_slice(&hook.headers);
    let mut add = |name: headers::HeaderName, value: &[u8]| {
        // All of these are hex, base64 or digits: a header value by construction.
        if let Ok(value) = HeaderValue::from_bytes(value) {
            list.push((HeaderName::from_static(name.wire), value));
        }
    };
    add(headers::CONTENT_TYPE, b"application/json");
    add(headers::SIGNATURE, &hex);
    add(headers::EVENT, envelope.kind.event_header().as_bytes());
    add(headers::DELIVERY, id.as_bytes());
    add(headers::ATTEMPT, envelope.attempt.to_string().as_bytes());
    add(headers::HOP, envelope.hop.to_string().as_bytes());
    if envelope.kind == Kind::Test {
        add(headers::TEST, b"1");
    }
    add(headers::SERVICE_HOOK_SIGNATURE, &hex);
    add(headers::SERVICE_HOOK_TIMESTAMP, timestamp.as_bytes());
    add(headers::SERVICE_HOOK_GUID, guid.as_bytes());
    add(headers::WEBHOOK_ID, id.as_bytes());
    add(headers::WEBHOOK_TIMESTAMP, timestamp.as_bytes());
    add(headers::WEBHOOK_SIGNATURE, &standard);
    list
}
