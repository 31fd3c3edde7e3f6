//! Secrets that the command line makes: tokens, passwords, project keys. Drawn from the system's random source only.
//!
//! A token's text and a password are shown once and kept as hashes; neither has a `Debug`. Refuses to judge who may do what:
//! that is the API's matter. Called by `provision` and by the commands for tokens and users.

use protocol::PublicKey;
use web::auth::password::{Password, PasswordError};
use web::auth::token::TokenText;

/// A credential that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The system has no randomness for us.
    #[error("the system's random source failed")]
    Random(#[from] getrandom::Error),
    /// The password is none, or could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
}

/// A new token: 256 random bits.
///
/// # Errors
/// [`CredentialError::Random`].
pub fn new_token() -> Result<TokenText, CredentialError> {
    Ok(TokenText::from_random(random()?))
}

/// A new password: 100 random bits.
///
/// # Errors
/// [`CredentialError::Random`].
pub fn new_password() -> Result<Password, CredentialError> {
    Ok(Password::from_random(random()?))
}

/// What is kept of a password, with a salt of its own.
///
/// # Errors
/// [`CredentialError::Random`], or what keeps it from being hashed.
pub fn hash(password: &Password) -> Result<String, CredentialError> {
    Ok(password.hash(random()?)?)
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
    use super::*;

    #[test]
    fn a_random_password_is_another_one_each_time_and_so_is_its_hash() {
        let [first, second] = [new_password(), new_password()].map(Result::unwrap);
        assert_ne!(first.expose(), second.expose());
        assert_ne!(hash(&first).unwrap(), hash(&first).unwrap());
    }
}
