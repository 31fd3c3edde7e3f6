//! A connection to a server that the command line names: TCP, and TLS where its URL says https.
//!
//! Responsible for what `send`, `listen --forward` and the commands over the API have in common, `--ca` included. Refuses no
//! address: whoever types it may reach it anyway. The guarded client of `serve` is another one, in `pipeline::egress`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use model::egress::Scheme;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::failure::{ConnectError, Failure, TrustError};

/// What a file of certificate authorities may have: a system's whole list is some hundred KiB.
const CA_FILE_MAX_BYTES: u64 = 4 * 1024 * 1024;

/// A stream in the clear or through TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Whom to trust beside the public certificate authorities.
#[derive(Debug, Default, Args)]
pub(super) struct TrustFlags {
    /// PEM file with certificate authorities that the server may have beside the public ones
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// The certificate authorities that a server's certificate may come from.
pub(super) struct Trust(TlsConnector);

impl TrustFlags {
    /// The public authorities, and those in the file.
    pub(super) fn read(&self) -> Result<Trust, Failure> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = &self.ca {
            add(&mut roots, path, &text_of(path)?)?;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TrustError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Trust(TlsConnector::from(Arc::new(config))))
    }
}

impl Trust {
    /// Connects to `host` or `host:port`. Bounded by the caller's deadline.
    pub(super) async fn connect(&self, scheme: Scheme, authority: &str) -> Result<Box<dyn Stream>, ConnectError> {
        let unreachable = |source| ConnectError::Connect { authority: authority.to_owned(), source };
        let (host, port) = split(authority, scheme.default_port());
        let stream = TcpStream::connect((host, port)).await.map_err(unreachable)?;
        if scheme == Scheme::Http {
            return Ok(Box::new(stream));
        }
        let invalid = |source| ConnectError::Name { host: host.to_owned(), source };
        let name = ServerName::try_from(host.to_owned()).map_err(invalid)?;
        let failed = |source| {
            let authority = authority.to_owned();
            if is_of_unknown_issuer(&source) {
                ConnectError::Untrusted { authority, source }
            } else {
                ConnectError::Handshake { authority, source }
            }
        };
        Ok(Box::new(self.0.connect(name, stream).await.map_err(failed)?))
    }
}

fn text_of(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |source| Failure::File { doing: "read the certificate authorities in", path: path.to_owned(), source };
    let mut text = Vec::new();
    File::open(path).map_err(failed)?.take(CA_FILE_MAX_BYTES + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > CA_FILE_MAX_BYTES {
        return Err(TrustError::TooLarge { path: path.to_owned(), limit_bytes: CA_FILE_MAX_BYTES }.into());
    }
    Ok(text)
}

/// Trusts every certificate of a PEM text, of which there must be one.
fn add(roots: &mut RootCertStore, path: &Path, pem: &[u8]) -> Result<(), TrustError> {
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|source| TrustError::NotPem { path: path.to_owned(), source })?;
        roots.add(certificate).map_err(|source| TrustError::Rejected { path: path.to_owned(), source })?;
    }
    if roots.len() == before { Err(TrustError::NoCertificate { path: path.to_owned() }) } else { Ok(()) }
}

fn is_of_unknown_issuer(error: &std::io::Error) -> bool {
    let error = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(error, Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)))
}

/// The host without brackets, and the port.
fn split(authority: &str, default_port: u16) -> (&str, u16) {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().unwrap_or(default_port)),
        _ => (authority, default_port),
    };
    (host.trim_start_matches('[').trim_end_matches(']'), port)
}

#[cfg(test)]
mod tests {
    use testkit::{Authority, FakeReceiver};

    use super::*;

    fn trust(pem: &str) -> Result<Trust, Failure> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), pem).unwrap();
        TrustFlags { ca: Some(file.path().to_owned()) }.read()
    }

    #[tokio::test]
    async fn a_private_authority_is_trusted_where_it_is_named_and_only_for_its_names() {
        let (ours, other) = (Authority::new(), Authority::new());
        let server = FakeReceiver::start_tls(ours.issue(&["localhost"])).await;
        let (named, address) = (format!("localhost:{}", server.port()), format!("127.0.0.1:{}", server.port()));
        let both = trust(&format!("{}{}", other.root_pem(), ours.root_pem())).unwrap();
        assert!(both.connect(Scheme::Https, &named).await.is_ok());
        assert!(matches!(both.connect(Scheme::Https, &address).await, Err(ConnectError::Handshake { .. })));
        for stranger in [TrustFlags::default().read().unwrap(), trust(other.root_pem()).unwrap()] {
            let refused = stranger.connect(Scheme::Https, &named).await.err().unwrap();
            assert!(matches!(refused, ConnectError::Untrusted { .. }) && refused.to_string().contains("--ca"));
        }
    }

    #[test]
    fn a_file_that_names_no_authority_is_refused_with_its_path() {
        let begin = "-----BEGIN CERTIFICATE-----\n";
        let end = "-----END CERTIFICATE-----\n";
        for (pem, said) in [
            ("", "no certificate"),
            ("# ours\n", "no certificate"),
            (&format!("{begin}AAAA\n{end}"), "cannot serve"),
            (&format!("{begin}AAAA\n"), "not in PEM form"),
        ] {
            let refusal = trust(pem).err().unwrap().to_string();
            assert!(refusal.contains(said) && refusal.contains("/"), "{refusal}");
        }
        let missing = TrustFlags { ca: Some("/nowhere/ca.pem".into()) }.read().err().unwrap();
        assert!(missing.to_string().contains("/nowhere/ca.pem"), "{missing}");
    }

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
