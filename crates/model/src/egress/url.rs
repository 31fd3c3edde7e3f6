//! URLs that a hook may have.
//!
//! Responsible for judging a URL by its text and for the one normalised form that everything later uses. Refuses to look
//! names up: their addresses are judged at each connection. Called when a hook is saved and when hooks are loaded.
//!
//! Parsers disagree about URLs, and a guard that reads one otherwise than the client is no guard. So: what parsers repair
//! silently (control characters, blanks, backslashes, missing slashes, user names) is refused on the raw text, then one
//! parser reads it once, and only what that parser understood is kept.

use std::fmt;
use std::net::IpAddr;

use super::host::Host;
use super::{AddressRefusal, Policy, judge_address, name, port};

/// The longest URL that a hook may have, in characters.
pub const HOOK_URL_CHARACTERS_MAX: usize = 2048;

/// A URL that passed: where to connect and what to ask for. The only way to make one is [`judge_url`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    url: String,
    scheme: Scheme,
    host: Host,
    port: u16,
    authority_bytes: usize,
}

/// The two schemes there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Clear text; only where the policy allows it.
    Http,
    /// TLS.
    Https,
}

/// Why a hook may not have this URL. Each text completes "the URL …" for the hook's user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefusal {
    /// More than [`HOOK_URL_CHARACTERS_MAX`] characters.
    #[error("has more than {HOOK_URL_CHARACTERS_MAX} characters")]
    TooLong,
    /// Not an absolute URL, or one that only reads as such after repairs.
    #[error("is not a valid URL")]
    Malformed,
    /// A control character, a blank or a backslash, which parsers drop, trim or turn round.
    #[error("contains a control character, a blank or a backslash")]
    ForbiddenCharacter,
    /// Neither http nor https.
    #[error("does not start with https://")]
    Scheme,
    /// http, where the policy wants https.
    #[error("starts with http://, and only https:// is allowed")]
    PlainHttp,
    /// A user name or password before the host.
    #[error("contains a user name or password")]
    UserInfo,
    /// A fragment, which would never be sent.
    #[error("contains a fragment (#), which would never be sent")]
    Fragment,
    /// A port below 1024 that is not 80 or 443, or one of [`DENIED_PORTS`](super::DENIED_PORTS).
    #[error("names port {0}, which is not allowed")]
    Port(u16),
    /// The host is not a DNS name that could exist.
    #[error("has a host that is not a valid name")]
    MalformedName,
    /// A one-label name, or one that belongs to a machine or a private network.
    #[error("has a host that is not a public name")]
    PrivateName,
    /// The host is an address that webhooks may not reach.
    #[error("has a host that is not allowed: {0}")]
    Address(#[source] AddressRefusal),
    /// Our own host and port: each webhook would raise the next.
    #[error("leads back to this server")]
    OwnOrigin,
}

/// Judges a URL by its text: raw checks first, then one parse, scheme, user, fragment, port, name rules, literal address.
///
/// # Errors
///
/// The first [`UrlRefusal`] that applies.
pub fn judge_url(text: &str, policy: &Policy) -> Result<Target, UrlRefusal> {
    // Bytes first: whatever is longer than four bytes a character is not counted.
    if text.len() > 4 * HOOK_URL_CHARACTERS_MAX || text.chars().count() > HOOK_URL_CHARACTERS_MAX {
        return Err(UrlRefusal::TooLong);
    }
    let scheme = judge_raw_text(text)?;
    if scheme == Scheme::Http && !policy.allows_http() {
        return Err(UrlRefusal::PlainHttp);
    }
    let parsed = ::url::Url::parse(text).map_err(|_| UrlRefusal::Malformed)?;
    let target = Target::from_parsed(&parsed, scheme)?;
    if !port::is_allowed(target.port) {
        return Err(UrlRefusal::Port(target.port));
    }
    match &target.host {
        Host::Name(name) if !name::is_well_formed(name) => return Err(UrlRefusal::MalformedName),
        Host::Name(name) if !name::is_public(name) && !policy.allows_name(name) => return Err(UrlRefusal::PrivateName),
        Host::Name(_) => {}
        Host::Address(address) => judge_address(*address, policy).map_err(UrlRefusal::Address)?,
    }
    if policy.is_own_origin(&target.host, target.port) {
        return Err(UrlRefusal::OwnOrigin);
    }
    Ok(target)
}

impl Target {
    /// The whole URL in its normalised form; judging it again gives the same target, unless escapes have made it too long.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, the scheme's own where the URL names none.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The value of the `Host` header: the host (an IPv6 address in brackets), and the port unless it is the scheme's own.
    pub fn authority(&self) -> &str {
        &self.after_scheme()[..self.authority_bytes]
    }

    /// Path and query, as the request line has them; starts with a slash.
    pub fn path_and_query(&self) -> &str {
        &self.after_scheme()[self.authority_bytes..]
    }

    fn from_parsed(parsed: &::url::Url, scheme: Scheme) -> Result<Self, UrlRefusal> {
        // The raw checks leave nothing of these; should a parser see one all the same, it read another text than we did.
        let agrees = parsed.scheme() == scheme.as_str()
            && parsed.username().is_empty()
            && parsed.password().is_none()
            && parsed.fragment().is_none();
        if !agrees {
            return Err(UrlRefusal::Malformed);
        }
        let host = match parsed.host().ok_or(UrlRefusal::Malformed)? {
            ::url::Host::Domain(name) => Host::Name(name.strip_suffix('.').unwrap_or(name).to_owned()),
            ::url::Host::Ipv4(address) => Host::Address(IpAddr::V4(address)),
            ::url::Host::Ipv6(address) => Host::Address(IpAddr::V6(address)),
        };
        let authority = match parsed.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        let path_and_query = &parsed[::url::Position::BeforePath..];
        Ok(Target {
            url: format!("{}://{authority}{path_and_query}", scheme.as_str()),
            scheme,
            host,
            port: parsed.port().unwrap_or(scheme.default_port()),
            authority_bytes: authority.len(),
        })
    }

    fn after_scheme(&self) -> &str {
        &self.url[self.scheme.as_str().len() + "://".len()..]
    }
}

impl Scheme {
    /// `http` or `https`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// 80 or 443.
    pub const fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => out.write_str(name),
            Host::Address(IpAddr::V4(address)) => write!(out, "{address}"),
            Host::Address(IpAddr::V6(address)) => write!(out, "[{address}]"),
        }
    }
}

/// What must hold of the text itself, because a parser would repair it and another would not.
fn judge_raw_text(text: &str) -> Result<Scheme, UrlRefusal> {
    if text.chars().any(|letter| letter.is_control() || letter.is_whitespace() || letter == '\\') {
        return Err(UrlRefusal::ForbiddenCharacter);
    }
    let (scheme, rest) = text.split_once(':').ok_or(UrlRefusal::Malformed)?;
    let scheme = if scheme.eq_ignore_ascii_case("https") {
        Scheme::Https
    } else if scheme.eq_ignore_ascii_case("http") {
        Scheme::Http
    } else if is_scheme(scheme) {
        return Err(UrlRefusal::Scheme);
    } else {
        return Err(UrlRefusal::Malformed);
    };
    let rest = rest.strip_prefix("//").ok_or(UrlRefusal::Malformed)?;
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..authority_end];
    if authority.contains('@') {
        return Err(UrlRefusal::UserInfo);
    }
    if rest.contains('#') {
        return Err(UrlRefusal::Fragment);
    }
    if authority.is_empty() { Err(UrlRefusal::Malformed) } else { Ok(scheme) }
}

/// RFC 3986, 3.1. Only decides which of two refusals fits better.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

#[cfg(test)]
mod tests;
