//! The two signatures of a webhook, computed here and not by `watchfire-webhook`: the floor must not get faster or slower with the
//! product, and the receiver must not share the product's mistakes.
//!
//! `floor` signs with it, `receiver` checks with it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::BenchError;
use crate::hex;

/// HMAC-SHA256 under one secret, with the key block already worked in.
#[derive(Clone)]
pub(crate) struct Signer {
    keyed: Hmac<Sha256>,
}

impl Signer {
    /// The key is the secret's text bytes.
    ///
    /// # Errors
    /// In principle when the key has a length that the MAC refuses; HMAC refuses none.
    pub(crate) fn new(secret: &str) -> Result<Self, BenchError> {
        let keyed = Hmac::new_from_slice(secret.as_bytes()).map_err(|source| BenchError::Secret { source })?;
        Ok(Self { keyed })
    }

    /// `X-Sentry-Hook-Signature`: lower-case hex over the body.
    pub(crate) fn hex(&self, body: &[u8]) -> String {
        let mut mac = self.keyed.clone();
        mac.update(body);
        hex::encode(&mac.finalize().into_bytes())
    }

    /// `webhook-signature`: `v1,` and base64 over `id.timestamp.body`.
    pub(crate) fn standard(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let mut mac = self.keyed.clone();
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        let mut text = String::from("v1,");
        STANDARD.encode_string(mac.finalize().into_bytes(), &mut text);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn the_hex_signature_agrees_with_the_published_vector() {
        let signer = Signer::new("Jefe").unwrap();
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signer.hex(b"what do ya want for nothing?"), expected);
    }

    #[test]
    fn the_standard_signature_is_base64_over_id_time_and_body() {
        let signer = Signer::new("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef").unwrap();
        let raw: [u8; 32] = hex::decode(signer.hex(b"id1.1700000000.{}").as_bytes()).unwrap();
        assert_eq!(signer.standard("id1", "1700000000", b"{}"), format!("v1,{}", STANDARD.encode(raw)));
    }
}
