//! `watchfire verify`: whether a webhook that arrived is ours, and if not, what most likely went wrong on its way.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use webhook::verify::SignatureError;
use webhook::{BadSecret, Secret, Signer};

use super::failure::{Failure, Hint, VerifyError};

/// The variable that may hold the secret itself.
pub(super) const SECRET_VARIABLE: &str = "WATCHFIRE_SECRET";
/// What is read of a body at most: many times the largest webhook.
const BODY_MAX_BYTES: u64 = 64 * 1024 * 1024;
/// What is read of a secret at most.
const SECRET_MAX_BYTES: u64 = 4096;

pub(super) const EXAMPLES: &str = "\
The signature is the header X-Sentry-Hook-Signature (or X-ServiceHook-Signature). The body must be
the bytes as they arrived, before any parsing. The secret is 64 hex digits, or its whsec_ form.
Exit code 0: valid; 3: not valid.

Examples:
  watchfire verify --secret-file secret.txt --signature 7399600edf... body.json
  curl ... | WATCHFIRE_SECRET=8fcac28a... watchfire verify --signature 7399600edf...";

/// What `verify` is told.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// File with the hook's secret; else the variable WATCHFIRE_SECRET holds it
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// The signature that arrived: 64 hex digits
    #[arg(long, value_name = "HEX")]
    signature: String,
    /// File with the body; standard input where none is given
    #[arg(value_name = "FILE")]
    body: Option<PathBuf>,
}

/// Checks, and says so if it holds.
pub(super) fn run(arguments: &Arguments, variable: Option<&OsStr>) -> Result<String, Failure> {
    let secret = secret(arguments.secret_file.as_deref(), variable)?;
    let body = match &arguments.body {
        Some(path) => read_file("read the body", path, BODY_MAX_BYTES)?,
        None => read("standard input", std::io::stdin().lock(), BODY_MAX_BYTES, |source| Failure::Standard {
            doing: "read the body from standard input",
            source,
        })?,
    };
    check(&secret, arguments.signature.trim(), &body)?;
    Ok("valid\n".to_owned())
}

/// The secret of the file, else of the variable.
pub(super) fn secret(file: Option<&Path>, variable: Option<&OsStr>) -> Result<Secret, Failure> {
    let (place, text) = match (file, variable) {
        (Some(path), _) => {
            let bytes = read_file("read the secret", path, SECRET_MAX_BYTES)?;
            (path.display().to_string(), String::from_utf8(bytes).ok())
        }
        (None, Some(value)) => (SECRET_VARIABLE.to_owned(), value.to_str().map(str::to_owned)),
        (None, None) => return Err(VerifyError::NoSecret.into()),
    };
    let Some(text) = text else { return Err(VerifyError::SecretNotText { place }.into()) };
    parse_secret(text.trim()).map_err(|source| VerifyError::Secret { place, source }.into())
}

fn parse_secret(text: &str) -> Result<Secret, BadSecret> {
    if text.starts_with("whsec_") { Secret::from_signing_secret(text) } else { text.parse() }
}

/// Checks a hex signature; says why it does not hold, and what it most likely comes from.
pub(super) fn check(secret: &Secret, signature: &str, body: &[u8]) -> Result<(), VerifyError> {
    let signer = Signer::new(secret);
    webhook::verify::hex(&signer, body, signature).map_err(|reason| {
        let hint = match reason {
            SignatureError::NotHex => hint_on_form(signature),
            _ => hint_on_bytes(secret, signature, body),
        };
        VerifyError::NotValid { reason, hint }
    })
}

fn hint_on_form(signature: &str) -> Option<Hint> {
    let digits = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if digits(signature) {
        return Some(Hint::UpperCase);
    }
    signature.rsplit_once(['=', ',', ' ']).filter(|(_, rest)| digits(rest)).map(|_| Hint::Prefix)
}

/// Tries what most often happens to a body, or to a key, between the wire and a check.
fn hint_on_bytes(secret: &Secret, signature: &str, body: &[u8]) -> Option<Hint> {
    let signer = Signer::new(secret);
    let holds = |body: &[u8]| webhook::verify::hex(&signer, body, signature).is_ok();
    let without_newline = body.strip_suffix(b"\n").map(|body| body.strip_suffix(b"\r").unwrap_or(body));
    if without_newline.is_some_and(holds) {
        return Some(Hint::NewlineAdded);
    }
    if holds(&[body, b"\n"].concat()) {
        return Some(Hint::NewlineLost);
    }
    if String::from_utf8_lossy(body).contains("\r\n") && holds(&unix_line_ends(body)) {
        return Some(Hint::LineEnds);
    }
    if signed_with_decoded_key(secret, signature, body) {
        return Some(Hint::DecodedKey);
    }
    body.is_empty().then_some(Hint::EmptyBody)
}

fn unix_line_ends(body: &[u8]) -> Vec<u8> {
    let is_lost = |index: usize| body[index] == b'\r' && body.get(index + 1) == Some(&b'\n');
    (0..body.len()).filter(|index| !is_lost(*index)).map(|index| body[index]).collect()
}

fn signed_with_decoded_key(secret: &Secret, signature: &str, body: &[u8]) -> bool {
    let (Some(key), Some(expected)) = (decode(&secret.expose()), decode(signature)) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return false };
    mac.update(body);
    mac.verify_slice(&expected).is_ok()
}

fn decode(digits: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = digits.chars().map(|digit| u8::try_from(digit.to_digit(16)?).ok()).collect();
    Some(digits?.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

fn read_file(doing: &'static str, path: &Path, limit_bytes: u64) -> Result<Vec<u8>, Failure> {
    let failed = |source| Failure::File { doing, path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    read(&path.display().to_string(), file, limit_bytes, failed)
}

fn read(
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

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "8fcac28aaa4c4f5fa572b61d40a8e084364db25fd37449c299e5a41c0504cbc2";
    const OF_BRACES: &str = "7399600edfeb77014917d19b57555cd9b4b39b78cb08b63a0d3b3a1e9ba39390";

    fn verdict(signature: &str, body: &[u8]) -> Result<(), Option<Hint>> {
        match check(&parse_secret(SECRET).unwrap(), signature, body) {
            Ok(()) => Ok(()),
            Err(VerifyError::NotValid { hint, .. }) => Err(hint),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn known_signatures_hold() {
        for (body, signature) in [
            ("", "d7d8ab4130ca41a7ca411414b9a96ed9728a63188cb5e106e6a3facfa9e864cd"),
            ("{}", OF_BRACES),
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
        ] {
            assert_eq!(verdict(signature, body.as_bytes()), Ok(()), "{body}");
        }
    }

    #[test]
    fn what_went_wrong_is_guessed_from_what_would_hold() {
        let decoded_key = "3bf826d0fa39a06f1af8a69857c64298f025faffe53f8a466a49d993aaabc4ff";
        // printf '{}\n' | openssl dgst -sha256 -hmac SECRET
        let of_braces_and_newline = with_newline();
        for (signature, body, hint) in [
            (OF_BRACES, &b"{}\n"[..], Some(Hint::NewlineAdded)),
            (OF_BRACES, b"{}\r\n", Some(Hint::NewlineAdded)),
            (&of_braces_and_newline, b"{}", Some(Hint::NewlineLost)),
            (decoded_key, b"{}", Some(Hint::DecodedKey)),
            (OF_BRACES, b"", Some(Hint::EmptyBody)),
            (OF_BRACES, b"{ }", None),
            (&OF_BRACES.to_uppercase(), b"{}", Some(Hint::UpperCase)),
            (&format!("sha256={OF_BRACES}"), b"{}", Some(Hint::Prefix)),
            ("nonsense", b"{}", None),
        ] {
            assert_eq!(verdict(signature, body), Err(hint), "{signature} {body:?}");
        }
    }

    #[test]
    fn changed_line_ends_are_found_out() {
        let signer = Signer::new(&parse_secret(SECRET).unwrap());
        let signature = String::from_utf8(signer.hex(b"{\n}").to_vec()).unwrap();
        assert_eq!(verdict(&signature, b"{\r\n}"), Err(Some(Hint::LineEnds)));
    }

    #[test]
    fn both_forms_of_a_secret_are_taken() {
        let signing = parse_secret(SECRET).map(|secret| secret.signing_secret()).unwrap();
        assert!(parse_secret(&signing).is_ok_and(|secret| secret.expose() == SECRET));
        assert!(parse_secret("short").is_err());
    }

    fn with_newline() -> String {
        let signer = Signer::new(&parse_secret(SECRET).unwrap());
        String::from_utf8(signer.hex(b"{}\n").to_vec()).unwrap()
    }
}
