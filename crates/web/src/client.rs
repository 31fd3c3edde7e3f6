//! Who is at the other end: the connection's peer, or whom a trusted proxy saw.
//!
//! Responsible for reading `X-Forwarded-For` from the right, as far as proxies are trusted, and for the network that counts as
//! one client. Refuses to judge anybody. `server` says who is connected; `ingest` and `api` ask.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// Bits of an IPv6 address that are one customer's: the rest of it he chooses himself.
const IPV6_CLIENT_BITS: u32 = 64;

/// Who is at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Whose `X-Forwarded-For` counts.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(pub Vec<IpNet>);

/// What one client can hardly have many of: an IPv4 address, or an IPv6 network of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ClientNetwork(IpAddr);

impl Peer {
    /// Nobody in particular, for requests that came over no socket.
    pub(crate) const UNKNOWN: Peer = Peer(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0));
}

impl TrustedProxies {
    /// The peer, or the client that it forwards, where the peer is a proxy that is trusted.
    pub(crate) fn client(&self, Peer(peer): Peer, headers: &HeaderMap) -> IpAddr {
        let peer = peer.ip().to_canonical();
        if !self.trusts(&peer) {
            return peer;
        }
        // From the right: each trusted proxy appended whom it saw; the first that is not a trusted proxy is the client. What
        // stands left of a hop that cannot be read may be the client's own words.
        let forwarded = headers.get_all("x-forwarded-for").iter().map(|value| value.to_str().unwrap_or_default());
        let hops: Vec<&str> = forwarded.flat_map(|value| value.split(',')).collect();
        let mut nearest = peer;
        for hop in hops.iter().rev().map_while(|hop| read_hop(hop.trim())) {
            nearest = hop;
            if !self.trusts(&hop) {
                break;
            }
        }
        nearest
    }

    fn trusts(&self, address: &IpAddr) -> bool {
        self.0.iter().any(|proxy| proxy.contains(address))
    }
}

/// An address, as some proxies write it with the port: `192.0.2.1:80`, `[2001:db8::1]:80`.
fn read_hop(text: &str) -> Option<IpAddr> {
    let bare = || text.parse().ok();
    let with_port = || text.parse().ok().map(|hop: SocketAddr| hop.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    bare().or_else(with_port).or_else(bracketed).map(|address: IpAddr| address.to_canonical())
}

impl ClientNetwork {
    /// The network of an address.
    pub(crate) fn of(address: IpAddr) -> ClientNetwork {
        ClientNetwork(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let rest = u128::MAX >> IPV6_CLIENT_BITS;
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !rest))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let proxies = TrustedProxies(vec!["10.0.0.0/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        proxies.client(Peer(SocketAddr::new(peer.parse().unwrap(), 1)), &headers).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_may_say_for_whom_it_asks() {
        assert_eq!(client("192.0.2.1", &["198.51.100.1"]), "192.0.2.1");
        assert_eq!(client("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("::ffff:10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn what_a_client_wrote_before_the_proxies_does_not_count() {
        assert_eq!(client("10.0.0.1", &["203.0.113.9, 198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["203.0.113.9", "198.51.100.1", "10.0.0.2"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
    }

    #[test]
    fn a_hop_that_cannot_be_read_hides_what_stands_before_it() {
        assert_eq!(client("10.0.0.1", &["203.0.113.9, unknown"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["203.0.113.9, _hidden, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client("10.0.0.1", &["203.0.113.9", "", "10.0.0.2"]), "10.0.0.2");
    }

    #[test]
    fn a_hop_may_carry_its_port() {
        assert_eq!(client("10.0.0.1", &["203.0.113.9, 198.51.100.1:5678"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]:443, 10.0.0.2:80"]), "2001:db8::1");
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]"]), "2001:db8::1");
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_client_and_those_of_ipv4_are_each_their_own() {
        let network = |text: &str| ClientNetwork::of(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    }
}
