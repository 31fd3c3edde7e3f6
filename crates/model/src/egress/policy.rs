//! What the operator allows beyond the strict policy.
//!
//! Responsible for reading and holding the exceptions. Refuses to judge: that is the part of `judge_url` and
//! `judge_address`. Made once from the command line and shared by everything that judges.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::host::Host;
use super::name;

/// The egress policy. The default is the strict one: https only, public addresses only, public names only.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    allow_http: bool,
    nat64: bool,
    networks: Vec<IpNet>,
    names: Vec<AllowedName>,
    own_origins: Vec<Origin>,
}

/// A host and port that webhooks must not come back to: those of `--url`, whatever the scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    host: Host,
    port: u16,
}

/// The entry of `--egress-allow` is no network, no address and no host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a network (10.0.0.0/8), an address (10.0.0.1) or a host name (hooks.internal, *.internal)")]
pub struct BadAllowEntry;

#[derive(Debug, Clone)]
enum AllowedName {
    Exactly(String),
    Under(String),
}

impl Policy {
    /// The policy of `--dev`, for one's own machine: loopback addresses, `localhost` and the names under it, and http.
    pub fn dev() -> Self {
        let mut policy = Policy::default();
        policy.allow_http();
        policy.networks.push(IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8)));
        policy.networks.push(IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128)));
        policy.names.push(AllowedName::Exactly("localhost".to_owned()));
        policy.names.push(AllowedName::Under("localhost".to_owned()));
        policy
    }

    /// Allows http beside https (`--egress-allow-http`).
    pub fn allow_http(&mut self) {
        self.allow_http = true;
    }

    /// Allows `64:ff9b::/96` where the IPv4 address inside is allowed, for networks with DNS64 (`--egress-nat64`).
    pub fn allow_nat64(&mut self) {
        self.nat64 = true;
    }

    /// Allows one entry of `--egress-allow`: a network in CIDR form, one address, or a host name (`*.name` for every
    /// name under it). A named host skips the name rules only; its addresses are judged like any others.
    ///
    /// # Errors
    ///
    /// [`BadAllowEntry`] for anything else, and for a network whose address has bits set behind its prefix.
    pub fn allow(&mut self, entry: &str) -> Result<(), BadAllowEntry> {
        if let Ok(network) = entry.parse::<IpNet>() {
            // `10.1.2.3/8` is more often a slip of the pen than a wish for all of 10/8.
            if network.trunc() != network {
                return Err(BadAllowEntry);
            }
            self.networks.push(network);
        } else if let Ok(address) = entry.parse::<IpAddr>() {
            self.networks.push(IpNet::from(address));
        } else {
            self.names.push(AllowedName::parse(entry)?);
        }
        Ok(())
    }

    /// Refuses hooks on the origin of this target: our own URL.
    pub fn refuse_origin(&mut self, origin: Origin) {
        self.own_origins.push(origin);
    }

    pub(super) fn allows_http(&self) -> bool {
        self.allow_http
    }

    pub(super) fn allows_nat64(&self) -> bool {
        self.nat64
    }

    pub(super) fn allows_network_of(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }

    pub(super) fn allows_name(&self, name: &str) -> bool {
        self.names.iter().any(|allowed| allowed.matches(name))
    }

    pub(super) fn is_own_origin(&self, host: &Host, port: u16) -> bool {
        self.own_origins.iter().any(|own| own.port == port && own.host == *host)
    }
}

impl Origin {
    /// The origin of a URL that this process is reached at. It is not judged by the egress policy: our own URL may well
    /// be a private one. `None` if the text is not an http or https URL with a host.
    pub fn of_own_url(url: &str) -> Option<Self> {
        let parsed = ::url::Url::parse(url).ok().filter(|parsed| matches!(parsed.scheme(), "http" | "https"))?;
        let host = match parsed.host()? {
            ::url::Host::Domain(name) => Host::Name(name.strip_suffix('.').unwrap_or(name).to_owned()),
            ::url::Host::Ipv4(address) => Host::Address(address.into()),
            ::url::Host::Ipv6(address) => Host::Address(address.into()),
        };
        Some(Origin { host, port: parsed.port_or_known_default()? })
    }
}

impl AllowedName {
    fn parse(entry: &str) -> Result<Self, BadAllowEntry> {
        let lower = entry.to_ascii_lowercase();
        let (under, parent) = match lower.strip_prefix("*.") {
            Some(parent) => (true, parent),
            None => (false, lower.as_str()),
        };
        let parent = parent.strip_suffix('.').unwrap_or(parent);
        // A name that ends in a number is read as an IPv4 address by URL parsers, so it could never match.
        let ends_in_number =
            parent.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
        if !name::is_well_formed(parent) || ends_in_number {
            return Err(BadAllowEntry);
        }
        let parent = parent.to_owned();
        Ok(if under { AllowedName::Under(parent) } else { AllowedName::Exactly(parent) })
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            AllowedName::Exactly(allowed) => name == allowed,
            AllowedName::Under(parent) => name != parent && name::is_at_or_under(name, parent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_addresses_and_names_are_read() {
        let mut policy = Policy::default();
        for entry in ["10.0.0.0/8", "192.168.1.7", "fd00::/8", "::1", "hooks.internal", "*.Corp.Internal.", "gateway"] {
            assert_eq!(policy.allow(entry), Ok(()), "{entry}");
        }
        assert!(policy.allows_network_of("10.255.0.1".parse().unwrap()));
        assert!(policy.allows_network_of("192.168.1.7".parse().unwrap()));
        assert!(!policy.allows_network_of("192.168.1.8".parse().unwrap()));
        assert!(policy.allows_name("hooks.internal"));
        assert!(!policy.allows_name("a.hooks.internal"));
        assert!(policy.allows_name("a.b.corp.internal"));
        assert!(!policy.allows_name("corp.internal"));
        assert!(!policy.allows_name("notcorp.internal"));
    }

    #[test]
    fn an_entry_that_could_never_match_is_refused() {
        for entry in ["", "10.1.2.3/8", "10.0.0.0/33", "http://x", "a..b", "*", "*.", "a b", "10.0.0", "x.5", "host:80"]
        {
            assert_eq!(Policy::default().allow(entry), Err(BadAllowEntry), "{entry}");
        }
    }

    #[test]
    fn an_own_origin_is_a_host_and_its_port() {
        let origin = Origin::of_own_url("https://Watch.Example./x").unwrap();
        assert_eq!(origin, Origin { host: Host::Name("watch.example".to_owned()), port: 443 });
        assert_eq!(Origin::of_own_url("ftp://example.com/"), None);
        assert_eq!(Origin::of_own_url("nonsense"), None);
    }
}
