//! Ports that a hook may name.
//!
//! Responsible for the list. Refuses exceptions: no policy lifts it, for a POST to these services does harm whatever the
//! address. Called by the URL verdict; `config show` prints the list.

/// Ports of the fetch standard's block list from 1024 up, and of databases, brokers and control planes that act on the
/// text of an HTTP request or answer it without asking who sent it. Sorted.
pub const DENIED_PORTS: [u16; 37] = [
    1719, 1720, 1723, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190, 5060, 5061, 5432, 5672, 5984, 6000,
    6379, 6443, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 8500, 9042, 9200, 9300, 10080, 10250, 11211, 27017,
];

/// From here up every port is allowed that is not in [`DENIED_PORTS`]; below, only 80 and 443.
pub const FIRST_UNPRIVILEGED_PORT: u16 = 1024;

pub(super) fn is_allowed(port: u16) -> bool {
    matches!(port, 80 | 443) || (port >= FIRST_UNPRIVILEGED_PORT && DENIED_PORTS.binary_search(&port).is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_so_that_it_can_be_searched() {
        assert!(DENIED_PORTS.is_sorted_by(|left, right| left < right));
    }

    #[test]
    fn web_ports_and_high_ports_are_allowed_and_services_are_not() {
        for allowed in [80, 443, 1024, 3000, 8080, 8443, 9000, 9100, 65535] {
            assert!(is_allowed(allowed), "{allowed}");
        }
        for denied in DENIED_PORTS.into_iter().chain([0, 22, 25, 79, 81, 442, 587, 1023]) {
            assert!(!is_allowed(denied), "{denied}");
        }
    }
}
