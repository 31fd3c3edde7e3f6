//! Addresses that a connection may reach.
//!
//! Responsible for the verdict over one address: public ones may, others only as the policy says. Refuses to trust
//! spelling: it takes parsed addresses. Called for literals in URLs, and for every answer of a resolver.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{AddressClass, Policy};

/// The address is not one that webhooks may reach.
///
/// Its text says no more than that, because the user of a hook reads it and must not learn what a name leads to inside;
/// [`class`](Self::class) is for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRefusal {
    class: AddressClass,
}

/// Judges one address: it is allowed if it is public, or inside a network that the policy allows.
///
/// # Errors
///
/// [`AddressRefusal`] for everything else, and for addresses that carry another one (mapped, tunnelled, translated),
/// except those of NAT64 where the policy allows them.
pub fn judge_address(address: IpAddr, policy: &Policy) -> Result<(), AddressRefusal> {
    if policy.allows_network_of(address) {
        return Ok(());
    }
    match (AddressClass::of(address), address) {
        (AddressClass::Public, _) => Ok(()),
        (AddressClass::Nat64, IpAddr::V6(address)) if policy.allows_nat64() => {
            judge_address(IpAddr::V4(last_four_bytes(address)), policy)
        }
        (class, _) => Err(AddressRefusal { class }),
    }
}

impl AddressRefusal {
    /// What the address is, for the operator's eyes.
    pub fn class(self) -> AddressClass {
        self.class
    }
}

impl fmt::Display for AddressRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the address is not a public one")
    }
}

impl std::error::Error for AddressRefusal {}

fn last_four_bytes(address: Ipv6Addr) -> Ipv4Addr {
    let [.., a, b, c, d] = address.octets();
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn strict(text: &str) -> Result<(), AddressRefusal> {
        judge_address(text.parse().unwrap(), &Policy::default())
    }

    #[test]
    fn an_allowed_network_opens_itself_and_nothing_else() {
        let mut policy = Policy::default();
        policy.allow("10.0.0.0/8").unwrap();
        policy.allow("fd00::/8").unwrap();
        let judge = |text: &str| judge_address(text.parse().unwrap(), &policy);
        assert_eq!(judge("10.1.2.3"), Ok(()));
        assert_eq!(judge("fd12::1"), Ok(()));
        for still_refused in ["192.168.0.1", "::ffff:10.1.2.3", "64:ff9b::a01:203", "fe80::1"] {
            assert!(judge(still_refused).is_err(), "{still_refused}");
        }
    }

    #[test]
    fn nat64_is_judged_by_the_address_inside() {
        let mut policy = Policy::default();
        policy.allow_nat64();
        let judge = |text: &str| judge_address(text.parse().unwrap(), &policy);
        assert_eq!(judge("64:ff9b::101:101"), Ok(()));
        assert!(judge("64:ff9b::7f00:1").is_err());
        assert!(judge("64:ff9b::a9fe:a9fe").is_err());
        assert!(judge("64:ff9b:1::101:101").is_err());
    }

    #[test]
    fn the_development_policy_opens_loopback_and_no_more() {
        let dev = Policy::dev();
        let judge = |text: &str| judge_address(text.parse().unwrap(), &dev);
        assert_eq!(judge("127.0.0.1"), Ok(()));
        assert_eq!(judge("127.255.0.9"), Ok(()));
        assert_eq!(judge("::1"), Ok(()));
        for still_refused in ["0.0.0.0", "10.0.0.1", "169.254.169.254", "::", "::ffff:127.0.0.1", "fd00::1"] {
            assert!(judge(still_refused).is_err(), "{still_refused}");
        }
    }

    #[test]
    fn the_text_of_a_refusal_is_the_same_whatever_is_inside() {
        for inside in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1", "64:ff9b::1"] {
            assert_eq!(strict(inside).unwrap_err().to_string(), "the address is not a public one");
        }
    }

    proptest! {
        #[test]
        fn what_the_standard_library_calls_special_is_refused(bits in any::<u32>()) {
            let address = Ipv4Addr::from_bits(bits);
            let special = address.is_loopback() || address.is_private() || address.is_link_local() || address.is_multicast()
                || address.is_broadcast() || address.is_documentation() || address.is_unspecified();
            prop_assert!(!special || judge_address(address.into(), &Policy::default()).is_err());
        }

        #[test]
        fn no_form_of_ipv6_smuggles_an_ipv4_address(bits in any::<u32>(), low in any::<u64>()) {
            let v4 = u128::from(bits);
            let carriers = [
                v4,
                0xffff_u128 << 32 | v4,
                0x0064_ff9b_u128 << 96 | v4,
                0x0064_ff9b_0001_u128 << 80 | v4,
                0x2002_u128 << 112 | v4 << 80 | u128::from(low),
                0x2001_0000_u128 << 96 | u128::from(low) << 32 | v4,
                0x2606_4700_u128 << 96 | 0x5efe_u128 << 32 | v4,
            ];
            for carrier in carriers {
                let address = IpAddr::V6(Ipv6Addr::from_bits(carrier));
                prop_assert!(judge_address(address, &Policy::default()).is_err(), "{}", address);
            }
        }

        #[test]
        fn nothing_outside_global_unicast_passes(bits in any::<u128>()) {
            let address = Ipv6Addr::from_bits(bits);
            if judge_address(address.into(), &Policy::default()).is_ok() {
                prop_assert_eq!(bits >> 125, 0b001);
            }
        }
    }
}
