//! How secrets stand in tables: hooks' secrets, and their custom headers, which may be credentials.
//!
//! All of them are sealed; nothing here takes a plain value for a sealed one. The one exception is what a Watchfire before the
//! secret key has left: `unlock` seals it.

use model::hook::CustomHeaders;
use model::ids::HookGuid;
use webhook::Secret;

use crate::hook_secrets::Unopened;
use crate::secret_key::{Column, NotSealed, SecretKey};

/// A secret for the table.
pub(super) fn seal(key: &SecretKey, (hook, column): (HookGuid, Column), secret: &Secret) -> Result<Vec<u8>, NotSealed> {
    key.seal(hook, column, secret.expose().as_bytes())
}

/// The secret that a table holds.
pub(super) fn open(key: &SecretKey, (hook, column): (HookGuid, Column), sealed: &[u8]) -> Option<Secret> {
    let text = String::from_utf8(key.open(hook, column, sealed).ok()?).ok()?;
    text.parse().ok()
}

/// Headers for the table; nothing where there are none.
pub(super) fn seal_headers(
    key: &SecretKey,
    hook: HookGuid,
    headers: &CustomHeaders,
) -> Result<Option<Vec<u8>>, NotSealed> {
    let pairs: Vec<_> = headers.iter().collect();
    if pairs.is_empty() {
        return Ok(None);
    }
    let text = serde_json::to_vec(&pairs).map_err(|_| NotSealed)?;
    key.seal(hook, Column::Headers, &text).map(Some)
}

/// The headers that a table holds.
pub(super) fn open_headers(key: &SecretKey, hook: HookGuid, sealed: Option<&[u8]>) -> Result<CustomHeaders, Unopened> {
    let Some(sealed) = sealed else { return Ok(CustomHeaders::default()) };
    let text = key.open(hook, Column::Headers, sealed).map_err(|_| Unopened::Headers)?;
    let pairs: Option<Vec<(String, String)>> = serde_json::from_slice(&text).ok();
    pairs.and_then(|pairs| CustomHeaders::new(pairs).ok()).ok_or(Unopened::Headers)
}
