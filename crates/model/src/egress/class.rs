//! What kind of address an address is.
//!
//! Responsible for the registries of special-purpose addresses and of what tunnels to them, and for the names and stored
//! numbers of the classes. Refuses to judge: what may be reached is the policy's. Called by the verdict over addresses, and
//! by the guarded client, which notes the class of each peer.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// What an address is for. Everything but [`Public`](Self::Public) is refused unless the policy says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressClass {
    /// Reachable from everywhere.
    Public,
    /// This machine.
    Loopback,
    /// A private network (RFC 1918), or unique local addresses.
    Private,
    /// One link; clouds answer for their metadata here.
    LinkLocal,
    /// "This network"; the kernel takes 0.0.0.0 for this machine.
    ThisNetwork,
    /// A carrier's network behind its translator.
    CarrierShared,
    /// Many receivers at once.
    Multicast,
    /// For examples in texts.
    Documentation,
    /// For measuring devices.
    Benchmarking,
    /// Of protocols themselves, Teredo and ORCHID among them.
    ProtocolAssignment,
    /// Kept for the future, and broadcast.
    Reserved,
    /// A public number that answers only inside a cloud.
    CloudPlatform,
    /// A tunnel to an IPv4 address: 6to4, ISATAP.
    Tunnel,
    /// An IPv4 address behind the translator of this network.
    Nat64,
    /// An IPv4 address in IPv6 form, which the kernel connects to as that IPv4 address.
    Ipv4Mapped,
    /// IPv6 that was never given out for unicast.
    Unassigned,
}

/// The number stands for no class of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no class of addresses has the code {0}")]
pub struct UnknownAddressClass(u8);

/// Source: IANA's IPv4 special-purpose address registry, less its globally reachable entries, and multicast.
const SPECIAL_V4: [(Ipv4Net, AddressClass); 16] = [
    (v4(0, 0, 0, 0, 8), AddressClass::ThisNetwork),
    (v4(10, 0, 0, 0, 8), AddressClass::Private),
    (v4(100, 64, 0, 0, 10), AddressClass::CarrierShared),
    (v4(127, 0, 0, 0, 8), AddressClass::Loopback),
    (v4(169, 254, 0, 0, 16), AddressClass::LinkLocal),
    (v4(172, 16, 0, 0, 12), AddressClass::Private),
    (v4(192, 0, 0, 0, 24), AddressClass::ProtocolAssignment),
    (v4(192, 0, 2, 0, 24), AddressClass::Documentation),
    // The relay of 6to4.
    (v4(192, 88, 99, 0, 24), AddressClass::Tunnel),
    (v4(192, 168, 0, 0, 16), AddressClass::Private),
    (v4(198, 18, 0, 0, 15), AddressClass::Benchmarking),
    (v4(198, 51, 100, 0, 24), AddressClass::Documentation),
    (v4(203, 0, 113, 0, 24), AddressClass::Documentation),
    (v4(224, 0, 0, 0, 4), AddressClass::Multicast),
    (v4(240, 0, 0, 0, 4), AddressClass::Reserved),
    // Azure's platform endpoint answers inside its virtual machines only.
    (v4(168, 63, 129, 16, 32), AddressClass::CloudPlatform),
];

/// All that IANA has given out for global unicast; everything outside is special without asking further.
const GLOBAL_UNICAST_V6: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// Source: IANA's IPv6 special-purpose address registry, what lies inside global unicast.
const SPECIAL_V6: [(Ipv6Net, AddressClass); 4] = [
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), AddressClass::ProtocolAssignment),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), AddressClass::Documentation),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), AddressClass::Tunnel),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), AddressClass::Documentation),
];

const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

impl AddressClass {
    /// Every class.
    pub const ALL: [AddressClass; 16] = [
        AddressClass::Public,
        AddressClass::Loopback,
        AddressClass::Private,
        AddressClass::LinkLocal,
        AddressClass::ThisNetwork,
        AddressClass::CarrierShared,
        AddressClass::Multicast,
        AddressClass::Documentation,
        AddressClass::Benchmarking,
        AddressClass::ProtocolAssignment,
        AddressClass::Reserved,
        AddressClass::CloudPlatform,
        AddressClass::Tunnel,
        AddressClass::Nat64,
        AddressClass::Ipv4Mapped,
        AddressClass::Unassigned,
    ];

    /// The class of an address, whatever any policy says of it.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }

    /// The class's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            AddressClass::Public => "public",
            AddressClass::Loopback => "loopback",
            AddressClass::Private => "private",
            AddressClass::LinkLocal => "link_local",
            AddressClass::ThisNetwork => "this_network",
            AddressClass::CarrierShared => "carrier_shared",
            AddressClass::Multicast => "multicast",
            AddressClass::Documentation => "documentation",
            AddressClass::Benchmarking => "benchmarking",
            AddressClass::ProtocolAssignment => "protocol_assignment",
            AddressClass::Reserved => "reserved",
            AddressClass::CloudPlatform => "cloud_platform",
            AddressClass::Tunnel => "tunnel",
            AddressClass::Nat64 => "nat64",
            AddressClass::Ipv4Mapped => "ipv4_mapped",
            AddressClass::Unassigned => "unassigned",
        }
    }

    /// The number that stands for the class in tables; it never changes.
    pub const fn code(self) -> u8 {
        match self {
            AddressClass::Public => 1,
            AddressClass::Loopback => 2,
            AddressClass::Private => 3,
            AddressClass::LinkLocal => 4,
            AddressClass::ThisNetwork => 5,
            AddressClass::CarrierShared => 6,
            AddressClass::Multicast => 7,
            AddressClass::Documentation => 8,
            AddressClass::Benchmarking => 9,
            AddressClass::ProtocolAssignment => 10,
            AddressClass::Reserved => 11,
            AddressClass::CloudPlatform => 12,
            AddressClass::Tunnel => 13,
            AddressClass::Nat64 => 14,
            AddressClass::Ipv4Mapped => 15,
            AddressClass::Unassigned => 16,
        }
    }

    /// The class that a stored number stands for.
    ///
    /// # Errors
    ///
    /// [`UnknownAddressClass`] for a number that [`code`](Self::code) does not give.
    pub fn from_code(code: u8) -> Result<Self, UnknownAddressClass> {
        AddressClass::ALL.into_iter().find(|class| class.code() == code).ok_or(UnknownAddressClass(code))
    }
}

impl fmt::Display for AddressClass {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

fn of_v4(address: Ipv4Addr) -> AddressClass {
    listed(SPECIAL_V4.iter().find(|(network, _)| network.contains(&address)).map(|(_, class)| *class))
}

fn of_v6(address: Ipv6Addr) -> AddressClass {
    if NAT64.contains(&address) {
        return AddressClass::Nat64;
    }
    if !GLOBAL_UNICAST_V6.contains(&address) {
        return outside_global_unicast(address);
    }
    // An ISATAP interface id is a tunnel to the IPv4 address in its last half, under any prefix.
    if matches!(address.segments()[4..6], [0 | 0x0200, 0x5efe]) {
        return AddressClass::Tunnel;
    }
    listed(SPECIAL_V6.iter().find(|(network, _)| network.contains(&address)).map(|(_, class)| *class))
}

/// What no registry lists is public.
fn listed(class: Option<AddressClass>) -> AddressClass {
    class.unwrap_or(AddressClass::Public)
}

fn outside_global_unicast(address: Ipv6Addr) -> AddressClass {
    if address.is_loopback() {
        AddressClass::Loopback
    } else if address.is_unspecified() {
        AddressClass::ThisNetwork
    } else if address.to_ipv4_mapped().is_some() {
        AddressClass::Ipv4Mapped
    } else if address.is_unique_local() {
        AddressClass::Private
    } else if address.is_unicast_link_local() {
        AddressClass::LinkLocal
    } else if address.is_multicast() {
        AddressClass::Multicast
    } else {
        AddressClass::Unassigned
    }
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
    use super::*;

    #[test]
    fn each_class_has_its_addresses() {
        for (text, class) in [
            ("1.1.1.1", AddressClass::Public),
            ("2606:4700::1111", AddressClass::Public),
            ("127.8.8.8", AddressClass::Loopback),
            ("::1", AddressClass::Loopback),
            ("172.31.0.1", AddressClass::Private),
            ("fd00:ec2::254", AddressClass::Private),
            ("169.254.169.254", AddressClass::LinkLocal),
            ("fe80::1", AddressClass::LinkLocal),
            ("0.0.0.0", AddressClass::ThisNetwork),
            ("::", AddressClass::ThisNetwork),
            ("100.100.100.200", AddressClass::CarrierShared),
            ("239.255.255.250", AddressClass::Multicast),
            ("ff02::1", AddressClass::Multicast),
            ("203.0.113.9", AddressClass::Documentation),
            ("3fff::1", AddressClass::Documentation),
            ("198.19.0.1", AddressClass::Benchmarking),
            ("192.0.0.8", AddressClass::ProtocolAssignment),
            ("2001::1", AddressClass::ProtocolAssignment),
            ("255.255.255.255", AddressClass::Reserved),
            ("168.63.129.16", AddressClass::CloudPlatform),
            ("192.88.99.1", AddressClass::Tunnel),
            ("2002:808:808::1", AddressClass::Tunnel),
            ("2606:4700::5efe:7f00:1", AddressClass::Tunnel),
            ("2606:4700::200:5efe:7f00:1", AddressClass::Tunnel),
            ("64:ff9b::101:101", AddressClass::Nat64),
            ("::ffff:1.1.1.1", AddressClass::Ipv4Mapped),
            ("64:ff9b:1::1", AddressClass::Unassigned),
            ("::127.0.0.1", AddressClass::Unassigned),
        ] {
            assert_eq!(AddressClass::of(text.parse().unwrap()), class, "{text}");
        }
    }

    #[test]
    fn stored_numbers_lead_back_to_their_class_and_to_no_other() {
        for class in AddressClass::ALL {
            assert_eq!(AddressClass::from_code(class.code()), Ok(class));
        }
        assert_eq!(
            (0..=u8::MAX).filter_map(|code| AddressClass::from_code(code).ok()).count(),
            AddressClass::ALL.len()
        );
    }

    #[test]
    fn the_stored_numbers_and_names_are_those_of_the_first_release() {
        let first_release = [
            (1, "public"),
            (2, "loopback"),
            (3, "private"),
            (4, "link_local"),
            (5, "this_network"),
            (6, "carrier_shared"),
            (7, "multicast"),
            (8, "documentation"),
            (9, "benchmarking"),
            (10, "protocol_assignment"),
            (11, "reserved"),
            (12, "cloud_platform"),
            (13, "tunnel"),
            (14, "nat64"),
            (15, "ipv4_mapped"),
            (16, "unassigned"),
        ];
        assert_eq!(AddressClass::ALL.map(|class| (class.code(), class.as_str())), first_release);
    }
}
