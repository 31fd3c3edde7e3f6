//! Making the two signatures.
//!
//! Responsible for the bytes of the hex signature and of the Standard Webhooks signature. Refuses to know headers: it
//! gives values. Called by the sender for each attempt, by [`verify`](crate::verify) and by [`doctor`](crate::doctor).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::Secret;
use crate::hex::write_hex;

/// Signs with one secret. Making one hashes the key; signing then costs the body alone, so keep it beside the hook.
#[derive(Clone)]
pub struct Signer {
    /// The state after the padded key, inside and outside; each signature starts from a copy.
    keyed: Hmac<Sha256>,
}

/// Length of a hex signature in bytes.
pub const HEX_SIGNATURE_BYTES: usize = 64;

/// Length of a Standard Webhooks signature in bytes: `v1,` and the base64 of 32 bytes.
pub const STANDARD_SIGNATURE_BYTES: usize = 3 + 44;

pub(crate) const MAC_BYTES: usize = 32;
const KEY_BLOCK_BYTES: usize = 64;
pub(crate) const STANDARD_VERSION: &[u8; 3] = b"v1,";

impl Signer {
    /// A signer for this secret.
    pub fn new(secret: &Secret) -> Self {
        Self::of_key(secret.key())
    }

    /// A signer for any key bytes, as the doctor tries them.
    pub(crate) fn of_key(key: &[u8]) -> Self {
        // As HMAC is defined: a key longer than a block is hashed first, and any is filled up with zeros.
        let mut block = [0; KEY_BLOCK_BYTES];
        if key.len() > KEY_BLOCK_BYTES {
            block[..MAC_BYTES].copy_from_slice(&Sha256::digest(key));
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        Signer { keyed: Hmac::new(&block.into()) }
    }

    /// The hex signature of a body: 64 lower-case hex digits, as ASCII.
    pub fn hex(&self, body: &[u8]) -> [u8; HEX_SIGNATURE_BYTES] {
        let mut text = [0; HEX_SIGNATURE_BYTES];
        write_hex(&self.mac(&[body]), &mut text);
        text
    }

    /// The Standard Webhooks signature of a body, as ASCII: `v1,` and the base64 of the HMAC over `id.timestamp.body`.
    ///
    /// `id` and `timestamp` (Unix seconds) are given as their headers are sent.
    pub fn standard(&self, id: &str, timestamp: &str, body: &[u8]) -> [u8; STANDARD_SIGNATURE_BYTES] {
        let mac = self.standard_mac(id, timestamp, body);
        let mut text = [0; STANDARD_SIGNATURE_BYTES];
        let (version, encoded) = text.split_at_mut(STANDARD_VERSION.len());
        version.copy_from_slice(STANDARD_VERSION);
        let written = STANDARD.encode_slice(mac, encoded);
        debug_assert_eq!(written, Ok(STANDARD_SIGNATURE_BYTES - STANDARD_VERSION.len()));
        text
    }

    pub(crate) fn standard_mac(&self, id: &str, timestamp: &str, body: &[u8]) -> [u8; MAC_BYTES] {
        self.mac(&[id.as_bytes(), b".", timestamp.as_bytes(), b".", body])
    }

    pub(crate) fn mac(&self, parts: &[&[u8]]) -> [u8; MAC_BYTES] {
        let mut mac = self.keyed.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "8fcac28aaa4c4f5fa572b61d40a8e084364db25fd37449c299e5a41c0504cbc2";

    /// Computed by other implementations with the same secret.
    const VECTORS: [(&str, &str); 6] = [
        ("", "d7d8ab4130ca41a7ca411414b9a96ed9728a63188cb5e106e6a3facfa9e864cd"),
        ("{}", "7399600edfeb77014917d19b57555cd9b4b39b78cb08b63a0d3b3a1e9ba39390"),
        (
            r#"{"id":"abc123def456","timestamp":1704067200.0}"#,
            "72c288efb159311a3756d0942df8d2d8659d79cd3db622c4ed45d2ff988ac3bd",
        ),
        (
            r#"{"id":"abc123def456","timestamp":1704067200}"#,
            "3724f9b29b331ceb0186048719be9fd3e76d9bfea95e9087d534874738d0c6b4",
        ),
        (r#"{"message":"café"}"#, "a49aa4acb70b9f1b09d7989dc2222e045e35b88e289e020b1f675e7e78470465"),
        (r#"{"message":"caf\u00e9"}"#, "cb2a69e88aeda6cbe7e96537c3dadc1614c6b06907b962e31cc9cf773739de85"),
    ];

    fn signer() -> Signer {
        Signer::new(&SECRET.parse().unwrap())
    }

    #[test]
    fn the_hex_signature_matches_the_known_vectors() {
        for (body, expected) in VECTORS {
            assert_eq!(str::from_utf8(&signer().hex(body.as_bytes())).unwrap(), expected, "{body}");
        }
    }

    #[test]
    fn the_key_is_the_text_and_not_what_its_hex_decodes_to() {
        let with_the_decoded_key = b"3bf826d0fa39a06f1af8a69857c64298f025faffe53f8a466a49d993aaabc4ff";
        assert_ne!(&signer().hex(b"{}"), with_the_decoded_key);
    }

    #[test]
    fn the_standard_signature_covers_id_time_and_body() {
        // printf '%s' 'ID.1704067200.{}' | openssl dgst -sha256 -hmac SECRET -binary | base64
        let id = "018cc251f40070000000000000000011";
        let signature = signer().standard(id, "1704067200", b"{}");
        assert_eq!(str::from_utf8(&signature).unwrap(), "v1,dkh6mfCHpNR7tN15iOD5Bsz8yaS16c7ueXt8i0GYL60=");
        assert_ne!(signer().standard(id, "1704067201", b"{}"), signature);
        assert_ne!(signer().standard("other", "1704067200", b"{}"), signature);
        assert_ne!(signer().standard(id, "1704067200", b"{} "), signature);
    }
}
