//! The host of a target: a name, or an address.

use std::net::IpAddr;

/// Whom to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A DNS name in lower-case ASCII, absolute though written without its final dot.
    Name(String),
    /// An address, already judged by the policy of the time.
    Address(IpAddr),
}
