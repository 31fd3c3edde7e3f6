//! The secret key: seals hooks' secrets and custom headers for the tables, and opens them.
//!
//! Responsible for the cipher (AES-256-GCM), for the form of what is sealed, and for the key's id. Each sealed value is bound
//! to its hook and its column: moved to another place it does not open. Refuses to know tables; backends call it for
//! each value. The key's file is `file`'s matter.

mod file;

use std::fmt;

use model::ids::HookGuid;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::error::Unspecified;
use ring::hmac;

pub use file::{KeyFileError, SECRET_KEY_FILE, make_key_file, read_key_file};

/// The bytes of a key.
pub const KEY_BYTES: usize = 32;
/// The first byte of what is sealed.
const VERSION: u8 = 1;
/// Said of every key, to make its id.
const ID_LABEL: &[u8] = b"watchfire secret key id";
/// What a store keeps sealed, to know its key again.
const CHECK_TEXT: &[u8] = b"watchfire";

/// 32 random bytes that seal. It has no `Debug`; its [`SecretKeyId`] may be shown to anybody.
#[derive(Clone)]
pub struct SecretKey {
    bytes: [u8; KEY_BYTES],
    random: fn(&mut [u8]),
}

/// Tells keys apart and reveals nothing of them: 64 bits of an HMAC under the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretKeyId([u8; 8]);

/// Where a sealed value stands. Their codes are part of what is sealed: they never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// A hook's secret.
    Secret = 1,
    /// The secret before its last rotation.
    PreviousSecret = 2,
    /// Its custom headers.
    Headers = 3,
    /// The store's own check value.
    Check = 4,
}

/// The cipher refused a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret could not be sealed")]
pub struct NotSealed;

/// A value that this key did not seal for this place, or that is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotOpened;

impl SecretKey {
    /// The key of these bytes. `random` fills a slice from the system's random source: each sealing takes 12 bytes.
    pub fn new(bytes: [u8; KEY_BYTES], random: fn(&mut [u8])) -> SecretKey {
        SecretKey { bytes, random }
    }

    /// A new key.
    pub fn generate(random: fn(&mut [u8])) -> SecretKey {
        let mut bytes = [0; KEY_BYTES];
        random(&mut bytes);
        SecretKey::new(bytes, random)
    }

    /// Its id.
    pub fn id(&self) -> SecretKeyId {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.bytes), ID_LABEL);
        let mut id = [0; 8];
        id.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        SecretKeyId(id)
    }

    /// Seals a value for a place: a version, a random nonce, the ciphertext with its tag.
    ///
    /// # Errors
    /// [`NotSealed`].
    pub(crate) fn seal(&self, hook: HookGuid, column: Column, plain: &[u8]) -> Result<Vec<u8>, NotSealed> {
        let mut nonce = [0; NONCE_LEN];
        (self.random)(&mut nonce);
        let mut sealed = plain.to_vec();
        let place = place(hook, column);
        self.cipher()
            .and_then(|cipher| {
                let nonce = Nonce::assume_unique_for_key(nonce);
                cipher.seal_in_place_append_tag(nonce, Aad::from(&place), &mut sealed)
            })
            .map_err(|Unspecified| NotSealed)?;
        Ok([&[VERSION], &nonce[..], &sealed].concat())
    }

    /// Opens what was sealed for a place.
    ///
    /// # Errors
    /// [`NotOpened`].
    pub(crate) fn open(&self, hook: HookGuid, column: Column, sealed: &[u8]) -> Result<Vec<u8>, NotOpened> {
        let (version, rest) = sealed.split_first().ok_or(NotOpened)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>().ok_or(NotOpened)?;
        if *version != VERSION {
            return Err(NotOpened);
        }
        let mut opened = ciphertext.to_vec();
        let place = place(hook, column);
        let length = self
            .cipher()
            .and_then(|cipher| {
                let nonce = Nonce::assume_unique_for_key(*nonce);
                Ok(cipher.open_in_place(nonce, Aad::from(&place), &mut opened)?.len())
            })
            .map_err(|Unspecified| NotOpened)?;
        opened.truncate(length);
        Ok(opened)
    }

    /// What a store keeps to know this key again.
    pub(crate) fn check_value(&self) -> Result<Vec<u8>, NotSealed> {
        self.seal(HookGuid([0; 16]), Column::Check, CHECK_TEXT)
    }

    /// Whether a store's check value is this key's.
    pub(crate) fn is_known_by(&self, check: &[u8]) -> bool {
        self.open(HookGuid([0; 16]), Column::Check, check).is_ok_and(|text| text == CHECK_TEXT)
    }

    fn cipher(&self) -> Result<LessSafeKey, Unspecified> {
        UnboundKey::new(&AES_256_GCM, &self.bytes).map(LessSafeKey::new)
    }
}

impl SecretKeyId {
    /// The id of these bytes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<SecretKeyId> {
        bytes.try_into().ok().map(SecretKeyId)
    }

    /// Its bytes, for the store.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for SecretKeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// What a sealed value is bound to.
fn place(hook: HookGuid, column: Column) -> [u8; 18] {
    let mut place = [0; 18];
    place[0] = VERSION;
    place[1] = column as u8;
    place[2..].copy_from_slice(&hook.0);
    place
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    const HOOK: HookGuid = HookGuid([1; 16]);
    const PLAIN: &[u8] = b"a secret";

    fn counting(bytes: &mut [u8]) {
        static NEXT: AtomicU8 = AtomicU8::new(0);
        bytes.fill(NEXT.fetch_add(1, Ordering::Relaxed));
    }

    fn key(byte: u8) -> SecretKey {
        SecretKey::new([byte; KEY_BYTES], counting)
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_and_nowhere_else() {
        let sealed = key(1).seal(HOOK, Column::Secret, PLAIN).unwrap();
        assert_eq!(key(1).open(HOOK, Column::Secret, &sealed), Ok(PLAIN.to_vec()));
        assert_eq!(key(1).open(HOOK, Column::PreviousSecret, &sealed), Err(NotOpened));
        assert_eq!(key(1).open(HookGuid([2; 16]), Column::Secret, &sealed), Err(NotOpened));
        assert_eq!(key(2).open(HOOK, Column::Secret, &sealed), Err(NotOpened));
    }

    #[test]
    fn each_sealing_is_another_and_shows_nothing_of_the_value() {
        let [first, second] = [0, 1].map(|_| key(1).seal(HOOK, Column::Secret, PLAIN).unwrap());
        assert_ne!(first, second);
        assert!(!first.windows(PLAIN.len()).any(|window| window == PLAIN));
        assert_eq!(first.len(), 1 + NONCE_LEN + PLAIN.len() + 16);
    }

    #[test]
    fn no_byte_of_what_is_sealed_may_change_and_none_may_be_missing() {
        let sealed = key(1).seal(HOOK, Column::Headers, PLAIN).unwrap();
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert_eq!(key(1).open(HOOK, Column::Headers, &changed), Err(NotOpened), "{index}");
            assert_eq!(key(1).open(HOOK, Column::Headers, &sealed[..index]), Err(NotOpened), "{index}");
        }
        assert_eq!(key(1).open(HOOK, Column::Headers, PLAIN), Err(NotOpened), "what is plain is not taken for sealed");
    }

    #[test]
    fn a_key_is_known_by_its_own_check_value_only() {
        let check = key(1).check_value().unwrap();
        assert!(key(1).is_known_by(&check) && !key(2).is_known_by(&check));
    }

    #[test]
    fn ids_are_pinned_because_stores_and_backups_keep_them() {
        assert_eq!(key(1).id().to_string(), "a9b51dd7fb304117");
        assert_ne!(key(1).id(), key(2).id());
        assert_eq!(SecretKeyId::from_bytes(key(1).id().as_bytes()), Some(key(1).id()));
    }
}
