//! Addresses that a connection may reach.
//!
//! Responsible for telling public addresses from all others, by the registries of special-purpose addresses and by what
//! tunnels to them. Refuses to trust spelling: it takes parsed addresses. Called for literals in URLs, for every answer
//! of a resolver, and for the peer of a connection.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

use super::Policy;

/// The address is not one that webhooks may reach.
///
/// Its text says no more than that, because the user of a hook reads it and must not learn what a name leads to inside;
/// [`range`](Self::range) is for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRefusal {
    range: &'static str,
}

/// Source: IANA's IPv4 special-purpose address registry, less its globally reachable entries, and multicast.
const REFUSED_V4: [(Ipv4Net, &str); 16] = [
    (v4(0, 0, 0, 0, 8), "this network"),
    (v4(10, 0, 0, 0, 8), "private"),
    (v4(100, 64, 0, 0, 10), "shared by a carrier"),
    (v4(127, 0, 0, 0, 8), "loopback"),
    (v4(169, 254, 0, 0, 16), "link-local"),
    (v4(172, 16, 0, 0, 12), "private"),
    (v4(192, 0, 0, 0, 24), "protocol assignments"),
    (v4(192, 0, 2, 0, 24), "documentation"),
    (v4(192, 88, 99, 0, 24), "6to4 relay"),
    (v4(192, 168, 0, 0, 16), "private"),
    (v4(198, 18, 0, 0, 15), "benchmarking"),
    (v4(198, 51, 100, 0, 24), "documentation"),
    (v4(203, 0, 113, 0, 24), "documentation"),
    (v4(224, 0, 0, 0, 4), "multicast"),
    (v4(240, 0, 0, 0, 4), "reserved"),
    // Azure's platform endpoint has a public number and answers inside its virtual machines only.
    (v4(168, 63, 129, 16, 32), "cloud platform"),
];

/// All that IANA has given out for global unicast; everything outside is refused without asking further.
const GLOBAL_UNICAST_V6: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// Source: IANA's IPv6 special-purpose address registry, what lies inside global unicast.
const REFUSED_V6: [(Ipv6Net, &str); 4] = [
    // Teredo, ORCHID, benchmarking and the rest of the block.
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), "protocol assignments"),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), "documentation"),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), "6to4 tunnel"),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), "documentation"),
];

const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

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
    match address {
        IpAddr::V4(address) => judge_v4(address),
        IpAddr::V6(address) => judge_v6(address, policy),
    }
}

impl AddressRefusal {
    /// What the address is, for the operator's eyes: "loopback", "private", …
    pub fn range(self) -> &'static str {
        self.range
    }
}

impl fmt::Display for AddressRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the address is not a public one")
    }
}

impl std::error::Error for AddressRefusal {}

fn judge_v4(address: Ipv4Addr) -> Result<(), AddressRefusal> {
    refuse_if_listed(REFUSED_V4.iter().find(|(network, _)| network.contains(&address)).map(|(_, range)| *range))
}

fn judge_v6(address: Ipv6Addr, policy: &Policy) -> Result<(), AddressRefusal> {
    if NAT64.contains(&address) {
        if !policy.allows_nat64() {
            return Err(AddressRefusal { range: "NAT64" });
        }
        return judge_address(IpAddr::V4(last_four_bytes(address)), policy);
    }
    if !GLOBAL_UNICAST_V6.contains(&address) {
        return Err(AddressRefusal { range: outside_global_unicast(address) });
    }
    // An ISATAP interface id is a tunnel to the IPv4 address in its last half, under any prefix.
    if matches!(address.segments()[4..6], [0 | 0x0200, 0x5efe]) {
        return Err(AddressRefusal { range: "ISATAP tunnel" });
    }
    refuse_if_listed(REFUSED_V6.iter().find(|(network, _)| network.contains(&address)).map(|(_, range)| *range))
}

fn refuse_if_listed(range: Option<&'static str>) -> Result<(), AddressRefusal> {
    range.map_or(Ok(()), |range| Err(AddressRefusal { range }))
}

fn outside_global_unicast(address: Ipv6Addr) -> &'static str {
    if address.is_loopback() {
        "loopback"
    } else if address.to_ipv4_mapped().is_some() {
        "IPv4-mapped"
    } else if address.is_unique_local() {
        "private"
    } else if address.is_unicast_link_local() {
        "link-local"
    } else if address.is_multicast() {
        "multicast"
    } else {
        "outside global unicast"
    }
}

fn last_four_bytes(address: Ipv6Addr) -> Ipv4Addr {
    let [.., a, b, c, d] = address.octets();
    Ipv4Addr::new(a, b, c, d)
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix_bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix_bits)
}

const fn v6(segments: [u16; 8], prefix_bits: u8) -> Ipv6Net {
    let [a, b, c, d, e, f, g, h] = segments;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix_bits)
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
    fn a_tunnel_address_under_a_public_prefix_is_refused() {
        assert_eq!(strict("2606:4700::5efe:7f00:1").map_err(AddressRefusal::range), Err("ISATAP tunnel"));
        assert_eq!(strict("2606:4700::200:5efe:7f00:1").map_err(AddressRefusal::range), Err("ISATAP tunnel"));
        assert_eq!(strict("3fff::1").map_err(AddressRefusal::range), Err("documentation"));
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
