//! What to paste into a receiver to check a hook's webhooks, in four languages. Longer ones, with everything a receiver needs, are in
//! `examples/receivers/`.

use webhook::headers::SIGNATURE;

/// How a language checks a signature.
pub(super) struct Verification {
    pub(super) id: &'static str,
    pub(super) label: &'static str,
    pub(super) code: String,
}

const TEMPLATES: [(&str, &str, &str); 4] = [
    (
        "python",
        "Python",
        r#"import hashlib, hmac, os

def is_genuine(body: bytes, headers) -> bool:
    """body: the bytes as they arrived, before anything reads them as JSON."""
    secret = os.environ["WATCHFIRE_SECRET"].encode()
    expected = hmac.new(secret, body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, headers.get("{header}", ""))"#,
    ),
    (
        "node",
        "JavaScript",
        r#"import { createHmac, timingSafeEqual } from "node:crypto";

// body: a Buffer of the bytes as they arrived, such as express.raw() keeps.
export function isGenuine(body, headers) {
  const expected = createHmac("sha256", process.env.WATCHFIRE_SECRET).update(body).digest();
  const given = Buffer.from(headers["{wire}"] ?? "", "hex");
  return given.length === expected.length && timingSafeEqual(given, expected);
}"#,
    ),
    (
        "go",
        "Go",
        r#"// body: the bytes as they arrived, from io.ReadAll(r.Body).
func isGenuine(body []byte, header http.Header) bool {
	mac := hmac.New(sha256.New, []byte(os.Getenv("WATCHFIRE_SECRET")))
	mac.Write(body)
	given, err := hex.DecodeString(header.Get("{header}"))
	return err == nil && hmac.Equal(given, mac.Sum(nil))
}"#,
    ),
    (
        "rust",
        "Rust",
        r#"use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// `body`: the bytes as they arrived; `given`: the value of {header}.
fn is_genuine(secret: &str, body: &[u8], given: &str) -> bool {
    let Ok(given) = hex::decode(given) else { return false };
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    mac.is_ok_and(|mac| mac.chain_update(body).verify_slice(&given).is_ok())
}"#,
    ),
];

/// All of them.
pub(super) fn all() -> Vec<Verification> {
    let filled = |code: &str| code.replace("{header}", SIGNATURE.display).replace("{wire}", SIGNATURE.wire);
    TEMPLATES.into_iter().map(|(id, label, code)| Verification { id, label, code: filled(code) }).collect()
}
