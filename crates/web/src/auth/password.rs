//! Passwords: made, hashed with argon2id, and compared with what the store keeps.
//!
//! A hash takes 19 MiB and some 20 ms of a core on purpose, so at most two are made at a time in a process, and who waits behind too
//! many others is told to come back. Refuses to know whose password it is. Called by sign-in, by the API and by the command line.

use std::sync::{Arc, LazyLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Five bits each, without l, o, 0 and 1, which are mistaken for one another.
const PASSWORD_ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Random bytes of a password that is made: five bits of each are used, 100 in all.
pub const PASSWORD_RANDOM_BYTES: usize = 20;
/// Characters of a password between two dashes.
const PASSWORD_GROUP: usize = 5;
/// The fewest characters of a password that a person chooses.
const CHOSEN_MIN_CHARACTERS: usize = 8;
/// The most bytes of a password that a person chooses.
const CHOSEN_MAX_BYTES: usize = 1024;
/// Hashes that are made at a time.
const HASHES: usize = 2;
/// Hashes that may wait for their turn.
const WAITING_HASHES: usize = 32;

/// A person's password. Without `Debug`, so that nothing prints it by accident.
#[derive(Clone)]
pub struct Password(String);

/// A password that is none, or that could not be hashed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too few characters.
    #[error("a password needs at least {CHOSEN_MIN_CHARACTERS} characters")]
    TooShort,
    /// Too many bytes.
    #[error("a password may have at most {CHOSEN_MAX_BYTES} bytes")]
    TooLong,
    /// The password could not be hashed.
    #[error("the password could not be hashed")]
    Hash(#[from] argon2::password_hash::Error),
    /// Too many hashes wait already.
    #[error("too many passwords are being looked at: try again in a moment")]
    Busy,
}

impl Password {
    /// The password made of bytes from the system's random source: 100 bits, in groups that one can read aloud.
    pub fn from_random(bytes: [u8; PASSWORD_RANDOM_BYTES]) -> Password {
        let letters: Vec<char> =
            bytes.iter().map(|byte| char::from(PASSWORD_ALPHABET[usize::from(byte % 32)])).collect();
        let groups: Vec<String> = letters.chunks(PASSWORD_GROUP).map(String::from_iter).collect();
        Password(groups.join("-"))
    }

    /// A password that a person chose.
    ///
    /// # Errors
    /// `TooShort`, `TooLong`.
    pub fn chosen(text: &str) -> Result<Password, PasswordError> {
        if text.chars().count() < CHOSEN_MIN_CHARACTERS {
            return Err(PasswordError::TooShort);
        }
        if text.len() > CHOSEN_MAX_BYTES {
            return Err(PasswordError::TooLong);
        }
        Ok(Password(text.to_owned()))
    }

    /// What somebody typed who says that they know the password; cut where none can be as long.
    pub(crate) fn typed(text: &str) -> Password {
        Password(text.chars().take(CHOSEN_MAX_BYTES).collect())
    }

    /// The text, for the eyes of whose it is.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it: argon2id in its encoded form, with this salt.
    ///
    /// # Errors
    /// `Hash`.
    pub fn hash(&self, salt: [u8; 16]) -> Result<String, PasswordError> {
        Ok(Argon2::default().hash_password_with_salt(self.0.as_bytes(), &salt)?.to_string())
    }

    /// Whether this is the password that is kept so. What is kept and no hash at all is nobody's.
    fn is(&self, kept: &str) -> bool {
        let Ok(kept) = PasswordHash::new(kept) else { return false };
        Argon2::default().verify_password(self.0.as_bytes(), &kept).is_ok()
    }

    /// The same as [`Password::hash`], in its turn and off the threads that serve.
    pub(crate) async fn hash_in_turn(self, salt: [u8; 16]) -> Result<String, PasswordError> {
        in_turn(move || self.hash(salt)).await?
    }

    /// Whether this is the password that is kept so, or nobody's, which takes as long.
    pub(crate) async fn verify_in_turn(self, kept: Option<String>) -> Result<bool, PasswordError> {
        in_turn(move || match kept {
            Some(kept) => self.is(&kept),
            None => {
                self.is(&NOBODYS);
                false
            }
        })
        .await
    }
}

/// A hash that no password is kept as, to be compared with where there is no such user.
static NOBODYS: LazyLock<String> = LazyLock::new(|| Password(String::new()).hash([0; 16]).unwrap_or_default());

/// Does it on a thread of its own as soon as fewer than two others are being done. The turn ends with the work, not with who waits
/// for it: who hangs up frees nothing.
async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
    static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(HASHES)));
    static PLACES: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(WAITING_HASHES)));
    let place = Arc::clone(&PLACES).try_acquire_owned().map_err(|_| PasswordError::Busy)?;
    let turn = Arc::clone(&TURNS).acquire_owned().await.map_err(|_| PasswordError::Busy)?;
    let held: [OwnedSemaphorePermit; 2] = [place, turn];
    let working = tokio::task::spawn_blocking(move || {
        let _held = held;
        work()
    });
    working.await.map_err(|_| PasswordError::Busy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_password_is_four_groups() {
        let password = Password::from_random([0xff; PASSWORD_RANDOM_BYTES]);
        assert_eq!(password.expose().split('-').map(str::len).collect::<Vec<_>>(), [5; 4]);
    }

    #[tokio::test]
    async fn a_password_verifies_against_its_hash_and_another_does_not() {
        let hash = Password::typed("correct horse").hash([7; 16]).unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        for (typed, kept, is_right) in [
            ("correct horse", Some(hash.as_str()), true),
            ("correct house", Some(hash.as_str()), false),
            ("", None, false),
            ("correct horse", Some("no hash"), false),
        ] {
            let verified = Password::typed(typed).verify_in_turn(kept.map(str::to_owned)).await;
            assert_eq!(verified.unwrap(), is_right, "{typed:?}");
        }
    }

    #[test]
    fn a_chosen_password_has_a_least_and_a_greatest_length() {
        assert!(matches!(Password::chosen("1234567"), Err(PasswordError::TooShort)));
        assert!(matches!(Password::chosen(&"x".repeat(1025)), Err(PasswordError::TooLong)));
        assert!(Password::chosen("12345678").is_ok());
    }
}
