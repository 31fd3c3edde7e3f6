//! Why there is no connection to a server that the command line names.

/// A connection that was not made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody listens there, or no such host.
    #[error("cannot connect to {authority}: is the server running, and is its URL right?")]
    Connect {
        /// Host and port.
        authority: String,
        /// Why.
        source: std::io::Error,
    },
    /// What listens there speaks no TLS, or its certificate is not trusted.
    #[error("no TLS connection with {authority}: does its URL have the right scheme?")]
    Handshake {
        /// Host and port.
        authority: String,
        /// Why.
        source: std::io::Error,
    },
    /// The host cannot be the name in a certificate.
    #[error("{host} cannot be reached by https")]
    Name {
        /// The host.
        host: String,
        /// Why.
        source: rustls::pki_types::InvalidDnsNameError,
    },
    /// TLS could not be set up.
    #[error("TLS cannot be used")]
    Tls(#[source] rustls::Error),
}
