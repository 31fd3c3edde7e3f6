//! What is taken for the key by mistake.
//!
//! Responsible for the bytes that programs make of a secret when they do not take its 64 digits as text. Called by `mod`, once for
//! each doctor.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::finding::Finding;
use super::form::decode_secret;
use crate::secret::SIGNING_SECRET_PREFIX;
use crate::{Secret, Signer};

/// Each mistaken key, ready to sign, with what to say about it.
pub(super) fn mistaken(secret: &Secret) -> Vec<(Finding, Signer)> {
    let digits = secret.expose();
    let signing = secret.signing_secret();
    let undecoded = signing.trim_start_matches(SIGNING_SECRET_PREFIX);
    let mut keys = vec![
        (Finding::SigningSecretText, signing.as_bytes().to_vec()),
        (Finding::SigningSecretText, undecoded.as_bytes().to_vec()),
        (Finding::SecretWithNewline, format!("{digits}\n").into_bytes()),
        (Finding::SecretWithNewline, format!("{digits}\r\n").into_bytes()),
        (Finding::SecretInQuotes, format!("\"{digits}\"").into_bytes()),
        (Finding::SecretInQuotes, format!("'{digits}'").into_bytes()),
        (Finding::EmptySecret, Vec::new()),
    ];
    let upper_case = digits.to_ascii_uppercase();
    if upper_case != digits {
        keys.push((Finding::UpperCaseSecret, upper_case.into_bytes()));
    }
    keys.extend(decode_secret(&digits).map(|key| (Finding::DecodedKey, key.to_vec())));
    keys.extend(STANDARD.decode(&digits).ok().map(|key| (Finding::Base64Key, key)));
    keys.into_iter().map(|(finding, key)| (finding, Signer::of_key(&key))).collect()
}
