//! TLS towards receivers.
//!
//! Responsible for one client configuration (TLS 1.2 and 1.3, public roots and the operator's own, HTTP/1.1 only) and for
//! saying in words why a handshake failed. Refuses any way to skip verification. Used by the connector.

use std::io;
use std::sync::Arc;

use model::attempt::{Outcome, Unreachable};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{AlertDescription, CertificateError, ClientConfig, Error as TlsError, RootCertStore};

use super::attempt::Failure;

/// The certificates of `--egress-ca` cannot be used, or TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsSetupError {
    /// The text holds no certificate in PEM form.
    #[error("no certificate in PEM form was found")]
    NoCertificate,
    /// A section of the text is not PEM.
    #[error("the certificates are not in PEM form")]
    NotPem(#[source] rustls::pki_types::pem::Error),
    /// A certificate cannot be trusted as a root, or the provider lacks a protocol version.
    #[error("a certificate cannot serve as a root")]
    Rejected(#[source] TlsError),
}

/// The one configuration for every receiver: public roots, and those in `extra_roots_pem`.
pub(super) fn client_config(extra_roots_pem: Option<&[u8]>) -> Result<Arc<ClientConfig>, TlsSetupError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(pem) = extra_roots_pem {
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            roots.add(certificate.map_err(TlsSetupError::NotPem)?).map_err(TlsSetupError::Rejected)?;
        }
        if roots.len() == before {
            return Err(TlsSetupError::NoCertificate);
        }
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(TlsSetupError::Rejected)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// When the peer's certificate expired, in Unix seconds, if that is why the handshake failed.
pub(super) fn expired_at(error: &io::Error) -> Option<i64> {
    let error = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
    match error {
        Some(TlsError::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            i64::try_from(not_after.as_secs()).ok()
        }
        _ => None,
    }
}

/// Why a handshake failed.
pub(super) fn failure(error: &io::Error) -> Failure {
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) else {
        return handshake("the connection broke during the TLS handshake");
    };
    match error {
        TlsError::InvalidCertificate(reason) => certificate(in_words(reason)),
        TlsError::NoCertificatesPresented => certificate("the server presented no certificate"),
        TlsError::PeerIncompatible(_) | TlsError::AlertReceived(AlertDescription::ProtocolVersion) => {
            handshake("the server offers no TLS version or cipher that is accepted: TLS 1.2 or 1.3 is needed")
        }
        TlsError::AlertReceived(_) => handshake("the server broke off the TLS handshake"),
        TlsError::InvalidMessage(_) => handshake("the server does not speak TLS on this port"),
        _ => handshake("the TLS handshake failed"),
    }
}

fn certificate(words: &'static str) -> Failure {
    Failure::new(Outcome::Unreachable(Unreachable::TlsCertificate), words)
}

fn handshake(words: &'static str) -> Failure {
    Failure::new(Outcome::Unreachable(Unreachable::TlsHandshake), words)
}

fn in_words(reason: &CertificateError) -> &'static str {
    use CertificateError as Reason;
    match reason {
        Reason::Expired | Reason::ExpiredContext { .. } => "the server's certificate has expired",
        Reason::NotValidYet | Reason::NotValidYetContext { .. } => "the server's certificate is not valid yet",
        Reason::NotValidForName | Reason::NotValidForNameContext { .. } => {
            "the server's certificate is for another host name"
        }
        Reason::UnknownIssuer => "the server's certificate is not signed by a known authority",
        Reason::Revoked => "the server's certificate was revoked",
        _ => "the server's certificate could not be verified",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused_at_start() {
        assert!(matches!(client_config(Some(b"nothing here")), Err(TlsSetupError::NoCertificate)));
        let cut = b"-----BEGIN CERTIFICATE-----\nAAAA\n";
        assert!(matches!(client_config(Some(cut)), Err(TlsSetupError::NotPem(_))));
        let garbage = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(client_config(Some(garbage)), Err(TlsSetupError::Rejected(_))));
    }

    #[test]
    fn only_http_1_is_offered() {
        assert_eq!(client_config(None).unwrap().alpn_protocols, [b"http/1.1"]);
    }
}
