//! Secrets that the command line makes: tokens, passwords, project keys. Drawn from the system's random source only.
//!
//! A token's text and a password are shown once and kept as hashes; neither has a `Debug`. Refuses to judge who may do what:
//! that is the API's matter. Called by `provision` and by the commands for tokens and users.

use argon2::{Argon2, PasswordHasher};
use protocol::PublicKey;
use web::auth::token::TokenText;

/// Five bits each, without l, o, 0 and 1, which are mistaken for one another.
const PASSWORD_ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// 100 bits.
const PASSWORD_CHARACTERS: usize = 20;
/// Characters of a password between two dashes.
const PASSWORD_GROUP: usize = 5;
/// The fewest characters of a password that a person chooses.
const CHOSEN_MIN_CHARACTERS: usize = 8;
/// The most bytes of a password that a person chooses.
const CHOSEN_MAX_BYTES: usize = 1024;

/// A person's password.
#[derive(Clone)]
pub struct Password(String);

/// A credential that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The system has no randomness for us.
    #[error("the system's random source failed")]
    Random(#[from] getrandom::Error),
    /// The password could not be hashed.
    #[error("the password could not be hashed")]
    Hash(#[from] argon2::password_hash::Error),
    /// Too few characters.
    #[error("a password needs at least {CHOSEN_MIN_CHARACTERS} characters")]
    TooShort,
    /// Too many bytes.
    #[error("a password may have at most {CHOSEN_MAX_BYTES} bytes")]
    TooLong,
}

/// A new token: 256 random bits.
///
/// # Errors
/// [`CredentialError::Random`].
pub fn new_token() -> Result<TokenText, CredentialError> {
    Ok(TokenText::from_random(random()?))
}

impl Password {
    /// A new password of 100 random bits, in groups that one can read aloud.
    ///
    /// # Errors
    /// [`CredentialError::Random`].
    pub fn random() -> Result<Password, CredentialError> {
        let bytes: [u8; PASSWORD_CHARACTERS] = random()?;
        let letters: Vec<char> =
            bytes.iter().map(|byte| char::from(PASSWORD_ALPHABET[usize::from(byte % 32)])).collect();
        let groups: Vec<String> = letters.chunks(PASSWORD_GROUP).map(String::from_iter).collect();
        Ok(Password(groups.join("-")))
    }

    /// A password that a person chose.
    ///
    /// # Errors
    /// [`CredentialError::TooShort`], [`CredentialError::TooLong`].
    pub fn chosen(text: &str) -> Result<Password, CredentialError> {
        if text.chars().count() < CHOSEN_MIN_CHARACTERS {
            return Err(CredentialError::TooShort);
        }
        if text.len() > CHOSEN_MAX_BYTES {
            return Err(CredentialError::TooLong);
        }
        Ok(Password(text.to_owned()))
    }

    /// The text, for the eyes of whose it is.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it: argon2id in its encoded form, with a salt of its own.
    ///
    /// # Errors
    /// [`CredentialError::Random`], [`CredentialError::Hash`].
    pub fn hash(&self) -> Result<String, CredentialError> {
        let salt: [u8; 16] = random()?;
        Ok(Argon2::default().hash_password_with_salt(self.0.as_bytes(), &salt)?.to_string())
    }
}

/// One half of a new project key.
///
/// # Errors
/// [`CredentialError::Random`].
pub fn random_key() -> Result<PublicKey, CredentialError> {
    Ok(PublicKey(random()?))
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES], CredentialError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use argon2::PasswordVerifier;
    use argon2::password_hash::phc::PasswordHash;

    use super::*;

    #[test]
    fn a_random_password_is_four_groups_and_another_one_each_time() {
        let [first, second] = [Password::random(), Password::random()].map(|made| made.map(|it| it.0).unwrap());
        assert_ne!(first, second);
        assert_eq!(first.split('-').map(str::len).collect::<Vec<_>>(), [5; 4]);
    }

    #[test]
    fn a_password_verifies_against_its_hash_and_another_does_not() {
        let hash = Password("correct horse".to_owned()).hash().unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        let hash = PasswordHash::new(&hash).unwrap();
        assert!(Argon2::default().verify_password(b"correct horse", &hash).is_ok());
        assert!(Argon2::default().verify_password(b"correct house", &hash).is_err());
    }

    #[test]
    fn a_chosen_password_has_a_least_and_a_greatest_length() {
        assert!(matches!(Password::chosen("1234567"), Err(CredentialError::TooShort)));
        assert!(matches!(Password::chosen(&"x".repeat(1025)), Err(CredentialError::TooLong)));
        assert!(Password::chosen("12345678").is_ok());
    }
}
