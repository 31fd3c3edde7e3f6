//! Who a request says it is: the places where SDKs put a public key, and what to make of them.
//!
//! Reads header values and the query string; does not look the key up, nor choose a status. `web` calls it before it reads a
//! body, and [`Credentials::agree_with`] once an envelope's header is known.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::dsn::{Dsn, strip_flags};
use crate::ids::PublicKey;

/// The newest protocol version; also what is assumed where a client names none.
pub const PROTOCOL_VERSION: u16 = 7;

/// Where a request may carry credentials, as sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sources<'r> {
    /// The value of `X-Sentry-Auth`.
    pub x_sentry_auth: Option<&'r [u8]>,
    /// The value of `Authorization`.
    pub authorization: Option<&'r [u8]>,
    /// The query string, without its question mark.
    pub query: Option<&'r str>,
}

/// What a request says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials<'r> {
    /// The public half of a project key.
    pub public_key: PublicKey,
    /// The protocol version, 1 to [`PROTOCOL_VERSION`].
    pub version: u16,
    /// The SDK's name and version, such as `sentry.python/2.75.0`.
    pub client: Option<Cow<'r, str>>,
}

/// Why credentials cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// No place holds any. An envelope's `dsn` may still.
    #[error("no authentication was sent")]
    Missing,
    /// More than one place holds some.
    #[error("authentication was sent more than once")]
    Multiple,
    /// A place for them has no `sentry_key`.
    #[error("the authentication has no sentry_key")]
    MissingKey,
    /// The key is not 32 hex digits.
    #[error("the public key is malformed")]
    MalformedKey,
    /// A value cannot be read: it is not text, or not base64.
    #[error("the authentication is malformed")]
    Malformed,
    /// The version is not a number.
    #[error("the protocol version is malformed")]
    MalformedVersion,
    /// The version is 0, or newer than [`PROTOCOL_VERSION`].
    #[error("the protocol version is not supported")]
    UnsupportedVersion,
    /// The envelope's `dsn` names another key than the request.
    #[error("the envelope's dsn has another public key than the request")]
    OtherKey,
    /// The envelope's `dsn` names another project than the request.
    #[error("the envelope's dsn has another project than the request")]
    OtherProject,
}

/// Reads a request's credentials. Headers of other schemes are passed over, and the query string counts only if it has
/// `sentry_key`.
///
/// # Errors
/// [`AuthError::Missing`] where there are none, [`AuthError::Multiple`] where there are two, else what is wrong with them.
pub fn credentials<'r>(sources: &Sources<'r>) -> Result<Credentials<'r>, AuthError> {
    let found = [
        sources.x_sentry_auth.and_then(sentry_scheme),
        sources.authorization.and_then(|value| sentry_scheme(value).or_else(|| basic_scheme(value))),
        sources.query.filter(|query| has_key(query)).map(Place::Query),
    ];
    let mut found = found.into_iter().flatten();
    let place = found.next().ok_or(AuthError::Missing)?;
    if found.next().is_some() {
        return Err(AuthError::Multiple);
    }
    match place {
        Place::Pairs(value) => read_pairs(value),
        Place::Basic(encoded) => read_basic(encoded),
        Place::Query(query) => read_query(query),
    }
}

/// The value of a query parameter, decoded: `sentry_release` and `sentry_environment` of security reports, for one.
pub fn query_value<'r>(query: &'r str, name: &str) -> Option<Cow<'r, str>> {
    query_pairs(query).find(|(key, _)| key == name).map(|(_, value)| value)
}

impl Credentials<'_> {
    /// The credentials that an envelope's `dsn` stands for, where the request has none.
    pub fn from_dsn(dsn: &Dsn) -> Credentials<'static> {
        Credentials { public_key: dsn.public_key(), version: PROTOCOL_VERSION, client: None }
    }

    /// Checks an envelope's `dsn` against the request: key and project must be the same, the host may differ.
    ///
    /// # Errors
    /// [`AuthError::OtherKey`] or [`AuthError::OtherProject`].
    pub fn agree_with(&self, dsn: &Dsn, project_id: u64) -> Result<(), AuthError> {
        if dsn.public_key() != self.public_key {
            return Err(AuthError::OtherKey);
        }
        if dsn.project_number() != Some(project_id) {
            return Err(AuthError::OtherProject);
        }
        Ok(())
    }
}

/// A place that holds credentials.
enum Place<'r> {
    /// What follows `Sentry `.
    Pairs(&'r [u8]),
    /// What follows `Basic `.
    Basic(&'r [u8]),
    Query(&'r str),
}

/// The attributes of credentials, as sent.
#[derive(Default)]
struct Attributes<'r> {
    key: Option<Cow<'r, str>>,
    version: Option<Cow<'r, str>>,
    client: Option<Cow<'r, str>>,
}

fn sentry_scheme(value: &[u8]) -> Option<Place<'_>> {
    after_scheme(value, b"sentry ").map(Place::Pairs)
}

fn basic_scheme(value: &[u8]) -> Option<Place<'_>> {
    after_scheme(value, b"basic ").map(Place::Basic)
}

fn after_scheme<'r>(value: &'r [u8], scheme: &[u8]) -> Option<&'r [u8]> {
    let (start, rest) = value.trim_ascii_start().split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

fn has_key(query: &str) -> bool {
    query_pairs(query).any(|(name, _)| name == "sentry_key")
}

fn read_pairs(value: &[u8]) -> Result<Credentials<'_>, AuthError> {
    let text = std::str::from_utf8(value).map_err(|_| AuthError::Malformed)?;
    let mut attributes = Attributes::default();
    for pair in text.split(',') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        attributes.note(name.trim(), Cow::Borrowed(value.trim()));
    }
    attributes.check()
}

fn read_basic(encoded: &[u8]) -> Result<Credentials<'_>, AuthError> {
    let decoded = BASE64_STANDARD.decode(encoded.trim_ascii()).map_err(|_| AuthError::Malformed)?;
    let text = String::from_utf8(decoded).map_err(|_| AuthError::Malformed)?;
    let key = text.split_once(':').map_or(text.as_str(), |(user, _)| user);
    Attributes { key: Some(Cow::Owned(key.to_owned())), ..Attributes::default() }.check()
}

fn read_query(query: &str) -> Result<Credentials<'_>, AuthError> {
    let mut attributes = Attributes::default();
    for (name, value) in query_pairs(query) {
        attributes.note(&name, value);
    }
    attributes.check()
}

impl<'r> Attributes<'r> {
    /// Keeps the first of each that is known.
    fn note(&mut self, name: &str, value: Cow<'r, str>) {
        let place = match name {
            "sentry_key" => &mut self.key,
            "sentry_version" => &mut self.version,
            "sentry_client" => &mut self.client,
            _ => return,
        };
        place.get_or_insert(value);
    }

    fn check(self) -> Result<Credentials<'r>, AuthError> {
        let key = self.key.filter(|key| !key.is_empty()).ok_or(AuthError::MissingKey)?;
        let public_key = strip_flags(&key).parse().map_err(|_| AuthError::MalformedKey)?;
        let version = match self.version {
            None => PROTOCOL_VERSION,
            Some(text) => {
                let whole = text.split_once('.').map_or(&*text, |(whole, _)| whole);
                whole.parse().map_err(|_| AuthError::MalformedVersion)?
            }
        };
        if !(1..=PROTOCOL_VERSION).contains(&version) {
            return Err(AuthError::UnsupportedVersion);
        }
        Ok(Credentials { public_key, version, client: self.client.filter(|client| !client.is_empty()) })
    }
}

/// Names and values of a query string or a form, decoded.
pub(crate) fn query_pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode_form(name), decode_form(value))
    })
}

/// Undoes percent encoding and plus signs; what is not valid stays as it is, bytes that are not UTF-8 become U+FFFD.
fn decode_form(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'+', _) => decoded.push(b' '),
            (b'%', [high, low, after @ ..]) => match (char::from(*high).to_digit(16), char::from(*low).to_digit(16)) {
                (Some(high), Some(low)) => {
                    decoded.push((high << 4 | low) as u8);
                    rest = after;
                }
                _ => decoded.push(first),
            },
            _ => decoded.push(first),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
}

#[cfg(test)]
#[path = "auth_tests.rs"]
mod tests;
