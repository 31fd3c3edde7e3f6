//! Certificates for test receivers.
//!
//! Responsible for one private authority for each test and for certificates good and bad. Refuses to write files. Called
//! by tests that speak TLS.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate authority that nobody trusts unless told to.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate and its key.
pub struct Certificate {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Authority {
    /// When its valid certificates expire, in Unix seconds: with the year 2040.
    pub const EXPIRES_AT: i64 = 2_240_611_200;
    /// When its expired certificates expired, in Unix seconds: with the year 2019.
    pub const EXPIRED_AT: i64 = 1_577_836_800;

    /// A new authority with a key of its own.
    ///
    /// # Panics
    ///
    /// If the system gives no randomness.
    #[expect(clippy::new_without_default, reason = "each authority is another one, which a default value would hide")]
    #[expect(clippy::unwrap_used, reason = "a test without certificates cannot go on")]
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Verifiers look roots up by name: two authorities of one name would be taken for each other.
        let name = format!("Watchfire test authority {:x?}", &key.public_key_raw()[..8]);
        params.distinguished_name.push(DnType::CommonName, name);
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// The root certificate, to be trusted, in PEM form.
    pub fn root_pem(&self) -> &str {
        &self.pem
    }

    /// A valid certificate for these names and addresses.
    pub fn issue(&self, names: &[&str]) -> Certificate {
        self.sign(names, |_| {})
    }

    /// A certificate that expired in 2020.
    pub fn issue_expired(&self, names: &[&str]) -> Certificate {
        self.sign(names, |params| {
            params.not_before = date_time_ymd(2019, 1, 1);
            params.not_after = date_time_ymd(2020, 1, 1);
        })
    }

    /// A certificate that becomes valid in 2039.
    pub fn issue_not_yet_valid(&self, names: &[&str]) -> Certificate {
        self.sign(names, |params| params.not_before = date_time_ymd(2039, 1, 1))
    }

    /// A certificate that no authority signed.
    ///
    /// # Panics
    ///
    /// If a name is no DNS name and no address.
    #[expect(clippy::unwrap_used, reason = "a test without certificates cannot go on")]
    pub fn self_signed(names: &[&str]) -> Certificate {
        let key = KeyPair::generate().unwrap();
        let certificate = params(names).self_signed(&key).unwrap();
        Certificate::new(&certificate, &key)
    }

    #[expect(clippy::unwrap_used, reason = "a test without certificates cannot go on")]
    fn sign(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Certificate {
        let key = KeyPair::generate().unwrap();
        let mut params = params(names);
        change(&mut params);
        Certificate::new(&params.signed_by(&key, &self.issuer).unwrap(), &key)
    }
}

impl Certificate {
    #[expect(clippy::unwrap_used, reason = "a test without certificates cannot go on")]
    fn new(certificate: &rcgen::Certificate, key: &KeyPair) -> Self {
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        Certificate { chain: vec![certificate.der().clone()], key }
    }
}

#[expect(clippy::unwrap_used, reason = "a test without certificates cannot go on")]
fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.not_after = date_time_ymd(2041, 1, 1);
    params
}
