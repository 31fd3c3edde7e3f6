//! Why there is no connection to a server that the command line names, and why nobody knows whom to trust.

use std::path::PathBuf;

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
    /// What listens there speaks no TLS, or its certificate is not valid.
    #[error("no TLS connection with {authority}: does its URL have the right scheme?")]
    Handshake {
        /// Host and port.
        authority: String,
        /// Why.
        source: std::io::Error,
    },
    /// Nobody who is trusted signed the certificate.
    #[error(
        "no trusted authority signed the certificate of {authority}: if it is a private one, name a PEM file with it by --ca"
    )]
    Untrusted {
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
}

/// Whom to trust cannot be said.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file is larger than any list of authorities.
    #[error("{} is larger than {limit_bytes} bytes: are these certificate authorities?", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What is read at most.
        limit_bytes: u64,
    },
    /// The file names nobody.
    #[error("there is no certificate in PEM form in {}", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A section of the file is no PEM.
    #[error("the certificates in {} are not in PEM form", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rustls::pki_types::pem::Error,
    },
    /// What the file holds is no authority's certificate.
    #[error("a certificate in {} cannot serve as an authority", path.display())]
    Rejected {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// TLS could not be set up.
    #[error("TLS cannot be used")]
    Tls(#[source] rustls::Error),
}
