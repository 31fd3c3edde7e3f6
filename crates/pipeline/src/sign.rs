//! The headers of one attempt: names, both signatures, attempt number, hop. The body is signed as it is sent.
//!
//! They are kept nowhere: who wants to see them later has them made again, here too, with what is secret masked.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderName, HeaderValue};
use model::delivery_key::DeliveryId;
use model::ids::Millis;
use webhook::{Kind, headers};

use crate::directory::{HookEntry, Signers};
use crate::egress::Request;

/// What is shown instead of a signature or a custom header's value.
pub const MASK: &str = "********";

/// What an attempt says about itself.
pub struct Envelope {
    /// Of which delivery it is.
    pub delivery: DeliveryId,
    /// The delivery's kind.
    pub kind: Kind,
    /// From 1.
    pub attempt: u32,
    /// How many webhooks led to the event.
    pub hop: u8,
    /// When the attempt begins.
    pub now: Millis,
}

impl Envelope {
    /// When the attempt begins, in Unix seconds.
    fn timestamp(&self) -> String {
        self.now.0.div_euclid(1000).to_string()
    }
}

/// The headers of an attempt as they are sent, by name, made again from what the hook is now. Masked are the signatures and the
/// values of custom headers.
pub fn shown_headers(hook: &HookEntry, envelope: &Envelope, body: &Bytes) -> Vec<(String, String)> {
    let ours = headers_with(hook, envelope, &Signatures { hex: MASK.into(), standard: MASK.into() });
    let sent: Vec<(HeaderName, HeaderValue)> = match &hook.destination {
        Ok(destination) => {
            let request = Request { destination, headers: &ours, body: body.clone() };
            let all = request.all_headers();
            let length = HeaderValue::from(body.len());
            all.iter().map(|(name, value)| (name.clone(), value.clone())).chain([(CONTENT_LENGTH, length)]).collect()
        }
        // Nothing is sent to a URL that is not allowed any more.
        Err(_) => ours,
    };
    let is_secret = |name: &HeaderName| hook.headers.iter().any(|(custom, _)| custom == name);
    let shown = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let show = |(name, value): (HeaderName, HeaderValue)| {
        let value = if is_secret(&name) { MASK.to_owned() } else { shown(&value) };
        (name.as_str().to_owned(), value)
    };
    sent.into_iter().map(show).collect()
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
    headers_with(hook, envelope, &Signatures::of(signers, envelope, body))
}

/// The values of the signatures' headers.
struct Signatures {
    hex: Vec<u8>,
    standard: Vec<u8>,
}

impl Signatures {
    fn of(signers: &Signers, envelope: &Envelope, body: &[u8]) -> Signatures {
        let (id, timestamp) = (envelope.delivery.to_string(), envelope.timestamp());
        let previous = signers.previous.as_ref().filter(|(_, until)| envelope.now < *until).map(|(signer, _)| signer);
        let hex = previous.unwrap_or(&signers.present).hex(body);
        let mut standard = signers.present.standard(&id, &timestamp, body).to_vec();
        if let Some(previous) = previous {
            standard.push(b' ');
            standard.extend_from_slice(&previous.standard(&id, &timestamp, body));
        }
        Signatures { hex: hex.to_vec(), standard }
    }
}

fn headers_with(hook: &HookEntry, envelope: &Envelope, signatures: &Signatures) -> Vec<(HeaderName, HeaderValue)> {
    let (id, timestamp) = (envelope.delivery.to_string(), envelope.timestamp());
    let guid = hook.hook.guid.to_string();
    let mut list = Vec::with_capacity(13 + hook.headers.len());
    list.extend_from_slice(&hook.headers);
    let mut add = |name: headers::HeaderName, value: &[u8]| {
        // All of these are hex, base64 or digits: a header value by construction.
        if let Ok(mut value) = HeaderValue::from_bytes(value) {
            value.set_sensitive(name.is_signature());
            list.push((HeaderName::from_static(name.wire), value));
        }
    };
    add(headers::CONTENT_TYPE, b"application/json");
    add(headers::SIGNATURE, &signatures.hex);
    add(headers::EVENT, envelope.kind.event_header().as_bytes());
    add(headers::DELIVERY, id.as_bytes());
    add(headers::ATTEMPT, envelope.attempt.to_string().as_bytes());
    add(headers::HOP, envelope.hop.to_string().as_bytes());
    if envelope.kind == Kind::Test {
        add(headers::TEST, b"1");
    }
    add(headers::SERVICE_HOOK_SIGNATURE, &signatures.hex);
    add(headers::SERVICE_HOOK_TIMESTAMP, timestamp.as_bytes());
    add(headers::SERVICE_HOOK_GUID, guid.as_bytes());
    add(headers::WEBHOOK_ID, id.as_bytes());
    add(headers::WEBHOOK_TIMESTAMP, timestamp.as_bytes());
    add(headers::WEBHOOK_SIGNATURE, &signatures.standard);
    list
}
