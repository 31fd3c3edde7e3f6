//! Secrets and other bytes that a person names by a file or a variable, for `verify` and `listen`.
//!
//! Responsible for reading them within bounds, and for not repeating a secret's text. Called by both.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;

use webhook::{BadSecret, Secret};

use super::failure::{Failure, VerifyError};

/// The variable that may hold the secret itself.
pub(super) const SECRET_VARIABLE: &str = "WATCHFIRE_SECRET";
/// What is read of a secret at most.
const SECRET_MAX_BYTES: u64 = 4096;

/// The secret of the file, else of the variable.
pub(super) fn secret(file: Option<&Path>, variable: Option<&OsStr>) -> Result<Secret, Failure> {
    match (file, variable) {
        (Some(path), _) => secret_of_file(path),
        (None, Some(value)) => parse(SECRET_VARIABLE.to_owned(), value.to_str()),
        (None, None) => Err(VerifyError::NoSecret.into()),
    }
}

/// The secret in a file.
pub(super) fn secret_of_file(path: &Path) -> Result<Secret, Failure> {
    let bytes = read_file("read the secret", path, SECRET_MAX_BYTES)?;
    parse(path.display().to_string(), std::str::from_utf8(&bytes).ok())
}

/// A file's bytes.
pub(super) fn read_file(doing: &'static str, path: &Path, limit_bytes: u64) -> Result<Vec<u8>, Failure> {
    let failed = |source| Failure::File { doing, path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    read(&path.display().to_string(), file, limit_bytes, failed)
}

/// What a source gives; `place` is its name.
pub(super) fn read(
    place: &str,
    source: impl Read,
    limit_bytes: u64,
    failed: impl FnOnce(std::io::Error) -> Failure,
) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    source.take(limit_bytes + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit_bytes {
        return Err(VerifyError::TooLarge { place: place.to_owned(), limit_bytes }.into());
    }
    Ok(bytes)
}

fn parse(place: String, text: Option<&str>) -> Result<Secret, Failure> {
    let Some(text) = text else { return Err(VerifyError::SecretNotText { place }.into()) };
    either_form(text.trim()).map_err(|source| VerifyError::Secret { place, source }.into())
}

fn either_form(text: &str) -> Result<Secret, BadSecret> {
    if text.starts_with("whsec_") { Secret::from_signing_secret(text) } else { text.parse() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_secret_are_taken() {
        let secret = Secret::from_random([7; 32]);
        for text in [secret.expose(), secret.signing_secret()] {
            assert!(either_form(&text).is_ok_and(|read| read == secret));
        }
        assert!(either_form("short").is_err());
    }
}
