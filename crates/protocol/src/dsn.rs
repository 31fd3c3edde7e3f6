//! DSNs: where an SDK sends, and as whom. `{scheme}://{public_key}[:{secret}]@{host}[:{port}][/{prefix}]/{project_id}`.
//!
//! Parses what SDKs parse and prints what they read; does not ask whether the key or the project exists. `envelope` reads the
//! header's `dsn` with it, `web` and the command line print project keys with it.

use std::fmt;
use std::str::FromStr;

use crate::ids::{BadPublicKey, PublicKey};

/// Longest DSN that is read.
pub const MAX_DSN_BYTES: usize = 2048;

/// A parsed DSN. `Display` prints the whole of it; `Debug` hides the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Dsn {
    scheme: Scheme,
    public_key: PublicKey,
    secret: Option<String>,
    authority: String,
    prefix: String,
    project_id: String,
}

/// How to reach the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `http`, port 80 where none is written.
    Http,
    /// `https`, port 443 where none is written.
    Https,
}

/// Why a text is no DSN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DsnError {
    /// Longer than [`MAX_DSN_BYTES`].
    #[error("dsn longer than {MAX_DSN_BYTES} bytes")]
    TooLong,
    /// The scheme is neither http nor https.
    #[error("dsn does not start with http:// or https://")]
    Scheme,
    /// There is nothing before an `@`.
    #[error("dsn has no public key")]
    NoKey,
    /// The key is not 32 hex digits.
    #[error("dsn has a malformed public key")]
    Key(#[from] BadPublicKey),
    /// There is no host, or characters that no host has.
    #[error("dsn has no valid host")]
    Host,
    /// The port is not a number from 1 to 65535.
    #[error("dsn has no valid port")]
    Port,
    /// The path does not end in a project id.
    #[error("dsn has no project id")]
    Project,
}

impl Dsn {
    /// The DSN of a project's key on the server at `base`: an http or https URL with an optional port and path prefix.
    ///
    /// # Errors
    /// `base` is no such URL.
    pub fn for_project(base: &str, public_key: PublicKey, project_id: u64) -> Result<Self, DsnError> {
        let (scheme, rest) = Scheme::split(base)?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        check_authority(authority)?;
        let prefix = path.trim_end_matches('/').to_owned();
        let authority = authority.to_owned();
        Ok(Dsn { scheme, public_key, secret: None, authority, prefix, project_id: project_id.to_string() })
    }

    /// The public half of the key.
    pub fn public_key(&self) -> PublicKey {
        self.public_key
    }

    /// The deprecated secret half; empty in `key:@host`.
    pub fn secret(&self) -> Option<&str> {
        self.secret.as_deref()
    }

    /// Host, and port where one is written.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The project's id as text: SDKs do not look into it.
    pub fn project_id(&self) -> &str {
        &self.project_id
    }

    /// The project's id, where it is a number that a server like ours gives: not 0.
    pub fn project_number(&self) -> Option<u64> {
        project_number(&self.project_id)
    }

    /// Scheme, authority and path prefix: what stands before `/api/`.
    pub fn base_url(&self) -> String {
        format!("{}://{}{}", self.scheme, self.authority, self.prefix)
    }

    /// Where SDKs post envelopes.
    pub fn envelope_url(&self) -> String {
        self.endpoint("envelope")
    }

    /// Where old SDKs post events.
    pub fn store_url(&self) -> String {
        self.endpoint("store")
    }

    /// Where browsers post security reports; the key is in the query string.
    pub fn security_url(&self) -> String {
        format!("{}?sentry_key={}", self.endpoint("security"), self.public_key)
    }

    fn endpoint(&self, name: &str) -> String {
        format!("{}/api/{}/{name}/", self.base_url(), self.project_id)
    }
}

/// A project's id from a path or a DSN: a decimal number that is not 0.
pub fn project_number(text: &str) -> Option<u64> {
    let digits_only = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|&number| digits_only && number != 0)
}

impl FromStr for Dsn {
    type Err = DsnError;

    fn from_str(text: &str) -> Result<Self, DsnError> {
        if text.len() > MAX_DSN_BYTES {
            return Err(DsnError::TooLong);
        }
        let (scheme, rest) = Scheme::split(text.trim())?;
        let rest = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
        let (before_path, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, authority) = before_path.rsplit_once('@').ok_or(DsnError::NoKey)?;
        let (key, secret) = match user.split_once(':') {
            Some((key, secret)) => (key, Some(secret.to_owned())),
            None => (user, None),
        };
        if key.is_empty() {
            return Err(DsnError::NoKey);
        }
        check_authority(authority)?;
        let path = path.trim_end_matches('/');
        let (prefix, project_id) = path.rsplit_once('/').ok_or(DsnError::Project)?;
        if project_id.is_empty() || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(DsnError::Project);
        }
        Ok(Dsn {
            scheme,
            public_key: strip_flags(key).parse()?,
            secret,
            authority: authority.to_owned(),
            prefix: prefix.to_owned(),
            project_id: project_id.to_owned(),
        })
    }
}

impl fmt::Display for Dsn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}", self.scheme, self.public_key)?;
        if let Some(secret) = &self.secret {
            write!(out, ":{secret}")?;
        }
        write!(out, "@{}{}/{}", self.authority, self.prefix, self.project_id)
    }
}

impl fmt::Debug for Dsn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = if self.secret.is_some() { ":…" } else { "" };
        let Dsn { scheme, public_key, authority, prefix, project_id, .. } = self;
        write!(out, "Dsn({scheme}://{public_key}{secret}@{authority}{prefix}/{project_id})")
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        })
    }
}

impl Scheme {
    fn split(text: &str) -> Result<(Self, &str), DsnError> {
        let (name, rest) = text.split_once("://").ok_or(DsnError::Scheme)?;
        match name {
            _ if name.eq_ignore_ascii_case("http") => Ok((Scheme::Http, rest)),
            _ if name.eq_ignore_ascii_case("https") => Ok((Scheme::Https, rest)),
            _ => Err(DsnError::Scheme),
        }
    }
}

/// A key without the flags that may follow it: `<key>.no-cache`.
pub(crate) fn strip_flags(key: &str) -> &str {
    key.split_once('.').map_or(key, |(key, _)| key)
}

fn check_authority(authority: &str) -> Result<(), DsnError> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(bracketed) => {
            let (host, after) = bracketed.split_once(']').ok_or(DsnError::Host)?;
            let port = if after.is_empty() { None } else { Some(after.strip_prefix(':').ok_or(DsnError::Port)?) };
            (host, port)
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let legal =
        |byte: u8| byte.is_ascii_alphanumeric() || !byte.is_ascii() || matches!(byte, b'-' | b'.' | b'_' | b':');
    if host.is_empty() || !host.bytes().all(legal) {
        return Err(DsnError::Host);
    }
    match port.map(str::parse::<u16>) {
        None | Some(Ok(1..)) => Ok(()),
        Some(_) => Err(DsnError::Port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_dsn_names_key_server_prefix_and_project_and_prints_as_it_was() {
        for (text, secret, base, project) in [
            (format!("https://{KEY}@host/7"), None, "https://host", "7"),
            (format!("http://{KEY}@127.0.0.1:9000/1"), None, "http://127.0.0.1:9000", "1"),
            (format!("https://{KEY}:s3cret@host:8443/7"), Some("s3cret"), "https://host:8443", "7"),
            (format!("https://{KEY}:@host/7"), Some(""), "https://host", "7"),
            (format!("https://{KEY}@host/a/b/7"), None, "https://host/a/b", "7"),
            (format!("https://{KEY}@[::1]:9000/7"), None, "https://[::1]:9000", "7"),
            (format!("https://{KEY}@o1.ingest.sentry.io/42"), None, "https://o1.ingest.sentry.io", "42"),
        ] {
            let dsn: Dsn = text.parse().unwrap();
            assert_eq!(dsn.public_key().to_string(), KEY);
            assert_eq!(dsn.secret(), secret);
            assert_eq!(dsn.base_url(), base);
            assert_eq!(dsn.project_id(), project);
            assert_eq!(dsn.envelope_url(), format!("{base}/api/{project}/envelope/"));
            assert_eq!(dsn.store_url(), format!("{base}/api/{project}/store/"));
            assert_eq!(dsn.to_string(), text);
        }
    }

    #[test]
    fn flags_after_the_key_and_a_slash_at_the_end_are_left_out() {
        let dsn: Dsn = format!("https://{KEY}.no-cache@host/7/?x=1").parse().unwrap();
        assert_eq!(dsn.to_string(), format!("https://{KEY}@host/7"));
    }

    #[test]
    fn each_fault_of_a_dsn_is_named() {
        for (text, error) in [
            (String::new(), DsnError::Scheme),
            (format!("ftp://{KEY}@host/7"), DsnError::Scheme),
            (format!("//{KEY}@host/7"), DsnError::Scheme),
            ("https://host/7".into(), DsnError::NoKey),
            ("https://@host/7".into(), DsnError::NoKey),
            ("https://abc@host/7".into(), DsnError::Key(BadPublicKey)),
            (format!("https://{KEY}@/7"), DsnError::Host),
            (format!("https://{KEY}@ho st/7"), DsnError::Host),
            (format!("https://{KEY}@host:0/7"), DsnError::Port),
            (format!("https://{KEY}@host:x/7"), DsnError::Port),
            (format!("https://{KEY}@host:/7"), DsnError::Port),
            (format!("https://{KEY}@host"), DsnError::Project),
            (format!("https://{KEY}@host/"), DsnError::Project),
            (format!("https://{KEY}@host/{}", "7".repeat(3000)), DsnError::TooLong),
        ] {
            assert_eq!(text.parse::<Dsn>(), Err(error), "{text}");
        }
    }

    #[test]
    fn a_dsn_is_made_for_a_project_from_the_servers_url() {
        let key: PublicKey = KEY.parse().unwrap();
        let dsn = Dsn::for_project("https://errors.example.com/sentry/", key, 3).unwrap();
        assert_eq!(dsn.to_string(), format!("https://{KEY}@errors.example.com/sentry/3"));
        assert_eq!(dsn.security_url(), format!("https://errors.example.com/sentry/api/3/security/?sentry_key={KEY}"));
        assert_eq!(Dsn::for_project("errors.example.com", key, 3), Err(DsnError::Scheme));
    }

    #[test]
    fn only_a_positive_decimal_number_is_a_project_number() {
        assert_eq!(project_number("42"), Some(42));
        for text in ["", "0", "+1", "-1", "1.0", "one", "99999999999999999999"] {
            assert_eq!(project_number(text), None, "{text}");
        }
    }

    #[test]
    fn the_secret_is_not_in_the_debug_text() {
        let dsn: Dsn = format!("https://{KEY}:s3cret@host/7").parse().unwrap();
        assert!(!format!("{dsn:?}").contains("s3cret"));
    }
}
