//! A connection to a server that the command line names: TCP, and TLS where its URL says https.
//!
//! Responsible for what `send` and `listen --forward` have in common. Refuses no address: whoever types it may reach it
//! anyway. The guarded client of `serve` is another one, in `pipeline::egress`.

use std::sync::Arc;

use model::egress::Scheme;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::failure::ConnectError;

/// A stream in the clear or through TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Connects to `host` or `host:port`. Bounded by the caller's deadline.
pub(super) async fn connect(scheme: Scheme, authority: &str) -> Result<Box<dyn Stream>, ConnectError> {
    let unreachable = |source| ConnectError::Connect { authority: authority.to_owned(), source };
    let (host, port) = split(authority, scheme.default_port());
    let stream = TcpStream::connect((host, port)).await.map_err(unreachable)?;
    if scheme == Scheme::Http {
        return Ok(Box::new(stream));
    }
    let invalid = |source| ConnectError::Name { host: host.to_owned(), source };
    let name = ServerName::try_from(host.to_owned()).map_err(invalid)?;
    let failed = |source| ConnectError::Handshake { authority: authority.to_owned(), source };
    Ok(Box::new(connector()?.connect(name, stream).await.map_err(failed)?))
}

/// The host without brackets, and the port.
fn split(authority: &str, default_port: u16) -> (&str, u16) {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().unwrap_or(default_port)),
        _ => (authority, default_port),
    };
    (host.trim_start_matches('[').trim_end_matches(']'), port)
}

fn connector() -> Result<TlsConnector, ConnectError> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(ConnectError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_split_into_host_and_port() {
        for (authority, expected) in [
            ("example.com", ("example.com", 443)),
            ("example.com:9000", ("example.com", 9000)),
            ("[::1]", ("::1", 443)),
            ("[::1]:9000", ("::1", 9000)),
        ] {
            assert_eq!(split(authority, 443), expected);
        }
    }
}
