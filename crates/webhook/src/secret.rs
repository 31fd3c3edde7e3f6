//! A hook's secret.
//!
//! Responsible for its two written forms and for keeping it out of logs: there is no `Debug` and no `Display`. Refuses
//! to make randomness; 32 random bytes are passed in. Called by whoever stores, shows or signs with a secret.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq as _;

/// A hook's secret: 64 lower-case hex digits. The key of both signatures is these 64 *text* bytes, not the 32 bytes
/// that they would decode to (as in Sentry).
///
/// Equality takes the same time whether or not the secrets agree. It has no `Debug`, so that nothing prints it by
/// accident; [`expose`](Self::expose) is the one way to its text.
#[derive(Clone)]
pub struct Secret([u8; SECRET_BYTES]);

/// The text is not a secret. Says nothing of the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    /// Another length than 64.
    #[error("not a secret: expected 64 hex digits, got {0} bytes")]
    Length(usize),
    /// A character that is no lower-case hex digit.
    #[error("not a secret: expected only 0-9 and a-f")]
    NotLowerHex,
    /// A signing secret that does not start with `whsec_`, or is not base64 after it.
    #[error("not a signing secret: expected whsec_ and base64")]
    NotSigningSecret,
}

const SECRET_BYTES: usize = 64;
pub(crate) const SIGNING_SECRET_PREFIX: &str = "whsec_";

impl Secret {
    /// The secret made of 32 bytes from the system's random source.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        let mut text = [0; SECRET_BYTES];
        crate::hex::write_hex(&bytes, &mut text);
        Secret(text)
    }

    /// The secret behind the form that Standard Webhooks libraries take: `whsec_` and the base64 of the 64 text bytes.
    ///
    /// # Errors
    ///
    /// [`BadSecret::NotSigningSecret`] for another form, else what is wrong with the decoded text.
    pub fn from_signing_secret(text: &str) -> Result<Self, BadSecret> {
        let encoded = text.strip_prefix(SIGNING_SECRET_PREFIX).ok_or(BadSecret::NotSigningSecret)?;
        let decoded = STANDARD.decode(encoded).map_err(|_| BadSecret::NotSigningSecret)?;
        Self::from_text_bytes(&decoded)
    }

    /// The form that Standard Webhooks libraries take: `whsec_` and the base64 of the 64 text bytes.
    pub fn signing_secret(&self) -> String {
        let mut text = String::from(SIGNING_SECRET_PREFIX);
        STANDARD.encode_string(self.0, &mut text);
        text
    }

    /// The 64 hex digits, for the store and for the eyes of who may see them.
    pub fn expose(&self) -> String {
        self.0.iter().copied().map(char::from).collect()
    }

    /// The key bytes of both signatures.
    pub(crate) fn key(&self) -> &[u8] {
        &self.0
    }

    fn from_text_bytes(bytes: &[u8]) -> Result<Self, BadSecret> {
        let text = <[u8; SECRET_BYTES]>::try_from(bytes).map_err(|_| BadSecret::Length(bytes.len()))?;
        if text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Secret(text))
        } else {
            Err(BadSecret::NotLowerHex)
        }
    }
}

impl FromStr for Secret {
    type Err = BadSecret;

    fn from_str(text: &str) -> Result<Self, BadSecret> {
        Self::from_text_bytes(text.as_bytes())
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "8fcac28aaa4c4f5fa572b61d40a8e084364db25fd37449c299e5a41c0504cbc2";

    fn refusal(result: Result<Secret, BadSecret>) -> Option<BadSecret> {
        result.err()
    }

    #[test]
    fn a_secret_is_written_as_it_was_read() {
        let secret: Secret = TEXT.parse().unwrap();
        assert_eq!(secret.expose(), TEXT);
    }

    #[test]
    fn random_bytes_become_their_hex() {
        let mut bytes = [0; 32];
        bytes[0] = 0x0f;
        bytes[31] = 0xa9;
        assert_eq!(Secret::from_random(bytes).expose(), format!("0f{}a9", "0".repeat(60)));
    }

    #[test]
    fn the_signing_secret_is_the_base64_of_the_text_and_leads_back() {
        let secret: Secret = TEXT.parse().unwrap();
        let expected = "whsec_OGZjYWMyOGFhYTRjNGY1ZmE1NzJiNjFkNDBhOGUwODQzNjRkYjI1ZmQzNzQ0OWMyOTllNWE0MWMwNTA0Y2JjMg==";
        assert_eq!(secret.signing_secret(), expected);
        assert!(Secret::from_signing_secret(expected).is_ok_and(|read| read == secret));
    }

    #[test]
    fn other_texts_are_refused_with_the_reason() {
        assert_eq!(refusal("abc".parse()), Some(BadSecret::Length(3)));
        assert_eq!(refusal(TEXT.to_uppercase().parse()), Some(BadSecret::NotLowerHex));
        assert_eq!(refusal(Secret::from_signing_secret(TEXT)), Some(BadSecret::NotSigningSecret));
        assert_eq!(refusal(Secret::from_signing_secret("whsec_*")), Some(BadSecret::NotSigningSecret));
        assert_eq!(refusal(Secret::from_signing_secret("whsec_AAAA")), Some(BadSecret::Length(3)));
    }
}
