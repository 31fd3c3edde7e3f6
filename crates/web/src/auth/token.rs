//! The text of API tokens: `sntryu_` and 64 lower-case hex digits.
//!
//! Responsible for making it from random bytes and for the hash that stands for it at rest. Refuses to keep a text and to
//! compare two: a token is found by its hash or not at all. Called by the API and by the command line.

use sha2::{Digest as _, Sha256};

/// What a user token starts with, so that people and secret scanners know one when they see it.
pub const TOKEN_PREFIX: &str = "sntryu_";

/// Random bytes in a token.
pub const TOKEN_RANDOM_BYTES: usize = 32;

/// How many characters of a token are kept beside its hash, to tell tokens apart.
const LAST_CHARACTERS: usize = 4;

/// A new token, on its way to the one who asked for it. Without `Debug`, so that nothing prints it by accident.
pub struct TokenText(String);

impl TokenText {
    /// The token made of bytes from the system's random source.
    pub fn from_random(bytes: [u8; TOKEN_RANDOM_BYTES]) -> Self {
        Self(format!("{TOKEN_PREFIX}{}", hex(&bytes)))
    }

    /// The text, to be shown once.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the store keeps instead of the text.
    pub fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }

    /// The end of the text: 4 of its hex digits.
    pub fn last_characters(&self) -> String {
        self.0[self.0.len() - LAST_CHARACTERS..].to_owned()
    }
}

/// SHA-256 of a token's text, whoever presents it. Tokens are 256 random bits: they need no slow hash.
pub fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_prefix_and_64_lower_case_hex_digits() {
        let mut bytes = [0xab; TOKEN_RANDOM_BYTES];
        bytes[31] = 0x07;
        let token = TokenText::from_random(bytes);
        assert_eq!(token.expose(), format!("sntryu_{}07", "ab".repeat(31)));
        assert_eq!(token.last_characters(), "ab07");
        assert_eq!(token.hash(), hash(token.expose()));
    }

    #[test]
    fn the_hash_is_sha_256_of_the_text() {
        // The vector of FIPS 180-2, B.1.
        assert_eq!(hex(&hash("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
