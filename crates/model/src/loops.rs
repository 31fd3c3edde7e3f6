//! The loop breaker: an error that is raised while a webhook is handled must not make webhooks for ever.
//!
//! A webhook says in a header how many webhooks led to it. If its receiver fails and reports the request it failed on, the
//! event holds that header again.

use std::fmt;

use protocol::event::Event;

use crate::delivery_key::DeliveryId;

/// The header that carries a delivery's id, as events hold it: names are compared without regard to case.
const DELIVERY_HEADER: &str = webhook::headers::DELIVERY.wire;
/// The header that carries a webhook's hop.
const HOP_HEADER: &str = webhook::headers::HOP.wire;

/// From this hop on an event is recorded and counted, but owes nothing.
pub const MAX_HOP: u8 = 3;

/// How many webhooks led to an event: 0 for an ordinary one. A webhook carries the hop of its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hop(pub u8);

impl Hop {
    /// The hop of an event: one more than that of the webhook in whose handling it was raised.
    ///
    /// Only a request that holds the id of a delivery, in our form, counts as a webhook; without a readable hop it is one of
    /// hop 0. Where proxies have doubled a header, the highest hop counts.
    pub fn of(event: &Event<'_>) -> Self {
        let values = |wanted: &'static str| {
            let is_wanted = move |name: &str| name.trim().eq_ignore_ascii_case(wanted);
            event.request_headers.iter().filter(move |(name, _)| is_wanted(name)).map(|(_, value)| value.trim())
        };
        if !values(DELIVERY_HEADER).any(|value| value.parse::<DeliveryId>().is_ok()) {
            return Self(0);
        }
        let webhook = values(HOP_HEADER).filter_map(read_hop).max().unwrap_or(0);
        Self(webhook.saturating_add(1))
    }

    /// Whether the event owes nothing because of it.
    pub fn is_loop(self) -> bool {
        self.0 >= MAX_HOP
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// The number that a header's value spells; one too large for a hop is the largest there is.
fn read_hop(value: &str) -> Option<u8> {
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(value.parse().unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "018cc251f40070008000000100000011";

    fn hop(headers: &[(&'static str, &'static str)]) -> Hop {
        let request_headers = headers.iter().map(|&(name, value)| (name.into(), value.into())).collect();
        Hop::of(&Event { request_headers, ..Event::default() })
    }

    #[test]
    fn an_ordinary_event_has_hop_0() {
        assert_eq!(hop(&[]), Hop(0));
        assert_eq!(hop(&[("Host", "shop.example.com"), ("X-Request-Id", ID)]), Hop(0));
    }

    #[test]
    fn an_event_raised_while_handling_a_webhook_has_one_more_than_it() {
        for (header, expected) in [("0", 1), ("1", 2), ("2", 3), (" 2 ", 3), ("254", 255), ("255", 255), ("99999", 255)]
        {
            assert_eq!(
                hop(&[("X-Sentry-Hook-Delivery", ID), ("X-Sentry-Hook-Hop", header)]),
                Hop(expected),
                "{header}"
            );
        }
    }

    #[test]
    fn names_are_compared_without_regard_to_case() {
        assert_eq!(hop(&[("x-SENTRY-hook-delivery", ID), ("X-SENTRY-HOOK-HOP", "1")]), Hop(2));
    }

    #[test]
    fn an_unreadable_hop_counts_as_the_first() {
        for header in ["", "-1", "two", "1.0"] {
            assert_eq!(hop(&[(DELIVERY_HEADER, ID), (HOP_HEADER, header)]), Hop(1), "{header:?}");
        }
        assert_eq!(hop(&[(DELIVERY_HEADER, ID)]), Hop(1));
    }

    #[test]
    fn of_doubled_headers_the_highest_counts() {
        assert_eq!(hop(&[(DELIVERY_HEADER, ID), (HOP_HEADER, "2"), (HOP_HEADER, "0")]), Hop(3));
    }

    #[test]
    fn a_hop_without_the_id_of_a_delivery_does_not_silence_an_event() {
        assert_eq!(hop(&[(HOP_HEADER, "9")]), Hop(0));
        assert_eq!(hop(&[(DELIVERY_HEADER, "abc"), (HOP_HEADER, "9")]), Hop(0));
        // A version 4 UUID: some other system's header of the same name.
        assert_eq!(hop(&[(DELIVERY_HEADER, "5fe979d329b14a4caa62b32455206cdd"), (HOP_HEADER, "9")]), Hop(0));
    }

    #[test]
    fn hop_three_is_a_loop() {
        assert!(![0, 1, 2].map(Hop).iter().any(|hop| hop.is_loop()));
        assert!(Hop(3).is_loop() && Hop(255).is_loop());
    }
}
