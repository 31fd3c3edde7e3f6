//! How secrets stand in tables: hooks' secrets, and their custom headers, which may be credentials.

use model::hook::CustomHeaders;
use webhook::Secret;

use crate::error::StoreError;

/// A secret for the table.
pub(super) fn seal(secret: &Secret) -> Vec<u8> {
    secret.expose().into_bytes()
}

/// The secret that a table holds.
pub(super) fn open(sealed: &[u8]) -> Result<Secret, StoreError> {
    let text = std::str::from_utf8(sealed).ok();
    text.and_then(|text| text.parse().ok()).ok_or(StoreError::Damaged { what: "hook secret" })
}

/// Headers for the table; nothing where there are none.
pub(super) fn seal_headers(headers: &CustomHeaders) -> Option<Vec<u8>> {
    let pairs: Vec<_> = headers.iter().collect();
    if pairs.is_empty() { None } else { serde_json::to_vec(&pairs).ok() }
}

/// The headers that a table holds.
pub(super) fn open_headers(sealed: Option<&[u8]>) -> Result<CustomHeaders, StoreError> {
    let Some(sealed) = sealed else { return Ok(CustomHeaders::default()) };
    let pairs: Option<Vec<(String, String)>> = serde_json::from_slice(sealed).ok();
    pairs.and_then(|pairs| CustomHeaders::new(pairs).ok()).ok_or(StoreError::Damaged { what: "hook header" })
}
