//! What this machine says of itself: its addresses, its gateways and its hosts file.
//!
//! Reads the files in which Linux keeps them; where there are none, says so. Refuses to ask anybody else.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What was found, and what could not be.
#[derive(Debug, Default)]
pub(super) struct Machine {
    pub(super) addresses: Vec<IpAddr>,
    pub(super) gateways: Vec<IpAddr>,
    /// The names of the hosts file, each once.
    pub(super) hosts_file: Vec<String>,
    pub(super) host_name: String,
    /// Files that could not be read.
    pub(super) unread: Vec<&'static str>,
}

impl Machine {
    /// Asks the system.
    pub(super) fn read() -> Self {
        let mut machine = Machine {
            host_name: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            ..Machine::default()
        };
        let mut read = |path| {
            std::fs::read_to_string(path).unwrap_or_else(|_| {
                machine.unread.push(path);
                String::new()
            })
        };
        let (trie, inet6) = (read("/proc/net/fib_trie"), read("/proc/net/if_inet6"));
        let (route, ipv6_route) = (read("/proc/net/route"), read("/proc/net/ipv6_route"));
        let hosts_file = read("/etc/hosts");
        machine.addresses = distinct(own_v4(&trie).into_iter().chain(own_v6(&inet6)));
        machine.gateways = distinct(gateways_v4(&route).into_iter().chain(gateways_v6(&ipv6_route)));
        machine.hosts_file = names(&hosts_file);
        machine
    }
}

/// `/proc/net/fib_trie`: an address on one line, what it is for on the next.
fn own_v4(text: &str) -> Vec<IpAddr> {
    let mut found = Vec::new();
    let mut last = None;
    for line in text.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address.parse::<Ipv4Addr>().ok();
        } else if line == "/32 host LOCAL" {
            found.extend(last.map(IpAddr::V4));
        }
    }
    found
}

/// `/proc/net/if_inet6`: an address in each line's first column.
fn own_v6(text: &str) -> Vec<IpAddr> {
    text.lines().filter_map(|line| v6(line.split_whitespace().next()?)).collect()
}

/// `/proc/net/route`: interface, destination, gateway, numbers in the machine's byte order.
fn gateways_v4(text: &str) -> Vec<IpAddr> {
    let gateway = |line: &str| {
        let mut columns = line.split_whitespace().skip(1);
        let (destination, gateway) = (columns.next()?, columns.next()?);
        let number =
            u32::from_str_radix(gateway, 16).ok().filter(|number| *number != 0 && destination == "00000000")?;
        Some(IpAddr::V4(Ipv4Addr::from(number.to_ne_bytes())))
    };
    text.lines().skip(1).filter_map(gateway).collect()
}

/// `/proc/net/ipv6_route`: destination and its length, source and its length, gateway.
fn gateways_v6(text: &str) -> Vec<IpAddr> {
    let gateway = |line: &str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let is_default = columns.first().is_some_and(|destination| destination.bytes().all(|digit| digit == b'0'))
            && columns.get(1) == Some(&"00");
        v6(columns.get(4)?).filter(|gateway| is_default && !gateway.is_unspecified())
    };
    text.lines().filter_map(gateway).collect()
}

fn names(hosts_file: &str) -> Vec<String> {
    let lines = hosts_file.lines().map(|line| line.split('#').next().unwrap_or_default());
    distinct(lines.flat_map(|line| line.split_whitespace().skip(1)).map(str::to_owned))
}

fn v6(digits: &str) -> Option<IpAddr> {
    let bits = u128::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 32)?;
    Some(IpAddr::V6(Ipv6Addr::from_bits(bits)))
}

fn distinct<T: Ord>(found: impl Iterator<Item = T>) -> Vec<T> {
    let set: std::collections::BTreeSet<T> = found.collect();
    set.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(addresses: &[IpAddr]) -> Vec<String> {
        addresses.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn own_addresses_are_those_that_the_kernel_takes_for_this_machine() {
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     +-- 10.1.2.0/24 2 0 2\n        \
                    |-- 10.1.2.3\n           /32 host LOCAL\n        |-- 10.1.2.255\n           /32 link BROADCAST\n";
        assert_eq!(texts(&own_v4(trie)), ["10.1.2.3"]);
        let inet6 = "00000000000000000000000000000001 01 80 10 80       lo\nfe800000000000000042acfffe110002 02 40 20 80     eth0\n";
        assert_eq!(texts(&own_v6(inet6)), ["::1", "fe80::42:acff:fe11:2"]);
        assert_eq!(own_v6("short 01\n\n"), Vec::<IpAddr>::new());
    }

    #[test]
    fn gateways_are_those_of_default_routes() {
        let number = u32::from_ne_bytes([10, 1, 2, 1]);
        let route = format!(
            "Iface\tDestination\tGateway \tFlags\neth0\t00000000\t{number:08X}\t0003\neth0\t0002010A\t00000000\t0001\n"
        );
        assert_eq!(texts(&gateways_v4(&route)), ["10.1.2.1"]);
        let zeros = "0".repeat(32);
        let ipv6_route = format!(
            "{zeros} 00 {zeros} 00 fe800000000000000000000000000001 00000400 eth0\n{zeros} 00 {zeros} 00 {zeros} ffffffff lo\n"
        );
        assert_eq!(texts(&gateways_v6(&ipv6_route)), ["fe80::1"]);
    }

    #[test]
    fn the_hosts_file_gives_every_name_once() {
        let text = "127.0.0.1 localhost # the machine\n::1 localhost ip6-localhost\n# 10.0.0.9 nobody\n\n10.0.0.7\tdb.corp db\n";
        assert_eq!(names(text), ["db", "db.corp", "ip6-localhost", "localhost"]);
    }
}
