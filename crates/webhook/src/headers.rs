//! The names of the headers that a webhook carries.
//!
//! Responsible for each name in both of its spellings. Refuses to know values: those are the sender's. Called by the
//! sender, by receivers, by whoever shows a request to a person, and by the check that keeps a hook's custom headers
//! from taking one of our names.

/// A header's name in its two spellings, which mean the same to HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderName {
    /// As it is sent and looked up: lower case.
    pub wire: &'static str,
    /// As documentation and pages write it.
    pub display: &'static str,
}

impl HeaderName {
    /// Whether its value proves who sent the webhook.
    pub fn is_signature(self) -> bool {
        [SIGNATURE, SERVICE_HOOK_SIGNATURE, WEBHOOK_SIGNATURE].contains(&self)
    }
}

/// `application/json`.
pub const CONTENT_TYPE: HeaderName = HeaderName { wire: "content-type", display: "Content-Type" };
/// `Watchfire/VERSION`.
pub const USER_AGENT: HeaderName = HeaderName { wire: "user-agent", display: "User-Agent" };
/// `identity`: an answer is kept as it arrives and never inflated.
pub const ACCEPT_ENCODING: HeaderName = HeaderName { wire: "accept-encoding", display: "Accept-Encoding" };

/// Lower-case hex HMAC-SHA256 of the body, keyed with the secret's 64 text bytes.
pub const SIGNATURE: HeaderName = HeaderName { wire: "x-sentry-hook-signature", display: "X-Sentry-Hook-Signature" };
/// `event.created` or `event.alert`.
pub const EVENT: HeaderName = HeaderName { wire: "x-sentry-hook-event", display: "X-Sentry-Hook-Event" };
/// The delivery's id: 32 lower-case hex digits, the same on every attempt and resend.
pub const DELIVERY: HeaderName = HeaderName { wire: "x-sentry-hook-delivery", display: "X-Sentry-Hook-Delivery" };
/// One more than the attempts that went out before this one, or may have.
pub const ATTEMPT: HeaderName = HeaderName { wire: "x-sentry-hook-attempt", display: "X-Sentry-Hook-Attempt" };
/// How many webhooks led to the event that this one reports: the loop breaker.
pub const HOP: HeaderName = HeaderName { wire: "x-sentry-hook-hop", display: "X-Sentry-Hook-Hop" };
/// `1` on a test delivery, else absent.
pub const TEST: HeaderName = HeaderName { wire: "x-sentry-hook-test", display: "X-Sentry-Hook-Test" };

/// The signature of [`SIGNATURE`] again, under the name that Sentry itself sends.
pub const SERVICE_HOOK_SIGNATURE: HeaderName =
    HeaderName { wire: "x-servicehook-signature", display: "X-ServiceHook-Signature" };
/// The time of this attempt in Unix seconds, as Sentry itself sends it; not part of what the hex signature covers.
pub const SERVICE_HOOK_TIMESTAMP: HeaderName =
    HeaderName { wire: "x-servicehook-timestamp", display: "X-ServiceHook-Timestamp" };
/// The hook's id (not the delivery's), as Sentry itself sends it.
pub const SERVICE_HOOK_GUID: HeaderName = HeaderName { wire: "x-servicehook-guid", display: "X-ServiceHook-GUID" };

/// Standard Webhooks: the delivery's id.
pub const WEBHOOK_ID: HeaderName = HeaderName { wire: "webhook-id", display: "webhook-id" };
/// Standard Webhooks: the time of this attempt in Unix seconds.
pub const WEBHOOK_TIMESTAMP: HeaderName = HeaderName { wire: "webhook-timestamp", display: "webhook-timestamp" };
/// Standard Webhooks: one or, while a rotation overlaps, two signatures with a space between.
pub const WEBHOOK_SIGNATURE: HeaderName = HeaderName { wire: "webhook-signature", display: "webhook-signature" };

/// Every header that the sender sets itself, in the order of the documentation.
pub const ALL: [HeaderName; 15] = [
    CONTENT_TYPE,
    USER_AGENT,
    ACCEPT_ENCODING,
    SIGNATURE,
    EVENT,
    DELIVERY,
    ATTEMPT,
    HOP,
    TEST,
    SERVICE_HOOK_SIGNATURE,
    SERVICE_HOOK_TIMESTAMP,
    SERVICE_HOOK_GUID,
    WEBHOOK_ID,
    WEBHOOK_TIMESTAMP,
    WEBHOOK_SIGNATURE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_name_are_the_same_header() {
        for name in ALL {
            assert_eq!(name.wire, name.display.to_ascii_lowercase());
        }
    }

    #[test]
    fn no_name_is_listed_twice() {
        for (index, name) in ALL.iter().enumerate() {
            assert!(!ALL[..index].contains(name), "{} is listed twice", name.display);
        }
    }
}
